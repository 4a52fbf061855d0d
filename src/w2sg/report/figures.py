"""All figures of a report: results in, SVG out, the same bytes for the same results."""

from collections.abc import Sequence

from w2sg.lab import SetupResult
from w2sg.report.canvas import Drawing as Drawing
from w2sg.report.forest import pgr_forest as pgr_forest
from w2sg.report.panels import accuracy_dots as accuracy_dots
from w2sg.report.panels import shift_figure as shift_figure
from w2sg.report.strengths import accuracy_by_strength as accuracy_by_strength


def figures_of(results: Sequence[SetupResult]) -> dict[str, list[Drawing]]:
    """Return all figures that the results give: section -> drawings, in the order in which a report shows them."""
    sections = {
        "Accuracy by student strength": accuracy_by_strength(results),
        "Performance gap recovered": pgr_forest(results),
        "Accuracy by method": accuracy_dots(results),
        "Accuracy by test set": shift_figure(results),
    }
    return {title: drawings for title, drawings in sections.items() if drawings}
