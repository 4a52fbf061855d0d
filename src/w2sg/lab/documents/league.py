"""The document of a league: standings, ranks, differences, and what a method chosen on half of the tasks is worth."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from w2sg.core import Document, Fact, Finding, Heat, HeatCell, RankedMethod, Ranks, Section, Tone, wording
from w2sg.lab.comparisons import Comparison, Entrant
from w2sg.lab.documents.league_tables import arena_table, halves_table, over_tasks, standings_table, verdicts_table
from w2sg.lab.documents.parts import alone, counted, level_of, notes, some

if TYPE_CHECKING:
    from w2sg.lab.league import League

MOST_NAMED = 12
"""A sentence names at most this many methods."""
SHARE_IN_RANGE = 0.95
"""Colours are spread over this share of the differences, so that a few large ones do not pale all others."""
_RANKS = (
    "Average rank by student accuracy over {tasks}; 1 is the best possible. Methods joined by a bar do not differ "
    "significantly: their ranks lie less than the critical difference (CD, {level} over all pairs, Nemenyi) apart. "
    "{reference} is set in bold; blue methods rank significantly better than it, red ones significantly worse, grey "
    "ones do not differ from it. {friedman} (Demsar 2006.)"
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
    figures = [_ranks(league), _differences(league)] if league.ranking.critical_difference else [_differences(league)]
    arenas = [arena_table(league, number, arena) for number, arena in enumerate(league.arenas, start=1)]
    sections = [
        alone(standings_table(league)),
        Section("figures", "Figures", figures=tuple(figures)),
        Section("verdicts", "Which method hurts where", f"No method beats or hurts {league.reference} in any arena.")
        if verdicts is None
        else alone(verdicts),
        alone(halves_table(league)),
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
    findings = [Finding("open", friedman_sentence(league)), *_pairs(league), *_verdicts(league), _halves(league)]
    remarks = [
        f"Holm's correction runs within each arena, not over all {len(league.arenas)}: of arenas in which nothing "
        f"differs, up to {100 * league.alpha:g} % would still show a finding."
    ]
    if len(league.arenas) > len(league.tasks):
        remarks.append(
            "Arenas of one task share its examples: they count as one block of ranks and one cluster of means."
        )
    # Gold is what weak-to-strong methods do without: who buys it plays another game and is named apart.
    buying = [f"{standing.method} ({wording.count(standing.gold)})" for standing in league.standings if standing.gold]
    if buying:
        remarks.append(
            f"Not ranked and never chosen, because they buy ground-truth labels (per run): {_some(buying)}. Their "
            "fair rivals learn from as many such labels."
        )
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
    return [*findings, *notes(remarks)]


def friedman_sentence(league: "League") -> str:
    """Return what Friedman's test says, or why there is none, as a sentence."""
    test = league.ranking.friedman
    # Too few tasks or methods for the test are said as plainly as its result would be.
    if test is None:
        return f"No test of the ranks: {league.ranking.reason}."
    k, n = test.n_methods, test.n_tasks
    f = "∞" if test.f == float("inf") else wording.number(test.f, 2)
    text = (
        f"Friedman's test that all {k} methods rank alike over {wording.quantity(n, 'task')}: "
        f"χ²({k - 1}) = {wording.number(test.chi_square, 2)}, {wording.p_statement(test.chi_square_p)}; "
        f"Iman and Davenport's F({k - 1}, {(k - 1) * (n - 1)}) = {f}, {wording.p_statement(test.f_p)}"
    )
    return f"{text}. For so few tasks or methods these are rough." if test.note else f"{text}."


def _lead(league: "League") -> str:
    return (
        f"{wording.quantity(len(league.standings), 'method')} of weak-to-strong generalization compared on "
        f"{wording.quantity(len(league.tasks), 'task')} ({', '.join(league.tasks)}). In each arena (a task, a weak "
        "supervisor and a student) every method learns from the same weak labels under the same seeds and is compared "
        f"with {league.reference} on the same test examples."
    )


def _facts(league: "League") -> tuple[Fact, ...]:
    numbers = {"run": league.n_runs, "seed": len(league.seeds), "task": len(league.tasks)}
    return counted(numbers | {"arena": len(league.arenas), "method": len(league.standings)})


def _seeds(seeds: tuple[int, ...]) -> str:
    if len(seeds) > 1 and seeds == tuple(range(seeds[0], seeds[-1] + 1)):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {wording.listed([str(seed) for seed in seeds])}"


def _pairs(league: "League") -> list[Finding]:
    """Return which methods rank significantly apart from the reference, and whether any pair does."""
    ranking, apart = league.ranking, league.ranking.critical_difference
    if apart is None:
        return []
    ranks = dict(zip(ranking.methods, ranking.ranks, strict=True))
    k, best, own = len(ranks), ranking.methods[0], ranks[league.reference]
    # Every pair once: each method with those that rank before it.
    differing = sum(abs(a - b) >= apart for i, a in enumerate(ranking.ranks) for b in ranking.ranks[:i])
    text = (
        f"The best average rank is that of {best} ({wording.number(ranks[best], 2)} of {k}); {differing} of "
        f"{k * (k - 1) // 2} pairs of methods lie at least the critical difference of {wording.number(apart, 2)} apart."
    )
    findings = [Finding("open", text)]
    better = [name for name, rank in ranks.items() if own - rank >= apart]
    worse = [name for name, rank in ranks.items() if rank - own >= apart]
    start = f"than {league.reference} ({wording.number(own, 2)})"
    if better:
        findings.append(Finding("better", f"Ranks significantly better {start}: {_some(better)}."))
    if worse:
        findings.append(Finding("worse", f"Ranks significantly worse {start}: {_some(worse)}."))
    return findings


def _verdicts(league: "League") -> list[Finding]:
    """Return who beats the reference, who hurts, who does both and who neither."""
    reference = league.reference
    rivals = [standing for standing in league.standings if standing.method != reference]
    both = [standing.method for standing in rivals if standing.beats and standing.hurts]
    neither = [standing.method for standing in rivals if not standing.beats and not standing.hurts]
    decided = [standing for standing in rivals if standing.method not in (*both, *neither)]
    # How often out of how many: a method that beats the reference once in twelve arenas is not one that beats it twice
    # in two.
    good = [f"{rival.method} ({len(rival.beats)} of {rival.n_arenas})" for rival in decided if rival.beats]
    bad = [f"{rival.method} ({len(rival.hurts)} of {rival.n_arenas})" for rival in decided if rival.hurts]
    groups: list[tuple[Tone, str, list[str], str]] = [
        ("better", f"Beats {reference} somewhere and hurts nowhere", good, ""),
        ("open", f"Beats {reference} in some arenas and hurts in others", both, ""),
        ("worse", f"Hurts somewhere and beats {reference} nowhere", bad, ""),
        ("open", f"No difference to {reference} was shown in any arena", neither, " They need not be equal."),
    ]
    return [Finding(tone, f"{text}: {_some(who)}.{end}") for tone, text, who, end in groups if who]


def _halves(league: "League") -> Finding:
    """Return what the method chosen on half of the tasks was worth on the other half."""
    halves = league.halves
    tested = halves.tested_on
    if halves.chosen is None or halves.chosen_on is None or tested is None or halves.reason is not None:
        return Finding("note", f"Choosing on half of the tasks: {halves.reason}.")
    start = f"Chosen on {', '.join(halves.choose)} and tested on {', '.join(halves.test)}: {halves.chosen}, mean PGR"
    shown = f"{start} {over_tasks(tested.mean)}"
    if tested.difference is None:
        return Finding("open", f"{shown}; no method was better where it was chosen.")
    text = (
        f"{shown} against {over_tasks(tested.reference_mean)} of {league.reference}: "
        f"difference {over_tasks(tested.difference, sign=True)}, ratio {over_tasks(tested.ratio)}."
    )
    # Only the half that had no say in the choice can show that the choice was good.
    low, high = tested.difference.low, tested.difference.high
    if low is not None and low > 0:
        return Finding("better", text)
    return Finding("worse" if high is not None and high < 0 else "open", text)


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


def _ranks(league: "League") -> Ranks:
    ranking, apart = league.ranking, league.ranking.critical_difference or 0.0
    ranks = dict(zip(ranking.methods, ranking.ranks, strict=True))
    own = ranks.get(league.reference)

    def method(name: str, rank: float) -> RankedMethod:
        if name == league.reference or own is None or abs(rank - own) < apart:
            return RankedMethod(name, rank, None if name == league.reference else "open")
        return RankedMethod(name, rank, "better" if rank < own else "worse")

    caption = _RANKS.format(
        tasks=wording.quantity(ranking.n_tasks, "task"),
        level=level_of(league.level),
        reference=league.reference,
        friedman=friedman_sentence(league),
    )
    methods = tuple(method(name, rank) for name, rank in ranks.items())
    return Ranks("critical-difference", "Average ranks of the methods", caption, methods, apart, ranking.cliques)


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
