"""The document of a preflight: what is in the data, what two seeds gave, and what to know before more is made."""

from collections.abc import Iterator, Sequence
from typing import Any

from w2sg.core import Card, Cell, DataTable, Document, Fact, Finding, Heading, Section, plain, wording
from w2sg.lab.cautions import known_of
from w2sg.lab.documents.parts import text_column
from w2sg.lab.preflight import Preflight, TaskCheck
from w2sg.tasks import Guess

Row = tuple[Cell, ...]


def preflight_document(found: Preflight, *, guess: Guess | None = None, text: str = "", made_by: str = "") -> Document:
    """Return the document of a preflight.

    Args:
        found: What was found.
        guess: What a bare data file seems to be, where the study was made from one.
        text: The study file that says so.
        made_by: The command that makes it.
    """
    several = len(found.checks) > 1
    findings = [finding for check in found.checks for finding in _findings(check, several)]
    doubts = [] if guess is None else [f"Nobody can tell by looking {doubt}." for doubt in guess.doubts]
    tables = [table for table in _tables(found.checks) if table.rows]
    written = (
        [] if not text else [Section("study", "The study that says so", cards=(Card(found.study.name, _lines(text)),))]
    )
    return Document(
        kind="preflight",
        heading="Weak-to-strong generalization: a look before the runs",
        title=found.study.name,
        lead=_lead(found),
        facts=(Fact("tasks", len(found.checks)), Fact("runs of the study", found.n_runs)),
        findings=(*findings, *(Finding("note", doubt) for doubt in doubts), Finding("note", _closing(found))),
        sections=(*(Section(table.name, table.title, table.intro, tables=(table,)) for table in tables), *written),
        made_by=made_by,
        rests_on=f"{wording.quantity(len(found.seeds), 'seed')} of each task",
        data=_data(found, guess, text),
    )


def _closing(found: Preflight) -> str:
    if not found.ready:
        return "Not ready: mend what stands first, and look again."
    if not found.without_pgr:
        return "Ready: nothing was found that makes the figures meaningless."
    of = f" of {wording.listed(list(found.without_pgr))}" if len(found.checks) > 1 else ""
    return f"Ready, but no PGR will be given{of}: the gap is not surely large enough, see 'small gap'."


def _lead(found: Preflight) -> str:
    expected = ""
    if found.expected_s is not None:
        expected = (
            f" All {wording.quantity(found.n_runs, 'run')} of the study will take about "
            f"{wording.seconds(found.expected_s)} in one process, if other methods cost as much as this one."
        )
    tried = wording.quantity(len(found.seeds), "seed")
    return (
        f"{wording.quantity(len(found.checks), 'task')}: the data were looked at, and the first setup was run under "
        f"{tried}; these runs are part of the study and are kept.{expected}"
    )


def _findings(check: TaskCheck, several: bool) -> Iterator[Finding]:
    before = f"{check.title}: " if several else ""
    if check.refused:
        yield Finding("worse", f"{before}the data cannot be used as they are: {check.refused}")
    for caution in sorted(check.cautions, key=lambda one: not one.serious):
        yield Finding("worse" if caution.serious else "open", f"{before}{caution.name}: {caution.text}.")
    if check.result is not None:
        names, known = check.result.label, known_of(check.result)
        yield Finding(
            "note",
            f"{before}with supervisor {names['supervisor']}, student {names['student']} and method {names['method']} "
            f"the weak supervisor is right on {wording.interval(known['weak'])} of the test examples, the student on "
            f"{wording.interval(known['student'])}, the ceiling on {wording.interval(known['ceiling'])}: a gap of "
            f"{wording.difference(known['gap'])}. These intervals know of test examples alone: what other seeds would "
            "change is seen in the study.",
        )
    left = [f"{name}: {wording.count(count)}" for name, count in check.counts.items()]
    if left:
        yield Finding("note", f"{before}of the rows: {'; '.join(left)}.")


def _tables(checks: Sequence[TaskCheck]) -> Iterator[DataTable]:
    task = text_column("task", key=True)
    yield _columns_table(checks)
    yield DataTable(
        "splits",
        "Classes by split",
        "Rows of each class under the first seed, as the file labels them.",
        (task, text_column("split"), text_column("class"), _count("rows"), Heading("share", "share")),
        tuple(row for check in checks for row in _shares(check)),
    )
    yield DataTable(
        "twins",
        "Copies and near copies",
        "Near copies are texts of which about nine words in ten are the same. Copies are left out of test sets before "
        "anything is scored; near copies are not. Of a large split a sample is looked at: near copies are missed.",
        (
            task,
            text_column("split", "rows of"),
            text_column("other", "have copies in"),
            _count("rows"),
            _count("equal", "copies"),
            _count("near", "near copies"),
            _count("opposed", "with another label"),
        ),
        tuple(row for check in checks for row in _twins(check)),
    )
    yield DataTable(
        "preview",
        "What supervisor and student see",
        "Transfer examples under the first seed. Where a view is one of words, a dot is a word that it does not hold; "
        "the weak label is what the student learns from.",
        (task, text_column("student", "as the student sees it"), text_column("supervisor", "as the supervisor sees it"))
        + (text_column("label", "weak label"),),
        tuple(
            (Cell(check.title), Cell(one.student), Cell(one.supervisor), Cell(one.label))
            for check in checks
            for one in check.preview
        ),
    )


def _columns_table(checks: Sequence[TaskCheck]) -> DataTable:
    files = sorted({check.file for check in checks if check.columns})
    several = len(files) > 1
    whose = f"the training files ({wording.listed(files)})" if several else "the training file"
    return DataTable(
        "columns",
        f"Columns of {files[0]}" if files and not several else "Columns",
        f"What the columns of {whose} hold, and as what each is used.",
        (
            text_column("task", key=True),
            text_column("column"),
            text_column("holds"),
            text_column("use"),
            Heading("filled", "filled", "cells that hold something", "count"),
            Heading("different", "different", "different values", "count"),
            text_column("example"),
        ),
        tuple(row for check in checks for row in _columns(check)),
    )


def _count(name: str, title: str = "") -> Heading:
    return Heading(name, title or name, style="count")


def _columns(check: TaskCheck) -> Iterator[Row]:
    for column, use in check.columns:
        named = (check.title, column.name, column.holds, use or "not used")
        yield (*map(Cell, named), Cell(column.filled), Cell(column.different), Cell(column.example))


MOST_SHOWN = 12
"""Classes of a task that the table lists, the most frequent ones."""


def _shares(check: TaskCheck) -> Iterator[Row]:
    if check.survey is None:
        return
    for split, counts in check.survey.labels.items():
        total = int(counts.sum())
        order = sorted(range(len(counts)), key=lambda label: -counts[label])[:MOST_SHOWN]
        for label in sorted(order):
            named = (check.title, split, check.survey.classes[label])
            yield (*map(Cell, named), Cell(int(counts[label])), Cell(int(counts[label]) / max(total, 1)))


def _twins(check: TaskCheck) -> Iterator[Row]:
    for twins in () if check.survey is None else check.survey.twins:
        near = Cell(missing="no texts") if twins.near is None else Cell(twins.near)
        opposed = Cell() if twins.near is None else Cell(twins.opposed)
        yield (
            Cell(check.title),
            Cell(twins.split),
            Cell(twins.other),
            Cell(twins.rows, note=f"of {twins.of:,}, a sample" if twins.sample else ""),
            Cell(twins.equal),
            near,
            opposed,
        )


def _lines(text: str) -> tuple[Finding, ...]:
    return tuple(Finding("note", line) for line in text.splitlines() if line)


def _data(found: Preflight, guess: Guess | None, text: str) -> dict[str, Any]:
    checks = [
        {
            "task": check.title,
            "refused": check.refused or None,
            "cautions": plain(list(check.cautions), sparse=False),
            "counts": dict(check.counts),
            "result": None if check.result is None else check.result.to_dict(),
        }
        for check in found.checks
    ]
    guessed = None if guess is None else {"fields": guess.fields, "reasons": guess.reasons, "doubts": guess.doubts}
    return {
        "study": found.study.name,
        "ready": found.ready,
        "seeds": list(found.seeds),
        "n_runs": found.n_runs,
        "expected_s": found.expected_s,
        "checks": checks,
        "guess": guessed,
        "study_text": text or None,
    }
