"""Figures of a scoreboard: what each theory predicts against what happened, and the limit of what can be gained."""

from collections.abc import Mapping, Sequence

import numpy as np

from w2sg.core import AnyArray, FloatArray, Look, PointGroup, Scatter, ScatterPanel, derive
from w2sg.core import wording as words
from w2sg.theory.documents.tables import DECIMALS, UNITS, place
from w2sg.theory.scoreboard import metrics
from w2sg.theory.scoreboard.predictions import STANDINGS, PredictionColumn, PredictionTable
from w2sg.theory.scoreboard.summaries import FAMILY
from w2sg.worlds import spike_student_risk, student_floor

FEWEST_POINTS = 20
MOST_POINTS = 400
"""Most runs in a panel of many, drawn at random; what is written above it is of all."""
MOST_IN_LIMIT = 2000
INSIDE = (0.01, 0.99)
"""Quantiles of predictions that a panel holds, unless they reach far beyond what was observed."""
REACH = 2.0
"""A panel holds predictions up to so many spans of what was observed beyond it."""
LIMIT = "random-feature-limit"
SILENT = "no value"
_LOOKS: Mapping[str, Look] = {
    "holds": "blue dot",
    "untestable": "grey square",
    "violated": "red cross",
    SILENT: "purple bar",
    "A": "blue dot",
    "B": "green square",
    "C": "red cross",
}
_SCATTER = (
    "Each point is a run: across what the theory's formula gives, up what happened, both in the theory's own target "
    "and risk; on the line they are equal. ρ is Spearman within {places}, R² is of the numbers as they are, both over "
    "all n runs. {colours} Predictions beyond the frame stand on its edge. A panel has at most {most} points, drawn at "
    "random."
)
_STANDINGS = (
    "Blue dots: the theory's checks say that its hypotheses hold (or it has none); grey squares: none is seen violated "
    "and some cannot be tested; red crosses: one is violated, and the theory abstains."
)
_BY_FAMILY = (
    "Blue dots: family A (both models hold the target), green squares: B (the supervisor misses some of it), red "
    "crosses: C (the student misses some that the supervisor has)."
)
_LIMIT = (
    "Measured squared risks of supervisor (L, across) and student (up) as shares of the labels' variance, which is an "
    "observable. A student that contracts the function of a supervisor which is a least-squares projection cannot lie "
    "below the solid line, (1 - √(1 - L))²; one that keeps exactly the truth's direction lies on the dashed line, L² "
    "(arXiv 2503.02877). Above the dotted line the student is worse than its supervisor. {below} {off}"
)


def standings_figure(table: PredictionTable) -> Scatter | None:
    """Return predicted against observed, coloured by what theories see of their hypotheses; None without panels."""
    caption = _SCATTER.format(places="tasks", colours=_STANDINGS, most=words.count(MOST_POINTS))
    groups = tuple(PointGroup(name, name, _LOOKS[name]) for name in STANDINGS)
    panels = [
        _panel(table, column, [STANDINGS[code] for code in column.standing]) for column in _columns_to_show(table)
    ]
    title = "Predicted against observed"
    return Scatter("predicted", title, caption, groups, tuple(panels)) if panels else None


def families_figure(table: PredictionTable) -> Scatter | None:
    """Return predicted against observed on the families, coloured by family; None without panels."""
    caption = _SCATTER.format(places="families", colours=_BY_FAMILY, most=words.count(MOST_POINTS))
    letters = [str(task).removeprefix(FAMILY) for task in table.tasks]
    groups = tuple(PointGroup(name, f"{FAMILY}{name}", _LOOKS[name]) for name in sorted(set(letters)))
    panels = [_panel(table, column, letters) for column in _columns_to_show(table)]
    title = "Predicted against observed on the families"
    return Scatter("predicted-families", title, caption, groups, tuple(panels)) if panels else None


def limit_figure(table: PredictionTable) -> Scatter | None:
    """Return the random-feature limit with all runs on it; None without squared risks."""
    weak, student = (table.truth(f"{who}_risk squared")[0] for who in ("weak", "student"))
    seen = [case.seen[0] for case in table.cases]
    variance = np.array([one.value("label_variance") if "label_variance" in one else np.nan for one in seen])
    known = np.flatnonzero(np.isfinite(weak) & np.isfinite(student) & (variance > 0))
    if not len(known):
        return None
    x, y = weak[known] / variance[known], student[known] / variance[known]
    column = table.columns.get(LIMIT)
    # Without the theory's column, as in a scoreboard of few theories, no run has a verdict.
    codes = np.full(len(known), -1) if column is None else column.standing[known]
    group = [SILENT if code < 0 else STANDINGS[code] for code in codes]
    side = _side(x, y)
    shown = thinned(len(x), MOST_IN_LIMIT)
    labels = {"violated": "a hypothesis is violated", "untestable": "none seen violated", "holds": "hypotheses hold"}
    panel = ScatterPanel(
        title="",
        note="",
        x="supervisor's squared risk / variance of labels",
        y="student's squared risk / variance of labels",
        x_limits=(0.0, side),
        y_limits=(0.0, side),
        points=_grouped(x[shown], y[shown], [group[row] for row in shown]),
        curves=(
            ("dotted", ((0.0, 0.0), (side, side))),
            ("dashed", tuple((share, spike_student_risk(share)) for share in _shares())),
            ("solid", tuple((share, student_floor(share)) for share in _shares())),
        ),
    )
    groups = tuple(
        PointGroup(name, labels.get(name, "the theory has no value"), _LOOKS[name])
        for name in (*STANDINGS, SILENT)
        if name in group
    )
    caption = _LIMIT.format(below=_below(x, y, group), off=_off(x, y, side)).strip()
    return Scatter("limit", "The random-feature limit", caption, groups, (panel,))


def thinned(n: int, most: int = MOST_POINTS) -> AnyArray:
    """Return which of n points are shown; equal numbers give equal ones."""
    return np.arange(n) if n <= most else np.sort(derive(n, "page", "points").choice(n, most, replace=False))


def _columns_to_show(table: PredictionTable) -> list[PredictionColumn]:
    """Return the theories with enough runs, and more than one prediction."""
    columns = [
        column
        for column in table.columns.values()
        if column.known.sum() >= FEWEST_POINTS and float(np.ptp(column.value[column.known])) > 0
    ]
    return sorted(columns, key=lambda column: place(column.name))


def _panel(table: PredictionTable, column: PredictionColumn, names: Sequence[str]) -> ScatterPanel:
    rows = np.flatnonzero(column.known)
    x, y = column.value[rows], column.truth[rows]
    rank = metrics.within(metrics.spearman, x, y, table.tasks[rows])
    x_limits, y_limits = _window(x, y)
    # The line on which prediction and truth are equal, as far as both axes reach.
    low, high = max(x_limits[0], y_limits[0]), min(x_limits[1], y_limits[1])
    shown = thinned(len(rows))
    return ScatterPanel(
        title=column.name,
        note=f"ρ {words.number(rank, DECIMALS)}, R² {words.explained(metrics.r2(x, y))}, n {words.count(len(rows))}",
        x=f"predicted {column.target.replace('_', ' ')}, {UNITS[column.unit]}",
        y="observed",
        x_limits=x_limits,
        y_limits=y_limits,
        points=_grouped(x[shown], y[shown], [names[row] for row in rows[shown]]),
        curves=(("solid", ((low, low), (high, high))),) if low < high else (),
    )


def _grouped(x: FloatArray, y: FloatArray, names: Sequence[str]) -> dict[str, tuple[tuple[float, float], ...]]:
    groups: dict[str, list[tuple[float, float]]] = {}
    for name, across, up in zip(names, x, y, strict=True):
        groups.setdefault(name, []).append((float(across), float(up)))
    return {name: tuple(points) for name, points in groups.items()}


def _window(x: FloatArray, y: FloatArray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the limits of both axes: all that was observed, and predictions that are not far beyond it.

    Where a hypothesis fails a formula may give anything; a frame that held all of it would show nothing else.
    """
    bottom, top = float(y.min()), float(y.max())
    span = max(top - bottom, 1e-6)
    lowest, highest = (float(end) for end in np.quantile(x, INSIDE))
    low = max(min(lowest, top), bottom - REACH * span)
    high = min(max(highest, bottom), top + REACH * span)
    width = max(high - low, 0.1 * span)
    middle = (low + high) / 2
    return (middle - 0.54 * width, middle + 0.54 * width), (bottom - 0.05 * span, top + 0.05 * span)


def _shares() -> list[float]:
    """Return the supervisor's risks at which curves are drawn, closer together where the floor is steep, near 1."""
    return [float(share) for share in 1 - np.linspace(1, 0, 101) ** 2]


def _side(x: FloatArray, y: FloatArray) -> float:
    """Return the upper limit of both axes: a little above a constant's risk, or above most runs."""
    return float(min(max(1.05, np.quantile(np.concatenate([x, y]), 0.98)), 1.6))


def _below(x: FloatArray, y: FloatArray, group: Sequence[str]) -> str:
    inside = x <= 1
    floor = np.array([student_floor(float(share)) if share <= 1 else 0.0 for share in x])
    under = inside & (y < floor)
    text = f"{words.count(under.sum())} of {words.quantity(int(inside.sum()), 'run')} lie below the solid line"
    seen = int((np.array(group)[under] == "violated").sum())
    warned = f"; on {words.count(seen)} of these the theory sees a hypothesis violated" if under.any() else ""
    return f"{text}{warned}."


def _off(x: FloatArray, y: FloatArray, side: float) -> str:
    off = int(((x > side) | (y > side)).sum())
    sentences = [f"{words.quantity(off, 'run')} outside of the frame stand on its edge."] if off else []
    if len(x) > MOST_IN_LIMIT:
        sentences.append(f"{words.count(MOST_IN_LIMIT)} of {words.count(len(x))} runs are drawn, at random.")
    return " ".join(sentences)
