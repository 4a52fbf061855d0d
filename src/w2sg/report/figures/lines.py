"""Lines over a number, with names at their ends; accuracy over the strength of the student is drawn so."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from w2sg.core import Estimate, Line, LinePanel, Lines, wording
from w2sg.report import ink
from w2sg.report.canvas import Canvas, in_chunks, padded, plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LINES = 6
"""Lines of one drawing beside the ceiling: more cannot be told apart; those that are `everywhere` are in all."""
PALETTE = tuple(zip((ink.BLUE, ink.VERMILLION, ink.GREEN, ink.PURPLE, ink.SKY, ink.GREY), "os^vPX", strict=True))
_LEFT, _TOP, _HEIGHT, _BOTTOM, _TITLE = 74.0, 14.0, 340.0, 56.0, 28.0
_NAMES, _NARROW_NAMES = 230.0, 190.0
_APART, _DODGE = 18.0, 6.0


def canvases(figure: Lines) -> list[Canvas]:
    """Return the figure drawn: several drawings where one panel has more than `MOST_LINES` lines."""
    if len(figure.panels) > 1:
        return [_draw(figure.panels)]
    (panel,) = figure.panels
    always = [line for line in panel.lines if line.everywhere or line.role != "student"]
    rest = [line for line in panel.lines if line not in always]
    # The ceiling is black and takes no colour of the palette, so it does not count.
    room = MOST_LINES - sum(line.everywhere for line in panel.lines)
    return [_draw((replace(panel, lines=(*always, *some)),)) for some in in_chunks(rest, room)]


def _draw(panels: Sequence[LinePanel]) -> Canvas:
    share = ink.WIDTH / len(panels)
    names = _NAMES if len(panels) == 1 else _NARROW_NAMES
    top = _TOP + (_TITLE if any(panel.title for panel in panels) else 0.0)
    canvas = Canvas(ink.WIDTH, top + _HEIGHT + _BOTTOM)
    for index, panel in enumerate(panels):
        left, width = index * share + _LEFT, share - _LEFT - names
        canvas.text(left, _TOP, panel.title, weight="bold")
        axes = canvas.axes(left, top, width, _HEIGHT)
        _prepare(axes, panel)
        ends = [(band.estimate.value, band.name, ink.ROLE[band.role], "") for band in panel.bands]
        for band in panel.bands:
            canvas.band(axes, band, upright=False)
        students = [line for line in panel.lines if line.role == "student"]
        for line in panel.lines:
            place = students.index(line) if line in students else 0
            colour, marker = PALETTE[(place if line.palette is None else line.palette) % len(PALETTE)]
            colour, marker = (colour, marker) if line in students else (ink.BLACK, "d")
            # Intervals at the same x would hide each other, so those of the students stand side by side.
            between = any(estimate.low is not None for _, estimate in line.points) and line in students
            shift = (place - (len(students) - 1) / 2) * _DODGE / width if between else 0.0
            _line(canvas, axes, line, colour, marker, shift)
            ends.append((line.points[-1][1].value, line.name, colour, marker))
        _label_ends(canvas, axes, ends, left + width, top, names)
    return canvas


def _prepare(axes: "Axes", panel: LinePanel) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = panel.y_limits or padded(_every(panel), 0.04)
    axes.set_ylim(low, high)
    xs = [x for line in panel.lines for x, _ in line.points]
    if panel.log_x:
        reach = (max(xs) / min(xs)) ** 0.06
        axes.set_xscale("log")
        axes.set_xlim(min(xs) / reach, max(xs) * reach)
    else:
        pad = 0.06 * (max(xs) - min(xs))
        axes.set_xlim(min(xs) - pad, max(xs) + pad)
    if panel.log_y:
        axes.set_yscale("log")
        axes.set_ylim(low, high)
    for axis, ticks in ((axes.xaxis, panel.x_ticks), (axes.yaxis, panel.y_ticks)):
        if ticks:
            axis.set_major_locator(FixedLocator(ticks))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.grid(axis="both" if panel.y_ticks else "y")
    axes.set_xlabel(panel.x, labelpad=8)
    axes.set_ylabel(panel.y, labelpad=10)


def _every(panel: LinePanel) -> Iterator[Estimate]:
    yield from (estimate for line in panel.lines for _, estimate in line.points)
    yield from (band.estimate for band in panel.bands)


def _line(canvas: Canvas, axes: "Axes", line: Line, colour: str, marker: str, shift: float) -> None:
    """Draw one line, its points moved sideways by a share of the axis."""
    low, high = axes.get_xlim()
    log = axes.get_xscale() == "log"
    xs = [x * (high / low) ** shift if log else x + (high - low) * shift for x, _ in line.points]
    plot(axes, xs, [estimate.value for _, estimate in line.points], color=colour, linewidth=2)
    for (at, estimate), x in zip(line.points, xs, strict=True):
        plot(axes, [x, x], estimate.ends, color=colour, linewidth=1.3, alpha=0.75)
        shown = wording.span(estimate.value, estimate.low, estimate.high)
        gid = canvas.tip(f"{line.name}, {wording.count(at)}: {shown}")
        plot(axes, [x], [estimate.value], marker=marker, color=colour, linestyle="none", gid=gid)


def _label_ends(
    canvas: Canvas, axes: "Axes", ends: Sequence[tuple[float, str, str, str]], end: float, top: float, names: float
) -> None:
    """Write the names right of the lines' ends, moved apart where they would overlap."""
    # Matplotlib counts pixels from below, the canvas from above.
    heights = [canvas.height - float(axes.transData.transform((axes.get_xlim()[1], end[0]))[1]) for end in ends]
    order = sorted(range(len(ends)), key=lambda index: heights[index])
    places = apart([heights[index] for index in order], top, top + _HEIGHT)
    for index, place in zip(order, places, strict=True):
        _, name, colour, marker = ends[index]
        canvas.line((end - 2, end + 18), (heights[index], place), color=ink.MUTED, linewidth=0.7, alpha=0.6)
        canvas.line((end + 20, end + 38), (place, place), color=colour, linewidth=2.2)
        if marker:
            canvas.line((end + 29, end + 29), (place, place), color=colour, marker=marker, markersize=7)
        canvas.name(end + 46, place, name, names - 54, color=ink.INK)


def apart(wanted: Sequence[float], top: float, bottom: float) -> list[float]:
    """Return sorted places at least `_APART` from each other, near the wanted ones.

    Places are pushed down in their order; where the last is then below the bottom, all are pushed up again from there.
    """
    places = list(wanted)
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + _APART)
    if places and places[-1] > bottom:
        places[-1] = bottom
        for index in range(len(places) - 2, -1, -1):
            places[index] = min(places[index], places[index + 1] - _APART)
    return places
