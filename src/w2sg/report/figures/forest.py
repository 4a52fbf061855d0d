"""The forest plot: every row's estimate with its interval, group by group."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from w2sg.core import Forest, ForestGroup, ForestRow, wording
from w2sg.report import ink
from w2sg.report.canvas import Canvas, in_chunks, plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 40
LOWEST, HIGHEST = -1.5, 2.0
"""Intervals that pass these are drawn with an arrow: a few long ones would flatten all others."""

_ROW, _HEAD, _TOP, _BOTTOM = 23.0, 40.0, 34.0, 46.0
_NAMES, _PLOT, _PLOT_WIDTH = 16.0, 240.0, 388.0
_VALUES, _COUNTS = 646.0, 888.0
_TITLE_LETTERS = 110


def canvases(figure: Forest) -> list[Canvas]:
    """Return the figure drawn: several drawings where it has more than `MOST_ROWS` rows."""
    drawings: list[list[ForestGroup]] = []
    for group in [part for whole in figure.groups for part in _split(whole)]:
        # A group's title takes the place of about two rows.
        # Groups are kept whole where they fit, because methods are compared within a group.
        if drawings and sum(len(kept.rows) + 2 for kept in [*drawings[-1], group]) <= MOST_ROWS + 4:
            drawings[-1].append(group)
        else:
            drawings.append([group])
    return [_draw(figure, groups, _limits(figure)) for groups in drawings]


def _split(group: ForestGroup) -> list[ForestGroup]:
    chunks = in_chunks(list(group.rows), MOST_ROWS)
    if len(chunks) == 1:
        return [group]
    titles = [f"{group.title} ({index} of {len(chunks)})" for index in range(1, len(chunks) + 1)]
    return [replace(group, title=title, rows=tuple(rows)) for title, rows in zip(titles, chunks, strict=True)]


def _limits(figure: Forest) -> tuple[float, float]:
    estimates = [row.estimate for group in figure.groups for row in group.rows if row.estimate is not None]
    marked = [value for value, _, _ in figure.lines]
    ends = [*marked, *(end for estimate in estimates for end in estimate.ends)]
    low, high = max(LOWEST, min(ends)), min(HIGHEST, max(ends))
    # Predictions from few are very wide: they may take as much room again, and end in arrows where they need more.
    new = [end for group in figure.groups for row in group.rows for end in row.prediction or ()]
    room = high - low
    low, high = max(min([low, *new]), low - room / 2), min(max([high, *new]), high + room / 2)
    margin = min(0.06, 0.05 * (high - low)) or 0.06
    return low - margin, high + margin


def _draw(figure: Forest, groups: Sequence[ForestGroup], limits: tuple[float, float]) -> Canvas:
    inner = sum(_HEAD + _ROW * len(group.rows) for group in groups)
    canvas = Canvas(ink.WIDTH, _TOP + inner + _BOTTOM)
    axes = canvas.axes(_PLOT, _TOP, _PLOT_WIDTH, inner)
    axes.set_xlim(*limits)
    axes.set_ylim(inner, 0)
    axes.set_yticks([])
    axes.set_xlabel(figure.axis, labelpad=7)
    for x, words, side in (
        (_NAMES, figure.names, "left"),
        (_VALUES, figure.value, "left"),
        (_COUNTS, figure.counts, "right"),
    ):
        canvas.text(x, 22, words, ha=side, fontsize=ink.SMALL, color=ink.MUTED)
    left, right = limits
    for value, words, role in figure.lines:
        x = _PLOT + _PLOT_WIDTH * (value - left) / (right - left)
        canvas.text(x, 22, words, ha="center", fontsize=ink.SMALL, color=ink.ROLE_TEXT[role])
    y = 0.0
    for group in groups:
        _draw_group(canvas, axes, figure, group, y, group is groups[-1])
        y += _HEAD + _ROW * len(group.rows)
    return canvas


def _draw_group(canvas: Canvas, axes: "Axes", figure: Forest, group: ForestGroup, y: float, last: bool) -> None:
    top = _TOP + y
    canvas.line((_NAMES, _COUNTS), (top + 6, top + 6), color=ink.FAINT, linewidth=1)
    canvas.text(_NAMES, top + 25, wording.shortened(group.title, _TITLE_LETTERS), fontsize=ink.LARGE, weight="bold")
    ends = y + _HEAD - 2, y + _HEAD + _ROW * len(group.rows) + (1 if last else -1)
    left, right = axes.get_xlim()
    marked = [value for value, _, _ in figure.lines]
    axes.vlines([float(x) for x in axes.get_xticks() if left < x < right and x not in marked], *ends, color=ink.FAINT)
    axes.vlines(marked, *ends, color=ink.INK, linewidth=1.2)
    reference = next((row.estimate for row in group.rows if row.name == group.reference), None)
    if reference is not None and len(group.rows) > 1:
        axes.vlines([reference.value], *ends, color=ink.GREY, linewidth=1.2, linestyle=(0, (1.2, 2.4)))
    for index, row in enumerate(group.rows):
        _draw_row(canvas, axes, row, y + _HEAD + _ROW * (index + 0.5), row.name == group.reference)


def _draw_row(canvas: Canvas, axes: "Axes", row: ForestRow, y: float, is_reference: bool) -> None:
    weight = "bold" if is_reference else "normal"
    canvas.name(_NAMES + 8, _TOP + y, row.name, _PLOT - _NAMES - 20, weight=weight)
    canvas.text(_COUNTS, _TOP + y, row.counts, ha="right", color=ink.MUTED)
    if row.estimate is None:
        canvas.text(_VALUES, _TOP + y, row.missing.partition(":")[0], color=ink.MUTED, style="italic")
        gid = canvas.tip(f"{row.name}: {row.help}")
        words = axes.text(sum(axes.get_xlim()) / 2, y, row.missing, style="italic", gid=gid, **ink.IN_PLACE)
        words.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.5})
        return
    shown = wording.span(row.estimate.value, row.estimate.low, row.estimate.high)
    canvas.text(_VALUES, _TOP + y, shown, weight=weight)
    low, high = row.estimate.ends
    tone = row.tone or ("better" if low > 0 else "worse" if high < 0 else "open")
    colour = {"better": ink.BLUE, "worse": ink.VERMILLION, "open": ink.GREY}[tone]
    if row.prediction is not None:
        _whisker(axes, *row.prediction, y, colour, width=0.7)
    _whisker(axes, low, high, y, colour)
    left, right = axes.get_xlim()
    if left <= row.estimate.value <= right:
        tip = f"{row.name}: {shown}; {row.counts}"
        canvas.mark(axes, row.estimate.value, y, colour, tip, is_reference=is_reference)


def _whisker(axes: "Axes", low: float, high: float, y: float, colour: str, width: float = 2.0) -> None:
    """Draw an interval, cut at the axis' ends, where arrows say that it goes on."""
    left, right = axes.get_xlim()
    plot(axes, [min(max(end, left), right) for end in (low, high)], [y, y], color=colour, linewidth=width)
    # The arrow is drawn at the edge of the axis and may stick out of it, so it is not clipped.
    for beyond, x, marker in ((low < left, left, "<"), (high > right, right, ">")):
        if beyond:
            plot(axes, [x], [y], marker=marker, color=colour, markersize=3 + 2 * width, clip_on=False, linestyle="none")
