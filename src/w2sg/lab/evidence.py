"""What is kept of a student's answers: exactly which answer it gives, and its probabilities to a stated precision.

A run's largest part are the probabilities of its student, of which neither a comparison nor a theory needs seven
digits. The most likely class of each example is kept as its number, the others' probabilities to `KEPT_BITS`
significant bits, and the most likely one's as what is missing to 1. What others learn from (weak labels) is left whole.
"""

from collections.abc import Mapping

import numpy as np

from w2sg.core import HAIR, AnyArray, FloatArray, IntArray, Signal, pack_signals, unpack_signals

KEPT_BITS = 8
"""Significant bits of a kept probability: a relative error of at most 0.2 %."""
PROBABILITIES, REST, TOP = "/probabilities", "/rest", "/top"
_MANTISSA = 23
"""Bits of a float32 after the leading one."""


def pack_answers(answers: Mapping[str, Signal]) -> dict[str, AnyArray]:
    """Return the answers of every split as arrays for the store."""
    arrays: dict[str, AnyArray] = {}
    for name, array in pack_signals(answers).items():
        if name.endswith(PROBABILITIES) and array.shape[1] > 1:
            split = name.removesuffix(PROBABILITIES)
            arrays[split + TOP], arrays[split + REST] = _without_top(array)
        else:
            arrays[name] = array
    return arrays


def unpack_answers(variant: type[Signal], arrays: Mapping[str, AnyArray]) -> dict[str, Signal]:
    """Return the answers of every split as they were kept."""
    # What stands beside the answers of splits, such as a training curve, has no `/` in its name.
    whole = {name: array for name, array in arrays.items() if "/" in name and not name.endswith((REST, TOP))}
    for name in arrays:
        if name.endswith(TOP):
            split = name.removesuffix(TOP)
            whole[split + PROBABILITIES] = _with_top(arrays[name], arrays[split + REST])
    return unpack_signals(variant, whole)


def _without_top(probabilities: FloatArray) -> tuple[AnyArray, FloatArray]:
    """Return the most likely class of each row, and the probabilities of the others `(n, k - 1)`, rounded."""
    n, k = probabilities.shape
    top = probabilities.argmax(axis=1)
    others = np.arange(k) != top[:, None]
    rest = rounded(np.asarray(probabilities, dtype=np.float32)[others].reshape(n, k - 1))
    return top.astype(np.uint8 if k <= 256 else np.int32), rest


def _with_top(top: IntArray, rest: FloatArray) -> FloatArray:
    """Return the rows again; the most likely class stays the first of the most likely, however close another is."""
    n, k = rest.shape[0], rest.shape[1] + 1
    probabilities = np.empty((n, k), dtype=np.float32)
    others = np.arange(k) != np.asarray(top)[:, None]
    probabilities[others] = rest.ravel()
    missing = 1 - rest.sum(axis=1, dtype=np.float64)
    # Where two classes are all but equal, rounding can lift the other one above what is left for the named one. That
    # one is put back on top by a hair, and the row is brought back to a sum of 1.
    barely_on_top = rest.max(axis=1) * (1 + HAIR)
    lifted = missing < barely_on_top
    probabilities[~others] = np.maximum(missing, barely_on_top)
    probabilities[lifted] /= probabilities[lifted].sum(axis=1, keepdims=True)
    return probabilities


def rounded(values: FloatArray) -> FloatArray:
    """Return float32 values to `KEPT_BITS` significant bits: the freed bits are 0, which is what compresses."""
    freed = _MANTISSA + 1 - KEPT_BITS
    if freed <= 0:
        return values
    # Adding half of the last kept bit before cutting rounds to the nearest; a carry into the exponent is right, too.
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32).copy()
    bits += np.uint32(1 << (freed - 1))
    bits &= np.uint32(0xFFFFFFFF << freed & 0xFFFFFFFF)
    return bits.view(np.float32)
