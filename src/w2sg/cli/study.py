"""`w2sg study`: all runs of a study file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from w2sg.cli.console import Json, StoreFolder, Workers, interval, number, print_json, print_table, progress_bar

if TYPE_CHECKING:
    from w2sg.lab import StudyResult


def study(
    file: Annotated[Path, typer.Argument(help="The study's TOML file.", metavar="FILE")],
    yes: Annotated[bool, typer.Option("--yes", help="Go on although the grid has over a million runs.")] = False,
    store: StoreFolder = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Make all runs of a study that are not in the store yet, and print its table.

    Stopped at any moment, it goes on where it was when it is started again.

    For example:

        w2sg study studies/digits.toml
    """
    import w2sg

    with progress_bar(file.stem) as progress:
        found = w2sg.study(file, store=store, workers=workers, yes=yes, progress=progress)
    if as_json:
        print_json(found.to_dict())
    else:
        print_study(found)


def print_study(found: "StudyResult") -> None:
    """Print a study's setups and its paired comparisons."""
    rows = [
        [
            *result.label.values(),
            number(result.pgr.weak.estimate),
            number(result.pgr.student.estimate),
            number(result.pgr.ceiling.estimate),
            interval(result.pgr) if result.pgr.estimate is not None else "- gap too small",
            str(len(result.seeds)),
        ]
        for result in found.results
    ]
    columns = ["task", "supervisor", "student", "method", "weak", "student's", "ceiling", "PGR [95 %]", "seeds"]
    print_table(f"{found.name}: {found.n_runs} runs", columns, rows)
    for contest in found.contests:
        compared = [
            [name, interval(c.difference), number(c.p_value), number(c.p_adjusted)]
            for name, c in contest.comparisons.items()
        ]
        title = f"{' / '.join(contest.label.values())}: accuracy minus that of {contest.reference}, paired"
        print_table(title, ["method", "difference [95 %]", "p", "Holm p"], compared)
    steps = ", ".join(f"{n} {step}" for step, n in found.steps_done.items()) or "none: all were in the store"
    typer.echo(f"{found.wall_s:.1f} s; steps done: {steps}")
