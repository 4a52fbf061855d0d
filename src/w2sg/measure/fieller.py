"""Intervals of a ratio of two estimated means (Fieller 1954, J. R. Stat. Soc. B 16)."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.intervals import Interval, t_quantile

if TYPE_CHECKING:  # what is estimated is known by its methods: ratios need not wait for how means are made
    from w2sg.measure.clustered import MeanEstimate


def fieller_limits(
    numerator: float, denominator: float, covariance: ArrayLike, quantile: float
) -> tuple[float, float] | None:
    """Return the limits of all ratios r for which `numerator - r * denominator` is not significantly different from 0.

    They solve `(numerator - r * denominator)**2 = quantile**2 * var(numerator - r * denominator)`.

    Args:
        numerator: Its estimate.
        denominator: Its estimate.
        covariance: The covariance of the two estimates, shape (2, 2).
        quantile: The quantile of Student's t, or of the normal distribution.

    Returns:
        The two limits, or None where the denominator is not significantly different from 0: the set of such
        ratios is then unbounded and no interval.

    Raises:
        InputError: `covariance` has another shape.

    >>> low, high = fieller_limits(1.0, 2.0, [[0.01, 0.0], [0.0, 0.0]], 2.0)
    >>> round(low, 12), round(high, 12)
    (0.4, 0.6)
    """
    v = np.asarray(covariance, dtype=np.float64)
    if v.shape != (2, 2):
        raise InputError(f"covariance must have shape (2, 2), got {v.shape}")
    # Whether r is the ratio is asked of the difference numerator - r * denominator, which is normal whatever the gap;
    # the ratio itself is not. The accepted r solve a quadratic a r^2 - 2 b r + c <= 0.
    q2 = quantile * quantile
    a = denominator * denominator - q2 * float(v[1, 1])
    b = numerator * denominator - q2 * float(v[0, 1])
    c = numerator * numerator - q2 * float(v[0, 0])
    # a is positive iff the denominator differs significantly from 0. If it does not, ratios of any size fit the data,
    # and the accepted set is the outside of an interval, or everything.
    if a <= 0:
        return None
    # for a > 0 the discriminant cannot be negative but by rounding: the estimate itself is always accepted
    root = math.sqrt(max(b * b - a * c, 0.0))
    return (b - root) / a, (b + root) / a


def ratio_interval(
    estimate: "MeanEstimate", numerator: ArrayLike, denominator: ArrayLike, level: float = 0.95
) -> tuple[Interval | None, float]:
    """Return Fieller's interval of the ratio of two contrasts of an estimated mean vector.

    Where the estimate has a floor, the interval is the hull of those by the parts and by the floor. The t quantile has
    Satterthwaite's degrees of freedom of `numerator - r * denominator` at the estimated ratio
    r.

    Args:
        estimate: The means, shape (p,), with their covariance.
        numerator: Weights of the numerator, shape (p,).
        denominator: Weights of the denominator, shape (p,).
        level: The confidence level, in (0, 1).

    Returns:
        The interval (None where it is unbounded) and its degrees of freedom.

    Raises:
        InputError: The denominator is exactly 0, or `level` is outside (0, 1).
    """
    weights = np.stack([np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)])
    top, bottom = (float(x) for x in weights @ estimate.mean)
    if bottom == 0:
        raise InputError("the denominator of the ratio is 0, so the ratio is not defined")
    ratio = top / bottom
    # degrees of freedom belong to a contrast; that of the test at the estimated ratio stands for all nearby ratios
    contrast = weights[0] - ratio * weights[1]
    df = estimate.degrees_of_freedom(contrast)
    # the hull of both views: a ratio is excluded only where neither the parts nor the floor would accept it
    ends = [ratio]
    for view in estimate.views:
        quantile = t_quantile(level, view.degrees_of_freedom(contrast))
        limits = fieller_limits(top, bottom, weights @ view.covariance @ weights.T, quantile)
        if limits is None:
            return None, df
        ends.extend(limits)
    return Interval(ratio, min(ends), max(ends), level, "fieller"), df
