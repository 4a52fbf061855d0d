"""What all commands share: results on stdout, progress and messages on stderr, options with one meaning."""

import json
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from w2sg.core import Document
    from w2sg.graph import Result
    from w2sg.lab import Study, StudyResult

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
StoreFolder = Annotated[
    Path | None, typer.Option("--store", help="The store's folder [default: $W2SG_STORE or .w2sg]", show_default=False)
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Processes [default: chosen by the work to do]", show_default=False),
]
LauncherName = Annotated[
    str | None,
    typer.Option("--launcher", help="Where the work is done; see 'w2sg list launchers'.", show_default="chosen"),
]
TaskName = Annotated[str, typer.Option("--task", help="A task; see 'w2sg list tasks'.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="Change a field: path=value; may be repeated.", metavar="PATH=VALUE")
]
Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin", help="A Python file that registers components; 'trusted:FILE' runs it unisolated. May be repeated."
    ),
]
PageOut = Annotated[
    Path | None, typer.Option("-o", "--out", help="Write a page too: .md or .html.", show_default=False)
]
Audits = Annotated[
    str, typer.Option("--labels", help="Numbers of audited labels, with commas; 0 buys none.", metavar="K,...")
]

MOST_DIGITS = 18
"""Numbers of more digits count nothing that there is."""

SHORT = 16
"""A column of cells no longer than this is never folded: the longer ones are, where space is short."""


def print_json(document: object) -> None:
    """Print one JSON document on stdout."""
    from w2sg.core import wording

    # JSON escapes control characters below 32 by itself, and the others look alike.
    sys.stdout.write(wording.printable(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n")


def echo(text: str) -> None:
    """Print a text on stdout."""
    from w2sg.core import wording

    typer.echo(wording.printable(text))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout; the first columns are text, those whose cells look like numbers are right-aligned."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from w2sg.core import wording

    title, columns = wording.printable(title), [wording.printable(column) for column in columns]
    rows = [[wording.printable(cell) for cell in row] for row in rows]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for index, column in enumerate(columns):
        # A column of numbers is known by how its cells begin: signs, digits, dashes for missing ones, and the < of
        # p-values.
        numeric = bool(rows) and all(row[index][:1] in "0123456789-+−–—<" for row in rows)
        short = all(len(row[index]) <= SHORT for row in rows)
        table.add_column(
            escape(column), justify="right" if numeric else "left", overflow="fold", no_wrap=numeric or short
        )
    for row in rows:
        table.add_row(*map(escape, row))
    console = Console()
    # What is piped or written to a file has no width, and 80 columns would fold every table.
    width = console.width if console.is_terminal else max(console.width, 160)
    console = Console(width=width, soft_wrap=False, highlight=False)
    console.print(f"[bold]{escape(title)}[/]")
    console.print(table)


def print_document(document: "Document", *, as_json: bool, **more: object) -> None:
    """Print a document on stdout: as JSON with what else is given, or its lead, its tables and its findings."""
    from w2sg.report import terminal_table

    if as_json:
        print_json({**document.to_dict(), **more})
        return
    if document.lead:
        echo(document.lead)
    for table in document.tables.values():
        if table.terminal:
            print_table(f"{document.title}: {table.title}", *terminal_table(table))
            echo(f"{table.intro}\n" if table.intro else "")
    for finding in document.findings:
        echo(f"- {finding.text}")
    # Only commands that make runs have effort; pages and tables that are read back cost nothing worth saying.
    if "steps_done" in document.effort:
        steps = ", ".join(f"{n} {step}" for step, n in document.effort["steps_done"].items())
        echo(f"{document.effort['wall_s']:.1f} s; steps done: {steps or 'none: all were in the store'}")


def publish(document: "Document", page: Path | None, *, as_json: bool, name: str) -> None:
    """Write a document as a page, where one is asked for, and print it."""
    from w2sg.report import write_document

    written = None if page is None else write_document(document, page)
    print_document(document, as_json=as_json, page=None if written is None else str(written))
    if written is not None:
        say(f"{name}: {written}")


def load_plugins(paths: Sequence[str] | None) -> None:
    """Register what Python files offer; see `w2sg.isolation.load_plugins`."""
    from w2sg import isolation

    isolation.load_plugins(paths or [])


def known_run(folder: Path, prefix: str) -> "Result":
    """Return the stored run whose id begins so.

    Raises:
        InputError: If there is none, or several.
    """
    from w2sg import lab

    return lab.known_run(folder, prefix)


def audits_of(text: str) -> tuple[int, ...]:
    """Return numbers of audited labels, each once, without 0.

    Raises:
        InputError: It is no list of numbers of at least 0.
    """
    from w2sg.core import InputError

    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and len(part) <= MOST_DIGITS for part in parts):
        raise InputError(f"--labels takes numbers of labels with commas, such as 50,200; got {text!r}")
    # 0 buys nothing, and nothing bought is always there to compare with: it needs no number of its own.
    return tuple(sorted({int(part) for part in parts} - {0}))


def study_of(name: str, store: Path | None, plugins: Sequence[str] | None = None) -> "Study":
    """Return a study by its file, or by the name under which the store has it.

    A file names its own plugins beside those given; what a store names is not run.
    """
    from w2sg.lab import Study, known_study

    # The ending tells a file from a name: names of studies have no folders, and a study may be called as its file.
    if not name.endswith(".toml"):
        return known_study(name, store=existing_store(store), plugins=plugins or ())
    found = Study.read(name)
    return found.model_copy(update={"plugins": (*found.plugins, *(plugins or ()))})


def study_result(
    name: str, store: Path | None, workers: int | None = None, plugins: Sequence[str] | None = None
) -> "StudyResult":
    """Return the result of a study by its file or its name, making what its store lacks."""
    import w2sg

    given = study_of(name, store, plugins)
    with progress_bar(Path(name).stem) as progress:
        # Somebody meant it already where the store knows the study.
        return w2sg.study(given, store=store, workers=workers, yes=not name.endswith(".toml"), progress=progress)


def existing_store(folder: Path | None) -> Path:
    """Return the store's folder.

    Raises:
        InputError: If there is no store: a command that only reads does not make one.
    """
    from w2sg import lab

    return lab.existing_store(folder)


def say(message: str) -> None:
    """Print a message on stderr."""
    from w2sg.core import wording

    sys.stderr.write(wording.printable(message) + "\n")


def fail(message: str, code: int) -> NoReturn:
    """Print an error on stderr and leave with an exit code."""
    from rich.console import Console
    from rich.markup import escape

    from w2sg.core import wording

    Console(stderr=True).print(
        f"[bold red]error:[/] {escape(wording.printable(message))}", highlight=False, soft_wrap=True
    )
    raise SystemExit(code)


class _PrintableFormatter(logging.Formatter):
    """Writes messages without control characters: they name files and what others wrote."""

    def format(self, record: logging.LogRecord) -> str:
        from w2sg.core import wording

        return wording.printable(super().format(record))


@contextmanager
def progress_bar(what: str, unit: str = "runs") -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar with time left on stderr; plain lines where stderr is not a terminal."""
    from rich.console import Console
    from rich.logging import RichHandler
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    # Warnings of the package are shown above the bar; written past it they would tear it.
    handler = RichHandler(console=console, show_path=False, show_time=False)
    handler.setFormatter(_PrintableFormatter("%(message)s"))
    log = logging.getLogger("w2sg")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        # A log file gets a line for every tenth of the work: a bar would be thousands of control characters.
        if not console.is_terminal:
            yield _plain_progress(what, unit)
            return
        parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
        times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        with Progress(*parts, *times, console=console, transient=True) as bar:
            task = bar.add_task(escape(what), total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def _plain_progress(what: str, unit: str) -> Callable[[int, int], None]:
    # A list, because the function inside has to change it.
    said = [0]

    def show(done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if tenth > said[0]:
            said[0] = tenth
            say(f"{what}: {done} of {total} {unit}")

    return show


def number(value: object) -> str:
    """Return a number for a table, `-` where there is none."""
    return f"{value:.3f}" if isinstance(value, int | float) else "-"


@contextmanager
def watching() -> Iterator[Callable[[str, int, int], None]]:
    """Show progress of several stages, one bar after the other."""
    with ExitStack() as stack:
        going: dict[str, Callable[[int, int], None]] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in going:
                # One bar at a time: the last stage is over when the next one begins.
                stack.close()
                going[stage] = stack.enter_context(progress_bar(stage))
            going[stage](done, total)

        yield show
