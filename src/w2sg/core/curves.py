"""Training curves: what is written down of a training by gradient, at a bounded number of its steps."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self, TypeVar

import numpy as np

from w2sg.core.arrays import AnyArray, FloatArray
from w2sg.core.errors import DivergedError, InputError

F = TypeVar("F")
T = TypeVar("T")
MOST_POINTS = 64
"""A curve has about as many points, however long the training was."""
COLUMNS = ("step", "loss", "rate", "gradient_norm")


@dataclass(frozen=True, eq=False)
class TrainingCurve:
    """How a training went, `(p,)` each.

    Attributes:
        step: The step, counted from 1.
        loss: The mean loss in nats of the examples that the step looked at, before it was taken.
        rate: The learning rate of the step.
        gradient_norm: The norm of the gradient that it followed.
    """

    step: FloatArray
    loss: FloatArray
    rate: FloatArray
    gradient_norm: FloatArray

    def array(self) -> FloatArray:
        """Return it as one array `(4, p)` for the store."""
        return np.array([getattr(self, name) for name in COLUMNS], dtype=np.float32)

    @classmethod
    def of(cls, array: AnyArray) -> Self:
        """Return the curve of an array `(4, p)`.

        Raises:
            InputError: If the array has another shape.
        """
        if array.ndim != 2 or len(array) != len(COLUMNS):
            raise InputError(f"a training curve must be an array (4, p), got {array.shape}")
        return cls(*np.asarray(array, dtype=np.float64))

    def __len__(self) -> int:
        return len(self.step)


@dataclass(eq=False)
class CurveWriter:
    """Writes a curve while a student is trained, and ends a training whose numbers are none any more.

    Attributes:
        total: How many steps the training may take.
        advice: What to do where it diverges.
        rows: What was written down.
    """

    total: int
    advice: str
    rows: list[tuple[float, ...]] = field(default_factory=list)

    def wants(self, step: int) -> bool:
        """Return whether the numbers of a step, counted from 1, are to be written down."""
        return (step - 1) % -(-self.total // MOST_POINTS) == 0 or step == self.total

    def check(self, step: int, rate: float, **numbers: float) -> None:
        """Look at numbers of a step, such as its loss.

        Raises:
            DivergedError: If one is infinite, or no number.
        """
        for name, value in numbers.items():
            if not math.isfinite(value):
                raise DivergedError(
                    f"training diverged at step {step} of {self.total}: its {name.replace('_', ' ')} is {value:g}, "
                    f"at a learning rate of {rate:.3g}: {self.advice}"
                )

    def add(self, step: int, loss: float, rate: float, gradient_norm: float) -> None:
        """Write a step's numbers down.

        Raises:
            DivergedError: If the loss or the gradient is infinite, or no number.
        """
        self.check(step, rate, loss=loss, gradient_norm=gradient_norm)
        self.rows.append((step, loss, rate, gradient_norm))

    def curve(self) -> TrainingCurve:
        """Return what was written down."""
        return TrainingCurve.of(np.array(self.rows, dtype=np.float64).reshape(-1, len(COLUMNS)).T)


def each_apart(train: Callable[[F], T], fits: Iterable[F]) -> list[T | DivergedError]:
    """Train one after the other; where a training diverges, the error stands in its place."""
    trained: list[T | DivergedError] = []
    for fit in fits:
        try:
            trained.append(train(fit))
        except DivergedError as error:
            trained.append(error)
    return trained
