"""Multiple choice in a file of one's own: what each row offers, and which of it a label means.

Files keep answers in columns, in lists, or in one text with the question, and name the right one by its letter, its
number, its column or its text. How a file does it is found by looking at all of its labels; what fits in two ways is
refused, as a label that is read wrongly would teach the opposite.
"""

import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from w2sg.core import AnyArray, BoolArray, DataError, IntArray, derive
from w2sg.tasks.cells import is_missing, number_of
from w2sg.tasks.choices import RowError, as_text, read_choices, right_and_wrong, scored, text_list
from w2sg.tasks.encoding import Rows, encode_names, encode_texts, sided

_NAME = r"([A-Za-z]|\d{1,2})"
MARKS = (
    rf"^[ \t]*\({_NAME}\)[.:]?",
    rf"^[ \t]*{_NAME}[.):][ \t]",
    rf"(?<!\w)(?:answer|option|choice)[ \t]?{_NAME}[ \t]?[.):]",
    rf"\({_NAME}\)[ \t]",
)
"""How answers are marked in a text, each with one group around the answer's name: the first that fits most rows."""
MOST_ROWS_LOOKED_AT = 200
"""So many rows tell how answers are marked."""
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_LETTERS = string.ascii_lowercase


@dataclass(frozen=True)
class Offer:
    """The answers of one row, the names that a label may call each by, and the text before them."""

    answers: list[str]
    names: Sequence[tuple[str, ...]]
    head: str = ""


def encode_choices(
    rows: Rows,
    choices: str | Sequence[str],
    label: str,
    prompt: Sequence[str],
    *,
    mark: str | None = None,
    count_from: int | None = None,
    leave_out: bool = False,
) -> tuple[AnyArray, IntArray, BoolArray]:
    """Return text pairs `(n, 2)` of the right answer and one wrong one, which is right, and which rows are usable.

    Which of the two is right is `(n,)`, as is whether a row has two different answers: with `leave_out` some may not.

    Args:
        rows: The rows.
        choices: Columns of the answers; or one column of lists of answers, of objects with their `text` and `label`,
            of objects that give each answer its score, of which the highest is right, or of texts with the answers in
            them.
        label: The column that says which answer is right; not read where answers have scores.
        prompt: Columns that are put before both answers, each followed by a newline.
        mark: What stands before each answer in a text: a regular expression whose one group is the answer's name; None
            finds it.
        count_from: The number of the first answer, where labels number them; None finds it.
        leave_out: Whether rows without two different answers are left out, and not refused.

    Raises:
        DataError: If a row has no right answer, or more than one, or fewer than two and is not left out, or nobody can
            tell how labels are meant.
    """
    heads: Sequence[str] = [""] * len(rows)
    if isinstance(choices, str):
        cells = rows.column(choices, "choices")
        first = next((cell for cell in cells if not is_missing(cell)), None)
        if isinstance(first, dict) and not {"text", "label"} <= set(first):
            answered = read_choices(rows, [{choices: cell} for cell in cells], scored(choices))
        else:
            offers: Sequence[Offer | None] = (
                offers_in_texts(rows, choices, mark, leave_out=leave_out)
                if isinstance(first, str)
                else offers_in_lists(rows, choices)
            )
            heads = ["" if offer is None else offer.head for offer in offers]
            answered = right_ones(rows, offers, label, count_from)
    else:
        answered = right_ones(rows, offers_in_columns(rows, choices), label, count_from)
    # From the package's own constant: which wrong answer stands beside the right one is part of the data, the same
    # under every seed of a study.
    drawn = derive(0, "choices").random(len(rows))
    right, wrong, usable = [], [], []
    for index, (answers, number) in enumerate(answered):
        pair = right_and_wrong(answers, number, drawn[index]) if len(answers) > 1 else None
        if pair is None and not leave_out:
            raise rows.fail(index, f"needs two different answers or more, got {answers!r:.80}: mend it or drop the row")
        usable.append(pair is not None)
        right.append(pair[0] if pair else "")
        wrong.append(pair[1] if pair else "")
    above = encode_texts(rows, prompt, "text").tolist() if prompt else [""] * len(rows)
    before = ["".join(f"{part}\n" for part in parts if part) for parts in zip(above, heads, strict=True)]
    shown = ([f"{head}{text}" for head, text in zip(before, side, strict=True)] for side in (right, wrong))
    return *sided(*shown), np.array(usable, dtype=np.bool_)


def offers_in_columns(rows: Rows, columns: Sequence[str]) -> list[Offer]:
    """Return the answers of rows that have a column for each; a label may name the column.

    Raises:
        DataError: If a cell holds no text.
    """
    names = [(name.casefold(),) for name in columns]
    cells = zip(*(rows.column(name, "choices") for name in columns), strict=True)
    return _each(rows, [partial(_of_cells, row, columns, names) for row in cells])


def _of_cells(cells: Sequence[object], columns: Sequence[str], names: Sequence[tuple[str, ...]]) -> Offer:
    return Offer([as_text(cell, name) for cell, name in zip(cells, columns, strict=True)], names)


def offers_in_lists(rows: Rows, column: str) -> list[Offer]:
    """Return the answers of rows that list them, or that have an object of the lists `text` and `label`.

    Raises:
        DataError: If a cell is neither.
    """
    return _each(rows, [partial(_of_list, cell, column) for cell in rows.column(column, "choices")])


def _of_list(cell: object, column: str) -> Offer:
    if not isinstance(cell, dict):
        answers = text_list(cell, column)
        return Offer(answers, [()] * len(answers))
    answers, names = text_list(cell.get("text"), f"{column}.text"), text_list(cell.get("label"), f"{column}.label")
    if len(answers) != len(names):
        raise RowError(f"column {column!r} has {len(answers)} answers and {len(names)} labels for them: mend the row")
    return Offer(answers, [(name.casefold(),) for name in names])


def offers_in_texts(rows: Rows, column: str, mark: str | None = None, *, leave_out: bool = False) -> list[Offer | None]:
    """Return the answers that stand in the texts of a column, each behind its mark; the text before them is the head.

    The last answer ends at a blank line, behind which there often stands how to reply. Of a text with fewer than two
    marks it is None, where such rows are left out.

    Raises:
        DataError: If a text has fewer than two marks, and is not left out.
    """
    texts = encode_texts(rows, [column], "choices").tolist()
    pattern = re.compile(mark or found_mark(texts) or MARKS[0], re.MULTILINE | re.IGNORECASE)
    offers = [offer_in(text, pattern, in_turn=mark is None) for text in texts]
    bad = next((index for index, offer in enumerate(offers) if offer is None), None)
    if bad is not None and not leave_out:
        missing = sum(offer is None for offer in offers)
        raise rows.fail(
            bad,
            f"column {column!r} (choices) must mark two answers or more, as in '(A) ... (B) ...', found none in "
            f"{texts[bad]!r:.60} ({missing} such rows, by the pattern {pattern.pattern!r}): set 'mark', or "
            "unreadable = 'leave-out'",
        )
    return offers


def found_mark(texts: Sequence[str]) -> str | None:
    """Return the pattern by which most texts have answers in them; None where fewer than half have any."""
    looked_at = texts[:MOST_ROWS_LOOKED_AT]
    counts = []
    for mark in MARKS:
        pattern = re.compile(mark, re.MULTILINE | re.IGNORECASE)
        counts.append(sum(offer_in(text, pattern) is not None for text in looked_at))
    best = max(counts)
    return MARKS[counts.index(best)] if 2 * best > len(looked_at) else None


def offer_in(text: str, pattern: re.Pattern[str], *, in_turn: bool = True) -> Offer | None:
    """Return the answers in a text; None where there are fewer than two.

    Args:
        text: The text.
        pattern: What stands before an answer.
        in_turn: Whether names have to follow each other from the first on; marks in the question are then passed over.
    """
    marks: list[re.Match[str]] = []
    for match in pattern.finditer(text):
        place = _place(match[1])
        if not in_turn or place == len(marks):
            marks.append(match)
        elif place == 0:
            marks = [match]
    if len(marks) < 2:
        return None
    ends = [*(following.start() for following in marks[1:]), len(text)]
    answers = [text[match.end() : end].strip() for match, end in zip(marks, ends, strict=True)]
    answers[-1] = _BLANK_LINE.split(answers[-1])[0].strip()
    if not all(answers):
        return None
    names = [(_plain(match[0]), _plain(match[1])) for match in marks]
    return Offer(answers, names, text[: marks[0].start()].rstrip())


def _place(name: str) -> int:
    """Return the place of an answer by its name, from 0: of A and of 1 it is 0."""
    return int(name) - 1 if name.isdecimal() else _LETTERS.index(name.casefold())


def _plain(name: str) -> str:
    """Return the letters and digits of a name."""
    return re.sub(r"[\W_]", "", name.casefold())


def right_ones(
    rows: Rows, offers: Sequence[Offer | None], column: str, count_from: int | None
) -> list[tuple[list[str], int]]:
    """Return the answers of every row and the number of the right one from 0; of a row without an offer, none.

    Labels are read in the first way that fits all rows: as names, as numbers, as letters, as the answers' own texts.

    Raises:
        DataError: If none fits, or numbers can be counted from 0 as well as from 1.
    """
    labels = encode_names(rows, column, "label").tolist()
    ways: list[Callable[[str, Offer], int | None]] = [_by_name, partial(_by_number, start=0), _by_letter, _by_text]
    counted = [count_from] if count_from is not None else [start for start in (0, 1) if _fits(labels, offers, start)]
    if count_from is None and len(counted) == 2 and not _all(labels, offers, _by_name):
        raise DataError(
            f"{rows.sheets[0].file}: labels in column {column!r} are {_shown(labels)} and can number answers from 0 or "
            f"from 1: set 'count_from' to 0 or 1"
        )
    if counted:
        ways[1] = partial(_by_number, start=counted[0])
    if count_from is not None:
        ways = [ways[1]]
    found = next((read for way in ways if (read := _all(labels, offers, way)) is not None), None)
    if found is None:
        raise _unfit(rows, labels, offers, column, counted[0] if counted else 0)
    return [([] if offer is None else offer.answers, number) for offer, number in zip(offers, found, strict=True)]


def _read(
    labels: Sequence[str], offers: Sequence[Offer | None], way: Callable[[str, Offer], int | None]
) -> list[int | None]:
    return [0 if offer is None else way(label, offer) for label, offer in zip(labels, offers, strict=True)]


def _all(
    labels: Sequence[str], offers: Sequence[Offer | None], way: Callable[[str, Offer], int | None]
) -> list[int] | None:
    found = _read(labels, offers, way)
    return None if None in found else [number for number in found if number is not None]


def _fits(labels: Sequence[str], offers: Sequence[Offer | None], start: int) -> bool:
    return _all(labels, offers, partial(_by_number, start=start)) is not None


def _by_name(label: str, offer: Offer) -> int | None:
    spellings = {label.casefold(), _plain(label)} - {""}
    fitting = [place for place, names in enumerate(offer.names) if spellings & set(names)]
    return fitting[0] if len(fitting) == 1 else None


def _by_number(label: str, offer: Offer, *, start: int) -> int | None:
    number = number_of(label)
    place = int(number) - start if number == number // 1 else -1
    return place if 0 <= place < len(offer.answers) else None


def _by_letter(label: str, offer: Offer) -> int | None:
    letter = _plain(label)
    place = _LETTERS.index(letter) if len(letter) == 1 and letter in _LETTERS else -1
    return place if 0 <= place < len(offer.answers) else None


def _by_text(label: str, offer: Offer) -> int | None:
    texts = [answer.strip() for answer in offer.answers]
    return texts.index(label.strip()) if label.strip() in texts else None


def _shown(labels: Sequence[str]) -> str:
    different = sorted(set(labels), key=number_of)
    return ", ".join(different[:4]) + (", ..." if len(different) > 4 else "")


def _unfit(rows: Rows, labels: Sequence[str], offers: Sequence[Offer | None], column: str, start: int) -> DataError:
    """Return the error about the first label that is not read in the way in which most are."""
    ways = (partial(_by_number, start=start), _by_name, _by_letter, _by_text)
    read = [_read(labels, offers, way) for way in ways]
    best = max(read, key=lambda numbers: sum(number is not None for number in numbers))
    index = best.index(None)
    offer = offers[index]
    count = 0 if offer is None else len(offer.answers)
    known = ", ".join(str(number) for number in range(start, start + count))
    named = "" if best is read[0] else ", nor the name, letter or text of an answer"
    return rows.fail(
        index, f"label {labels[index]!r:.60} in column {column!r} is not one of {known}{named}: mend it or drop the row"
    )


def _each(rows: Rows, made: Sequence[Callable[[], Offer]]) -> list[Offer]:
    """Return what every row offers; an error is told with its row."""
    offers = []
    for index, make in enumerate(made):
        try:
            offers.append(make())
        except RowError as error:
            raise rows.fail(index, str(error)) from None
    return offers
