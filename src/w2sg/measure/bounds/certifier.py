"""The contract of bounds on a mean: numbers of a known span in, an interval out that rarely fails."""

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal, final

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import BoolArray, Component, InputError, contract
from w2sg.measure.checks import UNIT, FloatArray, Span, as_unit, check_delta, check_share
from w2sg.measure.intervals import Interval

Strength = Literal["unconditional", "conditional", "asymptotic"]
"""`unconditional`: sampling alone; `conditional`: a hypothesis no sample decides; `asymptotic`: a limit theorem."""
Side = Literal["low", "high", "both"]
"""Which ends of an interval are asked for."""
MOST_LABELS = 10**7
"""Where planning gives up."""


@contract("certifiers")
class Certifier(Component):
    """Bounds a mean by a sample.

    A subclass writes `highs` for many samples at once; lower bounds are those of the mirrored sample, `1 - x`.
    """

    strength: ClassVar[Strength] = "unconditional"
    assumptions: ClassVar[tuple[str, ...]]
    """What has to be true of the sample, each a sentence."""
    anytime: ClassVar[bool] = False
    """Whether one may look after each label, and stop."""

    @abstractmethod
    def highs(self, samples: FloatArray, delta: float) -> FloatArray:
        """Return upper bounds, shape (r,), of the means behind samples of shape (r, n) in [0, 1]; nothing is checked.

        Each exceeds its mean with probability at least 1 - delta.
        """

    @abstractmethod
    def expected_high(self, n: int, delta: float, rate: float) -> float:
        """Return the upper bound that n labels with a share `rate` of ones may be expected to give."""

    def most(self) -> int:
        """Return the largest sample there can be."""
        return MOST_LABELS

    def checked(self, sample: ArrayLike, span: Span = UNIT) -> FloatArray:
        """Return a sample moved from its span to [0, 1].

        Raises:
            InputError: It is empty, not finite, or leaves its span.
        """
        return as_unit("sample", sample, span)

    @final
    def high(self, sample: ArrayLike, delta: float, span: Span = UNIT) -> float:
        """Return a number that the mean exceeds with probability at most delta.

        Args:
            sample: Shape (n,), within the span.
            delta: How often the bound may be wrong.
            span: The least and the largest possible value.

        Raises:
            InputError: The sample is empty, not finite, or leaves its span; delta is not between 0 and 1.
        """
        unit = self.checked(sample, span)[None]
        return _stretched(float(self.highs(unit, check_delta(delta))[0]), span)

    @final
    def low(self, sample: ArrayLike, delta: float, span: Span = UNIT) -> float:
        """Return a number below which the mean lies with probability at most delta; arguments as for `high`."""
        # a lower bound of the mean is an upper bound of the mean of 1 - x, turned round: subclasses write one side only
        mirrored = 1 - self.checked(sample, span)[None]
        return _stretched(1 - float(self.highs(mirrored, check_delta(delta))[0]), span)

    @final
    def interval(self, sample: ArrayLike, delta: float, span: Span = UNIT) -> Interval:
        """Return the mean with both bounds, each with half of delta; arguments as for `high`."""
        mean = _stretched(float(self.checked(sample, span).mean()), span)
        each = check_delta(delta) / 2
        return Interval(mean, self.low(sample, each, span), self.high(sample, each, span), 1 - delta, self.kind)

    @final
    def required_labels(self, width: float, delta: float, rate: float) -> int:
        """Return the least number of labels whose expected upper bound is at most `rate + width`.

        Labels are taken to be 0 or 1, with a share `rate` of ones. The expected bound falls as labels are added, so
        their number is doubled until it suffices and then halved in on; where it does not fall strictly (counts are
        whole), the answer is the end of a run of numbers that suffice.

        Raises:
            InputError: An argument is out of range, or no sample that is possible suffices.
        """
        check_delta(delta)
        check_share("width", width)
        if not 0 <= rate <= 1:
            raise InputError(f"rate must be between 0 and 1, got {rate}")

        def suffices(n: int) -> bool:
            return self.expected_high(n, delta, rate) <= rate + width

        # doubling costs about as much as the last step alone, and leaves an interval in which to halve
        most, n = self.most(), 1
        while not suffices(n):
            if n == most:
                raise InputError(f"{most} labels do not bring the bound to within {width} of {rate}: widen it")
            n = min(2 * n, most)
        short = n // 2
        while n - short > 1:
            middle = (n + short) // 2
            short, n = (short, middle) if suffices(middle) else (middle, n)
        return n


def _stretched(value: float, span: Span) -> float:
    return span[0] + value * (span[1] - span[0])


def by_side(
    side: Side, delta: float, low: Callable[[float], float], high: Callable[[float], float]
) -> tuple[float | None, float | None]:
    """Return the bounds that are asked for, each made from its share of delta; two of them have half each.

    Raises:
        InputError: `side` is another word.
    """
    if side not in ("low", "high", "both"):
        raise InputError(f"side must be low, high or both, got {side!r}")
    each = delta / 2 if side == "both" else delta
    return None if side == "high" else low(each), None if side == "low" else high(each)


def largest(
    accepts: Callable[[FloatArray], BoolArray], low: FloatArray, high: FloatArray, steps: int = 45
) -> FloatArray:
    """Return the upper end of what is accepted, where all below an accepted number is accepted too, by bisection.

    A bound is what a test does not reject, and few tests can be solved for it. Bisection needs no slope, works on all
    samples at once, and errs on the safe side only, which no root finder of scipy promises.

    Args:
        accepts: Says of each number of an array whether it is accepted.
        low: Where the search begins, shape (r,).
        high: Where it ends, shape (r,); returned where all is accepted.
        steps: Halvings.

    Returns:
        Shape (r,): never below the true end, and above it by at most (high - low) / 2^steps.
    """
    for _ in range(steps):
        middle = (low + high) / 2
        good = accepts(middle)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    return high
