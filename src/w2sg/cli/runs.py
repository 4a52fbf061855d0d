"""`w2sg runs`: the runs in the store."""

from typing import Annotated

import typer

from w2sg.cli import console

SHOWN = ("weak_accuracy", "student_accuracy", "ceiling_accuracy", "pgr")


def runs(
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help="Only runs with this: name=value, such as task=digits; may be repeated."),
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

    What can be filtered: task, supervisor, student, method, seed. A name stands for all its settings: task=digits
    finds 'digits(test=200)' too. What can be sorted by: pgr (of the run alone), student_accuracy, weak_accuracy,
    ceiling_accuracy, n_test.

    For example:

        w2sg runs -n 5

        w2sg runs --where task=digits --where method=confidence --sort pgr --limit 20
    """
    from w2sg.graph import REFUSED, Store

    console.load_plugins(plugin)
    with Store(console.existing_store(store)) as opened:
        # Runs whose method did not fit have no numbers and would only be rows of dashes.
        listed = opened.results(where=dict(map(_condition, where or [])), sort=sort, limit=limit, without=REFUSED)
    parts = ("task", "supervisor", "student", "method")
    if as_json:
        console.print_json([{"id": run.key, "seed": run.seed, **run.shown, "created": run.created} for run in listed])
        return
    cells = [
        [run.key[:8], " / ".join(str(run.shown.get(part, "-")) for part in parts), str(run.seed)]
        + [console.number(run.shown.get(name)) for name in SHOWN]
        + [run.created[:16].replace("T", " ")]
        for run in listed
    ]
    columns = ["id", "setup", "seed", "weak", "student's", "ceiling", "PGR", "made (UTC)"]
    console.print_table(f"{len(cells)} runs", columns, cells)


def _condition(text: str) -> tuple[str, str | float]:
    from w2sg.core import InputError

    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise InputError(f"--where takes name=value, such as task=digits, got {text!r}")
    name, value = name.strip(), value.strip()
    if name == "seed" and not (value.isdecimal() and len(value) <= console.MOST_DIGITS):
        raise InputError(f"--where seed takes a number, got {value!r}")
    return name, int(value) if name == "seed" else value
