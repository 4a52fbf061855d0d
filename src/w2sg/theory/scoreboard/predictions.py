"""The table that scores are made from: every theory's predictions beside what happened, run by run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from w2sg.core import Answer, AnyArray, BoolArray, FloatArray, IntArray, Target, Unit
from w2sg.theory.cases import Case

STANDINGS = ("holds", "untestable", "violated")


@dataclass(frozen=True, eq=False)
class PredictionColumn:
    """One theory, with so many labels, on all runs.

    Attributes:
        name: The theory, and after `@` its labels if it buys any.
        theory: The theory.
        target: What it predicts.
        unit: In which risk.
        labels: How many audited labels it used.
        value: What its formula gives `(n,)`, whether it answers or abstains; NaN where it gives nothing.
        answered: Where it does not abstain `(n,)`.
        low: Lower ends of its intervals `(n,)`; NaN where it abstains.
        high: Upper ends.
        standing: Codes into `STANDINGS`, `(n,)`; -1 where it gives nothing.
        truth: What happened, in the theory's target and unit `(n,)`; NaN where the run does not have it.
        truth_se: Its standard error.
    """

    name: str
    theory: str
    target: Target
    unit: Unit
    labels: int
    value: FloatArray
    answered: BoolArray
    low: FloatArray
    high: FloatArray
    standing: IntArray
    truth: FloatArray
    truth_se: FloatArray

    @property
    def known(self) -> BoolArray:
        """Where both the formula's value and the truth are known."""
        known: BoolArray = np.isfinite(self.value) & np.isfinite(self.truth)
        return known


@dataclass(frozen=True, eq=False)
class PredictionTable:
    """All theories on the same runs.

    Attributes:
        runs: Their names `(n,)`.
        tasks: The task of each `(n,)`.
        clusters: Runs with one supervisor have one name `(n,)`.
        cases: The runs themselves.
        columns: The theories.
        level: The nominal coverage of intervals.
        sampled: Whether the tasks stand for others; the synthetic families stand for themselves.
    """

    runs: AnyArray
    tasks: AnyArray
    clusters: AnyArray
    cases: Sequence[Case] = field(repr=False)
    columns: Mapping[str, PredictionColumn]
    level: float
    sampled: bool = True

    def truth(self, name: str) -> tuple[FloatArray, FloatArray]:
        """Return a kind of ground truth, such as `gain error`, and its standard errors; NaN where there is none."""
        return truth_of(self.cases, name)


def prediction_table(
    cases: Sequence[Case], answers: Sequence[Answer], level: float, *, sampled: bool = True
) -> PredictionTable:
    """Return the table of runs and of the answers on them."""
    place = {case.run: index for index, case in enumerate(cases)}
    grouped: dict[str, list[Answer]] = {}
    for answer in answers:
        # A theory with labels is another column for each number of them.
        name = f"{answer.theory}@{answer.labels}" if answer.labels else answer.theory
        grouped.setdefault(name, []).append(answer)
    return PredictionTable(
        runs=np.array([case.run for case in cases]),
        tasks=np.array([case.task for case in cases]),
        clusters=np.array([case.cluster for case in cases]),
        cases=tuple(cases),
        columns={name: _column(name, group, cases, place) for name, group in grouped.items()},
        level=level,
        sampled=sampled,
    )


def truth_of(cases: Sequence[Case], name: str) -> tuple[FloatArray, FloatArray]:
    """Return a kind of ground truth and its standard errors, both `(n,)`."""
    quantities = [case.truth.values.get(name) for case in cases]
    return (
        np.array([np.nan if quantity is None else quantity.value for quantity in quantities]),
        np.array([np.nan if quantity is None else quantity.se for quantity in quantities]),
    )


def _column(name: str, answers: Sequence[Answer], cases: Sequence[Case], place: Mapping[str, int]) -> PredictionColumn:
    n, first = len(cases), answers[0]
    value, low, high = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    answered, standing = np.zeros(n, dtype=bool), np.full(n, -1)
    for answer in answers:
        row = place[answer.run]
        # What the formula says counts for ranks even where the theory abstains; intervals count where it answers.
        if answer.formula is not None:
            value[row], standing[row] = answer.formula, STANDINGS.index(answer.standing)
        if answer.mean is not None and answer.low is not None and answer.high is not None:
            answered[row], low[row], high[row] = True, answer.low, answer.high
    truth, truth_se = truth_of(cases, f"{first.target} {first.unit}")
    return PredictionColumn(
        name, first.theory, first.target, first.unit, first.labels,
        value, answered, low, high, standing, truth, truth_se,
    )  # fmt: skip
