"""Effects over tasks: the random-effects model, in which tasks like these have effects of their own around a mean.

An effect is what one unit says (a task, or a family of tasks made of the same files), with its variance.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.checks import FloatArray, as_floats, check_level, codes_of, same_length
from w2sg.measure.intervals import Interval, t_interval, t_p_value, t_quantile

SMALLEST_VARIANCE = 1e-12
"""Of an effect, in squared units: weights stay finite where an estimate has no variance at all."""
LEAST_UNITS = 3
"""A prediction for a new unit needs as many: its t has two degrees of freedom less."""


@dataclass(frozen=True, eq=False)
class RandomEffects:
    """The random-effects model of `k` units.

    Attributes:
        mean: The mean effect over units like these, with its interval; None where there is one unit, from which nothing
            can be said of others.
        estimate: The mean effect.
        p_value: Two-sided, of a mean effect of 0; None for one unit.
        between: The standard deviation of true effects between units; None for one unit.
        prediction: Where the effect on a new unit lies, or None for fewer than `LEAST_UNITS`.
        probability_above: The probability that the effect on a new unit is above 0, under the normal model; None as
            for `prediction`.
        shrunken: Each unit's effect, drawn to the mean by as much as its own estimate is noise, shape (k,).
        n_units: k.
    """

    mean: Interval | None
    estimate: float
    p_value: float | None
    between: float | None
    prediction: Interval | None
    probability_above: float | None
    shrunken: FloatArray
    n_units: int
    standard_error: float

    def equivalence_p(self, margin: float) -> float | None:
        """Return the p-value of two one-sided tests that the mean effect is at least `margin` away from 0.

        Small values say that the mean lies within -margin and margin (Schuirmann 1987); None for one unit.

        Raises:
            InputError: `margin` is not above 0.
        """
        from scipy.special import stdtr

        if not margin > 0:
            raise InputError(f"margin must be above 0, got {margin!r}")
        if self.mean is None:
            return None
        return float(stdtr(self.n_units - 1, (abs(self.estimate) - margin) / self.standard_error))


def random_effects(effects: ArrayLike, variances: ArrayLike, *, level: float = 0.95) -> RandomEffects:
    """Fit `effect_i = mean + N(0, tau^2) + N(0, variance_i)` to the estimates of `k` independent units.

    - tau^2 solves `sum_i (y_i - m)^2 / (v_i + tau^2) = k - 1`, m the mean weighted by `1 / (v_i + tau^2)`, or is 0
      where that has no solution (Paule and Mandel 1982, doi 10.6028/jres.087.022; DerSimonian and Kacker 2007).
    - The mean's interval is that of Hartung and Knapp (2001) and Sidik and Jonkman (2002): Student's t with k - 1
      degrees of freedom and the variance `q / sum_i w_i`, `q = sum_i w_i (y_i - m)^2 / (k - 1)`, with q not below 1
      (Roever, Knapp and Friede 2015, doi 10.1186/s12874-015-0091-1). With this tau^2, q is 1 unless tau^2 is 0.
    - A new unit's effect lies in `m +- t(k - 2) sqrt(tau^2 + se^2)`, and is above 0 with probability
      `T(m / sqrt(tau^2 + se^2); k - 2)` (Higgins, Thompson and Spiegelhalter 2009, doi
      10.1111/j.1467-985X.2008.00552.x): both hold where true effects are normal over units.
    - `shrunken_i = m + tau^2 / (tau^2 + v_i) (y_i - m)`.

    What intervals cover where effects are skewed is measured in benchmarks/effects.py.

    Args:
        effects: Shape (k,).
        variances: Sampling variances of the effects, at least 0, shape (k,).
        level: The confidence level, in (0, 1).

    Raises:
        InputError: Lengths differ, a number is not finite, a variance is negative, or `level` is out of range.

    >>> found = random_effects([0.02, 0.05, -0.01, 0.04], [0.0001, 0.0004, 0.0001, 0.0002])
    >>> print(found.mean)
    0.022, 95 % interval [-0.020, 0.064]
    >>> round(found.probability_above, 2)
    0.76
    """
    y, v = as_floats("effects", effects), as_floats("variances", variances)
    same_length(effects=y, variances=v)
    check_level(level)
    if v.min() < 0:
        raise InputError(f"variances must be at least 0, got {v.min():g}")
    v, k = np.maximum(v, SMALLEST_VARIANCE), len(y)
    if k == 1:
        return RandomEffects(None, float(y[0]), None, None, None, None, y.copy(), 1, float(v[0] ** 0.5))
    tau2 = between_variance(y, v)
    weights = 1 / (v + tau2)
    mean = float(weights @ y / weights.sum())
    scale = max(float(weights @ (y - mean) ** 2) / (k - 1), 1.0)
    variance = scale / float(weights.sum())
    prediction, above = _new_unit(mean, tau2 + variance, k, level)
    return RandomEffects(
        mean=t_interval(mean, variance, k - 1, level),
        estimate=mean,
        p_value=t_p_value(mean, variance, k - 1),
        between=tau2**0.5,
        prediction=prediction,
        probability_above=above,
        shrunken=mean + tau2 / (tau2 + v) * (y - mean),
        n_units=k,
        standard_error=variance**0.5,
    )


def between_variance(effects: FloatArray, variances: FloatArray) -> float:
    """Return tau^2 by Paule and Mandel's equation; see `random_effects`.

    Args:
        effects: Shape (k,), at least two.
        variances: Above 0, shape (k,).
    """
    from scipy.optimize import brentq

    def excess(tau2: float) -> float:
        weights = 1 / (variances + tau2)
        mean = weights @ effects / weights.sum()
        return float(weights @ (effects - mean) ** 2) - (len(effects) - 1)

    # the sum falls in tau^2, and at the largest squared range it is below k / 4: no solution lies beyond
    most = float(np.ptp(effects) ** 2)
    if most == 0 or excess(0.0) <= 0:
        return 0.0
    return float(brentq(excess, 0.0, most, xtol=1e-12 * most))


def pooled_by_unit(effects: ArrayLike, variances: ArrayLike, units: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return one effect and variance for each unit: tasks made of the same files are one.

    A unit's effect is the mean of its tasks'. Its variance is the square of their mean standard error: the largest that
    the mean can have, whatever examples and luck its tasks share.

    Args:
        effects: Shape (n,), one for each task.
        variances: Shape (n,).
        units: The number of each task's unit, shape (n,).

    Returns:
        Effects and variances, shape (k,), in the order in which units first appear among the sorted numbers.

    Raises:
        InputError: Lengths differ or a number is not finite.
    """
    y, v = as_floats("effects", effects), as_floats("variances", variances)
    given = np.asarray(units)
    same_length(effects=y, variances=v, units=given)
    codes = codes_of(given)
    sizes = np.bincount(codes)
    return np.bincount(codes, y) / sizes, (np.bincount(codes, np.sqrt(v)) / sizes) ** 2


def normal_variance(interval: Interval, resolution: float) -> float:
    """Return a variance whose normal interval is as wide: what few seeds leave unknown of an effect is in it.

    Args:
        interval: The effect's.
        resolution: The standard deviation is at least this: where nothing varies, as of two methods that agree on all
            examples, one more example could have told them apart.
    """
    half = (interval.high - interval.low) / 2
    return max(half / t_quantile(interval.level, np.inf), resolution) ** 2


def _new_unit(mean: float, variance: float, k: int, level: float) -> tuple[Interval | None, float | None]:
    from scipy.special import stdtr

    if k < LEAST_UNITS:
        return None, None
    half, spread = t_quantile(level, k - 2) * variance**0.5, variance**0.5
    return Interval(mean, mean - half, mean + half, level, "prediction"), float(stdtr(k - 2, mean / spread))
