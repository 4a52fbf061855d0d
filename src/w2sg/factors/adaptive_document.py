"""The document of a factor study with an adaptive design: what came of the settings that it chose."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from w2sg.core import (
    Cell,
    DataTable,
    Document,
    Estimate,
    Fact,
    Finding,
    Heading,
    Line,
    LinePanel,
    Lines,
    Section,
    wording,
)
from w2sg.factors.contract import level_name
from w2sg.factors.document_parts import factors_table, left_out_reasons, rests_on, study_facts, title_of

if TYPE_CHECKING:
    from w2sg.factors.designs import Adaptive
    from w2sg.factors.results import FactorResults

POINTS_IN_TERMINAL, FACTORS_IN_TERMINAL = 10, 4
"""What a terminal has room for; a page has all."""


def adaptive_document(results: "FactorResults", design: "Adaptive", *, made_by: str = "") -> Document:
    """Return the document of a factor study whose points were chosen by the outcomes so far.

    It shows the response at these points, and no effects: they would be biased.

    Args:
        results: What was found.
        design: The study's design.
        made_by: The command that makes it, to be shown; empty shows none.
    """
    wanted = title_of(results, design.outcome)
    return Document(
        kind="factors",
        heading="Where an outcome is large" if design.seek == "largest" else "Where an outcome is small",
        title=results.study.name,
        lead=(
            f"After {design.begin} points that are spread evenly, settings were chosen by the outcomes so far, toward "
            f"the {design.seek} {wanted[4:]} (Optuna's tree-structured Parzen estimator). An outcome at a point is its "
            "mean over families of tasks. This finds settings that are worth a closer look, and tells no effects: "
            "points at which luck was good drew others to them, so effects that were read from these points would be "
            "biased."
        ),
        facts=(*study_facts(results), Fact("points", len(results.points))),
        findings=tuple(_findings(results, design)),
        sections=(
            Section("search", "How the search went", figures=(_course(results, design),)),
            Section("points", "Response at the chosen points", tables=tuple(_points_tables(results, design))),
            Section("factors", "The factors", tables=(factors_table(results),)),
        ),
        made_by=made_by,
        rests_on=rests_on(results),
        data=results.to_dict(),
    )


def _order(results: "FactorResults", design: "Adaptive") -> list[int]:
    """Return the points at which the outcome is known, the best first, each once."""
    values = results.responses[design.outcome]
    sign = -1 if design.seek == "largest" else 1
    ranked = sorted(np.flatnonzero(~np.isnan(values)).tolist(), key=lambda point: (sign * values[point], point))
    return list({tuple(results.points[point].tolist()): point for point in reversed(ranked)}.values())[::-1]


def _findings(results: "FactorResults", design: "Adaptive") -> Iterator[Finding]:
    values, best = results.responses[design.outcome], _order(results, design)[0]
    levels = ", ".join(f"{name} {level}" for name, level in _levels(results, best).items())
    yield Finding(
        "note",
        f"The {design.seek} {title_of(results, design.outcome)[4:]} of {len(values)} points is "
        f"{wording.signed(float(values[best]))}, at {levels} (point {best + 1}).",
    )
    yield Finding(
        "note",
        "That number is the best of many and looks better than it is: what the settings are worth is shown by runs on "
        "other tasks or seeds, such as 'w2sg optimise' makes.",
    )
    yield from left_out_reasons(results)


def _levels(results: "FactorResults", point: int) -> dict[str, str]:
    places = zip(results.factors, results.points[point].tolist(), strict=True)
    return {factor.name: level_name(factor.at(place)) for factor, place in places}


def _course(results: "FactorResults", design: "Adaptive") -> Lines:
    values = results.responses[design.outcome]
    best = (np.fmax if design.seek == "largest" else np.fmin).accumulate(values)
    lines = [
        Line(name, tuple((place + 1.0, Estimate(float(y))) for place, y in enumerate(of) if not np.isnan(y)))
        for name, of in (("at the point", values), ("best so far", best))
    ]
    panel = LinePanel(x="points tried", y=title_of(results, design.outcome), lines=tuple(lines))
    caption = f"The first {design.begin} points are spread evenly, the others are chosen."
    return Lines("course", "Points in the order in which they were tried", caption, panels=(panel,))


def _points_tables(results: "FactorResults", design: "Adaptive") -> Iterator[DataTable]:
    """Yield all points, and the best of them for a terminal."""
    columns = (
        Heading("point", "point", "in the order in which they were tried", "count", key=True),
        *(
            Heading(f"factor-{place}", factor.name, style="text", terminal=place < FACTORS_IN_TERMINAL)
            for place, factor in enumerate(results.factors)
        ),
        *(
            Heading(
                f"outcome-{one.name}", one.name, "mean over families", "signed", terminal=one.name == design.outcome
            )
            for one in results.outcomes
        ),
    )
    order = _order(results, design)
    rows = [
        (
            Cell(point + 1),
            *map(Cell, _levels(results, point).values()),
            *(Cell(_known(results.responses[one.name][point])) for one in results.outcomes),
        )
        for point in order
    ]
    best, shown = f"The best of {wording.quantity(len(order), 'different point')}", rows[:POINTS_IN_TERMINAL]
    yield DataTable("best", best, "", columns, tuple(shown))
    yield DataTable("points", "All points, the best first", "", columns, tuple(rows), terminal=False)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
