"""How the values of a document's tables are written."""

from collections.abc import Callable
from typing import NamedTuple

from w2sg.core import Cell, Heading, Style, wording

WRITERS: dict[Style, Callable[[float | None], str]] = {
    "count": wording.count,
    "p": wording.p_value,
    "cost": wording.cost,
    "explained": wording.explained,
}


class WrittenCell(NamedTuple):
    """A cell in words: the value, what stands below it, and the number to sort by."""

    text: str
    below: str
    number: float | None


def in_one_line(cell: Cell, column: Heading) -> str:
    """Return a cell in words, with what stands below the value behind it."""
    shown = written(cell, column)
    # A note on what is missing is a sentence of its own; limits and marks belong to the value before them.
    between = "; " if cell.value is None and cell.missing else " "
    return between.join(part for part in (shown.text, shown.below) if part)


def written(cell: Cell, column: Heading) -> WrittenCell:
    """Return a cell in words: limits in brackets below the value, or in its place where there are only limits."""
    style = cell.style or column.style
    limits = "" if cell.low is None or cell.high is None else wording.limits(cell.low, cell.high, column.decimals)
    if isinstance(cell.value, str):
        return WrittenCell(cell.value, cell.note, None)
    # A check made a second way has limits and no estimate of its own; it is sorted by its lower limit.
    if cell.value is None:
        return WrittenCell(cell.missing or limits or wording.NOTHING, cell.note, cell.low)
    if style in WRITERS:
        text = WRITERS[style](cell.value)
    else:
        text = (wording.signed if style == "signed" else wording.number)(cell.value, column.decimals)
    return WrittenCell(text, " ".join(part for part in (limits, cell.note) if part), cell.value)
