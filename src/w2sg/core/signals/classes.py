"""Class probabilities: the signal of most weak-to-strong work, and what contracts mean where no other is named."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from typing_extensions import TypeVar

from w2sg.core.arrays import AnyArray, BoolArray, FloatArray, IntArray, check_soft_labels, frozen, one_hot
from w2sg.core.errors import InputError
from w2sg.core.signals.base import Question, Signal, check_variant

HAIR = 1e-6
"""By how much the named class is above its equals; float32 resolves 1e-7, and so small a difference teaches nobody."""


@dataclass(frozen=True, eq=False)
class ClassProbabilities(Signal):
    """The probability of each class, float32.

    Attributes:
        probabilities: `(n, k)`, rows sum to 1.
        members: What each of the `s` supervisors of a panel gave, `(s, n, k)`; None if there is one supervisor.
    """

    variant: ClassVar[str] = "classes"
    probabilities: FloatArray
    members: FloatArray | None = None

    def __post_init__(self) -> None:
        # float32 whatever came: the same numbers then reach a method from memory and from the store.
        object.__setattr__(self, "probabilities", frozen(np.asarray(self.probabilities, dtype=np.float32)))
        if self.probabilities.ndim != 2:
            raise InputError(f"class probabilities must have shape (n, k), got {self.probabilities.shape}")
        if self.members is not None:
            object.__setattr__(self, "members", frozen(np.asarray(self.members, dtype=np.float32)))
            if self.members.shape[1:] != self.probabilities.shape:
                raise InputError(
                    f"members must have shape (s, {', '.join(map(str, self.probabilities.shape))}), got "
                    f"{self.members.shape}"
                )

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def n_classes(self) -> int:
        """The number of classes `k`."""
        return int(self.probabilities.shape[1])

    @property
    def named(self) -> AnyArray:
        """The most likely class of each example, `(n,)`."""
        return np.asarray(self.probabilities.argmax(axis=1))

    def take(self, rows: AnyArray) -> Self:
        """Return the probabilities of some examples."""
        return type(self)(self.probabilities[rows], None if self.members is None else self.members[:, rows])

    def untied(self, rng: np.random.Generator) -> Self:
        """Return the signal in which no row has several most likely classes: one of them, drawn, is above by a hair.

        Whoever asks for the most likely class would be given the first one, and the order of the classes would decide
        who is right.
        """
        members = self.members
        return type(self)(
            _untied(self.probabilities, rng),
            None if members is None else np.stack([_untied(member, rng) for member in members]),
        )


def _untied(probabilities: FloatArray, rng: np.random.Generator) -> FloatArray:
    best = probabilities == probabilities.max(axis=1, keepdims=True)
    open_rows = np.flatnonzero(best.sum(axis=1) > 1)
    if not len(open_rows):
        return probabilities
    # A number for every cell, so that a row's draw does not depend on which other rows are open.
    draws = rng.random(probabilities.shape)
    chosen = np.where(best, draws, -1.0).argmax(axis=1)[open_rows]
    settled = probabilities.copy()
    settled[open_rows, chosen] += HAIR
    settled[open_rows] /= settled[open_rows].sum(axis=1, keepdims=True)
    return settled


S = TypeVar("S", bound=Signal, default=ClassProbabilities)
"""The signal of a contract; where none is named it is class probabilities."""


@dataclass(frozen=True)
class Classes(Question[ClassProbabilities]):
    """Which of `k` classes an example has. Gold is class numbers `(n,)`.

    Attributes:
        names: The names of the classes.
    """

    signal: ClassVar[type[Signal]] = ClassProbabilities
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.names) < 2 or len(set(self.names)) < len(self.names):
            raise InputError(f"classes must be at least 2 different names, got {list(self.names)}")

    def checked(self, signal: ClassProbabilities, n: int, name: str) -> ClassProbabilities:
        """Return the signal if its rows, and those of members, are distributions over the classes.

        Raises:
            InputError: If they are not, or it is no signal of classes.
        """
        # The finer check comes first, because it says which numbers are wrong; the variant is what is left to complain
        # of.
        k = len(self.names)
        if isinstance(signal, ClassProbabilities):
            check_soft_labels(signal.probabilities, n, k, name)
            for member in () if signal.members is None else signal.members:
                check_soft_labels(member, n, k, f"{name} of a member")
        check_variant(signal, ClassProbabilities, n, name)
        return signal

    def truth(self, gold: AnyArray) -> ClassProbabilities:
        """Return gold `(n,)` as rows with probability 1."""
        return ClassProbabilities(one_hot(gold, len(self.names)))

    def correct(self, signal: ClassProbabilities, gold: AnyArray) -> BoolArray:
        """Return where the most likely class is gold."""
        return np.asarray(signal.named == gold)

    def same(self, first: ClassProbabilities, second: ClassProbabilities) -> BoolArray:
        """Return where the most likely classes are the same."""
        return np.asarray(first.named == second.named)

    def confusion(self, signal: ClassProbabilities, gold: AnyArray) -> IntArray:
        """Return how many examples of each class (row) have each most likely class (column), `(k, k)`."""
        k = len(self.names)
        return np.bincount(gold * k + signal.named, minlength=k * k).reshape(k, k)

    def probabilities(self, signal: ClassProbabilities) -> FloatArray:
        """Return the probabilities `(n, k)`."""
        return signal.probabilities
