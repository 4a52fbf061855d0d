"""Checks shared by the room: every array that enters is checked here, with a message that says what to do."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2sg.core import InputError

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

Span = tuple[float, float]
"""The least and the largest value that a quantity can take, known beforehand."""
MEASURED_ROW_SUM_TOLERANCE = 1e-3
"""Rows that are measured may miss 1 by this much: so far are half-precision softmax and files of three decimals. What
students learn from is held to the stricter `w2sg.core.ROW_SUM_TOLERANCE`."""
UNIT: Span = (0.0, 1.0)
# A float32 probability may pass 0 or 1 by its rounding.
RANGE_TOLERANCE = 1e-6


def as_vector(name: str, values: ArrayLike) -> NDArray[np.generic]:
    """Return `values` as a non-empty one-dimensional array, or raise InputError."""
    array: NDArray[np.generic] = np.asarray(values)
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"{name} must be a non-empty vector of shape (n,), got shape {array.shape}")
    return array


def as_classes(name: str, values: ArrayLike) -> IntArray:
    """Return `values` as class numbers of shape (n,), or raise InputError."""
    array = as_vector(name, values)
    if array.dtype.kind not in "iub":
        raise InputError(
            f"{name} must hold class numbers (integers), got dtype {array.dtype}; take argmax of probabilities first"
        )
    return array.astype(np.int64)


def as_floats(name: str, values: ArrayLike) -> FloatArray:
    """Return `values` as finite floats of shape (n,), or raise InputError."""
    array = as_vector(name, values)
    if array.dtype.kind not in "iubf":
        raise InputError(f"{name} must hold numbers, got dtype {array.dtype}")
    floats = array.astype(np.float64)
    if not np.isfinite(floats).all():
        raise InputError(f"{name} must be finite, got {int((~np.isfinite(floats)).sum())} NaN or infinite values")
    return floats


def as_correct(name: str, values: ArrayLike) -> BoolArray:
    """Return `values` (booleans, or integers 0 and 1) as booleans of shape (n,), or raise InputError."""
    array = as_vector(name, values)
    if array.dtype.kind == "b":
        return array.astype(np.bool_)
    numbers = as_classes(name, array)
    if not np.isin(numbers, (0, 1)).all():
        raise InputError(f"{name} must say correct or not (booleans, or 0 and 1), got other integers")
    return numbers.astype(np.bool_)


def as_probabilities(name: str, values: ArrayLike) -> FloatArray:
    """Return `values` as probabilities of shape (n, k), k >= 2, or raise InputError."""
    array: NDArray[np.generic] = np.asarray(values)
    if array.ndim != 2 or array.shape[0] == 0 or array.shape[1] < 2:
        raise InputError(f"{name} must have shape (n, k) with n >= 1 and k >= 2, got {array.shape}")
    flat = as_floats(name, array.ravel()).reshape(array.shape)
    low, high = float(flat.min()), float(flat.max())
    if low < -RANGE_TOLERANCE or high > 1 + RANGE_TOLERANCE:
        raise InputError(
            f"{name} must lie in [0, 1], got values in [{low:.6g}, {high:.6g}]; apply soft-max to logits first"
        )
    worst = float(np.abs(flat.sum(axis=1) - 1).max())
    if worst > MEASURED_ROW_SUM_TOLERANCE:
        raise InputError(
            f"rows of {name} must sum to 1 within {MEASURED_ROW_SUM_TOLERANCE:g}, the worst is off by {worst:.6g}"
        )
    return flat


def as_unit(name: str, values: ArrayLike, span: Span = UNIT) -> FloatArray:
    """Return numbers within a span, shape (n,), moved to [0, 1]; rounding beyond its ends is moved back.

    Raises:
        InputError: As in `as_floats`, or a number lies outside the span, or the span is empty.
    """
    low, high = span
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise InputError(f"span must be two finite numbers, the smaller first, got {span}")
    scaled = (as_floats(name, values) - low) / (high - low)
    if scaled.min() < -RANGE_TOLERANCE or scaled.max() > 1 + RANGE_TOLERANCE:
        raise InputError(
            f"{name} must lie in [{low:g}, {high:g}], got values from {low + scaled.min() * (high - low):.6g} to "
            f"{low + scaled.max() * (high - low):.6g}: name their span beforehand, or clip what makes them"
        )
    return np.clip(scaled, 0.0, 1.0)


def as_labels(name: str, values: ArrayLike, n_classes: int | None = None) -> IntArray:
    """Return class numbers from 0, shape (n,); unlike in `as_classes` there may be none, and none is negative.

    Raises:
        InputError: It holds what is not the number of a class.
    """
    array: NDArray[np.generic] = np.asarray(values)
    if array.ndim == 1 and array.size == 0:
        return array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "biu":
        raise InputError(f"{name} must be a vector of class numbers, got {array.dtype} of shape {array.shape}")
    labels = array.astype(np.int64)
    top = np.inf if n_classes is None else n_classes
    if labels.min() < 0 or labels.max() >= top:
        raise InputError(f"{name} must be classes from 0 to below {top}, got {labels.min()} to {labels.max()}")
    return labels


def as_flags(name: str, values: ArrayLike) -> FloatArray:
    """Return `values` (booleans, or numbers 0 and 1) as floats of shape (n,), or raise InputError."""
    flags = as_floats(name, values)
    if not np.isin(flags, (0.0, 1.0)).all():
        raise InputError(f"{name} must say yes or no (booleans, or 0 and 1), got other numbers")
    return flags


def as_rows(rows: ArrayLike, n: int) -> IntArray:
    """Return numbers of rows, each from 0 to below n and none twice; there may be none.

    Raises:
        InputError: A row is outside, or comes twice: a label counts once.
    """
    numbers = as_labels("rows", rows, n)
    if len(numbers) and n_distinct(numbers) < len(numbers):
        raise InputError("rows must differ: the same label, counted twice, is no second observation")
    return numbers


def check_share(name: str, value: float) -> float:
    """Return a number strictly between 0 and 1, or raise InputError."""
    if not (isinstance(value, int | float) and 0 < value < 1):
        raise InputError(f"{name} must be between 0 and 1, got {value}")
    return float(value)


def check_delta(delta: float) -> float:
    """Return how often a bound may be wrong, or raise InputError unless it is between 0 and 1."""
    if not (isinstance(delta, int | float) and 0 < delta < 1):
        raise InputError(f"delta must be between 0 and 1, got {delta}: it is how often a certificate may be wrong")
    return float(delta)


def n_distinct(values: IntArray) -> int:
    """Return how many different numbers a non-empty vector holds."""
    # sorting and comparing neighbours is several times as fast as numpy's own `unique` on vectors of this size
    ordered = np.sort(values)
    return 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))


def codes_of(values: IntArray) -> IntArray:
    """Return a vector's values numbered from 0 in their order, shape (n,): equal values get equal numbers."""
    low, high = int(values.min()), int(values.max())
    if high - low > 16 * len(values):
        return np.unique(values, return_inverse=True)[1].astype(np.int64)
    # ids of one pool are dense, and then a table of what occurs gives the numbers without sorting
    occurs = np.zeros(high - low + 1, dtype=np.int64)
    occurs[values - low] = 1
    return (occurs.cumsum() - 1)[values - low]


def same_length(**arrays: Sequence[object] | NDArray[np.generic]) -> None:
    """Raise InputError unless all named arrays have the same length."""
    # arrays come by keyword, so that the message can name them
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise InputError(f"these must have one entry per example, all of one length; got {got}")


def check_level(level: float) -> None:
    """Raise InputError unless `level` is a confidence level inside (0, 1)."""
    if not 0 < level < 1:
        raise InputError(f"level must lie strictly between 0 and 1 (0.95 is usual), got {level!r}")
