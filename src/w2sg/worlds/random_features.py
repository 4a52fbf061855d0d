"""The most that early stopping can give a wide student: random-feature weak supervisors and the quadratic limit.

The truth has variance 1. The supervisor is its least-squares projection onto `M` random features over infinite data, so
that its risk `L` is the share of variance that it misses; the student is trained by gradient flow from 0 on the
supervisor's labels and stopped at its best moment. Medvedev, Lyu, Yu, Arora, Li, Srebro (arXiv 2503.02877).

Linear features: inputs have covariance `(1, rho, ..., rho)`, `rho = d^(-2/3)`, the truth is the first coordinate.
Then the supervisor's share is `1 - L = q / (1 + q)` with `q = chi2_M / (rho chi2_(d - M))`, and an infinitely wide
student at time `t` has multiplied the first coordinate by `1 - exp(-t)` and the others by `1 - exp(-rho t)`. ReLU
features: inputs are uniform on the sphere, the truth is linear, the student keeps what is linear in the supervisor.
"""

import math
from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator

from w2sg.core import FloatArray, InputError, register
from w2sg.worlds.common import means_of, wishart
from w2sg.worlds.contract import Simulation, World

QUANTILES = 400
"""Gauss-Legendre nodes over the supervisor's quantiles; means are right to about 1e-6."""


def student_floor(weak_risk: float) -> float:
    """Return `(1 - sqrt(1 - L))^2`, the least risk of a student that contracts a least-squares supervisor's function.

    Both risks are shares of the truth's variance. It is at least `L^2 / 4`. Gradient flow from 0, ridge, and any
    averaging are contractions.

    Raises:
        InputError: The supervisor's risk is not from 0 to 1.
    """
    if not 0 <= weak_risk <= 1:
        raise InputError(f"supervisor's risk must be a share of the truth's variance, from 0 to 1, got {weak_risk}")
    # (1 - root)^2 without the cancellation for small risks: 1 - root = L / (1 + root)
    root = math.sqrt(1 - weak_risk)
    return (weak_risk / (1 + root)) ** 2


def filtered_student_floor(weak_risk: float) -> float:
    """Return `(sqrt(1 + 3L) - sqrt(1 - L))^2 / 4`, the least risk of a student that filters a least-squares supervisor.

    A filter is `s = P w` with P symmetric and `0 <= P <= 1`, such as gradient flow from 0 or kernel ridge on infinite
    data. Then `<s, w> >= |s|^2`, which is to say that `s` lies in the ball around `w / 2` of radius `|w| / 2`. A
    projection has `|w|^2 = <w, t> = 1 - L` for the truth `t` of length 1, so the ball's centre has the squared distance
    `1 - (1 - L) + (1 - L) / 4` from it, and the ball itself that distance less its radius. The nearest point can be
    had: it lies on the ball's surface, where `s` is the projection of `w` onto the line through it. For small risks the
    floor is `L^2`, four times that of any contraction.

    Raises:
        InputError: The supervisor's risk is not from 0 to 1.

    >>> round(filtered_student_floor(0.1) / 0.1**2, 3), round(student_floor(0.1) / 0.1**2, 3)
    (0.917, 0.263)
    """
    student_floor(weak_risk)
    # the difference of roots without cancellation, as in the other floor
    return (2 * weak_risk / (math.sqrt(1 + 3 * weak_risk) + math.sqrt(1 - weak_risk))) ** 2


def spike_student_risk(weak_risk: float) -> float:
    """Return `L^2`: the risk of a student that keeps exactly the truth's direction of a least-squares supervisor.

    Raises:
        InputError: The supervisor's risk is not from 0 to 1.
    """
    student_floor(weak_risk)
    return weak_risk**2


def best_stopped_risk(weak_risk: ArrayLike, rho: float) -> FloatArray:
    """Return the risk of an infinitely wide student of linear features at its best stopping time.

    Args:
        weak_risk: Risks L of supervisors, each above 0 and below 1.
        rho: Variance of all coordinates but the first; below 1.

    Raises:
        InputError: A value is out of range.
    """
    risk = np.asarray(weak_risk, dtype=np.float64)
    if not ((risk > 0) & (risk < 1)).all() or not 0 < rho < 1:
        raise InputError("supervisor's risks and rho must be above 0 and below 1")
    # bisection on all risks at once; after 800 / (1 - rho) the exponential below is 0 in double precision, so no risk
    # falls there any more
    low, high = np.zeros_like(risk), np.full_like(risk, 800 / (1 - rho))
    for _ in range(100):
        time = (low + high) / 2
        # the slope of the risk in time, up to a factor below 0: it falls from above 0, so it has one zero
        rising = (1 + np.expm1(-time) * (1 - risk)) * np.exp(-(1 - rho) * time) > -rho * risk * np.expm1(-rho * time)
        low, high = np.where(rising, time, low), np.where(rising, high, time)
    kept, leaked = -np.expm1(-low), -np.expm1(-rho * low)
    return np.asarray((1 - kept * (1 - risk)) ** 2 + leaked**2 * risk * (1 - risk))


def linear_weak_risks(m: int, d: int, rho: float) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of the law of a linear supervisor's risk with `m` of `d` random features.

    Raises:
        InputError: `m` is not from 1 to `d - 1`.
    """
    from scipy.stats import beta

    if not 1 <= m < d:
        raise InputError(f"the supervisor needs from 1 to d - 1 = {d - 1} features, got {m}")
    nodes, weights = np.polynomial.legendre.leggauss(QUANTILES)
    # chi2_M / (chi2_M + chi2_(d - M)) is Beta(M / 2, (d - M) / 2): quadrature over its quantiles
    share = beta.ppf((nodes + 1) / 2, m / 2, (d - m) / 2)
    return 1 / (1 + share / (1 - share) / rho), weights / 2


@register(paper="2503.02877")
class RandomFeatureLimitWorld(World):
    """Supervisors of random features, and students stopped at their best moment, beside the quadratic limit."""

    kind: Literal["random-feature-limit"] = "random-feature-limit"
    M: int = Field(512, ge=1, le=100_000, description="the supervisor's features")
    d: int | None = Field(None, ge=2, le=100_000_000, description="dimension; none for M^1.5, or 32 for ReLU features")
    features: Literal["linear", "relu"] = Field("linear", description="kind of random features")
    student_width: int | None = Field(
        None, ge=1, le=10_000_000, description="features of a linear student; none for infinitely many"
    )
    trials: int = Field(100, ge=2, description="simulated supervisors")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.features == "relu":
            if self.M > 4096 or self._d > 4096 or self.student_width:
                raise ValueError("ReLU features need M and d up to 4096, and a student of infinite width")
        elif self._d <= self.M:
            raise ValueError(f"M must be below d, got {self.M} and {self._d}: else the supervisor misses nothing")
        elif self.student_width and not self._d <= min(2000, self.student_width):
            raise ValueError("a student of finite width needs d up to 2000 and at least d features")
        return self

    @property
    def _d(self) -> int:
        return self.d or (32 if self.features == "relu" else max(2, round(self.M**1.5)))

    @property
    def _rho(self) -> float:
        return float(self._d ** (-2 / 3))

    def exact(self) -> Mapping[str, float]:
        """Return means over supervisors of linear features, for a student of infinite width; nothing for ReLU ones."""
        if self.features == "relu":
            return {}
        risks, weights = linear_weak_risks(self.M, self._d, self._rho)
        best = best_stopped_risk(risks, self._rho)
        exact = {
            "weak_risk": float(weights @ risks),
            "floor": float(weights @ [student_floor(risk) for risk in risks]),
            "filtered_floor": float(weights @ [filtered_student_floor(risk) for risk in risks]),
        }
        if self.student_width is None:
            exact["student_risk"] = float(weights @ best)
            exact["ratio_to_square"] = float(weights @ (best / risks**2))
            exact["pgr"] = float(weights @ (1 - best / risks))
        return exact

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Draw supervisors and train their students; risks are exact given the features."""
        draw = self._relu if self.features == "relu" else self._linear
        rows = []
        for _ in range(self.trials):
            supervisor, student = draw(rng)
            rows.append(
                {
                    "weak_risk": supervisor,
                    "floor": student_floor(supervisor),
                    "filtered_floor": filtered_student_floor(supervisor),
                    "student_risk": student,
                    "ratio_to_square": student / supervisor**2,
                    "pgr": 1 - student / supervisor,
                }
            )
        return means_of(rows)

    def _linear(self, rng: np.random.Generator) -> tuple[float, float]:
        if self.student_width is None:
            q = rng.chisquare(self.M) / rng.chisquare(self._d - self.M) / self._rho
            return 1 / (1 + q), float(best_stopped_risk(1 / (1 + q), self._rho))
        scale = np.full(self._d, math.sqrt(self._rho))
        scale[0] = 1.0
        # an orthonormal basis of the space of the random features; the first coordinate is the truth
        features = np.linalg.qr(scale[:, None] * rng.standard_normal((self._d, self.M)))[0]
        supervisor = features @ features[0]
        kernel = scale[:, None] * wishart(self._d, self.student_width, rng) * scale / self.student_width
        rates, axes = np.linalg.eigh(kernel)
        # the best moment lies where the truth is learned and the rest is not: between 1 and 1 / rho on a logarithmic
        # scale
        times = np.geomspace(0.1, 100 / self._rho, 400)
        missed = axes.T @ -supervisor
        missed = axes[0][:, None] + missed[:, None] * -np.expm1(-np.outer(rates, times))
        return float(1 - supervisor[0]), float((missed**2).sum(axis=0).min())

    def _relu(self, rng: np.random.Generator) -> tuple[float, float]:
        """Return risks from the arc-cosine kernel; the truth is `sqrt(d) x_1`."""
        u = rng.standard_normal((self.M, self._d))
        u /= np.linalg.norm(u, axis=1, keepdims=True)
        # the arc-cosine kernel of degree 1 is the inner product of two ReLU features over uniform inputs, so that
        # infinite data cost no sampling
        angle = np.arccos(np.clip(u @ u.T, -1, 1))
        gram = (np.sin(angle) + (math.pi - angle) * np.cos(angle)) / (2 * math.pi * self._d)
        # inner products with sqrt(d) x, the linear part of a ReLU; a student that is stopped early keeps these only
        cross = u / (2 * math.sqrt(self._d))
        supervisor = np.linalg.solve(gram, cross[:, 0])
        linear = cross.T @ supervisor
        linear[0] -= 1
        return float(1 - cross[:, 0] @ supervisor), float(linear @ linear)
