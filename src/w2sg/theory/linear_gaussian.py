"""A world of many linear-Gaussian runs: how what is observed ranks their gains.

In family A only variance matters; in B the student can express the truth; in C it misses signal that the weak
supervisor has, and misfit, which is gain in A and B, is loss. The world stands in this room and not among the others
because what it scores are this room's observables.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, register
from w2sg.theory.families import Family, family_run
from w2sg.theory.observing import observe
from w2sg.worlds import Simulation, World, mean_of, resampled, variance_risks

ROUNDING = 1e-12
"""A difference of risks below this is none."""
OBSERVED = ("misfit", "ensemble_squared", "weak_squared", "audit_gain_squared")


@register()
class LinearGaussianWorld(World):
    """Many random runs of one family, and how what is observed ranks their gains."""

    kind: Literal["linear-gaussian"] = "linear-gaussian"
    family: Family = Field("A", description="where the target lies: shared, student's, supervisor's")
    audits: int = Field(50, ge=2, le=2000, description="audited labels of the paired difference")
    trials: int = Field(200, ge=10, description="simulated runs")

    def exact(self) -> Mapping[str, float]:
        """Return nothing: sizes are drawn anew for every run."""
        return {}

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Return the mean gain and, for each predictor, its Spearman correlation with the gain and its raw R2."""
        from scipy.stats import spearmanr

        def rank(a: FloatArray, b: FloatArray) -> float:
            return float(spearmanr(a, b).statistic)

        def raw(a: FloatArray, b: FloatArray) -> float:
            return float(1 - np.sum((b - a) ** 2) / np.sum((b - b.mean()) ** 2))

        rows = [self._trial(int(index)) for index in rng.integers(2**31, size=self.trials)]
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        gain = columns.pop("gain")
        # Where student and supervisor are one function, their risks differ by rounding: that is no gain.
        means = {"gain": mean_of(gain), "share_positive": mean_of(gain > ROUNDING)}
        for name, column in columns.items():
            means[f"{name}_spearman"] = resampled(rank, column, gain, rng=rng)
            means[f"{name}_r2"] = resampled(raw, column, gain, rng=rng)
        return means

    def _trial(self, index: int) -> dict[str, float]:
        run = family_run(self.family, index, (self.audits,))
        seen = observe(run.seen, run.audits)[self.audits]
        d_w, d_s, n, n_transfer = (
            round(seen.value(name)) for name in ("d_weak", "d_strong", "n_supervision", "n_transfer")
        )
        # what the theory of variance predicts from observed dimensions and noise, where it holds (family A) and where
        # not
        variance = variance_risks(d_w, d_s, seen.value("d_shared"), n, n_transfer, seen.value("noise")).gain
        observed = {name: seen.value(name) for name in OBSERVED}
        return {"gain": run.truth.values["gain squared"].value, "variance": variance, **observed}
