"""What a league says over families of tasks: its table, its findings, and those of leaving one family out."""

from functools import partial
from typing import TYPE_CHECKING

from w2sg.core import Cell, DataTable, Finding, Heading, Tone, wording
from w2sg.lab.documents.parts import Marks, level_of, text_column

if TYPE_CHECKING:
    from w2sg.lab.families import Effects, OverTasks
    from w2sg.lab.league import League
    from w2sg.lab.standings import Standing

MOST_NAMED = 12
"""A sentence names at most this many methods."""


def effects_table(league: "League") -> DataTable:
    """Return how each method differs from the reference over families, the best first."""
    reference = league.reference
    new = f"where the effect on a new family lies ({level_of(league.level)}, random effects)"
    columns = (
        text_column("method", key=True),
        text_column("verdict"),
        Heading(
            "mean", "accuracy difference", "random-effects mean over families, Hartung and Knapp's interval", "signed"
        ),
        Heading("prediction", "on a new family", new, "signed"),
        Heading("probability", "P(better)", "that the effect on a new family is above 0, if effects are normal", "p"),
        Heading("p", "Holm p", "the larger of mean and signed ranks, adjusted for all methods", "p"),
        Heading("p_mean", "p mean", "of a mean effect of 0, not adjusted", "p", terminal=False),
        Heading("p_ranks", "p ranks", "Wilcoxon's signed ranks over families, not adjusted", "p", terminal=False),
        Heading(
            "p_equivalent", "p equal", f"that the mean is at least {league.margin:g} off 0; Holm", "p", terminal=False
        ),
        Heading("worst", "most harm", "the lowest difference of an arena, with its own interval", "signed"),
        text_column("worst_place", "most harm in"),
        Heading("pgr", "PGR difference", "random-effects mean over families with a gap", "signed", terminal=False),
        Heading("pgr_prediction", "PGR on a new family", new, "signed", terminal=False),
        Heading(
            "pgr_probability", "P(PGR better)", "that the effect in PGR on a new family is above 0", "p", terminal=False
        ),
        Heading("families", "families", "with a difference, and with one of PGR", "count", terminal=False),
    )
    intro = (
        f"Each method against {reference} on {wording.quantity(len(league.families), 'family', 'families')} of tasks: "
        "tasks made of the same files are one. The difference in accuracy counts everywhere, that in PGR only where "
        "there is a gap. Better or worse: by the random-effects mean and by Wilcoxon's signed ranks, the larger p "
        f"adjusted by Holm over {wording.quantity(len(league.standings) - 1, 'method')}, below {league.alpha:g}. "
        f"Equivalent: the mean difference is within {league.margin:g} of accuracy (two one-sided tests, Holm); single "
        "tasks may differ by more. The most harm is chosen as the lowest, so it exaggerates; pointed at, it shows the "
        "effect on its family drawn to the mean."
    )
    rivals = [standing for standing in league.standings if standing.method != reference]
    rivals.sort(key=lambda standing: -(standing.effects.estimate if standing.effects else 0.0))
    return DataTable(
        "effects", "Effects over tasks", intro, columns, tuple(_effects(one, Marks(league.standings)) for one in rivals)
    )


def family_findings(league: "League") -> list[Finding]:
    """Return which methods are better or worse over families, which are equivalent, and what holds on a new one."""
    rivals = [standing for standing in league.standings if standing.method != league.reference]
    verdicts = {standing.method: standing.effects.verdict for standing in rivals if standing.effects}
    k, m, start = len(league.families), len(verdicts), f"over {len(league.families)} families of tasks"
    if not any(verdicts.values()):
        return [
            Finding("open", "One family of tasks: no verdict over tasks, nothing says how much others would differ.")
        ]
    kinds: list[tuple[Tone, str, str, str]] = [
        ("better", "better", f"Better than {league.reference} {start}", ""),
        ("worse", "worse", f"Worse than {league.reference} {start}", ""),
        ("open", "equivalent", f"Equivalent to {league.reference} in the mean {start}, within {league.margin:g}", ""),
        (
            "open",
            "no difference",
            f"Neither a difference nor equivalence was shown {start}",
            " They need not be equal.",
        ),
    ]
    named = [
        (tone, text, [name for name, one in verdicts.items() if one == kind], end) for tone, kind, text, end in kinds
    ]
    some = partial(Marks(league.standings).some, most=MOST_NAMED)
    findings = [Finding(tone, f"{text}: {some(names)}.{end}") for tone, text, names, end in named if names]
    # Signed ranks of k families have no p-value below 2 / 2^k.
    least = min(1.0, m * 2.0 ** (1 - k))
    if least >= league.alpha:
        findings.append(
            Finding(
                "note",
                f"{k} families are too few for a verdict on {wording.quantity(m, 'method')}: signed ranks cannot give "
                f"a Holm p below {wording.p_value(least)}.",
            )
        )
    best = max(rivals, key=lambda standing: standing.effects.estimate if standing.effects else float("-inf"))
    return [*findings, *_ahead(league, best)]


def _ahead(league: "League", best: "Standing") -> list[Finding]:
    effects, worst = best.effects, best.worst
    if effects is None or worst is None or effects.prediction is None:
        return []
    text = (
        f"The highest mean effect is that of {Marks(league.standings).named(best.method)}: "
        f"{wording.difference(effects)} accuracy. On a new family its effect lies in "
        f"{wording.limits(effects.prediction.low, effects.prediction.high)} and is above 0 with probability "
        f"{wording.p_value(effects.probability_above)}, if effects are normal; its worst arena is "
        f"{worst.place}, {wording.difference(worst.difference)}."
    )
    pgr = best.pgr_effects
    if pgr is not None and pgr.prediction is not None:
        text += (
            f" In PGR, over {pgr.n_families} families with a gap: {wording.difference(pgr)}, on a new one "
            f"{wording.limits(pgr.prediction.low, pgr.prediction.high)}, above 0 with probability "
            f"{wording.p_value(pgr.probability_above)}."
        )
    return [Finding("open", text)]


def held_out_finding(league: "League") -> Finding:
    """Return what methods were worth on families that had no say in choosing them."""
    held = league.held_out
    if held.reason is not None or held.effects is None or held.recovery is None:
        return Finding("note", f"Leaving one family out: {held.reason}.")
    chosen = Marks(league.standings).some(list(dict.fromkeys(fold.chosen for fold in held.folds)), MOST_NAMED)
    start = (
        "Chosen by mean PGR on all other families and tried on the one left out "
        f"({chosen}, {len(held.folds)} families): accuracy {wording.difference(held.effects)} against "
        f"{league.reference}"
    )
    recovery = held.recovery
    if held.pgr_effects is None or recovery.difference is None:
        return Finding("open", f"{start}.")
    text = (
        f"{start}; mean PGR {_over_tasks(recovery.mean)} against {_over_tasks(recovery.reference_mean)}, difference "
        f"{wording.difference(held.pgr_effects)}. Choices share families, so these intervals are approximate."
    )
    return Finding("open", text)


def held_out_table(league: "League") -> DataTable:
    """Return each family with the method that all others chose, and its effect."""
    columns = (
        text_column("family", key=True),
        text_column("chosen", "chosen on the others"),
        Heading("difference", "accuracy difference", f"to {league.reference}, on the family left out", "signed"),
        Heading("pgr_difference", "PGR difference", "the same in PGR, where there is a gap", "signed"),
    )
    marks = Marks(league.standings)
    rows = tuple(
        (
            Cell(fold.family),
            Cell(fold.chosen, note=marks.note(fold.chosen)),
            Cell(fold.difference),
            Cell(fold.pgr_difference, missing="no PGR" if fold.pgr_difference is None else ""),
        )
        for fold in league.held_out.folds
    )
    intro = (
        "The method with the highest mean PGR on all other families, among those in the ranking, and what it does on "
        "the family that had no say."
    )
    reason = league.held_out.reason
    return DataTable(
        "held-out", "Leave one family out", intro if reason is None else f"{intro} Missing: {reason}.", columns, rows
    )


def _effects(standing: "Standing", marks: Marks) -> tuple[Cell, ...]:
    effects, worst, pgr = standing.effects, standing.worst, standing.pgr_effects
    if effects is None or worst is None:
        return (Cell(standing.method, note=marks.note(standing.method)), Cell("not compared"), *[Cell()] * 13)
    few = "fewer than three families"
    drawn = f"drawn to the mean: {wording.signed(worst.shrunken)}"
    return (
        Cell(standing.method, note=marks.note(standing.method)),
        Cell(effects.verdict or "no verdict"),
        Cell.of(effects),
        _limits(effects),
        Cell(effects.probability_above, help="" if effects.prediction else few),
        *(Cell(p) for p in (effects.p_adjusted, effects.p_mean, effects.p_ranks, effects.p_equivalent)),
        Cell.of(worst.difference, help=drawn),
        Cell(worst.place),
        Cell.of(pgr, missing="no PGR"),
        _limits(pgr),
        Cell(None if pgr is None else pgr.probability_above),
        Cell(effects.n_families, note=f"{pgr.n_families} with PGR" if pgr else ""),
    )


def _limits(effects: "Effects | None") -> Cell:
    """Return a prediction interval; its middle is the mean, which stands beside it."""
    return Cell(missing="none") if effects is None or effects.prediction is None else Cell.of(effects.prediction)


def _over_tasks(number: "OverTasks") -> str:
    """Return a number over tasks with its interval, or why something is missing, as words of a sentence."""
    if number.estimate is None:
        return f"none: {number.reason}"
    if number.reason is not None:
        return f"{wording.number(number.estimate)} (no interval: {number.reason})"
    return wording.interval(number)
