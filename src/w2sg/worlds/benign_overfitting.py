"""Least-norm interpolation of hard weak labels on features of two levels: the student that overfits and is right.

Of `d = n^p` features `s = n^r` are favoured; with `a = n^-q` they have variance `a d / s` and the others `(1 - a) d /
(d - s)`. The label is the sign of the first feature. The weak supervisor's features are among the student's, level by
level; it interpolates n clean labels, the student the signs of its answers on m others. The setting is that of Wu and
Sahai (arXiv 2410.04638); where exactly the student wins is open, so there is no closed form.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import FloatArray, InputError, register
from w2sg.worlds.common import means_of
from w2sg.worlds.contract import Simulation, World


@dataclass(frozen=True)
class TwoLevels:
    """Features of two levels.

    Attributes:
        favoured: Their number.
        others: Theirs.
        strong: Standard deviation of the favoured.
        weak: Standard deviation of the others.
    """

    favoured: int
    others: int
    strong: float
    weak: float

    @classmethod
    def of(cls, n: int, p: float, q: float, r: float) -> "TwoLevels":
        """Return the features of the bi-level ensemble.

        Raises:
            InputError: Not 0 <= r < p with q > 0.
        """
        if not (0 <= r < p and q > 0):
            raise InputError(f"a bi-level ensemble needs 0 <= r < p and q > 0, got p {p}, q {q}, r {r}")
        # numbers of features are powers of n, so that which of two models wins is a question of exponents and not of
        # sizes
        d, s, a = round(n**p), max(1, round(n**r)), n**-q
        if s >= d:
            raise InputError(f"a bi-level ensemble needs more features than favoured ones, got {d} and {s}")
        return cls(s, d - s, math.sqrt(a * d / s), math.sqrt((1 - a) * d / (d - s)))

    def scaled(self, favoured: FloatArray, others: FloatArray) -> FloatArray:
        """Return the features made of standard ones, `(n, favoured + others)`."""
        # both models read the same standard features, so the weaker sees a part of what the stronger sees
        own, rest = favoured[:, : self.favoured], others[:, : self.others]
        return np.concatenate([self.strong * own, self.weak * rest], axis=1)


@register(paper="2410.04638")
class BenignOverfittingWorld(World):
    """Least-norm students of hard weak labels on bi-level features."""

    kind: Literal["benign-overfitting"] = "benign-overfitting"
    n: int = Field(50, ge=2, le=500, description="clean labels of the supervisor")
    m: int = Field(50, ge=1, le=5000, description="weak labels of the student")
    weak: tuple[float, float, float] = Field((1.3, 0.8, 0.2), description="the supervisor's p, q, r")
    strong: tuple[float, float, float] = Field((1.7, 0.3, 0.4), description="the student's p, q, r")
    trials: int = Field(12, ge=2, description="simulated worlds")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        weak, strong = TwoLevels.of(self.n, *self.weak), TwoLevels.of(self.n, *self.strong)
        if weak.favoured > strong.favoured or weak.others > strong.others:
            raise ValueError("the supervisor's features must be among the student's: lower its p and r")
        if strong.others > 20_000:
            raise ValueError(f"the student must have at most 20000 features, got {strong.others}")
        return self

    def exact(self) -> Mapping[str, float]:
        """Return nothing: the region where the student wins is open."""
        return {}

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Interpolate in fresh worlds; accuracies are exact given the fits."""
        return means_of(self._trial(rng) for _ in range(self.trials))

    def _trial(self, rng: np.random.Generator) -> dict[str, float]:
        weak, strong = TwoLevels.of(self.n, *self.weak), TwoLevels.of(self.n, *self.strong)
        clean, unlabelled = (
            (rng.standard_normal((rows, strong.favoured)), rng.standard_normal((rows, strong.others)))
            for rows in (self.n, self.m)
        )
        supervisor = _least_norm(weak.scaled(*clean), np.sign(clean[0][:, 0]))
        labels = np.sign(weak.scaled(*unlabelled) @ supervisor)
        # the student is fitted on signs alone and interpolates them all, right or wrong: overfitting is the point here
        student = _least_norm(strong.scaled(*unlabelled), labels)
        return {"weak_accuracy": _accuracy(supervisor, weak), "student_accuracy": _accuracy(student, strong)}


def _least_norm(x: FloatArray, y: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.lstsq(x, y, rcond=None)[0])


def _accuracy(fit: FloatArray, features: TwoLevels) -> float:
    """Return how often the fit has the sign of the first feature, by the angle between them."""
    # in standard coordinates inputs are isotropic, and two half-spaces disagree on the share angle / pi of them
    scale = np.repeat([features.strong, features.weak], [features.favoured, features.others])
    standard = fit * scale
    return float(1 - np.arccos(np.clip(standard[0] / np.linalg.norm(standard), -1, 1)) / math.pi)
