"""All figures of a report: results in, SVG out, the same bytes for the same results."""

from collections.abc import Sequence

from w2sg.lab import SetupResult
from w2sg.report.canvas import Drawing as Drawing
from w2sg.report.forest import pgr_forest as pgr_forest
from w2sg.report.panels import accuracy_dots as accuracy_dots
from w2sg.report.panels import shift_figure as shift_figure
from w2sg.report.strengths import accuracy_by_strength as accuracy_by_strength


def figures_of(results: Sequence[SetupResult]) -> list[Drawing]:
    """Return all figures that the results give, in the order in which a report shows them."""
    return [
        *accuracy_by_strength(results),
        *pgr_forest(results),
        *accuracy_dots(results),
        *shift_figure(results),
    ]
