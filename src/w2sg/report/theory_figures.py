"""Figures of a scoreboard: what each theory predicts against what happened, and the curves of theory itself."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from w2sg.core import FloatArray
from w2sg.report import formatting as fmt
from w2sg.report.canvas import INK, MUTED, NORMAL, TINY, WIDTH, Canvas, Drawing, drawn, in_chunks
from w2sg.report.theory_curves import MOST_POINTS, certificate_figure, key, limit_figure, points, thinned
from w2sg.report.theory_tables import DECIMALS, UNITS, explained, place
from w2sg.theory.families import FAMILIES
from w2sg.theory.scoreboard import metrics
from w2sg.theory.scoreboard.board import Scoreboard
from w2sg.theory.scoreboard.sheet import STANDINGS, Column, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST_POINTS = 20
MOST_PANELS, COLUMNS = 16, 4
INSIDE = (0.01, 0.99)
"""Quantiles of predictions that a panel holds, unless they reach far beyond what was observed."""
REACH = 2.0
"""A panel holds predictions up to so many spans of what was observed beyond it."""
_LEFT, _GAP, _SIDE, _HEAD, _FOOT, _KEY = 62.0, 50.0, 168.0, 50.0, 42.0, 36.0
_BOLD = 0.62
"""The mean width of a bold letter, as a share of the size."""
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
    "Blue dots: family A (both models hold the target), green squares: B (the teacher misses some of it), red crosses: "
    "C (the student misses some that the teacher has)."
)


def theory_figures(board: Scoreboard) -> list[Drawing]:
    """Return the figures of a scoreboard."""
    found = []
    if board.sheet is not None:
        found += _scatters(board.sheet, "predicted", "Predicted against observed", False)
    if board.families is not None:
        found += _scatters(board.families, "families", "Predicted against observed on the families", True)
    if board.sheet is not None:
        found += limit_figure(board.sheet)
    return [*found, certificate_figure()]


def _scatters(sheet: Sheet, name: str, title: str, by_family: bool) -> list[Drawing]:
    columns = sorted((one for one in sheet.columns.values() if _enough(one)), key=lambda one: place(one.name))
    chunks = in_chunks(columns, MOST_PANELS)
    caption = _SCATTER.format(
        places="families" if by_family else "tasks",
        colours=_BY_FAMILY if by_family else _STANDINGS,
        most=fmt.count(MOST_POINTS),
    )
    drawings = []
    for index, some in enumerate(chunks if columns else [], start=1):
        part = f" ({index} of {len(chunks)})" if len(chunks) > 1 else ""
        draw = lambda s=some: _draw_scatters(sheet, s, by_family)  # noqa: E731
        drawings.append(drawn(f"{name}-{index}", title + part, caption, draw))
    return drawings


def _enough(column: Column) -> bool:
    values = column.value[column.known]
    return len(values) >= FEWEST_POINTS and float(np.ptp(values)) > 0


def _draw_scatters(sheet: Sheet, columns: Sequence[Column], by_family: bool) -> Canvas:
    across = min(COLUMNS, len(columns))
    rows = -(-len(columns) // across)
    block = _HEAD + _SIDE + _FOOT
    canvas = Canvas(WIDTH, rows * block + _KEY)
    keys = [f"family {name}" for name in FAMILIES] if by_family else list(STANDINGS)
    key(canvas, dict(zip(keys, FAMILIES if by_family else STANDINGS, strict=True)), _LEFT, 16)
    for index, column in enumerate(columns):
        row, across_at = divmod(index, across)
        left, top = _LEFT + across_at * (_SIDE + _GAP), _KEY + row * block + _HEAD
        _scatter(canvas, sheet, column, (left, top), by_family)
    return canvas


def _scatter(canvas: Canvas, sheet: Sheet, column: Column, at: tuple[float, float], by_family: bool) -> None:
    left, top = at
    rows = np.flatnonzero(column.known)
    x, y = column.value[rows], column.truth[rows]
    rank = metrics.within(metrics.spearman, x, y, sheet.tasks[rows])
    size = min(NORMAL, (_SIDE + 10) / (_BOLD * len(column.name)))
    canvas.text(left, top - 34, column.name, weight="bold", fontsize=size)
    words = f"ρ {fmt.number(rank, DECIMALS)}, R² {explained(metrics.r2(x, y))}, n {fmt.count(len(rows))}"
    canvas.text(left, top - 16, words, fontsize=TINY, color=MUTED)
    axes = canvas.axes(left, top, _SIDE, _SIDE)
    sides = _window(x, y)
    _frame(axes, sides)
    axes.set_xlabel(f"predicted {column.target.replace('_', ' ')}, {UNITS[column.unit]}", fontsize=TINY, labelpad=3)
    if left == _LEFT:
        axes.set_ylabel("observed", fontsize=TINY, labelpad=3)
    low, high = max(sides[0][0], sides[1][0]), min(sides[0][1], sides[1][1])
    if low < high:
        axes.plot([low, high], [low, high], color=INK, linewidth=1.0)
    shown = thinned(len(rows))
    names = [str(task)[-1] for task in sheet.tasks] if by_family else [STANDINGS[code] for code in column.standing]
    group = [names[row] for row in rows[shown]]
    points(axes, np.clip(x[shown], *sides[0]), y[shown], group)


def _window(x: FloatArray, y: FloatArray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the limits of both axes: all that was observed, and predictions that are not far beyond it."""
    bottom, top = float(y.min()), float(y.max())
    span = max(top - bottom, 1e-6)
    ends = [float(end) for end in np.quantile(x, INSIDE)]
    low = max(min(ends[0], top), bottom - REACH * span)
    high = min(max(ends[1], bottom), top + REACH * span)
    width = max(high - low, 0.1 * span)
    middle = (low + high) / 2
    return (middle - 0.54 * width, middle + 0.54 * width), (bottom - 0.05 * span, top + 0.05 * span)


def _frame(axes: "Axes", sides: tuple[tuple[float, float], tuple[float, float]]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(*sides[0])
    axes.set_ylim(*sides[1])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    axes.tick_params(labelsize=TINY, length=3)
    axes.grid(True, linewidth=0.8)
    axes.spines["left"].set_visible(True)
