"""Values as bytes between the laboratory and a worker: plain JSON and numbers, never a pickle.

What a worker sends was made by foreign code. So the bytes can become nothing but numbers, texts, arrays, and, where the
reader says so, the few frozen classes of `w2sg.core` that views and requests of training are made of.
"""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from w2sg import core
from w2sg.core import AnyArray, Component, InputError, registry

_HEAD = struct.Struct("<Q")
LARGEST_HEADER = 1 << 25
"""Bytes of JSON that are taken from a worker; as objects they are many times larger. Arrays are apart from it."""
_KINDS_OF_NUMBERS = "biufc"
SENT: Mapping[str, type] = {
    cls.__name__: cls
    for cls in (
        *(
            core.Pool,
            core.Inputs,
            core.WeakSplit,
            core.LabelledExamples,
            core.Rehearsal,
            core.WeakView,
            core.Audit,
            core.Aggregates,
        ),
        *(core.ClassProbabilities, core.Texts, core.Preferences, core.ScoredSteps),
        *(core.Classes, core.WrittenAnswers, core.BetterOfTwo, core.RightSteps),
        *(core.Fit, core.TextFit, core.PreferenceFit),
    )
}
"""The classes that views, requests of training and signals consist of, by name."""


class Trainee:
    """Stands for a trained student that lives in a worker."""

    def __init__(self, number: int) -> None:
        self.number = number


class Packer:
    """Makes values into bytes; an object that was sent in an earlier message, such as a pool, is not sent again."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0
        # What was sent, with its number: an id means nothing once its object is gone, so the object is held.
        self._known: dict[int, tuple[Any, int]] = {}

    def packed(self, value: Any) -> bytes:
        """Return a value as bytes.

        Raises:
            InputError: If it holds something that has no plain form.
        """
        self._chunks, self._size = [], 0
        header = json.dumps(self._plain(value)).encode()
        return b"".join([_HEAD.pack(len(header)), header, *self._chunks])

    def _plain(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.generic):
            return self._plain(value.item())
        if isinstance(value, list | tuple | frozenset | set):
            kind = "list" if isinstance(value, list) else "tuple"
            items = sorted(value) if isinstance(value, set | frozenset) else value
            return {kind: [self._plain(item) for item in items]}
        if isinstance(value, Mapping):
            return {"dict": [[str(name), self._plain(item)] for name, item in value.items()]}
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, np.random.Generator):
            return {"rng": [type(value.bit_generator).__name__, self._plain(state_of(value))]}
        if isinstance(value, Component):
            return {"component": [registry.contract_of(type(value)), value.model_dump(mode="json")]}
        if isinstance(value, Trainee):
            return {"trained": value.number}
        if is_dataclass(value) and type(value).__name__ in SENT:
            return self._once(value)
        raise InputError(f"a {type(value).__name__} cannot be handed to a worker: only plain values and views can")

    def _once(self, value: Any) -> dict[str, Any]:
        """Send an object that several others share, such as a pool of inputs, only once."""
        if id(value) in self._known:
            return {"again": self._known[id(value)][1]}
        content = [[part.name, self._plain(getattr(value, part.name))] for part in fields(value)]
        number = len(self._known)
        self._known[id(value)] = (value, number)
        return {"class": [type(value).__name__, content]}

    def _array(self, array: AnyArray) -> dict[str, Any]:
        if array.dtype == object:
            return {"texts": [list(array.shape), [str(text) for text in array.ravel()]]}
        content = np.ascontiguousarray(array).tobytes()
        self._chunks.append(content)
        place, self._size = self._size, self._size + len(content)
        return {"array": [array.dtype.str, list(array.shape), place]}


class Unpacker:
    """Makes values again of what one packer made into bytes, in the order of its messages.

    Args:
        trained: Finds a trained student by its number. Only with it are components, randomness and the classes of
            `SENT` made again; without it a value is numbers, texts, arrays, lists and dicts.
    """

    def __init__(self, trained: Callable[[int], Any] | None = None) -> None:
        self._trained = trained
        self._content, self._start = b"", 0
        self._made: list[Any] = []

    def unpacked(self, content: bytes) -> Any:
        """Return the value of a message.

        Raises:
            InputError: If the bytes are no such value.
        """
        try:
            (length,) = _HEAD.unpack_from(content)
            if self._trained is None and length > LARGEST_HEADER:
                raise ValueError(f"its plain part has {length} bytes")
            self._content, self._start = content, _HEAD.size + length
            return self._value(json.loads(content[_HEAD.size : self._start]))
        except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError, struct.error) as error:
            raise InputError(f"a message between processes cannot be read: {error}") from error

    def _value(self, plain: Any) -> Any:
        if not isinstance(plain, dict):
            return plain
        ((kind, content),) = plain.items()
        if kind in ("list", "tuple"):
            items = [self._value(item) for item in content]
            return items if kind == "list" else tuple(items)
        if kind == "dict":
            return {str(name): self._value(item) for name, item in content}
        if kind == "array":
            return self._array(*content)
        if kind == "texts":
            shape, texts = content
            array = np.empty(len(texts), dtype=object)
            array[:] = [str(text) for text in texts]
            return array.reshape(shape)
        if self._trained is None:
            raise ValueError(f"{kind!r} is not expected here")
        return self._object(kind, content, self._trained)

    def _object(self, kind: str, content: Any, trained: Callable[[int], Any]) -> Any:
        if kind == "again":
            return self._made[content]
        if kind == "class":
            name, named = content
            made = SENT[name](**{part: self._value(item) for part, item in named})
            self._made.append(made)
            return made
        if kind == "rng":
            return generator(content[0], self._value(content[1]))
        if kind == "component":
            return registry.build(*content)
        if kind == "trained":
            return trained(content)
        raise ValueError(f"{kind!r} is unknown")

    def _array(self, dtype: str, shape: list[int], place: int) -> AnyArray:
        kind = np.dtype(dtype)
        if kind.kind not in _KINDS_OF_NUMBERS or min(shape, default=0) < 0:
            raise ValueError(f"an array of {kind} and shape {shape}")
        count = int(np.prod(shape, dtype=np.int64))
        # Bytes cannot be written to, and so neither can the array.
        return np.frombuffer(self._content, kind, count, self._start + place).reshape(shape)


def state_of(rng: np.random.Generator) -> dict[str, Any]:
    """Return the state of a generator as plain data."""
    return json.loads(json.dumps(rng.bit_generator.state, default=np.ndarray.tolist))  # type: ignore[no-any-return]


def generator(name: str, state: Mapping[str, Any]) -> np.random.Generator:
    """Return the generator of a kind of bits in a state.

    Raises:
        ValueError: If the state is none of this kind.
    """
    bits = np.random.default_rng(0).bit_generator
    if name != type(bits).__name__:
        raise ValueError(f"randomness of {name}, where {type(bits).__name__} is known")
    bits.state = state
    return np.random.Generator(bits)
