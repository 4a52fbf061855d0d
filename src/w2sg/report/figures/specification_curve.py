"""The specification curve: the estimate of every analysis, sorted, above a grid of what was chosen in each."""

from typing import TYPE_CHECKING

from w2sg.core import CurvePoint, SpecificationCurve, wording
from w2sg.report import ink
from w2sg.report.canvas import Canvas, plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT, _RIGHT, _TOP, _CURVE, _GAP, _ROW, _BOTTOM = 300.0, 20.0, 16.0, 230.0, 16.0, 18.0, 14.0
_TONES = {"better": ink.BLUE, "worse": ink.VERMILLION, "open": ink.GREY}
_FEW = 60
"""Of more analyses the marks are smaller, so that they do not touch."""
_PAD = 0.06


def canvases(figure: SpecificationCurve) -> list[Canvas]:
    """Return the figure drawn: one drawing, because a curve that is cut is none."""
    grid = _ROW * len(figure.rows)
    canvas = Canvas(ink.WIDTH, _TOP + _CURVE + _GAP + grid + _BOTTOM)
    width = ink.WIDTH - _LEFT - _RIGHT
    curve = canvas.axes(_LEFT, _TOP, width, _CURVE)
    marks = canvas.axes(_LEFT, _TOP + _CURVE + _GAP, width, grid)
    for axes in (curve, marks):
        axes.set_xlim(-0.7, len(figure.points) - 0.3)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
    _curve(canvas, curve, figure)
    _grid(canvas, marks, figure)
    return [canvas]


def _curve(canvas: Canvas, axes: "Axes", figure: SpecificationCurve) -> None:
    ends = [0.0, *(end for point in figure.points for end in point.estimate.ends)]
    pad = _PAD * (max(ends) - min(ends) or 1.0)
    axes.set_ylim(min(ends) - pad, max(ends) + pad)
    axes.grid(axis="y")
    axes.axhline(0, color=ink.INK, linewidth=1.2)
    axes.set_ylabel(figure.axis, labelpad=10)
    for x, point in enumerate(figure.points):
        _point(canvas, axes, x, point, small=len(figure.points) > _FEW)


def _point(canvas: Canvas, axes: "Axes", x: int, point: CurvePoint, *, small: bool) -> None:
    colour, estimate = _TONES[point.tone], point.estimate
    plot(axes, [x, x], estimate.ends, color=colour, linewidth=1.0 if small else 2.0, alpha=0.6 if small else 1.0)
    words = f"{point.name}: {wording.span(estimate.value, estimate.low, estimate.high)}"
    if small and not point.is_base:
        plot(
            axes, [x], [estimate.value], color=colour, linestyle="none", marker="o", markersize=3, gid=canvas.tip(words)
        )
    else:
        canvas.mark(axes, x, estimate.value, colour, words, is_reference=point.is_base)


def _grid(canvas: Canvas, axes: "Axes", figure: SpecificationCurve) -> None:
    axes.set_ylim(len(figure.rows), 0)
    axes.set_yticks([])
    size = 3.0 if len(figure.points) > _FEW else 6.0
    top = _TOP + _CURVE + _GAP
    for number, row in enumerate(figure.rows):
        y = number + 0.5
        # A line above each choice's first row, which is what the base has.
        if row.usual:
            axes.axhline(number, color=ink.FAINT, linewidth=1)
        colour = ink.MUTED if row.usual else ink.INK
        canvas.name(_LEFT - 12, top + _ROW * y, row.name, _LEFT - 24, ha="right", color=colour)
        xs = [float(x) for x, point in enumerate(figure.points) if number in point.marks]
        # One artist for a row: figures of many analyses stay small.
        look = {"color": ink.GREY, "alpha": 0.4} if row.usual else {"color": ink.INK}
        plot(axes, xs, [y] * len(xs), linestyle="none", marker="o", markersize=size, **look)
    for x, point in enumerate(figure.points):
        if point.is_base:
            axes.axvspan(x - 0.5, x + 0.5, color=ink.SKY, alpha=0.18, linewidth=0)
