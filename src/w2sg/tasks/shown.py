"""A task whose inputs show a label: what the weak supervisor says, or what is true, put in beside what is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Self, final

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import (
    AnyArray,
    AnySupervisor,
    AnyTask,
    BoolArray,
    ClassProbabilities,
    Examples,
    Inputs,
    IntArray,
    Labeller,
    Pool,
    Supervision,
    Task,
    TaskData,
    derive,
    register,
)
from w2sg.tasks.encoding import RECORDED
from w2sg.tasks.notes import MARK, NONE, reach_of, with_notes

SUPERVISOR = "supervisor"
"""Whose labels are recorded, for the supervisor `as-recorded`."""
FOLDS = 4
"""The supervision split is labelled by supervisors that learned from the other parts, of so many."""
TRAINED_ON = ("supervision", "transfer", "validation")


@final
@register(paper="2312.09390")
class Shown(Task):
    """Another task, in whose inputs a share of the examples of every split shows a label.

    What is shown is the most likely class of a weak supervisor, which a student can learn to repeat, or gold, which it
    can learn to read. The supervisor learns from and labels the inputs *without* what is shown, and its labels are
    recorded under the name `supervisor`: with the supervisor `as-recorded` the weak labels are the same at every share,
    whatever is shown. The supervision split's own labels are cross-fitted, for a supervisor that labels what it learned
    from repeats gold. Who shows a label is drawn, and a smaller share is part of a larger one; with share 0 inputs are
    those of the other task. `w2sg.tasks.notes` says how inputs of each form show a label.
    """

    kind: Literal["shown"] = "shown"
    task: AnyTask = Field(description="the task in whose inputs labels are put")
    supervisor: AnySupervisor = Field(description="the weak supervisor, which learns from that task's own inputs")
    share: float = Field(1.0, ge=0, le=1, description="share of the examples of every split whose inputs show a label")
    label: Literal["weak", "gold"] = Field(
        "weak", description="what is shown: the supervisor's most likely class, or what is true"
    )
    hide: bool = Field(
        False, description="show no label in what is trained on (supervision, transfer, validation): test sets alone do"
    )
    sentence: str = Field(
        f"Somebody says: {MARK}.",
        description=f"what is appended to a text; {MARK} is replaced by the name of the class",
    )
    weight: float = Field(
        0.5, gt=0, description="of numbers and images: how far a label moves an input, in units of its usual distance"
    )

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        for part in (self.task, self.supervisor):
            if part.signal is not ClassProbabilities:
                raise ValueError(f"labels that are shown are classes, and {part.kind!r} is for {part.signal.variant!r}")
        if isinstance(self.task, Shown):
            raise ValueError("'task' must be one whose inputs show no labels, got 'shown': set its 'share' instead")
        if self.sentence.count(MARK) != 1:
            raise ValueError(f"'sentence' must hold {MARK} once, got {self.sentence!r}")
        return self

    @property
    def default_supervisor(self) -> str:
        """The recorded labels of the supervisor that this task holds."""
        return "as-recorded"

    @property
    def default_student(self) -> str:
        """That of the other task."""
        return self.task.default_student

    @property
    def sources(self) -> frozenset[str]:
        """Those of the other task, for its rows are the same."""
        return self.task.sources

    @property
    def default_method(self) -> str:
        """That of the other task."""
        return self.task.default_method

    def under(self, seed: int) -> Task:
        """Return the same over the other task as it is loaded under the seed."""
        return self.model_copy(update={"task": self.task.under(seed)})

    def load(self, rng: np.random.Generator) -> TaskData:
        """Return the splits of the other task, with labels in inputs and in metadata.

        Raises:
            DataError: If the other task cannot be loaded, or its inputs have a form that cannot show labels.
            InputError: If the supervisor does not fit its data.
        """
        # The other task draws first: its splits are those it has by itself under this seed.
        data = self.task.load(rng)
        draw = int(rng.integers(2**63))
        splits = {"supervision": data.supervision, **data.labelled_by_supervisor()}
        said = _Labels(data, self.supervisor, draw).of(splits)
        notes = {name: self._notes(data, name, labels, draw) for name, labels in said.items()}
        pools = _noted_pools(self, data, splits, notes)

        def noted(name: str) -> Examples:
            part = splits[name]
            inputs = Inputs(pools[id(part.inputs.pool)], part.inputs.rows)
            return Examples(part.ids, inputs, {**part.metadata, RECORDED + SUPERVISOR: said[name]})

        return replace(
            data,
            supervision=noted("supervision"),
            transfer=noted("transfer"),
            validation=None if data.validation is None else noted("validation"),
            tests={name: noted(name) for name in data.tests},
            corpus=Inputs(pools[id(data.corpus.pool)], data.corpus.rows),
            counts={**data.counts, "inputs that show a label": sum(int((n != NONE).sum()) for n in notes.values())},
        )

    def _notes(self, data: TaskData, split: str, said: IntArray, draw: int) -> IntArray:
        """Return what the inputs of a split show, `(n,)`: class numbers, and -1 where nothing is shown."""
        notes = np.full(len(said), NONE)
        if self.hide and split in TRAINED_ON:
            return notes
        # One order for all shares, so that a dial adds examples and takes none away.
        rows = data.vault.generator(draw, "shown", "who", split).permutation(len(said))[: round(self.share * len(said))]
        rows = np.sort(rows)
        if self.label == "gold" and len(rows):
            notes[rows] = data.vault.buy(split, rows, purpose="show", asked_by=self.kind)
        else:
            notes[rows] = said[rows]
        return notes


@dataclass(frozen=True)
class _Labels:
    """A weak supervisor at work on the inputs of a task.

    Attributes:
        data: The task's data.
        supervisor: The supervisor.
        draw: What its randomness is derived from, with all gold: nobody finds it by trying seeds.
    """

    data: TaskData
    supervisor: AnySupervisor
    draw: int

    def of(self, splits: Mapping[str, Examples]) -> dict[str, IntArray]:
        """Return the most likely class of every example of every split, `(n,)` each."""
        vault = self.data.vault
        gold = vault.release("supervision", "supervision", asked_by=self.supervisor.kind)
        taught = Supervision(self.data.supervision, gold, self.data.question, self.data.corpus)
        labeller = self._fitted(taught, self.supervisor, "all")
        return {
            name: self._cross_fitted(taught)
            if name == "supervision" and not self.supervisor.simulates
            else self._named(labeller, part, name)
            for name, part in splits.items()
        }

    def _cross_fitted(self, taught: Supervision) -> IntArray:
        """Return labels of the supervision split by supervisors that learned from other parts of it, `(n,)`."""
        alone = np.arange(len(taught))
        _, unit = np.unique(taught.examples.metadata.get("together", alone), return_inverse=True)
        order = self.data.vault.generator(self.draw, "shown", "folds").permutation(len(taught))
        part = order[unit] % FOLDS
        said = np.full(len(taught), NONE)
        for fold in np.unique(part):
            shown = part != fold
            # A supervisor that was made for some number of labels keeps the share of them that it learns from.
            used = self.supervisor.labels_used(len(taught))
            fewer = self.supervisor.with_labels(max(1, int(used * shown.mean())))
            labeller = self._fitted(taught.take(shown), fewer, f"fold {fold}")
            said[~shown] = self._named(labeller, taught.examples.take(~shown), f"supervision {fold}")
        return said

    def _fitted(self, taught: Supervision, supervisor: AnySupervisor, what: str) -> Labeller:
        return supervisor.fit(taught, self.data.vault.generator(self.draw, "shown", "supervisor", what))

    def _named(self, labeller: Labeller, part: Examples, name: str) -> IntArray:
        vault, question = self.data.vault, self.data.question
        simulates = self.supervisor.simulates
        gold = vault.release("simulate", name, asked_by=self.supervisor.kind) if simulates else None
        signal = labeller.label(part, gold, vault.generator(self.draw, "shown", "label", name))
        checked = question.checked(signal, len(part), "weak labels").untied(derive(self.draw, "shown", "ties", name))
        return np.asarray(checked.named, dtype=np.int64)


def _noted_pools(
    task: Shown, data: TaskData, splits: Mapping[str, Examples], notes: Mapping[str, IntArray]
) -> dict[int, Pool]:
    """Return each pool of the other task with what its inputs show, by the identity of the pool.

    Rows stay at their places, so the order of a pool tells as little as before; rows that no split holds show nothing.
    """
    pools = {id(inputs.pool): inputs.pool for inputs in (data.corpus, *(part.inputs for part in splits.values()))}
    if task.share == 0:
        return pools
    # One reach for all pools: a shifted copy of an input shows its label exactly as the input does.
    reach = 0.0 if data.corpus.pool.is_text else task.weight * reach_of(data.corpus.values)
    noted = {}
    for key, pool in pools.items():
        shown, free = np.full(len(pool.values), NONE), np.ones(len(pool.values), dtype=np.bool_)
        for name, part in splits.items():
            if id(part.inputs.pool) == key:
                _put(shown, free, part.inputs.rows, notes[name])
        noted[key] = Pool(_written(task, pool.values, shown, data.question.names, reach))
    return noted


def _put(shown: IntArray, free: BoolArray, rows: IntArray, notes: IntArray) -> None:
    """Write the notes of a split's rows; a row that several test sets hold shows what the first of them says."""
    first = free[rows]
    shown[rows[first]] = notes[first]
    free[rows] = False


def _written(task: Shown, values: AnyArray, shown: IntArray, names: tuple[str, ...], reach: float) -> AnyArray:
    return with_notes(values, shown, names, sentence=task.sentence, reach=reach)
