"""The document of two students held against each other."""

from dataclasses import replace
from typing import TYPE_CHECKING

from w2sg.core import Cell, DataTable, Document, Finding, Heading, wording
from w2sg.lab.documents.examples import RIGHT, WRONG, answer_cell
from w2sg.lab.documents.parts import alone, counted, level_of, notes, short, text_column
from w2sg.lab.results import ALPHA

if TYPE_CHECKING:
    from w2sg.lab.comparing import StudentsCompared, TestSetCompared


def compared_document(compared: "StudentsCompared", *, made_by: str = "") -> Document:
    """Return the document of two students held against each other.

    Args:
        compared: What came out.
        made_by: The command that makes it, to be shown; empty shows none.
    """
    first, second = short(compared.first), short(compared.second)
    places = compared.places
    seeds = sorted({len(place.first.seeds) for place in places})
    under = wording.quantity(seeds[0], "seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    n_tests = sum(len(place.tests) for place in places)
    where = wording.quantity(len(places), "place") if len(places) > 1 else places[0].place
    lead = (
        f"{second} held against {first}, of {compared.of}: {where} under {under}, "
        f"{wording.quantity(n_tests, 'test set')} in all. Both answered the same test examples under the same seeds."
    )
    tables = [_differences(compared), *([_examples(compared)] if any(place.examples for place in places) else [])]
    return Document(
        kind="comparison",
        heading="Weak-to-strong generalization: two students compared",
        title=f"{first} and {second}",
        lead=lead,
        facts=counted({"place": len(places), "test set": n_tests}),
        findings=(*_findings(compared), *notes([f"Left out: {why}." for why in compared.left_out])),
        sections=tuple(alone(_without_place(compared, table)) for table in tables),
        made_by=made_by,
        versions=places[0].first.versions,
        rests_on=wording.quantity(sum(2 * len(place.first.seeds) for place in places), "run"),
        data=compared.to_dict(),
    )


def _findings(compared: "StudentsCompared") -> list[Finding]:
    several = len(compared.places) > 1
    return [
        _finding(compared, test, f"{place.place}: on {test.test}" if several else f"On {test.test}")
        for place in compared.places
        for test in place.tests
    ]


def _finding(compared: "StudentsCompared", test: "TestSetCompared", where: str) -> Finding:
    """Return what the adjusted p-value says of a test set."""
    shown, p = test.paired.difference, wording.p_statement(test.paired.p_adjusted, "Holm p")
    amount = f"{wording.difference(shown)} accuracy ({p})"
    if test.paired.p_adjusted >= ALPHA:
        return Finding("open", f"{where} no difference was shown: {amount}. This does not show that they are equal.")
    better = shown.estimate > 0
    word = "better" if better else "worse"
    return Finding("better" if better else "worse", f"{where} {short(compared.second)} is {word}: {amount}.")


def _without_place(compared: "StudentsCompared", table: DataTable) -> DataTable:
    """Return a table without its first column where that says the same in every row: the lead has it."""
    if len(compared.places) > 1:
        return table
    return replace(table, columns=table.columns[1:], rows=tuple(row[1:] for row in table.rows))


def _differences(compared: "StudentsCompared") -> DataTable:
    first, second = short(compared.first), short(compared.second)
    level = level_of(compared.places[0].tests[0].paired.difference.level)
    columns = (
        text_column("place", key=True),
        text_column("test_set", "test set", key=True),
        Heading("first", first, f"accuracy of {first}"),
        Heading("second", second, f"accuracy of {second}"),
        Heading("difference", "difference", "accuracy of the second minus that of the first, paired", "signed"),
        Heading("p_holm", "Holm p", "two-sided, of no difference, adjusted for all rows of this table", "p"),
        Heading("only_first", f"only {first}", "test examples on which it alone is right, over all seeds", "count"),
        Heading("only_second", f"only {second}", "test examples on which it alone is right, over all seeds", "count"),
        Heading("both", "both", "test examples on which both are right", "count", terminal=False),
        Heading("neither", "neither", "test examples on which none is right", "count", terminal=False),
        Heading("pgr_difference", "PGR difference", "in units of the gap", "signed", terminal=False),
        Heading("p", "p", "for this row alone", "p", terminal=False),
        Heading("seeds", "seeds", style="count", terminal=False),
    )
    rows = tuple(
        (
            Cell(place.place),
            Cell(test.test),
            Cell.of(place.first.tests[test.test].pgr.student),
            Cell.of(place.second.tests[test.test].pgr.student),
            Cell.of(test.paired.difference),
            Cell(test.paired.p_adjusted),
            *(Cell(getattr(test, name)) for name in ("only_first", "only_second", "both", "neither")),
            Cell.of(test.paired.pgr_difference, missing="none"),
            Cell(test.paired.p_value),
            Cell(test.paired.n_seeds, help=test.paired.note),
        )
        for place in compared.places
        for test in place.tests
    )
    intro = (
        f"Differences are {second} minus {first}, paired by seed and test example. Intervals are {level} each and not "
        "adjusted; Holm p is, for all rows."
    )
    return DataTable("differences", "Differences", intro, columns, rows)


def _examples(compared: "StudentsCompared") -> DataTable:
    first, second = short(compared.first), short(compared.second)
    columns = (
        text_column("place", key=True),
        text_column("test_set", "test set", key=True),
        text_column("input"),
        text_column("weak_label", "weak label"),
        text_column("first", first),
        text_column("second", second),
        text_column("gold"),
        Heading("disagreement", "disagreement", "from 0 to 1: how far both answers are apart"),
    )
    rows = tuple(
        (
            Cell(place.place),
            Cell(example.test),
            Cell(example.input, help=f"example {example.id}"),
            *(answer_cell(example.answers[who]) for who in ("weak", "student", "other")),
            Cell(example.gold),
            Cell(example.disagreement),
        )
        for place in compared.places
        for example in place.examples
    )
    intro = (
        "Test examples of the first seed of each place that both answer differently, those first on which they are "
        f"furthest apart: so these rows are no sample. {RIGHT} is right, {WRONG} is wrong, by the labels that scoring "
        "opened."
    )
    return DataTable("examples", "Examples on which they differ", intro, columns, rows)
