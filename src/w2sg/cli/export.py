"""`w2sg export`: what came out of a study, for other programs and for papers."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from w2sg.cli import console


class To(StrEnum):
    """What is written."""

    csv = "csv"
    parquet = "parquet"
    latex = "latex"
    json = "json"


def export(
    study: Annotated[str, typer.Argument(help="The study's name, or its file.")],
    to: Annotated[To, typer.Option("--to", help="What is written.")] = To.csv,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The file [default: stdout]", show_default=False)
    ] = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Write what came out of a study: one row for each run and test set, or its main table for a paper.

    csv, parquet and json have the tidy rows: parts, seed, test set, accuracies, PGR of the run alone, calibration,
    and where the row is from. latex is the table of results with its intervals, or that of
    all test sets where there are several; it needs the package booktabs.

    For example:

        w2sg export digits --to csv -o digits.csv

        w2sg export studies/digits.toml --to latex
    """
    import w2sg
    from w2sg.core import InputError

    if as_json and out is None:
        to = To.json
    if to is To.parquet and out is None:
        raise InputError("parquet is no text: name a file by -o")
    result = console.study_result(study, store, workers, plugin)
    text = w2sg.export(result, to.value, out)
    if text is not None:
        console.echo(text.rstrip("\n"))
    elif as_json:
        console.print_json({"file": str(out), "to": to.value, "n_runs": result.n_runs})
    else:
        console.say(f"{to.value}: {out}")
