"""What stands in the splits of a task, before anything is trained: classes, copies and near copies.

A survey is for whoever has the data. It is made from the table that the vault is made from, so nothing is released;
no method and no step sees it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from w2sg.core import AnyArray, FloatArray, IntArray, derive
from w2sg.tasks.duplicates import TRAINING, sideless, units_of
from w2sg.tasks.table import Table

ALIKE = 0.8
"""Texts are near copies whose weighted words have a cosine of at least this: about one word in ten differs."""
MOST_ROWS = 3000
"""Of a split that are compared, drawn at random: comparing them all takes their product."""
PREVIEWED = 4
"""Rows of the transfer split that are shown."""


@dataclass(frozen=True)
class Twins:
    """How many rows of one split have a copy, or nearly one, in another or in their own.

    Attributes:
        split: Whose rows are looked at.
        other: Where their copies are.
        rows: How many rows were looked at.
        of: How many rows there are.
        equal: Rows whose inputs another row has.
        near: Rows with a copy or a near copy; None where inputs are no texts.
        opposed: Of these, rows of which the nearest has another label.
    """

    split: str
    other: str
    rows: int
    of: int
    equal: int
    near: int | None
    opposed: int

    @property
    def sample(self) -> str:
        """What was looked at, in words, where it is not every row."""
        return f"a sample of {self.rows:,} of {self.of:,} rows" if self.rows < self.of else ""


@dataclass(frozen=True, eq=False)
class Survey:
    """The splits of a task under one seed.

    Attributes:
        classes: The names of the `k` classes.
        labels: For each split and test set how many rows each class has, `(k,)`.
        twins: Copies within what is trained on, and from there to each test set.
        preview: The inputs of some transfer rows.
        corpus: All inputs.
    """

    classes: tuple[str, ...]
    labels: Mapping[str, IntArray]
    twins: tuple[Twins, ...]
    preview: AnyArray
    corpus: AnyArray


def survey_of(table: Table, dealt: Mapping[str, IntArray]) -> Survey:
    """Return what stands in a table's splits.

    Args:
        table: All rows.
        dealt: The rows of every split, before copies are left out.
    """
    k = len(table.classes)
    labels = {name: np.bincount(table.gold[rows], minlength=k) for name, rows in dealt.items()}
    values = table.pool.values
    units = units_of(values) if table.units is None else table.units
    words = _words(values) if values.dtype == object else None
    trained = np.concatenate([dealt[name] for name in TRAINING if name in dealt])
    twins = [_twins("all that is trained on", trained, "itself", trained, table, units, words)]
    for name, rows in dealt.items():
        if name not in TRAINING:
            twins.append(_twins(name, rows, "all that is trained on", trained, table, units, words))
    preview = values[dealt["transfer"][:PREVIEWED]]
    return Survey(table.classes, labels, tuple(twins), preview, values)


def _words(values: AnyArray) -> FloatArray:
    """Return the weighted words of texts, or of both texts of pairs, as rows of length 1 of a sparse matrix."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = (
        values if values.ndim == 1 else np.array(["\n".join(sorted(pair)) for pair in values.tolist()], dtype=object)
    )
    model = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\S+")
    return model.fit_transform(texts)  # type: ignore[no-any-return]


def _twins(
    split: str,
    rows: IntArray,
    other: str,
    others: IntArray,
    table: Table,
    units: IntArray,
    words: FloatArray | None,
) -> Twins:
    labels = sideless(table)
    within = rows is others
    looked_at, among = _some(rows, split), _some(others, "trained")
    same = np.isin(units[looked_at], units[others])
    if within:
        counts = np.bincount(units)
        same = counts[units[looked_at]] > 1
    if words is None:
        return Twins(split, other, len(looked_at), len(rows), int(same.sum()), None, 0)
    alike = words[looked_at] @ words[among].T
    alike = alike.toarray() if hasattr(alike, "toarray") else alike
    if within:
        alike[looked_at[:, None] == among] = 0
    near = alike.max(axis=1) >= ALIKE
    opposed = near & (labels[looked_at] != labels[among[alike.argmax(axis=1)]])
    counted = int(same.sum()), int((near | same).sum()), int(opposed.sum())
    return Twins(split, other, len(looked_at), len(rows), *counted)


def _some(rows: IntArray, name: str) -> IntArray:
    """Return the rows, or so many of them that they can be compared."""
    if len(rows) <= MOST_ROWS:
        return rows
    chosen: IntArray = derive(0, "survey", name).choice(rows, size=MOST_ROWS, replace=False)
    return chosen
