"""An oracle: a theory's own world, in which what it says can be computed exactly and simulated."""

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import Component, contract


@dataclass(frozen=True)
class Simulated:
    """A simulated number: its mean over `n` trials and the mean's standard error (None for a single trial)."""

    value: float
    se: float | None
    n: int


def mean_of(trials: ArrayLike) -> Simulated:
    """Return the mean of independent trials with its standard error."""
    values = np.asarray(trials, dtype=np.float64)
    n = len(values)
    se = float(values.std(ddof=1) / math.sqrt(n)) if n > 1 else None
    return Simulated(float(values.mean()), se, n)


@contract("oracles")
class Oracle(Component):
    """A world with parameters: what the closed form says of it, and what a simulation gives.

    Keys that stand in both name the same quantity.
    """

    @abstractmethod
    def exact(self) -> Mapping[str, float]:
        """Return what the closed forms give, by name."""

    @abstractmethod
    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulated]:
        """Return what a simulation gives, by name; empty where there is nothing random."""
