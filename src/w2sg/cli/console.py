"""What all commands share: results on stdout, progress and messages on stderr, options with one meaning."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from w2sg.cli.output import echo as echo
from w2sg.cli.output import print_json as print_json
from w2sg.cli.output import print_table as print_table
from w2sg.cli.output import say as say
from w2sg.cli.progress import DryRun as DryRun
from w2sg.cli.progress import progress_bar as progress_bar
from w2sg.cli.progress import watching as watching

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


def print_document(document: "Document", *, as_json: bool, **more: object) -> None:
    """Print a document on stdout: as JSON with what else is given, or its lead, its tables and its findings."""
    from w2sg.report import names_of, terminal_table

    if as_json:
        print_json({**document.to_dict(), **more})
        return
    if document.lead:
        echo(document.lead)
    for table in document.tables.values():
        if table.terminal:
            print_table(f"{document.title}: {table.title}", *terminal_table(table), names_of(table))
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
    """Return a study by its file, by the name under which the store has it, or by its name in the package."""
    from w2sg.lab import study_by_name

    return study_by_name(name, store=store, plugins=plugins or ())


def is_data_file(name: str) -> bool:
    """Whether a name is that of a data file, and not of a study: by its ending, or as it is a file that is no TOML."""
    return not name.endswith(".toml") and ("." in Path(name).name or Path(name).is_file())


def study_name(path: str) -> str:
    """Return the name of a study of a data file: the file's own, or its folder's where it is named after a split."""
    file = Path(path).resolve()
    stem = file.name.split(".")[0]
    name = file.parent.name if stem.casefold() in ("train", "test", "data", "dev", "valid") else stem
    return re.sub(r"[^\w-]+", "-", name).strip("-") or "data"


def study_result(
    name: str,
    store: Path | None,
    workers: int | None = None,
    plugins: Sequence[str] | None = None,
    *,
    dry_run: bool = False,
    as_json: bool = False,
) -> "StudyResult":
    """Return the result of a study by its file or its name, making what its store lacks."""
    import w2sg

    given = study_of(name, store, plugins)
    with progress_bar(Path(name).stem, dry_run=dry_run, as_json=as_json) as progress:
        # Somebody meant it already where the store knows the study.
        return w2sg.study(given, store=store, workers=workers, yes=not name.endswith(".toml"), progress=progress)


def existing_store(folder: Path | None) -> Path:
    """Return the store's folder.

    Raises:
        InputError: If there is no store: a command that only reads does not make one.
    """
    from w2sg import lab

    return lab.existing_store(folder)


def fail(message: str, code: int) -> NoReturn:
    """Print an error on stderr and leave with an exit code."""
    from rich.console import Console
    from rich.markup import escape

    from w2sg.core import wording

    Console(stderr=True).print(
        f"[bold red]error:[/] {escape(wording.printable(message))}", highlight=False, soft_wrap=True
    )
    raise SystemExit(code)


def number(value: object) -> str:
    """Return a number for a table, `-` where there is none."""
    return f"{value:.3f}" if isinstance(value, int | float) else "-"
