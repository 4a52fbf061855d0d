"""Two-stage ridge regression in proportional asymptotics: closed forms for a weak supervisor and its student.

Isotropic inputs, truth of squared length `r2`, label noise `sigma2`, aspect ratios `gamma = d / n` (supervisor) and
`gamma_s = d / N` (student), penalties per example: `(X'X / n + lambda)^-1 X'y / n`. The mechanism is that of Moniri and
Hassani (arXiv 2505.18346), an under-regularised supervisor that the student's penalty repairs; the formulas are moments
of the Marchenko-Pastur law.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import FloatArray, InputError, register
from w2sg.worlds.common import affordable, means_of, within
from w2sg.worlds.contract import Simulation, World


@dataclass(frozen=True)
class RidgeMoments:
    """Moments of one stage over the eigenvalues `s` of `X'X / n`, where `shrinkage = s / (s + lambda)`.

    Attributes:
        first: Mean shrinkage.
        second: Mean squared shrinkage.
        noise: Squared length of the estimate of nothing but unit noise, `gamma E[s / (s + lambda)^2]`.
    """

    first: float
    second: float
    noise: float


def ridge_moments(gamma: float, penalty: float) -> RidgeMoments:
    """Return the moments of ridge regression with `gamma = d / n`; `penalty = 0` is the least-norm solution.

    With `root = sqrt((1 - gamma + penalty)^2 + 4 gamma penalty)` the mean shrinkage is
    `2 / (1 + gamma + penalty + root)`, and its derivative by the penalty, `-first / root`, gives the other two.

    Raises:
        InputError: A value is negative, or gamma is 1 without a penalty: the noise is infinite there.
    """
    within(0, math.inf, gamma=gamma, penalty=penalty)
    # The Stieltjes transform of the Marchenko-Pastur law at -penalty, in a form that loses no digits for a small
    # penalty: its usual form is a difference of two nearly equal numbers there.
    root = math.hypot(1 - gamma + penalty, 2 * math.sqrt(gamma) * math.sqrt(penalty))
    if root == 0:
        raise InputError("gamma must not be 1 where the penalty is 0: the risk is infinite at the interpolation peak")
    first = 2 / (1 + gamma + penalty + root)
    # moments of the squared shrinkage are derivatives of the first by the penalty
    return RidgeMoments(first, first * (1 - penalty / root), gamma * first / root)


@dataclass(frozen=True)
class RidgeRisks:
    """Excess risks of a ridge supervisor and its student, and their misfit."""

    weak: float
    student: float
    misfit: float

    @property
    def gain(self) -> float:
        """Supervisor's risk less student's risk."""
        return self.weak - self.student


def two_stage_ridge_risks(
    gamma: float, sigma2: float, lambda_t: float, lambda_s: float, gamma_s: float | None = None, r2: float = 1.0
) -> RidgeRisks:
    """Return the limits for a student trained on noise-free labels of the supervisor; `gamma_s` is `gamma` by default.

    Raises:
        InputError: See `ridge_moments`; `sigma2` or `r2` is negative.
    """
    within(0, math.inf, sigma2=sigma2, r2=r2)
    supervisor, student = ridge_moments(gamma, lambda_t), ridge_moments(gamma if gamma_s is None else gamma_s, lambda_s)
    squared = r2 * supervisor.second + sigma2 * supervisor.noise
    return RidgeRisks(
        weak=r2 * (1 - 2 * supervisor.first) + squared,
        student=r2 * (1 - 2 * supervisor.first * student.first) + student.second * squared,
        misfit=(1 - 2 * student.first + student.second) * squared,
    )


def best_weak_penalty(gamma: float, sigma2: float, r2: float = 1.0) -> float:
    """Return the supervisor's best penalty, `gamma sigma2 / r2`; only a supervisor below it can be improved.

    Raises:
        InputError: `r2` is not above 0, or another value is negative.
    """
    within(0, math.inf, gamma=gamma, sigma2=sigma2)
    within(math.ulp(0.0), math.inf, r2=r2)
    return gamma * sigma2 / r2


def best_student_penalty(
    gamma: float, sigma2: float, lambda_t: float, gamma_s: float | None = None, r2: float = 1.0
) -> float:
    """Return the student's best penalty: 0 where the supervisor is regularised enough.

    It solves `E[s^2 / (s + l)^3] / E[s / (s + l)^2] = k`, where `k` is the factor by which the supervisor should
    shrink; the left side falls from 1 to 0. Infinite where there is no signal.

    Raises:
        InputError: See `two_stage_ridge_risks`.
    """
    from scipy.optimize import brentq

    within(0, math.inf, sigma2=sigma2, r2=r2)
    supervisor, g = ridge_moments(gamma, lambda_t), gamma if gamma_s is None else gamma_s
    within(0, math.inf, gamma_s=g)
    # the best student multiplies the supervisor's answers by their regression on the truth, wanted / squared: a factor
    # of 1 or more leaves nothing to shrink
    wanted, squared = r2 * supervisor.first, r2 * supervisor.second + sigma2 * supervisor.noise
    if wanted >= squared:
        return 0.0
    if wanted == 0:
        return math.inf

    # share = penalty / (1 + penalty) brings penalties from 0 to infinity into a bounded interval for the root finder
    def excess(share: float) -> float:
        penalty = share / (1 - share)
        root = math.hypot(1 - g + penalty, 2 * math.sqrt(g) * math.sqrt(penalty))
        slope = penalty * (1 + g + penalty) / root**2
        return 1 - (penalty / root + slope) / 2 - wanted / squared

    tiny = 1e-12
    # the best factor is 1 up to rounding, or gamma_s is at the interpolation peak, where the tiniest penalty shrinks
    # much
    if excess(tiny) <= 0:
        return 0.0
    share = float(brentq(excess, tiny, 1 - tiny, xtol=1e-14))
    return share / (1 - share)


@register(paper="2505.18346")
class TwoStageRidgeWorld(World):
    """Ridge on ridge: a student's penalty repairs a supervisor that was regularised too little."""

    kind: Literal["two-stage-ridge"] = "two-stage-ridge"
    gamma: float = Field(0.5, gt=0, le=100, description="dimension over the supervisor's labels")
    sigma2: float = Field(1.0, ge=0, description="variance of the label noise")
    lambda_t: float = Field(0.1, ge=0, description="the supervisor's penalty")
    lambda_s: float | None = Field(None, ge=0, description="the student's penalty; none for its best one")
    gamma_s: float | None = Field(None, gt=0, le=100, description="dimension over the student's labels; none for gamma")
    r2: float = Field(1.0, gt=0, description="squared length of the truth")
    d: int = Field(400, ge=10, le=4000, description="dimension that is simulated")
    trials: int = Field(20, ge=2, description="simulated worlds")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        two_stage_ridge_risks(*self._stage, self._penalty, self.gamma_s, self.r2)
        return self

    @property
    def _stage(self) -> tuple[float, float, float]:
        return self.gamma, self.sigma2, self.lambda_t

    @property
    def _penalty(self) -> float:
        if self.lambda_s is not None:
            return self.lambda_s
        return best_student_penalty(*self._stage, self.gamma_s, self.r2)

    def exact(self) -> Mapping[str, float]:
        """Return the limits of the risks, and what the best penalties would give."""
        best_t = best_weak_penalty(self.gamma, self.sigma2, self.r2)
        best_s = best_student_penalty(*self._stage, self.gamma_s, self.r2)
        risks = two_stage_ridge_risks(*self._stage, self._penalty, self.gamma_s, self.r2)
        best = two_stage_ridge_risks(*self._stage, best_s, self.gamma_s, self.r2)
        return {
            "weak_risk": risks.weak,
            "student_risk": risks.student,
            "gain": risks.gain,
            "misfit": risks.misfit,
            "lambda_s": self._penalty,
            "best_lambda_s": best_s,
            "best_student_risk": best.student,
            "best_lambda_t": best_t,
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Fit both stages in `d` dimensions; risks are exact given the fits.

        Raises:
            InputError: There would be too many labels to draw.
        """
        truth = np.zeros(self.d)
        truth[0] = math.sqrt(self.r2)
        gamma_s = self.gamma if self.gamma_s is None else self.gamma_s
        rows = []
        for _ in range(self.trials):
            supervisor = self._fit(truth, self.gamma, self.lambda_t, self.sigma2, rng)
            student = self._fit(supervisor, gamma_s, self._penalty, 0.0, rng)
            weak, strong = np.sum((supervisor - truth) ** 2), np.sum((student - truth) ** 2)
            misfit = np.sum((supervisor - student) ** 2)
            rows.append({"weak_risk": weak, "student_risk": strong, "gain": weak - strong, "misfit": misfit})
        return means_of(rows)

    def _fit(
        self, truth: FloatArray, gamma: float, penalty: float, noise: float, rng: np.random.Generator
    ) -> FloatArray:
        n = max(1, round(self.d / gamma))
        affordable(n, self.d)
        x = rng.standard_normal((n, self.d))
        y = x @ truth + math.sqrt(noise) * rng.standard_normal(n)
        # with fewer labels than dimensions the dual form solves n equations in the place of d, and allows a penalty of
        # 0
        if n < self.d:
            return np.asarray(x.T @ np.linalg.solve(x @ x.T + n * penalty * np.eye(n), y))
        return np.asarray(np.linalg.solve(x.T @ x + n * penalty * np.eye(self.d), x.T @ y))
