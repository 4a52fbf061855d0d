"""What is known of one test set of a run: who gave the same answer, what inputs are like, and labels as they come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from w2sg.core import AnyArray, BoolArray, CapabilityError, FloatArray, IntArray

if TYPE_CHECKING:
    from w2sg.lab import Run

Who = Literal["weak", "student", "ceiling", "direct", "other"]
"""Whose answers: `other` is the student of another setup of a study, under the same seed."""
GROUPS, GROUP, DIFFICULTY = "together", "group", "difficulty"
CONFIDENCE, CONSISTENCY, LIKENESS = "confidence", "consistency", "likeness"


@dataclass(frozen=True, eq=False)
class RunFacts:
    """One test set of a run under one seed.

    Attributes:
        name: The test set.
        ids: The numbers of its examples, shape (n,).
        answers: For each who answered a number for every answer, shape (n,): two answers to an input are the same where
            the numbers are. Empty where only `right` is known.
        n_answers: How many different answers an input can have; None where answers are open.
        columns: What inputs are like: `group`, `difficulty`, the student's `confidence`, its `consistency` and the
            `likeness` to its ceiling, as `w2sg.lab.unlabelled_columns` has them; shape (n,) each.
        copied: Where the student answers as its weak supervisor does, shape (n,); None where it is not known.
        units: Which examples belong together, shape (n,), or None.
        right: Who is right, shape (n,); what it says is meant where `known` is true.
        known: Of which inputs the label is known, shape (n,).
        training: The ids of the rows that were trained on, shape (m,): they say how much two seeds share.
    """

    name: str
    ids: IntArray
    answers: Mapping[Who, IntArray]
    n_answers: int | None
    columns: Mapping[str, AnyArray]
    copied: BoolArray | None
    right: Mapping[Who, BoolArray]
    known: BoolArray
    units: IntArray | None = None
    training: IntArray | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def column(self, name: str) -> AnyArray:
        """Return what is known of each input under a name, shape (n,).

        Raises:
            CapabilityError: If it is not known.
        """
        if name not in self.columns:
            there = ", ".join(sorted(self.columns)) or "nothing"
            raise CapabilityError(
                f"needs the {name} of each input of test set {self.name!r}, of which {there} is known"
            )
        return self.columns[name]

    def same_answers(self) -> BoolArray:
        """Return where the student answers as its weak supervisor, shape (n,).

        Raises:
            CapabilityError: If it is not known.
        """
        if self.copied is None:
            raise CapabilityError("needs where student and weak supervisor agree, which this run does not say")
        return self.copied

    def take(self, rows: IntArray) -> "RunFacts":
        """Return the facts of some inputs."""

        def of(arrays: Mapping[Any, AnyArray]) -> dict[Any, AnyArray]:
            return {name: array[rows] for name, array in arrays.items()}

        return replace(
            self,
            ids=self.ids[rows],
            answers=of(self.answers),
            columns=of(self.columns),
            copied=None if self.copied is None else self.copied[rows],
            right=of(self.right),
            known=self.known[rows],
            units=None if self.units is None else self.units[rows],
        )

    def with_labels(self, rows: IntArray, right: Mapping[Who, BoolArray]) -> "RunFacts":
        """Return the facts with the labels of some inputs: who is right there, shape (m,) each."""
        known, found = self.known.copy(), {who: array.copy() for who, array in self.right.items()}
        known[rows] = True
        for who, flags in right.items():
            found[who][rows] = flags
        return replace(self, known=known, right=found)


def facts_of_run(run: "Run") -> dict[str, RunFacts]:
    """Return what a finished run says of its test sets, with all labels known."""
    names = [name for name in run.result["metrics"] if name != "transfer"]
    return {name: _facts_of_test(run, name) for name in names}


def _facts_of_test(run: "Run", name: str) -> RunFacts:
    def held(what: str) -> AnyArray | None:
        array = run.evidence.get(f"{name}.{what}")
        return None if array is None else np.asarray(array)

    ids = held("ids")
    assert ids is not None
    people: Sequence[Who] = ("weak", "student", "ceiling", "direct")
    right = {who: np.asarray(flags, dtype=np.bool_) for who in people if (flags := held(who)) is not None}
    kept = (DIFFICULTY, CONFIDENCE, CONSISTENCY, LIKENESS)
    columns = {what: array for what in kept if (array := held(what)) is not None}
    group = held(GROUP)
    if group is not None:
        columns[GROUP] = np.asarray(run.result["group_names"][name])[group]
    training = [np.asarray(run.evidence[f"{split}.ids"]) for split in ("supervision", "transfer")]
    return RunFacts(
        name=name,
        ids=ids,
        answers={},
        n_answers=None,
        columns=columns,
        copied=held("copied"),
        right=right,
        known=np.ones(len(ids), dtype=np.bool_),
        units=held("groups"),
        training=np.concatenate(training),
    )


def least_and_most(
    facts: RunFacts, constant: FloatArray, weights: Mapping[Who, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return the least and the largest score that any label could give each input, shape (n,) each.

    At most one answer is right, so there is one case for every answer that somebody gave, and one in which nobody is
    right; on k classes the latter is impossible where all k were named.
    """
    n, people = len(facts), list(facts.answers)
    given = np.stack([facts.answers[who] for who in people])
    cases = [constant + sum(weights[v] * (facts.answers[v] == numbers) for v in weights) for numbers in given]
    different = np.array([len(set(column)) for column in given.T]) if facts.n_answers else np.zeros(n)
    nobody_right = different < (facts.n_answers or np.inf)
    low = np.minimum.reduce([*cases, np.where(nobody_right, constant, np.inf)])
    high = np.maximum.reduce([*cases, np.where(nobody_right, constant, -np.inf)])
    return low, high
