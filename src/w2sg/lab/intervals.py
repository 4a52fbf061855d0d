"""Intervals of the metrics beside accuracy: from their values over seeds and their sampling variance within each."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from w2sg.measure import Interval, Paired, interval_over_seeds

SAMPLING = "sampling_variance"
"""Of each metric over draws of test examples: what its interval is made with, beside its values over seeds."""
DRAWS = "independent_draws"
"""Of which each metric is made: what its interval is made with where it does not vary, as an AUROC of 1."""
SQUARED = "squared_calibration_error"
ROOT = "calibration_error"
"""The root of the debiased squared error: the mean over seeds is taken of squares, which have no bias."""


def metric_intervals(metrics: Sequence[Mapping[str, Any]], evidence: Paired, level: float) -> dict[str, Any]:
    """Return an interval for every metric whose sampling variance was recorded, built like the metrics.

    The plain ECE has none: it is biased upwards by as much under every seed. Its debiased form, the root of the mean of
    `squared_calibration_error`, is `calibration_error`. Runs that older versions made have no variances, and no
    intervals.

    Args:
        metrics: What the score recorded of the test set under each seed.
        evidence: Which test examples and training rows seeds share; seeds that are copies count as one.
        level: The confidence level, in (0, 1).
    """
    if not all(SAMPLING in of_seed for of_seed in metrics):
        return {}
    runs = metrics[:1] if evidence.are_copies else metrics
    return _tree([run[SAMPLING] for run in runs], runs, runs[0].get(DRAWS, {}), evidence, level)


def _tree(
    noise: Sequence[Mapping[str, Any]],
    metrics: Sequence[Mapping[str, Any]],
    draws: Mapping[str, Any],
    evidence: Paired,
    level: float,
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in noise[0].items():
        if not all(name in of_seed for of_seed in noise):
            continue  # a student that was refused under some seed has no mean over them
        if isinstance(value, Mapping):
            below = [of_seed[name] for of_seed in metrics]
            found[name] = _tree([of_seed[name] for of_seed in noise], below, draws.get(name, {}), evidence, level)
            continue
        # what is not defined under a seed, such as errors copied where there are none, is left out
        both = [(m[name], v[name]) for m, v in zip(metrics, noise, strict=True) if None not in (m[name], v[name])]
        if both:
            values, variances = np.array(both, dtype=np.float64).T
            noise_of_one, many = float(variances.mean()), draws.get(name)
            if name != SQUARED:
                ends = (0.0, 1.0)
                # Elsewhere than at an end nothing varies because nothing can, as in the AUROC of one answer to all.
                at_end = many if values.mean() in ends else None
                found[name] = interval_over_seeds(values, noise_of_one, evidence, level, ends=ends, draws=at_end)
                continue
            interval = interval_over_seeds(values, noise_of_one, evidence, level, ends=(-1.0, 1.0))
            found[ROOT] = _root(interval)
            if interval.low == interval.high:
                # A share of right answers that may be so much lower makes an error that may be so much larger.
                roots = np.sqrt(np.maximum(values, 0.0))
                found[ROOT] = interval_over_seeds(roots, 0.0, evidence, level, ends=(0.0, 1.0), draws=many)
    return found


def _root(squares: Interval) -> Interval:
    estimate, low, high = (max(value, 0.0) ** 0.5 for value in (squares.estimate, squares.low, squares.high))
    return replace(squares, estimate=estimate, low=low, high=high)


def plain_intervals(intervals: Mapping[str, Any]) -> dict[str, Any]:
    """Return the intervals as plain data."""
    return {
        name: plain_intervals(value) if isinstance(value, Mapping) else asdict(value)
        for name, value in intervals.items()
    }
