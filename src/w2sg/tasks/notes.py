"""How an input shows a label: a sentence after a text, further columns beside numbers, a strip below an image."""

from collections.abc import Sequence

import numpy as np

from w2sg.core import AnyArray, DataError, FloatArray, IntArray

NONE = -1
"""In the place of a class number: nothing is shown."""
MARK = "{label}"
"""In a sentence: where the name of the class stands."""


def reach_of(values: AnyArray) -> float:
    """Return how far inputs `(n, ...)` of numbers usually are from their mean: the root of the sum of the variances.

    >>> reach_of(np.array([[0.0, 0.0], [2.0, 2.0]])) ** 2
    2.0000000000000004
    """
    return float(np.sqrt(np.var(np.asarray(values, dtype=np.float64), axis=0).sum()))


def with_notes(values: AnyArray, shown: IntArray, names: Sequence[str], *, sentence: str, reach: float) -> AnyArray:
    """Return inputs that show labels.

    - Texts `(N,)`: the sentence is appended. Pairs `(N, 2)`: to the second text.
    - Numbers `(N, d)`: `k` further columns, in which the column of the class is `reach` and all others are 0.
    - Images `(N, h, w)`: rows of pixels below the image, a pixel for each class, likewise; as many rows as they need.

    Args:
        values: The inputs of a pool.
        shown: What each of them shows, `(N,)`: class numbers, -1 for nothing.
        names: The names of the `k` classes.
        sentence: What is appended to texts, with `{label}` for the name.
        reach: The number that stands for a class in columns and pixels.

    Raises:
        DataError: If inputs have another form.

    >>> texts = np.array(["Is it?", "Is it so?"], dtype=object)
    >>> with_notes(texts, np.array([1, -1]), ("no", "yes"), sentence="He says: {label}.", reach=0).tolist()
    ['Is it? He says: yes.', 'Is it so?']
    >>> with_notes(np.zeros((2, 1)), np.array([1, -1]), ("no", "yes"), sentence="", reach=2).tolist()
    [[0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]
    """
    if values.dtype == object and values.ndim <= 2:
        return _said(values, shown, [sentence.replace(MARK, name) for name in names])
    if values.dtype != object and values.ndim == 2:
        return np.concatenate([values, _columns(values, shown, len(names), reach)], axis=1)
    if values.dtype != object and values.ndim == 3:
        n, _, width = values.shape
        height = -(-len(names) // width)
        strip = _columns(values, shown, height * width, reach).reshape(n, height, width)
        return np.concatenate([values, strip], axis=1)
    raise DataError(
        f"labels are shown in texts, pairs of texts, numbers (n, d) and images (n, h, w), got inputs of shape "
        f"{values.shape}: choose another task"
    )


def _said(texts: AnyArray, shown: IntArray, sentences: Sequence[str]) -> AnyArray:
    told = texts.copy()
    last = told if told.ndim == 1 else told[:, -1]
    for row in np.flatnonzero(shown != NONE):
        last[row] = f"{last[row]} {sentences[shown[row]]}".lstrip()
    return told


def _columns(values: AnyArray, shown: IntArray, count: int, reach: float) -> FloatArray:
    columns = np.zeros((len(values), count), dtype=np.result_type(values.dtype, np.float32))
    rows = np.flatnonzero(shown != NONE)
    columns[rows, shown[rows]] = reach
    return columns
