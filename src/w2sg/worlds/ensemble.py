"""What a student gains by averaging weak supervisors: the variance that retraining shows.

`K` least-squares supervisors on `n` clean labels each; the student is least squares on `N` inputs, each labelled by a
supervisor drawn at random. For squared loss the mean supervisor is better than one supervisor by exactly their spread:
the bias-variance decomposition on which Xu, Yao, Wang, Liu (arXiv 2505.24313) rest.
"""

import math
from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import register
from w2sg.worlds.common import above, affordable, least_squares, means_of, within
from w2sg.worlds.contract import Simulation, World
from w2sg.worlds.intrinsic_dimension import least_squares_variance


def labelling_error(spread: float, d: float, n_transfer: float) -> float:
    """Return what random labelling by several supervisors adds to a least-squares student's risk.

    Its noise at x has variance `x'Sx` with trace `spread`; for S that is isotropic on average Stein's lemma gives
    `spread (d + 2 - 4 d / N) / (N - d - 1)`, with an error of order `spread / N^2`.

    Raises:
        InputError: `N` is at most `d + 1`, or another value is negative.
    """
    above(d + 1, n_transfer=n_transfer)
    within(0, math.inf, spread=spread, d=d)
    return spread * (d + 2 - 4 * d / n_transfer) / (n_transfer - d - 1)


@register(paper="2505.24313")
class EnsembleVarianceWorld(World):
    """Several retrained supervisors label one student's inputs: the gain is their spread."""

    kind: Literal["ensemble-variance"] = "ensemble-variance"
    d: int = Field(60, ge=1, le=1000, description="dimension")
    n: int = Field(120, ge=3, le=100_000, description="clean labels of each supervisor")
    sigma: float = Field(1.0, gt=0, description="standard deviation of the label noise")
    K: int = Field(8, ge=2, le=1000, description="supervisors")
    N: int = Field(4000, ge=3, le=1_000_000, description="weak labels of the student")
    trials: int = Field(20, ge=2, description="simulated worlds")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        self.exact()
        affordable(max(self.N, self.n), self.d)
        return self

    def exact(self) -> Mapping[str, float]:
        """Return expected excess risks and the spread; the student's is right to order `d / N^2`."""
        weak = least_squares_variance(self.d, self.n, self.sigma**2)
        spread = (1 - 1 / self.K) * weak
        # a label from one supervisor drawn at random is a noisy label of their mean: this is what N of them leave of
        # the noise
        added = labelling_error(spread, self.d, self.N)
        return {
            "weak_risk": weak,
            "mean_weak_risk": weak / self.K,
            "student_risk": weak / self.K + added,
            "gain": spread - added,
            "misfit": spread + added,
            "ensemble_variance": spread,
            "predicted_gain": weak,
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Fit supervisors and student; risks and distances are exact given the fits."""
        return means_of(self._trial(rng) for _ in range(self.trials))

    def _trial(self, rng: np.random.Generator) -> dict[str, float]:
        noise = self.sigma * rng.standard_normal((self.K, self.n))
        # the truth is 0, so that each fit is its own error and squared lengths are risks
        supervisors = np.stack([least_squares(rng.standard_normal((self.n, self.d)), own) for own in noise])
        x = rng.standard_normal((self.N, self.d))
        student = least_squares(x, np.einsum("nd,nd->n", x, supervisors[rng.integers(self.K, size=self.N)]))
        weak, mean = float(np.mean(np.sum(supervisors**2, axis=1))), supervisors.mean(axis=0)
        spread = float(supervisors.var(axis=0).sum())
        return {
            "weak_risk": weak,
            "mean_weak_risk": float(mean @ mean),
            "student_risk": float(student @ student),
            "gain": weak - float(student @ student),
            "misfit": float(np.mean(np.sum((supervisors - student) ** 2, axis=1))),
            "ensemble_variance": spread,
            # the spread of K supervisors about their own mean is too small by (K - 1) / K, as every sample variance is
            "predicted_gain": spread * self.K / (self.K - 1),
        }
