"""How the errors of two systems on the same examples overlap: arrays of answers in, shares with intervals out."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2sg.core import InputError
from w2sg.measure.checks import FloatArray, IntArray, as_classes, as_floats, same_length
from w2sg.measure.intervals import Interval, exact_interval

RESAMPLES = 2000


class Cells(NamedTuple):
    """In how many examples two systems, the weaker and the stronger, answer how."""

    both_right: int
    weak_only: int
    strong_only: int
    same_wrong: int
    other_wrong: int

    @property
    def n(self) -> int:
        """All examples."""
        return sum(self)

    @property
    def weak_wrong(self) -> int:
        """Examples on which the weaker errs."""
        return self.strong_only + self.same_wrong + self.other_wrong


@dataclass(frozen=True)
class Overlap:
    """What two systems share on the same examples; a share of nothing is None.

    Attributes:
        cells: The counts that all else follows from.
        weak_accuracy: Share of right answers of the weaker.
        strong_accuracy: Share of right answers of the stronger.
        agreement: Share of examples with the same answer, right or wrong.
        also_wrong: Share of the weaker's errors on which the stronger errs too.
        expected_also_wrong: The same if errors were independent: the stronger's share of errors.
        repeated: Share of the weaker's errors on which the stronger gives the same wrong answer.
        kappa: Error consistency (Geirhos et al. 2020, arXiv 2006.16736): agreement on being right or wrong, corrected
            for what two independent systems of these accuracies have; 1 identical, 0 independent.
        capa: Chance-adjusted agreement of answers (Goel et al. 2025, arXiv 2502.04313) for one answer per example; None
            unless the numbers of options are given.
    """

    cells: Cells
    weak_accuracy: Interval
    strong_accuracy: Interval
    agreement: Interval
    also_wrong: Interval | None
    expected_also_wrong: float
    repeated: Interval | None
    kappa: Interval | None
    capa: Interval | None

    @property
    def n(self) -> int:
        """The number of examples."""
        return self.cells.n


def overlap(
    weak: ArrayLike,
    strong: ArrayLike,
    gold: ArrayLike,
    *,
    rng: np.random.Generator,
    options: ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Overlap:
    """Return how two systems' answers and errors overlap.

    A negative answer is none: it is wrong, and the same as no other. Shares have exact binomial intervals (those of the
    weaker's errors given their number); kappa and CAPA have percentile intervals of a bootstrap of the examples, which
    is a multinomial draw of the five cells, with the questions' numbers of options held fixed.

    Args:
        weak: The weaker system's answers as numbers, shape (n,).
        strong: The stronger system's answers, shape (n,).
        gold: The right answers, shape (n,), not negative.
        rng: Source of the resamples.
        options: How many answers each question offers, shape (n,), at least 2; None for open questions.
        level: The confidence level, in (0, 1).
        resamples: The number of resamples.

    Raises:
        InputError: Shapes differ or are empty, answers are no integers, gold is negative, or there are too few options.
    """
    cells = _cells(as_classes("weak", weak), as_classes("strong", strong), as_classes("gold", gold))
    n, wrong = cells.n, cells.weak_wrong
    strong_right = cells.both_right + cells.strong_only
    counts = np.array(cells, dtype=np.float64)
    # all that is reported follows from five counts, and resampling examples with replacement is a multinomial draw of
    # these: so the examples themselves are never touched again
    drawn = np.vstack([counts, rng.multinomial(n, counts / n, size=resamples)])
    chance = None if options is None else _chance(options, n)
    return Overlap(
        cells,
        exact_interval(cells.both_right + cells.weak_only, n, level),
        exact_interval(strong_right, n, level),
        exact_interval(cells.both_right + cells.same_wrong, n, level),
        exact_interval(wrong - cells.strong_only, wrong, level) if wrong else None,
        1 - strong_right / n,
        exact_interval(cells.same_wrong, wrong, level) if wrong else None,
        _percentile(_kappa(drawn), level),
        None if chance is None else _percentile(_capa(drawn, chance), level),
    )


def overlap_by(
    weak: ArrayLike,
    strong: ArrayLike,
    gold: ArrayLike,
    strata: Sequence[Hashable] | NDArray[np.generic],
    *,
    rng: np.random.Generator,
    options: ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> dict[Hashable, Overlap]:
    """Return the overlap within each stratum, in sorted order of the strata `(n,)`; see `overlap`.

    Raises:
        InputError: As in `overlap`, or strata are not one to an example.
    """
    arrays = [as_classes(name, a) for name, a in (("weak", weak), ("strong", strong), ("gold", gold))]
    names, codes = np.unique(np.asarray(strata), return_inverse=True)
    same_length(weak=arrays[0], strata=codes)
    offered = None if options is None else np.asarray(options)
    by_stratum: dict[Hashable, Overlap] = {}
    for code, name in enumerate(names.tolist()):
        inside = codes == code
        part = [array[inside] for array in arrays]
        some = None if offered is None else offered[inside]
        by_stratum[name] = overlap(*part, rng=rng, options=some, level=level, resamples=resamples)
    return by_stratum


def _cells(weak: IntArray, strong: IntArray, gold: IntArray) -> Cells:
    same_length(weak=weak, strong=strong, gold=gold)
    if gold.min() < 0:
        raise InputError(f"gold must not be negative (a negative answer is none), got {gold.min()}")
    weak_right, strong_right = weak == gold, strong == gold
    both_wrong = ~weak_right & ~strong_right
    same = both_wrong & (weak == strong) & (weak >= 0)
    right = (weak_right & strong_right, weak_right & ~strong_right, ~weak_right & strong_right)
    return Cells(*(int(part.sum()) for part in (*right, same, both_wrong & ~same)))


def _chance(options: ArrayLike, n: int) -> float:
    """Return the chance that two wrong answers are the same if each is any wrong option: the mean of 1 / (K - 1)."""
    offered = as_floats("options", options)
    if len(offered) != n or offered.min() < 2:
        raise InputError(
            f"options must give each of the {n} questions 2 or more, got {len(offered)} numbers from {offered.min():g}"
        )
    return float((1 / (offered - 1)).mean())


def _kappa(counts: FloatArray) -> FloatArray:
    """Return error consistency of cells `(b, 5)`, shape (b,)."""
    both_right, _, _, same, other = shares = (counts / counts.sum(axis=1, keepdims=True)).T
    return _adjusted(both_right + same + other, shares, 1.0)


def _capa(counts: FloatArray, chance: float) -> FloatArray:
    """Return chance-adjusted agreement of cells `(b, 5)`, shape (b,)."""
    both_right, _, _, same, _ = shares = (counts / counts.sum(axis=1, keepdims=True)).T
    return _adjusted(both_right + same, shares, chance)


def _adjusted(observed: FloatArray, shares: FloatArray, chance: float) -> FloatArray:
    """Return (observed - expected) / (1 - expected); NaN where nothing but agreement is possible.

    Independent systems agree where both are right, and in the part `chance` of where both are wrong.
    """
    weak, strong = shares[0] + shares[1], shares[0] + shares[2]
    # two independent systems agree by chance where both are right, and where both are wrong in the share `chance` of
    # the wrong options
    expected = weak * strong + (1 - weak) * (1 - strong) * chance
    room = 1 - expected
    ratio: FloatArray = np.full_like(observed, np.nan)
    np.divide(observed - expected, room, out=ratio, where=room > 1e-12)
    return ratio


def _percentile(values: FloatArray, level: float) -> Interval | None:
    """Return the first value with the quantiles of the others; None where it is not defined."""
    estimate, drawn = float(values[0]), values[1:]
    if np.isnan(estimate):
        return None
    undefined = int(np.isnan(drawn).sum())
    low, high = np.nanquantile(drawn, ((1 - level) / 2, (1 + level) / 2)) if undefined < len(drawn) else (-1.0, 1.0)
    note = f"not defined in {undefined} of {len(drawn)} resamples, left out" if undefined else ""
    return Interval(estimate, float(low), float(high), level, "percentile", note)
