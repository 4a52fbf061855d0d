"""The document of a league: effects over families of tasks, standings, where methods differ, what a chosen one does."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from w2sg.core import (
    Document,
    Estimate,
    Fact,
    Finding,
    Forest,
    ForestGroup,
    ForestRow,
    Heat,
    HeatCell,
    Section,
    Tone,
    wording,
)
from w2sg.lab.comparisons import Comparison, Entrant
from w2sg.lab.documents.league_families import effects_table, family_findings, held_out_finding, held_out_table
from w2sg.lab.documents.league_tables import arena_table, standings_table, verdicts_table
from w2sg.lab.documents.parts import Marks, alone, counted, level_of, notes, short, some

if TYPE_CHECKING:
    from w2sg.lab.league import League
    from w2sg.lab.standings import Standing

MOST_NAMED = 12
"""A sentence names at most this many methods."""
SHARE_IN_RANGE = 0.95
"""Colours are spread over this share of the differences, so that a few large ones do not pale all others."""
_EFFECTS = (
    "Mean accuracy minus that of {reference} over families of tasks like these, with its {level} interval (thick); "
    "where the effect on a new family lies (thin; random-effects model); the probability that it is above 0, if "
    "effects are normal. Blue is better and orange worse by both tests after Holm's correction; grey is not decided."
)
_DIFFERENCES = (
    "Accuracy minus that of {reference} in percentage points, on the same seeds and test examples. Bold with a "
    "triangle: significant after Holm's correction within the column (p < {alpha}); blue is better, red is worse. "
    "Colours are full at {limit} points and beyond; a dash marks a method that the student cannot do or that was not "
    "run."
)


def league_document(league: "League", *, made_by: str = "") -> Document:
    """Return the document of a league.

    Args:
        league: The league.
        made_by: The command that makes it, to be shown; empty shows `w2sg league` with the study's name.
    """
    verdicts = verdicts_table(league)
    arenas = [arena_table(league, number, arena) for number, arena in enumerate(league.arenas, start=1)]
    sections = [
        Section("effects-figure", "The effect of each method", figures=(_effects(league),)),
        alone(effects_table(league)),
        alone(standings_table(league)),
        Section("figures", "Where methods differ", figures=(_differences(league),)),
        Section("verdicts", "Which method hurts where", f"No method beats or hurts {league.reference} in any arena.")
        if verdicts is None
        else alone(verdicts),
        alone(held_out_table(league)),
        Section("arenas", "Arenas", tables=tuple(arenas)),
    ]
    return Document(
        kind="league",
        heading="Weak-to-strong generalization: league of methods",
        title=league.study,
        lead=_lead(league),
        facts=_facts(league),
        findings=tuple(league_findings(league)),
        sections=tuple(sections),
        made_by=made_by or f"w2sg league {league.study}",
        versions=league.versions,
        rests_on=f"the study {league.study}: {wording.quantity(league.n_runs, 'run')}, {_seeds(league.seeds)}",
        data=league.to_dict(),
    )


def league_findings(league: "League") -> list[Finding]:
    """Return what the league found, in sentences made from its numbers."""
    findings = [*family_findings(league), held_out_finding(league), *_verdicts(league)]
    remarks = [
        friedman_sentence(league),
        f"Holm's correction runs within each arena, not over all {len(league.arenas)}: of arenas in which nothing "
        f"differs, up to {100 * league.alpha:g} % would still show a finding.",
    ]
    if league.looked:
        remarks.insert(
            0,
            "Seeds were added by looking at the results, until each method was decided: p-values and intervals here "
            "are made for a number of seeds that was fixed beforehand, and are too narrow. See `w2sg study`.",
        )
    if len(league.arenas) > len(league.families):
        several = [family.name for family in league.families if len(family.tasks) > 1]
        named = f" Made of the same files, or named so: {_some(several)}." if several else ""
        remarks.append(f"Arenas of one family of tasks are one unit of all that is said over arenas.{named}")
    # Gold is what weak-to-strong methods do without: who buys it plays another game and is named apart.
    marks = Marks(league.standings)
    buying = [
        f"{marks.named(standing.method)} ({wording.count(standing.gold)})"
        for standing in league.standings
        if standing.gold
    ]
    if buying:
        remarks.append(
            f"Not ranked and never chosen, because they buy ground-truth labels (per run): {_some(buying)}. Their "
            "fair rivals learn from as many such labels."
        )
    knowing = [
        f"{marks.named(one.method)} ({one.tier})" for one in league.standings if one.rank is None and not one.gold
    ]
    known = [arena for arena in league.arenas if arena.faithful is not None]
    if known:
        faithful = [arena.place for arena in known if arena.faithful]
        remarks.append(
            f"Faithful, for gold of the supervision split does not do the student's work there: {len(faithful)} of "
            f"{len(known)} arenas ({_some(faithful) if faithful else wording.NOTHING}). Elsewhere a method that knows "
            "this gold proves nothing by being better."
        )
    if knowing:
        remarks.append(f"Not ranked, because they know more or are not in every arena: {_some(knowing)}.")
    without = [arena.place for arena in league.arenas if arena.reference.pgr.reason is not None]
    if without:
        minimum = wording.number(league.arenas[0].reference.pgr.minimum_gap, 2)
        remarks.append(
            f"No PGR, and no part in means of it: {wording.listed(without)}; there the gap between ceiling and weak "
            f"supervisor is not surely above {minimum}."
        )
    remarks += [f"No PGR ratio for {_some(methods)}: {reason}." for reason, methods in _without_ratio(league).items()]
    remarks += [f"Left out: {left_out}." for left_out in league.left_out]
    remarks += [f"Trust tier of {method}: {trust}." for method, trust in league.trust]
    return [*findings, *notes(remarks), *Marks(league.standings).legend]


def friedman_sentence(league: "League") -> str:
    """Return what Friedman's test says, or why there is none, as a sentence."""
    test = league.ranking.friedman
    # Too few families or methods for the test are said as plainly as its result would be.
    if test is None:
        return f"No test of the ranks: {league.ranking.reason}."
    k, n = test.n_methods, test.n_tasks
    f = "∞" if test.f == float("inf") else wording.number(test.f, 2)
    text = (
        f"Friedman's test that all {k} methods rank alike over {wording.quantity(n, 'family', 'families')} of tasks: "
        f"χ²({k - 1}) = {wording.number(test.chi_square, 2)}, {wording.p_statement(test.chi_square_p)}; "
        f"Iman and Davenport's F({k - 1}, {(k - 1) * (n - 1)}) = {f}, {wording.p_statement(test.f_p)}"
    )
    return f"{text}. For so few families or methods these are rough." if test.note else f"{text}."


def _lead(league: "League") -> str:
    return (
        f"{wording.quantity(len(league.standings), 'method')} of weak-to-strong generalization compared on "
        f"{wording.quantity(len(league.tasks), 'task')} ({', '.join(league.tasks)}). In each arena (a task, a weak "
        "supervisor and a student) every method learns from the same weak labels under the same seeds and is compared "
        f"with {league.reference} on the same test examples."
    )


def _facts(league: "League") -> tuple[Fact, ...]:
    numbers = {"run": league.n_runs, "seed": len(league.seeds), "task": len(league.tasks)}
    facts = counted(numbers | {"arena": len(league.arenas), "method": len(league.standings)})
    return (*facts, Fact("family" if len(league.families) == 1 else "families", len(league.families)))


def _seeds(seeds: tuple[int, ...]) -> str:
    if len(seeds) > 1 and seeds == tuple(range(seeds[0], seeds[-1] + 1)):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {wording.listed([str(seed) for seed in seeds])}"


def _verdicts(league: "League") -> list[Finding]:
    """Return who beats the reference, who hurts, who does both and who neither."""
    reference = league.reference
    marks = Marks(league.standings)
    rivals = [standing for standing in league.standings if standing.method != reference]
    both = [marks.named(standing.method) for standing in rivals if standing.beats and standing.hurts]
    neither = [marks.named(standing.method) for standing in rivals if not standing.beats and not standing.hurts]
    decided = [standing for standing in rivals if bool(standing.beats) != bool(standing.hurts)]
    # How often out of how many: a method that beats the reference once in twelve arenas is not one that beats it twice
    # in two.
    good = [f"{marks.named(rival.method)} ({len(rival.beats)} of {rival.n_arenas})" for rival in decided if rival.beats]
    bad = [f"{marks.named(rival.method)} ({len(rival.hurts)} of {rival.n_arenas})" for rival in decided if rival.hurts]
    groups: list[tuple[Tone, str, list[str], str]] = [
        ("better", f"Beats {reference} somewhere and hurts nowhere", good, ""),
        ("open", f"Beats {reference} in some arenas and hurts in others", both, ""),
        ("worse", f"Hurts somewhere and beats {reference} nowhere", bad, ""),
        ("open", f"No difference to {reference} was shown in any arena", neither, " They need not be equal."),
    ]
    return [Finding(tone, f"{text}: {_some(who)}.{end}") for tone, text, who, end in groups if who]


def _without_ratio(league: "League") -> dict[str, list[str]]:
    """Return the methods without a PGR ratio, by the reason."""
    methods: dict[str, list[str]] = {}
    for standing in league.standings:
        ratio = standing.recovery.ratio
        if ratio is not None and ratio.estimate is None and ratio.reason is not None:
            methods.setdefault(ratio.reason, []).append(standing.method)
    return methods


def _some(names: Sequence[str]) -> str:
    return some(names, MOST_NAMED)


def _effects(league: "League") -> Forest:
    rivals = [standing for standing in league.standings if standing.method != league.reference]
    rivals.sort(key=lambda standing: -(standing.effects.estimate if standing.effects else 0.0))
    caption = _EFFECTS.format(reference=league.reference, level=level_of(league.level))
    rows = tuple(_effect_row(standing) for standing in rivals)
    title = f"accuracy minus that of {league.reference}, {wording.quantity(len(league.families), 'family', 'families')}"
    return Forest(
        "effects",
        f"Effect of each method over tasks, against {league.reference}",
        caption,
        axis="difference in accuracy",
        value="mean over families",
        counts="P(better)",
        groups=(ForestGroup(title, "", rows),),
        lines=((0.0, league.reference, "student"),),
    )


def _effect_row(standing: "Standing") -> ForestRow:
    effects, name = standing.effects, short(standing.method)
    if effects is None:
        return ForestRow(name, None, "not compared", "it has no arena with the reference")
    tone = effects.verdict if effects.verdict == "better" or effects.verdict == "worse" else "open"
    ahead = None if effects.prediction is None else (effects.prediction.low, effects.prediction.high)
    counts = wording.p_value(effects.probability_above)
    return ForestRow(name, Estimate.of(effects), counts=counts, prediction=ahead, tone=tone)


def _differences(league: "League") -> Heat:
    methods = [standing.method for standing in league.standings if standing.method != league.reference]
    differences = [entrant.difference for arena in league.arenas for entrant in arena.entrants]
    sizes = [abs(difference.estimate) for difference in differences if difference]
    # A limit of zero, where nothing differs at all, could not be divided by.
    limit = max(float(np.quantile(sizes, SHARE_IN_RANGE)), 0.001)
    caption = _DIFFERENCES.format(
        reference=league.reference, alpha=f"{league.alpha:g}"[1:], limit=f"±{wording.number(100 * limit, 1)}"
    )
    return Heat(
        "differences",
        f"Difference to {league.reference} by method and task",
        caption,
        rows=tuple(methods),
        columns=tuple(arena.place for arena in league.arenas),
        cells=tuple(tuple(_heat_cell(arena, arena.entrant(name)) for arena in league.arenas) for name in methods),
        limit=limit,
        unit="percentage points",
        scale=100.0,
    )


def _heat_cell(arena: Comparison, entrant: Entrant | None) -> HeatCell | None:
    if entrant is None or entrant.difference is None:
        return None
    p = wording.p_statement(entrant.p_adjusted, "Holm p")
    words = f"{entrant.method}, {arena.place}: {wording.difference(entrant.difference)}, {p}"
    # The tone follows the verdict, so that a colour never claims more than Holm's correction allows.
    tone = {"beats": "better", "hurts": "worse"}.get(entrant.verdict, "open")
    return HeatCell(entrant.difference.estimate, tone, words)  # type: ignore[arg-type]
