"""The performance gap recovered (PGR, Burns et al. 2023, arXiv 2312.09390): its interval, and when there is none.

`PGR = gain / gap`, with `gain = student - weak` and `gap = ceiling - weak` of accuracies on the same test examples.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from w2sg.core import InputError
from w2sg.measure.accuracies import Estimand, accuracy_interval, accuracy_means
from w2sg.measure.checks import check_level, n_distinct
from w2sg.measure.clustered import MeanEstimate
from w2sg.measure.fieller import ratio_interval, ratio_set
from w2sg.measure.intervals import Interval
from w2sg.measure.paired import Paired

# A ratio over a smaller gap says more about noise than about the student.
MINIMUM_GAP = 0.05

# Weights of (weak, student, ceiling).
WEAK, STUDENT, CEILING = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
GAIN, SHORTFALL, GAP = (-1.0, 1.0, 0.0), (0.0, -1.0, 1.0), (-1.0, 0.0, 1.0)

ONE_SEED = "one seed: the intervals cover the sampling of test examples only, not what another seed would change"
UNITS = "test examples with equal inputs, or of one question, count once in the intervals: there are {n} such units"
TWO_SEEDS = (
    "two seeds: how much seeds differ is hardly known, so intervals are wide wherever they do; five or more are better"
)
COPIES = "{n} seeds gave the same answers on the same test examples: they are copies of one run and count as one"
ONE_POOL = (
    "seeds split one pool anew: they share {tested:.0%} of their test examples and {trained:.0%} of their training "
    "rows, and the intervals are for {estimand}"
)
SAME_TRAINING = "all seeds train on the same rows: what other training data would change is not in the intervals"
NEAR_MINIMUM = (
    "the gap's lower bound is near the stated minimum: of such data only those with a lucky gap are reported, and the "
    "interval then holds less often"
)
# Within so much of the minimum a gap that is reported may well be one of few that would be; see `pgr`.
NEAR = 0.02


@dataclass(frozen=True)
class Pgr:
    """A PGR with its interval, or the reason why there is none, and all that it rests on.

    Attributes:
        estimate: gain / gap, never clipped: below 0 the student is worse than its supervisor, above 1 better than the
            ceiling. None where it is refused, as are `low` and `high`.
        low: The lower limit.
        high: The upper limit.
        level: The confidence level of all intervals here.
        reason: Why no PGR is reported, with the numbers; None where one is.
        method: How the interval was made.
        gain: Accuracy of student minus weak.
        gap: Accuracy of ceiling minus weak.
        shortfall: Accuracy of ceiling minus student.
        weak: Accuracy of the weak supervisor.
        student: Accuracy of the student.
        ceiling: Accuracy of the ceiling.
        n_seeds: The number of seeds.
        n_test: Test examples per seed (the mean over seeds).
        n_examples: Different test examples over all seeds.
        degrees_of_freedom: Satterthwaite's, of gain - PGR * gap: how well its variance is known; None where refused.
        minimum_gap: The stated minimum of the gap's lower limit.
        note: What the reader must know beside the numbers; empty where nothing.
        set: All ratios that the data allow, in words, whether a PGR is reported or not: an interval, two rays, or every
            ratio.
        estimand: Whose mean the intervals are for: 'new data' or 'this pool'.
    """

    estimate: float | None
    low: float | None
    high: float | None
    level: float
    reason: str | None
    method: str
    gain: Interval
    gap: Interval
    shortfall: Interval
    weak: Interval
    student: Interval
    ceiling: Interval
    n_seeds: int
    n_test: float
    n_examples: int
    degrees_of_freedom: float | None
    minimum_gap: float
    note: str = ""
    set: str = ""
    estimand: Estimand = "new data"

    def __str__(self) -> str:
        seeds = "1 seed" if self.n_seeds == 1 else f"{self.n_seeds} seeds"
        rests_on = f"{seeds}, {self.n_test:g} test examples per seed, {self.n_examples} different"
        if self.estimate is None:
            return f"no PGR: {self.reason} ({rests_on})"
        interval = f"{100 * self.level:g} % interval [{self.low:.3f}, {self.high:.3f}]"
        return f"PGR {self.estimate:.3f}, {interval} ({rests_on})"


def pgr(
    evidence: Paired,
    *,
    level: float = 0.95,
    minimum_gap: float = MINIMUM_GAP,
    estimand: Estimand = "new data",
) -> Pgr:
    """Return the PGR with Fieller's interval, from per-example correctness.

    The covariance of the accuracies is clustered by seed and by example (see `clustered_mean`), so it is paired, and
    test examples that seeds share count once; where seeds split one pool it allows for the training rows that they
    share (see `accuracy_means`). Seeds that are copies of each other are one run. No PGR is given where the lower limit
    of the gap's interval is below `minimum_gap`: `reason` then says so and the accuracies, gain, gap and shortfall
    remain, and `set` says which ratios the data allow.

    By simulation (8 seeds, 200 to 600 test examples, gap 0.15, PGR 0.5) 95 % intervals hold the truth in 95 to 98 % of
    repetitions, with fresh and with shared test examples: see tests/measure/test_coverage.py. The refusal selects:
    where the true gap is .058 and the PGR .5 (8 seeds, 400 shared examples, seed sd .02) 4.6 % of 1,000 repetitions are
    reported, and 44 of these 46 intervals hold; nearly all of them carry the note that the gap is near the minimum.

    Args:
        evidence: Correctness of weak, student and ceiling for S seeds.
        level: The confidence level, in (0, 1).
        minimum_gap: The smallest lower limit of the gap at which a ratio is reported, in accuracy, at least 0.
        estimand: Whose mean is meant: over new data of this size, or over other splits of this pool.

    Raises:
        InputError: `level` or `minimum_gap` is out of range, or there is only one test example.

    >>> weak, student, ceiling = [True, False] * 50, [True, True, True, False] * 25, [True] * 100
    >>> print(pgr(Paired((0,), (range(100),), (weak,), (student,), (ceiling,))))
    PGR 0.500, 95 % interval [0.356, 0.644] (1 seed, 100 test examples per seed, 100 different)
    """
    method = "fieller, clustered by seed and example" if evidence.n_seeds > 1 else "fieller, clustered by example"
    counts = {"n_seeds": n_runs(evidence), "n_test": evidence.n_test, "n_examples": evidence.n_examples}
    note = what_to_know(evidence, estimand)
    means = accuracy_means(evidence, estimand=estimand)
    found = pgr_of_means(means, counts, method, note, level=level, minimum_gap=minimum_gap)
    return replace(found, estimand=estimand)


def pgr_of_means(
    means: MeanEstimate,
    counts: Mapping[str, float],
    method: str,
    note: str = "",
    *,
    level: float = 0.95,
    minimum_gap: float = MINIMUM_GAP,
) -> Pgr:
    """Return the PGR of estimated accuracies (weak, student, ceiling), whatever their covariance was made from.

    Args:
        means: The three accuracies, shape (3,), with their covariance.
        counts: n_seeds, n_test and n_examples.
        method: How the covariance was made.
        note: What the reader must know.
        level: The confidence level, in (0, 1).
        minimum_gap: The smallest lower limit of the gap at which a ratio is reported.

    Raises:
        InputError: `level` or `minimum_gap` is out of range.
    """
    check_level(level)
    check_minimum_gap(minimum_gap)
    gap = means.interval(GAP, level)
    # the refusal comes first: of a ratio that would be refused no estimate is given, only what the data allow
    reason = gap_refusal(gap, minimum_gap)
    ratio, df = (None, None) if reason else ratio_interval(means, GAIN, GAP, level)
    if reason is None and ratio is None:
        reason = f"gap ceiling - weak is {gap}; it is too uncertain for a bounded interval of the ratio"
    near = NEAR_MINIMUM if ratio and gap.low < minimum_gap + NEAR else ""
    return Pgr(
        estimate=ratio.estimate if ratio else None,
        low=ratio.low if ratio else None,
        high=ratio.high if ratio else None,
        level=level,
        reason=reason,
        method=method,
        gain=means.interval(GAIN, level),
        gap=gap,
        shortfall=means.interval(SHORTFALL, level),
        weak=accuracy_interval(means, WEAK, level),
        student=accuracy_interval(means, STUDENT, level),
        ceiling=accuracy_interval(means, CEILING, level),
        n_seeds=int(counts["n_seeds"]),
        n_test=float(counts["n_test"]),
        n_examples=int(counts["n_examples"]),
        degrees_of_freedom=df if ratio else None,
        minimum_gap=minimum_gap,
        note="; ".join(filter(None, [note, near])),
        set=str(ratio_set(means, GAIN, GAP, level)),
    )


def gap_refusal(gap: Interval, minimum_gap: float) -> str | None:
    """Return why no ratio over this gap is reported, as a sentence with the numbers, or None where one may be."""
    # the lower limit and not the estimate: a gap that may be nearly 0 makes the ratio anything
    if gap.low >= minimum_gap and gap.low > 0:
        return None
    rule = f"its lower bound is below the stated minimum {minimum_gap:g}" if minimum_gap else "it does not exclude 0"
    return f"gap ceiling - weak is {gap}; {rule}, so a ratio would not be meaningful"


def n_runs(evidence: Paired) -> int:
    """Return how many runs there are: the seeds, or one where they are copies of each other."""
    return 1 if evidence.are_copies else evidence.n_seeds


def what_to_know(evidence: Paired, estimand: Estimand = "new data") -> str:
    """Return what a reader must know of intervals from this evidence; empty where nothing."""
    notes = [COPIES.format(n=evidence.n_seeds) if evidence.are_copies else "", few_seeds_note(n_runs(evidence))]
    if evidence.design == "overlapping":
        trained = evidence.training_overlap
        notes.append(ONE_POOL.format(tested=evidence.test_overlap, trained=trained, estimand=estimand))
    elif evidence.shared_training == 1 and not evidence.are_copies:
        notes.append(SAME_TRAINING)
    if evidence.groups is not None:
        notes.append(UNITS.format(n=n_distinct(np.concatenate(evidence.groups))))
    return "; ".join(filter(None, notes))


def few_seeds_note(n_seeds: int) -> str:
    """Return what a reader must know of intervals from one or two seeds; empty for more."""
    return {1: ONE_SEED, 2: TWO_SEEDS}.get(n_seeds, "")


def check_minimum_gap(minimum_gap: float) -> None:
    """Raise InputError unless `minimum_gap` is in [0, 1)."""
    if not 0 <= minimum_gap < 1:
        raise InputError(f"minimum_gap is a difference of accuracies in [0, 1), got {minimum_gap!r}")
