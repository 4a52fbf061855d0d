"""Results on stdout, messages on stderr: in nothing that is printed is a control character or a cut number."""

import json
import os
import sys
from collections.abc import Sequence

import typer


def print_json(document: object) -> None:
    """Print one JSON document on stdout."""
    from w2sg.core import wording

    # JSON escapes control characters below 32 by itself, and the others look alike.
    sys.stdout.write(wording.printable(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n")


def echo(text: str) -> None:
    """Print a text on stdout."""
    from w2sg.core import wording

    typer.echo(wording.printable(text))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], names: int = 1) -> None:
    """Print a table on stdout in which nothing is cut; the first columns, as many as `names`, say what a row is of."""
    from rich.console import Console

    from w2sg.core import wording
    from w2sg.report import table_text

    title, columns = wording.printable(title), [wording.printable(column) for column in columns]
    rows = [[wording.printable(cell) for cell in row] for row in rows]
    # What is piped or written to a file has no width: it is folded nowhere, so that each row is one line. A width that
    # somebody asks for holds in both.
    asked = os.environ.get("COLUMNS", "").isdecimal()
    width = Console().width if sys.stdout.isatty() or asked else None
    echo(table_text(title, columns, rows, names=names, width=width))


def say(message: str) -> None:
    """Print a message on stderr."""
    from w2sg.core import wording

    sys.stderr.write(wording.printable(message) + "\n")
