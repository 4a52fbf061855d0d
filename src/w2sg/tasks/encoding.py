"""From the cells of a file to arrays: class numbers, texts, features, votes and metadata columns."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2sg.core import AnyArray, BoolArray, DataError, FloatArray, IntArray, derive, digest_arrays
from w2sg.tasks.reading import KEY, Sheet

MAX_CLASSES = 1000
"""A column with more distinct values than this is not a column of class names."""
ABSTAIN = -1
"""The vote of a rule that does not apply, and the answer of a system that gave none."""
RECORDED = "recorded."
"""What the names of metadata columns with recorded answers begin with; the name of who gave them follows."""
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


def name_of(value: object) -> str:
    """Return the name of a class, group or identity: true and 1.0 are named as JSON and integers would be.

    >>> name_of(True), name_of(1.0), name_of(" spam")
    ('true', '1', 'spam')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def is_missing(value: object) -> bool:
    """Whether a cell holds nothing: null, NaN or an empty text."""
    return value is None or (isinstance(value, float) and math.isnan(value)) or value == ""


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
    return np.array([name_of(value) for value in values])


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


def encode_labels(rows: Rows, column: str, classes: tuple[str, ...]) -> tuple[IntArray, tuple[str, ...]]:
    """Return class numbers `(n,)` and the class names, numbers in numeric and texts in alphabetical order.

    Raises:
        DataError: If a label is missing or not among `classes`, or there are too many different ones.
    """
    names = encode_names(rows, column, "label")
    if not classes:
        present = sorted(set(names.tolist()))
        # As text, class 10 would stand before class 2.
        classes = tuple(sorted(present, key=float) if all(map(is_number, present)) else present)
    if len(classes) > MAX_CLASSES:
        raise DataError(
            f"{rows.sheets[0].file}: label column {column!r} has {len(classes)} different values, at most "
            f"{MAX_CLASSES} classes are possible: name the column with the class"
        )
    number = {name: index for index, name in enumerate(classes)}
    for index, name in enumerate(names.tolist()):
        if name not in number:
            raise rows.fail(index, f"label {name!r} is not in 'classes' {list(classes)}: add it or drop the row")
    return np.array([number[name] for name in names.tolist()], dtype=np.int64), classes


def is_number(text: object) -> bool:
    """Whether a cell is a number or a text that reads as one."""
    try:
        float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def encode_numbers(rows: Rows, column: str, field: str) -> FloatArray:
    """Return a column of finite numbers `(n,)`.

    Raises:
        DataError: If a value is missing, not a number, NaN or infinite.
    """
    values = rows.column(column, field)
    for index, value in enumerate(values):
        if not is_number(value) or not math.isfinite(float(value)):
            got = "nothing" if value is None or value == "" else repr(value)
            raise rows.fail(
                index, f"column {column!r} ({field}) must hold finite numbers, got {got}: fill it or drop the row"
            )
    return np.array([float(value) for value in values])


def encode_texts(rows: Rows, columns: Sequence[str], field: str) -> AnyArray:
    """Return texts `(n,)`, several columns joined by a newline.

    Raises:
        DataError: If a cell is not a text or a number.
    """
    parts = [_texts(rows, column, field) for column in columns]
    # An array of objects filled in place: numpy would make fixed-width text of a list, which costs the longest text for
    # every row.
    joined = np.empty(len(rows), dtype=object)
    joined[:] = ["\n".join(cells) for cells in zip(*parts, strict=True)]
    return joined


def _texts(rows: Rows, column: str, field: str) -> list[str]:
    values = rows.column(column, field)
    for index, value in enumerate(values):
        # An empty text is a text and may be meant; null is a gap in the file.
        if value is None or isinstance(value, (list, dict)):
            what = "nothing" if value is None else f"a {type(value).__name__}"
            raise rows.fail(index, f"column {column!r} ({field}) must hold text, got {what}: fill it or drop the row")
    return [value if isinstance(value, str) else name_of(value) for value in values]


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


def default_features(rows: Rows, used: set[str], gold: IntArray) -> list[str]:
    """Return the columns that are features when none are named: single values, not used otherwise.

    Raises:
        DataError: If there is none, one only counts the rows (it would tell the order of the file), or one is the label
            under other names.
    """
    first = rows.sheets[0]
    chosen = [
        name
        for name in first.names
        if name not in used | {KEY} and not any(map(_nested, first.column(name, "features")))
    ]
    if not chosen:
        raise DataError(f"{first.file}: no column is left for features: name 'text', 'pair' or 'features'")
    for name in chosen:
        values = first.column(name, "features")
        # Files are often sorted by class, so that the number of a row tells its label.
        if len(values) > 2 and _counts_rows(values):
            raise DataError(
                f"{first.file}: column {name!r} only counts the rows, which can tell their labels: declare it as 'id', "
                f"or list the wanted columns in 'features'"
            )
        # A code beside the class name is a common leak: it predicts perfectly and nobody meant it as a feature.
        if _renames(rows.column(name, "features"), gold):
            raise DataError(
                f"{first.file}: column {name!r} is the label under other names: drop it, or list the wanted columns in "
                f"'features'"
            )
    return chosen


def _nested(value: object) -> bool:
    return isinstance(value, (list, dict))


def _counts_rows(values: list[Any]) -> bool:
    return all(is_number(value) and float(value) - float(values[0]) == i for i, value in enumerate(values))


def _renames(values: list[Any], gold: IntArray) -> bool:
    """Whether each value goes with one class and each class with one value."""
    seen = {(str(value), label) for value, label in zip(values, gold.tolist(), strict=True)}
    return len(seen) == len({value for value, _ in seen}) == len({label for _, label in seen})


def encode_features(rows: Rows, columns: Sequence[str], max_categories: int) -> FloatArray:
    """Return features `(n, d)` float32: numbers standardised over all rows, the rest one-hot.

    A column is numeric if every filled cell reads as a number. Of other columns the most frequent `max_categories`
    values get a coordinate each, and rarer ones are all zeros.

    Raises:
        DataError: If a number is missing, NaN or infinite.
    """
    blocks = []
    for column in columns:
        values = rows.column(column, "features")
        filled = [value for value in values if not is_missing(value)]
        if filled and all(map(is_number, filled)):
            numbers = encode_numbers(rows, column, "features")
            spread = numbers.std()
            # Over all rows, test rows too: inputs without labels are open to everyone (`corpus`).
            blocks.append(((numbers - numbers.mean()) / (spread if spread > 0 else 1.0))[:, None])
        else:
            names = ["" if is_missing(value) else name_of(value) for value in values]
            # Ties are broken by name, or the chosen columns would depend on the order of the file.
            levels = sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))[:max_categories]
            kept = np.array(sorted(name for name, _ in levels))
            blocks.append(np.array(names)[:, None] == kept[None, :])
    return np.concatenate(blocks, axis=1).astype(np.float32)


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
