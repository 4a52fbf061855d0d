"""Runs of three families on which theories of the gain agree, or fail: the same linear world with the target moved.

Teacher and student are least squares on subspaces that share some directions. In family A the target lies in what
they share: only variance matters. In B part of it lies where only the student sees: the student can express the
truth. In C part lies where only the teacher sees: the student misses signal, and misfit, which is gain in A and B, is
loss.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, register
from w2sg.theory.oracle import Oracle, Simulated, mean_of
from w2sg.theory.oracles.common import least_squares, resampled
from w2sg.theory.oracles.intrinsic_dimension import variance_risks

DIMENSION = 100


@register("oracles")
class LinearGaussian(Oracle):
    """Many random runs of one family, and how what is observed ranks their gains."""

    kind: Literal["linear-gaussian"] = "linear-gaussian"
    family: Literal["A", "B", "C"] = Field("A", description="where the target lies: shared, student's, teacher's")
    audits: int = Field(
        50, ge=2, le=2000, description="labels of the paired difference that theories are compared with"
    )
    trials: int = Field(200, ge=10, description="simulated runs")

    def exact(self) -> Mapping[str, float]:
        """Return nothing: sizes are drawn anew for every run."""
        return {}

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulated]:
        """Return the mean gain and, for each predictor, its Spearman correlation with the gain and its raw R2."""
        from scipy.stats import spearmanr

        def rank(a: FloatArray, b: FloatArray) -> float:
            return float(spearmanr(a, b).statistic)

        def raw(a: FloatArray, b: FloatArray) -> float:
            return float(1 - np.sum((b - a) ** 2) / np.sum((b - b.mean()) ** 2))

        rows = [self._trial(rng) for _ in range(self.trials)]
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        gain = columns.pop("gain")
        found = {"gain": mean_of(gain), "share_positive": mean_of(gain > 0)}
        for name, column in columns.items():
            found[f"{name}_spearman"] = resampled(rank, column, gain, rng=rng)
            found[f"{name}_r2"] = resampled(raw, column, gain, rng=rng)
        return found

    def _trial(self, rng: np.random.Generator) -> dict[str, float]:
        """Coordinates: the teacher's own directions, the shared ones, the student's own."""
        d_w, d_s = (int(d) for d in rng.integers(10, 60, size=2))
        n, n_transfer, sigma = int(rng.integers(100, 400)), int(rng.integers(100, 800)), float(rng.uniform(0.3, 1.5))
        shared = int(rng.integers(max(1, d_w + d_s - DIMENSION), min(d_w, d_s)))
        weak, strong = slice(0, d_w), slice(d_w - shared, d_w - shared + d_s)
        elsewhere = {"A": slice(0, 0), "B": slice(d_w, strong.stop), "C": slice(0, d_w - shared)}[self.family]
        target = np.zeros(strong.stop)
        share = rng.uniform(0, 0.5) if self.family != "A" else 0.0
        for part, size in ((slice(d_w - shared, d_w), 1 - share), (elsewhere, share)):
            direction = rng.standard_normal(part.stop - part.start)
            target[part] = np.sqrt(size) * direction / max(np.linalg.norm(direction), 1e-12)
        x = rng.standard_normal((n, len(target)))
        y = x @ target + sigma * rng.standard_normal(n)
        teacher, student = np.zeros_like(target), np.zeros_like(target)
        teacher[weak] = least_squares(x[:, weak], y)
        unlabelled = rng.standard_normal((n_transfer, len(target)))
        student[strong] = least_squares(unlabelled[:, strong], unlabelled @ teacher)
        noise2 = float(np.sum((y - x @ teacher) ** 2) / (n - d_w))
        audit = rng.standard_normal((self.audits, len(target)))
        labels = audit @ target + sigma * rng.standard_normal(self.audits)
        return {
            "gain": float(np.sum((teacher - target) ** 2) - np.sum((student - target) ** 2)),
            "misfit": float(np.mean((rng.standard_normal((2000, len(target))) @ (teacher - student)) ** 2)),
            "variance": variance_risks(d_w, d_s, shared, n, n_transfer, noise2).gain,
            "weak_training_error": float(np.mean((y - x @ teacher) ** 2)),
            "paired": float(np.mean((labels - audit @ teacher) ** 2 - (labels - audit @ student) ** 2)),
        }
