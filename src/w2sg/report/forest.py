"""The forest plot: the PGR of every method with its interval, group by group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from w2sg.lab import SetupResult
from w2sg.report import formatting as fmt
from w2sg.report.canvas import (
    BLUE,
    CEILING_TEXT,
    FAINT,
    GREY,
    INK,
    LARGE,
    MUTED,
    NORMAL,
    SMALL,
    VERMILLION,
    WEAK_TEXT,
    WIDTH,
    Canvas,
    Drawing,
    drawn,
    in_chunks,
)
from w2sg.report.grouping import Group, groups_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 40
LOWEST, HIGHEST = -1.5, 2.0
"""Intervals that pass these are drawn with an arrow: a few long ones would flatten all others."""

_ROW, _HEAD, _TOP, _BOTTOM = 23.0, 40.0, 34.0, 46.0
_NAMES, _PLOT, _PLOT_WIDTH = 16.0, 240.0, 388.0
_VALUES, _COUNTS = 646.0, 888.0
_TITLE_LETTERS = 110
_CAPTION = (
    "Points: performance gap recovered (PGR); lines: {level} intervals (Fieller, clustered by seed and example). "
    "0 is the weak supervisor, 1 the ceiling; values are never clipped, and an arrow marks what lies beyond the axis. "
    "Blue: the whole interval is above 0; red: below 0; grey: it contains 0. The open diamond is the reference method "
    "of its group, the dotted line continues its estimate. Overlapping intervals do not show that two methods are "
    "equal: the paired comparisons are in their own table."
)


@dataclass(frozen=True, eq=False)
class _Block:
    """A group, or a part of a large one, as rows."""

    group: Group
    title: str
    rows: list[tuple[str, SetupResult]]


def pgr_forest(results: Sequence[SetupResult]) -> list[Drawing]:
    """Return forest plots of the PGR by method, grouped by task, supervisor and student.

    Within a group the highest estimate comes first; where no PGR is reported the row says so. A study with more than
    `MOST_ROWS` rows gets several figures.

    Args:
        results: The setups' results.
    """
    figures: list[list[_Block]] = []
    for block in [block for group in groups_of(results) for block in _blocks(group)]:
        if figures and sum(len(b.rows) + 2 for b in [*figures[-1], block]) <= MOST_ROWS + 4:
            figures[-1].append(block)
        else:
            figures.append([block])
    many = len(figures) > 1
    limits = _limits(results)
    drawings = []
    for index, blocks in enumerate(figures, start=1):
        title = "PGR by method" + (f" ({index} of {len(figures)})" if many else "")
        caption = _CAPTION.format(level=f"{100 * results[0].pgr.level:g} %")
        drawings.append(drawn(f"pgr-{index}", title, caption, lambda b=blocks: _draw(b, limits)))  # type: ignore[misc]
    return drawings


def _blocks(group: Group) -> list[_Block]:
    def rank(row: tuple[str, SetupResult]) -> tuple[bool, float]:
        estimate = row[1].pgr.estimate
        return estimate is None, -(estimate or 0.0)

    chunks = in_chunks(sorted(group.results.items(), key=rank), MOST_ROWS)
    parts = [f" ({index} of {len(chunks)})" if len(chunks) > 1 else "" for index in range(1, len(chunks) + 1)]
    return [_Block(group, group.title + part, chunk) for part, chunk in zip(parts, chunks, strict=True)]


def _limits(results: Sequence[SetupResult]) -> tuple[float, float]:
    lows = [result.pgr.low for result in results if result.pgr.low is not None]
    highs = [result.pgr.high for result in results if result.pgr.high is not None]
    return max(LOWEST, min([*lows, 0.0])) - 0.06, min(HIGHEST, max([*highs, 1.0])) + 0.06


def _draw(blocks: list[_Block], limits: tuple[float, float]) -> Canvas:
    inner = sum(_HEAD + _ROW * len(block.rows) for block in blocks)
    canvas = Canvas(WIDTH, _TOP + inner + _BOTTOM)
    axes = canvas.axes(_PLOT, _TOP, _PLOT_WIDTH, inner)
    axes.set_xlim(*limits)
    axes.set_ylim(inner, 0)
    axes.set_yticks([])
    axes.set_xlabel("performance gap recovered (PGR)", labelpad=7)
    _headings(canvas, axes, blocks)
    y = 0.0
    for block in blocks:
        _draw_block(canvas, axes, block, y, block is blocks[-1])
        y += _HEAD + _ROW * len(block.rows)
    return canvas


def _headings(canvas: Canvas, axes: "Axes", blocks: list[_Block]) -> None:
    level = f"{100 * blocks[0].group.first.pgr.level:g} %"
    small = {"fontsize": SMALL, "color": MUTED}
    canvas.text(_NAMES, 22, "method", **small)
    canvas.text(_VALUES, 22, f"PGR [{level} interval]", **small)
    canvas.text(_COUNTS, 22, "seeds × test", ha="right", **small)
    for x, words, colour in ((0, "weak supervisor", WEAK_TEXT), (1, "ceiling", CEILING_TEXT)):
        axes.annotate(
            words,
            (x, 1),
            (0, 12),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=SMALL,
            color=colour,
        )


def _draw_block(canvas: Canvas, axes: "Axes", block: _Block, y: float, last: bool) -> None:
    top = _TOP + y
    canvas.line((_NAMES, _COUNTS), (top + 6, top + 6), color=FAINT, linewidth=1)
    canvas.text(_NAMES, top + 25, fmt.shortened(block.title, _TITLE_LETTERS), fontsize=LARGE, weight="bold")
    ends = y + _HEAD - 2, y + _HEAD + _ROW * len(block.rows) + (1 if last else -1)
    left, right = axes.get_xlim()
    ticks = [float(x) for x in axes.get_xticks() if left < x < right and x not in (0, 1)]
    axes.vlines(ticks, *ends, color=FAINT, linewidth=1)
    axes.vlines([0, 1], *ends, color=INK, linewidth=1.2)
    reference = block.group.first.pgr.estimate
    if reference is not None and len(block.rows) > 1:
        axes.vlines([reference], *ends, color=GREY, linewidth=1.2, linestyle=(0, (1.2, 2.4)))
    for index, (name, result) in enumerate(block.rows):
        _draw_row(canvas, axes, name, result, y + _HEAD + _ROW * (index + 0.5), name == block.group.reference)


def _draw_row(canvas: Canvas, axes: "Axes", name: str, result: SetupResult, y: float, reference: bool) -> None:
    found = result.pgr
    weight = "bold" if reference else "normal"
    canvas.name(_NAMES + 8, _TOP + y, name, _PLOT - _NAMES - 20, weight=weight)
    counts = f"{found.n_seeds} × {fmt.count(found.n_test)}"
    canvas.text(_COUNTS, _TOP + y, counts, ha="right", color=MUTED, fontsize=NORMAL)
    if found.estimate is None or found.low is None or found.high is None:
        why = "too small" if found.gap.low < found.minimum_gap else "too uncertain"
        words = f"no PGR: gap {why}, {fmt.interval(found.gap)}"
        canvas.text(_VALUES, _TOP + y, "no PGR", color=MUTED, style="italic")
        gid = canvas.tip(f"{name}: {found.reason}")
        x = sum(axes.get_xlim()) / 2
        axes.text(x, y, words, color=MUTED, ha="center", va="center", fontsize=SMALL, style="italic", gid=gid).set_bbox(
            {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        )
        return
    colour = BLUE if found.low > 0 else VERMILLION if found.high < 0 else GREY
    canvas.text(_VALUES, _TOP + y, fmt.interval(found), weight=weight)
    _whisker(axes, found.low, found.high, y, colour)
    left, right = axes.get_xlim()
    if left <= found.estimate <= right:
        gid = canvas.tip(f"{name}: PGR {fmt.interval(found)}; {counts} test examples")
        marker, face = ("D", "white") if reference else ("o", colour)
        size = 6.5 if reference else 7.5
        axes.plot(
            [found.estimate],
            [y],
            marker=marker,
            markersize=size,
            markerfacecolor=face,
            markeredgecolor=colour,
            markeredgewidth=1.8,
            linestyle="none",
            gid=gid,
        )


def _whisker(axes: "Axes", low: float, high: float, y: float, colour: str) -> None:
    left, right = axes.get_xlim()
    shown = [min(max(low, left), right), min(max(high, left), right)]
    axes.plot(shown, [y, y], color=colour, linewidth=2)
    for beyond, x, marker in ((low < left, left, "<"), (high > right, right, ">")):
        if beyond:
            axes.plot([x], [y], marker=marker, color=colour, markersize=7, clip_on=False, linestyle="none")
