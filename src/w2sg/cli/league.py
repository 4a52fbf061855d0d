"""`w2sg league`: the methods of a study ranked over its tasks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from w2sg.cli.console import Json, StoreFolder, Workers, existing_store, print_json, print_table, progress_bar, say

if TYPE_CHECKING:
    from w2sg.lab import League


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
    from w2sg.lab import league_of
    from w2sg.report.league import write_league
    from w2sg.report.markdown import page_target

    if out is not None:
        page_target(out)
    if study.endswith(".toml"):
        with progress_bar(Path(study).stem) as progress:
            result = w2sg.study(study, store=store, workers=workers, progress=progress)
    else:
        result = w2sg.recall(study, store=existing_store(store))
    found = league_of(result)
    page = None
    if out is not None:
        page = write_league(found, out, command=f"w2sg league {study} -o {out}")
    if as_json:
        print_json({**found.to_dict(), "page": None if page is None else str(page)})
        return
    print_league(found)
    if page is not None:
        say(f"league: {page}")


def print_league(found: "League") -> None:
    """Print a league's standings, its tests and what comes of choosing a method on half of the tasks."""
    from w2sg.report.league_tables import halves_rows, league_findings, standings_table

    table = standings_table(found)
    columns = [column.title for column in table.columns]
    rows = [[f"{cell.text} {cell.below}".strip() for cell in row] for row in table.rows]
    tasks = f"{len(found.arenas)} arenas on {len(found.tasks)} tasks"
    print_table(f"{found.study}: {found.n_runs} runs, {tasks}, {len(found.seeds)} seeds", columns, rows)
    for one in league_findings(found):
        typer.echo(f"- {one.text}")
    typer.echo("")
    title = "the method with the highest mean PGR on half of the tasks, tried on the other half"
    print_table(title, ["what", "found"], [list(row) for row in halves_rows(found)])
