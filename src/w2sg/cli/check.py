"""`w2sg check`: does a run, or every setup of a study, meet a specification?"""

from pathlib import Path
from typing import Annotated

import typer

from w2sg.cli import console

EXIT_CODES = {"met": 0, "violated": 1, "undecided": 4}


def check(
    specification: Annotated[Path, typer.Argument(help="The specification's file, such as specs/minimal.toml.")],
    target: Annotated[str, typer.Argument(help="The start of a run's id, or a study: its file or its name.")],
    labels: Annotated[
        int, typer.Option("--labels", min=0, help="How many labels of a run's test sets may be bought.")
    ] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Draws the order in which labels are bought.")] = 0,
    out: console.PageOut = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Decide whether what is required of a student is met: met (exit 0), violated (1) or undecided (4).

    Of a run, labels of its test sets are bought one after the other, where they can decide something first, until the
    verdict is clear or the budget is spent. The verdict is wrong with at most the specification's delta, whenever one
    stops; each further look at the same labels gets less of it.

    Of a study, every setup is judged over its seeds by all labels.

    For example:

        w2sg check specs/minimal.toml 3fa2 --labels 100

        w2sg check specs/strong.toml studies/digits.toml -o check.html
    """
    from w2sg.desiderata import Specification, check_document, check_run, check_runs
    from w2sg.lab import Study, study_or_run, study_runs
    from w2sg.report import page_target

    if out is not None:
        page_target(out)
    console.load_plugins(plugin)
    given = Specification.read(specification)
    made_by = f"w2sg check {specification} {target}"
    found = study_or_run(target, store=store, plugins=plugin or ())
    if isinstance(found, Study):
        with console.progress_bar(found.name) as progress:
            made = study_runs(found, store=store, workers=workers, progress=progress)
        document = check_document(given, check_runs(given, made.runs, found.titles()), of=found.name, made_by=made_by)
    else:
        with console.progress_bar("check"):
            outcome, look = check_run(found, given, store=console.existing_store(store), labels=labels, draw=seed)
        made_by = f"{made_by} --labels {labels}"
        document = check_document(given, [outcome], look=look, most=labels, of=f"run {found.key[:8]}", made_by=made_by)
    console.publish(document, out, as_json=as_json, name="check")
    raise typer.Exit(EXIT_CODES[str(document.data["verdict"])])
