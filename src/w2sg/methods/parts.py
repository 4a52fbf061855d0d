"""The contracts of a composition's parts: which examples, which labels, through which stages."""

from abc import abstractmethod
from collections.abc import Callable, Generator, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, SerializeAsAny, WithJsonSchema

from w2sg.core import Component, Fit, FloatArray, Predictor, Student, Training, WeakView, registry

Stage = Callable[[WeakView, Student, np.random.Generator], Training]
"""One round of select, relabel and train."""


class Selection(Component):
    """Which weak-labelled examples the student learns from, and with what weights."""

    @abstractmethod
    def weights(self, view: WeakView, rng: np.random.Generator) -> FloatArray:
        """Return a non-negative weight for each transfer example, `(n,)`; 0 leaves it out."""


class Relabeling(Component):
    """What the labels become before training."""

    @abstractmethod
    def relabel(self, view: WeakView, rng: np.random.Generator) -> FloatArray:
        """Return new soft labels for the transfer examples, `(n, k)`."""


class Chain(Component):
    """Through which stages or intermediate students the labels go."""

    @property
    def requires(self) -> frozenset[str]:
        """The capabilities that the student must have."""
        return frozenset()

    @abstractmethod
    def train(
        self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator
    ) -> Generator[Sequence[Fit], list[Predictor], Predictor]:
        """Yield the students to train, stage by stage, and return the last predictor."""


def _any(sort: str) -> tuple[Any, ...]:
    schema = {"anyOf": [{"type": "string"}, {"type": "object", "required": ["kind"]}]}
    return BeforeValidator(lambda spec: registry.build(sort, spec)), WithJsonSchema(schema)


AnySelection = Annotated[SerializeAsAny[Selection], *_any("selections")]
AnyRelabeling = Annotated[SerializeAsAny[Relabeling], *_any("relabelings")]
AnyChain = Annotated[SerializeAsAny[Chain], *_any("chains")]
