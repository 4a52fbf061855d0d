"""Disjoint parts of a task's rows, one for each seed, so that seeds share no row and are independent."""

import numpy as np

from w2sg.core import IntArray, derive
from w2sg.tasks.table import Table


def part_of(table: Table, parts: int) -> IntArray:
    """Return the part of each row `(N,)`, from 0: random, the same under every seed, and equal in size.

    Rows that belong together are in one part, and each ready split is cut by itself.
    """
    units = table.columns.get("together", np.arange(len(table)))
    names, code = np.unique(np.asarray(units), return_inverse=True)
    first_split = np.unique(table.split, return_inverse=True)[1][np.unique(code, return_index=True)[1]]
    rank = derive(0, "parts", str(parts)).permutation(len(names))
    # dealt like cards, one ready split after the other, so that parts differ by at most one unit in each
    order = np.lexsort((rank, first_split))
    dealt = np.empty(len(names), dtype=np.int64)
    dealt[order] = np.arange(len(names)) % parts
    return dealt[code]
