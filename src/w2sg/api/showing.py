"""Results in a notebook and in other programs: frames, figures, tables, files."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from w2sg import lab
from w2sg.api.pages import document_of
from w2sg.api.studies import AnyStudy, result_of_study
from w2sg.core import DataTable, InputError, MissingExtraError, plain, wording
from w2sg.lab import League, SetupResult, existing_store, known_run, tidy_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from w2sg.api.pages import Reportable
    from w2sg.lab import Tidy

Format = Literal["csv", "parquet", "latex", "json"]


def export(
    result: "AnyStudy | SetupResult | League",
    to: Format,
    path: str | Path | None = None,
    *,
    store: str | Path | None = None,
) -> str | None:
    """Write what came out for other programs: one row a run and test set, or the main table for a paper.

    Args:
        result: What came out: of a study, one setup or a league; or a study, its file or its name in the store.
        to: `csv`, `json` or `parquet`: tidy rows, see `w2sg.lab.tidy_rows`; `latex`: the main table of the page,
            or that of all test sets where there are several.
        path: The file to write, which is replaced; None returns the text.
        store: The store's folder, where a study is given; None is `$W2SG_STORE` or `.w2sg`.

    Returns:
        The text, where no path is given.

    Raises:
        InputError: If the format is unknown, parquet is asked for without a path, or its package is not installed.
        StoreError: If the file cannot be written.

    Example:
        >>> import w2sg
        >>> w2sg.export("digits", "csv", "digits.csv")  # doctest: +SKIP
    """
    if to not in get_args(Format):
        raise InputError(f"to must be one of {', '.join(get_args(Format))}, got {to!r}")
    if to == "parquet" and path is None:
        raise InputError("parquet is no text: give the path of a file")
    from w2sg.report import file_target, write_whole

    # A path that cannot be written is said before anything is made.
    target = None if path is None else file_target(path)
    found = result if isinstance(result, SetupResult | League) else result_of_study(result, store=store)
    content = _parquet(tidy_rows(found)) if to == "parquet" else _text(found, to)
    if target is None:
        return str(content)
    write_whole(target, content)
    return None


def export_model(run: str, folder: str | Path, *, store: str | Path | None = None) -> dict[str, Any]:
    """Write the student of a stored run as a folder, which `w2sg.load_model` loads.

    The student is trained again by the run's own step under its own seed, once, and held against the kept answers.

    Args:
        run: The run's id, or enough of its beginning.
        folder: The folder to make.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.

    Returns:
        What the folder says of the student.

    Raises:
        InputError: If there is no such run, the folder is there, or code or data have changed since the run was made.
        CapabilityError: If the student is not made of arrays alone.
        RunError: If the student that was trained again answers otherwise.
    """
    opened = existing_store(store)
    return lab.export_model(known_run(opened, run), Path(folder), store=opened)


def to_frame(result: "Tidy") -> Any:
    """Return a pandas DataFrame with one row a run and test set; see `w2sg.lab.tidy_rows` for its columns.

    Args:
        result: What came out: of a study, one setup or a league.

    Raises:
        InputError: If pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise InputError("to_frame needs pandas: run pip install pandas") from None
    return pandas.DataFrame(tidy_rows(result))


def plot(result: "Reportable", figure: str | None = None) -> "Figure":
    """Return a figure of a result's page, drawn by matplotlib.

    Args:
        result: What came out.
        figure: Its name on the page, such as `pgr`; None is the first.

    Raises:
        InputError: If the page has no figure of this name.

    Example:
        >>> import w2sg
        >>> w2sg.run("wine").plot("pgr").savefig("wine.pdf")  # doctest: +SKIP
    """
    from w2sg.report import plotted

    figures = document_of(result).figures
    for name, one in figures.items():
        # Only what is asked for is drawn; a figure that is too large for one drawing is named with a number.
        if figure is None or figure == name or figure.startswith(f"{name}-"):
            drawn = plotted(one)
            if figure in (None, name):
                return next(iter(drawn.values()))
            if figure in drawn:
                return drawn[figure]
    raise InputError(f"there is no figure {figure!r}: there are {', '.join(figures) or 'none'}")


def html_table(result: "Reportable") -> str:
    """Return the main table of a result's page as HTML: what a notebook shows.

    Args:
        result: What came out.
    """
    from w2sg.report import html_table as as_html

    table = _main_table(result)
    shown = [index for index, column in enumerate(table.columns) if column.terminal]
    # Links lead to the provenance of a page, which is not there.
    rows = tuple(tuple(replace(row[index], link="") for index in shown) for row in table.rows)
    return as_html(replace(table, columns=tuple(table.columns[index] for index in shown), rows=rows))


def _main_table(result: "Reportable") -> DataTable:
    """Return the first table that a terminal shows, titled as its page."""
    return _terminal_tables(result)[0]


def _tables_of_tests(result: "Reportable") -> list[DataTable]:
    """Return the main table, or that of all test sets where there are several; both where some rows have but one."""
    main, *others = _terminal_tables(result)
    of_tests = [table for table in others if table.name == "test-sets"]
    for table in of_tests:
        place = [column.name for column in table.columns].index("test_set")
        if sum(row[place].value == lab.TEST for row in table.rows) == len(main.rows):
            return [table]
    return [main, *of_tests]


def _terminal_tables(result: "Reportable") -> list[DataTable]:
    """Return the tables that a terminal shows, titled as their page."""
    document = document_of(result)
    shown = [table for table in document.tables.values() if table.terminal]
    return [replace(table, title=f"{document.title}: {table.title}") for table in shown]


def _text(result: "Tidy", to: str) -> str:
    from w2sg.report import latex_table

    if to == "latex":
        return "\n".join(map(latex_table, _tables_of_tests(result)))
    rows = tidy_rows(result)
    if to == "json":
        return json.dumps(plain(rows), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def _harmless(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    text = wording.printable(value) if isinstance(value, str) else value
    return f"'{text}" if isinstance(text, str) and text[:1] in ("=", "+", "-", "@") else text


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    try:
        import pyarrow as arrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet") from None
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(arrow.Table.from_pylist(rows), buffer)
    return buffer.getvalue()
