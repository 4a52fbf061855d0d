"""Bounds on a mean that look at nothing but the sample's mean and variance."""

from abc import abstractmethod
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from w2sg.core import InputError, register
from w2sg.measure.bounds.certifier import Certifier, largest
from w2sg.measure.checks import UNIT, FloatArray, Span
from w2sg.measure.intervals import exact_high

INDEPENDENT = "the values are independent draws of one distribution"
SPREAD = 10.0
"""Standard deviations around the expected count that an expected bound is computed over."""


class MomentBound(Certifier):
    """A bound that is a function of mean, variance and size of the sample."""

    assumptions: ClassVar[tuple[str, ...]] = (INDEPENDENT, "they lie in a span that is known beforehand")

    @abstractmethod
    def from_moments(self, mean: FloatArray, variance: FloatArray, n: int, delta: float) -> FloatArray:
        """Return upper bounds, elementwise, for means and unbiased variances of samples of n values in [0, 1]."""

    def highs(self, samples: FloatArray, delta: float) -> FloatArray:
        """Return upper bounds of many samples."""
        n = samples.shape[1]
        mean = samples.mean(axis=1)
        variance = samples.var(axis=1, ddof=1) if n > 1 else np.zeros_like(mean)
        # a formula may pass 1, or fall below the mean by rounding
        return np.clip(self.from_moments(mean, variance, n, delta), mean, 1.0)

    def expected_high(self, n: int, delta: float, rate: float) -> float:
        """Return the mean of the upper bound over samples of n independent draws of 0 and 1."""
        from scipy.stats import binom

        # counts ten standard deviations away have no weight in double precision, so the sum over all counts is cut
        # there
        half = SPREAD * np.sqrt(n * rate * (1 - rate)) + SPREAD
        counts = np.arange(max(0, int(n * rate - half)), min(n, int(n * rate + half)) + 1)
        mean = counts / n
        bounds = self.from_moments(mean, mean * (1 - mean) * n / max(n - 1, 1), n, delta)
        return float(np.average(np.clip(bounds, mean, 1.0), weights=binom.pmf(counts, n, rate)))


class Tested(MomentBound):
    """A bound with the p-value that it inverts: one may test many rates and correct for it."""

    @abstractmethod
    def p_values(self, mean: FloatArray, n: FloatArray, rate: float) -> FloatArray:
        """Return p-values, elementwise, of the mean being at least `rate`, for means of n values."""


@register()
class ClopperPearson(Tested):
    """The exact binomial bound of a share (Clopper & Pearson 1934): Beta^-1(1 - delta; k + 1, n - k).

    With `without_replacement_of` the exact hypergeometric bound of the share in a pool of that size.
    """

    kind: Literal["clopper-pearson"] = "clopper-pearson"
    without_replacement_of: int | None = Field(
        None, ge=1, description="size of the pool that is drawn from without replacement, and whose share is meant"
    )

    assumptions: ClassVar[tuple[str, ...]] = (
        "the labels are independent draws, or drawn at random without replacement from a pool of known size",
    )

    def most(self) -> int:
        """Return the size of the pool, if there is one."""
        return self.without_replacement_of or super().most()

    def checked(self, sample: ArrayLike, span: Span = UNIT) -> FloatArray:
        """Return a sample of 0 and 1.

        Raises:
            InputError: It holds other values, or more than the pool.
        """
        unit = super().checked(sample, span)
        if not np.isin(unit.round(6), (0.0, 1.0)).all():
            raise InputError(f"{self.kind} bounds a share: give both ends of the span only, or use betting")
        if len(unit) > self.most():
            raise InputError(f"{len(unit)} labels cannot be drawn without replacement from {self.most()}")
        return unit.round()

    def from_moments(self, mean: FloatArray, variance: FloatArray, n: int, delta: float) -> FloatArray:
        """Return the bound for shares of n labels."""
        hits = np.round(mean * n)
        if self.without_replacement_of is None:
            return exact_high(hits, n, delta)
        return self._of_pool(hits, n, self.without_replacement_of, delta)

    def _of_pool(self, hits: FloatArray, n: int, pool: int, delta: float) -> FloatArray:
        """Return max{M : P(Hypergeometric(pool, M, n) <= hits) > delta} / pool by bisection over whole M."""
        from scipy.stats import hypergeom

        # the share is a whole number M over the pool: from as many as were seen to as many as the labels leave possible
        low, high = hits, pool - n + hits + 1  # low is possible, high is not
        while (high - low > 1).any():
            middle = np.floor((low + high) / 2)
            good = hypergeom.cdf(hits, pool, middle, n) > delta
            low, high = np.where(good, middle, low), np.where(good, high, middle)
        return np.asarray(low / pool)

    def p_values(self, mean: FloatArray, n: FloatArray, rate: float) -> FloatArray:
        """Return P(Binomial(n, rate) <= n mean)."""
        from scipy.special import bdtr

        return np.asarray(bdtr(np.round(mean * n), n.astype(np.int64), rate))


@register()
class Hoeffding(Tested):
    """Hoeffding's inequality (1963): mean + sqrt(ln(1 / delta) / 2n). Assumes least, and is wide for rare errors."""

    kind: Literal["hoeffding"] = "hoeffding"

    def from_moments(self, mean: FloatArray, variance: FloatArray, n: int, delta: float) -> FloatArray:
        """Return the bound for means of n values."""
        return np.asarray(mean + np.sqrt(-np.log(delta) / (2 * n)))

    def p_values(self, mean: FloatArray, n: FloatArray, rate: float) -> FloatArray:
        """Return exp(-2n (rate - mean)^2) below the rate, else 1."""
        return np.asarray(np.exp(-2 * n * np.maximum(rate - mean, 0) ** 2))


@register()
class ChernoffKl(Tested):
    """Chernoff's bound (Hoeffding 1963, theorem 1): the largest p with n kl(mean, p) <= ln(1 / delta)."""

    kind: Literal["chernoff-kl"] = "chernoff-kl"

    def from_moments(self, mean: FloatArray, variance: FloatArray, n: int, delta: float) -> FloatArray:
        """Return the bound for means of n values."""
        return kl_high(mean, -np.log(delta) / n)

    def p_values(self, mean: FloatArray, n: FloatArray, rate: float) -> FloatArray:
        """Return exp(-n kl(mean, rate)) below the rate, else 1."""
        return np.where(mean < rate, np.exp(-n * binary_kl(mean, rate)), 1.0)


@register(paper="0907.3740")
class MaurerPontil(MomentBound):
    """The empirical Bernstein bound (theorem 4): mean + sqrt(2V ln(2 / delta) / n) + 7 ln(2 / delta) / 3(n - 1).

    Needs no more than one pass over the values, and is tight where there are many with a small variance V.
    """

    kind: Literal["maurer-pontil"] = "maurer-pontil"

    def from_moments(self, mean: FloatArray, variance: FloatArray, n: int, delta: float) -> FloatArray:
        """Return the bound for means and unbiased variances of n values; 1 for a single value."""
        if n < 2:
            return np.ones_like(mean)
        log = np.log(2 / delta)
        return np.asarray(mean + np.sqrt(2 * variance * log / n) + 7 * log / (3 * (n - 1)))


def binary_kl(q: ArrayLike, p: ArrayLike) -> FloatArray:
    """Return kl(q, p) between coins with chances q and p of heads, elementwise, in nats."""
    from scipy.special import rel_entr

    # rel_entr is 0 log 0 = 0 where plain arithmetic would give NaN
    a, b = np.asarray(q, dtype=np.float64), np.asarray(p, dtype=np.float64)
    return np.asarray(rel_entr(a, b) + rel_entr(1 - a, 1 - b))


def kl_high(mean: ArrayLike, budget: Any) -> FloatArray:
    """Return the largest p in [mean, 1] with kl(mean, p) <= budget, elementwise.

    >>> kl_high(0.05, -np.log(0.05) / 100).round(4).item()
    0.1215
    """
    means, limit = np.broadcast_arrays(np.asarray(mean, dtype=np.float64), np.asarray(budget, dtype=np.float64))
    return largest(lambda p: binary_kl(means, p) <= limit, means, np.ones_like(means))
