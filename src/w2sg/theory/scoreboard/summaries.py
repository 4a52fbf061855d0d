"""What a scoreboard says beyond scores of single theories: families one by one, the stacks, what labels buy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from w2sg.core import AnyArray, BoolArray, InfoSet, Theory, derive, registry
from w2sg.measure import Interval
from w2sg.theory.scoreboard import metrics
from w2sg.theory.scoreboard.predictions import STANDINGS, PredictionColumn, PredictionTable
from w2sg.theory.scoreboard.resampling import Clusters, Resample, percentile_interval
from w2sg.theory.scoreboard.scores import LEVEL
from w2sg.theory.scoreboard.stack import STACK

FAMILY = "family "
"""Tasks that are families of synthetic runs begin so; the family's letter follows."""
PLAIN_USE = {"misfit-cross-term": "paired-difference-squared", STACK: "paired-difference"}
"""A way to use labels with theory, and the plain use of the same labels in the same unit."""
MOST_FAIL = 0.5
"""A run counts as one where most hypotheses fail if more than this share of the theories see one violated."""
VIOLATED = STANDINGS.index("violated")
Statistic = Callable[[AnyArray, AnyArray], float]
"""A number made from rows and from the task of each."""


@dataclass(frozen=True)
class FamilyFit:
    """How one theory did on one family.

    Attributes:
        theory: The column's name.
        n: Runs with a value and the truth.
        spearman: Rank correlation with what happened, with a bootstrap interval over runs.
        r2: Explained variance of the numbers as they are.
        violated: The share of runs on which it sees a hypothesis violated; None for theories without hypotheses.
    """

    theory: str
    n: int
    spearman: Interval | None
    r2: float | None
    violated: float | None

    @property
    def sign(self) -> int:
        """The sign of the rank correlation where its interval tells one, else 0."""
        if self.spearman is None:
            return 0
        return int(self.spearman.low > 0) - int(self.spearman.high < 0)


@dataclass(frozen=True)
class FamilyScores:
    """The runs of one family, and every theory on them.

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
    fits: Mapping[str, FamilyFit]


@dataclass(frozen=True)
class StackScores:
    """What a stack reaches on tasks that it was not fitted on.

    Attributes:
        name: Its column's name.
        labels: How many audited labels it reads.
        within: Mean rank correlation within tasks.
        pooled: Rank correlation over all runs.
        within_refitted: The first on runs whose supervisor could be trained again, so that its risk was observed.
        pooled_refitted: The second on these runs.
        covered: Coverage of its intervals on all runs.
        n_doubted: On how many runs most theories see a hypothesis violated.
        covered_doubted: Coverage on these.
    """

    name: str
    labels: int
    within: Interval | None
    pooled: Interval | None
    within_refitted: Interval | None
    pooled_refitted: Interval | None
    covered: Interval | None
    n_doubted: int
    covered_doubted: Interval | None


@dataclass(frozen=True)
class LabelUse:
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


@lru_cache
def _registered(theory: str) -> Theory | None:
    return registry.build(Theory, theory) if theory in registry.names(Theory) else None


def information(theory: str) -> InfoSet:
    """Return what a theory without labels reads; the stack reads what all others read."""
    known = _registered(theory)
    return InfoSet.S0_VALIDATION if known is None else known.info


def is_baseline(theory: str) -> bool:
    """Return whether a theory is a baseline."""
    known = _registered(theory)
    return known is not None and known.baseline


def has_hypotheses(theory: str) -> bool:
    """Return whether a theory rests on hypotheses; the stack and baselines do not."""
    known = _registered(theory)
    return known is not None and bool(known.hypotheses)


def families_of(table: PredictionTable) -> list[FamilyScores]:
    """Return every theory on each family, in the order of their letters."""
    return [_family(table, task, _within_family(table, task)) for task in _family_tasks(table)]


def stacks_of(table: PredictionTable, resamples: Sequence[Resample]) -> list[StackScores]:
    """Return what each stack reaches."""
    doubted = in_doubt(table)
    stacks = [column for column in table.columns.values() if column.theory == STACK and column.known.any()]
    return [_stack(table, column, doubted, resamples) for column in stacks]


def label_uses_of(where: str, table: PredictionTable, resamples: Sequence[Resample] | None = None) -> list[LabelUse]:
    """Return whether theories make more of labels than the plain paired difference does.

    Args:
        where: `study` or `families`.
        table: The predictions.
        resamples: Resamples of the table's rows; None draws within families, which are not a sample of anything.
    """
    if resamples is None:
        # The families are all there are: each keeps its number of runs, and runs are drawn within it.
        resamples = _together([_within_family(table, task) for task in _family_tasks(table)])
    uses = []
    for column in table.columns.values():
        plain_name = PLAIN_USE.get(column.theory, "")
        plain_name += f"-{column.unit}" if column.theory == STACK and column.unit != "error" else ""
        plain = table.columns.get(f"{plain_name}@{column.labels}")
        if plain is None or not column.labels:
            continue
        interval = bootstrapped(_rank_difference(column, plain), column.known & plain.known, table, resamples)
        if interval is not None:
            uses.append(LabelUse(where, column.name, plain.name, column.labels, interval))
    return sorted(uses, key=lambda use: (use.theory.split("@")[0], use.labels))


def in_doubt(table: PredictionTable) -> BoolArray:
    """Return on which runs most theories without labels see one of their hypotheses violated, `(n,)`."""
    columns = [column for column in table.columns.values() if not column.labels and has_hypotheses(column.theory)]
    standing = np.array([column.standing for column in columns]).reshape(len(columns), len(table.runs))
    # Theories that say nothing of a run are no witnesses, for or against.
    speaking = (standing >= 0).sum(axis=0)
    doubted: BoolArray = (standing == VIOLATED).sum(axis=0) > MOST_FAIL * speaking
    return doubted


def bootstrapped(
    statistic: Statistic, rows: BoolArray, table: PredictionTable, resamples: Sequence[Resample]
) -> Interval | None:
    """Return a statistic of some rows with its cluster bootstrap interval; None if it is not defined.

    A resample is of all rows, so that runs which share a supervisor stay together; rows that do not count are left
    out of each afterwards.
    """
    if not rows.any():
        return None
    own = np.flatnonzero(rows)
    draws = [statistic(chosen[kept], tasks[kept]) for chosen, tasks in resamples for kept in (rows[chosen],)]
    return percentile_interval(statistic(own, table.tasks[own]), np.array(draws), LEVEL)


def _family_tasks(table: PredictionTable) -> list[str]:
    return sorted({str(task) for task in table.tasks if str(task).startswith(FAMILY)})


def _within_family(table: PredictionTable, task: str) -> list[Resample]:
    """Return resamples of a family's runs; the families themselves are not a sample of anything."""
    own = np.flatnonzero(table.tasks == task)
    rng = derive(len(own), "page", task.removeprefix(FAMILY))
    drawn = Clusters(table.tasks[own], table.clusters[own]).resamples(rng)
    return [(own[chosen], tasks) for chosen, tasks in drawn]


def _together(families: Sequence[Sequence[Resample]]) -> list[Resample]:
    """Return resamples of all families, each with as many runs as it has."""
    return [
        (np.concatenate([rows for rows, _ in drawn]), np.repeat(range(len(drawn)), [len(rows) for rows, _ in drawn]))
        for drawn in zip(*families, strict=True)
    ]


def _family(table: PredictionTable, task: str, resamples: Sequence[Resample]) -> FamilyScores:
    rows = table.tasks == task
    gain = table.truth("gain squared")[0][rows]
    fits = {
        name: _fit(table, column, rows & column.known, resamples)
        for name, column in table.columns.items()
        if (rows & column.known).any()
    }
    return FamilyScores(task.removeprefix(FAMILY), len(gain), float(gain.mean()), float((gain > 0).mean()), fits)


def _fit(table: PredictionTable, column: PredictionColumn, rows: BoolArray, resamples: Sequence[Resample]) -> FamilyFit:
    spearman = bootstrapped(lambda at, _: metrics.spearman(column.value[at], column.truth[at]), rows, table, resamples)
    r2 = metrics.r2(column.value[rows], column.truth[rows])
    violated = float((column.standing[rows] == VIOLATED).mean()) if has_hypotheses(column.theory) else None
    return FamilyFit(column.name, int(rows.sum()), spearman, r2 if np.isfinite(r2) else None, violated)


def _stack(
    table: PredictionTable, column: PredictionColumn, doubted: BoolArray, resamples: Sequence[Resample]
) -> StackScores:
    inside = ((column.low <= column.truth) & (column.truth <= column.high)).astype(float)

    def covered(rows: BoolArray) -> Interval | None:
        return bootstrapped(lambda at, _: metrics.mean(inside[at]), rows, table, resamples)

    def within(rows: BoolArray) -> Interval | None:
        return bootstrapped(_rank_within(column), rows, table, resamples)

    def pooled(rows: BoolArray) -> Interval | None:
        return bootstrapped(lambda at, _: metrics.spearman(column.value[at], column.truth[at]), rows, table, resamples)

    refitted = column.known & np.array(["weak_error" in case.seen[0] for case in table.cases])
    answered = column.known & column.answered
    return StackScores(
        name=column.name,
        labels=column.labels,
        within=within(column.known),
        pooled=pooled(column.known),
        within_refitted=within(refitted),
        pooled_refitted=pooled(refitted),
        covered=covered(answered),
        n_doubted=int((answered & doubted).sum()),
        covered_doubted=covered(answered & doubted),
    )


def _rank_within(column: PredictionColumn) -> Statistic:
    """Return the mean rank correlation within tasks of a theory with its own truth, as a statistic of rows."""
    return lambda at, tasks: metrics.within(metrics.spearman, column.value[at], column.truth[at], tasks)


def _rank_difference(column: PredictionColumn, plain: PredictionColumn) -> Statistic:
    first, second = _rank_within(column), _rank_within(plain)
    return lambda at, tasks: first(at, tasks) - second(at, tasks)
