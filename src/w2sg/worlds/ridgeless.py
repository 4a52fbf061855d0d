"""RidgelessLimit regression on a surrogate's labels: which surrogate teaches best, and what it gains over true labels.

Gaussian inputs with covariance eigenvalues `lam`, `(p,)`; the student is the least-norm interpolator of `n < p` labels
`x'b + noise` of a surrogate `b`, scored against the truth `beta`. Structure: Ildiz et al. (arXiv 2410.18837); the
formulas are the usual deterministic equivalents of ridgeless regression, right to order `1 / n`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator

from w2sg.core import BoolArray, FloatArray, InputError, register
from w2sg.worlds.common import above, means_of, within
from w2sg.worlds.contract import Simulation, World


def effective_ridge(eigenvalues: ArrayLike, n: float) -> float:
    """Return `tau` with `sum lam / (lam + tau) = n`, the ridge that least-norm interpolation of `n` labels acts by.

    Raises:
        InputError: Eigenvalues are not positive and finite, or `n` is not between 0 and their number.
    """
    from scipy.optimize import brentq

    lam = _vector("eigenvalues", eigenvalues)
    if not (lam > 0).all():
        raise InputError("eigenvalues must be above 0: leave out directions without variance")
    above(0, n=n)
    if n >= len(lam):
        raise InputError(f"n must be below the number of eigenvalues, {len(lam)}, got {n:g}: else nothing is left over")

    # the sum falls from p to 0 as tau grows over many orders of magnitude, so the root is sought on a log scale
    def left(log_tau: float) -> float:
        return float((1 / (1 + np.exp(log_tau) / lam)).sum() - n)

    low, high = math.log(lam.min()) - 1, math.log(lam.sum()) - math.log(n) + 1
    # for steep spectra the first guess from below can be too high by more than one factor
    while left(low) < 0:
        low -= 10
    return math.exp(float(brentq(left, low, high, xtol=1e-14, rtol=1e-14)))


@dataclass(frozen=True)
class RidgelessLimit:
    """The limit of ridgeless regression on one spectrum.

    Attributes:
        eigenvalues: Of the inputs' covariance, `(p,)`.
        tau: The ridge that it acts by.
        zeta: Share of each coordinate that is not learned, `tau / (lam + tau)`.
        omega: `sum (1 - zeta)^2 / n`: share of the labels' noise that is kept, before `1 / (1 - omega)`.
    """

    eigenvalues: FloatArray
    tau: float
    zeta: FloatArray
    omega: float

    @classmethod
    def of(cls, eigenvalues: ArrayLike, n: float) -> "RidgelessLimit":
        """Return the limit for `n` labels.

        Raises:
            InputError: See `effective_ridge`.
        """
        tau = effective_ridge(eigenvalues, n)
        lam = np.asarray(eigenvalues, dtype=np.float64)
        zeta = tau / (lam + tau)
        return cls(lam, tau, zeta, float(np.sum((1 - zeta) ** 2) / n))

    def risk(self, beta: ArrayLike, surrogate: ArrayLike, noise: float = 0.0) -> float:
        """Return the excess risk against `beta` of a student trained on the surrogate's labels.

        Raises:
            InputError: A vector does not fit the spectrum, or the noise is negative.
        """
        b, truth = self._checked("surrogate", surrogate), self._checked("beta", beta)
        within(0, math.inf, noise=noise)
        # what is learned of the surrogate, less the truth; then the noise that interpolation adds, and what is not
        # learned acts as noise too
        bias = np.sum(self.eigenvalues * ((1 - self.zeta) * b - truth) ** 2)
        unlearned = np.sum(self.eigenvalues * self.zeta**2 * b**2)
        return float(bias + self.omega / (1 - self.omega) * (noise + unlearned))

    def best_factors(self) -> FloatArray:
        """Return `b / beta` of the best surrogate, `(p,)`; above 1 where `1 - zeta > omega`."""
        # the risk is quadratic in each coordinate of the surrogate, so the best factor is a ratio of two coefficients:
        # above 1 to make up for shrinkage, below 1 where a coordinate mostly feeds the noise
        learned = 1 - self.zeta
        return np.asarray(learned / (learned**2 + self.zeta**2 * self.omega / (1 - self.omega)))

    def best_mask(self) -> BoolArray:
        """Return which coordinates the best surrogate keeps if it may only keep or drop, `(p,)`."""
        # keeping a coordinate pays where what it adds to the answer exceeds what it adds to the noise
        return np.asarray(1 - self.zeta**2 > self.omega)

    def _checked(self, name: str, values: ArrayLike) -> FloatArray:
        vector = _vector(name, values)
        if vector.shape != self.eigenvalues.shape:
            raise InputError(f"{name} must have one value for each of {len(self.eigenvalues)} eigenvalues")
        return vector


def _vector(name: str, values: ArrayLike) -> FloatArray:
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1 or not len(vector) or not np.isfinite(vector).all():
        raise InputError(f"{name} must be a list of finite numbers, got shape {vector.shape}")
    return vector


@register(paper="2410.18837")
class RidgelessWorld(World):
    """Least-norm students of true labels, of the best surrogate, and of the best mask, under power laws."""

    kind: Literal["ridgeless"] = "ridgeless"
    p: int = Field(500, ge=2, le=4000, description="dimension")
    n: int = Field(200, ge=1, description="labels, fewer than p")
    decay: float = Field(2.0, ge=0, le=5, description="eigenvalue i is i to the power of -decay")
    signal_decay: float = Field(1.5, ge=0, le=5, description="eigenvalue times squared coefficient falls like this")
    noise: float = Field(0.0, ge=0, description="variance of the label noise")
    trials: int = Field(20, ge=2, description="simulated samples")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.n >= self.p:
            raise ValueError(f"n must be below p, got {self.n} and {self.p}: there is no gain where labels suffice")
        return self

    def _world(self) -> tuple[RidgelessLimit, FloatArray, dict[str, FloatArray]]:
        """Return the limit, the truth, and surrogates by name."""
        index: FloatArray = np.arange(1, self.p + 1, dtype=np.float64)
        limit = RidgelessLimit.of(index**-self.decay, self.n)
        beta = index ** ((self.decay - self.signal_decay) / 2)
        kinds = {
            "standard": beta,
            "optimal_surrogate": limit.best_factors() * beta,
            "best_mask": limit.best_mask() * beta,
        }
        return limit, beta, kinds

    def exact(self) -> Mapping[str, float]:
        """Return the limits of the three students' risks, and what the surrogates look like."""
        limit, beta, kinds = self._world()
        factors = limit.best_factors()
        return {
            **{f"{name}_risk": limit.risk(beta, surrogate, self.noise) for name, surrogate in kinds.items()},
            "tau": limit.tau,
            "omega": limit.omega,
            "n_amplified": float(np.sum(factors > 1)),
            "largest_factor": float(factors.max()),
            "n_kept": float(np.sum(limit.best_mask())),
            "mask_surrogate_risk": float(np.sum(limit.eigenvalues * (kinds["best_mask"] - beta) ** 2)),
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Interpolate each surrogate's labels on the same fresh inputs; risks are exact given the fits.

        Raises:
            InputError: The spectrum is too steep for double precision.
        """
        limit, beta, kinds = self._world()
        if limit.eigenvalues.max() > 1e12 * limit.tau:
            raise InputError("the spectrum falls too fast to be interpolated in double precision: lower 'decay' or 'n'")
        surrogates = np.stack(list(kinds.values()), axis=1)
        rows = []
        for _ in range(self.trials):
            x = rng.standard_normal((self.n, self.p)) * np.sqrt(limit.eigenvalues)
            y = x @ surrogates + math.sqrt(self.noise) * rng.standard_normal((self.n, 1))
            # all surrogates label the same inputs, so one factorisation serves them, and their risks are paired
            fits = x.T @ np.linalg.solve(x @ x.T, y)
            risks = limit.eigenvalues @ (fits - beta[:, None]) ** 2
            rows.append({f"{name}_risk": float(risk) for name, risk in zip(kinds, risks, strict=True)})
        return means_of(rows)
