"""Means over places of trial, some of which share a task."""

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.checks import FloatArray, as_classes, codes_of, same_length
from w2sg.measure.clustered import MeanEstimate, Part


def pooled_mean(values: ArrayLike, tasks: ArrayLike) -> MeanEstimate:
    """Estimate the mean over places, as a statement about tasks like these: places of one task are one cluster.

    The covariance is `G / (G - 1) * sum_g s_g s_g'`, s_g the sum over task g of (value - mean) / n, with G - 1 degrees
    of freedom for G tasks (Liang and Zeger 1986, doi 10.1093/biomet/73.1.13, with the usual small-sample factor). With
    one place per task it is the covariance of an ordinary mean, and intervals are those of Student's t.

    Args:
        values: Shape (n, p), one row per place; columns are paired.
        tasks: The number of each place's task, shape (n,).

    Returns:
        The mean, shape (p,), with its covariance; no part where there is only one task, from which nothing can be
        said of others.

    Raises:
        InputError: Another shape, a value is not finite, or lengths differ.

    >>> pooled = pooled_mean([[0.2], [0.4], [0.9]], [0, 1, 2])
    >>> print(pooled.interval([1.0]))
    0.500, 95 % interval [-0.396, 1.396]
    """
    rows: FloatArray = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2 or rows.size == 0 or not np.isfinite(rows).all():
        raise InputError(f"values must be finite numbers of shape (n, p), got shape {rows.shape}")
    given = as_classes("tasks", tasks)
    same_length(values=rows, tasks=given)
    codes = codes_of(given)
    n_tasks = int(codes.max()) + 1
    mean = rows.mean(axis=0)
    # places of one task say nothing of how tasks differ: the mean stands, its covariance does not
    if n_tasks == 1:
        return MeanEstimate(mean, ())
    sums = np.zeros((n_tasks, rows.shape[1]))
    # places of one task share its luck, so their deviations are added before they are squared
    np.add.at(sums, codes, (rows - mean) / len(rows))
    covariance = n_tasks / (n_tasks - 1) * sums.T @ sums
    return MeanEstimate(mean, (Part(covariance, n_tasks - 1),))
