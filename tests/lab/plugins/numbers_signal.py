"""A variant of signal as a plugin brings it: a number for each example."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from w2sg import core


@dataclass(frozen=True, eq=False)
class Numbers(core.Signal):
    """One number for each example, `(n,)`."""

    variant: ClassVar[str] = "numbers"
    values: Any

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Any) -> "Numbers":
        return Numbers(self.values[rows])

    def arrays(self) -> dict[str, Any]:
        return {"values": np.asarray(self.values)}

    @classmethod
    def from_arrays(cls, arrays: Any) -> "Numbers":
        return cls(arrays["values"])


@dataclass(frozen=True)
class HowMuch(core.Question[Numbers]):
    """How much? Near enough is right."""

    signal: ClassVar[type[core.Signal]] = Numbers

    def checked(self, signal: Numbers, n: int, name: str) -> Numbers:
        core.check_variant(signal, Numbers, n, name)
        return signal

    def truth(self, gold: Any) -> Numbers:
        return Numbers(gold)

    def correct(self, signal: Numbers, gold: Any) -> Any:
        return np.abs(signal.values - gold) <= 0.3

    def same(self, first: Numbers, second: Numbers) -> Any:
        return self.correct(first, second.values)
