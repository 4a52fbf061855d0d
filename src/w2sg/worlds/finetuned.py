"""A trained student finetuned on a worse weak supervisor: why it nearly always becomes better than it was.

Truth, student and supervisor are directions in d dimensions with Gaussian inputs; the student starts at the cosine
`start` with the truth and is led to the supervisor, at `weak`, by gradient descent on its soft logistic labels.
As both have the same length, every step stays in their plane and the first goes along the chord, so that the best
direction on the way is the projection of the truth onto the plane, if that lies between them: iff `weak > start c`,
with c the cosine of student and supervisor. Two directions whose errors are independent have `c` near `start weak`,
far below. After Hansen, Li, Geng (arXiv 2605.05742), who show that no gap in capacity is needed.
"""

import math
from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator

from w2sg.core import FloatArray, InputError, register
from w2sg.worlds.common import affordable, means_of
from w2sg.worlds.contract import Simulation, World

QUANTILES = 400


def best_between(start: float, weak: float, between: ArrayLike) -> FloatArray:
    """Return the largest cosine with the truth on the way from a student to a supervisor.

    Args:
        start: The student's cosine with the truth.
        weak: The supervisor's.
        between: Cosines of student and supervisor; values within -1 and 1.

    Raises:
        InputError: A cosine is out of range, or three directions with these cosines do not exist.
    """
    a, b, c = float(start), float(weak), np.asarray(between, dtype=np.float64)
    spread = math.sqrt(max(1 - a * a, 0) * max(1 - b * b, 0))
    if not (abs(a) <= 1 and abs(b) <= 1 and (np.abs(c) < 1).all() and (np.abs(c - a * b) <= spread + 1e-9).all()):
        raise InputError(f"no three directions have these cosines: {a}, {b} with the truth, {c} with each other")
    # the projection of the truth onto the plane of both directions; it lies between them iff b > a c and a > b c, and
    # where it does not the better of both ends is best
    inner = np.sqrt(np.maximum(a * a + b * b - 2 * a * b * c, 0) / (1 - c * c))
    return np.where((b > a * c) & (a > b * c), inner, max(a, b))


@register(paper="2605.05742")
class FinetunedStudentWorld(World):
    """A student that is already good, led towards a worse supervisor."""

    kind: Literal["finetuned-student"] = "finetuned-student"
    start: float = Field(0.8, gt=0, lt=1, description="the student's cosine with the truth before")
    weak: float = Field(0.5, gt=0, lt=1, description="the supervisor's cosine with the truth")
    length: float = Field(3.0, gt=0, le=100, description="length of both weight vectors")
    d: int = Field(50, ge=4, le=5000, description="dimension")
    N: int = Field(5000, ge=10, le=1_000_000, description="softly labelled inputs")
    steps: int = Field(200, ge=1, le=100_000, description="gradient steps")
    rate: float = Field(0.5, gt=0, le=2, description="step size")
    trials: int = Field(20, ge=2, description="simulated pairs, with errors in random directions")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        affordable(self.N, self.d)
        return self

    def exact(self) -> Mapping[str, float]:
        """Return means over directions of errors, for infinitely many inputs and small steps."""
        from scipy.stats import beta

        nodes, weights = np.polynomial.legendre.leggauss(QUANTILES)
        # the cosine of two random directions in d - 1 dimensions has a Beta law; quadrature over its quantiles is exact
        # where a simulation would need thousands of pairs
        rho = 2 * beta.ppf((nodes + 1) / 2, (self.d - 2) / 2, (self.d - 2) / 2) - 1
        a, b = self.start, self.weak
        between = a * b + math.sqrt((1 - a * a) * (1 - b * b)) * rho
        best = best_between(a, b, between)
        return {
            "limit_best_cos": float(weights @ best / 2),
            "limit_improved": float(weights @ (best > a) / 2),
            "limit_independent_best_cos": float(best_between(a, b, a * b)),
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Finetune students; cosines are exact given the weights."""
        return means_of(self._trial(rng) for _ in range(self.trials))

    def _trial(self, rng: np.random.Generator) -> dict[str, float]:
        w, goal = (self._direction(cos, rng) for cos in (self.start, self.weak))
        x = rng.standard_normal((self.N, self.d))
        labels = _sigmoid(x @ goal)
        best = self.start
        for _ in range(self.steps):
            w = w - self.rate / self.N * ((_sigmoid(x @ w) - labels) @ x)
            best = max(best, float(w[0] / np.linalg.norm(w)))
        return {"best_cos": best, "improved": float(best > self.start), "final_cos": float(w[0] / np.linalg.norm(w))}

    def _direction(self, cos: float, rng: np.random.Generator) -> FloatArray:
        error = np.concatenate([[0.0], rng.standard_normal(self.d - 1)])
        # a direction at a given angle to the truth (the first axis), and otherwise random
        error *= math.sqrt(1 - cos**2) / np.linalg.norm(error)
        error[0] = cos
        return self.length * error


def _sigmoid(values: FloatArray) -> FloatArray:
    # the logistic function by tanh, which does not overflow
    return np.asarray(0.5 + 0.5 * np.tanh(values / 2))
