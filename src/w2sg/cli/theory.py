"""`w2sg theory`: the predictors of generalization, and the scoreboard that holds them against the same runs."""

from typing import Annotated

import typer

from w2sg.cli import console

AUDITED, FAMILY_RUNS = "50,200", 200
"""What is audited and simulated where nothing else is asked for."""

app = typer.Typer(
    help="Predict how students generalize, and hold predictions against what happened.", no_args_is_help=True
)


@app.command("list")
def list_theories(plugin: console.Plugins = None, as_json: console.Json = False) -> None:
    """List the theories: what each predicts, in which unit, what it needs and what it takes for granted.

    For example:

        w2sg theory list --json
    """
    from w2sg.theory import theories, theories_document

    console.load_plugins(plugin)
    console.print_document(theories_document(theories()), as_json=as_json)


@app.command()
def score(
    study: Annotated[
        str | None, typer.Argument(help="The study's name, or its file; left out: synthetic families alone.")
    ] = None,
    labels: console.Audits = AUDITED,
    families: Annotated[int, typer.Option(min=0, help="Runs of each synthetic family A, B, C.")] = FAMILY_RUNS,
    shuffled: Annotated[
        bool, typer.Option("--shuffled", help="Deal supervision gold out anew first: what still predicts has leaked.")
    ] = False,
    out: console.PageOut = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    plugin: console.Plugins = None,
    dry_run: console.DryRun = False,
    as_json: console.Json = False,
) -> None:
    """Score every theory on the same runs: where its hypotheses hold, fail, and cannot be tested.

    Predictions are made and kept before ground truth is opened. The truth is measured on the half of the test set at
    which no observable looked.

    For example:

        w2sg theory score

        w2sg theory score studies/theory.toml -o theory-scores.md
    """
    from w2sg.report import page_target
    from w2sg.theory import scoreboard, scoreboard_document

    if out is not None:
        page_target(out)
    chosen = None if study is None else console.study_of(study, store, plugin)
    with console.watching("theory score", dry_run=dry_run, as_json=as_json) as progress:
        board = scoreboard(
            chosen,
            store=store,
            audits=console.audits_of(labels),
            family_runs=families,
            shuffled=shuffled,
            workers=workers,
            progress=progress,
        )
    # Only what differs from the defaults, so that the page shows the shortest command that makes it.
    given = [study, None if labels == AUDITED else f"--labels {labels}"]
    given += [None if families == FAMILY_RUNS else f"--families {families}", "--shuffled" if shuffled else None]
    given += [f"-o {out}" if out else None]
    command = " ".join(["w2sg theory score", *(argument for argument in given if argument)])
    document = scoreboard_document(board, made_by=command)
    console.publish(document, out, as_json=as_json, name="scoreboard")
