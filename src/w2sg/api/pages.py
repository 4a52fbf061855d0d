"""Results written as pages, and a study in all its worlds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2sg.core import Document, Section
from w2sg.graph import Progress
from w2sg.lab import (
    League,
    SetupResult,
    ShownExample,
    StudentsCompared,
    Study,
    StudyResult,
    compared_document,
    examples_of,
    existing_store,
    league_document,
    study_document,
)

if TYPE_CHECKING:
    from w2sg.batteries import AnalystChoice, Multiverse

    Reportable = StudyResult | SetupResult | League | StudentsCompared | Multiverse


def multiverse(
    study: Study | str | Path,
    *,
    choices: "Sequence[str | Mapping[str, Any] | AnalystChoice]" = (),
    full: bool = False,
    worlds: int = 0,
    store: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> "Multiverse":
    """Run a study in every world, and say in how many of them each of its claims stands.

    Args:
        study: The study, or the path of its TOML file.
        choices: What could have been chosen otherwise; empty takes all that are known.
        full: Whether to try all combinations too.
        worlds: How many combinations to try that are drawn at random.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        workers: Processes; None chooses.
        progress: Told how many runs are done, of how many.

    Returns:
        Its claims, and in how many worlds each of them stands.

    Raises:
        InputError: If the study breaks a rule, no choice fits it, or there are too many worlds.
        RunError: If runs of the study as it is failed.
    """
    from w2sg.batteries import run_multiverse

    given = study if isinstance(study, Study) else Study.read(study)
    return run_multiverse(
        given, choices=choices, full=full, worlds=worlds, store=store, workers=workers, progress=progress
    )


def examples(
    result: StudyResult | SetupResult, *, store: str | Path | None = None, progress: Progress | None = None
) -> dict[str, tuple[ShownExample, ...]]:
    """Return single test examples of a result's setups: inputs, weak labels, answers, and gold that scoring opened.

    Args:
        result: What came out.
        store: The store that has it; None is `$W2SG_STORE` or `.w2sg`.
        progress: Told how many runs are done, of how many.

    Returns:
        The examples by the id of the run that they are of: each setup's first.

    Raises:
        InputError: If there is no store.
        RunError: If a task cannot be loaded any more.
    """
    results = result.results if isinstance(result, StudyResult) else (result,)
    return examples_of(results, store=existing_store(store), progress=progress)


def write_report(
    result: "Reportable",
    path: str | Path,
    *,
    examples: Mapping[str, Sequence[ShownExample]] | None = None,
    sections: Sequence[Section] = (),
    command: str | None = None,
) -> Path:
    """Write what came out as a page: one offline HTML file, or Markdown with figures beside it.

    The same result gives the same bytes. Every file appears whole or not at all.

    Args:
        result: What came out: of a study, one setup, a league, a comparison of two students or a multiverse.
        path: The file to write, ending in `.html` or `.md`; an existing one is replaced.
        examples: Single examples to show on the page of a study or setup: what `w2sg.examples` returns.
        sections: Further sections, after those of the result.
        command: The command that makes the result, to be shown; None shows none.

    Returns:
        The path of the page.

    Raises:
        InputError: If the result is empty, or the path ends otherwise, is a folder or lies in one that does not exist.
        StoreError: If a file cannot be written.
    """
    from w2sg.report import page_target, write_document

    page_target(path)
    document = document_of(result, command or "", examples)
    return write_document(replace(document, sections=(*document.sections, *sections)), path)


def document_of(
    result: "Reportable", made_by: str = "", examples: Mapping[str, Sequence[ShownExample]] | None = None
) -> Document:
    """Return the document of a result: the findings, tables and figures that its page, a terminal and `--json` show.

    Args:
        result: What came out.
        made_by: The command that makes it, to be shown; empty shows none.
        examples: Single examples to show of a study or setup: what `w2sg.examples` returns.

    Raises:
        InputError: If the result is empty.
    """
    if isinstance(result, StudentsCompared):
        return compared_document(result, made_by=made_by)
    if isinstance(result, League):
        return league_document(result, made_by=made_by)
    if isinstance(result, SetupResult | StudyResult):
        return study_document(result, examples=examples, made_by=made_by)
    from w2sg.batteries import multiverse_document

    return multiverse_document(result, made_by=made_by)
