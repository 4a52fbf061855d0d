"""Certificates where the truth is known: what a bound says of k errors among n labels, and how often it holds."""

import math
from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.stats import binom

from w2sg.core import FloatArray, register
from w2sg.measure import Betting, Certifier, ChernoffKl, ClopperPearson, Hoeffding, MaurerPontil, pac_bayes_kl
from w2sg.worlds.contract import Simulation, World, mean_of

Method = Literal["clopper-pearson", "hoeffding", "chernoff-kl", "maurer-pontil", "betting", "pac-bayes-kl"]
BLOCK = 200
"""Samples that are bounded at once."""


@register()
class CertificateWorld(World):
    """Labels that are wrong at the rate k / n: the bound of k among n, its coverage, and its mean."""

    kind: Literal["certificate"] = "certificate"
    method: Method = Field("clopper-pearson", description="the bound")
    k: int = Field(5, ge=0, description="errors seen")
    n: int = Field(100, ge=1, le=10_000, description="labels")
    delta: float = Field(0.05, gt=0, lt=1, description="how often the bound may be wrong")
    kl: float = Field(0.0, ge=0, description="KL of posterior and prior, in nats; for pac-bayes-kl")
    orders: int = Field(20, ge=2, le=1000, description="random orders of the same labels; for betting")
    trials: int = Field(1000, ge=2, le=100_000, description="simulated samples")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.k > self.n:
            raise ValueError(f"k must be at most n, got {self.k} errors among {self.n} labels")
        return self

    def _certifier(self) -> Certifier | None:
        if self.method == "betting":
            return Betting(horizon=self.n)
        known: dict[str, type[Certifier]] = {
            "clopper-pearson": ClopperPearson,
            "hoeffding": Hoeffding,
            "chernoff-kl": ChernoffKl,
            "maurer-pontil": MaurerPontil,
        }
        return known[self.method](kind=self.method) if self.method in known else None

    def exact(self) -> Mapping[str, float]:
        """Return both bounds of k among n, one-sided and (`two_sided_*`) together; coverage and mean of the upper one.

        Betting depends on the order of the labels, and has no closed form; `pac-bayes-kl` has an upper bound only.
        """
        rate, certifier = self.k / self.n, self._certifier()
        if certifier is None:
            kl = (self.kl + math.log(2 * math.sqrt(self.n) / self.delta)) / self.n
            return {
                "rate": rate,
                "high": pac_bayes_kl(rate, self.n, self.kl, self.delta),
                "mcallester": rate + math.sqrt(kl / 2),
            }
        if self.method == "betting":
            return {"rate": rate}
        sample = _sample(np.array([self.k]), self.n)[0]
        both = certifier.interval(sample, self.delta)
        counts = np.arange(self.n + 1)
        chances = binom.pmf(counts, self.n, rate)
        # counts that never happen are left out: their bounds would be the slow part, and no digit of the mean depends
        # on them
        likely = chances > 1e-12
        highs = self._highs(certifier, counts[likely])
        return {
            "rate": rate,
            "high": certifier.high(sample, self.delta),
            "low": certifier.low(sample, self.delta),
            "two_sided_low": both.low,
            "two_sided_high": both.high,
            "mean_high": float(np.average(highs, weights=chances[likely])),
            "coverage": float(np.average(highs >= rate, weights=chances[likely])),
        }

    def simulate(self, rng: np.random.Generator) -> Mapping[str, Simulation]:
        """Bound fresh samples at the rate k / n; betting also bounds k among n in random orders."""
        certifier, rate = self._certifier(), self.k / self.n
        if certifier is None:
            return {}
        if self.method != "betting":
            # a bound depends on the count alone, so each count that was drawn is bounded once
            counts, which = np.unique(rng.binomial(self.n, rate, size=self.trials), return_inverse=True)
            highs = self._highs(certifier, counts)[which]
            return {"coverage": mean_of(highs >= rate), "mean_high": mean_of(highs)}
        # betting depends on the order of the labels, so k among n has no single bound: random orders give its mean
        orders = rng.permuted(_sample(np.full(self.orders, self.k), self.n), axis=1)
        blocks = []
        for start in range(0, self.trials, BLOCK):
            samples = rng.random((min(BLOCK, self.trials - start), self.n)) < rate
            blocks.append(certifier.highs(samples.astype(np.float64), self.delta))
        highs = np.concatenate(blocks)
        return {
            "high": mean_of(certifier.highs(orders, self.delta)),
            "coverage": mean_of(highs >= rate),
            "mean_high": mean_of(highs),
        }

    def _highs(self, certifier: Certifier, counts: np.ndarray) -> FloatArray:
        blocks = [counts[start : start + BLOCK] for start in range(0, len(counts), BLOCK)]
        return np.concatenate([certifier.highs(_sample(block, self.n), self.delta) for block in blocks])


def _sample(counts: np.ndarray, n: int) -> NDArray[np.float64]:
    """Return samples of n labels, `(r, n)`, of which the first `counts`, `(r,)`, are 1."""
    return (np.arange(n) < counts[:, None]).astype(np.float64)
