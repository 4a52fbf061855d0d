"""What an interval is here, and how one is made from an estimate, its variance and its degrees of freedom."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.checks import FloatArray, check_level


@dataclass(frozen=True)
class Interval:
    """An estimate with a two-sided confidence interval.

    Attributes:
        estimate: The estimate.
        low: The lower limit.
        high: The upper limit.
        level: The confidence level, in (0, 1).
        method: How it was made: 't', 'fieller', 'bca', 'percentile', 'exact', or the kind of a certifier.
        note: What the reader must know beside the numbers; empty where nothing.
    """

    estimate: float
    low: float
    high: float
    level: float
    method: str = "t"
    note: str = ""

    def __str__(self) -> str:
        return f"{self.estimate:.3f}, {100 * self.level:g} % interval [{self.low:.3f}, {self.high:.3f}]"


def t_quantile(level: float, degrees_of_freedom: float) -> float:
    """Return the quantile of Student's t at which a two-sided interval of `level` ends.

    Args:
        level: The confidence level, in (0, 1).
        degrees_of_freedom: Any positive number; infinity gives the normal quantile.

    Raises:
        InputError: `level` is outside (0, 1).

    >>> round(t_quantile(0.95, 7), 4)
    2.3646
    """
    from scipy.special import ndtri, stdtrit

    check_level(level)
    p = (1 + level) / 2
    return float(ndtri(p) if np.isinf(degrees_of_freedom) else stdtrit(degrees_of_freedom, p))


def t_interval(estimate: float, variance: float, degrees_of_freedom: float, level: float = 0.95) -> Interval:
    """Return `estimate` +- t * sqrt(variance).

    Limits are not clipped: those of an accuracy near 1 may pass 1, and where all records agree the variance is
    zero and so is the width, which says how little such records tell of the variance.

    Raises:
        InputError: `level` is outside (0, 1).
    """
    half = t_quantile(level, degrees_of_freedom) * max(variance, 0.0) ** 0.5
    return Interval(float(estimate), float(estimate - half), float(estimate + half), level)


def t_p_value(estimate: float, variance: float, degrees_of_freedom: float) -> float:
    """Return the two-sided p-value of an estimate being 0, by Student's t.

    Without any variance it is 1 for an estimate of 0, and 0 for another.

    >>> round(t_p_value(2.3646, 1.0, 7), 4)
    0.05
    """
    from scipy.special import stdtr

    # without variance the statistic is 0 / 0 or infinite; both have a plain meaning
    if variance <= 0:
        return 1.0 if estimate == 0 else 0.0
    return float(2 * stdtr(degrees_of_freedom, -abs(estimate) / variance**0.5))


def exact_high(hits: ArrayLike, n: ArrayLike, delta: float) -> FloatArray:
    """Return the upper bound of Clopper and Pearson (1934) of a share of which `hits` of `n` were seen, elementwise.

    It is the largest share under which so few hits still have a chance of more than delta, which solves
    `P(Binomial(n, share) <= hits) = delta`: the `1 - delta` quantile of Beta(hits + 1, n - hits).
    """
    from scipy.special import betaincinv

    seen, size = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    # where all are hits no share is too large; the 0.5 only keeps the unused branch from being undefined
    return np.where(seen < size, betaincinv(seen + 1, np.maximum(size - seen, 0.5), 1 - delta), 1.0)


def exact_low(hits: ArrayLike, n: ArrayLike, delta: float) -> FloatArray:
    """Return the lower bound of the same share: that of the misses, mirrored."""
    return np.asarray(1 - exact_high(np.asarray(n) - np.asarray(hits), n, delta))


def exact_interval(hits: int, n: int, level: float = 0.95) -> Interval:
    """Return the share `hits / n` with the exact interval of Clopper and Pearson (1934).

    Raises:
        InputError: `hits` is not in 0..n, `n` is 0, or `level` is outside (0, 1).

    >>> print(exact_interval(0, 10))
    0.000, 95 % interval [0.000, 0.308]
    """
    check_level(level)
    if n < 1 or not 0 <= hits <= n:
        raise InputError(f"hits must be a count from 0 to n, n at least 1, got {hits} of {n}")
    tail = (1 - level) / 2
    return Interval(hits / n, float(exact_low(hits, n, tail)), float(exact_high(hits, n, tail)), level, "exact")
