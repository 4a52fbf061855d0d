"""The contract of a weak supervisor: anything that labels the transfer split."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic

import numpy as np
from pydantic import SerializeAsAny

from w2sg.core.arrays import AnyArray, IntArray
from w2sg.core.component import Component
from w2sg.core.examples import Examples, Inputs
from w2sg.core.registry import component_field, contract
from w2sg.core.signals.base import Question, Signal
from w2sg.core.signals.classes import ClassProbabilities, S
from w2sg.core.students import Student


@dataclass(frozen=True, eq=False)
class Supervision:
    """What a weak supervisor learns from.

    Attributes:
        examples: The supervision split.
        gold: Its gold, `(n,)`.
        question: What the task asks of each example.
        corpus: Inputs without labels that its model may be pretrained on.
    """

    examples: Examples
    gold: AnyArray
    question: Question[Any]
    corpus: Inputs

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def n_classes(self) -> int:
        """The number of classes `k`; 0 where answers are open."""
        return len(self.question.names)

    def take(self, rows: AnyArray) -> "Supervision":
        """Return some of the examples with their gold, by position or mask."""
        return Supervision(self.examples.take(rows), self.gold[rows], self.question, self.corpus)


@dataclass(frozen=True, eq=False)
class SeenLabels:
    """The labels that a weak supervisor learns from, as it sees them.

    Attributes:
        rows: Positions in its supervision split, `(r,)`.
        labels: What it takes for their gold, `(r,)`.
        noise: The share of them that is wrong by construction.
    """

    rows: IntArray
    labels: AnyArray
    noise: float = 0.0


class Labeller(ABC, Generic[S]):
    """A weak supervisor after its training."""

    @abstractmethod
    def label(self, examples: Examples, gold: AnyArray | None, rng: np.random.Generator) -> S:
        """Return the signal for `n` examples.

        Args:
            examples: What to label.
            gold: Their gold `(n,)`, only for supervisors that declare `simulates`; otherwise None.
            rng: Randomness of the labels themselves.
        """


@contract("supervisors")
class WeakSupervisor(Component, Generic[S]):
    """Anything that labels the transfer split."""

    signal: ClassVar[type[Signal]] = ClassProbabilities

    @property
    def simulates(self) -> bool:
        """Whether the labels are made by corrupting gold, so that the vault must hand gold out for labelling."""
        return False

    @property
    def model(self) -> Student[Any, Any] | None:
        """The model that it trains and labels with; None for a supervisor that is no model."""
        return None

    def labels_used(self, available: int) -> int:
        """Return how many of the supervision labels there are it learns from."""
        return available

    def with_labels(self, count: int) -> "WeakSupervisor[S]":
        """Return this supervisor for a smaller supervision split, of which it learns from `count` labels.

        A supervisor that learns from all that it is given is its own answer.
        """
        return self

    def sees(self, supervision: Supervision, rng: np.random.Generator) -> SeenLabels:
        """Return the labels that `fit` learns from under the same arguments: by default all of them, as they are."""
        return SeenLabels(np.arange(len(supervision)), supervision.gold)

    @property
    def without_handicap(self) -> "WeakSupervisor[S]":
        """This supervisor as it is if it learns from all labels that it is given, without noise of its own."""
        return self

    @abstractmethod
    def fit(self, supervision: Supervision, rng: np.random.Generator) -> Labeller[S]:
        """Learn from the supervision split."""


AnySupervisor = Annotated[SerializeAsAny[WeakSupervisor[Any]], *component_field(WeakSupervisor, "a weak supervisor")]
