"""Array aliases and the few array rules that every room shares.

Symbols: `n` examples, `k` classes, `d` features.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from w2sg.core.errors import InputError

AnyArray = NDArray[Any]
FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

ROW_SUM_TOLERANCE = 1e-4
"""Rows of soft labels may miss 1 by this much: float32 softmax over 1,000 classes errs by about 1e-5."""


def frozen(array: AnyArray) -> AnyArray:
    """Return a read-only array that owns its memory, so no view leads back to other columns."""
    # A copy even where the array is read-only already: a view would lead through `base` to the table that it was cut
    # from.
    own = np.array(array, copy=True, order="C")
    own.setflags(write=False)
    return own


def one_hot(labels: IntArray, n_classes: int) -> FloatArray:
    """Return hard labels `(n,)` as float32 rows `(n, k)` that sum to 1."""
    return np.eye(n_classes, dtype=np.float32)[labels]


def check_soft_labels(weak: FloatArray, n: int, n_classes: int, name: str = "weak labels") -> FloatArray:
    """Return `weak` as float32 `(n, k)`.

    Raises:
        InputError: If the shape is wrong, a value is not finite or negative, or a row does not sum to 1.
    """
    if weak.shape != (n, n_classes):
        raise InputError(f"{name} must have shape ({n}, {n_classes}), got {weak.shape}")
    if not np.isfinite(weak).all() or (weak < 0).any():
        raise InputError(f"{name} must be finite and not negative: look at the supervisor that made them")
    worst = float(np.abs(weak.sum(axis=1) - 1).max(initial=0.0))
    if worst > ROW_SUM_TOLERANCE:
        raise InputError(f"rows of {name} must sum to 1, one misses it by {worst:.2g}")
    return np.asarray(weak, dtype=np.float32)


_SURROGATES = "surrogatepass"
"""Half characters, which JSON can hold, are kept as they are."""


def as_texts(texts: Sequence[str]) -> AnyArray:
    """Return texts as an array `(n,)` of dtype object."""
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def check_texts(texts: Any, shape: tuple[int, ...], name: str) -> AnyArray:
    """Return texts as a read-only array of `shape`, dtype object.

    Raises:
        InputError: If the shape is another, or a value is no text.
    """
    array = np.asarray(texts, dtype=object)
    if array.shape != shape:
        raise InputError(f"{name} must have shape {shape}, got {array.shape}")
    wrong = next((text for text in array.ravel() if not isinstance(text, str)), None)
    if wrong is not None:
        raise InputError(f"{name} must be texts, got {wrong!r:.80}")
    return frozen(array)


def pack_texts(name: str, texts: AnyArray) -> dict[str, AnyArray]:
    """Return an array of texts of any shape as `<name>.bytes` (uint8) and `<name>.offsets`, each text's end (int64).

    So files of arrays hold texts without a pickle, which could run code when it is read.

    >>> arrays = pack_texts("a", np.array(["one", "two"], dtype=object))
    >>> arrays["a.bytes"].tobytes(), arrays["a.offsets"].tolist()
    (b'onetwo', [3, 6])
    """
    # The ends of the texts in one run of bytes are enough: each text begins where the one before it ends.
    pieces = [str(text).encode("utf-8", _SURROGATES) for text in texts.ravel()]
    ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
    return {
        f"{name}.bytes": np.frombuffer(b"".join(pieces), dtype=np.uint8),
        f"{name}.offsets": ends.reshape(texts.shape),
    }


def unpack_texts(name: str, arrays: Mapping[str, AnyArray]) -> AnyArray | None:
    """Return the array of texts, dtype object, that was packed under a name; None if there is none.

    >>> unpack_texts("a", pack_texts("a", np.array([["one", ""]], dtype=object))).tolist()
    [['one', '']]
    """
    if f"{name}.offsets" not in arrays:
        return None
    content, offsets = arrays[f"{name}.bytes"].tobytes(), arrays[f"{name}.offsets"]
    ends = offsets.ravel().tolist()
    pieces = [content[start:end].decode("utf-8", _SURROGATES) for start, end in zip([0, *ends], ends, strict=False)]
    return as_texts(pieces).reshape(offsets.shape)


def digest_arrays(*arrays: AnyArray) -> str:
    """Return the sha256 of the shapes, dtypes and contents of arrays (text arrays by their UTF-8 strings)."""
    state = hashlib.sha256()
    for array in arrays:
        # Shapes and dtypes count as well: the same bytes as another shape are another array.
        state.update(f"{array.dtype.str}{array.shape}".encode())
        if array.dtype == object:
            for item in array.ravel():
                # The length stands before each text, so that ["ab", "c"] and ["a", "bc"] differ.
                text = str(item).encode()
                state.update(len(text).to_bytes(8, "little") + text)
        else:
            state.update(np.ascontiguousarray(array).tobytes())
    return state.hexdigest()
