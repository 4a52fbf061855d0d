"""Tables of documents for a terminal: fewer columns, and names that repeat are said once."""

from itertools import pairwise

from w2sg.core import DataTable
from w2sg.report.cells import written


def terminal_table(table: DataTable) -> tuple[list[str], list[list[str]]]:
    """Return the titles and the rows of a table, as text."""
    shown = [index for index, column in enumerate(table.columns) if column.terminal]
    columns = [table.columns[index] for index in shown]
    cells = [[written(row[index], table.columns[index]) for index in shown] for row in table.rows]
    rows = [[f"{cell.text} {cell.below}".strip() for cell in row] for row in cells]
    # Names stand left of the row's own name and of all numbers; only those may be left out where they repeat.
    labels = next((index for index, column in enumerate(columns) if column.key or column.style != "text"), 0)
    return [column.title for column in columns], _without_repeats(rows, labels)


def _without_repeats(rows: list[list[str]], n_labels: int) -> list[list[str]]:
    """Return rows without those leading names that say the same as in the row before."""
    shown = rows[:1]
    for before, row in pairwise(rows):
        new = next((index for index in range(n_labels) if row[index] != before[index]), n_labels)
        shown.append(["" if index < new else text for index, text in enumerate(row)])
    return shown
