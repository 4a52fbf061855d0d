"""How risks fall with the number of gold labels, for an interpolating supervisor and a student that is regularised.

Gaussian inputs with covariance eigenvalues `i^-a`, a truth of power `i^-b` in direction `i`, noisy gold labels. The
supervisor interpolates `n` of them; the student is kernel ridge regression on its answers to infinitely many inputs.
This is the limit of many random features of the setting of Wu, Chen, Misiakiewicz, Mondelli (arXiv 2603.05691); the
formulas are the deterministic equivalents of `w2sg.worlds.ridgeless`, right to order `1 / n`.
"""

import math
from collections.abc import Callable, Mapping
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator
from scipy.optimize import minimize_scalar

from w2sg.core import FloatArray, InputError, register
from w2sg.worlds.common import affordable, means_of
from w2sg.worlds.contract import Simulation, World
from w2sg.worlds.ridgeless import RidgelessLimit


@register(paper="2603.05691")
class ScalingExponentWorld(World):
    """Risks as powers of the number of labels: an interpolating supervisor, its ridge student, and tuned ridge."""

    kind: Literal["scaling-exponent"] = "scaling-exponent"
    p: int = Field(2000, ge=4, le=1_000_000, description="dimension")
    n: int = Field(100, ge=2, description="gold labels, fewer than half of p")
    decay: float = Field(1.5, gt=1, le=5, description="eigenvalue i is i to the power of -decay")
    signal_decay: float = Field(2.0, gt=1, le=5, description="eigenvalue times squared coefficient falls like this")
    noise: float = Field(1.0, gt=0, description="variance of the label noise")
    trials: int = Field(40, ge=2, description="simulated samples")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if 2 * self.n >= self.p:
            raise ValueError(f"2 n must be below p, got {2 * self.n} and {self.p}: exponents are between n and 2 n")
        return self

    def exact(self) -> Mapping[str, float]:
        """Return the risks at `n` labels, and the powers of n with which they fall from there to `2 n`."""
        now, then = self._risks(self.n), self._risks(2 * self.n)
        exponents = {f"{name}_exponent": -math.log2(then[name] / now[name]) for name in now}
        return {
            **{f"{name}_risk": risk for name, risk in now.items()},
            **exponents,
            "limit_weak_risk": (self.decay - 1) * self.noise,
            "limit_exponent": 1 - 1 / min(self.signal_decay, 1 + 2 * self.decay),
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Interpolate fresh labels, and shrink what comes of it; risks are exact given the fits.

        Raises:
            InputError: A sample is too large, or the spectrum too steep for double precision.
        """
        affordable(self.n, self.p)
        lam, theta = self._spectrum()
        limit = RidgelessLimit.of(lam, self.n)
        if lam.max() > 1e12 * limit.tau:
            raise InputError("the spectrum falls too fast to be interpolated in double precision: lower 'decay' or 'n'")
        penalty = self._best(lambda penalty: self._student(limit, self.n, penalty))
        rows = []
        for _ in range(self.trials):
            x = rng.standard_normal((self.n, self.p)) * np.sqrt(lam)
            y = x @ theta + math.sqrt(self.noise) * rng.standard_normal(self.n)
            weak = x.T @ np.linalg.solve(x @ x.T, y)
            fits = {"weak_risk": weak, "student_risk": lam / (lam + penalty) * weak}
            rows.append({name: float(lam @ (fit - theta) ** 2) for name, fit in fits.items()})
        return means_of(rows)

    def _spectrum(self) -> tuple[FloatArray, FloatArray]:
        """Return the eigenvalues and the truth's coefficients, each `(p,)`."""
        index = np.arange(1, self.p + 1, dtype=np.float64)
        return index**-self.decay, index ** ((self.decay - self.signal_decay) / 2)

    def _risks(self, n: int) -> dict[str, float]:
        """Return the limits for `n` labels of the supervisor, of its best student, and of the best ridge on gold."""
        lam, theta = self._spectrum()
        limit = RidgelessLimit.of(lam, n)
        return {
            "weak": limit.risk(theta, theta, self.noise),
            "student": self._student(limit, n, self._best(lambda penalty: self._student(limit, n, penalty))),
            "tuned": self._tuned(n, self._best(lambda ridge: self._tuned(n, ridge), limit.tau)),
        }

    def _student(self, limit: RidgelessLimit, n: int, penalty: float) -> float:
        """Return the limit of the risk of a student with a penalty, on infinitely many inputs."""
        lam, theta = self._spectrum()
        # The supervisor keeps the share 1 - zeta of each coefficient, and noise of equal size in each direction that it
        # learned; the student shrinks both alike.
        shrunk = lam / (lam + penalty) * (1 - limit.zeta)
        noise = self.noise + float(lam @ (limit.zeta * theta) ** 2)
        per_label = noise / (1 - limit.omega) / n
        return float(lam @ ((1 - shrunk) * theta) ** 2 + per_label * shrunk @ shrunk)

    def _tuned(self, n: int, ridge: float) -> float:
        """Return the limit of the risk of ridge regression on the gold labels that acts by this ridge."""
        lam, theta = self._spectrum()
        left = ridge / (lam + ridge)
        kept = float(np.sum((1 - left) ** 2)) / n
        return (float(lam @ (left * theta) ** 2) + kept * self.noise) / (1 - kept)

    def _best(self, risk: Callable[[float], float], least: float = 1e-12) -> float:
        """Return the penalty, at least `least`, with the least risk."""
        found = minimize_scalar(lambda log: risk(math.exp(log)), bounds=(math.log(least), 5.0), method="bounded")
        return math.exp(float(found.x))
