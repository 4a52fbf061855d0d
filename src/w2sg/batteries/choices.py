"""Choosing among trained students without knowing who is best: what is believed before any truth is opened.

The choice is a step of the graph that reads no score, so nothing that was found out later can have come into it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import AnyArray, BoolArray, FloatArray, IntArray, Question, Signal, Task, TaskData, register
from w2sg.graph import Artifact, Inputs, Step
from w2sg.lab import OnData, TrainedStudent, answers_of, labels_of

TEST, TOGETHER = "test", "together"
Rule = Literal["weak labels", "random audit", "audit of disagreements", "all labels"]
"""How a candidate is chosen: by agreement with weak labels, by labels bought at random, by labels bought where the
candidates differ, or by all labels of the examples that are there for choosing, which is the most that can be known."""


@dataclass(frozen=True)
class Choice:
    """A candidate that was chosen.

    Attributes:
        rule: By which rule.
        labels: How many labels were bought for it.
        chosen: The number of the candidate.
        believed: How often it is believed to be right.
    """

    rule: Rule
    labels: int
    chosen: int
    believed: float


@register()
class Choosing(OnData):
    """Which of some students is chosen by each rule, on one half of the test split; the other half is for the truth."""

    kind: Literal["choosing"] = "choosing"
    students: tuple[TrainedStudent, ...] = Field(min_length=2, description="the candidates: one setup's, by method")
    audits: tuple[int, ...] = Field((), description="numbers of labels to buy; larger ones hold smaller ones")

    @property
    def on(self) -> Task:
        """The task."""
        return self.students[0].labels.task

    def inputs(self) -> Mapping[str, Step]:
        """Return the labels and every candidate, and no score."""
        candidates = {f"candidate {number}": student for number, student in enumerate(self.students)}
        return {"labels": self.students[0].labels, **candidates}

    def compute(self, inputs: Inputs) -> Artifact:
        """Choose by each rule and each number of labels."""
        data = self.data
        here = half_of(data, data.vault.generator(self.seed, self.kind, "half"))
        weak = labels_of(data, inputs["labels"])[TEST].take(here)
        answers = [answers_of(data, inputs[f"candidate {n}"])[TEST].take(here) for n in range(len(self.students))]
        desk = Desk(data, here, weak, answers, self.kind)
        choices = [desk.by_weak_labels()]
        at_random = data.vault.generator(self.seed, self.kind, "random").permutation(len(here))
        # Where candidates differ first: the rest is looked at only once nothing is left there.
        mixed = data.vault.generator(self.seed, self.kind, "differ").permutation(len(here))
        differing = np.concatenate([mixed[desk.differ[mixed]], mixed[~desk.differ[mixed]]])
        counts = [count for count in self.audits if count <= len(here)]
        choices += desk.by_audits("random audit", at_random, counts)
        choices += desk.by_audits("audit of disagreements", differing, counts)
        choices += desk.by_audits("all labels", at_random, [len(here)])
        return Artifact({"here": here}, {"choices": [vars(choice) for choice in choices]})


def half_of(data: TaskData, rng: np.random.Generator) -> IntArray:
    """Return the rows of about half of the test split, `(a,)`; examples that belong together are in one half."""
    part = data.tests[TEST]
    _, unit = np.unique(part.metadata.get(TOGETHER, np.arange(len(part))), return_inverse=True)
    n_units = int(unit.max()) + 1
    first = np.zeros(n_units, dtype=np.bool_)
    first[rng.permutation(n_units)[: n_units // 2]] = True
    return np.flatnonzero(first[unit])


class Desk:
    """Where candidates are compared: their answers and the weak labels on the half for choosing, and labels bought.

    Attributes:
        agreement: Where each candidate answers as the weak labels say, `(m, a)`.
        differ: Where not all candidates answer alike, `(a,)`: elsewhere no label can tell one from another.
    """

    def __init__(self, data: TaskData, here: IntArray, weak: Signal, answers: Sequence[Signal], asked_by: str) -> None:
        self._data, self._here, self._answers, self._asked_by = data, here, answers, asked_by
        question: Question[Any] = data.question
        self.agreement: BoolArray = np.stack([question.same(answer, weak) for answer in answers])
        self.differ: BoolArray = ~np.all([question.same(answers[0], answer) for answer in answers], axis=0)

    def by_weak_labels(self) -> Choice:
        """Choose who agrees most with the weak labels, and believe them."""
        shares = self.agreement.mean(axis=1)
        chosen = int(shares.argmax())
        return Choice("weak labels", 0, chosen, float(shares[chosen]))

    def by_audits(self, rule: Rule, order: IntArray, counts: Sequence[int]) -> list[Choice]:
        """Choose who is right most often, by labels bought in an order of the rows; the largest number buys them all.

        Args:
            rule: What the order is.
            order: The rows of the half, `(a,)`.
            counts: How many labels; each from 1 to a.
        """
        if not counts:
            return []
        rows = order[: max(counts)]
        gold = self._data.vault.buy(TEST, self._here[rows], asked_by=self._asked_by)
        right = np.stack([self._data.question.correct(answer.take(rows), gold) for answer in self._answers])
        return [self._chosen(rule, rows[:count], right[:, :count]) for count in counts]

    def _chosen(self, rule: Rule, rows: IntArray, right: BoolArray) -> Choice:
        everywhere = rule != "audit of disagreements"
        parts = np.zeros(len(self.differ), dtype=np.int64) if everywhere else self.differ.astype(np.int64)
        believed = sum(_believed(parts == part, rows, right, self.agreement) for part in np.unique(parts))
        # Few labels leave many candidates equal: of these the one that agrees most with the weak labels is taken.
        order = np.lexsort((-self.agreement.mean(axis=1), -np.round(believed, 12)))
        return Choice(rule, len(rows), int(order[0]), float(believed[order[0]]))


def _believed(part: BoolArray, rows: IntArray, right: BoolArray, agreement: BoolArray) -> FloatArray:
    """Return what a part `(a,)` of the rows adds to the believed accuracy of each candidate, `(m,)`.

    In a part of which labels were bought they say how often a candidate is right there; in another the weak labels do.
    """
    inside = part[rows]
    shares: AnyArray = right[:, inside].mean(axis=1) if inside.any() else agreement[:, part].mean(axis=1)
    return np.asarray(shares * part.mean(), dtype=np.float64)
