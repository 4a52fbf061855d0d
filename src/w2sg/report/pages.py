"""Pages of documents: one HTML template and one Markdown template for all of them."""

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from w2sg.core import DataTable, Document, Fact, Figure, InputError, Section, StoreError, wording
from w2sg.report.canvas import Drawing
from w2sg.report.cells import in_one_line, written
from w2sg.report.figures import draw
from w2sg.report.offline import check_replaceable, embedded, environment, page_parts, write_whole

SUFFIXES = (".md", ".html")
MARKS = {"better": "▲", "worse": "▼", "open": "○", "note": "i"}
OPEN_FIGURES, OPEN_CARDS = 10, 8
"""Drawings and cards of a section beyond these are folded away on an HTML page."""
WIDE_COLUMNS = 8
"""Tables with more columns are printed across the paper."""


def page_target(path: str | Path) -> Path:
    """Return the path of a page.

    Raises:
        InputError: If it ends neither in `.md` nor in `.html`, or no file can stand there.
    """
    target = file_target(path)
    if target.suffix not in SUFFIXES:
        raise InputError(f"path must end in {' or '.join(SUFFIXES)}, got {target.name}: the ending chooses the page")
    return target


def file_target(path: str | Path) -> Path:
    """Return the path of a file to be written.

    Raises:
        InputError: If it is a folder or no plain file, or lies in a folder that does not exist.
    """
    target = Path(path)
    try:
        folder, inside = target.is_dir(), target.parent.is_dir()
    except OSError as error:
        raise InputError(f"path {target} cannot be looked at: {error.strerror}: choose another path") from None
    if folder:
        raise InputError(f"path must be a file, got the folder {target}: add a file name, such as {target / 'r.html'}")
    if not inside:
        raise InputError(f"path {target}: the folder {target.parent} does not exist: make it or choose another path")
    check_replaceable(target)
    return target


def write_document(document: Document, path: str | Path) -> Path:
    """Write a document: Markdown where the path ends in `.md`, one offline HTML file where in `.html`.

    The figures of a Markdown page are SVG files in a folder beside it that has its name without `.md`. Every file
    appears whole or not at all, and the same document gives the same bytes: nothing in a page depends on when or where
    it is written.

    Args:
        document: The document.
        path: The file to write; an existing one is replaced.

    Returns:
        The path of the page.

    Raises:
        InputError: If the path ends otherwise, is a folder, or lies in a folder that does not exist.
        StoreError: If a file cannot be written.
    """
    target = page_target(path)
    if target.suffix == ".html":
        write_whole(target, html_page(document))
        return target
    folder, drawings = target.with_suffix(""), drawn(document)
    if any(drawings.values()):
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            reason = error.strerror or error
            raise StoreError(f"folder {folder} cannot be made: {reason}: choose another path") from error
    for drawing in (drawing for some in drawings.values() for drawing in some):
        write_whole(folder / f"{drawing.name}.svg", on_white(drawing.svg))
    write_whole(target, markdown_page(document, folder.name, drawings))
    return target


def html_page(document: Document) -> str:
    """Return a document as the text of one HTML file that asks the network for nothing."""
    from markupsafe import Markup

    # What this call had to do (seconds, steps) is no property of what was found: left out, equal results give equal
    # bytes.
    page_data = {name: value for name, value in document.to_dict().items() if name not in document.effort}
    templates = environment()
    templates.filters["unbroken"] = _unbroken
    page = templates.get_template("document.html.jinja").render(
        **_context(document, drawn(document)),
        # Figures are put into the page itself, because an offline page can load no file beside it in every browser.
        svg=lambda drawing: Markup(drawing.svg),  # noqa: S704 - made by this package
        data=embedded(page_data),
        version=version("w2sg"),
        open_figures=OPEN_FIGURES,
        open_cards=OPEN_CARDS,
        wide_columns=WIDE_COLUMNS,
        **page_parts(),
    )
    return page.rstrip() + "\n"


def html_table(table: DataTable) -> str:
    """Return a table as HTML to stand in another page, such as a notebook: its caption, and cells as on a page."""
    templates = environment()
    page = '{% from "table.html.jinja" import rows with context %}<table><caption><b>{{ table.title }}</b> '
    page += "{{ table.intro }}</caption>{{ rows(table) }}</table>"
    return templates.from_string(page).render(table=table, written=written)


def markdown_page(document: Document, folder: str, drawings: dict[str, list[Drawing]] | None = None) -> str:
    """Return a document as Markdown that links to its figures.

    Args:
        document: The document.
        folder: The folder of the figures, as links name it.
        drawings: The drawings of each figure; None draws them.
    """
    templates = environment(autoescape=False)
    templates.filters["md"] = escaped
    templates.filters["table"] = _table
    context = _context(document, drawn(document) if drawings is None else drawings)
    text = templates.get_template("document.md.jinja").render(**context, folder=folder.replace(" ", "%20"))
    # Parts of the template that a document lacks leave empty lines behind.
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def drawn(document: Document) -> dict[str, list[Drawing]]:
    """Return the drawings of each figure, by its name."""
    return {name: draw(figure) for name, figure in document.figures.items()}


def on_white(svg: str) -> str:
    """Return a figure with a white ground, for pages whose ground may be dark."""
    return svg.replace("</title>", '</title>\n<rect width="100%" height="100%" fill="#ffffff"/>', 1)


def escaped(text: str) -> str:
    """Return text in which nothing is taken for markup."""
    # Names of methods and tasks come from files of users: a pipe would end a table's cell, a tag would be markup.
    marked = re.sub(r"([\\`*_|])", r"\\\1", wording.printable(" ".join(text.split())))
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", marked).replace("](", "]\\(")


def _context(document: Document, drawings: dict[str, list[Drawing]]) -> dict[str, Any]:
    def drawings_of(figures: tuple[Figure, ...]) -> list[Drawing]:
        return [drawing for figure in figures for drawing in drawings[figure.name]]

    named = ", ".join(f"{name} {number}" for name, number in document.versions.items())
    return {
        "document": document,
        "sections": [section for section in document.sections if section != Section(section.name, section.title)],
        "drawings_of": drawings_of,
        "written": written,
        "fact": _fact,
        "marks": MARKS,
        "versions": f"Versions: {named}." if named else "",
        "as_json": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
    }


def _fact(fact: Fact) -> str:
    return fact.value if isinstance(fact.value, str) else wording.count(fact.value)


def _table(table: DataTable) -> str:
    """Return a table as Markdown: numbers to the right, limits behind their estimate."""
    rule = ["---" if column.style == "text" else "---:" for column in table.columns]
    lines = [[escaped(column.title) for column in table.columns], rule]
    for row in table.rows:
        lines.append([escaped(in_one_line(cell, column)) for cell, column in zip(row, table.columns, strict=True)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _unbroken(text: str) -> str:
    """Return a sentence in which no line ends within an interval or a p-value."""
    return re.sub(r"\[[^\]]*\]|\bp [=<>] \S+", lambda match: match[0].replace(" ", "\N{NO-BREAK SPACE}"), text)
