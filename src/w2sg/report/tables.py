"""The tables of a report: which columns, and every cell as text, as a number to sort by, and as what to show beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from w2sg.lab import SetupResult, StudyResult, TestSet
from w2sg.measure import Comparison, Interval, Pgr
from w2sg.report import formatting as fmt
from w2sg.report.grouping import MOST_LETTERS, Group, groups_with_contests

HELP = {
    "weak": "accuracy of the weak supervisor on the test set",
    "student": "accuracy of the student on the test set",
    "ceiling": "accuracy of the same student trained on ground truth",
    "PGR": "performance gap recovered: gain / (ceiling - weak)",
    "bootstrap": "the PGR's interval made a second way: hierarchical bootstrap, seeds outer, examples inner",
    "gain": "accuracy of the student minus that of the weak supervisor",
    "agreement": "share of test examples on which student and weak supervisor say the same",
    "errors copied": "share of the weak supervisor's errors that the student repeats",
    "ECE": "expected calibration error of the student, lower is better",
    "AUROC": "area under the student's ROC curve, one class against the rest",
    "seeds": "number of runs behind the row",
    "test": "test examples per seed; below, different ones over all seeds",
    "difference": "accuracy minus that of the reference on the same seeds and test examples",
    "p": "two-sided, of no difference, for this comparison alone",
    "Holm p": "adjusted for all comparisons of the same task, supervisor and student",
    "PGR difference": "the difference in units of the gap between ceiling and weak supervisor",
}
QUARTERS = {"0": "quarter 1 (easiest)", "1": "quarter 2", "2": "quarter 3", "3": "quarter 4 (hardest)"}
TITLES = {
    "model": "student",
    "weak": "weak accuracy",
    "student": "student accuracy",
    "ceiling": "ceiling accuracy",
    "bootstrap": "PGR, bootstrap check",
    "test": "test examples",
}
_TEXTS = ("task", "supervisor", "model", "method", "reference", "test set", "by", "part")
_EXTRA = ("agreement", "errors copied", "ECE", "AUROC")


@dataclass(frozen=True)
class Column:
    """A column: its title, what it means, and whether it holds numbers."""

    title: str
    help: str = ""
    numeric: bool = True
    key: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell: its text, smaller text below, the number to sort by, words shown when pointed at, and a link."""

    text: str
    below: str = ""
    value: float | None = None
    help: str = ""
    link: str = ""


@dataclass(frozen=True)
class TableView:
    """A table ready to be shown.

    Attributes:
        name: Names it within the page.
        title: What it holds.
        intro: What a reader must know first.
        columns: The columns.
        rows: The cells, in the order of the columns.
    """

    name: str
    title: str
    intro: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


Row = dict[str, Cell]


def tables_of(study: StudyResult) -> list[TableView]:
    """Return the tables that a study gives."""
    groups = groups_with_contests(study)
    made = [_results(groups), _comparisons(groups), _test_sets(groups), _breakdowns(groups)]
    return [table for table in made if table is not None]


def anchor(result: SetupResult) -> str:
    """Return the name of the place in the page that says where a result is from."""
    return f"setup-{fmt.short_hash(result.config)}"


def _results(groups: Sequence[Group]) -> TableView | None:
    rows = []
    for group in groups:
        for name, result in group.results.items():
            test = result.tests["test"]
            cells = {**_accuracies(result.pgr), "bootstrap": _bootstrap(test), "gain": _signed(result.pgr.gain)}
            rows.append({**_labels(group, name, result), **cells, **_metrics(test), **_n(result.pgr)})
    intro = "Accuracies on the test set in distribution. Intervals are {level}; each method links to its provenance."
    return _table("results", "Results", intro.format(level=_level(groups)), rows)


def _comparisons(groups: Sequence[Group]) -> TableView | None:
    rows = []
    for group in groups:
        for one in group.contest.comparisons.values() if group.contest else ():
            labels = _labels(group, fmt.shortened(one.name, MOST_LETTERS), _result_of(group, one.name))
            reference = group.contest.reference if group.contest else ""
            rows.append({**labels, "reference": Cell(fmt.shortened(reference, MOST_LETTERS)), **_compared(one)})
    intro = (
        "Every method with the reference of its task, supervisor and student, paired by seed and test example. "
        "Intervals are {level} each and not adjusted; Holm p is."
    )
    return _table("comparisons", "Comparisons of methods", intro.format(level=_level(groups)), rows)


def _result_of(group: Group, name: str) -> SetupResult | None:
    """Return the result that a comparison speaks of: by its method's label, with its hash where labels repeat."""
    labels = {r.label["method"]: r for r in group.results.values()}
    hashed = {f"{r.label['method']} {r.config[:6]}": r for r in group.results.values()}
    return hashed.get(name) or labels.get(name)


def _compared(one: Comparison) -> Row:
    shift = one.pgr_difference
    in_pgr = _signed(shift) if shift is not None else Cell("none", "gap too small", help=one.reason or "")
    return {
        "difference": _signed(one.difference),
        "p": Cell(fmt.p_value(one.p_value), value=one.p_value),
        "Holm p": Cell(fmt.p_value(one.p_adjusted), value=one.p_adjusted),
        "PGR difference": in_pgr,
        "seeds": Cell(fmt.count(one.n_seeds), value=one.n_seeds, help=one.note),
        "test": Cell(fmt.count(one.n_test), f"{fmt.count(one.n_examples)} different", one.n_test),
    }


def _test_sets(groups: Sequence[Group]) -> TableView | None:
    rows = []
    for group in groups:
        for name, result in group.results.items():
            for test, found in result.tests.items() if len(result.tests) > 1 else ():
                labels = {**_labels(group, name, result), "test set": Cell(test)}
                cells = {**_accuracies(found.pgr), "gain": _signed(found.pgr.gain)}
                rows.append({**labels, **cells, **_metrics(found), **_n(found.pgr)})
    intro = (
        "Every test set by itself; 'test' is the one in distribution, the others are shifted. Intervals are {level}."
    )
    return _table("test-sets", "Test sets", intro.format(level=_level(groups)), rows)


def _breakdowns(groups: Sequence[Group]) -> TableView | None:
    rows = []
    for group in groups:
        for name, result in group.results.items():
            for test, found in result.tests.items():
                for by, parts in found.means.get("breakdown", {}).items():
                    for part in parts.get("student", {}):
                        labels = {**_labels(group, name, result), "test set": Cell(test), "by": Cell(by)}
                        rows.append({**labels, **_broken_down(by, part, parts), "seeds": _n(found.pgr)["seeds"]})
    intro = "Means over seeds within groups of test examples; these numbers have no intervals."
    return _table("breakdown", "By group and difficulty", intro, rows)


def _broken_down(by: str, part: str, parts: Mapping[str, Any]) -> Row:
    cells = {who: parts.get(who, {}).get(part, {}) for who in ("weak", "student", "ceiling")}
    shown = {who: cell.get("accuracy") for who, cell in cells.items()}
    n, weak, student = cells["student"].get("n"), shown["weak"], shown["student"]
    gain = None if weak is None or student is None else student - weak
    return {
        "part": Cell(QUARTERS.get(part, part) if by == "difficulty" else part),
        "test": Cell(fmt.count(n), value=n),
        **{who: Cell(fmt.number(value), value=value) for who, value in shown.items()},
        "gain": Cell(fmt.signed(gain), value=gain),
    }


def _labels(group: Group, method: str, result: SetupResult | None) -> Row:
    link = f"#{anchor(result)}" if result is not None else ""
    return {
        "task": Cell(group.task),
        "supervisor": Cell(group.supervisor),
        "model": Cell(group.student),
        "method": Cell(method, link=link),
    }


def _accuracies(found: Pgr) -> Row:
    return {
        "weak": _estimate(found.weak),
        "student": _estimate(found.student),
        "ceiling": _estimate(found.ceiling),
        "PGR": _pgr(found),
    }


def _pgr(found: Pgr) -> Cell:
    if found.estimate is None:
        return Cell("no PGR", f"gap {fmt.interval(found.gap)}", help=found.reason or "")
    return Cell(fmt.number(found.estimate), fmt.limits(found.low, found.high), found.estimate, found.note)


def _bootstrap(test: TestSet) -> Cell:
    found = test.bootstrap
    return Cell(fmt.NOTHING) if found is None else Cell(fmt.limits(found.low, found.high), found.method, found.low)


def _metrics(test: TestSet) -> Row:
    student = test.means.get("student", {})
    shown = (test.means.get("agreement"), test.means.get("errors_copied"), student.get("ece"), student.get("auroc"))
    return {name: Cell(fmt.number(value), value=value) for name, value in zip(_EXTRA, shown, strict=True)}


def _n(found: Pgr) -> Row:
    return {
        "seeds": Cell(fmt.count(found.n_seeds), value=found.n_seeds, help=found.note),
        "test": Cell(fmt.count(found.n_test), f"{fmt.count(found.n_examples)} different", found.n_test),
    }


def _estimate(found: Interval) -> Cell:
    return Cell(fmt.number(found.estimate), fmt.limits(found.low, found.high), found.estimate, found.note)


def _signed(found: Interval) -> Cell:
    return Cell(fmt.signed(found.estimate), fmt.limits(found.low, found.high), found.estimate, found.note)


def _level(groups: Sequence[Group]) -> str:
    return f"{100 * groups[0].first.pgr.level:g} %"


def _table(name: str, title: str, intro: str, rows: Sequence[Row]) -> TableView | None:
    """Return a table, with labels that all rows share in its introduction instead of a column; None without rows."""
    if not rows:
        return None
    names = list(rows[0])
    shared = [one for one in names if one in _TEXTS and one not in ("method", "part") and _same(rows, one)]
    if shared and len(rows) > 1:
        intro += f" In all rows: {', '.join(f'{TITLES.get(one, one)} {rows[0][one].text}' for one in shared)}."
        names = [one for one in names if one not in shared]
    columns = tuple(
        Column(TITLES.get(one, one), HELP.get(one, ""), one not in _TEXTS, one == "method") for one in names
    )
    return TableView(name, title, intro, columns, tuple(tuple(row[one] for one in names) for row in rows))


def _same(rows: Sequence[Row], name: str) -> bool:
    return len({row[name].text for row in rows}) == 1
