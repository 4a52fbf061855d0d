"""The report: a study as one offline HTML file that asks the network for nothing."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from w2sg.core import InputError
from w2sg.lab import SetupResult, StudyResult
from w2sg.report import formatting as fmt
from w2sg.report.figures import figures_of
from w2sg.report.findings import group_findings, study_findings, what_was_done
from w2sg.report.grouping import Names
from w2sg.report.offline import checked_target, embedded, environment, page_parts, write_whole
from w2sg.report.provenance import origins_of
from w2sg.report.tables import tables_of

_OPEN_FIGURES = 4
"""Figures of a section beyond these are folded away."""
_OPEN_GROUPS = 8
"""Groups of findings beyond these are folded away."""


def write_report(result: StudyResult | SetupResult, path: str | Path, *, command: str | None = None) -> Path:
    """Write a study, or one setup, as one HTML file that needs no network.

    The same result gives the same bytes: nothing in the page depends on when or where it is written. The file appears
    whole or not at all.

    Args:
        result: The study's result.
        path: The file to write; an existing one is replaced.
        command: The command that makes the study, to be shown; None shows none.

    Returns:
        The path of the file.

    Raises:
        InputError: If the result is empty, or the path is a folder or lies in a folder that does not exist.
        StoreError: If the file cannot be written.
    """
    target = checked_target(path)
    write_whole(target, report_html(result, command=command))
    return target


def report_html(result: StudyResult | SetupResult, *, command: str | None = None) -> str:
    """Return a study, or one setup, as the text of one HTML file.

    Args:
        result: The study's result.
        command: The command that makes the study, to be shown; None shows none.

    Raises:
        InputError: If the result is empty.
    """
    from markupsafe import Markup

    study = StudyResult("run", (result,), ()) if isinstance(result, SetupResult) else result
    if not study.results:
        raise InputError(f"study {study.name!r} has no results: there is nothing to report")
    first = study.results[0].pgr
    page = (
        environment()
        .get_template("report.html.jinja")
        .render(
            study=study,
            command=command,
            done=what_was_done(study),
            counts=_counts(study),
            findings=study_findings(study),
            groups=group_findings(study),
            open_groups=_OPEN_GROUPS,
            sections={
                title: [(drawing, Markup(drawing.svg)) for drawing in drawings]  # noqa: S704 - made by this package
                for title, drawings in figures_of(study.results).items()
            },
            open_figures=_OPEN_FIGURES,
            tables=tables_of(study),
            origins=origins_of(study),
            level=f"{100 * first.level:g} %",
            minimum_gap=fmt.number(first.minimum_gap, 2),
            data=_embedded(study),
            **page_parts(),
            version=version("w2sg"),
        )
    )
    return page.rstrip() + "\n"


def _counts(study: StudyResult) -> list[tuple[str, str]]:
    names = Names(study.results)
    nouns = {"task": "task", "supervisor": "weak supervisor", "student": "student", "method": "method"}
    found = [(study.n_runs, "run"), (len({seed for result in study.results for seed in result.seeds}), "seed")]
    found += [(len(names.different(part)), noun) for part, noun in nouns.items()]
    return [(fmt.count(n), noun if n == 1 else f"{noun}s") for n, noun in found]


def _embedded(study: StudyResult) -> Any:
    """Return the study as JSON for the page.

    What this call had to do (`steps_done`, `wall_s`) says nothing about the study and is left out.
    """
    data = {name: value for name, value in study.to_dict().items() if name not in ("steps_done", "wall_s")}
    for one in data["results"]:
        one.pop("wall_s", None)
    return embedded(data)
