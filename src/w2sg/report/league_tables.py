"""The tables and findings of a league, as text: once, for the Markdown and the HTML page."""

from collections.abc import Sequence

from w2sg.lab import Arena, Entrant, League, Pooled, Standing
from w2sg.measure import Pgr
from w2sg.report import formatting as fmt
from w2sg.report.findings import Finding
from w2sg.report.league_figures import friedman_sentence
from w2sg.report.tables import Cell, Column, TableView

VERDICTS = {"beats": "beats ▲", "hurts": "hurts ▼", "no difference": "no difference", "reference": "reference"}
MOST_NAMED = 12
"""A sentence names at most this many methods."""


def standings_table(league: League) -> TableView:
    """Return the overall table: one row for each method."""
    n = len(league.arenas)
    columns = (
        Column("method", numeric=False, key=True),
        Column("rank", "average rank by accuracy over tasks; 1 is the best possible"),
        Column("beats", f"arenas in which it is significantly better than {league.reference}"),
        Column("hurts", f"arenas in which it is significantly worse than {league.reference}"),
        Column("arenas", "arenas that it took part in"),
        Column("accuracy difference", f"mean over arenas of accuracy minus that of {league.reference}"),
        Column("mean PGR", "over the arenas whose gap is large enough for a PGR"),
        Column("PGR difference", f"mean PGR minus that of {league.reference} in the same arenas"),
        Column("PGR ratio", f"mean PGR over that of {league.reference} in the same arenas, Fieller's interval"),
        Column("seconds per run", "student training, the mean over arenas"),
        Column("gold", "ground-truth labels of the transfer split that it buys per run"),
    )
    intro = (
        f"{fmt.quantity(len(league.standings), 'method')} in {fmt.quantity(n, 'arena')} (a task, a weak supervisor and "
        f"a student) on {fmt.quantity(len(league.tasks), 'task')}. Beats and hurts: significantly better or worse than "
        f"{league.reference}, paired, Holm p < {_alpha(league)} within the arena. Intervals over arenas are "
        f"{_level(league)} each, tasks are their sampling units, and they are not adjusted for the number of methods. "
        "Methods without a rank are not in every arena, or buy ground-truth labels."
    )
    return TableView(
        "standings", "Standings", intro, columns, tuple(_standing(league, one) for one in league.standings)
    )


def verdicts_table(league: League) -> TableView | None:
    """Return where each method beats and hurts; None where none does anywhere."""
    rows = [one for one in league.standings if one.beats or one.hurts]
    if not rows:
        return None
    columns = (
        Column("method", numeric=False, key=True),
        Column("hurts on", numeric=False),
        Column("beats on", numeric=False),
    )
    rows.sort(key=lambda one: -len(one.hurts))
    cells = tuple((Cell(one.method), Cell(_places(one.hurts)), Cell(_places(one.beats))) for one in rows)
    intro = f"Arenas with a significant difference to {league.reference}, the method that hurts most often first."
    return TableView("verdicts", "Which method hurts where", intro, columns, cells)


def arena_table(league: League, arena: Arena, number: int) -> TableView:
    """Return the table of one arena, the most accurate method first."""
    columns = (
        Column("method", numeric=False, key=True),
        Column("accuracy", "of the student on the test set"),
        Column("PGR", "performance gap recovered: gain / (ceiling - weak)"),
        Column("difference", f"accuracy minus that of {league.reference} on the same seeds and test examples"),
        Column("Holm p", "two-sided, adjusted for all comparisons of this arena"),
        Column("seconds per run", "student training"),
        Column("verdict", numeric=False),
    )
    entrants = sorted(arena.entrants, key=lambda one: -one.accuracy.estimate)
    return TableView(
        f"arena-{number}", arena.title, _arena_intro(arena), columns, tuple(_entrant(one) for one in entrants)
    )


def league_findings(league: League) -> list[Finding]:
    """Return what the league found, in sentences made from its numbers."""
    found = [Finding("open", friedman_sentence(league)), *_pairs(league), *_verdicts(league), _halves(league)]
    repeated = len(league.arenas) - len(league.tasks)
    notes = [
        f"Holm's correction runs within each arena, not over all {len(league.arenas)}: of arenas in which nothing "
        f"differs, up to {100 * league.alpha:g} % would still show a finding."
    ]
    if repeated:
        notes.append(
            "Arenas of one task share its examples: they count as one block of ranks and one cluster of means."
        )
    buying = [f"{one.method} ({fmt.count(one.gold)})" for one in league.standings if one.gold]
    if buying:
        notes.append(
            f"Not ranked and never chosen, because they buy ground-truth labels (per run): {_some(buying)}. Their "
            "fair rivals learn from as many such labels."
        )
    without = [arena.place for arena in league.arenas if arena.reference.pgr.reason is not None]
    if without:
        minimum = fmt.number(league.arenas[0].reference.pgr.minimum_gap, 2)
        notes.append(
            f"No PGR, and no part in means of it: {fmt.listed(without)}; there the gap between ceiling and weak "
            f"supervisor is not surely above {minimum}."
        )
    notes += [f"No PGR ratio for {_some(methods)}: {reason}." for reason, methods in _without_ratio(league).items()]
    notes += [f"Left out: {one}." for one in league.left_out]
    return [*found, *(Finding("note", note) for note in notes)]


def halves_rows(league: League) -> list[tuple[str, str]]:
    """Return what comes of choosing a method on half of the tasks: name and value of each number."""
    found = league.halves
    rows = [("rule", found.rule), ("chosen on", ", ".join(found.choose)), ("tested on", ", ".join(found.test) or "–")]
    if found.chosen is not None and found.chosen_on is not None:
        rows += [("chosen method", found.chosen), ("its mean PGR where chosen", number(found.chosen_on.mean))]
    if found.tested_on is not None and found.reason is None:
        tested = found.tested_on
        rows += [
            ("its mean PGR where tested", number(tested.mean)),
            (f"{league.reference}'s mean PGR where tested", number(tested.reference_mean)),
        ]
        if tested.difference is not None and tested.ratio is not None:
            rows += [("difference", number(tested.difference, sign=True)), ("ratio", number(tested.ratio))]
        rows.append(("arenas tested", f"{tested.n_arenas} on {fmt.quantity(len(tested.tasks), 'task')}"))
    if found.reason is not None:
        rows.append(("missing", found.reason))
    return rows


def number(found: Pooled | None, *, sign: bool = False) -> str:
    """Return a number over arenas with its interval, or why something is missing."""
    if found is None:
        return fmt.NOTHING
    if found.estimate is None:
        return f"none: {found.reason}"
    text = fmt.difference(found) if sign else fmt.interval(found)
    if found.reason is not None:
        text = f"{fmt.signed(found.estimate) if sign else fmt.number(found.estimate)} (no interval: {found.reason})"
    return text


def _standing(league: League, one: Standing) -> tuple[Cell, ...]:
    ours = one.method == league.reference
    recovery = one.recovery
    return (
        Cell(one.method, "reference" if ours else ""),
        Cell(fmt.number(one.rank, 2), value=one.rank),
        Cell(fmt.NOTHING) if ours else Cell(str(len(one.beats)), value=len(one.beats), help=_places(one.beats)),
        Cell(fmt.NOTHING) if ours else Cell(str(len(one.hurts)), value=len(one.hurts), help=_places(one.hurts)),
        Cell(str(one.n_arenas), value=one.n_arenas),
        _pooled(one.difference, sign=True),
        _pooled(recovery.mean),
        _pooled(recovery.difference, sign=True),
        _pooled(recovery.ratio),
        Cell(_cost(one.cost_s), value=one.cost_s),
        Cell(fmt.count(one.gold), value=one.gold),
    )


def _entrant(one: Entrant) -> tuple[Cell, ...]:
    difference = one.difference
    shown = Cell(fmt.NOTHING)
    if difference is not None:
        limits = fmt.limits(difference.low, difference.high)
        shown = Cell(fmt.signed(difference.estimate), limits, difference.estimate)
    limits = fmt.limits(one.accuracy.low, one.accuracy.high)
    return (
        Cell(one.method),
        Cell(fmt.number(one.accuracy.estimate), limits, one.accuracy.estimate),
        _pgr(one.pgr),
        shown,
        Cell(fmt.p_value(one.p_adjusted), value=one.p_adjusted),
        Cell(_cost(one.cost_s), value=one.cost_s),
        Cell(VERDICTS[one.verdict]),
    )


def _pgr(found: Pgr) -> Cell:
    if found.estimate is None:
        return Cell("no PGR", help=found.reason or "")
    return Cell(fmt.number(found.estimate), fmt.limits(found.low, found.high), found.estimate, found.note)


def _pooled(found: Pooled | None, *, sign: bool = False) -> Cell:
    if found is None:
        return Cell(fmt.NOTHING)
    if found.estimate is None:
        return Cell("none", help=found.reason or "")
    text = fmt.signed(found.estimate) if sign else fmt.number(found.estimate)
    below = fmt.limits(found.low, found.high) if found.low is not None else "no interval"
    return Cell(text, below, found.estimate, found.reason or "")


def _arena_intro(arena: Arena) -> str:
    found = arena.reference.pgr
    text = (
        f"Weak supervisor {fmt.interval(found.weak)}, ceiling {fmt.interval(found.ceiling)}, "
        f"gap {fmt.interval(found.gap)}; {fmt.quantity(found.n_seeds, 'seed')}, {fmt.count(found.n_test)} test "
        f"examples per seed, {fmt.count(found.n_examples)} different."
    )
    missing = fmt.quantity(sum(one.pgr.reason is not None for one in arena.entrants), "method")
    return f"{text} No PGR for {missing}: {found.reason}." if found.reason else text


def _pairs(league: League) -> list[Finding]:
    """Return which methods rank significantly apart from the reference, and whether any pair does."""
    ranking, apart = league.ranking, league.ranking.critical_difference
    if apart is None:
        return []
    ranks = dict(zip(ranking.methods, ranking.ranks, strict=True))
    k = len(ranks)
    differing = sum(abs(a - b) >= apart for i, a in enumerate(ranking.ranks) for b in ranking.ranks[:i])
    best = ranking.methods[0]
    text = (
        f"The best average rank is that of {best} ({fmt.number(ranks[best], 2)} of {k}); {differing} of "
        f"{k * (k - 1) // 2} pairs of methods lie at least the critical difference of {fmt.number(apart, 2)} apart."
    )
    found = [Finding("open", text)]
    own = ranks[league.reference]
    for tone, word, sign in (("better", "better", 1), ("worse", "worse", -1)):
        names = [name for name, rank in ranks.items() if sign * (own - rank) >= apart]
        if names:
            text = f"Ranks significantly {word} than {league.reference} ({fmt.number(own, 2)}): {_some(names)}."
            found.append(Finding("better" if tone == "better" else "worse", text))
    return found


def _verdicts(league: League) -> list[Finding]:
    rivals = [one for one in league.standings if one.method != league.reference]
    good = [f"{one.method} ({len(one.beats)} of {one.n_arenas})" for one in rivals if one.beats and not one.hurts]
    mixed = [one.method for one in rivals if one.beats and one.hurts]
    bad = [f"{one.method} ({len(one.hurts)} of {one.n_arenas})" for one in rivals if one.hurts and not one.beats]
    rest = [one.method for one in rivals if not one.beats and not one.hurts]
    found = []
    if good:
        found.append(Finding("better", f"Beats {league.reference} somewhere and hurts nowhere: {_some(good)}."))
    if mixed:
        found.append(Finding("open", f"Beats {league.reference} in some arenas and hurts in others: {_some(mixed)}."))
    if bad:
        found.append(Finding("worse", f"Hurts somewhere and beats {league.reference} nowhere: {_some(bad)}."))
    if rest:
        text = f"No difference to {league.reference} was shown in any arena: {_some(rest)}. They need not be equal."
        found.append(Finding("open", text))
    return found


def _halves(league: League) -> Finding:
    found = league.halves
    tested = found.tested_on
    if found.chosen is None or found.chosen_on is None or tested is None or found.reason is not None:
        return Finding("note", f"Choosing on half of the tasks: {found.reason}.")
    start = f"Chosen on {_places(found.choose)} and tested on {_places(found.test)}: {found.chosen}, mean PGR"
    shown = f"{start} {number(tested.mean)}"
    if tested.difference is None:
        return Finding("open", f"{shown}; no method was better where it was chosen.")
    text = (
        f"{shown} against {number(tested.reference_mean)} of {league.reference}: "
        f"difference {number(tested.difference, sign=True)}, ratio {number(tested.ratio)}."
    )
    low, high = tested.difference.low, tested.difference.high
    if low is not None and low > 0:
        return Finding("better", text)
    return Finding("worse" if high is not None and high < 0 else "open", text)


def _without_ratio(league: League) -> dict[str, list[str]]:
    """Return the methods without a PGR ratio, by the reason."""
    found: dict[str, list[str]] = {}
    for one in league.standings:
        ratio = one.recovery.ratio
        if ratio is not None and ratio.estimate is None and ratio.reason is not None:
            found.setdefault(ratio.reason, []).append(one.method)
    return found


def _some(names: Sequence[str]) -> str:
    shown = list(names[:MOST_NAMED])
    more = len(names) - len(shown)
    return fmt.listed([*shown, f"{more} more"] if more else shown)


def _places(places: Sequence[str]) -> str:
    return ", ".join(places) or fmt.NOTHING


def _cost(value: float) -> str:
    return f"{value:.2f}" if value >= 0.995 else f"{value:.2g}"


def _alpha(league: League) -> str:
    return f"{league.alpha:g}"[1:]


def _level(league: League) -> str:
    return f"{100 * league.level:g} %"
