"""The agenda's figures: credences over experiments, the evidence on each claim, and the calibration of forecasts."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from w2sg.agenda.belief import DECIDED
from w2sg.agenda.evidence import Knowledge
from w2sg.agenda.scoring import LEVELS
from w2sg.core import Estimate, Forest, ForestGroup, ForestRow, Line, LinePanel, Lines

if TYPE_CHECKING:
    from w2sg.agenda.scoring import ForecastScores


def credence_figures(known: Knowledge) -> Iterator[Lines]:
    """Yield for each pillar the credences of its claims after each experiment, as far as one moved them."""
    points = _credences_over_time(known)
    for pillar in known.agenda.pillars:
        names = [
            name for name, claim in known.agenda.claims.items() if claim.pillar == pillar and len(points[name]) > 2
        ]
        lines = tuple(Line(name, tuple((x, Estimate(y)) for x, y in points[name])) for name in names)
        if lines:
            panel = LinePanel("experiments", "credence", lines, y_limits=(0.0, 1.0))
            caption = "Every point is an experiment that moved the claim or one that it presupposes."
            yield Lines(f"credences-{pillar}", f"Credences: {pillar}", caption, (panel,))


def _credences_over_time(known: Knowledge) -> dict[str, list[tuple[float, float]]]:
    """Return the credence of every claim before the first experiment, after each that moved it, and now."""
    agenda = known.agenda
    before = Knowledge(agenda, ())
    own = {name: before.own_credence(name) for name in agenda.claims}
    below = {name: agenda.below(name) for name in agenda.claims}

    def held(name: str) -> float:
        return min([own[name], *(own[inner] for inner in below[name])])

    points = {name: [(0.0, held(name))] for name in agenda.claims}
    for number, one in enumerate(known.measurements, start=1):
        own[one.claim] = Knowledge(
            agenda, [each for each in known.measurements[:number] if each.claim == one.claim]
        ).own_credence(one.claim)
        for name in agenda.claims:
            if one.claim == name or one.claim in below[name]:
                points[name].append((float(number), held(name)))
    for name, moved in points.items():
        moved.append((float(len(known.measurements)), held(name)))
    return points


def evidence_figure(known: Knowledge) -> Forest:
    """Return the mean effect of every claim that was tried, with its interval over families."""
    groups = []
    for pillar in known.agenda.pillars:
        rows = []
        for name, claim in known.agenda.claims.items():
            model = known.units_of(name).model
            if claim.pillar != pillar or model is None:
                continue
            estimate = Estimate(model.estimate) if model.mean is None else Estimate.of(model.mean)
            credence = known.credences[name]
            tone = "better" if credence > DECIDED else "worse" if credence < 1 - DECIDED else "open"
            counts = f"{model.n_units} families; says {claim.says}; credence {credence:.2f}"
            rows.append(ForestRow(name, estimate, counts=counts, tone=tone))  # type: ignore[arg-type]
        if rows:
            groups.append(ForestGroup(pillar, "", tuple(rows)))
    caption = "Mean effects over families of tasks by random effects; colours say whether the claim is held or refuted."
    return Forest("evidence", "Evidence", caption, "effect", "mean effect", "what it rests on", tuple(groups))


def calibration_figure(scores: "ForecastScores") -> Lines:
    """Return how often effects were below the quantiles that were forecast for them."""
    found = Line("forecasts", tuple((level, Estimate(y)) for level, y in zip(LEVELS, scores.below, strict=True)))
    best = Line("calibrated", tuple((level, Estimate(level)) for level in (0.0, 1.0)), role="ceiling")
    panel = LinePanel("forecast probability", "came true", (found, best), y_limits=(0.0, 1.0))
    return Lines("calibration", "Calibration of forecasts", f"{scores.n} forecasts that were sealed in time.", (panel,))
