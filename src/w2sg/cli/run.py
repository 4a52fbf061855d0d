"""`w2sg run`: one setup under several seeds."""

from typing import TYPE_CHECKING, Annotated

import typer

from w2sg.cli import console

if TYPE_CHECKING:
    from w2sg.lab import SetupResult
    from w2sg.measure import Interval

Seeds = Annotated[int, typer.Option("--seeds", min=1, help="How many seeds.")]


def run(
    task: console.TaskName = "digits",
    supervisor: Annotated[str | None, typer.Option(help="The weak supervisor [default: the task's]")] = None,
    student: Annotated[str | None, typer.Option(help="The strong student [default: the task's]")] = None,
    method: Annotated[
        str | None, typer.Option(help="How the student learns; see 'w2sg list methods' [default: the task's]")
    ] = None,
    seeds: Seeds = 8,
    settings: console.Settings = None,
    allow_leak: Annotated[
        bool, typer.Option("--allow-leak", help="Go on where a column of the data tells the label.")
    ] = False,
    plugin: console.Plugins = None,
    launcher: console.LauncherName = None,
    store: console.StoreFolder = None,
    workers: console.Workers = None,
    dry_run: console.DryRun = False,
    as_json: console.Json = False,
) -> None:
    """Try one setup: weak supervisor, student and ceiling compared, with the PGR and its interval.

    For example:

        w2sg run --task digits --method confidence

        w2sg run --task wine --set student.c=10 --set task.transfer=60 --seeds 20 --json
    """
    import w2sg
    from w2sg.lab import parse_setting, study_document
    from w2sg.report import names_of, terminal_table

    allowed = {"task.allow_leak": True} if allow_leak else {}
    with console.progress_bar("run", dry_run=dry_run, as_json=as_json) as progress:
        result = w2sg.run(
            task,
            supervisor,
            student,
            method,
            seeds=seeds,
            settings=dict(parse_setting(text) for text in settings or []) | allowed,
            store=store,
            launcher=launcher,
            workers=workers,
            plugins=plugin or [],
            progress=progress,
        )
    # The document holds what the tables below show, and where every number is from.
    document = study_document(result)
    if as_json:
        console.print_json(document.to_dict())
        return
    _print_summary(result)
    table = document.tables.get("test-sets")
    if table is not None:
        console.print_table("every test set", *terminal_table(table), names_of(table))


def _print_summary(result: "SetupResult") -> None:
    from w2sg.core import wording
    from w2sg.lab import cautions_of

    means, intervals = result.tests["test"].means, result.tests["test"].intervals

    def shown(mean: float | None, interval: "Interval | None") -> str:
        return console.number(mean) if interval is None else wording.interval(interval)

    rows = []
    accuracies = {who: getattr(result.pgr, who) for who in ("weak", "student", "ceiling")}
    direct = result.tests["test"].direct_pgr
    if direct is not None:
        accuracies["direct"] = direct.student
    for who, accuracy in accuracies.items():
        own = intervals.get(who, {})
        areas, errors = shown(means[who].get("auroc"), own.get("auroc")), shown(None, own.get("calibration_error"))
        rows.append([who, wording.interval(accuracy), areas, console.number(means[who].get("ece")), errors])
    place = " / ".join(result.label.values())
    title = f"{place}: {len(result.seeds)} seeds, {result.pgr.n_test:.0f} test examples each"
    console.echo(f"{result.label['method']}: {result.pgr}")
    console.print_table(title, ["", "accuracy [95 %]", "AUROC [95 %]", "ECE", "RMS, debiased [95 %]"], rows)
    if result.pgr.estimate is None:
        console.echo(f"ratios that the data allow: {result.pgr.set}")
    if result.pgr.note:
        console.echo(f"note: {result.pgr.note}")
    if direct is not None:
        console.echo(f"direct, the student trained on the supervision gold itself: {direct}")
    agreement, copied = (shown(means[name], intervals.get(name)) for name in ("agreement", "errors_copied"))
    console.echo(f"agreement with the supervisor {agreement}, share of its errors copied {copied}")
    for caution in cautions_of(result):
        console.echo(f"caution, {caution.name}: {caution.text}")
    console.echo(f"trust tier {result.trust}")
    console.echo(f"{result.wall_s:.1f} s; runs {', '.join(run_id[:8] for run_id in result.run_ids)}")
