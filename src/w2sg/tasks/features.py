"""From the columns of a file to features: numbers standardised, names one-hot, and what was read with what care."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from w2sg.core import AnyArray, BoolArray, DataError, FloatArray, IntArray
from w2sg.tasks.cells import is_grouped, is_missing, is_number, name_of, number_of, reads_as_gap
from w2sg.tasks.encoding import Rows
from w2sg.tasks.reading import KEY

NUMERIC_SHARE = 0.5
"""A column of which more filled cells than this read as numbers is a column of numbers with mistakes, not of names."""
FAR = 100.0
"""A number further from its column's median than so many typical distances is moved to that border: one forgotten
999999999 would else make all others equal. A normal deviate is as far out as 67 standard deviations never."""
LARGEST = float(np.finfo(np.float32).max)


def default_features(rows: Rows, used: set[str], gold: IntArray) -> list[str]:
    """Return the columns that are features when none are named: single values, not used otherwise.

    Raises:
        DataError: If there is none, one holds lists in some rows only, one only counts the rows (it would tell the
            order of the file), or one is the label under other names.
    """
    first = rows.sheets[0]
    chosen = [name for name in first.names if name not in used | {KEY} and not _nested(rows, name)]
    if not chosen:
        raise DataError(f"{first.file}: no column is left for features: name 'text', 'pair' or 'features'")
    for name in chosen:
        values = first.column(name, "features")
        # Files are often sorted by class, so that the number of a row tells its label.
        if counts_rows(values):
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


def _nested(rows: Rows, column: str) -> bool:
    """Whether a column holds lists or objects, which are no features.

    Raises:
        DataError: If it holds them in some rows only: nobody can tell whether the others are features.
    """
    values = rows.column(column, "features")
    nested = [index for index, value in enumerate(values) if isinstance(value, (list, dict))]
    if nested and len(nested) < sum(not is_missing(value) for value in values):
        raise rows.fail(
            nested[0],
            f"column {column!r} (features) must hold single values, as in other rows, got a "
            f"{type(values[nested[0]]).__name__}: mend it, or list the wanted columns in 'features'",
        )
    return bool(nested)


def counts_rows(values: list[Any]) -> bool:
    """Whether values are whole numbers that rise, or fall, by the same amount from row to row."""
    numbers = np.array([number_of(value) for value in values])
    if len(numbers) < 3:
        return False
    steps = np.diff(numbers)
    return bool((steps[0] != 0) & (steps == steps[0]).all() & (numbers == np.round(numbers)).all())


def _renames(values: list[Any], gold: IntArray) -> bool:
    """Whether each value goes with one class and each class with one value."""
    seen = {(str(value), label) for value, label in zip(values, gold.tolist(), strict=True)}
    return len(seen) == len({value for value, _ in seen}) == len({label for _, label in seen})


def encode_features(
    rows: Rows, columns: Sequence[str], max_categories: int, names: Sequence[str] = (), *, fill: bool = False
) -> tuple[FloatArray, dict[str, AnyArray], dict[str, int]]:
    """Return features `(n, d)` float32, the columns they were made of, and what was read with care.

    A column is one of numbers if more than half of its filled cells read as numbers; all of them have to, then. Numbers
    are standardised over all rows. Of other columns the most frequent `max_categories` values get a coordinate each,
    and rarer ones are all zeros.

    Args:
        rows: The rows.
        columns: Which columns.
        max_categories: How many values of a column of names get a coordinate.
        names: Columns that hold names whatever they look like, such as postal codes.
        fill: Whether a number that is missing becomes the column's median, and a coordinate of its own says so.

    Returns:
        The features; the columns `(n,)` as floats, or as whole numbers that stand for names; and counts of cells.

    Raises:
        DataError: If a number is missing, is none, NaN, infinite or larger than a float32.
    """
    blocks: list[AnyArray] = []
    parts: dict[str, AnyArray] = {}
    counts: Counter[str] = Counter()
    for column in columns:
        values = rows.column(column, "features")
        if column not in names and _is_numeric(values):
            gaps = np.array([fill and _is_gap(value) for value in values], dtype=np.bool_)
            parts[column], found = _numbers(rows, column, values, gaps)
            spread = parts[column].std()
            # Over all rows, test rows too: inputs without labels are open to everyone (`corpus`).
            blocks.append(((parts[column] - parts[column].mean()) / (spread if spread > 0 else 1.0))[:, None])
            if gaps.any():
                blocks.append(gaps[:, None])
        else:
            parts[column], block = _one_hot(values, max_categories)
            found = {"cells whose category has no coordinate": int((~block.any(axis=1)).sum())}
            blocks.append(block)
        counts.update({f"column {column!r}: {what}": count for what, count in found.items() if count})
    return np.concatenate(blocks, axis=1).astype(np.float32), parts, dict(counts)


def _is_numeric(values: list[Any]) -> bool:
    filled = [value for value in values if not is_missing(value)]
    return bool(filled) and sum(map(is_number, filled)) > NUMERIC_SHARE * len(filled)


def _is_gap(value: object) -> bool:
    """Whether a cell of a column of numbers holds nothing, or what programs write for it."""
    return is_missing(value) or (isinstance(value, str) and reads_as_gap(value))


def _numbers(rows: Rows, column: str, values: list[Any], gaps: BoolArray) -> tuple[FloatArray, dict[str, int]]:
    """Return a column of numbers `(n,)` without extremes, its gaps `(n,)` filled, and what was done to it."""
    wrong = [index for index, value in enumerate(values) if not gaps[index] and not is_number(value)]
    if wrong:
        value = values[wrong[0]]
        nothing, among = value is None or value == "", f" ({len(wrong)} such cells among numbers)"
        remedy = "set missing = 'fill'" if _is_gap(value) else "name the column in 'categories' if its values are names"
        raise rows.fail(
            wrong[0],
            f"column {column!r} (features) must hold finite numbers, got {'nothing' if nothing else f'{value!r:.60}'}: "
            f"fill it or drop the row{among}, or {remedy}",
        )
    numbers = np.array([np.nan if gap else number_of(value) for value, gap in zip(values, gaps, strict=True)])
    numbers[gaps] = np.median(numbers[~gaps])
    large = np.flatnonzero(np.abs(numbers) > LARGEST)
    if len(large):
        got = f"{numbers[large[0]]:.3g}"
        raise rows.fail(int(large[0]), f"column {column!r} (features) must hold numbers below {LARGEST:.2g}, got {got}")
    middle = np.median(numbers)
    distance = np.abs(numbers - middle)
    # Of the cells off the median: a column that is mostly zeros has a spread, too.
    border = FAR * (np.median(distance[distance > 0]) if distance.any() else 0.0)
    found = {
        "gaps filled with the median": int(gaps.sum()),
        "numbers with commas between their digits": sum(map(is_grouped, values)),
        f"numbers beyond {FAR:g} typical distances from the median, moved there": int((distance > border).sum()),
    }
    return np.clip(numbers, middle - border, middle + border), found


def _one_hot(values: list[Any], max_categories: int) -> tuple[IntArray, AnyArray]:
    """Return a number for each different name of a column `(n,)`, and a coordinate for each frequent one, `(n, c)`."""
    # A name that is only digits stays a text: 01 and 1 are two postal codes.
    names = ["" if is_missing(value) else name_of(value) for value in values]
    # Ties are broken by name, or the chosen columns would depend on the order of the file.
    order = [name for name, _ in sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))]
    code = {name: place for place, name in enumerate([*sorted(order[:max_categories]), *order[max_categories:]])}
    codes = np.array([code[name] for name in names], dtype=np.int64)
    return codes, codes[:, None] == np.arange(min(max_categories, len(order)))
