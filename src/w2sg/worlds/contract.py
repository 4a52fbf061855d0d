"""What a world is: a small universe in which what a theory says can be computed exactly, and simulated."""

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import Component, contract, derive


@dataclass(frozen=True)
class Simulation:
    """A simulated number: its mean over `n` trials and the mean's standard error (None for a single trial)."""

    value: float
    se: float | None
    n: int


def mean_of(trials: ArrayLike) -> Simulation:
    """Return the mean of independent trials with its standard error."""
    values = np.asarray(trials, dtype=np.float64)
    n = len(values)
    se = float(values.std(ddof=1) / math.sqrt(n)) if n > 1 else None
    return Simulation(float(values.mean()), se, n)


@contract("worlds")
class World(Component):
    """A world with parameters: what the closed form says of it, and what a simulation gives.

    Keys that stand in both name the same quantity.
    """

    @abstractmethod
    def exact(self) -> Mapping[str, float]:
        """Return what the closed forms give, by name."""

    @abstractmethod
    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Return what a simulation gives, by name; empty where there is nothing random."""

    @final
    def simulated(self, seed: int) -> Mapping[str, Simulation]:
        """Return what the simulation of this seed gives: equal seeds give the numbers that pages and commands show."""
        # the label of the stream is older than the word `world`; it stays, so that published numbers stay
        return self.simulate(derive(seed, "oracle", self.kind))
