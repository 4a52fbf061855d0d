"""What the columns of a file hold, before anybody says what they are for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from w2sg.tasks.cells import is_missing, is_number, name_of
from w2sg.tasks.reading import KEY, Sheet

Holds = Literal["numbers", "names", "texts", "lists", "objects", "nothing"]
FEWEST_WORDS, FEWEST_TEXTS, TEXT_SHARE = 3, 50, 0.2
"""A column holds texts whose cells have so many words on average, and of which more than so many differ, and more than
this share."""
MOST_LETTERS = 60
"""Of a cell that is shown."""


@dataclass(frozen=True)
class Column:
    """A column of a file.

    Attributes:
        name: Its name, dotted where it is inside an object.
        holds: What most of its filled cells hold.
        rows: How many rows the file has.
        filled: How many cells are filled.
        different: How many different values there are.
        words: The mean number of words in a cell.
        example: The first filled cell, cut.
    """

    name: str
    holds: Holds
    rows: int
    filled: int
    different: int
    words: float
    example: str


def columns_of(sheet: Sheet) -> list[Column]:
    """Return the columns of a file, those inside of objects in the place of the objects."""
    paths = [path for path in sheet.paths if path != KEY]
    nested = {path for path in paths if any(other.startswith(f"{path}.") for other in paths)}
    return [_column(path, sheet.column(path, "columns")) for path in paths if path not in nested]


def _column(name: str, cells: Sequence[Any]) -> Column:
    filled = [cell for cell in cells if not is_missing(cell)]
    shown = ["\n".join(map(str, cell)) if isinstance(cell, list) else name_of(cell) for cell in filled]
    words = sum(len(cell.split()) for cell in shown) / max(len(shown), 1)
    different = len(set(shown))
    example = " ".join(shown[0].split()) if shown else ""
    cut = example if len(example) <= MOST_LETTERS else f"{example[: MOST_LETTERS - 3]}..."
    return Column(name, _holds(filled, words, different), len(cells), len(filled), different, words, cut)


def _holds(filled: Sequence[Any], words: float, different: int) -> Holds:
    most = len(filled) / 2
    if not filled:
        return "nothing"
    for kind, holds in ((dict, "objects"), (list, "lists")):
        if sum(isinstance(cell, kind) for cell in filled) > most:
            return "objects" if holds == "objects" else "lists"
    if not isinstance(filled[0], bool) and sum(map(is_number, filled)) > most:
        return "numbers"
    many = different > min(max(FEWEST_TEXTS, TEXT_SHARE * len(filled)), most)
    return "texts" if words >= FEWEST_WORDS and many else "names"
