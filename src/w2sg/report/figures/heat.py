"""Heat tables: differences by row and column, coloured by their size, findings marked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from w2sg.core import Heat, HeatCell, wording
from w2sg.report import ink
from w2sg.report.canvas import Canvas, in_chunks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_COLUMNS, MOST_ROWS = 16, 45
_NAMES, _CELL, _FOOT, _RIGHT = 190.0, 22.0, 52.0, 74.0
_WIDEST, _WIDE = 96.0, 48.0
_LETTERS, _SLANT = 22, 5.0
"""Letters of a column heading, and the height of each."""
_KEY_STEPS = 17
_MARKS = {"better": "▲", "worse": "▼", "open": ""}


def canvases(figure: Heat) -> list[Canvas]:
    """Return the figure drawn: several drawings where it has too many rows or columns for one."""
    return [
        _draw(figure, rows, columns)
        for columns in in_chunks(list(range(len(figure.columns))), MOST_COLUMNS)
        for rows in in_chunks(list(range(len(figure.rows))), MOST_ROWS)
    ]


def _draw(figure: Heat, rows: Sequence[int], columns: Sequence[int]) -> Canvas:
    width = min((ink.WIDTH - _NAMES - _RIGHT) / len(columns), _WIDEST)
    height = _CELL * len(rows)
    heads = [wording.shortened(figure.columns[column], _LETTERS) for column in columns]
    top = 18 + _SLANT * max(map(len, heads))
    canvas = Canvas(ink.WIDTH, top + height + _FOOT)
    axes = canvas.axes(_NAMES, top, width * len(columns), height)
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    axes.set_axis_off()
    for x, column in enumerate(columns):
        style = {"rotation": 45, "rotation_mode": "anchor", "va": "bottom", "fontsize": ink.SMALL}
        canvas.text(_NAMES + width * (x + 0.5), top - 6, heads[x], **style)
        for y, row in enumerate(rows):
            _cell(canvas, axes, figure, figure.cells[row][column], (x, y), width)
    for y, row in enumerate(rows):
        canvas.name(_NAMES - 10, top + _CELL * (y + 0.5), figure.rows[row], _NAMES - 22, ha="right")
    _key(canvas, figure, top + height + 26)
    return canvas


def _cell(canvas: Canvas, axes: "Axes", figure: Heat, cell: HeatCell | None, at: tuple[int, int], width: float) -> None:
    from matplotlib.patches import Rectangle

    middle = at[0] + 0.5, at[1] + 0.5
    if cell is None:
        axes.text(*middle, wording.NOTHING, ha="center", va="center", color=ink.GREY, fontsize=ink.SMALL)
        return
    colour, strength = shade(cell.value, figure.limit)
    gid = canvas.tip(cell.help)
    axes.add_patch(Rectangle(at, 1, 1, facecolor=colour, edgecolor="white", linewidth=1.5, gid=gid))
    mark, wide = _MARKS[cell.tone], width >= _WIDE
    words_colour = "white" if strength > 0.72 else ink.INK if mark or strength > 0.3 else ink.MUTED
    words = f"{wording.signed(figure.scale * cell.value, 1)}{' ' if wide and mark else ''}{mark}"
    size, weight = ink.SMALL if wide else ink.TINY - 1, "bold" if mark else "normal"
    axes.text(*middle, words, ha="center", va="center", fontsize=size, color=words_colour, weight=weight)


def shade(value: float, limit: float) -> tuple[str, float]:
    """Return the colour of a difference and how full it is, from 0 to 1."""
    # Mixed with near-white (247), so that zero is a pale grey that differs from the page's white of an empty cell.
    strength = min(abs(value) / limit, 1.0)
    full = ink.BLUE if value > 0 else ink.VERMILLION
    colours = [int(full[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(247 + (part - 247) * strength):02x}" for part in colours), strength


def _key(canvas: Canvas, figure: Heat, y: float) -> None:
    """Draw which colour is which difference."""
    size, middle = 14.0, _KEY_STEPS // 2
    for step in range(_KEY_STEPS):
        x = _NAMES + size * step
        colour, _ = shade((step - middle) / middle * figure.limit, figure.limit)
        canvas.line((x, x + size), (y, y), color=colour, linewidth=12)
    right = _NAMES + size * _KEY_STEPS
    ends = ((_NAMES, -figure.limit, "left"), ((_NAMES + right) / 2, 0.0, "center"), (right, figure.limit, "right"))
    for x, value, side in ends:
        canvas.text(x, y + 17, wording.signed(figure.scale * value, 1), ha=side, fontsize=ink.TINY, color=ink.MUTED)
    canvas.text(right + 14, y, figure.unit, fontsize=ink.SMALL, color=ink.MUTED)
    canvas.line((_NAMES, right), (y - 7, y - 7), color=ink.FAINT, linewidth=0.8)
    canvas.text(_NAMES - 10, y, "difference", ha="right", color=ink.MUTED)
