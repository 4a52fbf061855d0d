"""`w2sg league`: the methods of a study ranked over its tasks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from w2sg.cli.console import Json, StoreFolder, Workers, existing_store, print_json, print_table, progress_bar, say

if TYPE_CHECKING:
    from w2sg.core import Document


def league(
    study: Annotated[str, typer.Argument(help="The study's name, or its file.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write a page too: .md or .html.", show_default=False)
    ] = None,
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
    from w2sg.report import page_target, write_document

    if out is not None:
        page_target(out)
    if study.endswith(".toml"):
        with progress_bar(Path(study).stem) as progress:
            result = w2sg.study(study, store=store, workers=workers, progress=progress)
    else:
        result = w2sg.recall(study, store=existing_store(store))
    document = league_document(league_of(result), made_by=f"w2sg league {study} -o {out}" if out else "")
    page = None if out is None else write_document(document, out)
    if as_json:
        print_json({**document.to_dict(), "page": None if page is None else str(page)})
        return
    print_league(document)
    if page is not None:
        say(f"league: {page}")


def print_league(document: "Document") -> None:
    """Print a league's standings, its findings and what comes of choosing a method on half of the tasks."""
    from w2sg.report import terminal_table

    number = {fact.name.rstrip("s"): f"{fact.value} {fact.name}" for fact in document.facts}
    runs = f"{number['run']}, {number['arena']} on {number['task']}, {number['seed']}"
    print_table(f"{document.title}: {runs}", *terminal_table(document.tables["standings"]))
    for finding in document.findings:
        typer.echo(f"- {finding.text}")
    typer.echo("")
    title = "the method with the highest mean PGR on half of the tasks, tried on the other half"
    print_table(title, *terminal_table(document.tables["halves"]))
