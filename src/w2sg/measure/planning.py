"""How many seeds, test examples and tasks an effect needs: the variance components of a pilot, and power."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.checks import FloatArray, IntArray, as_classes, as_floats, same_length
from w2sg.measure.intervals import t_quantile

MOST_TASKS = 100_000
"""Beyond this a number of tasks is no plan."""
QUANTILES = 4000
"""Of the estimated standard deviation, over which power is averaged: powers are then right to 1e-4."""


@dataclass(frozen=True)
class Components:
    """Where the variance of a difference between two students comes from, in squared accuracy.

    Attributes:
        seed: Of what a seed changes for all examples.
        example: Of what an example changes under every seed.
        cell: Of one example under one seed.
        shared: The share of a seed's test examples that another seed has too: 1 where all have the same, 0 where none
            are shared, between them where one pool is split anew.
        n_seeds: Seeds of the pilot.
        n_test: Its test examples per seed (the mean).
    """

    seed: float
    example: float
    cell: float
    shared: float
    n_seeds: int
    n_test: float

    def variance(self, seeds: int, examples: float) -> float:
        """Return the variance of the mean difference over so many seeds with so many test examples each.

        `seed / S + (cell + example (1 + (S - 1) shared)) / (S n)`.
        """
        return self.seed / seeds + self._sampling(seeds) / (seeds * examples)

    def examples_needed(self, seeds: int, effect: float, power: float, level: float = 0.95) -> float | None:
        """Return the test examples per seed that show an effect with this power, or None where no number does."""
        allowed = (effect / detectable(seeds - 1, power, level)) ** 2 - self.seed / seeds
        return float(np.ceil(self._sampling(seeds) / (seeds * allowed))) if allowed > 0 else None

    def _sampling(self, seeds: int) -> float:
        return self.cell + self.example * (1 + (seeds - 1) * self.shared)


def components(differences: Sequence[ArrayLike], ids: Sequence[ArrayLike]) -> Components:
    """Estimate the components from a pilot, by moments.

    With `d_si = mean + a_s + b_i + e_si`: records of a seed vary by example + cell, records of one example under two
    seeds covary by example, and means of seeds vary by `seed + (example + cell) / n - shared * example / n`. Estimates
    below 0 are 0.

    Args:
        differences: For each seed the difference in correctness on each test example, shape (n_s,).
        ids: For each seed the test examples, shape (n_s,).

    Raises:
        InputError: Fewer than two seeds, or fewer than two examples in one, or lengths differ.

    >>> found = components([[0, 1, 0, -1], [1, 1, 0, 0]], [[1, 2, 3, 4], [1, 2, 3, 4]])
    >>> found.shared, round(found.example + found.cell, 3)
    (1.0, 0.5)
    """
    if len(differences) < 2:
        raise InputError(f"variance components need at least 2 seeds, got {len(differences)}: make more runs")
    rows = [as_floats("differences", part) for part in differences]
    codes = [as_classes("ids", part) for part in ids]
    for row, code in zip(rows, codes, strict=True):
        same_length(differences=row, ids=code)
        if len(row) < 2:
            raise InputError("variance components need at least 2 test examples per seed, got 1")
    within = float(np.mean([row.var(ddof=1) for row in rows]))
    n_test = float(np.mean([len(row) for row in rows]))
    pairs, covariance = _across_seeds(rows, codes)
    example = min(max(covariance, 0.0), within)
    shared = pairs / (len(rows) * (len(rows) - 1) * n_test)
    between = float(np.var([row.mean() for row in rows], ddof=1))
    seed = max(between - (within - shared * example) / n_test, 0.0)
    return Components(seed, example, within - example, shared, len(rows), n_test)


def detectable(degrees_of_freedom: float, power: float, level: float = 0.95) -> float:
    """Return how many standard errors an effect must be for a two-sided t test of `1 - level` to have this power.

    Raises:
        InputError: `power` is not above `1 - level` and below 1, or `level` is out of range.

    >>> round(detectable(1e6, 0.8), 2)
    2.8
    """
    from scipy.optimize import brentq
    from scipy.special import chdtri, ndtr

    critical = t_quantile(level, degrees_of_freedom)
    if not 1 - level < power < 1:
        raise InputError(f"power must be above {1 - level:g} and below 1, got {power!r}")

    # scipy's noncentral t is NaN in places (one degree of freedom, effect 8): its mixture of normals is averaged over
    # quantiles of the estimated standard deviation
    shares = (np.arange(QUANTILES) + 0.5) / QUANTILES
    deviations = np.sqrt(chdtri(degrees_of_freedom, shares) / degrees_of_freedom)

    def missing(effect: float) -> float:
        return power - float((ndtr(effect - critical * deviations) + ndtr(-effect - critical * deviations)).mean())

    most = 1.0
    while missing(most) > 0:
        most *= 2
    return float(brentq(missing, 0.0, most))


def tasks_needed(variance: float, effect: float, power: float, level: float = 0.95) -> int | None:
    """Return over how many tasks a mean effect is shown with this power; None beyond `MOST_TASKS`.

    Args:
        variance: Of a task's difference: between tasks, and of its own estimate.
        effect: The mean difference.
        power: The probability of showing it.
        level: One minus the error rate of the test.
    """

    def enough(k: int) -> bool:
        return bool(effect >= detectable(k - 1, power, level) * (variance / k) ** 0.5)

    low, high = 1, 2
    while not enough(high):
        low, high = high, 2 * high
        if high > MOST_TASKS:
            return None
    # doubled until it was enough: the least number lies above the last that was not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _across_seeds(rows: Sequence[FloatArray], codes: Sequence[IntArray]) -> tuple[float, float]:
    """Return the number of ordered pairs of records of one example under two seeds, and their covariance."""
    centred = np.concatenate([row - row.mean() for row in rows])
    names, at = np.unique(np.concatenate(codes), return_inverse=True)
    counts = np.bincount(at, minlength=len(names)).astype(np.float64)
    sums, squares = np.bincount(at, centred), np.bincount(at, centred**2)
    pairs = float((counts * (counts - 1)).sum())
    # the square of a sum holds every pair twice, and each record with itself once
    return pairs, float((sums**2 - squares).sum() / pairs) if pairs else 0.0
