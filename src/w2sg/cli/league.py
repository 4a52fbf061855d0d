"""`w2sg league`: the methods of a study ranked over its tasks."""

from typing import Annotated

import typer

from w2sg.cli import console


def league(
    study: Annotated[str, typer.Argument(help="The study's name, or its file.")],
    out: console.PageOut = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    plugin: console.Plugins = None,
    dry_run: console.DryRun = False,
    as_json: console.Json = False,
) -> None:
    """Rank the methods of a study over its tasks, and say which hurt where.

    For example:

        w2sg league studies/league.toml -o league.md
    """
    from w2sg.lab import league_document, league_of
    from w2sg.report import page_target

    # A path that cannot be written is said before the runs are made.
    if out is not None:
        page_target(out)
    result = console.study_result(study, store, workers, plugin, dry_run=dry_run, as_json=as_json)
    document = league_document(league_of(result), made_by=f"w2sg league {study} -o {out}" if out else "")
    console.publish(document, out, as_json=as_json, name="league")
