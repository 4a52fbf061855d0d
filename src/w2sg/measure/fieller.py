"""Intervals of a ratio of two estimated means (Fieller 1954, J. R. Stat. Soc. B 16)."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.checks import check_level
from w2sg.measure.intervals import Interval

if TYPE_CHECKING:  # what is estimated is known by its methods: ratios need not wait for how means are made
    from w2sg.measure.clustered import MeanEstimate


@dataclass(frozen=True)
class RatioSet:
    """A set of ratios: from `low` to `high`, or where `low` is above `high` all but what lies between them.

    >>> str(RatioSet(0.2, 0.4)), str(RatioSet(0.4, 0.2)), str(RatioSet(-math.inf, math.inf))
    ('[0.20, 0.40]', '(-inf, 0.20] and [0.40, inf)', 'every ratio')
    """

    low: float
    high: float

    @property
    def is_bounded(self) -> bool:
        """Whether it is an interval."""
        return -math.inf < self.low <= self.high < math.inf

    def __str__(self) -> str:
        if self.is_bounded:
            return f"[{self.low:.2f}, {self.high:.2f}]"
        if math.isinf(self.low):
            return "every ratio"
        return f"(-inf, {self.high:.2f}] and [{self.low:.2f}, inf)"

    def joined(self, other: "RatioSet") -> "RatioSet":
        """Return the ratios of either set; both hold the estimate, so that no gap is left between two intervals."""
        if self.is_bounded and other.is_bounded:
            return RatioSet(min(self.low, other.low), max(self.high, other.high))
        if not self.is_bounded and not other.is_bounded:
            # what both leave out
            low, high = min(self.low, other.low), max(self.high, other.high)
            everything = math.isinf(self.low) or math.isinf(other.low) or low <= high
            return EVERY_RATIO if everything else RatioSet(low, high)
        rays, inside = (other, self) if self.is_bounded else (self, other)
        # the interval begins in one ray, at the estimate, and may reach into what the rays leave out
        low = min(rays.low, inside.low) if inside.high >= rays.low else rays.low
        high = max(rays.high, inside.high) if inside.low <= rays.high else rays.high
        return EVERY_RATIO if math.isinf(rays.low) or low <= high else RatioSet(low, high)


EVERY_RATIO = RatioSet(-math.inf, math.inf)


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


def fieller_set(numerator: float, denominator: float, squares: ArrayLike) -> RatioSet:
    """Return all ratios r with `(numerator - r * denominator)**2 <= (1, -r) @ squares @ (1, -r)`, bounded or not.

    Args:
        numerator: Its estimate.
        denominator: Its estimate.
        squares: The covariance of both, shape (2, 2), times the squared quantile.

    >>> str(fieller_set(1.0, 0.5, [[0.04, 0.0], [0.0, 1.0]])), str(fieller_set(0.1, 0.1, [[1.0, 0.0], [0.0, 1.0]]))
    ('(-inf, -1.98] and [0.65, inf)', 'every ratio')
    """
    limits = fieller_limits(numerator, denominator, squares, 1.0)
    if limits is not None:
        return RatioSet(*limits)
    v = np.asarray(squares, dtype=np.float64)
    a = denominator * denominator - float(v[1, 1])
    b = numerator * denominator - float(v[0, 1])
    c = numerator * numerator - float(v[0, 0])
    # the quadratic opens downward: what it excludes lies between its roots, and it has none where nothing is excluded
    root = b * b - a * c
    if a == 0 or root <= 0:
        return EVERY_RATIO
    ends = sorted([(b - math.sqrt(root)) / a, (b + math.sqrt(root)) / a])
    return RatioSet(ends[1], ends[0])


def ratio_set(estimate: "MeanEstimate", numerator: ArrayLike, denominator: ArrayLike, level: float = 0.95) -> RatioSet:
    """Return all ratios of two contrasts that the data allow, also where these are no interval.

    Where the estimate has a floor, a ratio is excluded only where neither the parts nor the floor would allow it.
    """
    weights = np.stack([np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)])
    top, bottom = (float(x) for x in weights @ estimate.mean)
    sets = [fieller_set(top, bottom, view.squares(weights, level)) for view in estimate.views]
    found = sets[0]
    for other in sets[1:]:
        found = found.joined(other)
    return found


def ratio_interval(
    estimate: "MeanEstimate", numerator: ArrayLike, denominator: ArrayLike, level: float = 0.95
) -> tuple[Interval | None, float]:
    """Return Fieller's interval of the ratio of two contrasts of an estimated mean vector.

    Each part of the covariance enters with the t quantile of its own degrees of freedom (see `MeanEstimate.squares`).
    Where the estimate has a floor, the interval is the hull of those by the parts and by the floor.

    Args:
        estimate: The means, shape (p,), with their covariance.
        numerator: Weights of the numerator, shape (p,).
        denominator: Weights of the denominator, shape (p,).
        level: The confidence level, in (0, 1).

    Returns:
        The interval (None where it is unbounded), and Satterthwaite's degrees of freedom of `numerator - r *
        denominator` at the estimated ratio r.

    Raises:
        InputError: The denominator is exactly 0, or `level` is outside (0, 1).
    """
    check_level(level)
    weights = np.stack([np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)])
    top, bottom = (float(x) for x in weights @ estimate.mean)
    if bottom == 0:
        raise InputError("the denominator of the ratio is 0, so the ratio is not defined")
    ratio = top / bottom
    df = estimate.degrees_of_freedom(weights[0] - ratio * weights[1])
    found = ratio_set(estimate, numerator, denominator, level)
    if not found.is_bounded:
        return None, df
    return Interval(ratio, min(found.low, ratio), max(found.high, ratio), level, "fieller"), df
