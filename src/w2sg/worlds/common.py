"""What the worlds share: rules for numbers, and simulated means, ratios and matrices."""

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import FloatArray, InputError
from w2sg.worlds.contract import Simulation, mean_of

MOST_CELLS = 10**8
"""Numbers in one simulated sample: 800 MB."""


def above(low: float, **values: float) -> None:
    """Check that each value is a finite number above `low`.

    Raises:
        InputError: One is not.
    """
    for name, value in values.items():
        if not (math.isfinite(value) and value > low):
            raise InputError(f"{name} must be a finite number above {low:g}, got {value}")


def within(low: float, high: float, **values: float) -> None:
    """Check that each value lies from `low` to `high`, ends included; only `high` may be infinite.

    Raises:
        InputError: One does not.
    """
    for name, value in values.items():
        if not (math.isfinite(value) and low <= value <= high):
            rule = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of at least {low:g}"
            raise InputError(f"{name} must be a finite number {rule}, got {value}")


def affordable(rows: int, columns: int) -> None:
    """Check that a sample of this shape fits into memory.

    Raises:
        InputError: It has more than `MOST_CELLS` numbers.
    """
    if rows * columns > MOST_CELLS:
        raise InputError(
            f"a sample may have at most {MOST_CELLS:,} numbers, got {rows:,} rows of {columns:,}: lower one"
        )


def means_of(trials: Iterable[Mapping[str, float]]) -> dict[str, Simulation]:
    """Return the mean and standard error of each key over independent trials that all have the same keys."""
    rows = list(trials)
    return {name: mean_of([row[name] for row in rows]) for name in rows[0]}


def ratio_of(top: ArrayLike, bottom: ArrayLike) -> Simulation:
    """Return the ratio of two means over the same trials; its standard error is the delta method's."""
    a, b = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    ratio = float(a.mean() / b.mean())
    # the delta method: near its value a ratio moves like the mean of these residuals, in which both means are paired
    residual = mean_of((a - ratio * b) / b.mean())
    return Simulation(ratio, residual.se, residual.n)


def resampled(statistic: Callable[..., float], *columns: FloatArray, rng: np.random.Generator) -> Simulation:
    """Return a statistic of columns of paired values; its standard error is the bootstrap's, of 200 resamples."""
    n = len(columns[0])
    draws = [statistic(*(column[rows] for column in columns)) for rows in rng.integers(n, size=(200, n))]
    return Simulation(float(statistic(*columns)), float(np.std(draws, ddof=1)), n)


def least_squares(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the coefficients of ordinary least squares by the normal equations, for well-conditioned `x`, `(n, d)`."""
    return np.asarray(np.linalg.solve(x.T @ x, x.T @ y))


def wishart(d: int, n: int, rng: np.random.Generator) -> FloatArray:
    """Return `X'X` for standard Gaussian `X`, `(n, d)` with `n >= d`, without drawing X (Bartlett's decomposition)."""
    factor = np.tril(rng.standard_normal((d, d)), -1)
    # Bartlett: the Cholesky factor of a Wishart matrix has independent entries, chi on the diagonal and normal below.
    # So d^2 / 2 numbers replace n d, which matters where n is in the millions.
    factor[np.diag_indices(d)] = np.sqrt(rng.chisquare(n - np.arange(d)))
    return np.asarray(factor @ factor.T)
