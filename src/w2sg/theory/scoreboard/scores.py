"""Scores of each theory: on all runs, and apart on those where its hypotheses hold, fail or cannot be tested."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import norm

from w2sg.core import BoolArray, FloatArray, derive
from w2sg.measure import Interval, holm
from w2sg.theory.scoreboard import metrics
from w2sg.theory.scoreboard.predictions import STANDINGS, PredictionColumn, PredictionTable
from w2sg.theory.scoreboard.resampling import Clusters, Resample, percentile_interval, two_sided_p
from w2sg.theory.scoreboard.stack import is_stack

ALL = "all"
LEVEL = 0.95
"""Confidence of the intervals of scores."""
REFERENCE = "disagreement"
"""The baseline that theories are compared with."""


@dataclass(frozen=True)
class TheoryScore:
    """How one theory did on some runs; a score that is not defined there is None.

    Attributes:
        theory: The column's name.
        target: What is predicted.
        unit: In which risk.
        runs: Which runs: `all`, or those on which its hypotheses have this standing.
        n: How many runs have both a formula's value and the truth.
        n_tasks: From how many tasks they come.
        abstains: The share of them on which the theory abstains.
        spearman: Mean rank correlation within tasks, with a cluster bootstrap interval.
        kendall: Mean tau-b within tasks.
        spearman_pooled: Rank correlation over all runs.
        spearman_error: Mean rank correlation within tasks with the gain in 0-1 risk (gain theories).
        spearman_setups: Mean rank correlation within tasks of setups: predictions and truth are means over their seeds.
        ceiling: The rank correlation within tasks that the true value would have with the measured one, from the two
            halves of the test sets; None for what is said of the very inputs of a half, and where there is one half.
        r2: Explained variance of the numbers as they are.
        r2_refitted: Explained variance after an affine map fitted on the other tasks.
        auc: How well it ranks runs with a positive truth above others.
        mae: Mean absolute error.
        coverage: Share of answered runs whose truth lies in the interval, with a cluster bootstrap interval. A theory's
            interval is for the true gain, so it is widened by the standard error of the measured one; the stack's, and
            one for the very inputs on which the truth was measured, are for the measured one as they are.
        width: Mean width of these intervals.
        constant_width: Width of the interval around 0, the same for all runs, that covers as many of them.
        interval_score: Mean interval score, lower is better.
    """

    theory: str
    target: str
    unit: str
    runs: str
    n: int
    n_tasks: int
    abstains: float | None
    spearman: Interval | None
    kendall: float | None
    spearman_pooled: float | None
    spearman_error: float | None
    spearman_setups: float | None
    ceiling: float | None
    r2: float | None
    r2_refitted: float | None
    auc: float | None
    mae: float | None
    coverage: Interval | None
    width: float | None
    constant_width: float | None
    interval_score: float | None


@dataclass(frozen=True)
class Contrast:
    """A theory's rank correlation within tasks with the gain in 0-1 risk less the reference's, where both predict.

    Attributes:
        theory: The column's name.
        reference: The baseline's name.
        n: How many runs.
        difference: With its cluster bootstrap interval.
        p_value: Two-sided, normal with the bootstrap's standard error.
        p_holm: After Holm's correction over all theories.
    """

    theory: str
    reference: str
    n: int
    difference: Interval | None
    p_value: float
    p_holm: float


def scores_of(table: PredictionTable) -> list[TheoryScore]:
    """Return the scores of every theory on all runs and on those of each standing."""
    resamples = resamples_of(table)
    scores = []
    for column in table.columns.values():
        scores.append(_score(table, column, ALL, column.known, resamples))
        for code, standing in enumerate(STANDINGS):
            rows = column.known & (column.standing == code)
            # Where all runs have one standing its score is that of all runs, and need not be made again.
            if rows.any() and not rows[column.known].all():
                scores.append(_score(table, column, standing, rows, resamples))
            elif rows.any():
                scores.append(replace(scores[-1], runs=standing))
    return scores


def resamples_of(table: PredictionTable) -> list[Resample]:
    """Return the cluster bootstrap's resamples of a table; equal tables give equal ones."""
    rng = derive(len(table.runs), "scoreboard", "bootstrap")
    return list(Clusters(table.tasks, table.clusters).resamples(rng, draw_tasks=table.sampled))


def contrasts_of(table: PredictionTable, reference: str = REFERENCE) -> list[Contrast]:
    """Return how every theory of the gain compares with a baseline; none where the baseline is not there.

    A theory that says the same of all runs is left out, and so is one that says nothing.
    """
    if reference not in table.columns:
        return []
    base, resamples = table.columns[reference], resamples_of(table)
    rivals = [
        column
        for column in table.columns.values()
        if column.target == "gain" and column is not base and _varies(column)
    ]
    # The same resamples for every theory: differences are paired within each.
    drawn = [_difference(table, column, base, resamples) for column in rivals]
    corrected = holm([p for *_, p in drawn]) if drawn else np.zeros(0)
    return [
        Contrast(column.name, reference, n, interval, p, float(p_holm))
        for column, (n, interval, p), p_holm in zip(rivals, drawn, corrected, strict=True)
    ]


def _difference(
    table: PredictionTable, column: PredictionColumn, base: PredictionColumn, resamples: Sequence[Resample]
) -> tuple[int, Interval | None, float]:
    """Return n, the difference of rank correlations with the gain in 0-1 risk, and its p-value."""
    truth, _ = table.truth("gain error")
    rows = np.isfinite(column.value) & np.isfinite(base.value) & np.isfinite(truth)

    def difference(chosen: np.ndarray, tasks: np.ndarray) -> float:
        own, reference = (
            metrics.within(metrics.spearman, theory.value[chosen], truth[chosen], tasks) for theory in (column, base)
        )
        return own - reference

    draws = [difference(chosen[rows[chosen]], tasks[rows[chosen]]) for chosen, tasks in resamples]
    own = np.flatnonzero(rows)
    estimate = difference(own, table.tasks[own])
    return len(own), percentile_interval(estimate, np.array(draws), LEVEL), two_sided_p(estimate, np.array(draws))


def _varies(column: PredictionColumn) -> bool:
    known = column.value[np.isfinite(column.value)]
    return len(known) > 1 and bool(np.ptp(known) > 0)


def _score(
    table: PredictionTable, column: PredictionColumn, name: str, rows: BoolArray, resamples: Sequence[Resample]
) -> TheoryScore:
    value, truth, tasks = column.value[rows], column.truth[rows], table.tasks[rows]
    known: dict[str, Any] = {
        "kendall": metrics.within(metrics.kendall, value, truth, tasks),
        "spearman_pooled": metrics.spearman(value, truth),
        "spearman_error": _against_error(table, column, rows),
        "spearman_setups": _of_setups(table, column, rows),
        "ceiling": metrics.split_half_ceiling(truth, _other_half(table, column)[rows], tasks),
        "r2": metrics.r2(value, truth),
        "r2_refitted": metrics.r2_refitted(value, truth, tasks),
        "auc": metrics.auc(value, truth > 0),
        "mae": float(np.abs(value - truth).mean()) if len(value) else float("nan"),
    }
    answered = rows & column.answered
    return TheoryScore(
        theory=column.name,
        target=column.target,
        unit=column.unit,
        runs=name,
        n=int(rows.sum()),
        n_tasks=len(np.unique(tasks)),
        abstains=float(1 - answered.sum() / rows.sum()) if rows.any() else None,
        spearman=_bootstrapped(table, column, rows, resamples),
        **{key: value if np.isfinite(value) else None for key, value in known.items()},
        **_intervals(table, column, answered, resamples),
    )


def _bootstrapped(
    table: PredictionTable, column: PredictionColumn, rows: BoolArray, resamples: Sequence[Resample]
) -> Interval | None:
    estimate = metrics.within(metrics.spearman, column.value[rows], column.truth[rows], table.tasks[rows])
    draws = [
        metrics.within(metrics.spearman, column.value[chosen], column.truth[chosen], tasks)
        for chosen, tasks in ((chosen[rows[chosen]], tasks[rows[chosen]]) for chosen, tasks in resamples)
    ]
    return percentile_interval(estimate, np.array(draws), LEVEL)


def _against_error(table: PredictionTable, column: PredictionColumn, rows: BoolArray) -> float:
    truth, _ = table.truth("gain error")
    both = rows & np.isfinite(truth)
    if column.target != "gain" or not both.any():
        return float("nan")
    return metrics.within(metrics.spearman, column.value[both], truth[both], table.tasks[both])


def _other_half(table: PredictionTable, column: PredictionColumn) -> FloatArray:
    """Return the truth of a theory as the half of the test set that was seen measures it; NaN where it did not."""
    return table.truth(f"batch_{column.target} {column.unit}")[0]


def _of_setups(table: PredictionTable, column: PredictionColumn, rows: BoolArray) -> float:
    """Return the mean rank correlation within tasks of setups, whose predictions and truth are means over seeds."""
    own = np.flatnonzero(rows)
    names = np.array([f"{case.task} {case.setup}" for case in table.cases])[own]
    _, first, which = np.unique(names, return_index=True, return_inverse=True)
    if len(first) == len(own):
        return float("nan")
    counts = np.bincount(which)
    value, truth = (np.bincount(which, weights=column_of[own]) / counts for column_of in (column.value, column.truth))
    return metrics.within(metrics.spearman, value, truth, table.tasks[own[first]])


def _intervals(
    table: PredictionTable, column: PredictionColumn, rows: BoolArray, resamples: Sequence[Resample]
) -> dict[str, Any]:
    """Return coverage, width and interval score where the theory answers."""
    if not rows.any():
        return {"coverage": None, "width": None, "constant_width": None, "interval_score": None}
    low, high, truth = column.low[rows], column.high[rows], column.truth[rows]
    inside = np.full(len(column.truth), np.nan)
    # The measured gain has an error of its own, which a theory's interval is not for; the stack's was made to cover it,
    # and what is said of the very inputs on which the truth was measured is said of that error too.
    measured = is_stack(column.name) or column.target == "batch_gain"
    spread = 0.0 if measured else norm.ppf(0.5 + table.level / 2) * np.nan_to_num(column.truth_se[rows])
    middle, half = (low + high) / 2, np.hypot((high - low) / 2, spread)
    inside[rows] = np.abs(truth - middle) <= half
    covered = float(inside[rows].mean())
    draws = [_mean(inside[chosen[rows[chosen]]]) for chosen, _ in resamples]
    return {
        "coverage": percentile_interval(covered, np.array(draws), LEVEL),
        "width": float(2 * half.mean()),
        "constant_width": float(2 * np.quantile(np.abs(truth), covered)),
        "interval_score": metrics.interval_score(middle - half, middle + half, truth, table.level),
    }


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if len(values) else float("nan")
