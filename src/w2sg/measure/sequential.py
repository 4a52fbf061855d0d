"""An interval that holds however often one looks and whenever one stops: for seeds that are added until it is clear."""

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.checks import as_floats, check_level
from w2sg.measure.intervals import Interval

EFFECT_VARIANCE = 1.0
"""The variance of the mixture over standardised effects: where intervals are narrowest. Any fixed value is valid."""


def anytime_t(values: ArrayLike, level: float = 0.95, *, least_deviation: float = 0.0) -> Interval:
    """Return the interval of a mean that holds at all sample sizes at once with probability `level`.

    The Bayes factor of a standardised effect drawn from N(0, g) against 0, with the right Haar prior on the scale, is
    a nonnegative martingale if the values are independent and normal with mean 0, whatever their variance
    (Wang and Ramdas 2023, arXiv 2310.03722, the Gaussian mixture of scale-invariant likelihood ratios; Lai 1976). With
    n values, r = t^2 / (n - 1) and `K = ((1 + n g) / alpha^2)^(1 / n)` it is below `1 / alpha` where
    `r < (K - 1) / (1 - K / (1 + n g))`, and by Ville's inequality it ever reaches that with probability at most alpha.
    So all means that it does not reject are the interval; it is unbounded as long as K is at least 1 + n g.

    Args:
        values: Shape (n,), in any order: independent, of one normal distribution.
        level: One minus alpha, in (0, 1).
        least_deviation: The standard deviation is taken to be at least this: values of a grid can be equal by chance.

    Raises:
        InputError: `values` is no vector of finite numbers, or `level` is out of range.

    >>> print(anytime_t([0.02, 0.03, 0.01, 0.04, 0.02, 0.03, 0.02, 0.03]))
    0.025, 95 % interval [0.011, 0.039]
    """
    x = as_floats("values", values)
    check_level(level)
    if least_deviation < 0:
        raise InputError(f"least_deviation must be at least 0, got {least_deviation!r}")
    n, mean = len(x), float(x.mean())
    spread = 1 + n * EFFECT_VARIANCE
    growth = (spread / (1 - level) ** 2) ** (1 / n)
    if n < 2 or growth >= spread:
        return Interval(mean, -np.inf, np.inf, level, "anytime t")
    ratio = (growth - 1) / (1 - growth / spread)
    deviation = max(float(x.std(ddof=1)), least_deviation)
    half = deviation * (ratio * (n - 1) / n) ** 0.5
    return Interval(mean, mean - half, mean + half, level, "anytime t")
