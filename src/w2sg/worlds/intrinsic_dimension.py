"""Variance of least squares in two subspaces: the part of the weak supervisor's error that no student inherits.

The supervisor fits `n` clean labels on `d_w` features, the student `N` of the supervisor's labels on `d_s`, the ceiling
`n + N` clean labels on the student's features; the truth is linear in both. `d_sw` is the sum of squared canonical
correlations of both feature spaces. Risks are excess risks, in units of the label noise `sigma2`, squared.

Dong, Li, Li, Lee, Lei (arXiv 2502.05075) give the form with `d_s / N`; for Gaussian features and fresh test points the
share of the discrepancy that is inherited is `d_s / (N - d_s - 1)` exactly, and so it stands here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import register
from w2sg.worlds.common import above, affordable, least_squares, means_of, ratio_of, within
from w2sg.worlds.contract import Simulation, World


def least_squares_variance(d: float, n: float, sigma2: float = 1.0) -> float:
    """Return the expected excess risk `sigma2 d / (n - d - 1)` of least squares on `n` labels in `d` Gaussian features.

    Raises:
        InputError: `d` or `sigma2` is negative, or `n` is at most `d + 1`: the mean is infinite there.
    """
    within(0, math.inf, d=d, sigma2=sigma2)
    above(d + 1, n=n)
    return sigma2 * d / (n - d - 1)


@dataclass(frozen=True)
class VarianceRisks:
    """Expected excess risks of a least-squares supervisor, its student and the ceiling, and the misfit."""

    weak: float
    student: float
    ceiling: float
    misfit: float

    @property
    def gain(self) -> float:
        """Supervisor's risk less student's risk."""
        return self.weak - self.student

    @property
    def pgr(self) -> float:
        """Performance gap recovered; nan where supervisor and ceiling are equally good."""
        return self.gain / (self.weak - self.ceiling) if self.weak != self.ceiling else math.nan


def variance_risks(
    d_w: float, d_s: float, d_sw: float, n: float, n_transfer: float, sigma2: float = 1.0
) -> VarianceRisks:
    """Return the risks of a world without bias; dimensions may be effective ones, not whole numbers.

    The student keeps the supervisor's error on the shared part and, of the rest, the share `d_s / (N - d_s - 1)` that
    least squares makes of what its features cannot express.

    Raises:
        InputError: A dimension is negative, `d_sw` exceeds another, or there are too few labels.
    """
    within(0, math.inf, d_w=d_w, d_s=d_s)
    within(0, min(d_w, d_s), d_sw=d_sw)
    above(d_w + 1, n=n)
    above(d_s + 1, n_transfer=n_transfer)
    within(0, math.inf, sigma2=sigma2)
    # The supervisor's error is spread evenly over its d_w directions. What the student's features share of them it must
    # copy; the rest looks like noise to it, and least squares averages noise down to d_s / (N - d_s - 1) of it.
    unit, inherited = sigma2 / (n - d_w - 1), d_s / (n_transfer - d_s - 1)
    return VarianceRisks(
        weak=d_w * unit,
        student=(d_sw + inherited * (d_w - d_sw)) * unit,
        ceiling=least_squares_variance(d_s, n + n_transfer, sigma2),
        misfit=(1 + inherited) * (d_w - d_sw) * unit,
    )


@register(paper="2502.05075")
class IntrinsicDimensionWorld(World):
    """Least squares in two subspaces that share some directions: variance only, exact."""

    kind: Literal["intrinsic-dimension"] = "intrinsic-dimension"
    d_w: int = Field(80, ge=1, le=2000, description="dimension of the supervisor's features")
    d_s: int = Field(40, ge=1, le=2000, description="dimension of the student's features")
    d_sw: float = Field(10.0, ge=0, description="sum of squared canonical correlations of both")
    n: int = Field(200, ge=3, le=100_000, description="clean labels of the supervisor")
    N: int = Field(1000, ge=3, le=100_000, description="weak labels of the student")
    sigma: float = Field(1.0, gt=0, description="standard deviation of the label noise")
    trials: int = Field(100, ge=2, description="simulated worlds")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        self._risks()
        affordable(self.n + self.N, self.d_w + self.d_s)
        return self

    def _risks(self) -> VarianceRisks:
        return variance_risks(self.d_w, self.d_s, self.d_sw, self.n, self.N, self.sigma**2)

    def exact(self) -> Mapping[str, float]:
        """Return expected excess risks, gain, misfit and PGR (as a ratio of expectations)."""
        risks = self._risks()
        return {
            "weak_risk": risks.weak,
            "student_risk": risks.student,
            "ceiling_risk": risks.ceiling,
            "gain": risks.gain,
            "misfit": risks.misfit,
            "pgr": risks.pgr,
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Fit supervisor, student and ceiling in fresh worlds; risks are exact given the fits."""
        rows = [self._trial(rng) for _ in range(self.trials)]
        shortfall = [row["weak_risk"] - row["ceiling_risk"] for row in rows]
        return {**means_of(rows), "pgr": ratio_of([row["gain"] for row in rows], shortfall)}

    def _trial(self, rng: np.random.Generator) -> dict[str, float]:
        """Coordinates: the supervisor's `d_w` features, then those that only the student has; the truth is 0."""
        # d_sw need not be whole: whole directions are shared fully, and one more at the angle whose squared cosine is
        # the rest
        whole = int(self.d_sw)
        strong = np.zeros((self.d_w + self.d_s - whole, self.d_s))
        cosines = np.zeros(self.d_s)
        cosines[:whole] = 1.0
        if whole < self.d_s:
            cosines[whole] = math.sqrt(self.d_sw - whole)
        shared = np.arange(min(self.d_w, self.d_s))
        strong[shared, shared] = cosines[shared]
        # what a direction of the student lacks of unit length it has in a coordinate that the supervisor does not see
        own = np.arange(whole, self.d_s)
        strong[self.d_w + own - whole, own] = np.sqrt(1 - cosines[own] ** 2)
        weak = np.zeros(len(strong))
        noise = self.sigma * rng.standard_normal(self.n + self.N)
        x = rng.standard_normal((self.n, len(strong)))
        weak[: self.d_w] = least_squares(x[:, : self.d_w], noise[: self.n])
        unlabelled = rng.standard_normal((self.N, len(strong)))
        student = strong @ least_squares(unlabelled @ strong, unlabelled @ weak)
        ceiling = least_squares(np.concatenate([x, unlabelled]) @ strong, noise)
        return {
            "weak_risk": float(weak @ weak),
            "student_risk": float(student @ student),
            "ceiling_risk": float(ceiling @ ceiling),
            "gain": float(weak @ weak - student @ student),
            "misfit": float(np.sum((weak - student) ** 2)),
        }
