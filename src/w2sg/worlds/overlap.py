"""Overlap density: examples that are easy and hard at once carry labels to what the weak supervisor does not see.

Inputs are an easy and a hard block of Gaussian coordinates; the class shifts the first coordinate of the easy block by
`+-signal` on easy examples, of the hard block on hard ones, of both on overlapping ones. The supervisor sees the easy
block only. The setting is that of Shin, Cooper, Sala (arXiv 2412.03881).
"""

import math
from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import FloatArray, register
from w2sg.worlds.common import affordable, means_of, ratio_of, within
from w2sg.worlds.contract import Simulation, World

TEST_MIX = (0.35, 0.30, 0.35)
"""Shares of easy, hard and overlapping examples in the supervisor's labels and in the test."""


def linear_accuracy(weights: FloatArray, block: int, signal: float) -> tuple[float, float, float]:
    """Return the accuracy of `sign(weights' x)` on easy, hard and overlapping examples.

    Args:
        weights: Over the easy block, then the hard one; the first of each carries the class.
        block: Coordinates of the easy block.
        signal: Shift of a coordinate that carries the class.
    """
    from scipy.stats import norm

    length = float(np.linalg.norm(weights))
    if length == 0:
        return 0.5, 0.5, 0.5
    easy, hard = (signal * float(weights[i]) / length for i in (0, block))
    return float(norm.cdf(easy)), float(norm.cdf(hard)), float(norm.cdf(easy + hard))


def mixed(accuracies: tuple[float, float, float]) -> float:
    """Return the accuracy on the test's mix of easy, hard and overlapping examples."""
    return math.fsum(share * accuracy for share, accuracy in zip(TEST_MIX, accuracies, strict=True))


@register(paper="2412.03881")
class OverlapWorld(World):
    """A supervisor that sees the easy half, and a logistic student whose penalty decides whether it can copy."""

    kind: Literal["overlap"] = "overlap"
    overlap: float = Field(0.3, ge=0, le=1, description="share of overlapping examples among the student's inputs")
    l2: float = Field(10.0, gt=0, description="the student's penalty: l2 |w|^2 / 2 beside the mean loss")
    l2_gold: float = Field(0.01, gt=0, description="the penalty of the supervisor and the ceiling")
    easy: float | None = Field(None, ge=0, le=1, description="share of easy ones; none for half of what is left")
    block: int = Field(10, ge=1, le=500, description="coordinates of each block")
    signal: float = Field(2.0, gt=0, le=10, description="shift by the class, in standard deviations")
    n: int = Field(500, ge=10, le=100_000, description="clean labels of the supervisor")
    N: int = Field(2000, ge=10, le=100_000, description="weak labels of the student")
    trials: int = Field(20, ge=2, description="simulated worlds")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        within(0, 1 - self.overlap, easy=self._easy)
        affordable(max(self.N, self.n), 2 * self.block)
        return self

    @property
    def _easy(self) -> float:
        return (1 - self.overlap) / 2 if self.easy is None else self.easy

    def exact(self) -> Mapping[str, float]:
        """Return the accuracies of infinitely many labels: supervisor, ceiling, and (`limit_*`) the heaviest penalty.

        As the penalty grows the student becomes the mean of `label x`, which has a closed form.
        """
        from scipy.stats import norm

        right = float(norm.cdf(self.signal))
        weak = np.array([1.0, 0.0])
        # mean of label x: the supervisor's sign is known where the easy coordinate carries the class
        own = (self._easy + self.overlap) * _mean_of_folded(self.signal) + (
            1 - self._easy - self.overlap
        ) * _mean_of_folded(0)
        # the hard coordinate gets a signal only through overlapping examples: there the labels are right more often
        # than wrong, and the hard coordinate moves with the class
        carried = self.overlap * (2 * right - 1) * self.signal
        # a heavy penalty makes logistic regression the mean of label times x, and all other coordinates average to 0
        averaged = linear_accuracy(np.array([own, carried]), 1, self.signal)
        supervisor = mixed(linear_accuracy(weak, 1, self.signal))
        ceiling = mixed(linear_accuracy(np.ones(2), 1, self.signal))
        return {
            "limit_weak_accuracy": supervisor,
            "limit_ceiling_accuracy": ceiling,
            "limit_student_accuracy": mixed(averaged),
            "limit_hard_accuracy": averaged[1],
            "limit_pgr": (mixed(averaged) - supervisor) / (ceiling - supervisor),
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Train supervisor, student and ceiling in fresh worlds; accuracies are exact given the weights."""
        rows = [self._trial(rng) for _ in range(self.trials)]
        gain = [row["student_accuracy"] - row["weak_accuracy"] for row in rows]
        gap = [row["ceiling_accuracy"] - row["weak_accuracy"] for row in rows]
        return {**means_of(rows), "pgr": ratio_of(gain, gap)}

    def _trial(self, rng: np.random.Generator) -> dict[str, float]:
        x, y = self._sample(self.n, TEST_MIX, rng)
        weak = np.zeros(2 * self.block)
        # the supervisor has weights on the easy block only: it is blind to the hard one, whatever it is trained on
        weak[: self.block] = _logistic(x[:, : self.block], y, self.l2_gold)
        x, y = self._sample(self.N, (self._easy, 1 - self._easy - self.overlap, self.overlap), rng)
        labels = np.where(x @ weak > 0, 1, -1)
        student, ceiling = _logistic(x, labels, self.l2), _logistic(x, y, self.l2_gold)
        accuracies = linear_accuracy(student, self.block, self.signal)
        return {
            "weak_accuracy": mixed(linear_accuracy(weak, self.block, self.signal)),
            "student_accuracy": mixed(accuracies),
            "ceiling_accuracy": mixed(linear_accuracy(ceiling, self.block, self.signal)),
            "hard_accuracy": accuracies[1],
            "training_agreement": float(np.mean((x @ student > 0) == (labels > 0))),
        }

    def _sample(
        self, n: int, mix: tuple[float, float, float], rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        y = rng.choice([-1.0, 1.0], size=n)
        part = rng.choice(3, size=n, p=np.asarray(mix) / math.fsum(mix))
        x = rng.standard_normal((n, 2 * self.block))
        # part 0 is easy, 1 hard, 2 both: each block carries the class where its part is not the other's
        x[:, 0] += self.signal * y * (part != 1)
        x[:, self.block] += self.signal * y * (part != 0)
        return x, y


def _mean_of_folded(signal: float) -> float:
    """Return `E |signal + N(0, 1)|`."""
    from scipy.stats import norm

    return float(2 * norm.pdf(signal) + signal * (2 * norm.cdf(signal) - 1))


def _logistic(x: FloatArray, y: FloatArray, l2: float) -> FloatArray:
    from sklearn.linear_model import LogisticRegression

    # scikit-learn's C multiplies the sum of losses, our penalty stands beside their mean; no intercept, because both
    # classes are equally frequent
    fit = LogisticRegression(C=1 / (l2 * len(x)), fit_intercept=False, solver="newton-cholesky").fit(x, y)
    return np.asarray(fit.coef_[0], dtype=np.float64)
