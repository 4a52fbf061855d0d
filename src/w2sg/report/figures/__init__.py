"""Figures drawn: specifications in, SVG out, the same bytes for the same specification."""

from collections.abc import Callable
from typing import Any

from w2sg.core import Figure
from w2sg.report.canvas import Canvas, Drawing, drawing_style
from w2sg.report.figures import dots, forest, heat, lines, scatter, specification_curve

CANVASES: dict[str, Callable[[Any], list[Canvas]]] = {
    "forest": forest.canvases,
    "dots": dots.canvases,
    "lines": lines.canvases,
    "scatter": scatter.canvases,
    "heat": heat.canvases,
    "specification-curve": specification_curve.canvases,
}
"""What draws each kind of figure: one too large for one drawing is drawn as several."""


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
