"""`w2sg runs`: the runs in the store."""

from typing import Annotated

import typer

from w2sg.cli import console

SHOWN = ("weak_accuracy", "student_accuracy", "ceiling_accuracy", "pgr")


def runs(
    task: Annotated[str | None, typer.Option("--task", help="Only runs of this task: its name or title.")] = None,
    study: Annotated[str | None, typer.Option("--study", help="Only runs of this study, by its name.")] = None,
    method: Annotated[str | None, typer.Option("--method", help="Only runs of this method: its name or title.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help="Only runs with this: name=value, such as seed=0; may be repeated."),
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="Sort by this number, the largest first [default: the newest first].")
    ] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="Show at most this many.")] = 20,
    plugin: console.Plugins = None,
    store: console.StoreFolder = None,
    as_json: console.Json = False,
) -> None:
    """List the runs in the store, the newest first, or the best by some number.

    Parts are called as the study calls them that has the run: the one asked for, or the newest. What can be filtered
    by --where: task, supervisor, student, method, seed. A name stands for all its settings: task=digits finds
    'digits(test=200)' too. What can be sorted by: pgr (of the run alone), student_accuracy, weak_accuracy,
    ceiling_accuracy, n_test.

    For example:

        w2sg runs -n 5

        w2sg runs --study digits --method confidence --sort pgr --limit 20
    """
    import w2sg
    from w2sg.measure import MINIMUM_GAP

    console.load_plugins(plugin)
    conditions = dict(map(_condition, where or []))
    listed = w2sg.runs(study=study, task=task, method=method, where=conditions, sort=sort, limit=limit, store=store)
    if as_json:
        console.print_json([run.to_dict() for run in listed])
        return
    cells = [
        [run.result.key[:8], " / ".join(run.label.values()), str(run.result.seed)]
        + [console.number(run.shown.get(name)) for name in SHOWN]
        + [run.studies[0] if run.studies else "-", run.result.created[:16].replace("T", " ")]
        for run in listed
    ]
    columns = ["id", "setup", "seed", "weak", "student's", "ceiling", "PGR", "study", "made (UTC)"]
    console.print_table(f"{len(cells)} runs", columns, cells)
    if sort == "pgr" or any(run.shown["pgr"] is None for run in listed):
        away = "; --sort pgr leaves them out" if sort == "pgr" else ""
        console.echo(f"Runs whose own gap, ceiling minus weak, is below {MINIMUM_GAP:g} have no PGR{away}.")


def _condition(text: str) -> tuple[str, str | float]:
    from w2sg.core import InputError

    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise InputError(f"--where takes name=value, such as task=digits, got {text!r}")
    name, value = name.strip(), value.strip()
    if name == "seed" and not (value.isdecimal() and len(value) <= console.MOST_DIGITS):
        raise InputError(f"--where seed takes a number, got {value!r}")
    return name, int(value) if name == "seed" else value
