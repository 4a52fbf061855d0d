"""What a dial does to PGR: contrasts between settings, on the same seeds, with intervals."""

from collections.abc import Sequence

import numpy as np

from w2sg.core import InputError
from w2sg.measure.checks import FloatArray, check_level
from w2sg.measure.intervals import Interval, t_interval
from w2sg.measure.paired import PREDICTORS, Paired


def accuracies_by_seed(evidence: Paired) -> FloatArray:
    """Return the accuracies of weak, student and ceiling under each seed, `(S, 3)`."""
    columns = [[float(np.mean(correct)) for correct in getattr(evidence, name)] for name in PREDICTORS]
    return np.array(columns).T


def pgr_contrast(settings: Sequence[FloatArray], weights: Sequence[float], level: float = 0.95) -> Interval:
    """Return `sum_i weights_i PGR_i` over settings of a dial, with the jackknife's interval over seeds.

    A setting's PGR is the ratio of mean gain to mean gap. Each seed is left out in turn of all settings at once, so
    what a seed does to all of them alike cancels; the interval is Student's t with `S - 1` degrees of freedom. It is
    about this task's pool: seeds deal the same examples anew.

    Args:
        settings: For each setting the accuracies of weak, student and ceiling by seed, `(S, 3)`, with equal seeds.
        weights: One for each setting: -1 and 1 give a difference.
        level: The confidence level, in (0, 1).

    Raises:
        InputError: There are fewer than two seeds, settings differ in their seeds, or a mean gap is 0.

    >>> low = np.array([[0.5, 0.6, 0.9], [0.5, 0.7, 0.9]])
    >>> high = np.array([[0.5, 0.7, 0.9], [0.5, 0.8, 0.9]])
    >>> round(pgr_contrast([low, high], [-1, 1]).estimate, 3)
    0.25
    """
    check_level(level)
    shapes = {table.shape for table in settings}
    if len(settings) != len(weights) or len(shapes) != 1:
        raise InputError(f"settings must have equal seeds and one weight each, got shapes {sorted(shapes)}")
    ((n_seeds, _),) = shapes
    if n_seeds < 2:
        raise InputError("a contrast between settings needs at least 2 seeds, got 1: its interval is over seeds")
    tables = np.stack(settings)
    total = tables.sum(axis=1)
    # Row s of what is left: the sums without seed s; the whole comes last.
    left = np.concatenate([total[:, None] - tables, total[:, None]], axis=1)
    gain, gap = left[..., 1] - left[..., 0], left[..., 2] - left[..., 0]
    if (gap == 0).any():
        raise InputError("a mean gap between weak supervisor and ceiling is 0, so there is no PGR: choose others")
    values = np.asarray(weights, dtype=np.float64) @ (gain / gap)
    without, whole = values[:-1], float(values[-1])
    variance = (n_seeds - 1) / n_seeds * float(((without - without.mean()) ** 2).sum())
    return t_interval(whole, variance, n_seeds - 1, level)
