"""`w2sg optimise`: which change makes meeting a specification most likely."""

from pathlib import Path
from typing import Annotated

import typer

from w2sg.cli import console


def optimise(
    specification: Annotated[Path, typer.Argument(help="A specification file.", metavar="SPEC")],
    study: Annotated[Path, typer.Argument(help="A study file with [[factors]], choosing and left_out.")],
    trials: Annotated[int, typer.Option("--trials", help="How many points are tried.")] = 30,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the search.")] = 0,
    out: console.PageOut = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    plugin: console.Plugins = None,
    dry_run: console.DryRun = False,
    as_json: console.Json = False,
) -> None:
    """Choose settings of factors on some tasks, and judge them on others.

    The study names its choosing tasks and those left out before anything is
    run. Beside what Optuna chooses stand the best single change, and the best
    of as many points drawn at random.

    For example:

        w2sg optimise specs/strong.toml studies/factors-optimise.toml
    """
    from w2sg.desiderata import Specification
    from w2sg.factors import FactorStudy, optimised_document
    from w2sg.factors import optimise as optimised
    from w2sg.report import page_target

    if out is not None:
        page_target(out)
    console.load_plugins(plugin)
    asked, given = Specification.read(specification), FactorStudy.read(study)
    with console.watching("optimise", dry_run=dry_run, as_json=as_json) as show:
        found = optimised(
            asked,
            given,
            trials=trials,
            seed=seed,
            store=store,
            workers=workers,
            progress=lambda stage: lambda done, total: show(stage, done, total),
        )
    made_by = f"w2sg optimise {specification} {study} --trials {trials} --seed {seed}"
    console.publish(optimised_document(found, made_by=made_by), out, as_json=as_json, name="optimise")
