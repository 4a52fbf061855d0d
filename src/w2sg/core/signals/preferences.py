"""Preferences: which of two candidate texts is better, as a probability."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from w2sg.core.arrays import AnyArray, BoolArray, FloatArray, check_texts, frozen
from w2sg.core.errors import InputError
from w2sg.core.signals.base import Question, Signal, check_variant


@dataclass(frozen=True, eq=False)
class Preferences(Signal):
    """How probable it is that the first of two candidates is the better one.

    Attributes:
        first_better: `(n,)`, in [0, 1], float32.
        candidates: The two texts that were compared, `(n, 2)`; None where they are the example's own input.
    """

    variant: ClassVar[str] = "preferences"
    first_better: FloatArray
    candidates: AnyArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "first_better", frozen(np.asarray(self.first_better, dtype=np.float32)))
        if self.first_better.ndim != 1:
            raise InputError(f"preferences must have shape (n,), one for each pair, got {self.first_better.shape}")
        if self.candidates is not None:
            object.__setattr__(self, "candidates", check_texts(self.candidates, (len(self), 2), "candidates"))

    def __len__(self) -> int:
        return len(self.first_better)

    def take(self, rows: AnyArray) -> Self:
        """Return the preferences between some pairs."""
        return type(self)(self.first_better[rows], None if self.candidates is None else self.candidates[rows])


@dataclass(frozen=True)
class BetterOfTwo(Question[Preferences]):
    """Which of two candidates is better. Gold `(n,)` is 0 where the first is, and 1 where the second is."""

    signal: ClassVar[type[Signal]] = Preferences
    names: tuple[str, ...] = ("first", "second")

    def checked(self, signal: Preferences, n: int, name: str) -> Preferences:
        """Return the signal if it holds `n` probabilities.

        Raises:
            InputError: If it does not, or is no signal of preferences.
        """
        check_variant(signal, Preferences, n, name)
        if not ((signal.first_better >= 0) & (signal.first_better <= 1)).all():
            raise InputError(f"{name} must be probabilities in [0, 1]: look at who gave them")
        return signal

    def truth(self, gold: AnyArray) -> Preferences:
        """Return gold `(n,)` as certain preferences."""
        return Preferences(1 - np.asarray(gold, dtype=np.float32))

    def correct(self, signal: Preferences, gold: AnyArray) -> BoolArray:
        """Return where the better candidate is preferred; a preference of one half sides with neither."""
        # The sign is 1 where the first is preferred, -1 where the second is, and 0 where neither is: gold 0 and 1
        # become 1 and -1.
        sides = np.sign(signal.first_better - 0.5)
        return np.asarray(sides == 1 - 2 * np.asarray(gold))

    def same(self, first: Preferences, second: Preferences) -> BoolArray:
        """Return where both prefer the same candidate, or neither prefers any; candidates are those of one pair."""
        return np.asarray(np.sign(first.first_better - 0.5) == np.sign(second.first_better - 0.5))

    def probabilities(self, signal: Preferences) -> FloatArray:
        """Return the probability that the first is better, and that the second is, `(n, 2)`."""
        return np.stack([signal.first_better, 1 - signal.first_better], axis=1)
