"""Does one column tell the label? A check on the supervision split, before anything is trained.

A copy of the label under another name, a code of it with a few cells changed, a counter in a file that is sorted by
class or a word that only one class has: each gives away the answer, and no weak supervisor is needed. What the check
knows of labels is the gold of the supervision split alone, and all that comes of it is a refusal or a count.
"""

import re
from collections import Counter, defaultdict

import numpy as np

from w2sg.core import AnyArray, DataError, IntArray
from w2sg.tasks.encoding import RECORDED
from w2sg.tasks.table import Table

_PART = re.compile(r"[^\W\d_]+|\d+")
"""What a word is made of: in `spam_123` a word and a number."""
TELLS = 0.975
"""A column tells the label if by it alone so large a share is right of the rows that the most frequent class misses:
one cell in forty may have been changed. A measurement that good leaves nothing to study; refusing it costs little."""
NEARLY_TELLS = 0.9
"""From this share on the column is counted: the best measurement of an easy set is as good, and so is a noisy copy."""
FEWEST = 10
"""With fewer rows outside the most frequent class, one of many columns may fit them all by luck: nothing is checked."""
MOST_ROWS = 2000
"""Rows of the supervision split that are looked at, the first of them, which are in random order."""
MOST_LETTERS = 3_000_000
"""Letters of texts that are looked at, which takes about a second."""


def check_leaks(table: Table, rows: IntArray, *, allowed: bool) -> dict[str, int]:
    """Return which columns tell the label, each with the number of rows that are right by it alone.

    Args:
        table: All rows, with the columns that inputs were made of.
        rows: The rows `(n,)` of the supervision split.
        allowed: Whether such columns are wanted.

    Raises:
        DataError: If a column tells the label and is not allowed to.
    """
    if table.units is not None:
        # Of equal rows one is looked at: the others would say its label, and every column of theirs would tell it.
        rows = rows[np.sort(np.unique(table.units[rows], return_index=True)[1])]
    found: dict[str, int] = {}
    for name, column in _columns(table).items():
        looked_at = _looked_at(column, rows)
        gold = table.gold[looked_at]
        frequent = int(np.bincount(gold).max())
        if len(gold) - frequent < FEWEST:
            continue
        right = _right(column[looked_at], gold)
        share = (right - frequent) / (len(gold) - frequent)
        if share < NEARLY_TELLS:
            continue
        if share >= TELLS and not allowed:
            raise DataError(
                f"{table.source}: {name} tells the label: by it alone {right} of {len(gold)} rows of the supervision "
                f"split are right, by the most frequent class {frequent}: drop it, or set 'allow_leak' if it is "
                "meant (--allow-leak)"
            )
        tells = "tells" if share >= TELLS else "nearly tells"
        found[f"{name} {tells} the label: supervision rows right by it alone, of {len(gold)}"] = right
    return found


def _looked_at(column: AnyArray, rows: IntArray) -> IntArray:
    """Return the first of some rows of a column `(N,)`: `MOST_ROWS`, or as many texts as have `MOST_LETTERS`."""
    rows = rows[:MOST_ROWS]
    if column.dtype != object:
        return rows
    letters = np.cumsum([len(text) for text in column[rows].tolist()])
    return rows[: 1 + int(np.searchsorted(letters, MOST_LETTERS))]


def _columns(table: Table) -> dict[str, AnyArray]:
    """Return every column that an input or a weak label was made of, by what it is called in messages."""
    columns = {f"column {name!r}": column for name, column in (table.parts or {}).items()}
    for name, column in table.columns.items():
        if name == "votes":
            columns |= {f"vote {number}": votes for number, votes in enumerate(column.T)}
        if name.startswith(RECORDED):
            columns[f"recorded answer {name.removeprefix(RECORDED)!r}"] = column
    return columns


def _right(column: AnyArray, gold: IntArray) -> int:
    """Return how many labels `(n,)` are right by a column `(n,)` alone, each without the row's own label."""
    if column.dtype == object:
        return max(_by_value(_codes(column.tolist()), gold), _by_word(column.tolist(), gold))
    by_value = _by_value(_codes(column.tolist()), gold)
    return max(by_value, _by_order(column, gold)) if column.dtype.kind == "f" else by_value


def _codes(values: list[object]) -> IntArray:
    number = {value: code for code, value in enumerate(dict.fromkeys(values))}
    return np.array([number[value] for value in values], dtype=np.int64)


def _by_value(codes: IntArray, gold: IntArray) -> int:
    """Return how often a row has the class that most other rows with its value have."""
    counts = np.zeros((int(codes.max()) + 1, int(gold.max()) + 1), dtype=np.int64)
    np.add.at(counts, (codes, gold), 1)
    others = counts[codes]
    others[np.arange(len(gold)), gold] -= 1
    # A value that no other row has says nothing; a class counts only where it has more rows than each other one.
    own = others[np.arange(len(gold)), gold]
    others[np.arange(len(gold)), gold] = -1
    return int((own > np.maximum(others.max(axis=1), 0)).sum())


def _by_order(numbers: AnyArray, gold: IntArray) -> int:
    """Return how many rows are right where each class is one interval of the numbers."""
    in_order = gold[np.argsort(numbers, kind="stable")]
    changes = in_order[1:] != in_order[:-1]
    # The intervals of k classes have k - 1 borders; a row in the midst of another class makes two more changes.
    borders = len(np.unique(gold)) - 1
    wrong = -(-max(int(changes.sum()) - borders, 0) // 2)
    # Where most classes have one row any order is one of intervals: a row without a neighbour of its class is wrong.
    alone = np.append(True, changes) & np.append(changes, True)
    return len(gold) - max(wrong, int(alone.sum()))


def _by_word(texts: list[str], gold: IntArray) -> int:
    """Return how many rows are right where each class is named by the one word that marks it best.

    A word marks a class by standing in its texts and in no others; one class may be the one that has no word.
    """
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for text, label in zip(texts, gold.tolist(), strict=True):
        for word in {*text.casefold().split(), *_PART.findall(text.casefold())}:
            counts[word][label] += 1
    sizes = np.bincount(gold)
    # Errors of "it is this class where the word stands": rows of other classes with it, and rows of this one without.
    errors = np.where(sizes > 0, sizes, 0)
    for of_word in counts.values():
        total = of_word.total()
        for label, inside in of_word.items():
            errors[label] = min(errors[label], total - inside + sizes[label] - inside)
    present = np.sort(errors[sizes > 0])
    return int(len(gold) - present[:-1].sum())
