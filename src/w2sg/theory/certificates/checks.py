"""What enters a certificate: every array is checked here, with a message that says what to do."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2sg.core import IntArray
from w2sg.core.errors import InputError

Floats = NDArray[np.float64]
Span = tuple[float, float]
"""The least and the largest value that a quantity can take, known beforehand."""
Side = Literal["lower", "upper", "both"]
UNIT: Span = (0.0, 1.0)
TOLERANCE = 1e-6
"""How far rounding (of float32 probabilities, say) may carry a value beyond its span; such a value is moved back."""


def as_finite(name: str, values: ArrayLike) -> Floats:
    """Return a non-empty vector of finite numbers.

    Raises:
        InputError: It is empty, not a vector, or holds what is not a finite number.
    """
    array: NDArray[Any] = np.asarray(values)
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"{name} must be a vector of at least one number, got shape {array.shape}")
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name} must hold numbers, got dtype {array.dtype}")
    floats = array.astype(np.float64)
    if not np.isfinite(floats).all():
        raise InputError(f"{name} must be finite, got {int((~np.isfinite(floats)).sum())} NaN or infinite values")
    return floats


def as_unit(name: str, values: ArrayLike, span: Span = UNIT) -> Floats:
    """Return a vector of numbers within a span, moved to [0, 1].

    Raises:
        InputError: As `as_finite`, or a number lies outside the span, or the span is empty.
    """
    low, high = span
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise InputError(f"span must be two finite numbers, the smaller first, got {span}")
    scaled = (as_finite(name, values) - low) / (high - low)
    if scaled.min() < -TOLERANCE or scaled.max() > 1 + TOLERANCE:
        raise InputError(
            f"{name} must lie in [{low:g}, {high:g}], got values from {low + scaled.min() * (high - low):.6g} to "
            f"{low + scaled.max() * (high - low):.6g}: name their span beforehand, or clip what makes them"
        )
    return np.clip(scaled, 0.0, 1.0)


def as_classes(name: str, values: ArrayLike, n_classes: int | None = None) -> IntArray:
    """Return a vector of class numbers from 0; it may be empty.

    Raises:
        InputError: It holds what is not the number of a class.
    """
    array: NDArray[Any] = np.asarray(values)
    if array.size == 0 and array.ndim == 1:
        return array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "biu":
        raise InputError(f"{name} must be a vector of class numbers, got {array.dtype} of shape {array.shape}")
    top = np.inf if n_classes is None else n_classes
    if array.min() < 0 or array.max() >= top:
        raise InputError(f"{name} must be classes from 0 to below {top}, got {array.min()} to {array.max()}")
    return array.astype(np.int64)


def as_flags(name: str, values: ArrayLike) -> Floats:
    """Return a vector of 0 and 1.

    Raises:
        InputError: As `as_finite`, or it holds another number.
    """
    floats = as_finite(name, values)
    if not np.isin(floats, (0.0, 1.0)).all():
        raise InputError(f"{name} must say yes or no (booleans, or 0 and 1), got other numbers")
    return floats


def as_rows(rows: ArrayLike, n: int) -> IntArray:
    """Return numbers of rows, each from 0 to below n and none twice; there may be none.

    Raises:
        InputError: A row is outside, or comes twice: a label counts once.
    """
    found = as_classes("rows", rows, n)
    if len(np.unique(found)) < len(found):
        raise InputError("rows must differ: the same label, counted twice, is no second observation")
    return found


def same_length(**arrays: Any) -> None:
    """Raise InputError unless all arrays have one length."""
    if len({len(array) for array in arrays.values()}) > 1:
        got = ", ".join(f"{name} {len(array)}" for name, array in arrays.items())
        raise InputError(f"these must have one entry per example, all of one length; got {got}")


def check_share(name: str, value: float) -> float:
    """Return a number strictly between 0 and 1.

    Raises:
        InputError: It is none.
    """
    if not 0 < value < 1:
        raise InputError(f"{name} must be between 0 and 1, got {value}")
    return float(value)


def by_side(
    side: Side, delta: float, lower: Callable[[float], float], upper: Callable[[float], float]
) -> tuple[float | None, float | None]:
    """Return the bounds that are asked for; two of them have half of delta each.

    Raises:
        InputError: `side` is another word.
    """
    if side not in ("lower", "upper", "both"):
        raise InputError(f"side must be lower, upper or both, got {side!r}")
    each = delta / 2 if side == "both" else delta
    return None if side == "upper" else lower(each), None if side == "lower" else upper(each)


def largest(accepts: Callable[[Floats], NDArray[np.bool_]], low: Floats, high: Floats, steps: int = 45) -> Floats:
    """Return the upper end of what is accepted, where all below an accepted number is accepted too, by bisection.

    Args:
        accepts: Says of each number of an array whether it is accepted.
        low: Where the search begins, shape (r,).
        high: Where it ends, shape (r,); returned where all is accepted.
        steps: Halvings.

    Returns:
        Shape (r,): never below the true end, and above it by at most (high - low) / 2^steps.
    """
    for _ in range(steps):
        middle = (low + high) / 2
        good = accepts(middle)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    return high
