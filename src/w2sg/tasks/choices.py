"""Multiple choice: where a row keeps its answers, how it tells the right one, and which wrong one is set beside it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from w2sg.tasks.cells import is_missing, is_number, name_of, number_of
from w2sg.tasks.encoding import Rows

Row = Mapping[str, Any]
"""One row of a file, by column."""
ChoiceReader = Callable[[Row], tuple[list[str], int]]
"""From a row to its answers and the number of the right one; raises `RowError` where the row breaks a rule."""
Cell = Callable[[object, str], str]
"""From a cell and the name of its column to its text."""


class RowError(ValueError):
    """A row breaks a rule of its data set; whoever reads the file adds where the row is."""


def as_text(value: object, name: str) -> str:
    """Return a cell as text; the lines of a list are joined.

    Raises:
        RowError: If the cell holds nothing, or an object.
    """
    if isinstance(value, list):
        return "\n".join(as_text(line, name) for line in value)
    if value is None or isinstance(value, dict) or (is_missing(value) and value != ""):
        got = "an object" if isinstance(value, dict) else "nothing"
        raise RowError(f"column {name!r} must hold text, got {got}: fill it or drop the row")
    return value if isinstance(value, str) else name_of(value)


def trimmed(value: object, name: str) -> str:
    """Return a cell as text without white space around it.

    Raises:
        RowError: If nothing is left.
    """
    text = as_text(value, name).strip()
    if not text:
        raise RowError(f"column {name!r} must hold an answer, it is empty: fill it or drop the row")
    return text


def first_of(*columns: str) -> ChoiceReader:
    """Return a reader of answers in columns, the first of which is right."""
    return lambda row: ([trimmed(row.get(name), name) for name in columns], 0)


def numbered(*columns: str, label: str, start: int = 0, cell: Cell = trimmed) -> ChoiceReader:
    """Return a reader of answers in columns, of which a label gives the right one's number."""
    return lambda row: (
        [cell(row.get(name), name) for name in columns],
        _number(row, label, len(columns), start),
    )


def listed(column: str, label: str) -> ChoiceReader:
    """Return a reader of a list of answers, of which a label gives the right one's number from 0."""

    def read(row: Row) -> tuple[list[str], int]:
        answers = text_list(row.get(column), column)
        return answers, _number(row, label, len(answers), 0)

    return read


def quoted(column: str, label: str) -> ChoiceReader:
    """Return a reader of a list of answers, of which a label repeats the right one."""

    def read(row: Row) -> tuple[list[str], int]:
        answers = text_list(row.get(column), column)
        right = as_text(row.get(label), label).strip()
        if right not in answers:
            raise RowError(f"column {label!r} must repeat one of the answers in {column!r}, got {right!r:.60}: mend it")
        return answers, answers.index(right)

    return read


def lettered(column: str, label: str) -> ChoiceReader:
    """Return a reader of an object of two lists, `text` and `label`, of which a label gives the right one's letter."""

    def read(row: Row) -> tuple[list[str], int]:
        value = row.get(column)
        if not isinstance(value, dict) or not {"text", "label"} <= set(value):
            raise RowError(f"column {column!r} must hold an object with 'text' and 'label', got {value!r:.60}: mend it")
        answers, letters = text_list(value["text"], f"{column}.text"), text_list(value["label"], f"{column}.label")
        right = name_of(row.get(label))
        if len(answers) != len(letters) or right not in letters:
            raise RowError(f"column {label!r} must be one of the letters {letters}, got {right!r}: mend the row")
        return answers, letters.index(right)

    return read


def scored(column: str) -> ChoiceReader:
    """Return a reader of an object that gives each answer its score, of which the highest is right."""

    def read(row: Row) -> tuple[list[str], int]:
        value = row.get(column)
        if not isinstance(value, dict) or not value:
            raise RowError(f"column {column!r} must hold answers with scores, got {value!r:.40}: use JSON")
        if not all(map(is_number, value.values())):
            raise RowError(
                f"column {column!r} must score answers by numbers, got {list(value.values())!r:.60}: mend it"
            )
        answers, scores = list(value), [number_of(score) for score in value.values()]
        if scores.count(max(scores)) > 1:
            raise RowError(f"column {column!r} must give one answer the highest score, got {scores}: drop the row")
        return answers, scores.index(max(scores))

    return read


def ranked(better: str, worse: str, shown: str) -> ChoiceReader:
    """Return a reader of two columns as two rankings, the right one first; `shown` has a place for each text."""

    def read(row: Row) -> tuple[list[str], int]:
        pair = [trimmed(row.get(name), name) for name in (better, worse)]
        return [shown.format(*pair), shown.format(*reversed(pair))], 0

    return read


def right_and_wrong(answers: list[str], number: int, draw: float, hidden: str | None = None) -> tuple[str, str] | None:
    """Return the right answer and one of the wrong ones, or None if either cannot be shown.

    Args:
        answers: All answers.
        number: The number of the right one.
        draw: A random number in [0, 1) that picks the wrong one.
        hidden: How an answer begins that means nothing without the others; it is never shown.

    Raises:
        RowError: If there are fewer than two answers.
    """
    if len(answers) < 2:
        raise RowError(f"needs two answers or more, got {len(answers)}: mend the row or drop it")
    right = answers[number]
    shown = [answer for answer in answers if not (hidden and answer.startswith(hidden))]
    # A distractor may repeat the right answer word for word; set beside it there would be nothing to tell.
    others = [answer for answer in shown if answer != right]
    # A question whose right answer is the hidden one ("none of the above") cannot be asked of two answers.
    return (right, others[int(draw * len(others))]) if right in shown and others else None


def read_choices(rows: Rows, records: Sequence[Row], read: ChoiceReader) -> list[tuple[list[str], int]]:
    """Return every row's answers and the number of the right one.

    Raises:
        DataError: If a row breaks a rule.
    """
    choices = []
    for index, record in enumerate(records):
        try:
            choices.append(read(record))
        except RowError as error:
            raise rows.fail(index, str(error)) from None
    return choices


def text_list(value: Any, name: str) -> list[str]:
    """Return the answers that a cell lists.

    Raises:
        RowError: If it is no list, or an answer is empty.
    """
    if not isinstance(value, list):
        raise RowError(f"column {name!r} must hold a list of answers, got {value!r:.60}: use JSON or Parquet")
    return [trimmed(item, name) for item in value]


def _number(row: Row, label: str, count: int, start: int) -> int:
    right = name_of(row.get(label))
    known = [str(number) for number in range(start, start + count)]
    if right not in known:
        raise RowError(f"label {right!r} in column {label!r} is not one of {', '.join(known)}: mend it or drop the row")
    return known.index(right)
