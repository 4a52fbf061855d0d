"""Figures drawn: specifications in, SVG out, the same bytes for the same specification."""

from collections.abc import Callable
from typing import Any

from w2sg.core import Figure
from w2sg.report.canvas import Canvas, Drawing, drawing_style
from w2sg.report.figures import dots, forest, heat, lines, ranks, scatter

PARTS: dict[str, Callable[[Any], list[Callable[[], Canvas]]]] = {
    "forest": forest.parts,
    "dots": dots.parts,
    "lines": lines.parts,
    "scatter": scatter.parts,
    "ranks": ranks.parts,
    "heat": heat.parts,
}
"""For each kind of figure what draws its parts: a figure too large for one drawing has several."""


def draw(figure: Figure) -> list[Drawing]:
    """Return a figure as one drawing, or as several that are numbered in their names and titles."""
    parts = PARTS[figure.kind](figure)
    drawings = []
    for number, part in enumerate(parts, start=1):
        many = len(parts) > 1
        name = f"{figure.name}-{number}" if many else figure.name
        title = f"{figure.title} ({number} of {len(parts)})" if many else figure.title
        with drawing_style(name):
            drawings.append(Drawing(name, title, figure.caption, part().svg(name, title)))
    return drawings
