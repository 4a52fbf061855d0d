"""`w2sg factors`: what moves generalization, by how much, and where."""

from pathlib import Path
from typing import Annotated

import typer

from w2sg.cli import console


def factors(
    study: Annotated[Path, typer.Argument(help="A study file with [[factors]] and a [design].")],
    out: console.PageOut = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    plugin: console.Plugins = None,
    dry_run: console.DryRun = False,
    as_json: console.Json = False,
) -> None:
    """Turn factors of a study's setups, and say what each does to the gain and to requirements.

    The file is that of a study with factors ('w2sg list factors'), a design
    ('w2sg list designs') and desiderata whose margins are outcomes. An
    adaptive design looks for settings, and tells no effects.

    For example:

        w2sg factors studies/factors.toml -o factors.html

        w2sg factors studies/factors-adaptive.toml -o search.html
    """
    from w2sg.factors import FactorStudy, factors_document, run_factors
    from w2sg.report import page_target

    # A path that cannot be written is said before the runs are made.
    if out is not None:
        page_target(out)
    console.load_plugins(plugin)
    given = FactorStudy.read(study)
    with console.progress_bar(study.stem, dry_run=dry_run, as_json=as_json) as progress:
        found = run_factors(given, store=store, workers=workers, progress=progress)
    document = factors_document(found, made_by=f"w2sg factors {study}")
    console.publish(document, out, as_json=as_json, name="factors")
