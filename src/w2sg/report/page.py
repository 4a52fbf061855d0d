"""The report: a study as one offline HTML file that asks the network for nothing."""

import base64
import hashlib
import json
import math
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from w2sg.core import InputError, StoreError
from w2sg.lab import SetupResult, StudyResult
from w2sg.report import formatting as fmt
from w2sg.report.figures import figures_of
from w2sg.report.findings import group_findings, study_findings, what_was_done
from w2sg.report.grouping import Names
from w2sg.report.provenance import origins_of
from w2sg.report.tables import tables_of

_TEMPLATES = "templates"
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
    target = Path(path)
    if target.is_dir():
        raise InputError(f"path must be a file, got the folder {target}: add a file name, such as {target / 'r.html'}")
    if not target.parent.is_dir():
        raise InputError(f"path {target}: the folder {target.parent} does not exist: make it or choose another path")
    _write(target, report_html(result, command=command))
    return target


def report_html(result: StudyResult | SetupResult, *, command: str | None = None) -> str:
    """Return a study, or one setup, as the text of one HTML file.

    Args:
        result: The study's result.
        command: The command that makes the study, to be shown; None shows none.

    Raises:
        InputError: If the result is empty.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    study = StudyResult("run", (result,), ()) if isinstance(result, SetupResult) else result
    if not study.results:
        raise InputError(f"study {study.name!r} has no results: there is nothing to report")
    environment = Environment(
        loader=PackageLoader("w2sg.report", _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = _unbroken
    script = _asset("report.js")
    first = study.results[0].pgr
    page = environment.get_template("report.html.jinja").render(
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
        style=Markup(_asset("report.css")),  # noqa: S704 - a file of this package
        script=Markup(script),  # noqa: S704 - a file of this package
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        data=Markup(_embedded(study)),  # noqa: S704 - escaped for this place
        version=version("w2sg"),
    )
    return page.rstrip() + "\n"


def _counts(study: StudyResult) -> list[tuple[str, str]]:
    names = Names(study.results)
    nouns = {"task": "task", "supervisor": "weak supervisor", "student": "student", "method": "method"}
    found = [(study.n_runs, "run"), (len({seed for result in study.results for seed in result.seeds}), "seed")]
    found += [(len(names.different(part)), noun) for part, noun in nouns.items()]
    return [(fmt.count(n), noun if n == 1 else f"{noun}s") for n, noun in found]


def _unbroken(text: str) -> str:
    """Return a sentence in which no line ends within an interval or a p-value."""
    return re.sub(r"\[[^\]]*\]|\bp [=<>] \S+", lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), text)


def _embedded(study: StudyResult) -> str:
    """Return the study as JSON that can stand inside a script element.

    What this call had to do (`steps_done`, `wall_s`) says nothing about the study and is left out.
    """
    data = {name: value for name, value in study.to_dict().items() if name not in ("steps_done", "wall_s")}
    for one in data["results"]:
        one.pop("wall_s", None)
    text = json.dumps(_finite(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _finite(value: Any) -> Any:
    """Return plain data with null for numbers that JSON does not know."""
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _asset(name: str) -> str:
    return files("w2sg.report").joinpath(_TEMPLATES, name).read_text(encoding="utf-8").strip()


def _write(target: Path, text: str) -> None:
    """Write beside the target and move into place, so that no reader ever sees half a file."""
    beside = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        with beside.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise StoreError(
            f"report {target} cannot be written: {error.strerror or error}: check the disk and its rights, "
            "or choose another path"
        ) from error
