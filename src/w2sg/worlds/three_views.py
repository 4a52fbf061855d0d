"""Three views of a hidden class: their accuracies without a label, and what becomes of them if a view copies another.

For votes `f_i` of -1 and 1 that err independently given the class `y`, covariances are of rank one outside of the
diagonal, `Q_ij = v_i v_j` with `v_i = sqrt(1 - b^2) (2 pi_i - 1)`, `pi_i` the balanced accuracy and `b = E y` (Parisi,
Strino, Nadler, Kluger, arXiv 1303.3257, lemma 1). Three views give the `v_i` in closed form, and their third moment
gives `b`.
"""

from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import FloatArray, InputError, register
from w2sg.worlds.common import means_of
from w2sg.worlds.contract import Simulation, World


def three_view_accuracies(mean: FloatArray, covariance: FloatArray, third: float = 0.0) -> FloatArray:
    """Return the accuracies of three views that err independently given the class, `(3,)`.

    `cov(y, f_i) = (1 - b^2)(2 pi_i - 1) = sqrt(1 - b^2) v_i`, so that `2 accuracy_i - 1 = E y f_i` is
    `sqrt(1 - b^2) v_i + b E f_i`; the third central moment is `-2 b / sqrt(1 - b^2)` times `v_1 v_2 v_3`.

    Args:
        mean: Of votes of -1 and 1, `(3,)`.
        covariance: Of the votes, `(3, 3)`; the diagonal is not read.
        third: Mean of the product of the three votes less their means.

    Raises:
        InputError: The product of the covariances is not above 0, which no three such views have.
    """
    pairs = np.array([covariance[1, 2], covariance[0, 2], covariance[0, 1]])
    product = float(pairs.prod())
    if not product > 0:
        raise InputError(
            f"the product of the three covariances must be above 0, got {product:.3g}: the views are not independent "
            "given the class, or too few inputs were seen"
        )
    # Two of three covariances may be negative: then the view that both belong to is worse than chance.
    sign = np.where(pairs > 0, np.where((pairs < 0).any(), -1.0, 1.0), 1.0)
    size = sign * np.sqrt(product) / np.abs(pairs)
    tilt = third / size.prod()
    balance = -tilt / np.sqrt(4 + tilt**2)
    return np.asarray(np.clip((1 + np.sqrt(1 - balance**2) * size + balance * mean) / 2, 0, 1))


def accuracies_of_votes(votes: FloatArray) -> FloatArray:
    """Return the accuracies of three views by the moments of their votes of -1 and 1, `(m, 3)`.

    Raises:
        InputError: See `three_view_accuracies`.
    """
    mean = votes.mean(axis=0)
    centred = votes - mean
    return three_view_accuracies(mean, centred.T @ centred / len(votes), float(centred.prod(axis=1).mean()))


@register(paper="1303.3257")
class ThreeViewsWorld(World):
    """A supervisor, a student and a judge on two balanced classes: the gain that their covariances imply."""

    kind: Literal["three-views"] = "three-views"
    weak: float = Field(0.7, gt=0.5, lt=1, description="the supervisor's accuracy")
    student: float = Field(0.75, gt=0.5, lt=1, description="the student's accuracy")
    judge: float = Field(0.75, gt=0.5, lt=1, description="the judge's accuracy")
    copied: float = Field(0.0, ge=0, lt=1, description="share of inputs on which the student repeats the supervisor")
    shared: float = Field(0.0, ge=0, lt=1, description="share of inputs on which the judge says what the student says")
    m: int = Field(4000, ge=10, le=1_000_000, description="unlabelled inputs")
    trials: int = Field(200, ge=2, le=100_000, description="simulated samples")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name, value in (("student", self._own_student), ("judge", self._own_judge)):
            if not 0 <= value <= 1:
                raise ValueError(
                    f"{name!r} would have to be right on the share {value:.3g} of the inputs on which it does not "
                    "copy: lower what is copied"
                )
        return self

    @property
    def _own_student(self) -> float:
        return (self.student - self.copied * self.weak) / (1 - self.copied)

    @property
    def _own_judge(self) -> float:
        return (self.judge - self.shared * self.student) / (1 - self.shared)

    def exact(self) -> Mapping[str, float]:
        """Return the gain, and what infinitely many inputs would make of the covariances."""
        skill = 2 * np.array([self.weak, self.student, self.judge]) - 1
        covariance = np.outer(skill, skill)
        # Who copies a share q of a view's answers has q times that view's covariances on top.
        follows = self.copied * (1 - skill[0] ** 2)
        covariance[0, 1] += follows
        covariance[0, 2] += self.shared * follows
        covariance[1, 2] += self.shared * (1 - skill[1] ** 2)
        implied = three_view_accuracies(np.zeros(3), covariance)
        return {
            "gain": self.student - self.weak,
            "limit_spectral_gain": float(implied[1] - implied[0]),
            "limit_spectral_weak": float(implied[0]),
            "limit_spectral_student": float(implied[1]),
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Draw answers and take their moments."""
        return means_of(self._trial(rng) for _ in range(self.trials))

    def _trial(self, rng: np.random.Generator) -> dict[str, float]:
        weak = rng.random(self.m) < self.weak
        student = np.where(rng.random(self.m) < self.copied, weak, rng.random(self.m) < self._own_student)
        judge = np.where(rng.random(self.m) < self.shared, student, rng.random(self.m) < self._own_judge)
        right = np.stack([weak, student, judge], axis=1)
        label = rng.choice([-1.0, 1.0], size=(self.m, 1))
        found = accuracies_of_votes(label * (2.0 * right - 1))
        return {
            "gain": float(student.mean() - weak.mean()),
            "spectral_gain": float(found[1] - found[0]),
            "spectral_weak": float(found[0]),
            "spectral_student": float(found[1]),
        }
