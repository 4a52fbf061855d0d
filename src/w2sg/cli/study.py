"""`w2sg study`: all runs of a study file."""

from pathlib import Path
from typing import Annotated

import typer

from w2sg.cli import console


def study(
    file: Annotated[
        Path, typer.Argument(help="The study's TOML file, or the name of one that comes along.", metavar="FILE")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Go on although the grid has over a million runs.")] = False,
    until_decided: Annotated[
        bool, typer.Option("--until-decided", help="Add seeds until each method is decided, at most 'most_seeds'.")
    ] = False,
    track: Annotated[
        str | None,
        typer.Option("--track", help="Tell a tracker of the runs: mlflow:FOLDER, tensorboard:FOLDER or wandb."),
    ] = None,
    launcher: console.LauncherName = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    dry_run: console.DryRun = False,
    as_json: console.Json = False,
) -> None:
    """Make all runs of a study that are not in the store yet, and print its table.

    Stopped at any moment, it goes on where it was when it is started again. A run that fails ends no other: the exit
    code is then 3, and the failed runs are listed with their reasons.

    For example:

        w2sg study digits

        w2sg study mine.toml

        w2sg study digits --track mlflow:tracked
    """
    import w2sg
    from w2sg.lab import Tracking, default_store, study_document, tracker_of

    given = w2sg.Study.read(file)
    if until_decided:
        given = given.model_copy(update={"seeds": "until decided"})
    with console.progress_bar(file.stem, dry_run=dry_run, as_json=as_json) as progress:
        tracking = None
        if track is not None:  # one that cannot be reached is said before anything is trained
            tracking = Tracking(tracker_of(track, given.name), given, store or default_store(), progress)
        result = w2sg.study(
            given, store=store, launcher=launcher, workers=workers, yes=yes, progress=tracking or progress
        )
        if tracking is not None:
            tracking.look(run for setup in result.results for run in setup.run_ids)
            console.say(f"{track}: told of {tracking.told} runs")
    document = study_document(result)
    console.print_document(document, as_json=as_json)
    # Printed first, because the runs that were made are of use in any case.
    if result.failed:
        console.fail(result.failures(), code=3)
