"""What `import w2sg` offers that joins rooms: results written as pages."""

from pathlib import Path

from w2sg.lab import League, SetupResult, StudyResult, league_document, study_document
from w2sg.report import page_target, write_document


def write_report(result: StudyResult | SetupResult | League, path: str | Path, *, command: str | None = None) -> Path:
    """Write a study, one setup or a league as a page: one offline HTML file, or Markdown with figures beside it.

    The same result gives the same bytes. Every file appears whole or not at all.

    Args:
        result: What came out.
        path: The file to write, ending in `.html` or `.md`; an existing one is replaced.
        command: The command that makes the result, to be shown; None shows none.

    Returns:
        The path of the page.

    Raises:
        InputError: If the result is empty, or the path ends otherwise, is a folder or lies in one that does not exist.
        StoreError: If a file cannot be written.
    """
    page_target(path)
    make = league_document if isinstance(result, League) else study_document
    return write_document(make(result, made_by=command or ""), path)  # type: ignore[arg-type]
