"""`w2sg league`: the methods of a study ranked over its tasks."""

from pathlib import Path
from typing import Annotated

import typer

from w2sg.cli.console import Json, PageOut, StoreFolder, Workers, existing_store, progress_bar, publish


def league(
    study: Annotated[str, typer.Argument(help="The study's name, or its file.")],
    out: PageOut = None,
    store: StoreFolder = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Rank the methods of a study over its tasks, and say which hurt where.

    For example:

        w2sg league studies/league.toml -o league.md
    """
    import w2sg
    from w2sg.lab import league_document, league_of
    from w2sg.report import page_target

    if out is not None:
        page_target(out)
    if study.endswith(".toml"):
        with progress_bar(Path(study).stem) as progress:
            result = w2sg.study(study, store=store, workers=workers, progress=progress)
    else:
        result = w2sg.recall(study, store=existing_store(store))
    document = league_document(league_of(result), made_by=f"w2sg league {study} -o {out}" if out else "")
    publish(document, out, as_json=as_json, name="league")
