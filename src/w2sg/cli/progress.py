"""Progress on stderr, with the time that is left, and what a command would do if it did it."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from w2sg.cli import output

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from w2sg.graph import Ahead, PlannedWork

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done, what is there already and how long it takes.")
]

DOING: Mapping[str, str] = {
    "labels": "labelling",
    "rehearsals": "rehearsing",
    "student": "training",
    "ceiling": "training",
    "pretraining": "training",
    "deception": "training",
    "score": "scoring",
    "truth": "scoring",
    "experiment": "scoring",
    "observation": "observing",
    "predictions": "predicting",
    "forecast": "forecasting",
    "certification": "certifying",
    "check": "checking",
    "trained": "training",
    "observed": "observing",
    "predicted": "predicting",
    "scored": "scoring",
}
"""What a command is doing while it computes a kind of step, or is in a stage; others are called by their name."""
LATE_S, SILENT_S = 4.0, 30.0
"""Of work that is over sooner a log file hears only how many runs are done, and then something at least so often."""
STEPS = "steps"
"""What is counted where nobody counts runs."""


class _Work:
    """What is known of the work: told by whoever counts runs, and by whoever watches the steps.

    Args:
        what: The command or the study.
        show: Shows it; told what goes on, how much is done, of how much, in which unit, and the seconds left.
    """

    def __init__(self, what: str, show: Callable[[str, int, int | None, str, float | None], object]) -> None:
        self.what, self._show = what, show
        self.doing, self.unit = "", "runs"
        self.done, self.total = 0, 0
        self._stage_began = time.monotonic()
        self._ahead: Ahead | None = None

    def count(self, done: int, total: int) -> None:
        """Take notice of how many runs are done."""
        self.done, self.total = done, total
        self.show()

    def stage(self, stage: str, done: int, total: int) -> None:
        """Take notice of how much of a stage is done that has several."""
        if stage != self.doing:
            self.doing, self._stage_began = stage, time.monotonic()
        self.count(done, total)

    def watch(self, ahead: "Ahead") -> None:
        """Take notice of what is left."""
        self._ahead = ahead
        self.show()

    def show(self) -> None:
        """Show all that is known."""
        ahead = self._ahead
        steps = sum(ahead.done.values()) if ahead else 0
        all_steps = sum(ahead.missing.values()) if ahead else 0
        doing = DOING.get(self.doing, self.doing)
        if ahead is not None and ahead.kind:
            doing = DOING.get(ahead.kind, ahead.kind)
        elif ahead is not None and all_steps and steps >= all_steps and self.done >= self.total:
            doing = "summing up"
        done, total, unit = (self.done, self.total, self.unit) if self.total else (steps, all_steps, STEPS)
        self._show(doing, done, total or None, unit, self._left(ahead))

    def _left(self, ahead: "Ahead | None") -> float | None:
        if ahead is not None and ahead.left_s != 0:
            return ahead.left_s
        if not 0 < self.done < self.total:
            return None
        # Work that is no steps goes on as it went so far.
        return (time.monotonic() - self._stage_began) / self.done * (self.total - self.done)


@contextmanager
def progress_bar(
    what: str, unit: str = "runs", *, dry_run: bool = False, as_json: bool = False
) -> "Iterator[Callable[[int, int], None]]":
    """Show what goes on, how many runs are done and how much time is left, on stderr: plain lines where it is piped.

    With `dry_run` nothing is done inside: what would be is printed on stdout, and the command ends.
    """
    with _shown(what, unit, dry_run, as_json) as shown:
        yield shown.count


@contextmanager
def watching(
    what: str = "", *, dry_run: bool = False, as_json: bool = False
) -> "Iterator[Callable[[str, int, int], None]]":
    """Show progress of several stages; see `progress_bar`."""
    with _shown(what, "runs", dry_run, as_json) as shown:
        yield shown.stage


@contextmanager
def _shown(what: str, unit: str, dry_run: bool, as_json: bool) -> Iterator[_Work]:
    from rich.console import Console

    from w2sg.graph import OnlyPlannedError, Watch, planning
    from w2sg.graph import watching as watched_by

    if dry_run:
        try:
            with planning():
                yield _Work(what, lambda *_: None)
        except OnlyPlannedError as planned:
            print_plan(what, planned.plan, as_json=as_json)
            raise typer.Exit from None
        return
    console = Console(stderr=True)
    with _logging_to(console), _display(console, what) as show:
        shown = _Work(what, show)
        shown.unit = unit
        with watched_by(Watch(shown.watch)):
            yield shown


@contextmanager
def _display(console: "Console", what: str) -> Iterator[Callable[[str, int, int | None, str, float | None], object]]:
    if not console.is_terminal:
        yield _Lines(what).show
        return
    with _bar(console) as bar:
        task = bar.add_task(what, total=None, unit="", left="")

        def show(doing: str, done: int, total: int | None, unit: str, left: float | None) -> None:
            named = ": ".join(filter(None, [what, doing]))
            shown = "" if left is None else f"left {clock(left)}"
            bar.update(task, description=named, completed=done, total=total, unit=unit, left=shown)

        yield show


def _bar(console: "Console") -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    texts: dict[str, Any] = {"markup": False}
    return Progress(
        TextColumn("{task.description}", **texts),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}", **texts),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", **texts),
        console=console,
        transient=True,
    )


class _Lines:
    """Progress for a log file: a line for each tenth of the runs; of long work what goes on and what is left, too."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.began = self.said = time.monotonic()
        self.doing, self.tenth = "", 0

    def show(self, doing: str, done: int, total: int | None, unit: str, left: float | None) -> None:
        now = time.monotonic()
        late = now - self.began > LATE_S
        tenth = 10 * done // total if total and (late or unit != STEPS) else 0
        other = late and (doing != self.doing and now - self.said > LATE_S or now - self.said > SILENT_S)
        if tenth == self.tenth and not other:
            return
        fell, self.doing, self.tenth = tenth < self.tenth, doing, tenth  # it falls where another stage begins
        if fell and not other:
            return
        self.said = now
        parts = [doing] if late else []
        parts += [f"{done} of {total} {unit}"] if total else []
        parts += [f"{clock(left)} left"] if late and left else []
        output.say(f"{self.what}: {', '.join(filter(None, parts))}")


@contextmanager
def _logging_to(console: "Console") -> Iterator[None]:
    """Show warnings of the package above the bar; written past it they would tear it."""
    from rich.logging import RichHandler

    handler = RichHandler(console=console, show_path=False, show_time=False)
    handler.setFormatter(_PrintableFormatter("%(message)s"))
    log = logging.getLogger("w2sg")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


class _PrintableFormatter(logging.Formatter):
    """Writes messages without control characters: they name files and what others wrote."""

    def format(self, record: logging.LogRecord) -> str:
        from w2sg.core import wording

        return wording.printable(super().format(record))


def clock(seconds: float) -> str:
    """Return a duration in minutes and seconds, or hours and minutes.

    >>> clock(80), clock(4000)
    ('1:20', '1 h 06')
    """
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60:02d}"


def print_plan(what: str, plan: "PlannedWork", *, as_json: bool) -> None:
    """Print what a command would do."""
    from dataclasses import asdict

    if as_json:
        output.print_json({"dry_run": what, **asdict(plan)})
        return
    kinds = sorted({*plan.missing, *plan.there}, key=lambda kind: (kind not in plan.missing, kind))
    rows = [[kind, str(plan.missing.get(kind, 0)), str(plan.there.get(kind, 0))] for kind in kinds]
    output.print_table(f"{what}: what would be done", ["step", "to do", "in the store"], rows)
    if not plan.missing:
        output.echo("Nothing is to be computed: all is in the store.")
        return
    workers = "one process" if plan.workers == 1 else f"{plan.workers} processes"
    n_steps = sum(plan.missing.values())
    basis = "by what such steps took before" if not plan.guessed else "a guess: this store has timed no such steps"
    if 0 < plan.guessed < n_steps:
        basis = f"a guess for {plan.guessed} of {n_steps} steps, of kinds that this store has not timed"
    output.echo(f"About {clock(plan.wall_s)} with {workers}, {clock(plan.seconds)} of work; {basis}.")
    output.echo("What follows from what these steps find is not counted.")
