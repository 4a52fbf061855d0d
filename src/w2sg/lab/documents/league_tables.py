"""The tables of a league."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from w2sg.core import Cell, DataTable, Heading, wording
from w2sg.lab.comparisons import Comparison, Entrant
from w2sg.lab.documents.parts import PGR_HELP, Marks, level_of, pgr_cell, rests_on, text_column

if TYPE_CHECKING:
    from w2sg.lab.families import OverTasks
    from w2sg.lab.league import League
    from w2sg.lab.standings import Standing

VERDICTS = {"beats": "beats ▲", "hurts": "hurts ▼", "no difference": "no difference", "reference": "reference"}


def standings_table(league: "League") -> DataTable:
    """Return the overall table: one row for each method."""
    reference = league.reference
    mean = f"minus that of {reference} in the same arenas"
    columns = (
        text_column("method", key=True),
        Heading("pgr", "mean PGR", "over the arenas whose gap is large enough for a PGR"),
        Heading("rank", "rank", "average rank by accuracy over families of tasks; 1 is the best possible", decimals=2),
        Heading("beats", "beats", f"arenas in which it is significantly better than {reference}", "count"),
        Heading("hurts", "hurts", f"arenas in which it is significantly worse than {reference}", "count"),
        Heading("arenas", "arenas", "arenas that it took part in", "count"),
        Heading("difference", "accuracy difference", f"mean accuracy {mean}", "signed"),
        Heading("pgr_difference", "PGR difference", f"mean PGR {mean}", "signed"),
        Heading("pgr_ratio", "PGR ratio", f"mean PGR over that of {reference} in the same arenas, Fieller's interval"),
        Heading("cost", "seconds per run", "student training, the mean over arenas", "cost"),
        text_column("tier", "knows"),
        Heading("gold", "gold", "ground-truth labels of the transfer split that it buys per run", "count"),
    )
    intro = (
        f"{wording.quantity(len(league.standings), 'method')} in {wording.quantity(len(league.arenas), 'arena')} (a "
        f"task, a weak supervisor and a student) on {wording.quantity(len(league.tasks), 'task')}. Beats and hurts: "
        f"significantly better or worse than {reference}, paired, Holm p < {league.alpha:g} within the arena. "
        f"Intervals over arenas are {level_of(league.level)} each, families of tasks are their sampling units, arenas "
        "weigh the same, and they are not adjusted for the number of methods. Methods without a rank are not in every "
        f"arena, or know more than {reference}: only methods that know as much are ranked with each other."
    )
    marks = Marks(league.standings)
    rows = tuple(_standing(standing, standing.method == reference, marks) for standing in league.standings)
    return DataTable("standings", "Standings", intro.replace("< 0.", "< ."), columns, rows)


def verdicts_table(league: "League") -> DataTable | None:
    """Return where each method beats and hurts; None where none does anywhere."""
    decided = [standing for standing in league.standings if standing.beats or standing.hurts]
    # Harm first: a method that helps elsewhere is only of use to somebody who knows where it hurts.
    decided.sort(key=lambda standing: -len(standing.hurts))
    columns = text_column("method", key=True), text_column("hurts", "hurts on"), text_column("beats", "beats on")
    marks = Marks(league.standings)
    rows = tuple(
        (Cell(standing.method, note=marks.note(standing.method)), _places(standing.hurts), _places(standing.beats))
        for standing in decided
    )
    intro = f"Arenas with a significant difference to {league.reference}, the method that hurts most often first."
    return DataTable("verdicts", "Which method hurts where", intro, columns, rows, terminal=False) if rows else None


def arena_table(league: "League", number: int, arena: Comparison) -> DataTable:
    """Return the table of one arena, the most accurate method first."""
    paired = f"accuracy minus that of {league.reference} on the same seeds and test examples"
    columns = (
        text_column("method", key=True),
        Heading("pgr", "PGR", PGR_HELP),
        Heading("accuracy", "accuracy", "of the student on the test set"),
        Heading("difference", "difference", paired, "signed"),
        Heading("p_holm", "Holm p", "two-sided, adjusted for all comparisons of this arena", "p"),
        Heading("cost", "seconds per run", "student training", "cost"),
        text_column("verdict"),
    )
    share = arena.reference.pgr
    intro = (
        f"Weak supervisor {wording.interval(share.weak)}, ceiling {wording.interval(share.ceiling)}, "
        f"gap {wording.interval(share.gap)}; {rests_on(share)}."
    )
    if arena.direct is not None:
        said = "faithful" if arena.faithful else "not faithful"
        intro += f" Trained on supervision gold itself: {wording.difference(arena.direct.difference)}, so {said}."
    if share.reason:
        missing = sum(entrant.pgr.reason is not None for entrant in arena.entrants)
        intro += f" No PGR for {wording.quantity(missing, 'method')}: {share.reason}."
    # By accuracy and not by PGR, because every method has an accuracy.
    entrants = sorted(arena.entrants, key=lambda entrant: -entrant.pgr.student.estimate)
    rows = tuple(_entrant(entrant, Marks(entrants)) for entrant in entrants)
    return DataTable(f"arena-{number}", arena.title, intro, columns, rows, terminal=False)


def _standing(standing: "Standing", is_reference: bool, marks: Marks) -> tuple[Cell, ...]:
    counted = [
        # The reference cannot beat itself: an empty cell, not a 0, which would read as a result.
        Cell() if is_reference else Cell(len(places), help=", ".join(places) or wording.NOTHING)
        for places in (standing.beats, standing.hurts)
    ]
    recovery = standing.recovery
    return (
        Cell(standing.method, note="reference" if is_reference else marks.note(standing.method)),
        _mean(recovery.mean),
        Cell(standing.rank),
        *counted,
        Cell(standing.n_arenas),
        *(_mean(number) for number in (standing.difference, recovery.difference, recovery.ratio)),
        Cell(standing.cost_s),
        Cell(standing.tier),
        Cell(standing.gold),
    )


def _mean(number: "OverTasks | None") -> Cell:
    if number is None:
        return Cell()
    # Why there is no interval is shown when pointed at: over one task the same reason would stand in every row.
    note = "no interval" if number.estimate is not None and number.low is None else ""
    return Cell.of(number, missing="none", note=note, help=number.reason or "")


def _entrant(entrant: Entrant, marks: Marks) -> tuple[Cell, ...]:
    return (
        Cell(entrant.method, note=marks.note(entrant.method)),
        pgr_cell(entrant.pgr),
        Cell.of(entrant.pgr.student),
        Cell.of(entrant.difference),
        Cell(entrant.p_adjusted),
        Cell(entrant.cost_s),
        Cell(VERDICTS[entrant.verdict]),
    )


def _places(places: Sequence[str]) -> Cell:
    return Cell(", ".join(places) or None)
