"""What a theory is worth in a decision: the regret of choosing a supervisor or a method by what it predicts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2sg.core import BoolArray, FloatArray, IntArray, derive
from w2sg.measure import Interval
from w2sg.theory.scoreboard.predictions import PredictionTable
from w2sg.theory.scoreboard.resampling import Clusters, percentile_interval
from w2sg.theory.scoreboard.scores import LEVEL

DECISIONS = {"supervisor": "which weak supervisor", "method": "which loss, stopping and filter"}
UNIT = "error"


@dataclass(frozen=True)
class Regret:
    """How much 0-1 risk is lost, on average, by a way of choosing.

    Attributes:
        decision: What is chosen: `supervisor` or `method`.
        chooser: The theory, or `best weak supervisor`, `at random`.
        n: How many choices were made.
        regret: Mean risk of the chosen student less that of the best one, with a cluster bootstrap interval.
        best: The share of choices that were the best one.
    """

    decision: str
    chooser: str
    n: int
    regret: Interval | None
    best: float


def regrets_of(table: PredictionTable) -> list[Regret]:
    """Return the regret of every theory of the gain, of taking the best supervisor, and of choosing at random.

    A supervisor is chosen by its cross-fitted risk less the predicted gain, both in the theory's unit; a method by the
    predicted gain. Supervisors that cannot be trained again, whose risk is not observed, are no options. A theory is
    asked where it has a value for every option, and its `n` says how often that was.
    """
    risk, _ = table.truth(f"student_risk {UNIT}")
    regrets = []
    for decision in DECISIONS:
        known = np.isfinite(risk)
        if decision == "supervisor":
            known &= np.isfinite(_supervisor_risk(table, UNIT))
        options = _options(table, decision, known)
        if options:
            regrets += _of_decision(table, decision, options, risk)
    return regrets


def _of_decision(table: PredictionTable, decision: str, options: Sequence[IntArray], risk: FloatArray) -> list[Regret]:
    supervisor = {unit: _supervisor_risk(table, unit) for unit in ("error", "squared", "kl")}
    choosers: dict[str, FloatArray] = {}
    for name, column in table.columns.items():
        if column.target == "gain":
            # The student's risk that a theory predicts is the supervisor's less the gain, both in the theory's own
            # unit.
            own = supervisor.get(column.unit, np.full(len(table.runs), np.nan))
            choosers[name] = column.value - own if decision == "supervisor" else column.value
    if decision == "supervisor":
        choosers["best weak supervisor"] = -supervisor[UNIT]
    regrets = [_regret(table, decision, name, value, options, risk) for name, value in choosers.items()]
    # Choosing at random loses the mean over options, without any draw.
    lost = np.array([risk[rows].mean() - risk[rows].min() for rows in options])
    best = float(np.mean([np.mean(risk[rows] == risk[rows].min()) for rows in options]))
    random = Regret(decision, "at random", len(options), _interval(table, lost, options), best)
    return [regret for regret in regrets if regret is not None] + [random]


def _supervisor_risk(table: PredictionTable, unit: str) -> FloatArray:
    """Return the cross-fitted risk of each run's supervisor in a unit, NaN where it was not observed."""
    name = f"weak_{unit}"
    return np.array([case.seen[0].value(name) if name in case.seen[0] else np.nan for case in table.cases])


def _options(table: PredictionTable, decision: str, known: BoolArray) -> list[IntArray]:
    """Return the rows of runs that differ in the decision only, at least two to a choice."""
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for row, case in enumerate(table.cases):
        if known[row] and case.parts:
            rest = tuple(digest for part, digest in case.parts.items() if part != decision)
            groups[case.task, case.seed, rest].append(row)
    return [np.array(rows) for rows in groups.values() if len(rows) > 1]


def _regret(
    table: PredictionTable, decision: str, name: str, value: FloatArray, options: Sequence[IntArray], risk: FloatArray
) -> Regret | None:
    usable = [rows for rows in options if np.isfinite(value[rows]).all()]
    if not usable:
        return None
    lost, best = [], []
    for rows in usable:
        # Ties are broken evenly: the mean over all options that the theory prefers.
        chosen = np.flatnonzero(value[rows] == value[rows].max())
        least = risk[rows].min()
        lost.append(risk[rows][chosen].mean() - least)
        best.append(np.mean(risk[rows][chosen] == least))
    return Regret(decision, name, len(usable), _interval(table, np.array(lost), usable), float(np.mean(best)))


def _interval(table: PredictionTable, lost: FloatArray, options: Sequence[IntArray]) -> Interval | None:
    # A choice is one unit, wherever its runs stand; choices under one seed share a test set and go together.
    first = np.array([rows[0] for rows in options])
    rng = derive(len(options), "scoreboard", "regret")
    seeds = np.array([f"{table.tasks[row]} {table.cases[row].seed}" for row in first])
    draws = [lost[rows].mean() for rows, _ in Clusters(table.tasks[first], seeds).resamples(rng)]
    return percentile_interval(float(lost.mean()), np.array(draws), LEVEL)
