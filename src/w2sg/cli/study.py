"""`w2sg study`: all runs of a study file."""

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from w2sg.cli.console import (
    Json,
    StoreFolder,
    Workers,
    interval,
    number,
    print_json,
    print_table,
    probability,
    progress_bar,
)

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
    labels = [result.label for result in found.results]
    same = [part for part in labels[0] if part != "method" and len({label[part] for label in labels}) == 1]
    varied = [part for part in labels[0] if part not in same]
    rows = [
        [
            number(result.pgr.weak.estimate),
            number(result.pgr.student.estimate),
            number(result.pgr.ceiling.estimate),
            interval(result.pgr) if result.pgr.estimate is not None else "- gap too small",
        ]
        for result in found.results
    ]
    names = _without_repeats([[label[part] for part in varied] for label in labels])
    of = f" of {' / '.join(labels[0][part] for part in same)}" if same else ""
    title = f"{found.name}: {found.n_runs} runs{of}, {len(found.results[0].seeds)} seeds each"
    columns = [*varied, "weak", "student's", "ceiling", "PGR [95 %]"]
    print_table(title, columns, [[*name, *row] for name, row in zip(names, rows, strict=True)])
    for contest in found.contests:
        compared = [
            [name, interval(c.difference), probability(c.p_value), probability(c.p_adjusted)]
            for name, c in contest.comparisons.items()
        ]
        title = f"{' / '.join(contest.label.values())}: accuracy minus that of {contest.reference}, paired"
        print_table(title, ["method", "difference [95 %]", "p", "Holm p"], compared)
    steps = ", ".join(f"{n} {step}" for step, n in found.steps_done.items()) or "none: all were in the store"
    typer.echo(f"{found.wall_s:.1f} s; steps done: {steps}")


def _without_repeats(rows: list[list[str]]) -> list[list[str]]:
    """Return rows of names in which what the row before says already is left blank, but for the last name."""
    shown = [rows[0]]
    for before, row in pairwise(rows):
        new = next((index for index, name in enumerate(row) if name != before[index]), len(row))
        shown.append([name if index >= min(new, len(row) - 1) else "" for index, name in enumerate(row)])
    return shown
