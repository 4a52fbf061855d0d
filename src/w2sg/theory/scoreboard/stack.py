"""The stack: what all theories say of a run, each weighted by how wrong it was on other tasks.

Runs differ in what theories can say of them. So each run is predicted from those theories that speak of it, and nothing
has to be fitted anew for another set of them: the weight of a theory is its mean squared error over tasks to the power
`-SHARPNESS`. Inverse errors would be best if theories erred apart (Bates and Granger 1969); they err alike, so the
better ones get more.

Intervals are those of a new task. Errors of runs, in units of what is expected of the theories that speak of them, have
a mean of their own in each task: a random effect. Its variance between tasks is part of the interval, and is found on
tasks that weights had not seen.
"""

from dataclasses import dataclass

import numpy as np

from w2sg.core import AnyArray, FloatArray, IntArray
from w2sg.measure import random_effects, t_quantile
from w2sg.theory.scoreboard import metrics
from w2sg.theory.scoreboard.predictions import STANDINGS, PredictionColumn, PredictionTable

STACK = "stack"
SHARPNESS = 2
"""Chosen on studies/theory-development.toml: with 1 all is a little worse, 3 is no better."""
LARGEST = 2.0
"""What a theory says is cut at this size: no risk here is larger, and formulas may say anything where they fail."""
SMALLEST_ERROR = 1e-8
"""A mean squared error below it is none: weights stay finite."""
FEWEST_TASKS = 4


@dataclass(frozen=True, eq=False)
class Weighing:
    """What theories say of runs, and how wrong they were in each task.

    Attributes:
        said: What they say, `(n, p)`; NaN where one says nothing.
        errors: Their mean squared errors in each of `t` tasks, `(t, p)`; NaN where one says nothing of a task.
    """

    said: FloatArray
    errors: FloatArray

    def without(self, *tasks: int) -> tuple[FloatArray, FloatArray]:
        """Return predictions `(n,)` by weights from other tasks, and the squared errors `(n,)` expected of them.

        NaN where no theory speaks that spoke in at least `FEWEST_TASKS` less the two that may be left out.
        """
        errors = np.delete(self.errors, tasks, axis=0)
        known = np.isfinite(errors)
        enough = known.sum(axis=0) >= FEWEST_TASKS - 2
        mean = np.where(known, errors, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        weights = np.where(enough, np.maximum(mean, SMALLEST_ERROR) ** -SHARPNESS, 0.0)
        own = np.where(np.isfinite(self.said), weights, 0.0)
        total = own.sum(axis=1)
        shares = np.divide(own, total[:, None], out=np.full_like(own, np.nan), where=total[:, None] > 0)
        return (shares * np.nan_to_num(self.said)).sum(axis=1), shares @ np.maximum(mean, SMALLEST_ERROR)


def is_stack(name: str) -> bool:
    """Return whether a column is a stack."""
    return name.partition("@")[0].partition("-")[0] == STACK


def stacked(table: PredictionTable, unit: str, *, labels: int = 0) -> PredictionColumn:
    """Return the stack as a column beside the theories; it predicts the gain.

    Each task is predicted from the other tasks' truth alone.

    Args:
        table: The theories' predictions.
        unit: In which risk.
        labels: Read theories with up to so many audited labels; 0 is S0 alone.

    Returns:
        Its column; NaN everywhere with fewer than `FEWEST_TASKS` tasks.
    """
    truth, truth_se = table.truth(f"gain {unit}")
    known = np.flatnonzero(np.isfinite(truth))
    value, half = np.full(len(truth), np.nan), np.full(len(truth), np.nan)
    if len(np.unique(table.tasks[known])) >= FEWEST_TASKS:
        said = said_of(table, unit, labels, known)
        value[known], half[known] = leave_one_task_out(said, truth[known], table.tasks[known], table.level)
    name = STACK + ("" if unit == "error" else f"-{unit}") + (f"@{labels}" if labels else "")
    standing = np.where(np.isfinite(value), STANDINGS.index("untestable"), -1)
    return PredictionColumn(
        name, STACK, "gain", unit, labels,  # type: ignore[arg-type]
        value, np.isfinite(half), value - half, value + half, standing, truth, truth_se,
    )  # fmt: skip


def said_of(table: PredictionTable, unit: str, labels: int, rows: IntArray) -> FloatArray:
    """Return what theories of the gain in a unit say of some runs, `(n, p)`."""
    columns = [
        column
        for column in table.columns.values()
        if column.target == "gain" and column.unit == unit and column.labels <= labels and column.theory != STACK
    ]
    said = np.array([column.value[rows] for column in columns]).T.reshape(len(rows), len(columns))
    return np.asarray(np.clip(said, -LARGEST, LARGEST))


def leave_one_task_out(
    said: FloatArray, truth: FloatArray, tasks: AnyArray, level: float
) -> tuple[FloatArray, FloatArray]:
    """Return predictions and half widths of intervals `(n,)`, each task's from the other tasks."""
    names, task = np.unique(tasks, return_inverse=True)
    squares = np.square(truth[:, None] - said)
    weighing = Weighing(said, np.stack([_mean_of_known(squares[task == one]) for one in range(len(names))]))
    value, half = np.full(len(truth), np.nan), np.full(len(truth), np.nan)
    for own in range(len(names)):
        here = task == own
        predicted, expected = weighing.without(own)
        value[here] = predicted[here]
        # Errors of tasks that weights had not seen, from weights that left out the predicted task as well: the interval
        # of a task owes nothing to its own truth.
        relative = np.full(len(truth), np.nan)
        for other in (one for one in range(len(names)) if one != own):
            there = task == other
            other_predicted, other_expected = weighing.without(own, other)
            relative[there] = ((truth - other_predicted) / np.sqrt(other_expected))[there]
        half[here] = (np.sqrt(expected) * _half_width(relative, task, level))[here]
    return value, half


def _mean_of_known(values: FloatArray) -> FloatArray:
    """Return the mean of each column without NaN; NaN where there is nothing else."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _half_width(errors: FloatArray, task: IntArray, level: float) -> float:
    """Return the half width of the interval for a run of a new task: errors within tasks and between them."""
    groups = [errors[rows][np.isfinite(errors[rows])] for rows in metrics.by_task(task)]
    groups = [group for group in groups if len(group) > 1]
    if len(groups) < FEWEST_TASKS - 1:
        return float("nan")
    within = np.array([group.var(ddof=1) for group in groups])
    found = random_effects([group.mean() for group in groups], within / [len(group) for group in groups])
    # The mean error is an effect as well: theories are not moved by it, so it is part of what a new task may bring.
    between = (found.between or 0.0) ** 2 + found.standard_error**2 + found.estimate**2
    return float(t_quantile(level, len(groups) - 2) * np.sqrt(between + within.mean()))
