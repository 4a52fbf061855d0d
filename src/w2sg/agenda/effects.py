"""The effect of a claim at a site: a weighted sum of its outcome over arms, from paired runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from w2sg.core import BoolArray, FloatArray, InputError, IntArray
from w2sg.desiderata import RunFacts, RunQuantity
from w2sg.measure import Paired, accuracy_means, mean_overlap, normal_variance


@dataclass(frozen=True, eq=False)
class ScoredRun:
    """The outcome of one run: a score of each test example.

    Attributes:
        ids: The examples, shape (n,).
        scores: Of the outcome, shape (n,).
        right: Whether weak supervisor, student and ceiling are right, shape (n,) each.
        units: Which examples belong together, shape (n,), or None.
        training: The ids of the rows that were trained on.
    """

    ids: IntArray
    scores: FloatArray
    right: Mapping[str, BoolArray]
    units: IntArray | None
    training: IntArray

    @classmethod
    def of(cls, facts: RunFacts, outcome: RunQuantity) -> "ScoredRun":
        """Return a run's outcome.

        Raises:
            CapabilityError: If the run does not say what the outcome needs.
        """
        scores = outcome.score(facts).of(facts.right, np.arange(len(facts)))
        right = {who: facts.right[who] for who in ("weak", "student", "ceiling")}
        training = np.array([], dtype=np.int64) if facts.training is None else facts.training
        return cls(facts.ids, scores, right, facts.units, training)

    def at(self, ids: IntArray) -> "ScoredRun":
        """Return the outcome on some of the examples, in their order."""
        order = np.argsort(self.ids)
        rows = order[np.searchsorted(self.ids[order], ids)]
        right = {who: flags[rows] for who, flags in self.right.items()}
        units = None if self.units is None else self.units[rows]
        return ScoredRun(ids, self.scores[rows], right, units, self.training)


@dataclass(frozen=True)
class MeasuredEffect:
    """The effect at one site.

    Attributes:
        estimate: The weighted sum of the arms' outcomes.
        variance: One whose normal interval is as wide as the estimate's: what few seeds leave unknown is in it.
        n_seeds: The number of seeds.
        n_examples: Different test examples over all seeds.
    """

    estimate: float
    variance: float
    n_seeds: int
    n_examples: int


def effect_of(arms: Sequence[Sequence[ScoredRun]], weights: Sequence[float]) -> MeasuredEffect:
    """Estimate an effect from runs, paired by seed and by test example (`w2sg.measure.accuracy_means`).

    Arms that deal rows differently are compared on the test examples that all of them have.

    Args:
        arms: For each arm its run under each seed; all arms have the same seeds.
        weights: One for each arm.

    Raises:
        InputError: If arms share no test example under a seed.
    """
    by_seed = list(zip(*arms, strict=True))
    common = [reduce(np.intersect1d, [run.ids for run in runs]) for runs in by_seed]
    if not all(len(ids) for ids in common):
        raise InputError("arms of a claim must share test examples under every seed, and these share none")
    paired = [[run.at(ids) for run in runs] for runs, ids in zip(by_seed, common, strict=True)]
    first = [runs[0] for runs in paired]
    units = [run.units for run in first if run.units is not None]
    evidence = Paired(
        tuple(range(len(first))),
        tuple(common),
        *(tuple(run.right[who] for run in first) for who in ("weak", "student", "ceiling")),
        groups=tuple(units) or None,
        shared_training=mean_overlap([run.training for run in first]),
    )
    outcomes = [[runs[arm].scores for runs in paired] for arm in range(len(weights))]
    interval = accuracy_means(evidence, outcomes).interval([0.0, 0.0, 0.0, *weights])
    variance = normal_variance(interval, 1 / evidence.n_examples)
    return MeasuredEffect(interval.estimate, variance, evidence.n_seeds, evidence.n_examples)
