"""Scatter plots: one large panel, or many small ones; each group of points is one path, so that figures stay small."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from w2sg.core import Look, PointGroup, Scatter, ScatterPanel
from w2sg.report import ink
from w2sg.report.canvas import Canvas, in_chunks, plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Stroke = tuple[tuple[float, float], ...]
_DOT: Stroke = ((0.0, 0.0),)
_SQUARE: Stroke = ((-1.4, 0.0), (1.4, 0.0))
_CROSS: tuple[Stroke, Stroke] = (((-1.7, -1.7), (1.7, 1.7)), ((-1.7, 1.7), (1.7, -1.7)))
LOOKS: Mapping[Look, tuple[str, float, Sequence[Stroke]]] = {
    "blue dot": (ink.BLUE, 3.4, (_DOT,)),
    "grey square": (ink.GREY, 2.8, (_SQUARE,)),
    "green square": (ink.GREEN, 2.8, (_SQUARE,)),
    "red cross": (ink.VERMILLION, 1.0, _CROSS),
    "purple bar": (ink.PURPLE, 1.2, (((0.0, -2.0), (0.0, 2.0)),)),
}
"""Colour, width and strokes in pixels of each mark; a stroke of one point is a round dot."""
_DASHED, _DOTTED = (0, (5, 3)), (0, (1, 2))
CURVES: dict[str, tuple[str, float, Any]] = {
    "solid": (ink.INK, 1.6, "-"),
    "dashed": (ink.INK, 1.4, _DASHED),
    "dotted": (ink.MUTED, 1.0, _DOTTED),
}

MOST_PANELS, COLUMNS = 16, 4
_LEFT, _GAP, _SIDE, _HEAD, _FOOT, _KEY = 62.0, 50.0, 168.0, 50.0, 42.0, 36.0
_LARGE, _LARGE_FOOT = 380.0, 56.0
_BOLD = 0.62
"""The mean width of a bold letter, as a share of the size."""


def canvases(figure: Scatter) -> list[Canvas]:
    """Return the figure drawn: several drawings where it has more than `MOST_PANELS` panels."""
    if len(figure.panels) == 1:
        return [_draw_one(figure)]
    return [_draw_many(figure, panels) for panels in in_chunks(list(figure.panels), MOST_PANELS)]


def _draw_one(figure: Scatter) -> Canvas:
    (panel,) = figure.panels
    canvas = Canvas(ink.WIDTH, _KEY + 8 + _LARGE + _LARGE_FOOT)
    left = (ink.WIDTH - 1.5 * _LARGE) / 2
    _key(canvas, figure.groups, left, 18)
    axes = canvas.axes(left, _KEY + 8, 1.5 * _LARGE, _LARGE)
    _panel(axes, figure, panel, 1.3)
    axes.set_xlabel(panel.x, labelpad=6)
    axes.set_ylabel(panel.y, labelpad=6)
    return canvas


def _draw_many(figure: Scatter, panels: Sequence[ScatterPanel]) -> Canvas:
    from matplotlib.ticker import MaxNLocator

    across = min(COLUMNS, len(panels))
    block = _HEAD + _SIDE + _FOOT
    canvas = Canvas(ink.WIDTH, -(-len(panels) // across) * block + _KEY)
    _key(canvas, figure.groups, _LEFT, 16)
    for index, panel in enumerate(panels):
        row, column = divmod(index, across)
        left, top = _LEFT + column * (_SIDE + _GAP), _KEY + row * block + _HEAD
        size = min(ink.NORMAL, (_SIDE + 10) / (_BOLD * max(len(panel.title), 1)))
        canvas.text(left, top - 34, panel.title, weight="bold", fontsize=size)
        canvas.text(left, top - 16, panel.note, fontsize=ink.TINY, color=ink.MUTED)
        axes = canvas.axes(left, top, _SIDE, _SIDE)
        _panel(axes, figure, panel, 1.0)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
        axes.tick_params(labelsize=ink.TINY, length=3)
        axes.set_xlabel(panel.x, fontsize=ink.TINY, labelpad=3)
        if column == 0:
            axes.set_ylabel(panel.y, fontsize=ink.TINY, labelpad=3)
    return canvas


def _panel(axes: "Axes", figure: Scatter, panel: ScatterPanel, size: float) -> None:
    axes.set_xlim(*panel.x_limits)
    axes.set_ylim(*panel.y_limits)
    axes.grid(True, linewidth=0.8)
    axes.spines["left"].set_visible(True)
    for look, curve in panel.curves:
        colour, width, style = CURVES[look]
        plot(axes, [x for x, _ in curve], [y for _, y in curve], color=colour, linewidth=width, linestyle=style)
    for group in figure.groups:
        points(axes, panel.points.get(group.name, ()), group.look, size)


def points(axes: "Axes", at: Sequence[tuple[float, float]], look: Look, size: float = 1.0) -> None:
    """Draw points with one mark; limits of the axes have to be set before, and points beyond stand on the edge.

    All points are one path of short strokes: thousands of markers would each be an element of the SVG.
    """
    import numpy as np
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if not len(at):
        return
    box = axes.get_window_extent()
    low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
    scale = size * (high - low) / np.array([box.width, box.height])
    # A point that is left out would make a bad prediction invisible, so it is moved to the edge of the panel.
    middles = np.clip(np.asarray(at, dtype=float), low, high)
    colour, width, strokes = LOOKS[look]
    ends = [middles[:, None] + scale * np.array(stroke if len(stroke) > 1 else stroke * 2) for stroke in strokes]
    vertices = np.concatenate([part.reshape(-1, 2) for part in ends])
    path = Path(vertices, [Path.MOVETO, Path.LINETO] * (len(vertices) // 2))
    # Matplotlib would drop points that seem to lie on one line, and every stroke here is a point.
    path.should_simplify = False
    cap = "round" if len(strokes[0]) == 1 else "butt"
    style = {"edgecolor": colour, "linewidth": size * width, "capstyle": cap, "alpha": 0.75, "clip_on": False}
    axes.add_patch(PathPatch(path, fill=False, **style))


def _key(canvas: Canvas, groups: Sequence[PointGroup], left: float, y: float) -> None:
    """Write which mark is which group, side by side."""
    axes = canvas.axes(left, y - 8, ink.WIDTH - left, 16)
    axes.set_axis_off()
    axes.set_xlim(0, ink.WIDTH - left)
    axes.set_ylim(0, 16)
    x = 6.0
    for group in groups:
        points(axes, [(x, 8.0)], group.look)
        axes.text(x + 9, 8, group.label, va="center", fontsize=ink.SMALL, color=ink.MUTED)
        x += 34 + 6.4 * len(group.label)
