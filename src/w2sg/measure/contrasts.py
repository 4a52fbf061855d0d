"""Contrasts between settings of one task: what they come to, and how well its examples and seeds tell.

Every effect is a contrast, `sum_j weight_j * outcome_j` over the settings of a task: a difference of two levels, a
slope, an interaction, what a claim says of several arms. So all of them have one estimate and one covariance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2sg.core import BoolArray, FloatArray, InputError, IntArray
from w2sg.measure.accuracies import for_new_data
from w2sg.measure.clustered import MeanEstimate, Part, clustered_mean
from w2sg.measure.paired import mean_overlap


@dataclass(frozen=True, eq=False)
class ScoredMean:
    """A mean over examples that an outcome adds or subtracts.

    Attributes:
        sign: 1 or -1.
        units: What was sampled: an example, or the examples that belong together, shape (m,).
        scores: The score of each example, shape (m,).
    """

    sign: int
    units: IntArray
    scores: FloatArray

    def at(self, rows: BoolArray) -> "ScoredMean":
        """Return the mean over some of the examples, `rows` of shape (m,)."""
        return ScoredMean(self.sign, self.units[rows], self.scores[rows])


@dataclass(frozen=True, eq=False)
class Reading:
    """What an outcome is in one run: a constant, and means over examples."""

    constant: float
    parts: tuple[ScoredMean, ...] = ()

    @property
    def value(self) -> float:
        """The outcome."""
        return self.constant + sum(part.sign * float(part.scores.mean()) for part in self.parts)

    def __neg__(self) -> "Reading":
        return Reading(-self.constant, tuple(ScoredMean(-one.sign, one.units, one.scores) for one in self.parts))


def contrast_means(
    settings: Sequence[Sequence[Reading]], weights: FloatArray, *, shared_training: float | None = None
) -> MeanEstimate:
    """Return contrasts between settings that were tried under the same seeds.

    A setting's outcome is the mean over seeds of its value. What an example changes in a contrast under one seed is its
    influence: the weighted sum, over the settings that have it, of its score's deviation from that setting's mean over
    that setting's number of examples. Influences are clustered by seed and by example (`clustered_mean`), so settings
    that share examples are paired, and settings that do not (sizes of splits deal rows anew) are not.

    Where effects are pooled over tasks, what seeds that split one pool have in common beyond that is a difference
    between tasks, and tasks are what is sampled: `shared_training` is then left out. Where one task is to speak for
    data of its own kind it is given, and the covariance is that of `accuracy_means` for new data.

    Args:
        settings: For each of m settings its readings, one for each of S seeds, in one order.
        weights: `(c, m)`.
        shared_training: The share of training rows that two seeds have in common; None leaves it out of account.

    Returns:
        The contrasts, `(c,)`, with their covariance. Readings without examples have that of their values over seeds.

    Raises:
        InputError: If settings differ in their seeds, or there is one seed and no example.
    """
    seeds = {len(readings) for readings in settings}
    if len(seeds) != 1 or weights.shape[1] != len(settings):
        raise InputError(f"settings must have equal seeds and one weight each, got {sorted(seeds)} seeds")
    by_seed = weights @ np.array([[reading.value for reading in readings] for readings in settings])
    made = [_influence(readings, weights) for readings in zip(*settings, strict=True)]
    units, influences = [known for known, _ in made], [influence for _, influence in made]
    if not all(map(len, units)):
        return _over_seeds(by_seed)
    rows = [total + len(one) * one for total, one in zip(by_seed.T, influences, strict=True)]
    of_seed = np.repeat(np.arange(len(units)), list(map(len, units)))
    means = clustered_mean(np.concatenate(rows), of_seed, np.concatenate(units))
    if shared_training is None or len(units) == 1:
        return means
    return for_new_data(
        means,
        shared_training=shared_training,
        n_test=len(of_seed) / len(units),
        overlapping=0 < mean_overlap(units) < 1,
        copies=all(np.array_equal(one, rows[0]) for one in rows),
        weights=np.asarray(weights, dtype=np.float64),
    )


def _influence(settings: Sequence[Reading], weights: FloatArray) -> tuple[IntArray, FloatArray]:
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


def _over_seeds(by_seed: FloatArray) -> MeanEstimate:
    """Return means over seeds of `(c, S)` values of which nothing else is known."""
    n_seeds = by_seed.shape[1]
    if n_seeds < 2:
        raise InputError("a margin of several requirements varies over seeds only: take at least 2 seeds")
    covariance = np.atleast_2d(np.cov(by_seed)) / n_seeds
    return MeanEstimate(by_seed.mean(axis=1), (Part(covariance, n_seeds - 1),))
