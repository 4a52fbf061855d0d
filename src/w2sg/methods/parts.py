"""The contracts of a composition's parts: which examples, which labels, through which stages."""

from abc import abstractmethod
from collections.abc import Generator, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Literal, Protocol

import numpy as np
from pydantic import SerializeAsAny

from w2sg.core import (
    Component,
    Fit,
    FloatArray,
    InformationTier,
    Predictor,
    Student,
    Training,
    WeakView,
    component_field,
    contract,
)

# A generator, so that a filter which needs students yields requests for them: whoever runs several methods at once
# collects the requests and has them trained in one batch.
Course = Generator[Sequence[Fit], list[Predictor], FloatArray]
"""Work that may ask for students to be trained and ends in an array."""

Part = Literal["all", "head"]
"""What of a student is trained: all of it, or its last layer."""


OTHER_TRAINING: Mapping[str, str] = MappingProxyType({"loss": "other", "stopping": "other", "labels": "other"})
"""The training facts of methods that do not train the student on weak labels by one objective."""


class Stage(Protocol):
    """One round of select, relabel and train."""

    def __call__(
        self, view: WeakView, student: Student, rng: np.random.Generator, parts: Sequence[Part] = ("all",)
    ) -> Training:
        """Select and relabel once, then train each of the parts in turn, going on from the one before."""


class _Part(Component):
    """What selections and relabelings declare alike."""

    @property
    def requires(self) -> frozenset[str]:
        """The capabilities that the student must have."""
        return frozenset()

    @property
    def needs(self) -> frozenset[str]:
        """What the task and supervisor must give, as in `Method.needs`."""
        return frozenset()

    @property
    def audits(self) -> int:
        """How many gold labels of the transfer split it buys; the view then has an audit."""
        return 0


@contract("selections")
class Selection(_Part):
    """Which weak-labelled examples the student learns from, and with what weights."""

    @abstractmethod
    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return a non-negative weight for each transfer example, `(n,)`; 0 leaves it out.

        A generator that may yield students to train first; one that needs none begins with `yield from ()`.
        """


@contract("relabelings")
class Relabeling(_Part):
    """What the labels become before training."""

    @abstractmethod
    def relabel(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return new soft labels for the transfer examples, `(n, k)`.

        A generator that may yield students to train first; one that needs none begins with `yield from ()`.
        """


@contract("chains")
class Chain(Component):
    """Through which stages or intermediate students the labels go."""

    @property
    def requires(self) -> frozenset[str]:
        """The capabilities that the student must have."""
        return frozenset()

    @property
    def needs(self) -> frozenset[str]:
        """What the task and supervisor must give, as in `Method.needs`."""
        return frozenset()

    @property
    def audits(self) -> int:
        """How many gold labels of the transfer split it buys, as in `Method.audits`."""
        return 0

    @property
    def tier(self) -> InformationTier:
        """What it knows beside inputs and weak labels, as in `Method.tier`."""
        return InformationTier.WEAK_LABELS

    @property
    def rehearsals(self) -> int:
        """In how many parts the supervision split is dealt for it, as in `Method.rehearsals`."""
        return 0

    @abstractmethod
    def train(
        self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator
    ) -> Generator[Sequence[Fit], list[Predictor], Predictor]:
        """Yield the students to train, stage by stage, and return the last predictor."""


AnySelection = Annotated[SerializeAsAny[Selection], *component_field(Selection, "a selection of examples")]
AnyRelabeling = Annotated[SerializeAsAny[Relabeling], *component_field(Relabeling, "a change of labels")]
AnyChain = Annotated[SerializeAsAny[Chain], *component_field(Chain, "a chain of stages")]
