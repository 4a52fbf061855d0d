"""Differential elicitation: how much of what a model is capable of on a target, training on a source brings out.

Clymer et al. 2023 (arXiv 2311.07723), GENIES. The definition is that of the released code, which is what the published
numbers were made with (`src/api/compute_generalization_metrics.py` of Joshuaclymer/GENIES at 70bd2ea):

    differential elicitation = (transferred - baseline) / capability

of three accuracies on the test set of the target: of the model trained on the source, of the model before any training
(zero-shot), and of a model trained on the target. In other words the elicitation transferred / capability minus that of
the baseline. It is not the PGR, whose denominator is capability - baseline: a model that comes all the way from .5 to a
capability of 1 has a PGR of 1 and a differential elicitation of .5.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import InputError
from w2sg.measure.checks import as_classes, as_correct, n_distinct, same_length
from w2sg.measure.clustered import MeanEstimate, clustered_mean
from w2sg.measure.fieller import ratio_interval
from w2sg.measure.intervals import Interval
from w2sg.measure.pgr import few_seeds_note

# Weights of (transferred, baseline, capability).
TRANSFERRED, BASELINE, CAPABILITY = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
GAIN = (1.0, -1.0, 0.0)


@dataclass(frozen=True)
class Elicitation:
    """A differential elicitation with its interval, or the reason why there is none, and what it rests on.

    Attributes:
        differential: The differential elicitation, with Fieller's interval; never clipped: below 0 training on the
            source made the model worse on the target. None where it is not defined.
        reason: Why there is none; None where there is one.
        transferred: Accuracy on the target after training on the source.
        baseline: Accuracy on the target before training.
        capability: Accuracy on the target after training on the target.
        n_seeds: The number of seeds.
        n_examples: Different test examples over all seeds.
        note: What the reader must know beside the numbers; empty where nothing.
    """

    differential: Interval | None
    reason: str | None
    transferred: Interval
    baseline: Interval
    capability: Interval
    n_seeds: int
    n_examples: int
    note: str = ""


def differential_elicitation(
    transferred: ArrayLike,
    baseline: ArrayLike,
    capability: ArrayLike,
    *,
    seeds: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    level: float = 0.95,
) -> Elicitation:
    """Return the differential elicitation with Fieller's interval, from correctness on the same target examples.

    The covariance of the three accuracies is clustered by seed and by example (see `clustered_mean`), so it is paired.

    Args:
        transferred: Whether the model trained on the source is right, shape (n,), one entry for each seed and example.
        baseline: The same for the model before training; one that has no seed repeats its answers under each.
        capability: The same for the model trained on the target.
        seeds: The seed of each entry, shape (n,); None for one seed.
        ids: The test example of each entry, shape (n,); None where all are different.
        level: The confidence level, in (0, 1).

    Raises:
        InputError: Lengths differ, values are not booleans or 0 and 1, there is one example only, an example comes
            twice under a seed, or `level` is out of range.

    >>> right = differential_elicitation([1, 1, 1, 0] * 25, [1, 0, 0, 1] * 25, [1] * 100)
    >>> print(right.differential)
    0.250, 95 % interval [0.085, 0.415]
    """
    named = {"transferred": transferred, "baseline": baseline, "capability": capability}
    flags = {name: as_correct(name, values) for name, values in named.items()}
    same_length(**flags)
    n = len(flags["transferred"])
    seed_of = np.zeros(n, dtype=np.int64) if seeds is None else as_classes("seeds", seeds)
    id_of = np.arange(n) if ids is None else as_classes("ids", ids)
    means = clustered_mean(np.stack([part.astype(np.float64) for part in flags.values()], axis=1), seed_of, id_of)
    differential, reason = _ratio(means, level)
    n_seeds = n_distinct(seed_of)
    return Elicitation(
        differential,
        reason,
        means.interval(TRANSFERRED, level),
        means.interval(BASELINE, level),
        means.interval(CAPABILITY, level),
        n_seeds,
        n_distinct(id_of),
        few_seeds_note(n_seeds),
    )


def elicitation_from_accuracies(transferred: float, baseline: float, capability: float) -> float | None:
    """Return the differential elicitation of published accuracies, or None where the capability is 0.

    Args:
        transferred: Accuracy on the target after training on the source.
        baseline: Accuracy on the target before training.
        capability: Accuracy on the target after training on the target.

    Raises:
        InputError: An accuracy is outside [0, 1].

    >>> elicitation_from_accuracies(0.75, 0.5, 1.0)
    0.25
    """
    for name, accuracy in (("transferred", transferred), ("baseline", baseline), ("capability", capability)):
        if not 0 <= accuracy <= 1:
            raise InputError(f"{name} must be an accuracy as a fraction in [0, 1], got {accuracy}: divide percentages")
    return (transferred - baseline) / capability if capability else None


def _ratio(means: MeanEstimate, level: float) -> tuple[Interval | None, str | None]:
    """Return the interval of gain over capability, or None and why there is none."""
    capability = means.interval(CAPABILITY, level)
    if capability.estimate == 0:
        return None, "the model trained on the target is right on no example, so there is nothing to bring out"
    ratio, _ = ratio_interval(means, GAIN, CAPABILITY, level)
    if ratio is None:
        return None, f"the capability is {capability}; it is too uncertain for a bounded interval of the ratio"
    return ratio, None
