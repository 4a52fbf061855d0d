"""What the page of a scoreboard says beyond its scores: families one by one, the stack and its goals, labels spent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from w2sg.core import AnyArray, BoolArray, derive, registry
from w2sg.measure import Interval
from w2sg.theory.contracts import Theory
from w2sg.theory.families import FAMILIES
from w2sg.theory.scoreboard import metrics
from w2sg.theory.scoreboard.board import Scoreboard
from w2sg.theory.scoreboard.resampling import Clusters, Resample, percentile_interval
from w2sg.theory.scoreboard.scores import LEVEL, resamples_of
from w2sg.theory.scoreboard.sheet import STANDINGS, Column, Sheet
from w2sg.theory.scoreboard.stack import STACK

PLAIN = {"misfit-cross-term": "paired-difference-squared", STACK: "paired-difference"}
"""A way to use labels with theory, and the plain use of the same labels in the same unit."""
MOST_FAIL = 0.5
"""A run counts as one where most hypotheses fail if more than this share of the theories see one violated."""
Statistic = Callable[[AnyArray, AnyArray], float]


@dataclass(frozen=True)
class Fit:
    """How one theory did on one family.

    Attributes:
        n: Runs with a value and the truth.
        spearman: Rank correlation with what happened, with a bootstrap interval over runs.
        r2: Explained variance of the numbers as they are.
        violated: The share of runs on which it sees a hypothesis violated.
    """

    n: int
    spearman: Interval | None
    r2: float | None
    violated: float | None


@dataclass(frozen=True)
class Family:
    """The runs of one family.

    Attributes:
        name: `A`, `B` or `C`.
        n: Runs.
        gain: Mean gain in squared risk.
        positive: The share of runs whose gain is above 0.
        fits: Every theory's fit, by the column's name.
    """

    name: str
    n: int
    gain: float
    positive: float
    fits: Mapping[str, Fit]


@dataclass(frozen=True)
class Stacked:
    """What a stack reaches on tasks that it was not fitted on.

    Attributes:
        name: Its column's name.
        labels: How many audited labels it reads.
        within: Mean rank correlation within tasks.
        pooled: Rank correlation over all runs.
        within_seen: The first on runs whose teacher could be trained again, so that its risk was observed.
        pooled_seen: The second on these runs.
        covered: Coverage of its intervals on all runs.
        doubted: On how many runs most theories see a hypothesis violated.
        covered_doubted: Coverage on these.
    """

    name: str
    labels: int
    within: Interval | None
    pooled: Interval | None
    within_seen: Interval | None
    pooled_seen: Interval | None
    covered: Interval | None
    doubted: int
    covered_doubted: Interval | None


@dataclass(frozen=True)
class Spent:
    """A use of labels with theory beside the plain use of as many.

    Attributes:
        where: `study` or `families`.
        theory: The column of the one.
        plain: The column of the other.
        labels: How many labels both spend.
        difference: The one's rank correlation within tasks less the other's.
    """

    where: str
    theory: str
    plain: str
    labels: int
    difference: Interval


@dataclass(frozen=True)
class Numbers:
    """All of it, for one scoreboard."""

    families: Sequence[Family]
    stacks: Sequence[Stacked]
    spent: Sequence[Spent]


def numbers_of(board: Scoreboard) -> Numbers:
    """Return the numbers of a scoreboard; equal scoreboards give equal ones."""
    families: Sequence[Family] = ()
    stacks: Sequence[Stacked] = ()
    spent: list[Spent] = []
    if board.sheet is not None:
        resamples = resamples_of(board.sheet)
        stacks = _stacks(board.sheet, resamples)
        spent += _spent("study", board.sheet, resamples)
    if board.families is not None:
        by_family = {name: _within_family(board.families, name) for name in FAMILIES}
        families = [_family(board.families, name, drawn) for name, drawn in by_family.items() if drawn]
        spent += _spent("families", board.families, _together([drawn for drawn in by_family.values() if drawn]))
    return Numbers(families, stacks, spent)


def _within_family(sheet: Sheet, family: str) -> list[Resample]:
    """Return resamples of a family's runs; the families themselves are not a sample of anything."""
    own = np.flatnonzero(sheet.tasks == f"family {family}")
    if not len(own):
        return []
    drawn = Clusters(sheet.tasks[own], sheet.clusters[own]).resamples(derive(len(own), "page", family))
    return [(own[chosen], tasks) for chosen, tasks in drawn]


def _together(families: Sequence[Sequence[Resample]]) -> list[Resample]:
    """Return resamples of all families, each with as many runs as it has."""
    return [
        (np.concatenate([rows for rows, _ in drawn]), np.repeat(range(len(drawn)), [len(rows) for rows, _ in drawn]))
        for drawn in zip(*families, strict=True)
    ]


def _family(sheet: Sheet, family: str, resamples: Sequence[Resample]) -> Family:
    rows = sheet.tasks == f"family {family}"
    gain = sheet.truth("gain squared")[0][rows]
    fits = {name: _fit(column, rows, resamples) for name, column in sheet.columns.items()}
    known = {name: fit for name, fit in fits.items() if fit.n}
    return Family(family, len(gain), float(gain.mean()), float((gain > 0).mean()), known)


@lru_cache
def baseline(theory: str) -> bool:
    """Return whether a theory is a baseline."""
    known = theory in registry.names("theories")
    return known and registry.lookup("theories", theory).summary.startswith("Baseline")


@lru_cache
def assumes(theory: str) -> bool:
    """Return whether a theory rests on hypotheses; the stack and baselines do not."""
    if theory not in registry.names("theories"):
        return False
    built = registry.build("theories", theory)
    return isinstance(built, Theory) and bool(built.hypotheses)


def doubted(sheet: Sheet) -> BoolArray:
    """Return on which runs most theories without labels see one of their hypotheses violated, `(n,)`."""
    standing = np.array([one.standing for one in sheet.columns.values() if not one.labels and assumes(one.theory)])
    said = (standing >= 0).sum(axis=0)
    violated: BoolArray = (standing == STANDINGS.index("violated")).sum(axis=0) > MOST_FAIL * said
    return violated


def finite(value: float) -> float | None:
    """Return a number, None where it is not finite."""
    return value if np.isfinite(value) else None


def _fit(column: Column, rows: BoolArray, resamples: Sequence[Resample]) -> Fit:
    own = np.flatnonzero(rows & column.known)
    if not len(own):
        return Fit(0, None, None, None)
    interval = _bootstrapped(
        lambda at, _: metrics.spearman(column.value[at], column.truth[at]), column.known, own, own, resamples
    )
    r2 = finite(metrics.r2(column.value[own], column.truth[own]))
    violated = column.standing[own] == STANDINGS.index("violated")
    return Fit(len(own), interval, r2, float(violated.mean()) if assumes(column.theory) else None)


def _stacks(sheet: Sheet, resamples: Sequence[Resample]) -> list[Stacked]:
    among = [one for one in sheet.columns.values() if one.theory == STACK and one.known.any()]
    return [_stack(sheet, column, doubted(sheet), resamples) for column in among]


def _stack(sheet: Sheet, column: Column, much: BoolArray, resamples: Sequence[Resample]) -> Stacked:
    inside = ((column.lo <= column.truth) & (column.truth <= column.hi)).astype(float)

    def covered(rows: BoolArray) -> Interval | None:
        own = np.flatnonzero(rows)
        return _bootstrapped(lambda at, _: _mean(inside[at]), rows, own, own, resamples)

    def ranked(score: Statistic, rows: BoolArray) -> Interval | None:
        own = np.flatnonzero(rows)
        return _bootstrapped(score, rows, own, sheet.tasks[own], resamples)

    def within(at: AnyArray, tasks: AnyArray) -> float:
        return metrics.within(metrics.spearman, column.value[at], column.truth[at], tasks)

    def pooled(at: AnyArray, _: AnyArray) -> float:
        return metrics.spearman(column.value[at], column.truth[at])

    seen = column.known & np.array(["weak_error" in case.seen[0] for case in sheet.cases])
    answered = column.known & column.answered
    return Stacked(
        column.name,
        column.labels,
        ranked(within, column.known),
        ranked(pooled, column.known),
        ranked(within, seen),
        ranked(pooled, seen),
        covered(answered),
        int((answered & much).sum()),
        covered(answered & much),
    )


def _spent(where: str, sheet: Sheet, resamples: Sequence[Resample]) -> list[Spent]:
    found = []
    for column in sheet.columns.values():
        simple = PLAIN.get(column.theory, "")
        simple += f"-{column.unit}" if column.theory == STACK and column.unit != "error" else ""
        plain = sheet.columns.get(f"{simple}@{column.labels}")
        if plain is None or not column.labels:
            continue
        rows = column.known & plain.known
        own = np.flatnonzero(rows)

        def difference(at: AnyArray, tasks: AnyArray, pair: tuple[Column, Column] = (column, plain)) -> float:
            one, other = (metrics.within(metrics.spearman, each.value[at], each.truth[at], tasks) for each in pair)
            return one - other

        interval = _bootstrapped(difference, rows, own, sheet.tasks[own], resamples)
        if interval is not None:
            found.append(Spent(where, column.name, plain.name, column.labels, interval))
    return sorted(found, key=lambda one: (one.theory.split("@")[0], one.labels))


def _bootstrapped(
    statistic: Statistic, rows: BoolArray, own: AnyArray, tasks: AnyArray, resamples: Sequence[Resample]
) -> Interval | None:
    """Return a statistic of rows and their tasks with its cluster bootstrap interval; None if it is not defined."""
    if not len(own):
        return None
    draws = [statistic(chosen[kept], drawn[kept]) for chosen, drawn in resamples for kept in (rows[chosen],)]
    return percentile_interval(statistic(own, tasks), np.array(draws), LEVEL)


def _mean(values: AnyArray) -> float:
    return float(values.mean()) if len(values) else float("nan")
