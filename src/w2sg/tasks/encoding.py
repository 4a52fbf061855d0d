"""From the cells of a file to arrays: class numbers, texts, votes and metadata columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2sg.core import AnyArray, BoolArray, DataError, FloatArray, IntArray, derive, digest_arrays
from w2sg.tasks.cells import is_missing, is_number, is_text, name_of, number_of, reads_as_gap, spelling
from w2sg.tasks.reading import Sheet

MAX_CLASSES = 1000
"""A column with more distinct values than this is not a column of class names."""
ABSTAIN = -1
"""The vote of a rule that does not apply, and the answer of a system that gave none."""
RECORDED = "recorded."
"""What the names of metadata columns with recorded answers begin with; the name of who gave them follows."""
MOST_LETTERS = 1000
"""Of a name: of a class, a group, an identity."""
EMPTY, REST = "null", "*"
"""What `merge` calls an empty cell, and all labels that it does not name."""
PAIR_CLASSES = ("first", "second")
"""The classes of a pair of texts: which of the two is the better one."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of all files of a task, one after the other."""

    sheets: Sequence[Sheet]

    def __len__(self) -> int:
        return sum(map(len, self.sheets))

    @property
    def records(self) -> list[Mapping[str, Any]]:
        """One mapping from column to value per row."""
        return [record for sheet in self.sheets for record in sheet.records]

    def column(self, name: str, user: str) -> list[Any]:
        """Return the values of a column over all files; every file must have it."""
        return [value for sheet in self.sheets for value in sheet.column(name, user)]

    def where(self, index: int) -> str:
        """Return the file and the row of a position, counted from 1 without the header."""
        for sheet in self.sheets:
            if index < len(sheet):
                return f"{sheet.file}, row {index + 1}"
            index -= len(sheet)
        raise IndexError(index)

    def fail(self, index: int, text: str) -> DataError:
        """Return an error about a row."""
        return DataError(f"{self.where(index)}: {text}")


def encode_names(rows: Rows, column: str, field: str) -> AnyArray:
    """Return a metadata column of names, `(n,)` texts.

    Raises:
        DataError: If a row has no value, or a list or an object.
    """
    values = rows.column(column, field)
    for index, value in enumerate(values):
        if is_missing(value) or isinstance(value, (list, dict)):
            what = "is missing" if is_missing(value) else f"is a {type(value).__name__}"
            raise rows.fail(
                index, f"{column!r} ({field}) must be a name or a number, it {what}: fill it or drop the row"
            )
    names = [name_of(value) for value in values]
    _check_letters(rows, column, field, names)
    # The longest name sets the width of every row of the array.
    long = next((index for index, name in enumerate(names) if len(name) > MOST_LETTERS), None)
    if long is not None:
        raise rows.fail(
            long, f"{column!r} ({field}) must be a name of at most {MOST_LETTERS} letters, got {len(names[long])}"
        )
    return np.array(names)


def _check_letters(rows: Rows, column: str, field: str, texts: Sequence[str]) -> None:
    """Check that texts can be stored: half of a surrogate pair, which JSON can spell, is no letter.

    Raises:
        DataError: If one cannot.
    """
    wrong = next((index for index, text in enumerate(texts) if not is_text(text)), None)
    if wrong is not None:
        got = ascii(texts[wrong])[:60]
        raise rows.fail(
            wrong, f"{column!r} ({field}) must be text that UTF-8 can hold, without NUL, got {got}: mend it"
        )


def encode_ids(rows: Rows, column: str) -> AnyArray:
    """Return the identities `(n,)`, all different.

    Raises:
        DataError: If two rows have the same id.
    """
    ids = encode_names(rows, column, "id")
    first: dict[str, int] = {}
    for index, name in enumerate(ids.tolist()):
        if name in first:
            raise rows.fail(
                index, f"ids must differ, {name!r} is already the id of {rows.where(first[name])}: drop one"
            )
        first[name] = index
    return ids


def encode_labels(
    rows: Rows, column: str, classes: tuple[str, ...], merge: Mapping[str, Sequence[str]] | None = None
) -> tuple[IntArray, tuple[str, ...]]:
    """Return class numbers `(n,)` and the class names, numbers in numeric and texts in alphabetical order.

    Args:
        rows: The rows.
        column: The column of the label.
        classes: The class names in order; empty takes all labels.
        merge: Classes made of several labels, by their name: `EMPTY` is an empty cell, `REST` all other labels.

    Raises:
        DataError: If a label is missing or not among `classes`, there are too many different ones, or, where no
            `classes` are given, two labels are one name in two spellings or a label reads like a gap.
    """
    names = _merged(rows, column, merge) if merge else encode_names(rows, column, "label")
    classes = tuple(map(name_of, classes)) or tuple(merge or ()) or _classes(rows, column, names)
    number = {name: index for index, name in enumerate(classes)}
    for index, name in enumerate(names.tolist()):
        if name not in number:
            raise rows.fail(index, f"label {name!r} is not in 'classes' {list(classes)}: add it or drop the row")
    return np.array([number[name] for name in names.tolist()], dtype=np.int64), classes


def _merged(rows: Rows, column: str, merge: Mapping[str, Sequence[str]]) -> AnyArray:
    """Return the names `(n,)` of the classes that labels are merged to.

    Raises:
        DataError: If a label belongs to none.
    """
    known = {name_of(label): name for name, labels in merge.items() for label in labels}
    names = []
    for index, value in enumerate(rows.column(column, "label")):
        label = EMPTY if is_missing(value) else name_of(value)
        if label not in known and (REST not in known or label == EMPTY):
            raise rows.fail(
                index, f"label {label!r} is in no class of 'merge' ({', '.join(map(repr, known))}): add it to one"
            )
        names.append(known.get(label, known.get(REST)))
    return np.array(names)


def _classes(rows: Rows, column: str, names: AnyArray) -> tuple[str, ...]:
    """Return the different labels `(n,)` in order, each of which is the name of a class for certain."""
    present = sorted(set(names.tolist()))
    if len(present) > MAX_CLASSES:
        raise DataError(
            f"{rows.sheets[0].file}: label column {column!r} has {len(present)} different values, at most "
            f"{MAX_CLASSES} classes are possible: name the column with the class"
        )
    where = {name: index for index, name in reversed(list(enumerate(names.tolist())))}
    spelled: dict[str, str] = {}
    for name in present:
        if reads_as_gap(name):
            raise rows.fail(
                where[name],
                f"label {name!r} reads like a missing value: drop the row, or name all classes in 'classes'",
            )
        # Two classes that nobody meant: no student could tell them apart, and accuracy would be lost to spelling.
        other = spelled.setdefault(spelling(name), name)
        if other != name:
            raise rows.fail(
                where[name],
                f"label {ascii(name)} and label {ascii(other)} of {rows.where(where[other])} are one name in two "
                "spellings: write them alike, or name all classes in 'classes'",
            )
    # As text, class 10 would stand before class 2.
    return tuple(sorted(present, key=number_of) if all(map(is_number, present)) else present)


def encode_numbers(rows: Rows, column: str, field: str) -> FloatArray:
    """Return a column of finite numbers `(n,)`.

    Raises:
        DataError: If a value is missing, not a number (`number_of` says what is one), NaN or infinite.
    """
    values = rows.column(column, field)
    for index, value in enumerate(values):
        if not is_number(value):
            got = "nothing" if value is None or value == "" else f"{value!r:.60}"
            raise rows.fail(
                index, f"column {column!r} ({field}) must hold finite numbers, got {got}: fill it or drop the row"
            )
    return np.array([number_of(value) for value in values], dtype=np.float64)


def encode_texts(rows: Rows, columns: Sequence[str], field: str, *, empty: bool = False) -> AnyArray:
    """Return texts `(n,)`, several columns joined by a newline.

    Raises:
        DataError: If a cell is not a text or a number, or all are empty and `empty` does not allow it.
    """
    parts = [_texts(rows, column, field) for column in columns]
    # An array of objects filled in place: numpy would make fixed-width text of a list, which costs the longest text for
    # every row.
    joined = np.empty(len(rows), dtype=object)
    joined[:] = ["\n".join(cells) for cells in zip(*parts, strict=True)]
    if not empty and not any(text.strip() for text in joined.tolist()):
        raise DataError(f"{rows.sheets[0].file}: all {len(rows)} texts are empty ({field}): name the column with texts")
    return joined


def _texts(rows: Rows, column: str, field: str) -> list[str]:
    values = rows.column(column, field)
    # Lines of a text are often kept as a list: the steps of a solution, the turns of a talk.
    values = ["\n".join(map(name_of, value)) if _is_lines(value) else value for value in values]
    for index, value in enumerate(values):
        # An empty text is a text and may be meant; null is a gap in the file.
        if value is None or isinstance(value, (list, dict)):
            what = "nothing" if value is None else f"a {type(value).__name__}"
            raise rows.fail(index, f"column {column!r} ({field}) must hold text, got {what}: fill it or drop the row")
    texts = [value if isinstance(value, str) else name_of(value) for value in values]
    _check_letters(rows, column, field, texts)
    return texts


def _is_lines(value: object) -> bool:
    """Whether a cell is a list of texts or numbers."""
    return isinstance(value, list) and all(isinstance(line, str | int | float) for line in value)


def encode_pairs(rows: Rows, better: str, worse: str) -> tuple[AnyArray, IntArray]:
    """Return text pairs `(n, 2)` and which of the two is preferred, `(n,)`.

    Which side the preferred text is on is drawn per row from the hash of the whole file, so about half are on each.
    """
    return sided(_texts(rows, better, "pair"), _texts(rows, worse, "pair"))


def sided(better: list[str], worse: list[str]) -> tuple[AnyArray, IntArray]:
    """Return the two texts of each row on sides drawn by the hash of all, and which side the better one is on."""
    texts = np.empty((len(better), 2), dtype=object)
    texts[:, 0], texts[:, 1] = better, worse
    # The better text stands first in the file; were it first in the inputs, its place would be its label. The draw is
    # by the hash of all texts, so that it is fixed and yet not to be guessed from a row.
    swapped = derive(0, "pair", digest_arrays(texts)).random(len(texts)) < 0.5
    texts[swapped] = texts[swapped][:, ::-1]
    return texts, swapped.astype(np.int64)


def vote_columns(rows: Rows, votes: str | tuple[str, ...]) -> list[str]:
    """Return the columns that hold votes: those listed, the one of that name, or all that start with the name.

    Raises:
        DataError: If a name fits no column.
    """
    if not isinstance(votes, str):
        return list(votes)
    if rows.sheets[0].has(votes):
        return [votes]
    fitting = [name for name in rows.sheets[0].names if name.startswith(votes)]
    if not fitting:
        rows.column(votes, "votes")
    return fitting


def encode_votes(rows: Rows, columns: Sequence[str], classes: tuple[str, ...], field: str = "votes") -> IntArray:
    """Return votes `(n, m)` as class numbers, -1 where a rule abstains.

    A vote is a class name, or, if no vote is one, a class number from 0. A cell may hold a list of votes.

    Raises:
        DataError: If a vote is neither, or rows have different numbers of votes.
    """
    cells = [rows.column(column, field) for column in columns]
    table = [_flat(row) for row in zip(*cells, strict=True)]
    names = {name for row in table for name in row if name not in ("", str(ABSTAIN))}
    known = {name: index for index, name in enumerate(classes)}
    # Only if no vote is a class name: with classes named "1" and "2" the vote 1 is the class of that name, not the
    # second class.
    if not names & set(known):
        known = {str(index): index for index in range(len(classes))}
    known.update({"": ABSTAIN, str(ABSTAIN): ABSTAIN})
    for index, row in enumerate(table):
        if len(row) != len(table[0]):
            raise rows.fail(
                index, f"every row needs the same number of {field}, row 1 has {len(table[0])}, got {len(row)}"
            )
        if wrong := next((name for name in row if name not in known), None):
            raise rows.fail(index, f"{field} must be -1 (abstain) or a class of {list(classes)}, got {wrong!r}")
    return np.array([[known[name] for name in row] for row in table], dtype=np.int64)


def encode_recorded(rows: Rows, column: str, classes: tuple[str, ...]) -> IntArray:
    """Return the answers that one system gave `(n,)` as class numbers, -1 where a cell is empty: it gave none.

    Raises:
        DataError: If an answer is neither a class nor its number, or a cell holds several.
    """
    answers = encode_votes(rows, [column], classes, "recorded")
    if answers.shape[1] != 1:
        raise rows.fail(0, f"column {column!r} (recorded) must hold one answer in a cell, got {answers.shape[1]}")
    return answers[:, 0]


def _flat(cells: Sequence[Any]) -> list[str]:
    parts = [cell if isinstance(cell, list) else [cell] for cell in cells]
    return ["" if is_missing(vote) else name_of(vote) for part in parts for vote in part]


def limited(n: int, limit: int | None) -> BoolArray:
    """Return which of `n` rows are kept, `(n,)`: a fixed random choice of `limit` rows."""
    kept = np.ones(n, dtype=np.bool_)
    if limit is not None and limit < n:
        kept[:] = False
        # By the number of rows alone, so that a limited file is the same under every seed, and its first rows, which
        # may be of one class, are not favoured.
        kept[derive(0, "limit", str(n)).choice(n, size=limit, replace=False)] = True
    return kept


Encoder = Callable[[Rows, str], AnyArray]
METADATA: dict[str, Encoder] = {
    "group": lambda rows, column: encode_names(rows, column, "group"),
    "difficulty": lambda rows, column: encode_numbers(rows, column, "difficulty"),
    "domain": lambda rows, column: encode_names(rows, column, "domain"),
    "id": encode_ids,
}
"""How each metadata field of a file becomes an array."""
