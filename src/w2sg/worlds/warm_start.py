"""Pretraining as a warm start: a student that found the direction of the classes without labels, or did not.

Inputs are `class mu + N(0, I)` in d dimensions. Pretraining takes the first principal direction of `N` unlabelled
inputs; the student starts there and is led to a supervisor, a direction of its own. With `b = |mu|^2` and `g = d / N`
the squared cosine of the first principal direction with mu tends to `(1 - g / b^2) / (1 + g / b)`, and to 0 where
`N <= d / b^2` (Baik, Ben Arous, Peche 2005; Paul 2007). The plainest case of the setting of arXiv 2605.05710.
"""

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field
from scipy.stats import norm

from w2sg.core import FloatArray, register
from w2sg.worlds.common import affordable, means_of
from w2sg.worlds.contract import Simulation, World
from w2sg.worlds.finetuned import best_between

PATH = 400
"""Points on the way from the student's start to the supervisor."""


def principal_cosine(strength: float, gamma: float) -> float:
    """Return the limit of the cosine of the first principal direction with a spike.

    Args:
        strength: What the spike adds to a variance of 1, above 0.
        gamma: Dimensions over inputs.
    """
    return math.sqrt(max(0.0, 1 - gamma / strength**2) / (1 + gamma / strength))


@register(paper="2605.05710")
class WarmStartWorld(World):
    """A student that starts at the first principal direction of its pretraining inputs, led to a weak supervisor."""

    kind: Literal["warm-start"] = "warm-start"
    mu: float = Field(1.2, gt=0, le=10, description="length of the class mean")
    d: int = Field(400, ge=10, le=4000, description="dimension")
    N: int = Field(1600, ge=10, le=1_000_000, description="unlabelled inputs of pretraining")
    weak: float = Field(0.6, gt=0, lt=1, description="the supervisor's cosine with the class mean")
    trials: int = Field(20, ge=2, description="simulated worlds")

    def exact(self) -> Mapping[str, float]:
        """Return the limits of many dimensions: the start, the best point on the way, and how much data it takes."""
        start = principal_cosine(self.mu**2, self.d / self.N)
        # errors of two directions that know nothing of each other are orthogonal in many dimensions
        best = float(best_between(start, self.weak, start * self.weak))
        return {
            "weak_accuracy": self._accuracy(self.weak),
            "limit_start_cos": start,
            "limit_start_accuracy": self._accuracy(start),
            "limit_best_accuracy": self._accuracy(best),
            "limit_gain": self._accuracy(best) - self._accuracy(self.weak),
            "inputs_needed": self.d / self.mu**4,
        }

    def _accuracy(self, cos: float) -> float:
        return float(norm.cdf(self.mu * cos))

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Pretrain on fresh inputs and go the way; accuracies are exact given the directions.

        Raises:
            InputError: There would be too many inputs to draw.
        """
        affordable(self.N, self.d)
        return means_of(self._trial(rng) for _ in range(self.trials))

    def _trial(self, rng: np.random.Generator) -> dict[str, float]:
        x = rng.standard_normal((self.N, self.d))
        x[:, 0] += self.mu * rng.choice([-1.0, 1.0], size=self.N)
        # eigh sorts by size: the last column is the first principal direction
        first = np.linalg.eigh(x.T @ x / self.N)[1][:, -1]
        supervisor = self._direction(rng)
        # unlabelled inputs tell no direction from its opposite: which is which, weak labels say
        start = first * np.sign(first @ supervisor)
        share = np.linspace(0, 1, PATH)[:, None]
        way = (1 - share) * start + share * supervisor
        cos = way[:, 0] / np.linalg.norm(way, axis=1)
        best = self._accuracy(float(cos.max()))
        return {
            "start_cos": float(start[0]),
            "start_accuracy": self._accuracy(float(start[0])),
            "best_accuracy": best,
            "gain": best - self._accuracy(self.weak),
        }

    def _direction(self, rng: np.random.Generator) -> FloatArray:
        error = rng.standard_normal(self.d)
        error[0] = 0.0
        error *= math.sqrt(1 - self.weak**2) / np.linalg.norm(error)
        error[0] = self.weak
        return error
