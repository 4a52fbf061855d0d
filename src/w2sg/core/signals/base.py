"""What a supervisor gives and a student answers, and what a task asks: two small contracts, one variant in each file.

A *signal* is a value for `n` examples: class probabilities, texts, preferences, scored steps. A *question* is what a
task asks of each example; it alone knows when a signal answers it well formed, when an answer is right, and when two
answers are the same. So the laboratory moves signals about, stores them and scores them without knowing which variant
they are.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np

from w2sg.core.arrays import AnyArray, BoolArray, FloatArray, IntArray, pack_texts, unpack_texts
from w2sg.core.errors import InputError

SignalT = TypeVar("SignalT", bound="Signal")


class Signal(ABC):
    """What a weak supervisor gives, and what a student answers, for `n` examples. Its arrays are read-only."""

    variant: ClassVar[str]
    """The name of the variant, such as `classes`."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of examples."""

    @abstractmethod
    def take(self, rows: AnyArray) -> Self:
        """Return the signal of some examples, by position or mask; a position may occur more than once."""

    def untied(self, rng: np.random.Generator) -> Self:
        """Return the signal with an answer drawn wherever several are equally likely; by default there are no ties."""
        return self

    def arrays(self) -> dict[str, AnyArray]:
        """Return the signal as plain numbers, by name: what a store keeps without a pickle. No name has a slash."""
        # A variant's attributes are its arrays, or None where it has no such array. Texts become bytes and offsets,
        # because an array of Python objects could be stored as a pickle only, and reading a pickle can run code.
        packed: dict[str, AnyArray] = {}
        for name, array in vars(self).items():
            if array is not None:
                packed |= pack_texts(name, array) if array.dtype == object else {name: array}
        return packed

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> Self:
        """Return the signal that gave these arrays.

        Raises:
            InputError: If an array that the variant needs is not there.
        """
        parts = fields(cls)  # type: ignore[arg-type]  # every variant is a dataclass of arrays
        held = {part.name: arrays.get(part.name, unpack_texts(part.name, arrays)) for part in parts}
        needed = [part.name for part in parts if part.default is MISSING]
        if any(held[name] is None for name in needed):
            got = ", ".join(arrays) or "none"
            raise InputError(f"arrays of {cls.variant} must have {', '.join(needed)}, got {got}")
        return cls(**held)


class Question(ABC, Generic[SignalT]):
    """What a task asks of each example. Two questions that are alike are equal."""

    signal: ClassVar[type[Signal]]
    """The variant that answers it."""
    names: tuple[str, ...] = ()
    """What the columns of `probabilities` stand for, such as the classes; empty where answers are open."""

    @abstractmethod
    def checked(self, signal: SignalT, n: int, name: str) -> SignalT:
        """Return the signal if it answers this question for `n` examples.

        Args:
            signal: What is checked.
            n: How many examples there are.
            name: What the signal is called in messages, such as `weak labels`.

        Raises:
            InputError: If it is of another variant or length, or breaks a rule of its variant.
        """

    @abstractmethod
    def truth(self, gold: AnyArray) -> SignalT:
        """Return gold `(n,)` as a signal that is right for every example: what the ceiling learns from."""

    @abstractmethod
    def correct(self, signal: SignalT, gold: AnyArray) -> BoolArray:
        """Return which answers are right by gold `(n,)`; shape `(n,)`."""

    @abstractmethod
    def same(self, first: SignalT, second: SignalT) -> BoolArray:
        """Return where two signals give the same answer, `(n,)`."""

    def confusion(self, signal: SignalT, gold: AnyArray) -> IntArray | None:
        """Return how many examples of each class (row) got each name (column), `(k, k)`; None without classes."""
        return None

    def probabilities(self, signal: SignalT) -> FloatArray | None:
        """Return the probability of each of `names`, `(n, k)`; None for a variant without probabilities."""
        return None


def pack_signals(signals: Mapping[str, Signal]) -> dict[str, AnyArray]:
    """Return several signals, such as those of the splits of a task, as plain arrays named `<split>/<array>`."""
    return {f"{name}/{part}": array for name, signal in signals.items() for part, array in signal.arrays().items()}


def unpack_signals(variant: type[SignalT], arrays: Mapping[str, AnyArray]) -> dict[str, SignalT]:
    """Return the signals, all of one variant, that were packed."""
    parts: dict[str, dict[str, AnyArray]] = {}
    for name, array in arrays.items():
        # The last slash divides, for names of test sets may hold slashes and names of arrays do not.
        split, _, part = name.rpartition("/")
        parts.setdefault(split, {})[part] = array
    return {split: variant.from_arrays(named) for split, named in parts.items()}


def check_variant(signal: Any, variant: type[Signal], n: int, name: str) -> None:
    """Check that a signal is of a variant and for `n` examples.

    Raises:
        InputError: If it is not.
    """
    if not isinstance(signal, variant):
        got = f"'{signal.variant}'" if isinstance(signal, Signal) else type(signal).__name__
        raise InputError(
            f"{name} must be a signal of '{variant.variant}', as the task asks for, got {got}: choose another part"
        )
    if len(signal) != n:
        raise InputError(f"{name} must be for {n} examples, got {len(signal)}: give one answer to each")
