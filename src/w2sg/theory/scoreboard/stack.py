"""The stack of all predictors: ridge regression on what they say of the gain, one task left out at a time.

Runs differ in what theories can say of them. So each run is predicted from those theories that speak of it, by a fit to
the runs of other tasks of which at least these speak. Whether the verdicts on hypotheses help, how strong the penalty
is, and whether it pulls to nothing or to one theory alone, is chosen by leaving out one of the fitted tasks at a time.

Intervals are conformal over tasks: residuals come from tasks that a fit had not seen, apart for runs on which many and
few theories see their hypotheses violated, so it widens where theories fail.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from w2sg.core import AnyArray, BoolArray, FloatArray, IntArray
from w2sg.theory.scoreboard import metrics
from w2sg.theory.scoreboard.predictions import STANDINGS, PredictionColumn, PredictionTable

STACK = "stack"
PENALTIES = tuple(10.0 ** np.arange(-5, 1.5, 0.5))
"""Ridge penalties that are tried; inputs are in the units of the gain, verdicts are 0 or `INDICATOR`."""
INDICATOR = 0.1
LARGEST = 2.0
"""What a theory says is cut at this size: no risk here is larger, and formulas may say anything where they fail."""
FEWEST_TASKS = 4


@dataclass(frozen=True, eq=False)
class Design:
    """What the stack reads.

    Attributes:
        said: What theories say, `(n, p)`; NaN where one says nothing.
        violated: Where a theory sees a hypothesis violated, `(n, p)`.
        names: The theories.
    """

    said: FloatArray
    violated: BoolArray
    names: tuple[str, ...]

    @property
    def doubt(self) -> FloatArray:
        """The share of theories that see a hypothesis violated, of those that speak, `(n,)`."""
        speaking = np.isfinite(self.said)
        return np.asarray((self.violated & speaking).sum(axis=1) / np.maximum(speaking.sum(axis=1), 1))

    def inputs(self, chosen: BoolArray) -> FloatArray:
        """Return a constant, what chosen theories say, and their verdicts, `(n, 1 + 2 q)`."""
        verdicts = INDICATOR * self.violated[:, chosen].astype(float)
        return np.hstack([np.ones((len(self.said), 1)), np.nan_to_num(self.said[:, chosen]), verdicts])


@dataclass(frozen=True, eq=False)
class _TaskMoments:
    """What ridge needs of one task: means over runs of products of inputs (with a constant) and truth."""

    gram: FloatArray
    cross: FloatArray


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
        design = design_of(table, unit, labels, known)
        value[known], half[known] = leave_one_task_out(design, truth[known], table.tasks[known], table.level)
    name = STACK + ("" if unit == "error" else f"-{unit}") + (f"@{labels}" if labels else "")
    standing = np.where(np.isfinite(value), STANDINGS.index("untestable"), -1)
    return PredictionColumn(
        name, STACK, "gain", unit, labels,  # type: ignore[arg-type]
        value, np.isfinite(half), value - half, value + half, standing, truth, truth_se,
    )  # fmt: skip


def design_of(table: PredictionTable, unit: str, labels: int, rows: IntArray) -> Design:
    """Return what theories of the gain in a unit say of some runs; those that say the same of all are left out."""
    columns = [
        column
        for column in table.columns.values()
        if column.target == "gain" and column.unit == unit and column.labels <= labels and column.theory != STACK
    ]
    # Where a hypothesis fails a formula may say anything, and one such number would decide a least-squares fit.
    said = [np.clip(column.value[rows], -LARGEST, LARGEST) for column in columns]
    # A theory that says the same of all runs is the constant, which is fitted anyway.
    kept = [index for index, values in enumerate(said) if len(np.unique(values[np.isfinite(values)])) > 1]
    shape = len(rows), len(kept)
    return Design(
        np.array([said[index] for index in kept]).T.reshape(shape),
        np.array([columns[index].standing[rows] == STANDINGS.index("violated") for index in kept]).T.reshape(shape),
        tuple(columns[index].name for index in kept),
    )


def leave_one_task_out(
    design: Design, truth: FloatArray, tasks: AnyArray, level: float
) -> tuple[FloatArray, FloatArray]:
    """Return predictions and half widths of intervals `(n,)`, each task's from the other tasks."""
    value, half = np.full(len(truth), np.nan), np.full(len(truth), np.nan)
    for rows, chosen, fitted in _patterns(np.isfinite(design.said), tasks):
        x = design.inputs(chosen)
        groups = {name: fitted[tasks[fitted] == name] for name in np.unique(tasks[fitted])}
        # Ridge needs products of inputs only: made once for each task, they are added for every choice of tasks.
        sums = {name: _sums(x[own], truth[own]) for name, own in groups.items()}
        for name in np.unique(tasks[rows]):
            own = rows[tasks[rows] == name]
            others = [other for other in groups if other != name]
            value[own] = x[own] @ _fitted([sums[other] for other in others])
            # Residuals of tasks that a fit had not seen, from fits that left out the predicted task as well: the
            # interval of a task owes nothing to its own truth.
            residual = np.full(len(truth), np.nan)
            for out in others:
                weights = _fitted([sums[other] for other in others if other != out])
                residual[groups[out]] = np.abs(truth[groups[out]] - x[groups[out]] @ weights)
            half[own] = _half_widths(residual, design.doubt, tasks, own, level)
    return value, half


def _patterns(known: BoolArray, tasks: AnyArray) -> Iterator[tuple[IntArray, BoolArray, IntArray]]:
    """Yield runs of which the same theories speak, these theories, and the runs of which at least they speak.

    Where these come from too few tasks, the theory that speaks of the fewest runs is left out, and so on.
    """
    # Runs of which the same theories speak share their fits, so there are as many fits as patterns, not as runs.
    patterns, which = np.unique(known, axis=0, return_inverse=True)
    for index, pattern in enumerate(patterns):
        chosen = pattern.copy()
        while True:
            fitted = np.flatnonzero(known[:, chosen].all(axis=1))
            if not chosen.any() or len(np.unique(tasks[fitted])) > FEWEST_TASKS:
                break
            # Fewer theories speak of more runs: the rarest goes first, as it takes most tasks away.
            rarest = np.flatnonzero(chosen)[known[:, chosen].sum(axis=0).argmin()]
            chosen[rarest] = False
        yield np.flatnonzero(which.ravel() == index), chosen, fitted


def _sums(x: FloatArray, truth: FloatArray) -> _TaskMoments:
    return _TaskMoments(x.T @ x / len(x), x.T @ truth / len(x))


def _fitted(sums: Sequence[_TaskMoments]) -> FloatArray:
    """Return ridge weights; penalty, and whether verdicts are read, are those that predict left-out tasks best."""
    errors: FloatArray | float = 0.0
    for place, out in enumerate(sums):
        weights = _paths([*sums[:place], *sums[place + 1 :]])
        # The squared error on the left-out task up to a constant, w' G w - 2 w' c, for all weights that are tried at
        # once.
        errors = errors + np.einsum("ip,pq,iq->i", weights, out.gram, weights) - 2 * weights @ out.cross
    return np.asarray(_paths(sums)[int(np.argmin(errors))])


def _paths(sums: Sequence[_TaskMoments]) -> FloatArray:
    """Return the weights that are tried `(c, 1 + p)`: with and without verdicts, pulled to 0 and to each theory."""
    gram, cross = np.mean([task.gram for task in sums], axis=0), np.mean([task.cross for task in sums], axis=0)
    theories = (len(cross) - 1) // 2
    paths = []
    for size in (theories, 2 * theories):
        centres = np.vstack([np.zeros(size), np.eye(theories, size)])
        weights = _path(gram[: size + 1, : size + 1], cross[: size + 1], centres)
        paths.append(np.pad(weights, ((0, 0), (0, 2 * theories - size))))
    return np.vstack(paths)


def _path(gram: FloatArray, cross: FloatArray, centres: FloatArray) -> FloatArray:
    """Return ridge weights for every penalty and every centre that is shrunk to; the constant is not penalised."""
    mean = gram[0, 1:]
    # In the eigenvectors of the centred products every penalty is a division, so one decomposition serves all of them.
    values, vectors = np.linalg.eigh(gram[1:, 1:] - np.outer(mean, mean))
    penalties = np.array(PENALTIES)
    pull = vectors.T @ (cross[1:] - mean * cross[0])
    pulled = pull + (centres @ vectors)[:, None, :] * penalties[:, None]
    slopes = (pulled / (np.maximum(values, 0) + penalties[:, None])) @ vectors.T
    slopes = slopes.reshape(-1, len(mean))
    return np.hstack([cross[0] - slopes @ mean[:, None], slopes])


def _half_widths(residual: FloatArray, doubt: FloatArray, tasks: AnyArray, own: IntArray, level: float) -> FloatArray:
    """Return half widths for a task from residuals on others, apart for runs with much and little doubt."""
    known = np.isfinite(residual)
    # Where many theories see a hypothesis violated, residuals are larger: these runs get intervals of their own.
    cut = float(np.median(doubt[known]))
    widths = np.empty(len(own))
    for much in (False, True):
        mine, alike = (doubt[own] > cut) == much, known & ((doubt > cut) == much)
        # Too few tasks with this much doubt: all residuals serve.
        alike = alike if len(np.unique(tasks[alike])) >= FEWEST_TASKS else known
        widths[mine] = _over_tasks(residual[alike], tasks[alike], level)
    return widths


def _over_tasks(residual: FloatArray, tasks: AnyArray, level: float) -> float:
    """Return the quantile of residuals in which all tasks weigh the same, and the new task as much as one of them."""
    weights = np.empty(len(residual))
    groups = list(metrics.by_task(tasks))
    for rows in groups:
        # One part more than there are tasks: the new task is the missing one, and its residual may be the largest.
        weights[rows] = 1 / len(rows) / (len(groups) + 1)
    order = np.argsort(residual)
    reached = np.flatnonzero(np.cumsum(weights[order]) >= level)
    return float(residual[order][reached[0]]) if len(reached) else float(residual.max())
