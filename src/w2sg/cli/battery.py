"""`w2sg battery`: every disanalogy that applies to a setup, on one page."""

from pathlib import Path
from typing import Annotated

import typer

from w2sg.cli import console


def battery(
    task: console.TaskName = "facts",
    supervisor: Annotated[str | None, typer.Option(help="The weak supervisor [default: the task's]")] = None,
    student: Annotated[str | None, typer.Option(help="The strong student [default: the task's]")] = None,
    method: Annotated[
        str | None, typer.Option(help="How the student learns; see 'w2sg list methods' [default: the task's]")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=2, help="How many seeds.")] = 10,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="One disanalogy, 'leap-of-faith' or 'deception'; may be repeated [default: all]"),
    ] = None,
    settings: console.Settings = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the page, .html or .md.", metavar="FILE")
    ] = None,
    plugin: console.Plugins = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    dry_run: console.DryRun = False,
    as_json: console.Json = False,
) -> None:
    """Turn up each way in which a setup differs from supervising something superhuman, and see what PGR does.

    Without options it tests the fact world's default setup, which needs the extra [lm]. On other setups it turns what
    can be turned there, and says of the rest why it does not apply.

    For example:

        w2sg battery -o battery.html

        w2sg battery --task digits --only error-structure --json
    """
    from w2sg.batteries import battery_document, run_battery
    from w2sg.lab import make_setup, parse_setting
    from w2sg.report import page_target

    if output is not None:
        page_target(output)
    console.load_plugins(plugin)
    setup = make_setup(task, supervisor, student, method, dict(parse_setting(text) for text in settings or []))
    with console.progress_bar("battery", dry_run=dry_run, as_json=as_json) as progress:
        found = run_battery(
            setup,
            range(seeds),
            only=only or (),
            store=store,
            workers=workers,
            plugins=plugin or (),
            progress=progress,
        )
    console.publish(battery_document(found), output, as_json=as_json, name="battery")
