"""What a student lacks of its ceiling: labels that its own features can take and the weak supervisor's cannot.

Supervisor, student and ceiling are ridge regressions on frozen linear features. With `P = H (H'H + N ridge)^-1 H'` on
the student's inputs, the gap of student and ceiling is about `|P_s (I - P_w) y|^2 / N`, and exactly the residual `P_s
(I - P_w) y` if the supervisor was fitted on the same inputs. After Xue, Li, Mirzasoleiman (arXiv 2502.00620).
"""

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, InputError, register
from w2sg.worlds.common import resampled, within
from w2sg.worlds.contract import Simulation, World, mean_of


def ridge_fit(features: FloatArray, y: FloatArray, ridge: float) -> FloatArray:
    """Return the coefficients of ridge regression with a penalty per example, `(d,)` for labels `(n,)`.

    Raises:
        InputError: Shapes do not fit, a number is not finite, or the penalty is negative.
    """
    within(0, math.inf, ridge=ridge)
    if features.ndim != 2 or not len(features) or len(y) != len(features):
        raise InputError(f"features must be (n, d) with a label each, got {features.shape} and {y.shape}")
    if not (np.isfinite(features).all() and np.isfinite(y).all()):
        raise InputError("features and labels must be finite")
    # a penalty per example: with it the same ridge means the same shrinkage whatever the number of examples
    gram = features.T @ features + len(features) * ridge * np.eye(features.shape[1])
    if ridge == 0 and np.linalg.cond(gram) > 1e14:
        raise InputError("features must not be copies of each other where there is no ridge")
    return np.asarray(np.linalg.solve(gram, features.T @ y))


def projected_residual(weak: FloatArray, strong: FloatArray, y: FloatArray, ridge: float) -> FloatArray:
    """Return `P_s (I - P_w) y`: what the student's features could still take of what the supervisor's leave, `(n,)`.

    Args:
        weak: The supervisor's features, `(n, d_w)`.
        strong: The student's features of the same inputs, `(n, d_s)`.
        y: Labels of these inputs, `(n,)`.
        ridge: Penalty per example of both.

    Raises:
        InputError: See `ridge_fit`.
    """
    return strong @ ridge_fit(strong, y - weak @ ridge_fit(weak, y, ridge), ridge)


@register(paper="2502.00620")
class RepresentationGapWorld(World):
    """Random pairs of linear representations: the predicted and the measured distance of student and ceiling."""

    kind: Literal["representation-gap"] = "representation-gap"
    d: int = Field(200, ge=20, le=2000, description="input dimensions")
    n: int = Field(1000, ge=10, le=20_000, description="clean labels of the supervisor, and weak ones of the student")
    ridge: float = Field(1e-3, gt=0, description="penalty per example of all three")
    noise: float = Field(0.5, ge=0, description="standard deviation of the label noise")
    trials: int = Field(60, ge=10, description="pairs of representations")

    def exact(self) -> Mapping[str, float]:
        """Return what holds exactly: the identity on the supervisor's own inputs leaves no error."""
        return {"identity_error": 0.0}

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Return how the predicted gap ranks the measured one over pairs, and the identity's largest relative error.

        The measured gap is exact given the fits; `median_ratio` is that of predicted to measured.
        """
        from scipy.stats import spearmanr

        rows = np.array([self._trial(rng) for _ in range(self.trials)])
        predicted, measured, error = rows.T
        return {
            "pearson": resampled(lambda a, b: float(np.corrcoef(a, b)[0, 1]), predicted, measured, rng=rng),
            "spearman": resampled(lambda a, b: float(spearmanr(a, b).statistic), predicted, measured, rng=rng),
            "median_ratio": resampled(lambda a, b: float(np.median(a / b)), predicted, measured, rng=rng),
            "measured_gap": mean_of(measured),
            "predicted_gap": mean_of(predicted),
            "identity_error": Simulation(float(error.max()), None, self.trials),
        }

    def _trial(self, rng: np.random.Generator) -> tuple[float, float, float]:
        # pairs have random widths, so that what is to be ranked varies over pairs
        d_w, d_s = (int(rng.integers(self.d // 10, self.d // 2)) for _ in range(2))
        maps = [rng.standard_normal((self.d, k)) / math.sqrt(self.d) for k in (d_w, d_s)]
        truth = rng.standard_normal(self.d) / math.sqrt(self.d)
        x, inputs = (rng.standard_normal((self.n, self.d)) for _ in range(2))
        labels, gold = (z @ truth + self.noise * rng.standard_normal(len(z)) for z in (x, inputs))
        supervisor = ridge_fit(x @ maps[0], labels, self.ridge)
        strong = inputs @ maps[1]
        ceiling = ridge_fit(strong, gold, self.ridge)
        student = ridge_fit(strong, inputs @ maps[0] @ supervisor, self.ridge)
        residual = projected_residual(inputs @ maps[0], strong, gold, self.ridge)
        own = ridge_fit(inputs @ maps[0], gold, self.ridge)
        # the identity is tested on a supervisor that was fitted on the student's own inputs, where it holds exactly
        copied = strong @ (ceiling - ridge_fit(strong, inputs @ maps[0] @ own, self.ridge))
        error = float(np.abs(copied - residual).max() / np.abs(residual).max())
        return float(np.mean(residual**2)), float(np.sum((maps[1] @ (student - ceiling)) ** 2)), error
