"""The tables of a study: results, comparisons, test sets and breakdowns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from w2sg.core import Cell, DataTable, Heading, Style, wording
from w2sg.lab.comparisons import Comparison, Entrant, differences
from w2sg.lab.documents.examples import RIGHT, WRONG, Shown, example_row
from w2sg.lab.documents.parts import PGR_HELP, Marks, anchor, level_of, pgr_cell, short, text_column
from w2sg.lab.examples import AT_RANDOM, DISPUTED
from w2sg.lab.results import TestSet
from w2sg.lab.setup import TEST
from w2sg.measure import Interval, PairedDifference, Pgr

QUARTERS = {"0": "quarter 1 (easiest)", "1": "quarter 2", "2": "quarter 3", "3": "quarter 4 (hardest)"}
SHARED = ("task", "supervisor", "model", "reference", "test_set", "by", "trust")
"""Columns that become a sentence where all rows have the same text."""


def _wide(name: str, title: str, help: str, style: Style = "number") -> Heading:
    """Return the heading of a column for which a terminal has no room."""
    return Heading(name, title, help, style, terminal=False)


_COLUMNS = (
    *(text_column(name) for name in ("task", "supervisor", "reference", "by", "part")),
    text_column("model", "student"),
    text_column("method", key=True),
    text_column("test_set", "test set", key=True),
    Heading("weak", "weak accuracy", "accuracy of the weak supervisor on the test set"),
    Heading("student", "student accuracy", "accuracy of the student on the test set"),
    Heading("ceiling", "ceiling accuracy", "accuracy of the same student trained on ground truth"),
    Heading("direct", "direct accuracy", "accuracy of the same student trained on the supervision gold itself"),
    Heading("pgr", "PGR", PGR_HELP),
    Heading("difference", "difference", "accuracy minus the reference's on the same seeds and examples", "signed"),
    Heading("p", "p", "two-sided, of no difference, for this comparison alone", "p"),
    Heading("p_holm", "Holm p", "adjusted for all comparisons of the same task, supervisor and student", "p"),
    Heading("trust", "trust tier", "where the numbers were made: T0, T1 or T2, and beside whose code", style="text"),
    _wide("bootstrap", "PGR, bootstrap check", "made a second way: hierarchical bootstrap, seeds outside"),
    _wide(
        "majority", "majority class", "accuracy of naming the most frequent class of the transfer split for everything"
    ),
    _wide("chance", "chance", "accuracy of naming a class at random: 1 / classes"),
    _wide("gain", "gain", "accuracy of the student minus that of the weak supervisor", "signed"),
    _wide("agreement", "agreement", "share of test examples on which student and weak supervisor say the same"),
    _wide("errors_copied", "errors copied", "share of the weak supervisor's errors that the student repeats"),
    _wide("ece", "ECE", "expected calibration error of the student, lower is better"),
    _wide("calibration", "calibration error", "of the student, root mean square over bins, debiased (1909.10155)"),
    _wide("auroc", "AUROC", "area under the student's ROC curve, one class against the rest"),
    _wide("pgr_difference", "PGR difference", "the difference in units of the gap of ceiling and supervisor", "signed"),
    text_column("input"),
    text_column("weak_label", "weak label"),
    text_column("answer", "student's answer"),
    text_column("best_answer", "ceiling's answer"),
    text_column("gold"),
    Heading("disagreement", "disagreement", "from 0 to 1: how far the answers that are compared are apart"),
    text_column("chosen", "chosen"),
    _wide("seeds", "seeds", "number of runs behind the row", "count"),
    _wide("test", "test examples", "test examples per seed; below, different ones over all seeds", "count"),
)
COLUMNS = {column.name: column for column in _COLUMNS}

FIRST = ("pgr", "weak", "student", "ceiling", "direct")
"""What results begin with: the PGR stands beside the method that it is of."""
ON_TERMINALS = ("results", "comparisons", "test-sets")
MAY_LACK = frozenset({"direct", "difference", "majority", "chance"})
"""Columns that are left out where no row has a number in them, as with written answers and in runs of old stores."""
Row = dict[str, Cell]


def study_tables(comparisons: Sequence[Comparison]) -> list[DataTable]:
    """Return the tables that a study gives."""
    level = level_of(comparisons[0].reference.pgr.level)
    tables = [
        _table(
            "results",
            "Results",
            f"Accuracies on the test set in distribution. Intervals are {level}.",
            [_result(*pair) for pair in _entrants(comparisons)],
        ),
        _table(
            "comparisons",
            "Comparisons of methods",
            "Every method with the reference of its task, supervisor and student, paired by seed and test example. "
            f"Intervals are {level} each and not adjusted; Holm p is.",
            [_compared(*pair, pair[1].paired) for pair in _entrants(comparisons) if pair[1].paired is not None],
        ),
        _table(
            "test-sets",
            "Test sets",
            "Every test set by itself; 'test' is the one in distribution, the others are shifted. Differences are from "
            f"the reference, the first method of its place, paired on the same test set. Intervals are {level}.",
            [row for comparison in comparisons for row in _by_test_set(comparison)],
        ),
        _table(
            "breakdown",
            "By group and difficulty",
            "Means over seeds within groups of test examples; these numbers have no intervals.",
            [row for pair in _entrants(comparisons) for row in _breakdowns(*pair)],
        ),
    ]
    return [table for table in tables if table is not None]


def _entrants(comparisons: Sequence[Comparison]) -> Iterator[tuple[Comparison, Entrant]]:
    return ((comparison, entrant) for comparison in comparisons for entrant in comparison.entrants)


def _labels(comparison: Comparison, entrant: Entrant) -> Row:
    return {
        "task": Cell(short(comparison.task)),
        "supervisor": Cell(short(comparison.supervisor)),
        "model": Cell(short(comparison.student)),
        "method": Cell(short(entrant.method), link=anchor(entrant.result), note=Marks([entrant]).note(entrant.method)),
    }


def examples_table(comparisons: Sequence[Comparison], examples: Shown) -> DataTable | None:
    """Return the table of a study's examples; None where there are none."""
    entrants = [(comparison, entrant) for comparison in comparisons for entrant in comparison.entrants]
    shown = [pair for pair in entrants if pair[1].result.run_ids[:1] and pair[1].result.run_ids[0] in examples]
    rows = [
        {**_labels(*pair), **example_row(example)} for pair in shown for example in examples[pair[1].result.run_ids[0]]
    ]
    of = "" if len(shown) == len(entrants) else f" Shown are {len(shown)} of {len(entrants)} setups."
    intro = (
        f"Of each setup's first seed and each test set: up to {DISPUTED} examples on which student and weak supervisor "
        f"differ most, and {AT_RANDOM} drawn from the others, so these rows are no sample.{of} Long inputs are "
        f"shortened. {RIGHT} is right, {WRONG} is wrong, by the labels that scoring opened."
    )
    return _table("examples", "Examples", intro, rows)


def _result(comparison: Comparison, entrant: Entrant) -> Row:
    test = entrant.result.tests[TEST]
    # The check has limits and no estimate of its own: it is there to be compared with the interval beside it.
    check = test.bootstrap
    bootstrap = Cell(low=check.low, high=check.high, note=check.method) if check else Cell()
    scores = _scores(test)
    # Columns stand in the order of the first row, so what matters most has to be put first here.
    first = {name: scores.pop(name) for name in FIRST}
    first |= {"trust": Cell(entrant.result.trust), "bootstrap": bootstrap}
    return {**_labels(comparison, entrant), **first, **scores}


def _by_test_set(comparison: Comparison) -> Iterator[Row]:
    """Yield a row for each method and test set of a place that has several."""
    first = comparison.reference.result
    rivals = {entrant.method: entrant.result for entrant in comparison.entrants if not entrant.is_reference}
    paired = {test: differences(first, rivals, test) for test in first.tests if len(first.tests) > 1}
    for entrant in comparison.entrants:
        for name, test in entrant.result.tests.items():
            if len(entrant.result.tests) > 1:
                found = paired.get(name, {}).get(entrant.method)
                scores = _scores(test)
                shown = {column: scores.pop(column) for column in FIRST}
                difference = (
                    Cell(missing="reference") if entrant.is_reference else Cell.of(found.difference if found else None)
                )
                yield {
                    **_labels(comparison, entrant),
                    "test_set": Cell(name),
                    **shown,
                    "difference": difference,
                } | scores


def _scores(test: TestSet) -> Row:
    share, student, direct = test.pgr, test.means.get("student", {}), test.direct_pgr
    own = test.intervals.get("student", {})
    return {
        "pgr": pgr_cell(share, f"gap {wording.interval(share.gap)}"),
        **{who: _estimate(getattr(share, who)) for who in ("weak", "student", "ceiling")},
        "direct": Cell(missing="none") if direct is None else _estimate(direct.student),
        "majority": Cell(test.means.get("majority")),
        "chance": Cell(test.means.get("chance")),
        "gain": _estimate(share.gain),
        "agreement": _metric(test.means, test.intervals, "agreement"),
        "errors_copied": _metric(test.means, test.intervals, "errors_copied"),
        "ece": Cell(student.get("ece")),
        "calibration": _metric({}, own, "calibration_error"),
        "auroc": _metric(student, own, "auroc"),
        **_counts(share),
    }


def _estimate(interval: Interval) -> Cell:
    return Cell.of(interval, help=interval.note)


def _metric(means: Mapping[str, Any], intervals: Mapping[str, Any], name: str) -> Cell:
    """Return a metric with its interval; runs of older versions have the mean alone."""
    return Cell.of(intervals[name]) if name in intervals else Cell(means.get(name))


def _counts(counted: Pgr | PairedDifference) -> Row:
    return {
        "seeds": Cell(counted.n_seeds, help=counted.note),
        "test": Cell(counted.n_test, note=f"{wording.count(counted.n_examples)} different"),
    }


def _compared(comparison: Comparison, entrant: Entrant, paired: PairedDifference) -> Row:
    return {
        **_labels(comparison, entrant),
        "reference": Cell(short(comparison.reference.method)),
        "difference": _estimate(paired.difference),
        "p": Cell(paired.p_value),
        "p_holm": Cell(paired.p_adjusted),
        "pgr_difference": Cell.of(paired.pgr_difference)
        if paired.pgr_difference
        else Cell(missing="none", note="gap too small", help=paired.reason or ""),
        **_counts(paired),
    }


def _breakdowns(comparison: Comparison, entrant: Entrant) -> Iterator[Row]:
    for name, test in entrant.result.tests.items():
        for by, parts in test.means.get("breakdown", {}).items():
            for part in parts.get("student", {}):
                labels = {**_labels(comparison, entrant), "test_set": Cell(name), "by": Cell(by)}
                yield {**labels, **_broken_down(by, part, parts), "seeds": _counts(test.pgr)["seeds"]}


def _broken_down(by: str, part: str, parts: Mapping[str, Any]) -> Row:
    # A group of test examples may lack somebody's accuracy: its cell is then empty.
    accuracy = {who: parts.get(who, {}).get(part, {}).get("accuracy") for who in ("weak", "student", "ceiling")}
    weak, student = accuracy["weak"], accuracy["student"]
    return {
        "part": Cell(QUARTERS.get(part, part) if by == "difficulty" else part),
        "test": Cell(parts["student"][part].get("n")),
        **{who: Cell(value) for who, value in accuracy.items()},
        "gain": Cell(None if weak is None or student is None else student - weak),
    }


def _table(name: str, title: str, intro: str, rows: Sequence[Row]) -> DataTable | None:
    """Return a table, with labels that all rows share in its introduction instead of a column; None without rows."""
    if not rows:
        return None
    columns = [name for name in rows[0] if name not in MAY_LACK or any(row[name].value is not None for row in rows)]
    # A column that says the same in every row takes room and says nothing: it becomes a sentence.
    same = [column for column in columns if column in SHARED and len({row[column].value for row in rows}) == 1]
    if same and len(rows) > 1:
        # A table of a single row keeps its labels: a sentence beside one row would only be harder to read.
        intro += f" In all rows: {', '.join(f'{COLUMNS[column].title} {rows[0][column].value}' for column in same)}."
        columns = [column for column in columns if column not in same]
    cells = tuple(tuple(row[column] for column in columns) for row in rows)
    headings = tuple(COLUMNS[column] for column in columns)
    return DataTable(name, title, intro, headings, cells, terminal=name in ON_TERMINALS)
