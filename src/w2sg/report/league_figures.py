"""Figures of a league: the critical-difference diagram, and the differences to the reference, method by arena."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from w2sg.lab import Arena, Entrant, League
from w2sg.report import formatting as fmt
from w2sg.report.canvas import (
    BLUE,
    FAINT,
    GREY,
    INK,
    MUTED,
    NORMAL,
    SMALL,
    TINY,
    VERMILLION,
    WIDTH,
    Canvas,
    Drawing,
    drawn,
    in_chunks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_COLUMNS, MOST_ROWS = 16, 45
SHARE_IN_RANGE = 0.95
"""Colours are spread over this share of the differences, so that a few large ones do not pale all others."""

_SIDE, _LABELS = 250.0, 16.0
_AXIS, _BAR, _ROW = 72.0, 9.0, 21.0
_NAMES, _CELL, _FOOT, _RIGHT = 190.0, 22.0, 52.0, 74.0
_LETTERS, _SLANT = 22, 5.0
"""Letters of a column heading, and the height of each."""
_KEY_STEPS = 17

_RANKS = (
    "Average rank by student accuracy over {tasks}; 1 is the best possible. Methods joined by a bar do not differ "
    "significantly: their ranks lie less than the critical difference (CD, {level} over all pairs, Nemenyi) apart. "
    "{reference} is set in bold; blue methods rank significantly better than it, red ones significantly worse, grey "
    "ones do not differ from it. {friedman} (Demsar 2006.)"
)
_DIFFERENCES = (
    "Accuracy minus that of {reference} in percentage points, on the same seeds and test examples. Bold with a "
    "triangle: significant after Holm's correction within the column (p < {alpha}); blue is better, red is worse. "
    "Colours are full at {limit} points and beyond; a dash marks a method that the student cannot do or that was not "
    "run."
)


def league_figures(league: League) -> list[Drawing]:
    """Return the figures of a league; no diagram of ranks where one task or one method leaves nothing to test."""
    ranks = [] if league.ranking.critical_difference is None else [_ranks(league)]
    return [*ranks, *_differences(league)]


def friedman_sentence(league: League) -> str:
    """Return what Friedman's test says, or why there is none, as a sentence."""
    found = league.ranking.friedman
    if found is None:
        return f"No test of the ranks: {league.ranking.reason}."
    k, n = found.n_methods, found.n_tasks
    text = (
        f"Friedman's test that all {k} methods rank alike over {fmt.quantity(n, 'task')}: "
        f"χ²({k - 1}) = {fmt.number(found.chi_square, 2)}, {fmt.p_statement(found.chi_square_p)}; "
        f"Iman and Davenport's F({k - 1}, {(k - 1) * (n - 1)}) = {_statistic(found.f)}, {fmt.p_statement(found.f_p)}"
    )
    return f"{text}. For so few tasks or methods these are rough." if found.note else f"{text}."


def _statistic(value: float) -> str:
    return "∞" if value == float("inf") else fmt.number(value, 2)


def _ranks(league: League) -> Drawing:
    caption = _RANKS.format(
        tasks=fmt.quantity(league.ranking.n_tasks, "task"),
        level=f"{100 * league.level:g} %",
        reference=league.reference,
        friedman=friedman_sentence(league),
    )
    return drawn("critical-difference", "Average ranks of the methods", caption, lambda: _draw_ranks(league))


def _draw_ranks(league: League) -> Canvas:
    ranking = league.ranking
    levels = _levels([_ends(league, group) for group in ranking.cliques])
    half = (len(ranking.methods) + 1) // 2
    first_row = _AXIS + 26 + _BAR * (max(levels, default=-1) + 1)
    canvas = Canvas(WIDTH, first_row + _ROW * half + 12)
    _axis(canvas, league)
    for group, level in zip(ranking.cliques, levels, strict=True):
        left, right = (_x(league, rank) for rank in _ends(league, group))
        y = _AXIS + 16 + _BAR * level
        names = fmt.listed(list(group))
        gid = canvas.tip(f"no significant differences among {names}")
        canvas.line((left - 4, right + 4), (y, y), color=INK, linewidth=4, gid=gid, zorder=3)
    for index, method in enumerate(ranking.methods):
        on_left = index < half
        row = index if on_left else len(ranking.methods) - 1 - index
        _method(canvas, league, method, ranking.ranks[index], first_row + _ROW * (row + 0.5), on_left)
    return canvas


def _axis(canvas: Canvas, league: League) -> None:
    k = len(league.ranking.methods)
    left, right = _x(league, 1), _x(league, k)
    canvas.line((left, right), (_AXIS, _AXIS), color=INK, linewidth=1.2)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if (k - 1) / step <= 9)
    ticks = [1, *(rank for rank in range(step, k + 1, step) if rank > 1 + step / 2)]
    for rank in ticks:
        x = _x(league, rank)
        canvas.line((x, x), (_AXIS - 5, _AXIS), color=INK, linewidth=1.2)
        canvas.text(x, _AXIS - 14, str(rank), ha="center", fontsize=SMALL, color=MUTED)
    canvas.text(left - 14, _AXIS - 14, "best", ha="right", fontsize=SMALL, color=MUTED)
    canvas.text(right + 14, _AXIS - 14, "worst", fontsize=SMALL, color=MUTED)
    apart = league.ranking.critical_difference or 0.0
    end = left + (right - left) * min(apart / max(k - 1, 1), 1.0)
    for x in (left, end):
        canvas.line((x, x), (24, 32), color=INK, linewidth=1.2)
    canvas.line((left, end), (28, 28), color=INK, linewidth=1.2)
    beyond = ", wider than the axis" if apart > k - 1 else ""
    canvas.text(left, 12, f"CD = {fmt.number(apart, 2)}{beyond}", fontsize=SMALL)


def _method(canvas: Canvas, league: League, method: str, rank: float, y: float, on_left: bool) -> None:
    x, colour = _x(league, rank), _colour(league, method, rank)
    weight = "bold" if method == league.reference else "normal"
    end = _SIDE - 8 if on_left else WIDTH - _SIDE + 8
    canvas.line((x, x), (_AXIS, y), color=colour, linewidth=1.1)
    canvas.line((x, end), (y, y), color=colour, linewidth=1.1)
    gid = canvas.tip(f"{method}: average rank {fmt.number(rank, 2)}")
    canvas.line((x, x), (_AXIS, _AXIS), color=colour, marker="o", markersize=6, gid=gid, zorder=4)
    room = _SIDE - _LABELS - 62
    if on_left:
        canvas.text(end - 6, y, fmt.number(rank, 2), ha="right", color=MUTED, fontsize=SMALL)
        canvas.name(end - 46, y, method, room, ha="right", weight=weight, color=_ink(colour))
    else:
        canvas.text(end + 6, y, fmt.number(rank, 2), color=MUTED, fontsize=SMALL)
        canvas.name(end + 46, y, method, room, weight=weight, color=_ink(colour))


def _colour(league: League, method: str, rank: float) -> str:
    ranks = dict(zip(league.ranking.methods, league.ranking.ranks, strict=True))
    if method == league.reference:
        return INK
    apart, own = league.ranking.critical_difference or 0.0, ranks.get(league.reference)
    if own is None or abs(rank - own) < apart:
        return GREY
    return BLUE if rank < own else VERMILLION


def _ink(colour: str) -> str:
    return INK if colour == GREY else colour


def _x(league: League, rank: float) -> float:
    return _SIDE + 20 + (WIDTH - 2 * _SIDE - 40) * (rank - 1) / max(len(league.ranking.methods) - 1, 1)


def _ends(league: League, group: Sequence[str]) -> tuple[float, float]:
    ranks = dict(zip(league.ranking.methods, league.ranking.ranks, strict=True))
    return min(ranks[name] for name in group), max(ranks[name] for name in group)


def _levels(bars: Sequence[tuple[float, float]]) -> list[int]:
    """Return for each bar the first level on which it touches no other."""
    taken: list[list[tuple[float, float]]] = []
    found = []
    for low, high in bars:
        level = next((i for i, row in enumerate(taken) if all(high < a or low > b for a, b in row)), len(taken))
        if level == len(taken):
            taken.append([])
        taken[level].append((low, high))
        found.append(level)
    return found


def _differences(league: League) -> list[Drawing]:
    methods = [one.method for one in league.standings if one.method != league.reference]
    limit = _limit(league)
    caption = _DIFFERENCES.format(
        reference=league.reference, alpha=f"{league.alpha:g}"[1:], limit=f"±{fmt.number(100 * limit, 1)}"
    )
    chunks = [
        (rows, columns)
        for columns in in_chunks(list(league.arenas), MOST_COLUMNS)
        for rows in in_chunks(methods, MOST_ROWS)
    ]
    drawings = []
    for index, (rows, columns) in enumerate(chunks, start=1):
        part = f" ({index} of {len(chunks)})" if len(chunks) > 1 else ""
        title = f"Difference to {league.reference} by method and task{part}"
        draw = lambda r=rows, c=columns: _draw_differences(r, c, limit)  # noqa: E731
        drawings.append(drawn(f"differences-{index}", title, caption, draw))
    return drawings


def _limit(league: League) -> float:
    import numpy as np

    every = [abs(one.difference.estimate) for arena in league.arenas for one in arena.entrants if one.difference]
    return max(float(np.quantile(every, SHARE_IN_RANGE)), 0.001)


def _draw_differences(methods: Sequence[str], arenas: Sequence[Arena], limit: float) -> Canvas:
    width = min((WIDTH - _NAMES - _RIGHT) / len(arenas), 96.0)
    height = _CELL * len(methods)
    heads = [fmt.shortened(arena.place, _LETTERS) for arena in arenas]
    top = 18 + _SLANT * max(map(len, heads))
    canvas = Canvas(WIDTH, top + height + _FOOT)
    axes = canvas.axes(_NAMES, top, width * len(arenas), height)
    axes.set_xlim(0, len(arenas))
    axes.set_ylim(len(methods), 0)
    axes.set_axis_off()
    for column, arena in enumerate(arenas):
        x = _NAMES + width * (column + 0.5)
        style = {"rotation": 45, "rotation_mode": "anchor", "va": "bottom", "fontsize": SMALL}
        canvas.text(x, top - 6, heads[column], **style)
        for row, method in enumerate(methods):
            _cell(canvas, axes, arena, method, (column, row), limit, width)
    for row, method in enumerate(methods):
        canvas.name(_NAMES - 10, top + _CELL * (row + 0.5), method, _NAMES - 22, ha="right")
    _key(canvas, top + height + 26, limit)
    return canvas


def _cell(
    canvas: Canvas, axes: "Axes", arena: Arena, method: str, at: tuple[int, int], limit: float, width: float
) -> None:
    from matplotlib.patches import Rectangle

    found = arena.entrant(method)
    middle = at[0] + 0.5, at[1] + 0.5
    if found is None or found.difference is None:
        axes.text(*middle, fmt.NOTHING, ha="center", va="center", color=GREY, fontsize=SMALL)
        return
    colour, strength = _shade(found.difference.estimate, limit)
    gid = canvas.tip(_words(found, arena))
    axes.add_patch(Rectangle(at, 1, 1, facecolor=colour, edgecolor="white", linewidth=1.5, gid=gid))
    text = fmt.signed(100 * found.difference.estimate, 1)
    mark = {"beats": "▲", "hurts": "▼"}.get(found.verdict, "")
    ink = "white" if strength > 0.72 else INK if mark or strength > 0.3 else MUTED
    size = SMALL if width >= 48 else TINY - 1
    words = f"{text} {mark}".rstrip() if width >= 48 else f"{text}{mark}"
    weight = "bold" if mark else "normal"
    axes.text(*middle, words, ha="center", va="center", fontsize=size, color=ink, weight=weight)


def _words(found: Entrant, arena: Arena) -> str:
    p = "" if found.p_adjusted is None else f", {fmt.p_statement(found.p_adjusted, 'Holm p')}"
    return f"{found.method}, {arena.place}: {fmt.difference(found.difference)}{p}"


def _shade(value: float, limit: float) -> tuple[str, float]:
    """Return the colour of a difference and how full it is, from 0 to 1."""
    strength = min(abs(value) / limit, 1.0)
    full = BLUE if value > 0 else VERMILLION
    parts = [int(full[i : i + 2], 16) for i in (1, 3, 5)]
    mixed = [round(247 + (part - 247) * strength) for part in parts]
    return "#" + "".join(f"{part:02x}" for part in mixed), strength


def _key(canvas: Canvas, y: float, limit: float) -> None:
    """Draw which colour is which difference."""
    size, middle = 14.0, _KEY_STEPS // 2
    for step in range(_KEY_STEPS):
        x = _NAMES + size * step
        colour, _ = _shade((step - middle) / middle * limit, limit)
        canvas.line((x, x + size), (y, y), color=colour, linewidth=12)
    right = _NAMES + size * _KEY_STEPS
    ends = ((_NAMES, -limit, "left"), ((_NAMES + right) / 2, 0.0, "center"), (right, limit, "right"))
    for x, value, side in ends:
        canvas.text(x, y + 17, fmt.signed(100 * value, 1), ha=side, fontsize=TINY, color=MUTED)
    canvas.text(right + 14, y, "percentage points", fontsize=SMALL, color=MUTED)
    canvas.line((_NAMES, right), (y - 7, y - 7), color=FAINT, linewidth=0.8)
    canvas.text(_NAMES - 10, y, "difference", ha="right", fontsize=NORMAL, color=MUTED)
