"""Group shift: what moments of representations say of a weak supervisor and a student trained on other mixes.

Labels `y = z'beta + noise` depend on a core `z ~ N(0, I_dz)`; a group feature `xi ~ N(g mu, s^2 I_p)` with `g = 1`
for a share `eta` multiplies it. The supervisor is least squares on `w_T = (1, T'xi)` times z from n labels of mix
`eta_l`, the student on `w_S = (1, S'xi)` times z from N inputs of mix `eta_u`; both are tested on `eta_t`. Risks are
excess risks.

The setting is that of Liu, Dong, Lei (arXiv 2509.24005). With `C_AB(eta) = E[w_A w_B']` and `A = C_SS(u)^-1 C_ST(u)`:

- first order in `dz / n`, for any moments: supervisor `sigma2 dz/n tr(C_TT(l)^-1 C_TT(t))`, student
  `sigma2 dz/n tr(C_TT(l)^-1 A' C_SS(t) A)`;
- proportional: `C_TT(l)^-1` becomes K with `K^-1 = E_l[w_T w_T' / (1 + dz/n w_T'K w_T)]`, the limit for many dimensions
  and labels at a fixed ratio, and the student is charged for fitting what it cannot express.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import FloatArray, InputError, register
from w2sg.worlds.common import above, affordable, least_squares, means_of
from w2sg.worlds.contract import Simulation, World


@dataclass(frozen=True)
class Moments:
    """Second moments of supervisor features `(a, a)`, student features `(b, b)` and both `(b, a)` on three mixes.

    Attributes:
        weak_labelled: `C_TT` where the supervisor's labels are.
        weak_test: `C_TT` where risks are taken.
        strong_unlabelled: `C_SS` where the student is trained.
        strong_test: `C_SS` where risks are taken.
        cross_unlabelled: `C_ST` where the student is trained.
    """

    weak_labelled: FloatArray
    weak_test: FloatArray
    strong_unlabelled: FloatArray
    strong_test: FloatArray
    cross_unlabelled: FloatArray

    def traces(self) -> tuple[float, float]:
        """Return `tr(C_TT(l)^-1 C_TT(t))` and `tr(C_TT(l)^-1 A' C_SS(t) A)`; times `sigma2 / n` they are the risks.

        Raises:
            InputError: Shapes do not fit, a moment is not finite, or one that is inverted is singular.
        """
        for name, value in vars(self).items():
            if not np.isfinite(value).all():
                raise InputError(f"moments {name} must be finite")
        b, a = self.cross_unlabelled.shape
        if {self.weak_labelled.shape, self.weak_test.shape} != {(a, a)}:
            raise InputError(f"moments of the supervisor's features must be {(a, a)}, as their cross moments say")
        if {self.strong_unlabelled.shape, self.strong_test.shape} != {(b, b)}:
            raise InputError(f"moments of the student's features must be {(b, b)}, as their cross moments say")
        # the other moments are only multiplied by, so they may be singular
        for value in (self.weak_labelled, self.strong_unlabelled):
            if np.linalg.cond(value) > 1e12:
                raise InputError("moments that are inverted must not be singular: leave out features that are copies")
        # A: what infinitely many of the supervisor's labels teach the student, its features regressed on the
        # supervisor's
        mapped = np.linalg.solve(self.strong_unlabelled, self.cross_unlabelled)
        student = np.linalg.solve(self.weak_labelled, mapped.T @ self.strong_test @ mapped)
        return float(np.trace(np.linalg.solve(self.weak_labelled, self.weak_test))), float(np.trace(student))


def group_features(
    eta: float, mu: FloatArray, columns: FloatArray, s: float, order: int = 4
) -> tuple[FloatArray, FloatArray]:
    """Return a quadrature of `w = (1, columns' xi)`, exact for polynomials of degree `2 order - 1`.

    Returns:
        Values of w, `(q, 1 + k)` with `q = 2 order^k`, and their probabilities, `(q,)`.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(order)
    k = columns.shape[1]
    grid = np.stack(np.meshgrid(*[nodes] * k, indexing="ij"), axis=-1).reshape(-1, k)
    mass = np.prod(np.stack(np.meshgrid(*[weights] * k, indexing="ij"), axis=-1).reshape(-1, k), axis=1)
    # standard nodes, turned to the covariance of the features; both groups have it, and differ by their mean alone
    spread = s * np.linalg.cholesky(columns.T @ columns)
    centred = grid @ spread.T
    features = np.concatenate([centred, centred + columns.T @ mu])
    features = np.concatenate([np.ones((len(features), 1)), features], axis=1)
    return features, np.concatenate([(1 - eta) * mass, eta * mass]) / mass.sum()


def proportional_inverse(features: FloatArray, weights: FloatArray, ratio: float) -> FloatArray:
    """Return K with `K^-1 = E[w w' / (1 + ratio w'Kw)]`, by iteration from `ratio = 0`.

    Args:
        features: Values of w, `(q, a)`.
        weights: Their probabilities, `(q,)`.
        ratio: Core dimensions for each label; the features' number times this must be below 1.

    Raises:
        InputError: There is no such K.
    """
    a = features.shape[1]
    if not 0 <= ratio * a < 1:
        raise InputError(f"there must be more labels than features, got {ratio * a:g} features for each label")
    second = features.T * weights @ features
    if not np.isfinite(second).all() or np.linalg.cond(second) > 1e12:
        raise InputError("second moments of the features must be finite and not singular: leave out copies")
    inverse = np.linalg.inv(second)
    # K^-1 falls as K grows, so the iteration from the first-order K climbs to the fixed point without overshooting; it
    # is slow only near as many features as labels, where the limit is infinite
    for _ in range(10_000):
        leverage = np.einsum("qa,ab,qb->q", features, inverse, features)
        new = np.linalg.inv(features.T * (weights / (1 + ratio * leverage)) @ features)
        if np.abs(new - inverse).max() <= 1e-12 * np.abs(new).max():
            return np.asarray(new)
        inverse = new
    raise InputError(f"no limit was found for {ratio * a:g} features for each label: too near to 1")


@register(paper="2509.24005")
class GroupShiftWorld(World):
    """Supervisor, student and test on different mixes of two groups."""

    kind: Literal["group-shift"] = "group-shift"
    eta_l: float = Field(0.1, ge=0, le=1, description="share of the group among the supervisor's labels")
    eta_u: float = Field(0.1, ge=0, le=1, description="share of the group among the student's inputs")
    eta_t: float = Field(0.5, ge=0, le=1, description="share of the group in the test")
    dz: int = Field(32, ge=1, le=500, description="core dimensions")
    n: int = Field(3200, ge=2, le=1_000_000, description="clean labels of the supervisor")
    N: int = Field(25_600, ge=2, le=1_000_000, description="weak labels of the student")
    mu: tuple[float, ...] = Field(
        (2, 1, 0, 1, 0, 0, 0, 0), min_length=5, max_length=100, description="the group's mean"
    )
    s: float = Field(1.0, gt=0, description="standard deviation of the group feature")
    sigma: float = Field(1.0, gt=0, description="standard deviation of the label noise")
    overlap: float = Field(
        0.3, ge=0, le=1, description="cosine of each of the student's two axes with one of the supervisor's"
    )
    trials: int = Field(10, ge=2, description="simulated worlds")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        above(4 * self.dz + 1, n=self.n)
        above(3 * self.dz + 1, N=self.N)
        affordable(max(self.N, self.n), 4 * self.dz + len(self.mu))
        return self

    def _axes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the mean `(p,)`, the supervisor's three axes and the student's two, as columns."""
        axes = np.eye(len(self.mu))
        weak, own = axes[:, :3], axes[:, 3:5]
        return (
            np.asarray(self.mu, dtype=np.float64),
            weak,
            self.overlap * axes[:, :2] + math.sqrt(1 - self.overlap**2) * own,
        )

    def exact(self) -> Mapping[str, float]:
        """Return risks in the proportional form, to first order, and by the published limit as it was transcribed."""
        mu, weak, strong = self._axes()
        supervisor, student, both = [0, 1, 2, 3], [0, 4, 5], np.concatenate([weak, strong], axis=1)
        unl, unl_mass = group_features(self.eta_u, mu, both, self.s)
        test, test_mass = group_features(self.eta_t, mu, both, self.s)
        # more nodes than for the other mixes: 1 / (1 + ratio w'Kw) is no polynomial, so what is exact for moments is
        # not enough
        lab, lab_mass = group_features(self.eta_l, mu, weak, self.s, order=12)
        unlabelled, tested = unl.T * unl_mass @ unl, test.T * test_mass @ test
        moments = Moments(
            lab.T * lab_mass @ lab,
            tested[np.ix_(supervisor, supervisor)],
            unlabelled[np.ix_(student, student)],
            tested[np.ix_(student, student)],
            unlabelled[np.ix_(student, supervisor)],
        )
        unit, first = self.sigma**2 * self.dz / self.n, moments.traces()
        inverse = proportional_inverse(lab, lab_mass, self.dz / self.n)
        mapped = np.linalg.solve(moments.strong_unlabelled, moments.cross_unlabelled)
        # what the student's features cannot express of the supervisor's is noise to the student, and is fitted in part
        left = unl[:, supervisor] - unl[:, student] @ mapped
        noise = unl_mass * np.einsum("qa,ab,qb->q", left, inverse, left)
        sandwich = np.linalg.solve(moments.strong_unlabelled, unl[:, student].T * noise @ unl[:, student])
        fitted = np.trace(np.linalg.solve(moments.strong_unlabelled, moments.strong_test) @ sandwich)
        carried = np.trace(inverse @ mapped.T @ moments.strong_test @ mapped)
        published = self._transcribed(mu, weak, strong)
        return {
            "weak_risk": unit * float(np.trace(inverse @ moments.weak_test)),
            "student_risk": unit * float(carried + (self.dz + 2) / self.N * fitted),
            "weak_risk_first_order": unit * first[0],
            "student_risk_first_order": unit * first[1],
            "weak_risk_transcribed": unit * published[0],
            "student_risk_transcribed": unit * published[1],
        }

    def _transcribed(self, mu: FloatArray, weak: FloatArray, strong: FloatArray) -> tuple[float, float]:
        """Return the published limits as they were handed down; they lack the covariance between the groups."""
        cross, mu_t, mu_s = weak.T @ strong, weak.T @ mu, strong.T @ mu
        drift = (self.eta_u - self.eta_l) * mu_t + (self.eta_t - self.eta_u) * cross @ mu_s
        supervisor = 1 + weak.shape[1] + np.sum(((self.eta_t - self.eta_l) * mu_t) ** 2) / self.s**2
        return float(supervisor), float(1 + np.sum(cross**2) + drift @ drift / self.s**2)

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Fit supervisor and student in fresh worlds; risks are exact given the fits."""
        mu, weak, strong = self._axes()
        tests = [self._second(axes, mu) for axes in (weak, strong)]
        rows = []
        for _ in range(self.trials):
            z, xi = self._inputs(self.n, self.eta_l, mu, rng)
            noise = self.sigma * rng.standard_normal(self.n)
            supervisor = least_squares(_products(z, xi @ weak), noise)
            z, xi = self._inputs(self.N, self.eta_u, mu, rng)
            student = least_squares(_products(z, xi @ strong), _products(z, xi @ weak) @ supervisor)
            risks = [_risk(fit, test) for fit, test in zip((supervisor, student), tests, strict=True)]
            rows.append({"weak_risk": risks[0], "student_risk": risks[1]})
        return means_of(rows)

    def _second(self, axes: FloatArray, mu: FloatArray) -> FloatArray:
        features, mass = group_features(self.eta_t, mu, axes, self.s)
        return np.asarray(features.T * mass @ features)

    def _inputs(self, n: int, eta: float, mu: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        group = rng.random(n) < eta
        return rng.standard_normal((n, self.dz)), self.s * rng.standard_normal((n, len(mu))) + group[:, None] * mu


def _products(z: FloatArray, features: FloatArray) -> FloatArray:
    """Return `(1, features)` times z, `(n, (1 + k) dz)`."""
    return np.concatenate([z, *(features[:, [j]] * z for j in range(features.shape[1]))], axis=1)


def _risk(fit: FloatArray, second: FloatArray) -> float:
    """Return the excess risk of coefficients `((1 + k) dz,)` on a mix with these second moments of `(1, features)`."""
    # coefficients are one block of core dimensions for each feature, and the core is isotropic: so only the blocks'
    # inner products count
    blocks = fit.reshape(len(second), -1)
    return float(np.sum(second * (blocks @ blocks.T)))
