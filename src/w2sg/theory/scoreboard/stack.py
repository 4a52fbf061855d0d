"""The stack of all predictors: ridge regression on what they say and on their verdicts, one task left out at a time.

Its intervals are conformal over tasks: residuals come from tasks that a fit had not seen, apart for runs on which many
and few theories see their hypotheses violated, so it widens where theories fail.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2sg.core import AnyArray, BoolArray, FloatArray, IntArray
from w2sg.theory.scoreboard import metrics
from w2sg.theory.scoreboard.sheet import STANDINGS, Column, Sheet

STACK = "stack"
PENALTIES = tuple(10.0**power for power in np.arange(-3, 2.5, 0.5))
"""Ridge penalties that are tried, in units of the tasks' number; inputs have variance 1."""
CLIP = 4.0
"""Standardised inputs are cut at this many standard deviations: a run unlike all others is not extrapolated to."""
FEWEST_TASKS = 4


@dataclass(frozen=True, eq=False)
class Design:
    """What the stack reads.

    Attributes:
        x: `(n, p)` standardised inputs; what a theory does not say counts as the mean.
        doubt: The share of theories that see a hypothesis violated, `(n,)`.
        names: The inputs' names.
    """

    x: FloatArray
    doubt: FloatArray
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Sums:
    """What ridge needs of one task: means over runs of products of inputs (with a constant) and truth."""

    gram: FloatArray
    cross: FloatArray


def stacked(sheet: Sheet, unit: str, *, labels: int = 0) -> Column:
    """Return the stack as a column beside the theories; it predicts the gain.

    Each task is predicted from the other tasks' truth alone.

    Args:
        sheet: The theories' predictions.
        unit: In which risk.
        labels: Read theories with up to so many audited labels; 0 is S0 alone.

    Returns:
        Its column; NaN everywhere with fewer than `FEWEST_TASKS` tasks.
    """
    truth, truth_se = sheet.truth(f"gain {unit}")
    known = np.flatnonzero(np.isfinite(truth))
    value, half = np.full(len(truth), np.nan), np.full(len(truth), np.nan)
    if len(np.unique(sheet.tasks[known])) >= FEWEST_TASKS:
        design = design_of(sheet, labels, known)
        value[known], half[known] = leave_one_task_out(design, truth[known], sheet.tasks[known], sheet.level)
    name = f"{STACK}@{labels}" if labels else STACK
    standing = np.where(np.isfinite(value), STANDINGS.index("untestable"), -1)
    return Column(
        name, STACK, "gain", unit, labels,  # type: ignore[arg-type]
        value, np.isfinite(half), value - half, value + half, standing, truth, truth_se,
    )  # fmt: skip


def design_of(sheet: Sheet, labels: int, rows: IntArray) -> Design:
    """Return the stack's inputs on some runs: what theories say, and whether they see a hypothesis violated."""
    columns = [column for column in sheet.columns.values() if column.labels <= labels and column.theory != STACK]
    values = [column.value[rows] for column in columns]
    violated = [(column.standing[rows] == STANDINGS.index("violated")).astype(float) for column in columns]
    names = [*(column.name for column in columns), *(f"{column.name} violated" for column in columns)]
    scaled = [_standardised(column) for column in (*values, *violated)]
    kept = [index for index, column in enumerate(scaled) if column is not None]
    x = np.array([scaled[index] for index in kept], dtype=np.float64).T.reshape(len(rows), len(kept))
    return Design(x, np.mean(violated, axis=0), tuple(names[index] for index in kept))


def leave_one_task_out(
    design: Design, truth: FloatArray, tasks: AnyArray, level: float
) -> tuple[FloatArray, FloatArray]:
    """Return predictions and half widths of intervals `(n,)`, each task's from the other tasks."""
    groups = list(metrics.by_task(tasks))
    x = np.hstack([np.ones((len(truth), 1)), design.x])
    sums = [_Sums(x[rows].T @ x[rows] / len(rows), x[rows].T @ truth[rows] / len(rows)) for rows in groups]
    value, half = np.empty(len(truth)), np.empty(len(truth))
    for index, own in enumerate(groups):
        others = [place for place in range(len(groups)) if place != index]
        weights = _fitted([sums[place] for place in others])
        value[own] = x[own] @ weights
        residual = np.full(len(truth), np.nan)
        for out in others:
            rest = [sums[place] for place in others if place != out]
            residual[groups[out]] = np.abs(truth[groups[out]] - x[groups[out]] @ _fitted(rest))
        half[own] = _half_widths(residual, design.doubt, tasks, own, level)
    return value, half


def _fitted(sums: Sequence[_Sums]) -> FloatArray:
    """Return ridge weights; the penalty is the one that predicts left-out tasks best."""
    errors = np.zeros(len(PENALTIES))
    for place, out in enumerate(sums):
        rest = [one for other, one in enumerate(sums) if other != place]
        weights = _path(rest)
        errors += np.einsum("ip,pq,iq->i", weights, out.gram, weights) - 2 * weights @ out.cross
    return np.asarray(_path(sums)[int(errors.argmin())])


def _path(sums: Sequence[_Sums]) -> FloatArray:
    """Return ridge weights for every penalty, `(penalties, 1 + p)`; the constant is not penalised."""
    gram, cross = (np.mean([getattr(one, name) for one in sums], axis=0) for name in ("gram", "cross"))
    mean = gram[0, 1:]
    inner = gram[1:, 1:] - np.outer(mean, mean)
    values, vectors = np.linalg.eigh(inner)
    projected = vectors.T @ (cross[1:] - mean * cross[0])
    slopes = np.array([vectors @ (projected / (np.maximum(values, 0) + penalty)) for penalty in PENALTIES])
    return np.hstack([cross[0] - slopes @ mean[:, None], slopes])


def _half_widths(residual: FloatArray, doubt: FloatArray, tasks: AnyArray, own: IntArray, level: float) -> FloatArray:
    """Return half widths for a task from residuals on others, apart for runs with much and little doubt."""
    known = np.isfinite(residual)
    cut = float(np.median(doubt[known]))
    widths = np.empty(len(own))
    for much in (False, True):
        mine, alike = (doubt[own] > cut) == much, known & ((doubt > cut) == much)
        alike = alike if alike.any() else known
        widths[mine] = _over_tasks(residual[alike], tasks[alike], level)
    return widths


def _over_tasks(residual: FloatArray, tasks: AnyArray, level: float) -> float:
    """Return the quantile of residuals in which all tasks weigh the same, and the new task as much as one of them."""
    weights = np.empty(len(residual))
    groups = list(metrics.by_task(tasks))
    for rows in groups:
        weights[rows] = 1 / len(rows) / (len(groups) + 1)
    order = np.argsort(residual)
    reached = np.flatnonzero(np.cumsum(weights[order]) >= level)
    return float(residual[order][reached[0]]) if len(reached) else float(residual.max())


def _standardised(values: FloatArray) -> FloatArray | None:
    """Return values with mean 0 and variance 1, 0 where unknown, cut at `CLIP`; None where they do not vary."""
    known: BoolArray = np.isfinite(values)
    spread = float(values[known].std()) if known.any() else 0.0
    if spread <= 1e-12:
        return None
    scaled = np.where(known, (np.where(known, values, 0.0) - values[known].mean()) / spread, 0.0)
    return np.asarray(np.clip(scaled, -CLIP, CLIP))
