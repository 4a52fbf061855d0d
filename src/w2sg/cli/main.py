"""The command line: one file for each command, each thin: parse, call, print."""

import typer

from w2sg.cli import (
    agenda,
    battery,
    cache,
    certify,
    check,
    compare,
    console,
    demo,
    describe,
    ending,
    export,
    export_model,
    factors,
    league,
    ledger,
    listing,
    multiverse,
    new,
    observe,
    optimise,
    plan,
    power,
    preflight,
    report,
    run,
    runs,
    show,
    study,
    theory,
    world,
)

app = typer.Typer(
    name="w2sg",
    help="A laboratory for weak-to-strong generalization.\n\nStart with: w2sg demo",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from w2sg import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _common(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """A laboratory for weak-to-strong generalization.

    Exit codes: 0 ok, 1 the answer is no, 2 bad input, 3 a run or the store failed, 4 undecided,
    70 an error that w2sg did not foresee, 130 stopped by Ctrl-C.
    """


def main() -> None:
    """Run the command line; whatever goes wrong is one message, and not a traceback."""
    try:
        with ending.interrupted_once():
            _run()
    except KeyboardInterrupt:
        ending.stop()
    except Exception as error:  # noqa: BLE001 - the one place for what nobody foresaw
        _end_with(error)


def _end_with(error: Exception) -> None:
    """Say what went wrong, and leave with its exit code."""
    # Here and inside functions, because the contracts of the house take longer to load than the help to print.
    from w2sg.core import InputError, W2sgError

    if isinstance(error, W2sgError):
        console.fail(str(error), code=2 if isinstance(error, InputError) else 3)
    ending.unforeseen(error)


def _run() -> None:
    ending.check_given()
    add_commands_to(app)
    try:
        app()
    except SystemExit as leaving:
        # Typer turns Ctrl-C into this exit by itself, and Python would then wait for the workers.
        if leaving.code == ending.INTERRUPTED:
            raise KeyboardInterrupt from None
        # Nor is it an answer that the reader of stdout went away, as `head` does.
        if isinstance(leaving.__context__, BrokenPipeError):
            raise SystemExit(0) from None
        ending.deliver()
        raise
    except BrokenPipeError:
        ending.nobody_reads()


def add_commands_to(app: typer.Typer) -> None:
    """Add every command to the application, in the order a newcomer needs them."""
    for name, command in (
        ("demo", demo.demo),
        ("run", run.run),
        ("preflight", preflight.preflight),
        ("study", study.study),
        ("report", report.report),
        ("compare", compare.compare),
        ("export", export.export),
        ("league", league.league),
        ("power", power.power),
        ("list", listing.list_names),
        ("describe", describe.describe),
        ("runs", runs.runs),
        ("show", show.show),
        ("ledger", ledger.ledger),
        ("export-model", export_model.export_model),
        ("observe", observe.observe),
        ("predict", observe.predict),
        ("certify", certify.certify),
        ("check", check.check),
        ("plan", plan.plan),
        ("battery", battery.battery),
        ("multiverse", multiverse.multiverse),
        ("factors", factors.factors),
        ("optimise", optimise.optimise),
    ):
        app.command(name)(command)
    # `w2sg world simulate` by a word of its own, as theory's worlds are asked most.
    app.command("oracle", hidden=True)(world.simulate)
    app.add_typer(agenda.app, name="agenda")
    app.add_typer(theory.app, name="theory")
    app.add_typer(world.app, name="world")
    app.add_typer(cache.app, name="cache")
    app.add_typer(new.app, name="new")
