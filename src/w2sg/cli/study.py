"""`w2sg study`: all runs of a study file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from w2sg.cli.console import Json, LauncherName, StoreFolder, Workers, fail, print_document, progress_bar

if TYPE_CHECKING:
    from w2sg.core import Document


def study(
    file: Annotated[Path, typer.Argument(help="The study's TOML file.", metavar="FILE")],
    yes: Annotated[bool, typer.Option("--yes", help="Go on although the grid has over a million runs.")] = False,
    launcher: LauncherName = None,
    store: StoreFolder = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Make all runs of a study that are not in the store yet, and print its table.

    Stopped at any moment, it goes on where it was when it is started again. A run that fails ends no other: the exit
    code is then 3, and the failed runs are listed with their reasons.

    For example:

        w2sg study studies/digits.toml
    """
    import w2sg
    from w2sg.lab import study_document

    with progress_bar(file.stem) as progress:
        result = w2sg.study(file, store=store, launcher=launcher, workers=workers, yes=yes, progress=progress)
    document = study_document(result)
    print_study(document, as_json=as_json)
    if result.failed:
        fail(result.failures(), code=3)


def print_study(document: "Document", *, as_json: bool, **more: object) -> None:
    """Print a study's document, and what this call had to do for it."""
    print_document(document, as_json=as_json, **more)
    if not as_json:
        steps = ", ".join(f"{n} {step}" for step, n in document.effort["steps_done"].items())
        typer.echo(f"{document.effort['wall_s']:.1f} s; steps done: {steps or 'none: all were in the store'}")
