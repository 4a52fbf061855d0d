"""Scored steps of a trace: how probable it is that each step of a worked solution is right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from w2sg.core.arrays import AnyArray, BoolArray, FloatArray, IntArray, check_texts, frozen
from w2sg.core.errors import InputError
from w2sg.core.signals.base import Question, Signal, check_variant


@dataclass(frozen=True, eq=False)
class ScoredSteps(Signal):
    """The probability that each step of each example's trace is right.

    Examples have traces of different length, so the steps of all examples stand one after the other.

    Attributes:
        scores: The probability of each of all `m` steps, `(m,)`, in [0, 1], float32.
        ends: Where the steps of each example end in `scores`, `(n,)`; the last is `m`.
        steps: The texts of the steps, `(m,)`; None where they are part of the example's own input.
    """

    variant: ClassVar[str] = "steps"
    scores: FloatArray
    ends: IntArray
    steps: AnyArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", frozen(np.asarray(self.scores, dtype=np.float32)))
        object.__setattr__(self, "ends", frozen(np.asarray(self.ends, dtype=np.int64)))
        # Lengths are differences of ends; one below 0 means that the ends do not rise.
        last = int(self.ends[-1]) if len(self.ends) else 0
        if self.scores.ndim != 1 or last != len(self.scores) or (self._lengths < 0).any():
            raise InputError(
                f"ends must rise to the {len(self.scores)} steps that are scored, got {self.ends.tolist()!s:.80}"
            )
        if self.steps is not None:
            object.__setattr__(self, "steps", check_texts(self.steps, (len(self.scores),), "steps"))

    @classmethod
    def of(cls, scores: Sequence[Sequence[float]], steps: Sequence[Sequence[str]] | None = None) -> Self:
        """Return the signal of lists, one for each example.

        >>> ScoredSteps.of([[0.9, 0.2], [1.0]]).ends.tolist()
        [2, 3]
        """
        ends = np.cumsum([len(row) for row in scores], dtype=np.int64)
        texts = None if steps is None else np.array([text for row in steps for text in row], dtype=object)
        return cls(np.array([score for row in scores for score in row], dtype=np.float32), ends, texts)

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def rows(self) -> list[FloatArray]:
        """The scores of each example's steps."""
        return np.split(self.scores, self.ends)[:-1]

    @property
    def _lengths(self) -> IntArray:
        return np.diff(self.ends, prepend=0)

    def take(self, rows: AnyArray) -> Self:
        """Return the scored steps of some examples."""
        # Positions are taken trace by trace, so that a trace keeps its steps together and may come more than once.
        lengths, places = self._lengths[rows], np.split(np.arange(len(self.scores)), self.ends)
        chosen = np.arange(len(self))[rows]
        flat = np.concatenate([places[row] for row in chosen]) if len(chosen) else np.zeros(0, dtype=np.int64)
        return type(self)(self.scores[flat], np.cumsum(lengths), None if self.steps is None else self.steps[flat])


@dataclass(frozen=True)
class RightSteps(Question[ScoredSteps]):
    """Which steps of a trace are right. Gold `(n,)` holds a sequence of 0 and 1 for each example, one for each step."""

    signal: ClassVar[type[Signal]] = ScoredSteps

    def checked(self, signal: ScoredSteps, n: int, name: str) -> ScoredSteps:
        """Return the signal if all scores are probabilities.

        Raises:
            InputError: If they are not, or it is no signal of steps.
        """
        check_variant(signal, ScoredSteps, n, name)
        if not ((signal.scores >= 0) & (signal.scores <= 1)).all():
            raise InputError(f"{name} must score steps by probabilities in [0, 1]: look at who gave them")
        return signal

    def truth(self, gold: AnyArray) -> ScoredSteps:
        """Return gold as certain scores."""
        return ScoredSteps.of([list(row) for row in gold])

    def correct(self, signal: ScoredSteps, gold: AnyArray) -> BoolArray:
        """Return where every step is judged right or wrong as gold says; a trace of another length is judged wrong."""
        return _alike(_judged(signal), [np.asarray(row, dtype=np.bool_) for row in gold])

    def same(self, first: ScoredSteps, second: ScoredSteps) -> BoolArray:
        """Return where both judge every step alike."""
        return _alike(_judged(first), _judged(second))


def _judged(signal: ScoredSteps) -> list[BoolArray]:
    """Return which steps of each example are judged right: those with a probability of at least one half."""
    return [np.asarray(scores >= 0.5) for scores in signal.rows]


def _alike(first: Sequence[Any], second: Sequence[Any]) -> BoolArray:
    return np.array([np.array_equal(a, b) for a, b in zip(first, second, strict=True)], dtype=np.bool_)
