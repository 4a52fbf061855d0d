"""The contract of a task: disjoint splits decided by a seed, gold in the vault, inputs that tell nothing of it."""

from typing import ClassVar

import numpy as np
import pytest

from w2sg.core import Component, Examples, Method, Student, Task, TaskData, WeakSupervisor, derive, registry
from w2sg.testing.base import ComponentContract


def splits(data: TaskData) -> dict[str, Examples]:
    """Return every split of a task by name."""
    return {"supervision": data.supervision, **data.labelled_by_supervisor()}


class TaskContract(ComponentContract):
    """Subclass with `spec`, the task's name or table."""

    contract: ClassVar[str] = "tasks"

    @pytest.fixture
    def task(self, component: Component) -> Task:
        """The task under test."""
        assert isinstance(component, Task)
        return component

    @pytest.fixture
    def data(self, task: Task) -> TaskData:
        """What it gives under seed 0."""
        return task.load(derive(0, "task"))

    def test_splits_share_no_example(self, data: TaskData) -> None:
        """Ids are unique over supervision, transfer, validation and the test sets that come from fresh rows."""
        # Shifted test sets may be changed copies of test rows and share their ids; of transfer they may never hold a
        # row.
        trained = [part for name, part in splits(data).items() if name not in data.tests or name == "test"]
        ids = np.concatenate([part.ids for part in trained])
        assert len(np.unique(ids)) == len(ids)
        for part in data.tests.values():
            assert not set(part.ids.tolist()) & set(data.transfer.ids.tolist())

    def test_the_test_set_comes_first(self, data: TaskData) -> None:
        """The test set in distribution is called `test` and is the first."""
        assert next(iter(data.tests)) == "test"

    def test_asks_what_it_declares(self, task: Task, data: TaskData) -> None:
        """Its question is answered by the signal that it declares."""
        assert data.question.signal is task.signal

    def test_gold_is_in_the_vault(self, data: TaskData) -> None:
        """The vault has the gold of every split, by its name, and no column of metadata is that gold."""
        for name, part in splits(data).items():
            gold = data.vault.release("score", name)
            assert gold.shape == (len(part),)
            if data.question.names and gold.dtype != object:
                assert gold.min() >= 0
                assert gold.max() < len(data.question.names)
            truth = data.question.checked(data.question.truth(gold), len(part), "truth")
            assert data.question.correct(truth, gold).all()
            # Metadata goes to supervisors and reports: a column that equals gold would hand it out past the vault.
            for column, values in part.metadata.items():
                assert not np.array_equal(values, gold), f"metadata {column!r} of split {name!r} is the gold"
        assert {hand_out.split for hand_out in data.vault.record} == set(splits(data))

    def test_a_seed_decides(self, task: Task, data: TaskData) -> None:
        """The same seed gives the same examples in the same order, another seed other ones."""
        again, elsewhere = task.load(derive(0, "task")), task.load(derive(1, "task"))
        assert again.corpus.digest == data.corpus.digest
        assert again.question == elsewhere.question == data.question
        for name, part in splits(data).items():
            np.testing.assert_array_equal(splits(again)[name].ids, part.ids)
            assert splits(again)[name].inputs.digest == part.inputs.digest
            np.testing.assert_array_equal(again.vault.release("score", name), data.vault.release("score", name))
        assert not np.array_equal(elsewhere.transfer.ids, data.transfer.ids)

    def test_fingerprint_is_stable(self, task: Task) -> None:
        """The fingerprint of the data is the same as long as the data are."""
        assert task.fingerprint() == task.fingerprint()

    def test_inputs_are_sealed(self, data: TaskData) -> None:
        """Pools are read-only and own their memory, so nothing leads from an input to the columns beside it."""
        for part in splits(data).values():
            pool = part.inputs.pool.values
            # A view keeps the array that it was cut from alive and reachable, with whatever columns stood beside it.
            assert pool.base is None
            assert not pool.flags.writeable
            assert part.inputs.rows.base is None
            assert part.inputs.values.base is None

    def test_defaults_exist(self, task: Task) -> None:
        """What it names by default is registered, and is for its signal."""
        for contract, name in (
            (WeakSupervisor, task.default_supervisor),
            (Student, task.default_student),
            (Method, task.default_method),
        ):
            part = registry.lookup(contract, name).cls
            assert issubclass(part, contract)
            assert part.signal is task.signal
