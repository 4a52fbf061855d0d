"""Pages as Markdown with SVG figures in a folder beside them."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from w2sg.core import InputError, StoreError
from w2sg.report.canvas import Drawing
from w2sg.report.offline import checked_target, environment, write_whole
from w2sg.report.tables import Cell, TableView

SUFFIXES = (".md", ".html")
MARKS = {"better": "▲ ", "worse": "▼ ", "open": "", "note": ""}


def page_target(path: str | Path) -> Path:
    """Return the path of a page.

    Raises:
        InputError: If it ends neither in `.md` nor in `.html`, is a folder, or lies in a folder that does not exist.
    """
    target = checked_target(path)
    if target.suffix not in SUFFIXES:
        raise InputError(f"path must end in {' or '.join(SUFFIXES)}, got {target.name}: the ending chooses the page")
    return target


def markdown_page(template: str, context: Mapping[str, Any], folder: str, drawings: Sequence[Drawing]) -> str:
    """Return a page as Markdown that links to its figures in a folder."""
    made = environment(autoescape=False)
    made.filters["md"] = escaped
    made.filters["table"] = _table
    more = {"folder": folder.replace(" ", "%20"), "drawings": drawings, "marks": MARKS}
    return re.sub(r"\n{3,}", "\n\n", made.get_template(template).render({**context, **more})).strip() + "\n"


def write_page(
    path: str | Path,
    html: Callable[[], str],
    markdown: Callable[[str, Sequence[Drawing]], str],
    figures: Callable[[], Sequence[Drawing]],
) -> Path:
    """Write a page: Markdown where the path ends in `.md`, one offline HTML file where in `.html`.

    The figures of a Markdown page are SVG files in a folder beside it that has its name without `.md`. Every file
    appears whole or not at all.

    Args:
        path: The file to write; an existing one is replaced.
        html: Makes the HTML page.
        markdown: Makes the Markdown page from the name of its figures' folder and the figures.
        figures: Draws them.

    Returns:
        The path of the page.

    Raises:
        InputError: If the path ends otherwise, is a folder, or lies in a folder that does not exist.
        StoreError: If a file cannot be written.
    """
    target = page_target(path)
    if target.suffix == ".html":
        write_whole(target, html())
        return target
    folder, drawings = target.with_suffix(""), figures()
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(f"folder {folder} cannot be made: {error.strerror or error}: choose another path") from error
    for drawing in drawings:
        write_whole(folder / f"{drawing.name}.svg", on_white(drawing.svg))
    write_whole(target, markdown(folder.name, drawings))
    return target


def on_white(svg: str) -> str:
    """Return a figure with a white ground, for pages whose ground may be dark."""
    return svg.replace("</title>", '</title>\n<rect width="100%" height="100%" fill="#ffffff"/>', 1)


def escaped(text: str) -> str:
    """Return text in which nothing is taken for markup."""
    marked = re.sub(r"([\\`*_|])", r"\\\1", " ".join(text.split()))
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", marked).replace("](", "]\\(")


def _table(table: TableView) -> str:
    """Return a table as Markdown: numbers to the right, limits behind their estimate."""
    head = [column.title for column in table.columns]
    rule = ["---:" if column.numeric else "---" for column in table.columns]
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    lines = [[escaped(title) for title in head], rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(cell: Cell) -> str:
    return escaped(f"{cell.text} {cell.below}".rstrip())
