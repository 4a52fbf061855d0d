"""Which commands there are: each file's function under its name."""

import typer

from w2sg.cli import (
    cache,
    certify,
    demo,
    describe,
    league,
    ledger,
    listing,
    new,
    observe,
    report,
    run,
    runs,
    show,
    study,
    theory,
    world,
)


def add_to(app: typer.Typer) -> None:
    """Add every command to the application, in the order a newcomer needs them."""
    for name, command in (
        ("demo", demo.demo),
        ("run", run.run),
        ("study", study.study),
        ("report", report.report),
        ("league", league.league),
        ("list", listing.list_names),
        ("describe", describe.describe),
        ("runs", runs.runs),
        ("show", show.show),
        ("ledger", ledger.ledger),
        ("observe", observe.observe),
        ("predict", observe.predict),
        ("certify", certify.certify),
    ):
        app.command(name)(command)
    app.add_typer(theory.app, name="theory")
    app.add_typer(world.app, name="world")
    app.add_typer(cache.app, name="cache")
    app.add_typer(new.app, name="new")
