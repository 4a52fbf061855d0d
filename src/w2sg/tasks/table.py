"""All rows of a task before they are split: inputs in a pool, and beside it gold, identities and metadata."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from w2sg.core import AnyArray, BoolArray, DataError, Examples, Inputs, IntArray, Pool, derive, digest_arrays

FREE = ""
"""The split name of rows that no file assigns: they are dealt at random."""


def learned_from(names: Iterable[str]) -> str:
    """Return the name of the file that stands for all: that of the rows that are learned from, or else the first.

    >>> learned_from(["amazon", "test", "train"])
    'train'
    """
    given = list(names)
    return next((name for name in (FREE, "train", "transfer", "supervision") if name in given), given[0])


@dataclass(frozen=True, eq=False)
class Table:
    """The `N` rows of a task, all arrays in the order of the pool.

    Attributes:
        pool: The inputs, in an order that tells nothing of gold.
        gold: Class numbers `(N,)`.
        classes: The names of the `k` classes.
        ids: `(N,)` integers: the number of the row in its source.
        columns: Metadata `(N, ...)`: `group`, `difficulty`, `domain`, `votes`, `id`, `together`, as far as there
            are any.
        split: `(N,)` names of ready splits; the empty name is a row to be dealt.
        source: What the rows came from, for messages.
        units: `(N,)` numbers that rows with equal inputs share; None where nobody looked for them.
        parts: Single columns `(N,)` that inputs were made of, for the check on leaks; None where there is none.
    """

    pool: Pool
    gold: IntArray
    classes: tuple[str, ...]
    ids: IntArray
    columns: Mapping[str, AnyArray]
    split: AnyArray
    source: str
    units: IntArray | None = None
    parts: Mapping[str, AnyArray] | None = None

    @classmethod
    def of(
        cls,
        values: AnyArray,
        gold: AnyArray,
        classes: tuple[str, ...],
        source: str,
        *,
        ids: AnyArray | None = None,
        columns: Mapping[str, AnyArray] | None = None,
        split: AnyArray | None = None,
        parts: Mapping[str, AnyArray] | None = None,
    ) -> Self:
        """Make a table from arrays in the order of their source.

        The order of the pool is a permutation drawn from the hash of all inputs and gold in their first order: it is
        the same under every seed, and nobody who has only the pool can undo it.

        Args:
            values: Inputs `(N, ...)`.
            gold: Class numbers `(N,)`.
            classes: The names of the `k` classes.
            source: What the rows came from.
            ids: `(N,)` row numbers; by default 0 to N - 1.
            columns: Metadata `(N, ...)`.
            split: `(N,)` names of ready splits.
            parts: Single columns `(N,)` that the inputs were made of.

        Raises:
            DataError: If all rows have one class.
        """
        n = len(values)
        present = np.unique(gold)
        if len(present) < 2:
            only = repr(classes[int(present[0])]) if len(present) else "none"
            raise DataError(
                f"{source}: labels need at least 2 classes, all {n} rows have {only}: check the label column"
            )
        # Inputs are handed out as a pool with row numbers. In the order of a file that is sorted by class those numbers
        # would be the labels; in an order that depends on all gold they tell nothing.
        order = derive(0, "pool", digest_arrays(values, gold)).permutation(n)
        split = np.full(n, FREE) if split is None else split
        return cls(
            pool=Pool(values[order]),
            gold=np.asarray(gold, dtype=np.int64)[order],
            classes=classes,
            ids=np.asarray(order if ids is None else ids[order], dtype=np.int64),
            columns={name: column[order] for name, column in (columns or {}).items()},
            split=split[order],
            source=source,
            parts=None if parts is None else {name: column[order] for name, column in parts.items()},
        )

    def __len__(self) -> int:
        return len(self.gold)

    def examples(self, rows: IntArray) -> Examples:
        """Return the examples at rows of the pool."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Examples(self.ids[rows], Inputs(self.pool, rows), columns)

    def only(self, rows: IntArray) -> "Table":
        """Return the table of some rows of the pool; nothing of the others is in its pool."""
        return replace(
            self,
            pool=Pool(self.pool.values[rows]),
            gold=self.gold[rows],
            ids=self.ids[rows],
            columns={name: column[rows] for name, column in self.columns.items()},
            split=self.split[rows],
            units=None if self.units is None else self.units[rows],
            parts=None if self.parts is None else {name: column[rows] for name, column in self.parts.items()},
        )

    def column(self, name: str, user: str) -> AnyArray:
        """Return a metadata column `(N, ...)` that `user` needs.

        Raises:
            DataError: If the task has no such column.
        """
        if name not in self.columns:
            have = ", ".join(map(repr, self.columns)) or "no metadata"
            raise DataError(f"{user} needs the column {name!r}, {self.source} has {have}: name a column or drop {user}")
        return self.columns[name]

    def is_in(self, *splits: str) -> BoolArray:
        """Return which rows `(N,)` belong to one of the named splits."""
        mask: BoolArray = np.isin(self.split, splits)
        return mask


@dataclass(frozen=True)
class CountedTable:
    """A table, and what became of the rows or cells that it was made from.

    Attributes:
        table: The examples.
        counts: Such as rows read, left out, cut, dropped to make classes equal; numbers read in an unusual form.
    """

    table: Table
    counts: Mapping[str, int]
