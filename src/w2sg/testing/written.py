"""The contracts of written answers: tasks, supervisors and methods whose answers are texts."""

from dataclasses import fields
from typing import ClassVar

import numpy as np
import pytest

from w2sg.core import (
    AnyArray,
    CapabilityError,
    Component,
    Student,
    Task,
    TaskData,
    WritingMethod,
    WritingSupervisor,
    WrittenLabels,
    derive,
    registry,
)
from w2sg.measure import SCORERS
from w2sg.testing.base import ComponentContract, content
from w2sg.testing.tasks import TaskContract, splits
from w2sg.testing.writers import N_SHOWN, Recital, Rote, written_sample, written_view


class WrittenTaskContract(TaskContract):
    """Subclass with `spec`, the name or table of a task of written answers."""

    def test_the_test_set_comes_first(self, data: TaskData) -> None:
        """The test set in distribution is called `test` and is the first; there are no classes."""
        assert next(iter(data.tests)) == "test"
        assert data.classes == ()

    def test_gold_is_in_the_vault(self, data: TaskData) -> None:
        """The vault has a text for each example of every split; each is right by the task's own scorer."""
        for name, part in splits(data).items():
            gold = data.vault.release("score", name)
            assert gold.shape == (len(part),)
            assert all(isinstance(text, str) for text in gold)
            assert data.scorer is not None
            assert SCORERS[data.scorer](gold, gold).all()
            for column, values in part.metadata.items():
                assert not np.array_equal(values, gold), f"metadata {column!r} of split {name!r} is the gold"
        assert {hand_out.split for hand_out in data.vault.record} == set(splits(data))

    def test_defaults_exist(self, task: Task) -> None:
        """What it names by default is registered, and writes."""
        for sort in ("supervisor", "student", "method"):
            entry = registry.lookup(f"{sort}s", getattr(task, f"default_{sort}"))
            assert getattr(entry.cls, "output", None) == "texts"


class WritingSupervisorContract(ComponentContract):
    """Subclass with `spec`, the name or table of a supervisor that writes; prompts are of `written_sample`."""

    sort: ClassVar[str] = "supervisors"

    @pytest.fixture
    def supervisor(self, component: Component) -> WritingSupervisor:
        """The supervisor under test."""
        assert isinstance(component, WritingSupervisor)
        return component

    def labels(self, supervisor: WritingSupervisor) -> WrittenLabels:
        """Return what it writes to the prompts it was not trained on."""
        examples, gold = written_sample()
        shown, others = np.arange(N_SHOWN), np.arange(N_SHOWN, len(examples))
        labeller = supervisor.fit_texts(examples.take(shown), gold[shown], derive(0, "testing supervisor"))
        return labeller.label(examples.take(others), derive(0, "testing labels"))

    def test_gives_texts(self, supervisor: WritingSupervisor) -> None:
        """An answer to each prompt, and samples of one number if any."""
        found = self.labels(supervisor)
        n = len(written_sample()[0]) - N_SHOWN
        assert found.answers.shape == (n,)
        assert all(isinstance(text, str) for text in found.answers)
        assert found.samples is None or found.samples.shape[0] == n

    def test_is_decided_by_its_generators(self, supervisor: WritingSupervisor) -> None:
        """The same data and generators give the same texts."""
        one, other = self.labels(supervisor), self.labels(supervisor)
        assert one.answers.tolist() == other.answers.tolist()
        assert (one.samples is None) == (other.samples is None)
        if one.samples is not None and other.samples is not None:
            assert one.samples.tolist() == other.samples.tolist()

    def test_labels_no_classes(self, supervisor: WritingSupervisor) -> None:
        """Asked for classes, or to corrupt gold, it refuses."""
        examples, _ = written_sample()
        assert not supervisor.simulates
        with pytest.raises(CapabilityError, match="is for written answers, it never labels classes"):
            supervisor.fit(examples, np.zeros(len(examples), np.int64), examples.inputs, 2, derive(0, "testing"))


class WritingMethodContract(ComponentContract):
    """Subclass with `spec`, the name or table of a method of written answers; its student learns by heart."""

    sort: ClassVar[str] = "methods"

    @pytest.fixture
    def method(self, component: Component) -> WritingMethod:
        """The method under test."""
        assert isinstance(component, WritingMethod)
        return component

    def learned(self, method: WritingMethod, weak: AnyArray | None = None) -> AnyArray:
        """Return what a student writes to all prompts after learning from weak answers, by default recorded ones."""
        examples, gold = written_sample()
        said = examples.metadata["written.annotator"] if weak is None else weak
        view = written_view(said, np.stack([said, gold, said], axis=1))
        trained = method.learn(view, Rote(), derive(0, "testing method"))
        return trained.write([str(text) for text in examples.inputs.values]).texts

    def test_gives_a_writer(self, method: WritingMethod) -> None:
        """The student writes one text to each prompt."""
        found = self.learned(method)
        assert found.shape == (len(written_sample()[0]), 1)
        assert all(isinstance(text, str) for text in found.ravel())

    def test_is_decided_by_its_generator(self, method: WritingMethod) -> None:
        """The same view, student and generator give the same texts."""
        assert self.learned(method).tolist() == self.learned(method).tolist()

    def test_gold_does_no_harm(self, method: WritingMethod) -> None:
        """Learning from right answers, the student is right on what was shown at least as often as before."""
        examples, gold = written_sample()
        prompts = [str(text) for text in examples.inputs.values]
        before = Rote().published().write(prompts).texts[:N_SHOWN, 0] == gold[:N_SHOWN]
        after = self.learned(method, gold)[:N_SHOWN, 0] == gold[:N_SHOWN]
        assert after.mean() >= before.mean()

    def test_leaves_its_view_alone(self, method: WritingMethod) -> None:
        """Prompts and weak answers are the same afterwards, and cannot be written to."""
        examples, gold = written_sample()
        view = written_view(gold, np.stack([gold, gold], axis=1))
        shown = view.transfer
        before = content(shown.inputs.values, shown.weak, shown.samples)
        method.learn(view, Rote(), derive(0, "testing method"))
        assert content(shown.inputs.values, shown.weak, shown.samples) == before
        assert not shown.weak.flags.writeable

    def test_sees_no_gold(self, method: WritingMethod) -> None:
        """A view is transfer, validation, corpus and scorer; a split is inputs, weak answers and samples."""
        view = written_view(written_sample()[1])
        assert [field.name for field in fields(view)] == ["transfer", "validation", "corpus", "scorer"]
        assert [field.name for field in fields(view.transfer)] == ["inputs", "weak", "samples"]
        assert method.audits == 0

    def test_declares_what_it_needs(self, method: WritingMethod) -> None:
        """A student that cannot write is refused, and so is a view of classes."""
        linear = registry.build("students", "linear")
        assert isinstance(linear, Student)
        with pytest.raises(CapabilityError, match="method needs .*'write', student 'linear' has"):
            method.check(linear)
        assert isinstance(Rote().published(), Recital)
        with pytest.raises(CapabilityError, match="is for written answers, it never trains on classes"):
            method.train(None, linear, derive(0, "testing"))  # type: ignore[arg-type]
