"""Rows whose inputs are the same, or all but the same: found, and marked as belonging together.

A copy of a training row in a test set asks what the student remembers, not what it has learned, and twenty copies of a
test row are one observation. So rows with equal inputs, whatever their labels, are one *unit*: they are dealt into one
split and count once in every interval.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from w2sg.core import AnyArray, BoolArray, DataError, FloatArray, IntArray
from w2sg.tasks.cells import is_missing, name_of
from w2sg.tasks.table import Table

COARSEST = 1e-3
"""Numbers are equal that fall into one cell of this share of their column's standard deviation, or of a finer one."""
WIDEST = 2.0
"""Copies of one row lie within so many cells in every column."""
SHIFTS = (0.25, 0.5, 0.75)
"""By how much further grids are shifted, in cells."""
FEW_VALUES = 10
"""A column with no more different values than this, among its first rows, holds kinds and not measurements."""
_LOOKED_AT = 1000
_AT_EDGES = ".,;:!?\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"
_WORD = re.compile(r"\S+")

LEFT_OUT = "left out of test sets: inputs of a training split"
AKIN = "test rows that belong together with rows of a training split"
TRAINING = ("supervision", "transfer", "validation")


def marked(table: Table) -> Table:
    """Return a table with its units, which also join what the column `together` keeps together.

    The column is made where there is none and some rows have equal inputs; where all inputs differ, nothing changes.
    """
    units = units_of(table.pool.values)
    if len(np.unique(units)) == len(units):
        return replace(table, units=units)
    own = table.columns.get("together")
    together = units if own is None else _joined(units, own)
    return replace(table, units=units, columns={**table.columns, "together": together})


def units_of(values: AnyArray) -> IntArray:
    """Return a number for each row of inputs `(n, ...)` that rows with equal inputs share, `(n,)`.

    Texts are equal when they differ only in case, white space, forms of Unicode and punctuation around words; pairs of
    texts also when they differ in their order; numbers `(n, d)` when they fall into one cell of a fine grid; images
    when all pixels are equal.

    >>> units_of(np.array(["A dog.", "a  DOG", "a cat"], dtype=object))
    array([0, 0, 1])
    """
    if values.dtype == object:
        return _numbered([_key(row) for row in values.tolist()])
    return _near(values) if values.ndim == 2 else _by_bytes(values.reshape(len(values), -1))


def _key(row: str | list[str]) -> str:
    return plain_text(row) if isinstance(row, str) else "\n".join(sorted(map(plain_text, row)))


def plain_text(text: str) -> str:
    r"""Return what two texts have in common that are all but the same.

    >>> plain_text(" The 3.5 \u2018Dogs\u2019! ")
    'the 3.5 dogs'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    # Only around words: inside of them a point or a stroke can be all that differs, as in 3.5 and 35.
    words = (word.group().strip(_AT_EDGES) for word in _WORD.finditer(folded))
    return " ".join(word for word in words if word) or " ".join(folded.split())


def _near(values: FloatArray) -> IntArray:
    """Return numbers `(n,)` that rows of numbers `(n, d)` share which fall into one cell of one of several grids."""
    places = _in_cells(values)
    first = together = _by_bytes(np.floor(places))
    # Rows that a border of one grid divides are in one cell of another.
    for shift in SHIFTS:
        together = _joined(together, _by_bytes(np.floor(places + shift)))
    # Where rows lie densely, grids link one to the next in long chains, and ends of a chain are no copies.
    order = np.argsort(together, kind="stable")
    starts = np.flatnonzero(np.diff(together[order], prepend=-1))
    extent = np.maximum.reduceat(places[order], starts) - np.minimum.reduceat(places[order], starts)
    chained = np.asarray((extent > WIDEST).any(axis=1))[together]
    return np.where(chained, int(together.max()) + 1 + first, together)


def _by_bytes(rows: AnyArray) -> IntArray:
    """Return numbers `(n,)` that equal rows of an array `(n, d)` share; -0.0 is 0.0."""
    return _numbered([row.tobytes() for row in np.ascontiguousarray(rows + 0.0)])


def _in_cells(values: FloatArray) -> FloatArray:
    """Return numbers `(n, d)` in units so small that different rows seldom are nearer than 1 in every column."""
    n = len(values)
    spread = values.std(axis=0, dtype=np.float64)
    # With one measured column a thousandth of its spread is far wider than the gaps between many rows. In cells of
    # n^(-2/d) of the spread two of n random rows are expected to meet less than once.
    measured = sum(len(np.unique(column[:_LOOKED_AT])) > FEW_VALUES for column in values.T)
    cell = min(COARSEST, float(n) ** (-2 / max(measured, 1))) * np.where(spread > 0, spread, 1)
    # Halves, as whole numbers would stand on the border of cells.
    return np.asarray(values.astype(np.float64) / cell + 0.5)


def _numbered(keys: list[str] | list[bytes]) -> IntArray:
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], dtype=np.int64)


def belonging(columns: Sequence[Sequence[object]]) -> IntArray:
    """Return a number for each row that rows share which belong together, `(n,)`.

    Rows belong together that have equal cells in one of the columns, directly or by way of others; texts are equal as
    in `units_of`, and an empty cell is like no other.

    >>> belonging([["a", "b", "A", None], [1, 2, 3, 2]]).tolist()
    [0, 1, 0, 1]
    """
    joined: IntArray | None = None
    for column in columns:
        keys = [f"\0{row}" if is_missing(cell) else plain_text(name_of(cell)) for row, cell in enumerate(column)]
        joined = _numbered(keys) if joined is None else _joined(joined, _numbered(keys))
    assert joined is not None
    return joined


def _joined(first: IntArray, second: IntArray) -> IntArray:
    """Return the finest numbers `(n,)` that rows share which share either of two numbers, directly or by others."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    _, one = np.unique(first, return_inverse=True)
    _, two = np.unique(second, return_inverse=True)
    size = int(one.max() + two.max()) + 2
    # Rows are the edges of a graph between the numbers of the first kind and those of the second.
    edges = coo_matrix((np.ones(len(one)), (one, one.max() + 1 + two)), shape=(size, size))
    _, parts = connected_components(edges, directed=False)
    return np.asarray(parts[one], dtype=np.int64)


def without_seen(table: Table, dealt: Mapping[str, IntArray]) -> tuple[dict[str, IntArray], dict[str, int]]:
    """Return the rows of every split without test rows whose inputs a training split has too, and what was found.

    Dealing keeps units whole, so only ready splits can share inputs. Training splits are left as they were published;
    a test row that was trained on would score memory, so it is left out of its test set.

    Raises:
        DataError: If no row of a test set is left.
    """
    if table.units is None:
        return dict(dealt), {}
    kept = dict(dealt)
    left_out = 0
    for name in dealt.keys() - set(TRAINING):
        fresh = unseen(table, dealt, dealt[name])
        if not fresh.any():
            raise DataError(
                f"{table.source}: test set {name!r} must hold inputs that no training split has, all its {len(fresh)} "
                "rows are copies: give other test rows"
            )
        kept[name] = dealt[name][fresh]
        left_out += int((~fresh).sum())
    both = np.isin(table.units[dealt["transfer"]], table.units[dealt["supervision"]])
    found = {
        **_counted(table),
        LEFT_OUT: left_out,
        "transfer rows with inputs of the supervision split": int(both.sum()),
    }
    return kept, {name: count for name, count in found.items() if count}


def akin(table: Table, dealt: Mapping[str, IntArray]) -> dict[str, int]:
    """Return how many test rows of ready splits belong together with a row that is trained on."""
    if "together" not in table.columns:
        return {}
    group = table.columns["together"]
    trained = np.concatenate([group[dealt[name]] for name in TRAINING if name in dealt])
    tested = [group[rows] for name, rows in dealt.items() if name not in TRAINING]
    found = int(np.isin(np.concatenate(tested), trained).sum())
    return {AKIN: found} if found else {}


def unseen(table: Table, dealt: Mapping[str, IntArray], rows: IntArray) -> BoolArray:
    """Return which of some rows `(n,)` have inputs that no training split has; all where nobody looked for units."""
    if table.units is None:
        return np.ones(len(rows), dtype=np.bool_)
    trained = np.concatenate([dealt[name] for name in TRAINING if name in dealt])
    return ~np.isin(table.units[rows], table.units[trained])


def sideless(table: Table) -> IntArray:
    """Return the classes `(n,)`; of pairs of texts, which of the two is right were they in alphabetical order.

    Which text of a pair stands first is drawn, so that two copies of one row may have different classes.
    """
    values = table.pool.values
    if values.dtype != object or values.ndim == 1 or len(table.classes) != 2:
        return table.gold
    swapped = np.array([plain_text(first) > plain_text(second) for first, second in values.tolist()])
    return np.where(swapped, 1 - table.gold, table.gold)


def _counted(table: Table) -> dict[str, int]:
    """Return how many rows repeat the inputs of another, how many inputs differ, and how many labels contradict."""
    units = np.asarray(table.units)
    different, first, size = np.unique(units, return_index=True, return_counts=True)
    if len(different) == len(units):
        return {}
    place, gold = np.searchsorted(different, units), sideless(table)
    differs = gold != gold[first[place]]
    contradicted = np.zeros(len(different), dtype=np.bool_)
    np.logical_or.at(contradicted, place, differs)
    return {
        "rows": len(units),
        "different inputs": len(different),
        "rows that repeat the inputs of another": int((size - 1).sum()),
        "rows of equal inputs with contradicting labels": int(size[contradicted].sum()),
    }
