"""`w2sg cache`: care of the store."""

from typing import Annotated

import typer

from w2sg.cli import console

app = typer.Typer(help="Check and clean the store.", no_args_is_help=True)


@app.command()
def verify(store: console.StoreFolder = None, as_json: console.Json = False) -> None:
    """Check the database and the hash of every file; exit code 1 if anything is damaged.

    For example:

        w2sg cache verify
    """
    from w2sg.graph import Store

    with Store(console.existing_store(store)) as opened:
        problems = opened.verify()
        n = len(opened.artifact_rows())
    # Files without an owner and half-written ones do no harm: they are counted, and are no damage.
    damaged = sum(len(problems[name]) for name in ("database", "damaged", "unreadable"))
    if as_json:
        console.print_json({"n_artifacts": n, "ok": not damaged, **problems})
    else:
        console.echo(
            f"{n} artifacts, {len(problems['damaged'])} damaged; database {'; '.join(problems['database']) or 'ok'}; "
            f"{len(problems['orphans'])} files without an owner, {len(problems['leftovers'])} half-written"
        )
        for reason in problems["unreadable"]:
            console.echo(reason)
        if problems["damaged"]:
            console.echo("damaged files are made again when they are next needed; 'w2sg cache gc' removes them now")
    raise typer.Exit(1 if damaged else 0)


@app.command()
def gc(
    stale: Annotated[
        bool, typer.Option("--stale", help="Also remove artifacts that no run uses, and interrupted trainings.")
    ] = False,
    store: console.StoreFolder = None,
    as_json: console.Json = False,
) -> None:
    """Remove damaged files, files without an owner and half-written files. Runs are kept.

    For example:

        w2sg cache gc --stale
    """
    from w2sg.graph import Store

    with Store(console.existing_store(store)) as opened:
        removed = opened.collect_garbage(stale=stale)
    if as_json:
        console.print_json(removed)
    else:
        console.echo(f"removed {removed['n_files']} files, {removed['bytes'] / 1e6:.1f} MB")
