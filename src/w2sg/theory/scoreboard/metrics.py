"""How good predictions are: rank correlations within tasks, explained variance, signs, intervals.

A score that the data do not define (one run, constant predictions) is NaN, never 0.
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.stats import kendalltau

from w2sg.core import AnyArray, FloatArray

FEWEST = 8
"""A task counts for scores within tasks if it has at least this many runs."""
Metric = Callable[[FloatArray, FloatArray], float]
"""A score of predictions against the truth."""


def correlation(first: FloatArray, second: FloatArray) -> float:
    """Return the correlation of two vectors; NaN if one is constant."""
    if len(first) < 3:
        return float("nan")
    a, b = first - first.mean(), second - second.mean()
    power = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / power) if power > 0 else float("nan")


def ranks(values: FloatArray) -> FloatArray:
    """Return average ranks from 1; scipy's costs ten times as much on short vectors, and a bootstrap asks often."""
    # Equal values share the middle of the places that they take.
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place])


def spearman(predicted: FloatArray, truth: FloatArray) -> float:
    """Return the rank correlation."""
    return correlation(ranks(predicted), ranks(truth))


def kendall(predicted: FloatArray, truth: FloatArray) -> float:
    """Return Kendall's tau-b."""
    if len(predicted) < 3 or np.ptp(predicted) == 0 or np.ptp(truth) == 0:
        return float("nan")
    return float(kendalltau(predicted, truth).statistic)


def within(metric: Metric, predicted: FloatArray, truth: FloatArray, tasks: AnyArray) -> float:
    """Return the mean over tasks of a metric within tasks; tasks with too few runs do not count."""
    values = np.array([metric(predicted[rows], truth[rows]) for rows in by_task(tasks) if len(rows) >= FEWEST])
    return mean(values[np.isfinite(values)])


def mean(values: FloatArray) -> float:
    """Return the mean; NaN of nothing."""
    return float(values.mean()) if len(values) else float("nan")


def r2(predicted: FloatArray, truth: FloatArray) -> float:
    """Return the share of the truth's variance that the predictions explain as they are; negative if they harm."""
    spread = float(np.square(truth - truth.mean()).sum()) if len(truth) > 2 else 0.0
    return float(1 - np.square(truth - predicted).sum() / spread) if spread > 0 else float("nan")


def r2_refitted(predicted: FloatArray, truth: FloatArray, tasks: AnyArray) -> float:
    """Return R^2 after an affine map that was fitted on the other tasks; NaN with fewer than two tasks."""
    if len(np.unique(tasks)) < 2:
        return float("nan")
    mapped = np.empty_like(truth)
    for rows in by_task(tasks):
        # A task is mapped by the others' fit, or R^2 would reward a map that was made for its own truth.
        rest = np.setdiff1d(np.arange(len(truth)), rows)
        x = predicted[rest] - predicted[rest].mean()
        power = float(x @ x)
        slope = float(x @ truth[rest]) / power if power > 0 else 0.0
        mapped[rows] = truth[rest].mean() + slope * (predicted[rows] - predicted[rest].mean())
    return r2(mapped, truth)


def auc(predicted: FloatArray, positive: AnyArray) -> float:
    """Return the probability that a positive run was given more than another; ties count half."""
    n_positive = int(np.sum(positive))
    n_other = len(positive) - n_positive
    if not n_positive or not n_other:
        return float("nan")
    # Mann and Whitney: the positives' ranks beyond those among themselves count the pairs in right order.
    return float((ranks(predicted)[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_other))


def interval_score(low: FloatArray, high: FloatArray, truth: FloatArray, level: float) -> float:
    """Return the mean interval score: width, and 2/alpha times the distance outside (Gneiting and Raftery 2007)."""
    outside = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return float(np.mean(high - low + 2 / (1 - level) * outside))


def split_half_ceiling(truth: FloatArray, other: FloatArray, tasks: AnyArray) -> float:
    """Return the rank correlation within tasks that the true gain itself would have with the measured one.

    Both halves of the test set measure the same thing with noise of their own. If their correlation is `r`, what they
    measure correlates `sqrt(r)` with either (Spearman 1904: correction for attenuation), and nobody can do better.

    Args:
        truth: What was measured on the half that is scored.
        other: The same measured on the other half; NaN where it was not.
        tasks: The task of each run.
    """
    known = np.isfinite(truth) & np.isfinite(other)
    reliability = within(spearman, truth[known], other[known], tasks[known])
    return float(np.sqrt(max(reliability, 0.0)))


def by_task(tasks: AnyArray) -> Iterator[AnyArray]:
    """Yield the rows of each task."""
    _, codes = np.unique(tasks, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else []
