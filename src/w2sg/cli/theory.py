"""`w2sg theory`: the predictors of generalization, and the scoreboard that holds them against the same runs."""

from pathlib import Path
from typing import Annotated

import typer

from w2sg.cli.console import Json, Plugins, StoreFolder, Workers, print_json, print_table, say
from w2sg.cli.seen import Audits, audits_of, bound, study_of, watching

AUDITED, FAMILY_RUNS = "50,200", 200
"""What is audited and simulated where nothing else is asked for."""

app = typer.Typer(
    help="Predict how students generalize, and hold predictions against what happened.", no_args_is_help=True
)


@app.command("list")
def list_theories(plugin: Plugins = None, as_json: Json = False) -> None:
    """List the theories: what each predicts, in which unit, what it needs and what it takes for granted.

    For example:

        w2sg theory list --json
    """
    from w2sg.core import registry
    from w2sg.theory.scoreboard.board import theories

    for path in plugin or []:
        registry.load_plugin(path)
    found = [
        {
            "name": theory.kind,
            "target": theory.target,
            "says": theory.says,
            "unit": theory.unit,
            "information": theory.info.name,
            "needs": list(theory.observed),
            "hypotheses": [
                {"name": one.name, "statement": one.statement, "needs": one.info.name} for one in theory.hypotheses
            ],
            "world": theory.world,
            "summary": registry.lookup("theories", theory.kind).summary,
            "paper": registry.lookup("theories", theory.kind).paper,
        }
        for theory in theories()
    ]
    if as_json:
        print_json(found)
        return
    rows = [
        [
            str(one["name"]),
            f"{one['target']}{bound(str(one['says']))}, {one['unit']}",
            str(one["information"]),
            "; ".join(hypothesis["name"] for hypothesis in one["hypotheses"]) or "none",  # type: ignore[union-attr, index]
            str(one["summary"]),
        ]
        for one in found
    ]
    print_table(f"{len(rows)} theories", ["name", "predicts", "from", "takes for granted", "what it is"], rows)


@app.command()
def score(
    study: Annotated[
        str | None, typer.Argument(help="The study's name, or its file; left out: synthetic families alone.")
    ] = None,
    labels: Audits = AUDITED,
    families: Annotated[int, typer.Option(min=0, help="Runs of each synthetic family A, B, C.")] = FAMILY_RUNS,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write a page too: .md or .html.", show_default=False)
    ] = None,
    store: StoreFolder = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Score every theory on the same runs: where its hypotheses hold, fail, and cannot be tested.

    Predictions are made and sealed before ground truth is opened. The truth is measured on the half of the test set at
    which no observable looked.

    For example:

        w2sg theory score

        w2sg theory score studies/theory.toml -o theory-scores.md
    """
    from w2sg.report.markdown import page_target
    from w2sg.report.theory import print_rows, write_theory
    from w2sg.theory.scoreboard.board import scoreboard

    if out is not None:
        page_target(out)
    chosen = None if study is None else study_of(study, store)
    with watching() as progress:
        board = scoreboard(
            chosen, store=store, audits=audits_of(labels), family_runs=families, workers=workers, progress=progress
        )
    given = [study, None if labels == AUDITED else f"--labels {labels}"]
    given += [None if families == FAMILY_RUNS else f"--families {families}", f"-o {out}" if out else None]
    command = " ".join(["w2sg theory score", *(one for one in given if one)])
    page = None if out is None else write_theory(board, out, command=command)
    if as_json:
        print_json({**board.to_dict(), "page": None if page is None else str(page)})
        return
    for title, columns, rows in print_rows(board):
        print_table(title, columns, rows)
    typer.echo(f"predictions sealed before the truth was opened: {board.sealed[:16]}")
    if board.late:
        typer.echo(f"late: in {board.late} tasks and seeds the truth had been opened before, for other predictions")
    if page is not None:
        say(f"scoreboard: {page}")
