"""Populations: which inputs a requirement speaks of. Who belongs to one is known before any label is."""

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import BoolArray, CapabilityError, Component
from w2sg.desiderata.facts import GROUP, RunFacts

Band = tuple[float, float]


class Population(Component):
    """The inputs of a test set, or some of them: a group, a band of a column, those on which both disagree."""

    kind: Literal["population"] = "population"
    test: str = Field("test", min_length=1, description="the test set: 'test', or the name of a shift")
    group: str | None = Field(None, description="only this group")
    column: str | None = Field(None, description="'difficulty', or 'confidence' of the student; with 'band'")
    band: Band | None = Field(None, description="shares of the inputs in the order of the column, such as [0.75, 1]")
    disputed: bool | None = Field(None, description="only inputs on which student and weak supervisor (dis)agree")

    @model_validator(mode="after")
    def _column_has_a_band(self) -> "Population":
        if (self.column is None) != (self.band is None):
            raise ValueError("'column' and 'band' go together: give both or none")
        if self.band is not None and not 0 <= self.band[0] < self.band[1] <= 1:
            raise ValueError(f"'band' must be two rising shares between 0 and 1, got {list(self.band)}")
        return self

    @property
    def title(self) -> str:
        """Which inputs, in words; empty for the whole test set in distribution."""
        parts = [f"on {self.test}"] if self.test != "test" else []
        if self.group is not None:
            parts.append(f"in group {self.group}")
        if self.column is not None and self.band is not None:
            parts.append(f"where {self.column} is in [{self.band[0]:g}, {self.band[1]:g}] of its order")
        if self.disputed is not None:
            parts.append(f"where student and supervisor {'disagree' if self.disputed else 'agree'}")
        return " ".join(parts)

    def rows(self, facts: RunFacts) -> BoolArray:
        """Return which inputs of its test set belong to it, shape (n,).

        Raises:
            CapabilityError: If it is empty, or what decides who belongs to it is not known.
        """
        rows = np.ones(len(facts), dtype=np.bool_)
        if self.group is not None:
            rows &= np.asarray(facts.column(GROUP) == self.group)
        if self.disputed is not None:
            rows &= facts.same_answers() != self.disputed
        if self.column is not None and self.band is not None:
            rows &= _in_band(np.asarray(facts.column(self.column), dtype=np.float64), rows, self.band)
        if not rows.any():
            raise CapabilityError(f"no input of test set {facts.name!r} is {self.title or 'there'}")
        return rows


def _in_band(values: np.ndarray[tuple[int], np.dtype[np.float64]], among: BoolArray, band: Band) -> BoolArray:
    """Return which of some inputs have a value between two shares of their order; equal values stay together."""
    ranks = np.searchsorted(np.sort(values[among]), values, side="left") / among.sum()
    return np.asarray((band[0] <= ranks) & ((ranks < band[1]) | (band[1] == 1)))
