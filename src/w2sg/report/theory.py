"""The page of a scoreboard of theories: Markdown with figures beside it, or one offline HTML file."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from w2sg.report import formatting as fmt
from w2sg.report.canvas import Drawing
from w2sg.report.markdown import markdown_page, write_page
from w2sg.report.offline import embedded, environment, page_parts
from w2sg.report.tables import TableView
from w2sg.report.theory_figures import theory_figures
from w2sg.report.theory_findings import theory_findings
from w2sg.report.theory_numbers import numbers_of
from w2sg.report.theory_tables import tables_of
from w2sg.theory.families import FAMILIES
from w2sg.theory.scoreboard.board import Scoreboard

IN_TERMINAL = ("theory", "predicts", "hypotheses", "n", "abstains", "Spearman within tasks", "R²", "coverage")
"""Columns of the tables of scores that a terminal has room for."""


def write_theory(board: Scoreboard, path: str | Path, *, command: str | None = None) -> Path:
    """Write a scoreboard as a page, as in `write_page`; the same scoreboard gives the same bytes.

    Args:
        board: The scoreboard.
        path: The file to write, `.md` or `.html`.
        command: The command that makes the page, to be shown; None shows `w2sg theory score` with the study's name.
    """
    return write_page(
        path,
        lambda: theory_html(board, command=command),
        lambda folder, drawings: theory_markdown(board, folder, drawings, command=command),
        lambda: theory_figures(board),
    )


def theory_markdown(
    board: Scoreboard, folder: str, drawings: Sequence[Drawing] | None = None, *, command: str | None = None
) -> str:
    """Return a scoreboard as Markdown that links to its figures.

    Args:
        board: The scoreboard.
        folder: The folder of the figures, as links name it.
        drawings: The figures; None draws them.
        command: As in `write_theory`.
    """
    shown = theory_figures(board) if drawings is None else drawings
    return markdown_page("theory.md.jinja", _context(board, command), folder, shown)


def theory_html(board: Scoreboard, *, command: str | None = None) -> str:
    """Return a scoreboard as the text of one HTML file that asks the network for nothing.

    Args:
        board: The scoreboard.
        command: As in `write_theory`.
    """
    from markupsafe import Markup

    page = (
        environment()
        .get_template("theory.html.jinja")
        .render(
            **_context(board, command),
            counts=_counts(board),
            figures=[(drawing, Markup(drawing.svg)) for drawing in theory_figures(board)],  # noqa: S704 - made here
            data=embedded(board.to_dict()),
            version=version("w2sg"),
            **page_parts(),
        )
    )
    return page.rstrip() + "\n"


def print_rows(board: Scoreboard) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Yield what a terminal shows of a scoreboard: the title, the columns and the rows of each table."""
    numbers = numbers_of(board)
    for table in tables_of(board, numbers):
        titles = {i: title for i, column in enumerate(table.columns) if (title := _in_terminal(table, column.title))}
        rows = [[f"{row[i].text} {row[i].below}".strip() for i in titles] for row in table.rows]
        yield table.title, list(titles.values()), rows
    yield "findings", ["what was found"], [[one.text] for one in theory_findings(board, numbers)]


def _in_terminal(table: TableView, title: str) -> str | None:
    """Return the title of a column in a terminal, None where there is no room for the column."""
    if table.name in ("scores", "standings"):
        return title if title in IN_TERMINAL else None
    if table.name == "families":
        return None if title.endswith(": violated") else title.replace(": gain", ":").replace(" positive", "+")
    return title


def _context(board: Scoreboard, command: str | None) -> dict[str, Any]:
    numbers = numbers_of(board)
    tables = tables_of(board, numbers)
    return {
        "title": board.study or "synthetic families",
        "command": command or " ".join(["w2sg theory score", *([board.study] if board.study else [])]),
        "lead": _lead(board),
        "runs": _runs(board),
        "sealed": board.sealed if board.sheet is not None else "",
        "findings": theory_findings(board, numbers),
        "tables": tables,
    }


def _lead(board: Scoreboard) -> str:
    text = (
        "Theories of weak-to-strong generalization, the baselines that they have to beat, and a stack of them all, "
        "asked of the same runs what the student gains over its teacher. They see unlabelled inputs, both models and "
        "the teacher's supervision split, and some of them audited labels; an answer is a number with an interval, or "
        "an abstention with the hypothesis that is violated. "
    )
    if board.sheet is not None:
        text += "All answers were sealed before ground truth was opened on the half of each test set not looked at."
    return text.strip()


def _runs(board: Scoreboard) -> str:
    """Return on how many runs of what was scored."""
    own, families = _split(board)
    parts = []
    if own:
        tasks = ", ".join(f"{name} {fmt.count(n)}" for name, n in own.items())
        parts.append(f"{fmt.quantity(sum(own.values()), 'run')} of {fmt.quantity(len(own), 'task')} ({tasks})")
    if families:
        parts.append(f"{fmt.quantity(sum(families.values()), 'synthetic run')} of {len(families)} families")
    return " and ".join(parts)


def _split(board: Scoreboard) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many runs there are of the study's tasks, and of the families."""
    names = {f"family {name}" for name in FAMILIES} if board.families is not None else set()
    own = {name: n for name, n in board.n_runs.items() if name not in names}
    return own, {name: n for name, n in board.n_runs.items() if name in names}


def _counts(board: Scoreboard) -> list[tuple[str, str]]:
    own, families = _split(board)
    sheet = board.sheet or board.families
    theories = len({column.theory for column in sheet.columns.values()}) if sheet is not None else 0
    numbers = {"theory": theories, "run": sum(own.values()), "task": len(own), "synthetic run": sum(families.values())}
    plural = {"theory": "theories"}
    return [(fmt.count(n), noun if n == 1 else plural.get(noun, f"{noun}s")) for noun, n in numbers.items() if n]
