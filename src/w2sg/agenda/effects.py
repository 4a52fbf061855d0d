"""The effect of a claim at a site: a weighted sum of its outcome over arms, from paired runs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from w2sg.core import InputError, IntArray
from w2sg.measure import Reading, contrast_means, mean_overlap, normal_variance


@dataclass(frozen=True, eq=False)
class ScoredRun:
    """The outcome of one run.

    Attributes:
        reading: The outcome, with what it is made of.
        units: The examples that it was tested on, or the groups of them that belong together, shape (n,).
        training: The ids of the rows that were trained on.
    """

    reading: Reading
    units: IntArray
    training: IntArray

    def at(self, units: IntArray) -> "ScoredRun":
        """Return the outcome on some of the examples."""
        parts = tuple(part.at(np.isin(part.units, units)) for part in self.reading.parts)
        return replace(self, reading=replace(self.reading, parts=parts), units=units)


@dataclass(frozen=True)
class MeasuredEffect:
    """The effect at one site.

    Attributes:
        estimate: The weighted sum of the arms' outcomes.
        variance: One whose normal interval is as wide as the estimate's: what few seeds leave unknown is in it.
        n_seeds: The number of seeds.
        n_examples: Different test examples over all seeds; groups of them count once.
    """

    estimate: float
    variance: float
    n_seeds: int
    n_examples: int


def effect_of(arms: Sequence[Sequence[ScoredRun]], weights: Sequence[float]) -> MeasuredEffect:
    """Estimate an effect from runs, paired by seed and by test example (`w2sg.measure.contrast_means`).

    Arms that deal rows differently are compared on the test examples that all of them have.

    Args:
        arms: For each arm its run under each seed; all arms have the same seeds.
        weights: One for each arm.

    Raises:
        InputError: If arms share no test example under a seed.
    """
    by_seed = list(zip(*arms, strict=True))
    common = [reduce(np.intersect1d, [run.units for run in runs]) for runs in by_seed]
    paired = [[run.at(units) for run in runs] for runs, units in zip(by_seed, common, strict=True)]
    if not all(
        len(run.units) and all(len(part.units) for part in run.reading.parts) for runs in paired for run in runs
    ):
        raise InputError("arms of a claim must share test examples under every seed, and these share none")
    means = contrast_means(
        [[runs[arm].reading for runs in paired] for arm in range(len(weights))],
        np.array([weights], dtype=np.float64),
        shared_training=mean_overlap([runs[0].training for runs in paired]),
    )
    n_examples = len(np.unique(np.concatenate(common)))
    interval = means.interval([1.0])
    return MeasuredEffect(interval.estimate, normal_variance(interval, 1 / n_examples), len(paired), n_examples)
