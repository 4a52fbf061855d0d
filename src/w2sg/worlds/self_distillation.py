"""Ridge regression taught by its own answers: mixed with the gold labels, or asked for the residuals again and again.

Isotropic inputs in `d` dimensions, `n` gold labels, `gamma = d / n`, in the limit of many dimensions; risks as in
`w2sg.worlds.ridge`. With `s` an eigenvalue of `X'X / n` and `c = 1 + gamma + lambda`, `q = c^2 - 4 gamma`, the moments
are `E s / (s + lambda)^3 = q^(-3/2)` and `E s / (s + lambda)^4 = c q^(-5/2)`: derivatives of those in `RidgeMoments`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import FloatArray, register
from w2sg.worlds.common import above, affordable, means_of, within
from w2sg.worlds.contract import Simulation, World
from w2sg.worlds.ridge import best_weak_penalty, ridge_moments

NODES = 4000
"""Nodes of the quadrature over eigenvalues; the integrand is smooth in the angle."""


@dataclass(frozen=True)
class SelfDistillation:
    """The risk of a ridge student whose labels are `(1 - weight) gold + weight (the supervisor's answers)`.

    Both have the same inputs and penalty `l`. The student's coefficients are `b + weight l b'` with `b' = db / dl`, so
    its risk is `risk + weight l slope + (weight l)^2 curve` (Dang, Patil, Rinaldo, arXiv 2602.17565).

    Attributes:
        penalty: Of both, above 0.
        risk: Of the supervisor.
        slope: The derivative of its risk by its penalty.
        curve: The squared length of `b'`.
    """

    penalty: float
    risk: float
    slope: float
    curve: float

    @property
    def best_weight(self) -> float:
        """The weight with the least risk; its sign is that of minus the slope."""
        return -self.slope / (2 * self.penalty * self.curve)

    def at(self, weight: float) -> float:
        """Return the student's risk at a weight."""
        step = weight * self.penalty
        return self.risk + step * self.slope + step**2 * self.curve


def ridge_risk(gamma: float, sigma2: float, penalty: float, r2: float = 1.0) -> float:
    """Return the limit of the risk of ridge regression.

    Raises:
        InputError: See `ridge_moments`.
    """
    found = ridge_moments(gamma, penalty)
    return r2 * (1 - 2 * found.first + found.second) + sigma2 * found.noise


def self_distillation(gamma: float, sigma2: float, penalty: float, r2: float = 1.0) -> SelfDistillation:
    """Return the limit for a student of the supervisor's own inputs and penalty.

    Raises:
        InputError: The penalty is not above 0, or another value is negative.
    """
    within(0, math.inf, gamma=gamma, sigma2=sigma2, r2=r2)
    above(0, penalty=penalty)
    c = 1 + gamma + penalty
    q = (1 - gamma + penalty) ** 2 + 4 * gamma * penalty
    slope = 2 * (penalty * r2 - gamma * sigma2) / q**1.5
    curve = (r2 * (q - penalty * c) + gamma * sigma2 * c) / q**2.5
    return SelfDistillation(penalty, ridge_risk(gamma, sigma2, penalty, r2), slope, curve)


def eigenvalue_mean(gamma: float, function: Callable[[FloatArray], FloatArray]) -> float:
    """Return the mean of a function over the eigenvalues of `X'X / n` (the Marchenko-Pastur law), by quadrature.

    With `s = 1 + gamma + 2 sqrt(gamma) cos(a)` the law has the density `2 sin(a)^2 / (pi s)` in the angle; where
    gamma is above 1, the share `1 - 1 / gamma` of the eigenvalues is 0.
    """
    angle = math.pi * np.arange(1, NODES + 1) / (NODES + 1)
    s = 1 + gamma + 2 * math.sqrt(gamma) * np.cos(angle)
    inside = float((2 * np.sin(angle) ** 2 / s * function(s)).sum() / (NODES + 1))
    return inside + max(0.0, 1 - 1 / gamma) * float(function(np.zeros(1))[0])


def residual_risk(gamma: float, sigma2: float, penalty: float, steps: int, r2: float = 1.0) -> float:
    """Return the limit of the risk after so many steps in which the supervisor fits the student's residuals by ridge.

    The first step is a copy of the supervisor. After `j` of them the share `1 - h^j` of each eigendirection is learned,
    with `h = lambda / (s + lambda)`: the bias shrinks like `h^j`, and the noise of least squares comes back.

    Raises:
        InputError: Penalty or gamma is not above 0, there is no step, or another value is negative.
    """
    within(0, math.inf, sigma2=sigma2, r2=r2)
    above(0, penalty=penalty, gamma=gamma)
    within(1, math.inf, steps=steps)

    def left(s: FloatArray) -> FloatArray:
        return np.asarray((penalty / (s + penalty)) ** steps)

    def noise(s: FloatArray) -> FloatArray:
        return np.asarray(np.square(1 - left(s)) / np.maximum(s, np.finfo(float).tiny))

    return r2 * eigenvalue_mean(gamma, lambda s: left(s) ** 2) + sigma2 * gamma * eigenvalue_mean(gamma, noise)


class _RidgeAgain(World):
    """What both worlds share: gold labels in isotropic inputs, and ridge regression on them."""

    gamma: float = Field(0.5, gt=0, le=100, description="dimension over gold labels")
    sigma2: float = Field(1.0, ge=0, description="variance of the label noise")
    penalty: float = Field(0.1, gt=0, description="the supervisor's penalty")
    r2: float = Field(1.0, gt=0, description="squared length of the truth")
    d: int = Field(200, ge=10, le=4000, description="dimension that is simulated")
    trials: int = Field(40, ge=2, description="simulated worlds")

    def _drawn(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return inputs, gold labels and the truth.

        Raises:
            InputError: There would be too many labels to draw.
        """
        n = max(1, round(self.d / self.gamma))
        affordable(n, self.d)
        truth = np.zeros(self.d)
        truth[0] = math.sqrt(self.r2)
        x = rng.standard_normal((n, self.d))
        return x, x @ truth + math.sqrt(self.sigma2) * rng.standard_normal(n), truth

    def _fit(self, x: FloatArray, y: FloatArray) -> FloatArray:
        return np.asarray(np.linalg.solve(x.T @ x + len(x) * self.penalty * np.eye(self.d), x.T @ y))


@register(paper="2602.17565")
class SelfDistillationWorld(_RidgeAgain):
    """Ridge students of their own supervisor's inputs: its answers alone, its residuals, and the best mixture."""

    kind: Literal["self-distillation"] = "self-distillation"

    def exact(self) -> Mapping[str, float]:
        """Return the limits of the risks, the best weight of the answers, and what tuning the penalty would give."""
        found = self_distillation(self.gamma, self.sigma2, self.penalty, self.r2)
        best = best_weak_penalty(self.gamma, self.sigma2, self.r2)
        return {
            "weak_risk": found.risk,
            "copied_risk": found.at(1),
            "residual_risk": found.at(-1),
            "limit_best_weight": found.best_weight,
            "limit_best_risk": found.at(found.best_weight),
            "best_penalty": best,
            "tuned_risk": ridge_risk(self.gamma, self.sigma2, best, self.r2),
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Train students on mixed labels; risks are exact given the fits.

        Raises:
            InputError: There would be too many labels to draw.
        """
        rows = []
        for _ in range(self.trials):
            x, y, truth = self._drawn(rng)
            supervisor = self._fit(x, y)
            weights = {"weak_risk": 0.0, "copied_risk": 1.0, "residual_risk": -1.0}
            students = {name: self._fit(x, (1 - w) * y + w * (x @ supervisor)) for name, w in weights.items()}
            risks = {name: float(np.sum((student - truth) ** 2)) for name, student in students.items()}
            # a parabola through three risks: the best weight of this very sample, whatever its labels
            bend = (risks["copied_risk"] + risks["residual_risk"]) / 2 - risks["weak_risk"]
            tilt = (risks["copied_risk"] - risks["residual_risk"]) / 2
            best = {"best_weight": -tilt / (2 * bend), "best_risk": risks["weak_risk"] - tilt**2 / (4 * bend)}
            rows.append(risks | best)
        return means_of(rows)


@register(paper="2603.25466")
class ResidualStepsWorld(_RidgeAgain):
    """A student that copies a ridge supervisor, and one for which the supervisor fits the residuals, step by step."""

    kind: Literal["residual-steps"] = "residual-steps"
    steps: int = Field(10, ge=1, le=10_000, description="how often residuals are fitted; once is a copy")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.gamma == 1:
            raise ValueError("'gamma' must not be 1: without a penalty the risk is infinite there")
        return self

    def exact(self) -> Mapping[str, float]:
        """Return the limits of the risks of a copy, of the student after its steps, and of endless ones."""
        return {
            "matching_risk": residual_risk(self.gamma, self.sigma2, self.penalty, 1, self.r2),
            "residual_risk": residual_risk(self.gamma, self.sigma2, self.penalty, self.steps, self.r2),
            "limit_residual_risk": ridge_risk(self.gamma, self.sigma2, 0.0, self.r2),
            # what a copy keeps with infinitely many gold labels
            "limit_matching_bias": self.r2 * (self.penalty / (1 + self.penalty)) ** 2,
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Let the supervisor fit the student's residuals; the student's class holds every answer.

        Raises:
            InputError: There would be too many labels to draw.
        """
        rows = []
        for _ in range(self.trials):
            x, y, truth = self._drawn(rng)
            gram, moments = x.T @ x, x.T @ y
            # the same inputs in each step, so what a fit of residuals is multiplied by is made once
            inverse = np.linalg.inv(gram + len(x) * self.penalty * np.eye(self.d))
            student = matching = inverse @ moments
            for _ in range(self.steps - 1):
                student = student + inverse @ (moments - gram @ student)
            risks = {"matching_risk": matching, "residual_risk": student}
            rows.append({name: float(np.sum((fit - truth) ** 2)) for name, fit in risks.items()})
        return means_of(rows)
