"""Contrasts between settings of one task: what they come to, and how well one task's examples and seeds tell.

Every effect of a design is a contrast, `sum_j weight_j * outcome_j` over the settings of a task: a difference of two
levels, a slope, an interaction. So all of them have one estimate and one variance, whatever the design.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from w2sg.core import FloatArray, InputError, IntArray
from w2sg.measure import clustered_mean

if TYPE_CHECKING:
    from w2sg.desiderata import Reading


@dataclass(frozen=True, eq=False)
class Contrasts:
    """What some contrasts come to on one task.

    Attributes:
        estimates: The contrasts, `(c,)`.
        variances: Their variances over seeds and examples, `(c,)`: not biased, and rough where there are few seeds.
        floors: Their variances over examples alone, `(c,)`: well known, and at most the whole. 0 without examples.
    """

    estimates: FloatArray
    variances: FloatArray
    floors: FloatArray


def contrasts_of(settings: "Sequence[Sequence[Reading]]", weights: FloatArray) -> Contrasts:
    """Return contrasts between settings that were tried under the same seeds.

    A setting's outcome is the mean over seeds of its value. What an example changes in a contrast under one seed is its
    influence: the weighted sum, over the settings that have it, of its score's deviation from that setting's mean over
    that setting's number of examples. Influences are clustered by seed and by example (`w2sg.measure.clustered_mean`),
    so settings that share examples are paired, and settings that do not (sizes of splits deal rows anew) are not. What
    seeds that split one pool have in common beyond that is a difference between tasks, and tasks are what is sampled.

    Args:
        settings: For each of m settings its readings, one for each of S seeds, in one order.
        weights: `(c, m)`.

    Raises:
        InputError: If settings differ in their seeds, or there is one seed and no example.
    """
    seeds = {len(readings) for readings in settings}
    if len(seeds) != 1 or weights.shape[1] != len(settings):
        raise InputError(f"settings must have equal seeds and one weight each, got {sorted(seeds)} seeds")
    values = np.array([[reading.value for reading in readings] for readings in settings])
    by_seed = weights @ values
    rows, of_seed, units = [], [], []
    for place, totals in enumerate(by_seed.T):
        known, influence = _influence([readings[place] for readings in settings], weights)
        rows.append(totals + len(known) * influence)
        of_seed.append(np.full(len(known), place))
        units.append(known)
    estimates = by_seed.mean(axis=1)
    if not all(map(len, units)):
        return Contrasts(estimates, _over_seeds(by_seed), np.zeros(len(estimates)))
    mean = clustered_mean(np.concatenate(rows), np.concatenate(of_seed), np.concatenate(units))
    # With one seed the spread over examples is all that is known.
    whole, floor = mean.views[0], mean.views[-1]
    return Contrasts(estimates, np.maximum(np.diagonal(whole.covariance), 0.0), np.diagonal(floor.covariance))


def _influence(settings: "Sequence[Reading]", weights: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the units that any setting has, `(n,)`, and what each adds to every contrast, `(n, c)`."""
    parts = [part.units for reading in settings for part in reading.parts]
    if not parts:
        return np.array([], dtype=np.int64), np.zeros((0, len(weights)))
    known = np.unique(np.concatenate(parts))
    total = np.zeros((len(known), len(weights)))
    for reading, weight in zip(settings, weights.T, strict=True):
        for part in reading.parts:
            deviations = part.sign * (part.scores - part.scores.mean()) / len(part.scores)
            places = np.searchsorted(known, part.units)
            total += np.bincount(places, deviations, len(known))[:, None] * weight
    return known, total


def _over_seeds(by_seed: FloatArray) -> FloatArray:
    """Return the variance of means over seeds, `(c,)`, of `(c, S)` values of which nothing else is known."""
    if by_seed.shape[1] < 2:
        raise InputError("a margin of several requirements varies over seeds only: take at least 2 seeds")
    return np.asarray(by_seed.var(axis=1, ddof=1) / by_seed.shape[1])
