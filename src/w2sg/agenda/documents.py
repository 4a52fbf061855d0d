"""The agenda's document: claims and their credences, evidence, cruxes, what to try next, and what is known."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from w2sg.agenda.belief import DECIDED
from w2sg.agenda.cruxes import cruxes_of
from w2sg.agenda.evidence import Knowledge
from w2sg.agenda.figures import calibration_figure, credence_figures, evidence_figure
from w2sg.agenda.scoring import LEVELS, ForecastScores, scores_of
from w2sg.core import Cell, DataTable, Document, Fact, Finding, Heading, InputError, Section, plain, wording

if TYPE_CHECKING:
    from w2sg.agenda.claim import ResearchClaim
    from w2sg.agenda.planning import PlannedExperiment

MOST_NEXT, MOST_CRUXES = 10, 10
SHORT_ID = 8
Z95 = 1.96


def agenda_document(
    known: Knowledge, candidates: "Sequence[PlannedExperiment] | None" = None, *, made_by: str = ""
) -> Document:
    """Return the document of an agenda.

    Args:
        known: What is known.
        candidates: What may be tried next, the best first; None leaves that section out.
        made_by: The command that makes it.
    """
    scores = scores_of(known.measurements)
    agenda = known.agenda
    sections = [Section("claims", "Claims", tables=(_claims(known),))]
    sections += [_next_section(candidates)] if candidates is not None else []
    if known.measurements:
        sections.append(Section("credences", "Credences over time", figures=tuple(credence_figures(known))))
        sections.append(Section("evidence", "Evidence", figures=(evidence_figure(known),)))
    sections += [_scores_section(scores)] if scores is not None else []
    sections.append(Section("cruxes", "Cruxes", tables=(_cruxes(known),)))
    sections.append(Section("questions", "Questions of the five pillars", tables=(_questions(known),)))
    sections.append(Section("sources", "Where claims are from", tables=(_sources(known),)))
    return Document(
        kind="agenda",
        heading="Research agenda",
        title="claims of the field",
        lead=_lead(known),
        facts=(
            Fact("claims", len(agenda.claims)),
            Fact("testable here", len(agenda.claims) - len(agenda.untested)),
            Fact("decided", len(known.decided)),
            Fact("experiments", len(known.measurements)),
        ),
        findings=tuple(_findings(known, scores)),
        sections=tuple(sections),
        made_by=made_by,
        rests_on=f"{len(known.measurements)} experiments at {len(agenda.sites)} sites",
        data=_data(known, scores),
    )


def next_document(known: Knowledge, candidates: "Sequence[PlannedExperiment]") -> Document:
    """Return the document of what to try next."""
    lead = f"{len(candidates)} experiments promise something; the best {min(len(candidates), MOST_NEXT)} are shown."
    return Document(
        kind="agenda-next",
        heading="What to try next",
        title="next",
        lead=lead,
        sections=(_next_section(candidates),),
        data={"candidates": [_plain_candidate(one) for one in candidates[:MOST_NEXT]], "n_candidates": len(candidates)},
    )


def claim_document(known: Knowledge, name: str) -> Document:
    """Return the document of one claim: what it says, how far it is believed, and the evidence site by site.

    Raises:
        InputError: If there is no such claim.
    """
    if name not in known.agenda.claims:
        near = wording.listed(get_close_matches(name, known.agenda.claims) or sorted(known.agenda.claims)[:3])
        raise InputError(f"no claim {name!r} in this agenda: did you mean {near}? 'w2sg agenda show' lists all")
    claim = known.agenda.claims[name]
    low, high = known.range_of(name)
    columns = (
        Heading("site", "site", style="text", key=True),
        Heading("family", "family", style="text"),
        Heading("effect", "effect", style="signed"),
        Heading("seeds", "seeds", style="count"),
        Heading("forecast", "forecast", "mean of what was forecast", "signed"),
        Heading("runs", "runs", "their ids", "text", terminal=False),
    )
    rows = tuple(
        (
            Cell(one.site),
            Cell(known.agenda.sites[one.site].family),
            Cell(one.estimate, *(one.estimate + sign * Z95 * one.variance**0.5 for sign in (-1, 1))),
            Cell(one.n_seeds),
            Cell(one.shown.get("forecast")),
            Cell(wording.listed([run[:SHORT_ID] for run in one.runs])),
        )
        for one in known.sites_of(name)
    )
    what = f"'{claim.outcome.title}'"
    if claim.margin is not None:
        parts = wording.listed([f"'{part.title}'" for part in claim.margin.walk() if not part.children])
        what = f"the margin of {parts}"
    says = f"It says that the mean effect on {what} is {claim.says}. " if claim.says is not None else ""
    where = known.agenda.untested.get(name)
    here = f"It cannot be tested here: {where}. " if where else ""
    presupposed = f"It presupposes {wording.listed(list(claim.presupposes))}. " if claim.presupposes else ""
    return Document(
        kind="claim",
        heading="A claim",
        title=name,
        lead=f"{claim.statement} {says}{here}{presupposed}Source: {claim.source}. Prior {claim.credence:g}: "
        f"{claim.reason} Credence now {known.credences[name]:.2f}; by its own evidence {known.own_credence(name):.2f}, "
        f"from {low:.2f} to {high:.2f} over scales of effects half and twice as large.",
        sections=(Section("evidence", "Evidence", tables=(DataTable("evidence", "evidence", "", columns, rows),)),),
        data=_data(known, None)["claims"][name],
    )


def score_document(known: Knowledge) -> Document:
    """Return the document of how good the sealed forecasts were."""
    scores = scores_of(known.measurements)
    return Document(
        kind="agenda-scores",
        heading="Forecasts of the agenda",
        title="forecasts",
        lead="No forecast was sealed before its runs were scored." if scores is None else _score_words(scores),
        sections=() if scores is None else (_scores_section(scores),),
        data={"scores": plain(scores, sparse=False)},
    )


def _lead(known: Knowledge) -> str:
    here = len(known.agenda.claims) - len(known.agenda.untested)
    return (
        f"Each of {len(known.agenda.claims)} claims says where the mean of an effect lies over a population of setups; "
        f"{here} can be tested at the {len(known.agenda.sites)} sites of this agenda. Credences start from stated "
        "priors and are moved by runs alone, by Bayes factors in which families of tasks are the units. No claim is "
        f"more credible than what it presupposes. A claim is decided above {DECIDED:g} and below {1 - DECIDED:.2g}; "
        "its range is that of scales of effects half and twice as large, and shows how far the prior decides."
    )


def _findings(known: Knowledge, scores: ForecastScores | None) -> Iterator[Finding]:
    for name in known.decided:
        true = known.credences[name] > DECIDED
        statement = known.agenda.claims[name].statement
        yield Finding("better" if true else "worse", f"{name}: {'held' if true else 'refuted'} so far. {statement}")
    for one, other in known.agenda.contradictions(known.credences):
        yield Finding("worse", f"{one} and {other} contradict each other, and both are believed more than not.")
    for reason in known.dropped:
        yield Finding("note", f"An experiment no longer counts: {reason}.")
    if scores is not None:
        yield Finding("note", _score_words(scores))
    for reason in known.agenda.left_out:
        yield Finding("note", f"Not tried: {reason}.")
    if known.agenda.untested:
        n = len(known.agenda.untested)
        yield Finding("note", f"{wording.quantity(n, 'claim')} cannot be tested here; the table says what each needs.")


def _claims(known: Knowledge) -> DataTable:
    columns = (
        Heading("claim", "claim", style="text", key=True),
        Heading("statement", "statement", style="text", terminal=False),
        Heading("prior", "prior", "the credence before any run", decimals=2),
        Heading("credence", "now", "the credence after all runs", decimals=2),
        Heading("predicted", "says", "where the claim says that the mean effect lies", "text", terminal=False),
        Heading("effect", "mean effect", "over families, by random effects", "signed"),
        Heading("units", "units", "families of tasks", "count", terminal=False),
        Heading("bayes", "Bayes factor", "how much likelier the evidence is if the claim is true", terminal=False),
        Heading("range", "range", "by its own evidence, over scales of effects", "text", terminal=False),
    )
    return DataTable("claims", "claims", "", columns, tuple(_claim_row(known, claim) for claim in _in_order(known)))


def _claim_row(known: Knowledge, claim: "ResearchClaim") -> tuple[Cell, ...]:
    name = claim.name
    untested = known.agenda.untested.get(name)
    low, high = known.range_of(name)
    model = known.units_of(name).model
    tried = model is not None
    presupposed = [f"presupposes {wording.listed(list(claim.presupposes))}"] if claim.presupposes else []
    return (
        Cell(name),
        Cell(claim.statement, note="; ".join([claim.pillar, *presupposed])),
        Cell(claim.credence),
        Cell(known.credences[name]),
        Cell(str(claim.says)) if claim.says is not None else Cell(missing="-"),
        _effect_cell(known, name, untested),
        Cell(0 if model is None else model.n_units),
        Cell(known.belief(claim).bayes_factor) if tried else Cell(),
        Cell(f"{low:.2f} to {high:.2f}") if tried else Cell(),
    )


def _sources(known: Knowledge) -> DataTable:
    columns = (
        Heading("claim", "claim", style="text", key=True),
        Heading("source", "source", style="text"),
        Heading("reason", "reason of the prior", style="text"),
        Heading("needs", "needs", "what testing it here would need", "text"),
    )
    untested = known.agenda.untested
    rows = tuple(
        (Cell(claim.name), Cell(claim.source), Cell(claim.reason), Cell(untested.get(claim.name)))
        for claim in _in_order(known)
    )
    return DataTable("sources", "sources and priors", "", columns, rows, terminal=False)


def _in_order(known: Knowledge) -> "list[ResearchClaim]":
    pillars = known.agenda.pillars
    return sorted(known.agenda.claims.values(), key=lambda claim: pillars.index(claim.pillar))


def _effect_cell(known: Knowledge, name: str, untested: str | None) -> Cell:
    model = known.units_of(name).model
    if model is None:
        return Cell(missing="not here" if untested else "not tried", help=untested or "")
    return Cell(model.estimate) if model.mean is None else Cell.of(model.mean)


def _next_section(candidates: "Sequence[PlannedExperiment]") -> Section:
    columns = (
        Heading("claim", "claim", style="text", key=True),
        Heading("site", "site", style="text"),
        Heading("seeds", "seeds", style="count"),
        Heading("seconds", "cost", "processor seconds of the runs that are missing", "cost"),
        Heading("share", "share", "what of the cost falls to it: others need some of these runs", "cost"),
        Heading("decides", "decides", "claims that it is expected to decide, as its part in what decides them"),
        Heading("bits", "bits", "expected fall of the entropy of credences"),
        Heading("others", "tells of", "claims that the same runs bear on", "text", terminal=False),
    )
    rows = tuple(
        (
            Cell(one.trial.claim.name),
            Cell(one.trial.site.name),
            Cell(one.n_seeds),
            Cell(one.seconds),
            Cell(one.share_s),
            Cell(one.decides),
            Cell(one.bits),
            Cell(wording.listed([trial.claim.name for trial in one.together])),
        )
        for one in candidates[:MOST_NEXT]
    )
    return Section("next", "What to try next", tables=(DataTable("next", "the next experiments", "", columns, rows),))


def _score_words(scores: ForecastScores) -> str:
    advantage = "" if scores.advantage is None else f", by {wording.difference(scores.advantage)} over sites"
    return (
        f"{scores.n} forecasts were sealed before their runs were scored ({scores.n_late} more were late). Their mean "
        f"log score is {scores.log_score:.2f}, that of the prior alone {scores.naive:.2f}{advantage}; "
        f"{100 * scores.within_90:.0f} % of effects lay within the 90 % intervals."
    )


def _scores_section(scores: ForecastScores) -> Section:
    columns = (
        Heading("said", "forecast", "the probability that was forecast", decimals=2, key=True),
        Heading("came", "came true", "how often what was measured was below that quantile", decimals=2),
    )
    rows = tuple((Cell(level), Cell(share)) for level, share in zip(LEVELS, scores.below, strict=True))
    table = DataTable("calibration", "calibration of forecasts", "", columns, rows)
    return Section("scores", "Forecasts", _score_words(scores), figures=(calibration_figure(scores),), tables=(table,))


def _cruxes(known: Knowledge) -> DataTable:
    columns = (
        Heading("claim", "claim", style="text", key=True),
        Heading("credence", "credence", decimals=2),
        Heading("moves", "moves", "by how much others' credences are expected to move if it is settled", decimals=2),
        Heading("dependents", "dependents", "claims that presuppose it", "count"),
        Heading("sharing", "sharing", "claims that ask for some of its runs", "count"),
    )
    rows = tuple(
        (
            Cell(crux.claim),
            Cell(known.credences[crux.claim]),
            Cell(crux.moves),
            Cell(crux.dependents),
            Cell(crux.sharing),
        )
        for crux in cruxes_of(known)[:MOST_CRUXES]
    )
    return DataTable("cruxes", "claims that others hang on", "", columns, rows)


def _questions(known: Knowledge) -> DataTable:
    columns = (
        Heading("pillar", "pillar", style="text"),
        Heading("question", "question", style="text", key=True),
        Heading("text", "in words", style="text", terminal=False),
        Heading("held", "held", "claims with a credence above .95", "count"),
        Heading("refuted", "refuted", "claims with a credence below .05", "count"),
        Heading("open", "open", "claims in between", "count"),
        Heading("elsewhere", "elsewhere", "claims that nothing here can test", "count"),
        Heading("known", "what is known", style="text", terminal=False),
    )
    rows = []
    for question in sorted(known.agenda.questions.values(), key=lambda one: known.agenda.pillars.index(one.pillar)):
        state = {name: _state(known, name) for name in question.claims}
        counts = [sum(one == word for one in state.values()) for word in ("held", "refuted", "open", "elsewhere")]
        words = "; ".join(f"{name}: {one}" for name, one in state.items())
        cells = [Cell(count) for count in counts]
        known_cell = Cell(words) if words else Cell(missing="no claim bears on it yet")
        rows.append((Cell(question.pillar), Cell(question.name), Cell(question.text), *cells, known_cell))
    return DataTable("questions", "questions", "", columns, tuple(rows), terminal=False)


def _state(known: Knowledge, name: str) -> str:
    if name in known.agenda.untested:
        return "elsewhere"
    if name not in known.decided:
        return "open"
    return "held" if known.credences[name] > DECIDED else "refuted"


def _plain_candidate(one: "PlannedExperiment") -> dict[str, Any]:
    return {
        "claim": one.trial.claim.name,
        "site": one.trial.site.name,
        "seeds": one.n_seeds,
        "seconds": one.seconds,
        "share_s": one.share_s,
        "decides": one.decides,
        "bits": one.bits,
        "together": [trial.claim.name for trial in one.together],
    }


def _data(known: Knowledge, scores: ForecastScores | None) -> dict[str, Any]:
    claims = {}
    for name, claim in known.agenda.claims.items():
        units = known.units_of(name)
        claims[name] = {
            "statement": claim.statement,
            "pillar": claim.pillar,
            "prior": claim.credence,
            "credence": known.credences[name],
            "own_credence": known.own_credence(name),
            "range": list(known.range_of(name)),
            "state": _state(known, name),
            "families": list(units.families),
            "effects": list(units.effects),
            "variances": list(units.variances),
            "runs": sorted({run for one in known.sites_of(name) for run in one.runs}),
        }
    return {"claims": claims, "decided": known.decided, "dropped": list(known.dropped), "scores": plain(scores)}
