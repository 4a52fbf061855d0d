"""What is measured at each arm of a claim, a mean over test examples of who is right; and the effect, paired."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np

from w2sg.core import AnyArray, BoolArray, InputError
from w2sg.measure import Paired, accuracy_means, mean_overlap, normal_variance

OutcomeName = Literal[
    "student", "gain", "weak", "shortfall", "half-recovered", "over-direct", "errors-shared", "spoiled", "mended"
]
Right = Callable[[str], BoolArray]
"""Who is right on which test example, `(n,)`, by `weak`, `student`, `ceiling` or `direct`."""

OUTCOMES: Mapping[OutcomeName, Mapping[str, float]] = {
    "student": {"student": 1.0},
    "weak": {"weak": 1.0},
    "gain": {"student": 1.0, "weak": -1.0},
    "shortfall": {"ceiling": 1.0, "student": -1.0},
    # PGR is above one half where this is above 0, and unlike a ratio it is defined everywhere
    "half-recovered": {"student": 1.0, "weak": -0.5, "ceiling": -0.5},
    "over-direct": {"student": 1.0, "direct": -1.0},
    "errors-shared": {"both wrong": 1.0},
    "spoiled": {"only weak": 1.0},
    "mended": {"only student": 1.0},
}
"""Weights of shares of test examples; accuracies are shares of right ones."""
_JOINT: Mapping[str, Callable[[Right], BoolArray]] = {
    "both wrong": lambda right: ~right("weak") & ~right("student"),
    "only weak": lambda right: right("weak") & ~right("student"),
    "only student": lambda right: ~right("weak") & right("student"),
}


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


def effect_of(
    arms: Sequence[Sequence[Mapping[str, AnyArray]]], weights: Sequence[float], outcome: OutcomeName
) -> MeasuredEffect:
    """Estimate an effect from runs, paired by seed and by test example (`w2sg.measure.accuracy_means`).

    Arms that deal rows differently are compared on the test examples that all of them have.

    Args:
        arms: For each arm the evidence of its run under each seed; all arms have the same seeds.
        weights: One for each arm.
        outcome: What is measured.

    Raises:
        InputError: If arms share no test example under a seed, or a run does not say what the outcome needs.
    """
    by_seed = list(zip(*arms, strict=True))
    common = [reduce(np.intersect1d, [run["test.ids"] for run in runs]) for runs in by_seed]
    if not all(len(ids) for ids in common):
        raise InputError("arms of a claim must share test examples under every seed, and these share none")

    def column(arm: int, name: str) -> tuple[AnyArray, ...]:
        return tuple(_column(runs[arm], ids, name) for runs, ids in zip(by_seed, common, strict=True))

    trained = [np.concatenate([runs[0]["supervision.ids"], runs[0]["transfer.ids"]]) for runs in by_seed]
    evidence = Paired(
        tuple(range(len(by_seed))),
        tuple(common),
        *(column(0, who) for who in ("weak", "student", "ceiling")),
        groups=None if "test.groups" not in arms[0][0] else column(0, "groups"),
        shared_training=mean_overlap(trained),
    )
    wanted = [(arm, name, w * share) for arm, w in enumerate(weights) for name, share in OUTCOMES[outcome].items()]
    means = accuracy_means(evidence, [column(arm, name) for arm, name, _ in wanted])
    interval = means.interval([0.0, 0.0, 0.0, *(weight for _, _, weight in wanted)])
    return MeasuredEffect(
        interval.estimate, normal_variance(interval, 1 / evidence.n_examples), evidence.n_seeds, evidence.n_examples
    )


def _column(run: Mapping[str, AnyArray], ids: AnyArray, name: str) -> AnyArray:
    """Return what a name says of test examples, in the order of `ids`."""
    order = np.argsort(run["test.ids"])
    rows = order[np.searchsorted(run["test.ids"][order], ids)]

    def held(what: str) -> AnyArray:
        if f"test.{what}" not in run:
            raise InputError(f"a run has no {what!r} student, which the outcome needs: choose another outcome")
        return run[f"test.{what}"][rows]

    return _JOINT[name](lambda who: np.asarray(held(who), dtype=np.bool_)) if name in _JOINT else held(name)
