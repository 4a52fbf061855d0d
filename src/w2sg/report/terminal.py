"""Tables for a terminal: names that repeat are said once, and nothing is cut, however narrow it is."""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise, takewhile

from w2sg.core import DataTable
from w2sg.report.cells import in_one_line

SHORT = 16
"""A column of cells no longer than this is never folded: longer ones without numbers are, where space is short."""
FEW_WORDS = 4
"""What has a number and no more words than these is a number with its limits and a note: it stands in one line."""
PROSE = 24
"""No column of sentences is made narrower than this: below it they are taller than anyone reads."""
MOST_PARTS = 3
"""A table is shown in at most so many parts, one below the other; one that needs more is shown row by row."""
GAP = 3
"""Blanks between two columns, and what the table's frame takes at most beside them."""
_NUMERIC = "0123456789-+−–—<"
"""How cells of a column of numbers begin: signs, digits, dashes for missing ones, and the < of p-values."""


def terminal_table(table: DataTable) -> tuple[list[str], list[list[str]]]:
    """Return the titles and the rows of a table, as text; its names are the first columns (`names_of`)."""
    shown = [index for index, column in enumerate(table.columns) if column.terminal]
    columns = [table.columns[index] for index in shown]
    rows = [[in_one_line(row[index], table.columns[index]) for index in shown] for row in table.rows]
    return [column.title for column in columns], _without_repeats(rows, names_of(table) - 1)


def names_of(table: DataTable) -> int:
    """Return how many of a table's columns in a terminal name the row: those up to its keys; without keys, one."""
    columns = [column for column in table.columns if column.terminal]
    # Names stand left of the row's own name and of all numbers; only those may be left out where they repeat.
    first = next((index for index, column in enumerate(columns) if column.key or column.style != "text"), 0)
    keys = list(takewhile(lambda column: column.key, columns[first:]))
    return first + len(keys) if keys else 1


def table_text(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, names: int = 1, width: int | None = None
) -> str:
    """Return a table as lines of text in which every number and every name stands whole.

    What is too wide is folded where it is a sentence, then shown in parts that repeat the names, then row by row as
    names and values. A single word that is wider than all there is stays whole.

    Args:
        title: Stands above.
        columns: The titles of the columns.
        rows: The cells.
        names: How many of the first columns name a row; one that is empty is named as the row before.
        width: The columns of the terminal; None, as for what is piped, folds nothing.
    """
    table = _Table(tuple(columns), tuple(map(tuple, rows)), names)
    if width is None or table.least <= width:
        return f"{title}\n{_drawn(table.fitted(width))}"
    parts = table.parts(width)
    if 0 < len(parts) <= MOST_PARTS:
        return "\n".join([title, *(_drawn(part.fitted(width)) for part in parts)])
    return f"{title}\n\n{_row_by_row(table, width)}"


@dataclass(frozen=True)
class _Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int

    def numeric(self, index: int) -> bool:
        return bool(self.rows) and all(row[index][:1] in _NUMERIC for row in self.rows)

    def _natural(self, index: int) -> int:
        """Return how wide a column is; a long title is folded to its cells."""
        title = self.columns[index]
        return max(self._cells(index), _longest_word(title), min(len(title), SHORT))

    def _cells(self, index: int) -> int:
        return max((len(row[index]) for row in self.rows), default=0)

    def _narrowest(self, index: int) -> int:
        cells = self._cells(index)
        whole = index < self.names or cells <= SHORT or any(_is_number(row[index]) for row in self.rows)
        words = max(_longest_word(row[index]) for row in (self.columns, *self.rows))
        return max(words, cells if whole else min(cells, PROSE))

    @property
    def least(self) -> int:
        return sum(self._narrowest(index) + GAP for index in range(len(self.columns)))

    def fitted(self, width: int | None) -> "_Table":
        """Return the table with titles, and cells where there is a width, folded to the room that there is."""
        everywhere = range(len(self.columns))
        widths = [self._natural(index) for index in everywhere]
        least = [self._narrowest(index) for index in everywhere]
        over = 0 if width is None else sum(widths) + GAP * len(widths) - width
        while over > 0:  # the widest gives first
            widest = max((index for index in everywhere if widths[index] > least[index]), key=lambda i: widths[i])
            widths[widest] -= 1
            over -= 1
        rows = [[_folded(cell, widths[i]) for i, cell in enumerate(row)] for row in (self.columns, *self.rows)]
        return _Table(tuple(rows[0]), tuple(map(tuple, rows[1:])), self.names)

    def parts(self, width: int) -> list["_Table"]:
        """Return the table in parts of whole columns, each with the names; none where one column is too wide.

        Where rows have the same names, each part has also the columns of texts that tell them apart.
        """
        named = self._told_apart_by()
        room = width - sum(self._narrowest(index) + GAP for index in named)
        groups: list[list[int]] = []
        left = 0
        for index in (index for index in range(len(self.columns)) if index not in named):
            takes = self._narrowest(index) + GAP
            if takes > room:
                return []
            if takes > left:
                groups.append([])
                left = room
            groups[-1].append(index)
            left -= takes
        return [
            _Table(
                tuple(self.columns[i] for i in named + group),
                tuple(tuple(row[i] for i in named + group) for row in self.rows),
                self.names,
            )
            for group in groups
        ]

    def whole_names(self) -> list[tuple[str, ...]]:
        """Return the names of each row, with those that are left out because they repeat."""
        names = ("",) * self.names
        found = []
        for row in self.rows:
            own = row[: self.names]
            names = tuple(name or (before if any(own) else "") for name, before in zip(own, names, strict=True))
            found.append(names)
        return found

    def _told_apart_by(self) -> list[int]:
        """Return the names and as many columns of texts as make rows distinct; the names alone where none do."""
        names = self.whole_names()
        texts = [index for index in range(self.names, len(self.columns)) if self._has_texts(index)]
        for n in range(len(texts) + 1):
            rows = {(*name, *(row[index] for index in texts[:n])) for name, row in zip(names, self.rows, strict=True)}
            if len(rows) == len(self.rows):
                return [*range(self.names), *texts[:n]]
        return list(range(self.names))

    def _has_texts(self, index: int) -> bool:
        return any(row[index] and not (row[index][0] in _NUMERIC and _is_number(row[index])) for row in self.rows)


def _drawn(table: _Table) -> str:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    drawn = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for index, column in enumerate(table.columns):
        # Everything was folded to what there is room for: rich only aligns it, and cuts nothing.
        drawn.add_column(escape(column), justify="right" if table.numeric(index) else "left", no_wrap=True)
    for row in table.rows:
        drawn.add_row(*map(escape, row))
    text = StringIO()
    lines = [*table.columns, *(cell for row in table.rows for cell in row)]
    # Letters of some scripts take two columns: with twice the room rich never cuts.
    room = 2 * sum(map(len, lines)) + GAP * (len(table.columns) + 1)
    Console(file=text, width=room, highlight=False, color_system=None).print(drawn)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def _row_by_row(table: _Table, width: int) -> str:
    """Return the names of each row, and below them its other cells, each after the title of its column."""
    indent = "  "
    titles = table.columns[table.names :]
    # A title that takes over half of the room would leave none for the numbers: these then stand below it.
    label = max((len(title) for title in titles if len(title) <= width // 2), default=0) + 2
    lines: list[str] = []
    for names, row in zip(table.whole_names(), table.rows, strict=True):
        lines += _folded("  ".join(filter(None, names)), width).splitlines()
        for title, cell in zip(titles, row[table.names :], strict=True):
            beside = len(indent) + label
            narrow = len(title) > width // 2 or beside + _longest_word(cell) > width
            folded = _folded(cell, width - 2 * len(indent) if narrow else width - beside).splitlines() or [""]
            if narrow:
                lines += [indent + title, *(2 * indent + line for line in folded)]
            else:
                lines += [indent + title.ljust(label) + folded[0], *(" " * beside + line for line in folded[1:])]
        lines.append("")
    return "\n".join(line.rstrip() for line in lines)


def _is_number(cell: str) -> bool:
    """Return whether a cell is a number with what belongs to it, rather than a sentence that has some."""
    return len(_unbroken(cell).split()) <= FEW_WORDS and any(letter.isdigit() for letter in cell)


def _longest_word(text: str) -> int:
    return max(map(len, _unbroken(text).split()), default=0)


def _folded(text: str, width: int) -> str:
    """Return text in lines of at most so many letters; longer words and limits in brackets stay whole."""
    if len(text) <= width:
        return text
    lines = textwrap.wrap(_unbroken(text), width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")


def _unbroken(text: str) -> str:
    """Return text whose limits in brackets are one word each."""
    return re.sub(r"\[[-+−–.,\d\s∞%]*\]", lambda limits: limits[0].replace(" ", "\0"), text)


def _without_repeats(rows: list[list[str]], n_labels: int) -> list[list[str]]:
    """Return rows without those leading names that say the same as in the row before."""
    shown = rows[:1]
    for before, row in pairwise(rows):
        new = next((index for index in range(n_labels) if row[index] != before[index]), n_labels)
        shown.append(["" if index < new else text for index, text in enumerate(row)])
    return shown
