"""Figures drawn: specifications in, SVG out, the same bytes for the same specification."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from w2sg.core import Figure
from w2sg.report.canvas import Canvas, Drawing, drawing_style
from w2sg.report.figures import dots, forest, heat, lines, scatter, specification_curve

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Plot

CANVASES: dict[str, Callable[[Any], list[Canvas]]] = {
    "forest": forest.canvases,
    "dots": dots.canvases,
    "lines": lines.canvases,
    "scatter": scatter.canvases,
    "heat": heat.canvases,
    "specification-curve": specification_curve.canvases,
}
"""What draws each kind of figure: one too large for one drawing is drawn as several."""


def plotted(figure: Figure) -> dict[str, "Plot"]:
    """Return a figure as matplotlib's, by the names of its drawings: for notebooks, and to be changed and saved."""
    with drawing_style(figure.name):
        canvases = CANVASES[figure.kind](figure)
    for canvas in canvases:
        canvas.figure.set_facecolor("white")
    many = len(canvases) > 1
    return {f"{figure.name}-{n}" if many else figure.name: canvas.figure for n, canvas in enumerate(canvases, start=1)}


def draw(figure: Figure) -> list[Drawing]:
    """Return a figure as one drawing, or as several that are numbered in their names and titles."""
    # Both the drawing and the writing as SVG read matplotlib's settings, so both stand inside the house style.
    with drawing_style(figure.name):
        canvases = CANVASES[figure.kind](figure)
        drawings = []
        for number, canvas in enumerate(canvases, start=1):
            many = len(canvases) > 1
            name = f"{figure.name}-{number}" if many else figure.name
            title = f"{figure.title} ({number} of {len(canvases)})" if many else figure.title
            drawings.append(Drawing(name, title, figure.caption, canvas.svg(name, title)))
    return drawings
