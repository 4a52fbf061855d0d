"""The specification curves of a multiverse: for a claim, what its number comes to in every world."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from w2sg.batteries.multiverse.results import About, AnalystWorld, ClaimReading, Multiverse, StudyClaim, Verdict
from w2sg.core import CurvePoint, CurveRow, Estimate, SpecificationCurve

MOST_CURVES, MOST_POINTS = 24, 200
"""Of drawings, and of analyses in one."""
AS_IT_IS = "as in the study"
EFFECTS: Mapping[About, str] = {
    "over tasks": "Mean difference in accuracy",
    "difference": "Difference in accuracy",
    "pgr": "PGR",
}
"""What is drawn, in this order: over tasks, then methods against the reference, then whether there is any gain."""
TONES: Mapping[Verdict, Literal["better", "worse", "open"]] = {"above": "better", "below": "worse", "open": "open"}


def curves(found: Multiverse) -> Iterator[SpecificationCurve]:
    """Yield the specification curve of each claim that some choice touches, up to `MOST_CURVES` of them."""
    drawn = [claim for about in EFFECTS for claim in found.claims if claim.about == about]
    for number, claim in enumerate([claim for claim in drawn if claim.others][:MOST_CURVES]):
        yield _curve(found, claim, number)


def _curve(found: Multiverse, claim: StudyClaim, number: int) -> SpecificationCurve:
    effects = {0: claim.base, **{world: reading for world, reading in claim.others.items() if reading.effect}}
    options = _rows([found.worlds[world] for world in effects], found)
    rows = tuple(CurveRow(f"{title}: {option or AS_IT_IS}", usual=not option) for title, option in options)
    points = [_point(world, reading, found.worlds, options) for world, reading in effects.items()]
    points.sort(key=lambda point: point.estimate.value)
    cut = ""
    if len(points) > MOST_POINTS:
        step = len(points) / MOST_POINTS
        kept = {int(index * step) for index in range(MOST_POINTS)}
        cut = f" Drawn are {MOST_POINTS} of {len(points)} analyses, evenly from the lowest to the highest."
        points = [point for index, point in enumerate(points) if index in kept or point.is_base]
    what = f"PGR of {claim.method}" if claim.about == "pgr" else f"{claim.method} against {claim.reference}"
    title = f"{claim.place}: {what}" if claim.place else f"{what}, over the tasks"
    return SpecificationCurve(
        name=f"curve-{number + 1}",
        title=title,
        caption=(
            f"{EFFECTS[claim.about]} in each world with its interval, from the lowest to the highest; blue "
            "is shown to be above 0, red below, grey stays open (between methods Holm's p decides). The open diamond "
            f"in the shaded column is the study as it is; dots say what each world has chosen.{cut}"
        ),
        axis=EFFECTS[claim.about],
        rows=rows,
        points=tuple(points),
    )


def _rows(worlds: Sequence[AnalystWorld], found: Multiverse) -> list[tuple[str, str]]:
    """Return the choices that some of these worlds made otherwise, each with its own option (empty) and the others."""
    made = {chosen for world in worlds for chosen in world.chosen}
    return [
        (one.title, option)
        for one in found.choices
        for option in ("", *one.options)
        if (one.title, option) in made or (not option and any(title == one.title for title, _ in made))
    ]


def _point(
    number: int, reading: ClaimReading, worlds: Sequence[AnalystWorld], options: Sequence[tuple[str, str]]
) -> CurvePoint:
    assert reading.effect is not None
    chosen = dict(worlds[number].chosen)
    marks = tuple(row for row, (title, option) in enumerate(options) if chosen.get(title, "") == option)
    estimate = Estimate.of(reading.effect)
    return CurvePoint(worlds[number].title, estimate, TONES[reading.verdict], marks, is_base=number == 0)
