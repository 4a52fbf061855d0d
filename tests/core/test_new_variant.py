"""A variant of signal that the package does not know: one file, held to the public contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from w2sg.core import AnyArray, BoolArray, FloatArray, InputError, Question, Signal, check_variant, frozen
from w2sg.testing import SignalContract


@dataclass(frozen=True, eq=False)
class Ratings(Signal):
    """Points on an open scale, `(n,)`."""

    variant: ClassVar[str] = "ratings"
    points: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", frozen(np.asarray(self.points, dtype=np.float32)))

    def __len__(self) -> int:
        return len(self.points)

    def take(self, rows: AnyArray) -> Self:
        return type(self)(self.points[rows])

    def arrays(self) -> dict[str, AnyArray]:
        return {"points": self.points}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> Self:
        return cls(arrays["points"])


@dataclass(frozen=True)
class HowGood(Question[Ratings]):
    """How many points, to within one half?"""

    signal: ClassVar[type[Signal]] = Ratings

    def checked(self, signal: Ratings, n: int, name: str) -> Ratings:
        check_variant(signal, Ratings, n, name)
        if not np.isfinite(signal.points).all():
            raise InputError(f"{name} must be finite points")
        return signal

    def truth(self, gold: AnyArray) -> Ratings:
        return Ratings(gold)

    def correct(self, signal: Ratings, gold: AnyArray) -> BoolArray:
        return np.asarray(np.abs(signal.points - gold) <= 0.5)

    def same(self, first: Ratings, second: Ratings) -> BoolArray:
        return self.correct(first, second.points)


class TestRatings(SignalContract):
    @pytest.fixture
    def question(self) -> Question[Any]:
        return HowGood()

    @pytest.fixture
    def signal(self) -> Signal:
        return Ratings(np.array([1.0, 3.2, 5.0, 2.0]))

    @pytest.fixture
    def gold(self) -> AnyArray:
        return np.array([1.0, 3.0, 4.0, 2.0])
