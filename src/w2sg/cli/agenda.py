"""`w2sg agenda`: claims of the field, how far they are believed, and what to try next."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from w2sg.cli import console

if TYPE_CHECKING:
    from w2sg.agenda import Agenda

app = typer.Typer(
    help="Claims of the field: their credences, the evidence, and what to try next.", no_args_is_help=True
)


def _agenda(store: Path | None, plugin: list[str] | None) -> "tuple[Agenda, Path]":
    from w2sg.agenda import Agenda
    from w2sg.lab import default_store

    console.load_plugins(plugin)
    folder = store or default_store()
    return Agenda.read(folder), folder


@app.command()
def show(
    claim: Annotated[str | None, typer.Argument(help="One claim in full [default: all in a table]")] = None,
    store: console.StoreFolder = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Show all claims with their credences, or one with its evidence.

    For example:

        w2sg agenda show

        w2sg agenda show confidence-helps --json
    """
    from w2sg.agenda import agenda_document, claim_document, knowledge_of

    agenda, folder = _agenda(store, plugin)
    known = knowledge_of(agenda, folder)
    document = agenda_document(known, made_by="w2sg agenda page") if claim is None else claim_document(known, claim)
    console.print_document(document, as_json=as_json)


@app.command("next")
def next_experiments(
    store: console.StoreFolder = None, plugin: console.Plugins = None, as_json: console.Json = False
) -> None:
    """Rank experiments by how many claims they are expected to help decide per processor second.

    For example:

        w2sg agenda next
    """
    from w2sg.agenda import Workbench, next_document

    bench = Workbench(*_agenda(store, plugin))
    console.print_document(next_document(bench.known, bench.candidates()), as_json=as_json)


@app.command()
def run(
    budget: Annotated[str, typer.Option("--budget", help="Processor time: 90s, 30m or 1.5h.")],
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    plugin: console.Plugins = None,
    dry_run: console.DryRun = False,
    as_json: console.Json = False,
) -> None:
    """Make the most promising experiments that a budget affords; each is forecast, and the forecast sealed, before.

    For example:

        w2sg agenda run --budget 2m
    """
    from w2sg.agenda import Workbench, agenda_document, run_agenda, seconds_of

    seconds = seconds_of(budget)
    bench = Workbench(*_agenda(store, plugin))
    before = dict(bench.known.credences)
    with console.progress_bar("agenda", dry_run=dry_run, as_json=as_json):
        done = run_agenda(bench, seconds, workers=workers, plugins=plugin or (), tell=console.say)
    for title, reason in done.failed.items():
        console.say(f"{title} failed: {reason}")
    moved = {name: (before[name], now) for name, now in done.known.credences.items() if now != before[name]}
    console.say(f"{len(done.made)} experiments in {done.seconds:.1f} processor seconds; {done.why_over}")
    if as_json:
        made = [{"claim": one.trial.claim.name, "site": one.trial.site.name} for one in done.made]
        document = agenda_document(done.known, made_by=f"w2sg agenda run --budget {budget}")
        console.print_json({**document.to_dict(), "made": made, "seconds": done.seconds, "moved": moved})
        return
    rows = [[name, f"{was:.2f}", f"{now:.2f}"] for name, (was, now) in sorted(moved.items())]
    console.print_table(f"{len(rows)} claims moved", ["claim", "before", "now"], rows)


@app.command()
def score(store: console.StoreFolder = None, plugin: console.Plugins = None, as_json: console.Json = False) -> None:
    """Score the agenda's sealed forecasts, beside those of one that knows no run.

    For example:

        w2sg agenda score
    """
    from w2sg.agenda import knowledge_of, score_document

    console.print_document(score_document(knowledge_of(*_agenda(store, plugin))), as_json=as_json)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A TOML file with [[claims]], [[questions]] or [[sites]].")],
    store: console.StoreFolder = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Add claims, questions and sites of your own to the agenda of a store.

    For example:

        w2sg agenda add claims.toml
    """
    from w2sg.agenda import add_to
    from w2sg.lab import default_store

    console.load_plugins(plugin)
    agenda = add_to(store or default_store(), file)
    counts = {"claims": len(agenda.claims), "questions": len(agenda.questions), "sites": len(agenda.sites)}
    if as_json:
        console.print_json({"added": str(file), **counts})
        return
    console.echo(f"{file} was added: the agenda has " + ", ".join(f"{n} {what}" for what, n in counts.items()))


@app.command()
def page(
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to write it: .html or .md.")] = Path("agenda.html"),
    store: console.StoreFolder = None,
    plugin: console.Plugins = None,
    as_json: console.Json = False,
) -> None:
    """Write the agenda's page: claims, credences over time, evidence, cruxes, and what to try next.

    For example:

        w2sg agenda page -o agenda.html
    """
    from w2sg.agenda import Workbench, agenda_document
    from w2sg.report import page_target, write_document

    page_target(out)
    bench = Workbench(*_agenda(store, plugin))
    document = agenda_document(bench.known, bench.candidates(), made_by=f"w2sg agenda page -o {out}")
    written = write_document(document, out)
    if as_json:
        console.print_json({**document.to_dict(), "page": str(written)})
    console.say(f"agenda: {written}")
