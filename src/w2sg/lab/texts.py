"""Texts as numbers: their bytes one after the other, and where each ends. Files need no pickle then."""

from collections.abc import Mapping

import numpy as np

from w2sg.core import AnyArray

BYTES, OFFSETS = ".bytes", ".offsets"
_SURROGATES = "surrogatepass"
"""Half characters, which JSON can hold, are kept as they are."""


def packed(texts: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    """Return arrays of texts of any shape as `<name>.bytes` (uint8) and `<name>.offsets`, each text's end (int64).

    >>> made = packed({"a": np.array(["one", "two"], dtype=object)})
    >>> made["a.bytes"].tobytes(), made["a.offsets"].tolist()
    (b'onetwo', [3, 6])
    """
    made: dict[str, AnyArray] = {}
    for name, array in texts.items():
        pieces = [str(text).encode("utf-8", _SURROGATES) for text in array.ravel()]
        ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
        made[f"{name}{BYTES}"] = np.frombuffer(b"".join(pieces), dtype=np.uint8)
        made[f"{name}{OFFSETS}"] = ends.reshape(array.shape)
    return made


def unpacked(arrays: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    """Return the arrays of texts, dtype object, that were packed.

    >>> unpacked(packed({"a": np.array([["one", ""]], dtype=object)}))["a"].tolist()
    [['one', '']]
    """
    names = [name.removesuffix(OFFSETS) for name in arrays if name.endswith(OFFSETS)]
    return {name: _texts(arrays[f"{name}{BYTES}"].tobytes(), arrays[f"{name}{OFFSETS}"]) for name in names}


def _texts(content: bytes, offsets: AnyArray) -> AnyArray:
    ends = offsets.ravel().tolist()
    found = np.empty(len(ends), dtype=object)
    found[:] = [content[start:end].decode("utf-8", _SURROGATES) for start, end in zip([0, *ends], ends, strict=False)]
    return found.reshape(offsets.shape)
