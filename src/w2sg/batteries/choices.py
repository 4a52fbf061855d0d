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
RANDOM: Rule = "random audit"
DISAGREEMENTS: Rule = "audit of disagreements"
ALL: Rule = "all labels"
BY_AUDIT = (RANDOM, DISAGREEMENTS)
DIGITS = 12
"""Beliefs that differ by rounding alone are equal."""


@dataclass(frozen=True)
class Decision:
    """What is decided by a rule with some number of labels, once for each draw of the labels.

    Attributes:
        rule: The rule.
        labels: How many labels it takes.
        chosen: The number of the candidate that is chosen, by draw.
        believed: How often that one is then believed to be right, by draw.
    """

    rule: Rule
    labels: int
    chosen: tuple[int, ...]
    believed: tuple[float, ...]


@register()
class Choosing(OnData):
    """Which of some students is chosen by each rule, on one half of the test split; the other half is for the truth."""

    kind: Literal["choosing"] = "choosing"
    students: tuple[TrainedStudent, ...] = Field(min_length=2, description="the candidates: one setup's, by method")
    audits: tuple[int, ...] = Field((), description="numbers of labels to buy")
    draws: int = Field(20, ge=1, description="how often labels are drawn: what is reported is a mean over draws")

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
        # Bought once, for the rule that takes all of them; a decision that takes some sees these and no others.
        gold = data.vault.buy(TEST, here, asked_by=self.kind)
        desk = Desk(data.question, weak, answers, gold)
        orders = [
            data.vault.generator(self.seed, self.kind, "draw", str(draw)).permutation(len(here))
            for draw in range(self.draws)
        ]
        decisions = [desk.by_weak_labels()]
        for rule in BY_AUDIT:
            decisions += [desk.by_labels(rule, orders, count) for count in self.audits if count < len(here)]
        decisions.append(desk.by_labels(ALL, orders[:1], len(here)))
        return Artifact({"here": here}, {"decisions": [vars(decision) for decision in decisions]})


def half_of(data: TaskData, rng: np.random.Generator) -> IntArray:
    """Return the rows of about half of the test split, `(a,)`; examples that belong together are in one half."""
    part = data.tests[TEST]
    _, unit = np.unique(part.metadata.get(TOGETHER, np.arange(len(part))), return_inverse=True)
    n_units = int(unit.max()) + 1
    first = np.zeros(n_units, dtype=np.bool_)
    first[rng.permutation(n_units)[: n_units // 2]] = True
    return np.flatnonzero(first[unit])


class Desk:
    """Where candidates are compared: their answers and the weak labels on the half for choosing, and its gold.

    Attributes:
        agreement: Where each candidate answers as the weak labels say, `(m, a)`.
        right: Where each candidate is right, `(m, a)`: a decision looks at the examples whose labels it takes.
        differ: Where not all candidates answer alike, `(a,)`: elsewhere no label can tell one from another.
    """

    def __init__(self, question: Question[Any], weak: Signal, answers: Sequence[Signal], gold: AnyArray) -> None:
        self.agreement: BoolArray = np.stack([question.same(answer, weak) for answer in answers])
        self.right: BoolArray = np.stack([question.correct(answer, gold) for answer in answers])
        self.differ: BoolArray = ~np.all([question.same(answers[0], answer) for answer in answers], axis=0)

    def by_weak_labels(self) -> Decision:
        """Choose who agrees most with the weak labels, and believe them."""
        shares = self.agreement.mean(axis=1)
        chosen = int(shares.argmax())
        return Decision("weak labels", 0, (chosen,), (float(shares[chosen]),))

    def by_labels(self, rule: Rule, orders: Sequence[IntArray], count: int) -> Decision:
        """Choose who is right most often, by the first labels of each of some orders of the half.

        Args:
            rule: The rule; by disagreements the examples on which candidates differ come first in every order.
            orders: The rows of the half in random order, `(a,)` each.
            count: How many labels, from 1 to a.
        """
        if rule == DISAGREEMENTS:
            orders = [np.concatenate([order[self.differ[order]], order[~self.differ[order]]]) for order in orders]
        made = [self._chosen(rule, order[:count]) for order in orders]
        return Decision(rule, count, tuple(chosen for chosen, _ in made), tuple(believed for _, believed in made))

    def _chosen(self, rule: Rule, rows: IntArray) -> tuple[int, float]:
        parts = self.differ if rule == DISAGREEMENTS else np.zeros(len(self.differ), dtype=np.bool_)
        believed = np.sum([self._believed(parts == part, rows) for part in np.unique(parts)], axis=0)
        # Few labels leave many candidates equal: of these the one that agrees most with the weak labels is taken.
        order = np.lexsort((-self.agreement.mean(axis=1), -np.round(believed, DIGITS)))
        return int(order[0]), float(believed[order[0]])

    def _believed(self, part: BoolArray, rows: IntArray) -> FloatArray:
        """Return what a part `(a,)` of the half adds to the believed accuracy of each candidate, `(m,)`.

        In a part of which labels were taken they say how often a candidate is right; in another the weak labels do.
        """
        seen = rows[part[rows]]
        shares = self.right[:, seen].mean(axis=1) if len(seen) else self.agreement[:, part].mean(axis=1)
        return np.asarray(shares * part.mean(), dtype=np.float64)
