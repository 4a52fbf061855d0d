"""What a desideratum is: a requirement on how a student generalizes, which a machine can decide.

A *quantity* is the mean, over a *population* of test inputs, of a score that is linear in who is right. That one
assumption is what makes requirements checkable: before any label is bought it is known which inputs can matter for a
requirement and by how much, and the mean of what is left is bounded by betting, one label after the other.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import SerializeAsAny

from w2sg.core import BoolArray, Component, FloatArray, IntArray, component_field, contract
from w2sg.desiderata.facts import RunFacts, Who

Information = Literal["S0", "S1", "S2"]
"""What may be looked at: no label of a test set; labels that are bought one by one; all of them."""


@dataclass(frozen=True, eq=False)
class LinearScore:
    """A score of each of `n` inputs: `constant + sum over who of weight * 1[who is right]`.

    Attributes:
        constant: What is known without a label, shape (n,).
        weights: What it adds that somebody is right, shape (n,) each.
        span: The least and the largest value that any input can have, known beforehand.
        decided_by_label: Of which inputs a label decides the score, whatever inputs come: of all of them, of none, or
            of some, and then the others score 0. It is no matter of the inputs at hand: that all of these agree does
            not say that the next will.
    """

    constant: FloatArray
    weights: Mapping[Who, FloatArray]
    span: tuple[float, float]
    decided_by_label: Literal["all", "some", "none"] = "some"

    def of(self, right: Mapping[Who, BoolArray], rows: IntArray) -> FloatArray:
        """Return the scores of some inputs whose labels are known, shape (m,)."""
        total = np.asarray(self.constant[rows], dtype=np.float64)
        for who, weight in self.weights.items():
            total = total + weight[rows] * right[who][rows]
        return total


@contract("quantities")
class RunQuantity(Component):
    """Something about a student that is the mean of a score over inputs."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is called on pages."""

    @property
    @abstractmethod
    def about(self) -> frozenset[Who]:
        """Whose answers it is about."""

    @abstractmethod
    def score(self, facts: RunFacts) -> LinearScore:
        """Return the score of every input of a test set.

        Raises:
            CapabilityError: If what it needs to know of the inputs is not known; the message says what.
        """


@contract("desiderata")
class Desideratum(Component):
    """A requirement, or several joined by logic."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What it asks, in words."""

    @property
    def children(self) -> "Sequence[Desideratum]":
        """The requirements that it joins; none for one that stands alone."""
        return ()

    def walk(self) -> "Iterator[Desideratum]":
        """Yield this requirement and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


AnyQuantity = Annotated[SerializeAsAny[RunQuantity], *component_field(RunQuantity, "a quantity: its name, or a table")]
AnyDesideratum = Annotated[
    SerializeAsAny[Desideratum], *component_field(Desideratum, "a desideratum: its name, or a table with 'kind'")
]
