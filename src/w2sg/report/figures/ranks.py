"""The diagram of average ranks with bars over methods that do not differ (Demsar 2006)."""

from collections.abc import Sequence

from w2sg.core import RankedMethod, Ranks, wording
from w2sg.report import ink
from w2sg.report.canvas import Canvas

_SIDE, _LABELS = 250.0, 16.0
_AXIS, _BAR, _ROW = 72.0, 9.0, 21.0
_COLOURS = {"better": ink.BLUE, "worse": ink.VERMILLION, "open": ink.GREY, None: ink.INK}


def canvases(figure: Ranks) -> list[Canvas]:
    """Return the figure drawn, which is always one drawing."""
    return [_draw(figure)]


def _draw(figure: Ranks) -> Canvas:
    ranks = {method.name: method.rank for method in figure.methods}
    bars = [(min(ranks[name] for name in names), max(ranks[name] for name in names)) for names in figure.cliques]
    levels = levels_of(bars)
    half = (len(ranks) + 1) // 2
    first_row = _AXIS + 26 + _BAR * (max(levels, default=-1) + 1)
    canvas = Canvas(ink.WIDTH, first_row + _ROW * half + 12)
    _axis(canvas, figure)
    for names, (low, high), level in zip(figure.cliques, bars, levels, strict=True):
        y = _AXIS + 16 + _BAR * level
        gid = canvas.tip(f"no significant differences among {wording.listed(list(names))}")
        ends = _x(figure, low) - 4, _x(figure, high) + 4
        canvas.line(ends, (y, y), color=ink.INK, linewidth=4, gid=gid, zorder=3)
    for index, method in enumerate(figure.methods):
        # The better half is named on the left, from the top down, the worse half on the right, from the bottom up:
        # so no line to a name crosses another.
        on_left = index < half
        row = index if on_left else len(ranks) - 1 - index
        _method(canvas, method, _x(figure, method.rank), first_row + _ROW * (row + 0.5), on_left)
    return canvas


def _axis(canvas: Canvas, figure: Ranks) -> None:
    k = len(figure.methods)
    left, right = _x(figure, 1), _x(figure, k)
    canvas.line((left, right), (_AXIS, _AXIS), color=ink.INK, linewidth=1.2)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if (k - 1) / step <= 9)
    for rank in [1, *(rank for rank in range(step, k + 1, step) if rank > 1 + step / 2)]:
        x = _x(figure, rank)
        canvas.line((x, x), (_AXIS - 5, _AXIS), color=ink.INK, linewidth=1.2)
        canvas.text(x, _AXIS - 14, str(rank), ha="center", fontsize=ink.SMALL, color=ink.MUTED)
    canvas.text(left - 14, _AXIS - 14, "best", ha="right", fontsize=ink.SMALL, color=ink.MUTED)
    canvas.text(right + 14, _AXIS - 14, "worst", fontsize=ink.SMALL, color=ink.MUTED)
    apart = figure.critical_difference
    end = left + (right - left) * min(apart / max(k - 1, 1), 1.0)
    for x in (left, end):
        canvas.line((x, x), (24, 32), color=ink.INK, linewidth=1.2)
    canvas.line((left, end), (28, 28), color=ink.INK, linewidth=1.2)
    beyond = ", wider than the axis" if apart > k - 1 else ""
    canvas.text(left, 12, f"CD = {wording.number(apart, 2)}{beyond}", fontsize=ink.SMALL)


def _method(canvas: Canvas, method: RankedMethod, x: float, y: float, on_left: bool) -> None:
    colour = _COLOURS[method.tone]
    side, away, end = ("right", -1, _SIDE - 8) if on_left else ("left", 1, ink.WIDTH - _SIDE + 8)
    canvas.line((x, x), (_AXIS, y), color=colour, linewidth=1.1)
    canvas.line((x, end), (y, y), color=colour, linewidth=1.1)
    rank = wording.number(method.rank, 2)
    gid = canvas.tip(f"{method.name}: average rank {rank}")
    canvas.line((x, x), (_AXIS, _AXIS), color=colour, marker="o", markersize=6, gid=gid, zorder=4)
    canvas.text(end + 6 * away, y, rank, ha=side, color=ink.MUTED, fontsize=ink.SMALL)
    words_colour = ink.INK if colour == ink.GREY else colour
    weight = "normal" if method.tone else "bold"
    canvas.name(end + 46 * away, y, method.name, _SIDE - _LABELS - 62, ha=side, weight=weight, color=words_colour)


def _x(figure: Ranks, rank: float) -> float:
    return _SIDE + 20 + (ink.WIDTH - 2 * _SIDE - 40) * (rank - 1) / max(len(figure.methods) - 1, 1)


def levels_of(bars: Sequence[tuple[float, float]]) -> list[int]:
    """Return for each bar the first level on which it touches no other."""
    taken: list[list[tuple[float, float]]] = []
    levels = []
    for low, high in bars:
        # Bars of overlapping groups are put on different levels, or two groups would look like one.
        level = next((i for i, row in enumerate(taken) if all(high < a or low > b for a, b in row)), len(taken))
        if level == len(taken):
            taken.append([])
        taken[level].append((low, high))
        levels.append(level)
    return levels
