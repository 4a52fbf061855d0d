"""`w2sg demo`: the default study, and its report."""

from pathlib import Path
from typing import Annotated

import typer

from w2sg.cli import console


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the report goes.")] = Path("report.html"),
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How many seeds.")] = 8,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    dry_run: console.DryRun = False,
    as_json: console.Json = False,
) -> None:
    """Run every method on scanned digits and write a report: a minute from a fresh clone to an honest PGR.

    For example:

        w2sg demo
    """
    import w2sg
    from w2sg.lab import study_document
    from w2sg.report import page_target, write_document

    # A path that cannot be written is said now, not after a minute of work.
    page_target(out)
    sizes: dict[str, object] = {"kind": "nystroem-digits", "grid": {"features.count": [100, 400]}}
    default = w2sg.Study(
        name="demo", seeds=seeds, tasks=("digits",), students=(sizes,), methods=("*",), incapable="skip"
    )
    with console.progress_bar("demo", dry_run=dry_run, as_json=as_json) as progress:
        result = w2sg.study(default, store=store, workers=workers, progress=progress)
    document = study_document(result, made_by="w2sg demo")
    path = write_document(document, out)
    console.print_document(document, as_json=as_json, report=str(path))
    console.say(f"report: {path}")
