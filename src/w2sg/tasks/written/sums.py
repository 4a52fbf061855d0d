"""Short additions written as text: a task that needs no file, and that small networks learn."""

from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import IntArray, Scorer, derive, register
from w2sg.tasks.splits import Size
from w2sg.tasks.table import Table
from w2sg.tasks.written.base import WrittenTask


@final
@register()
class Sums(WrittenTask):
    """Sums of two numbers, such as `17+25=`, whose answer is written; difficulty is the number of carries."""

    kind: Literal["sums"] = "sums"
    digits: int = Field(2, ge=1, le=4, description="digits of each number")
    rows: int = Field(2000, ge=4, le=100_000, description="sums to draw, the same ones under every seed; at most all")
    backward: bool = Field(True, description="answers have their last digit first, as small networks learn to add")
    supervision: Size | None = Field(200, description="sums for the weak supervisor: a number or a share")
    transfer: Size | None = Field(1000, description="sums that it answers for the student")

    @property
    def scored_by(self) -> Scorer:
        """A right answer has the very digits."""
        return "exact"

    def table(self, rng: np.random.Generator) -> Table:
        """Return the sums, the same under every seed."""
        places = self.places()
        first, second = np.divmod(places, 10**self.digits)
        width = self.digits
        prompts = [f"{a:0{width}d}+{b:0{width}d}=" for a, b in zip(first, second, strict=True)]
        gold = [self.answer(int(a), int(b)) for a, b in zip(first, second, strict=True)]
        difficulty = np.array([_carries(int(a), int(b)) for a, b in zip(first, second, strict=True)], dtype=float)
        return self.as_table(prompts, gold, "task 'sums'", {"difficulty": difficulty})

    def places(self) -> IntArray:
        """Return the numbers of the sums in the task, `(rows,)`: the sum of number `10^digits a + b` is `a + b`."""
        # Without repeats: no sum stands in two splits.
        return derive(0, "sums", str(self.digits)).permutation(10 ** (2 * self.digits))[: self.rows]

    def answer(self, a: int, b: int) -> str:
        """Return the written sum of two numbers.

        >>> Sums().answer(17, 25), Sums(backward=False).answer(17, 25)
        ('240', '042')
        """
        text = f"{a + b:0{self.digits + 1}d}"
        # Carries run from the last digit to the first; written in that order each digit needs only what was said
        # before.
        return text[::-1] if self.backward else text


def _carries(a: int, b: int) -> int:
    """Return how often 1 is carried in a written addition.

    >>> _carries(17, 25), _carries(99, 1)
    (1, 2)
    """
    count = carry = 0
    while a or b:
        carry = (a % 10 + b % 10 + carry) // 10
        count += carry
        a, b = a // 10, b // 10
    return count
