"""The contract of bounds on a mean: numbers of a known span in, an interval out that rarely fails."""

from abc import abstractmethod
from typing import ClassVar, final

import numpy as np
from numpy.typing import ArrayLike

from w2sg.core import Component, contract
from w2sg.core.errors import InputError
from w2sg.theory.certificate import Certificate, Strength, check_delta
from w2sg.theory.certificates.checks import UNIT, Floats, Side, Span, as_unit, by_side, check_share
from w2sg.theory.observables import Unit

MOST_LABELS = 10**7
"""Where planning gives up."""


@contract("certifiers")
class Certifier(Component):
    """Bounds a mean by a sample.

    A subclass writes `uppers` for many samples at once; lower bounds are those of the mirrored sample, `1 - x`.
    """

    strength: ClassVar[Strength] = "unconditional"
    assumptions: ClassVar[tuple[str, ...]]
    """What has to be true of the sample, each a sentence."""
    anytime: ClassVar[bool] = False
    """Whether one may look after each label, and stop."""

    @abstractmethod
    def uppers(self, samples: Floats, delta: float) -> Floats:
        """Return upper bounds, shape (r,), of the means behind samples of shape (r, n) in [0, 1]; nothing is checked.

        Each exceeds its mean with probability at least 1 - delta.
        """

    @abstractmethod
    def expected_upper(self, n: int, delta: float, rate: float) -> float:
        """Return the upper bound that n labels with a share `rate` of ones may be expected to give."""

    def most(self) -> int:
        """Return the largest sample there can be."""
        return MOST_LABELS

    def checked(self, sample: ArrayLike, span: Span = UNIT) -> Floats:
        """Return a sample moved from its span to [0, 1].

        Raises:
            InputError: It is empty, not finite, or leaves its span.
        """
        return as_unit("sample", sample, span)

    @final
    def upper(self, sample: ArrayLike, delta: float, span: Span = UNIT) -> float:
        """Return a number that the mean exceeds with probability at most delta.

        Args:
            sample: Shape (n,), within the span.
            delta: How often the bound may be wrong.
            span: The least and the largest possible value.

        Raises:
            InputError: The sample is empty, not finite, or leaves its span; delta is not between 0 and 1.
        """
        unit = self.checked(sample, span)[None]
        return _stretched(float(self.uppers(unit, check_delta(delta))[0]), span)

    @final
    def lower(self, sample: ArrayLike, delta: float, span: Span = UNIT) -> float:
        """Return a number below which the mean lies with probability at most delta; arguments as for `upper`."""
        mirrored = 1 - self.checked(sample, span)[None]
        return _stretched(1 - float(self.uppers(mirrored, check_delta(delta))[0]), span)

    @final
    def two_sided(self, sample: ArrayLike, delta: float, span: Span = UNIT) -> tuple[float, float]:
        """Return both bounds, each with half of delta; arguments as for `upper`."""
        check_delta(delta)
        return self.lower(sample, delta / 2, span), self.upper(sample, delta / 2, span)

    @final
    def certify(
        self,
        sample: ArrayLike,
        delta: float,
        *,
        target: str,
        frame: str,
        unit: Unit = "error",
        side: Side = "both",
        span: Span = UNIT,
    ) -> Certificate:
        """Return the certificate of a mean; both bounds together take delta, half of it each.

        Args:
            sample: Shape (n,), within the span.
            delta: How often the certificate may be wrong.
            target: What the mean is, such as `student_risk`.
            frame: From what, and how, the sample was drawn.
            unit: In which risk.
            side: Which bounds are asked for.
            span: The least and the largest possible value.

        Raises:
            InputError: As for `upper`.
        """
        check_delta(delta)
        lower, upper = by_side(
            side, delta, lambda d: self.lower(sample, d, span), lambda d: self.upper(sample, d, span)
        )
        mean = _stretched(float(self.checked(sample, span).mean()), span)
        return Certificate(
            target,
            unit,
            self.kind,
            lower,
            upper,
            mean,
            delta,
            self.strength,
            self.assumptions,
            frame,
            len(np.asarray(sample)),
            self.anytime,
        )

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
            return self.expected_upper(n, delta, rate) <= rate + width

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
