"""What a certificate is: a bound that holds with probability 1 - delta, with what it rests on written beside it."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from numpy.typing import ArrayLike

from w2sg.core import InputError, Unit
from w2sg.measure import UNIT, Certifier, Side, Span, Strength, by_side, check_delta


@dataclass(frozen=True)
class Certificate:
    """A statement about a quantity that is true with probability at least 1 - delta.

    Attributes:
        target: What is bounded, such as `gain` or `student_risk`.
        unit: In which risk.
        method: The name of the bound.
        low: Lower bound, or None where none was asked for.
        high: Upper bound, or None.
        estimate: The point estimate, or None.
        delta: How often it may be wrong.
        strength: What kind of statement it is.
        assumptions: What it rests on, each a sentence.
        frame: From what, and how, the labels were sampled.
        n_labels: How many ground-truth labels it cost.
        anytime: Whether it holds at every sample size at once, so that looking and stopping are allowed.
    """

    target: str
    unit: Unit
    method: str
    low: float | None
    high: float | None
    estimate: float | None
    delta: float
    strength: Strength
    assumptions: tuple[str, ...]
    frame: str
    n_labels: int
    anytime: bool = False

    def __post_init__(self) -> None:
        check_delta(self.delta)
        # a bound that is NaN would pass every comparison in the wrong direction
        for name in ("low", "high", "estimate"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise InputError(f"{self.method}: {name} must be a finite number, got {value}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def together(certificates: Sequence[Certificate]) -> float:
    """Return the delta with which all of these hold at once, by the union bound; 1 or more promises nothing."""
    return math.fsum(certificate.delta for certificate in certificates)


def certified_mean(
    certifier: Certifier,
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
        certifier: Bounds the mean.
        sample: Shape (n,), within the span.
        delta: How often the certificate may be wrong.
        target: What the mean is, such as `student_risk`.
        frame: From what, and how, the sample was drawn.
        unit: In which risk.
        side: Which bounds are asked for.
        span: The least and the largest possible value.

    Raises:
        InputError: The sample is empty, not finite, or leaves its span; delta is not between 0 and 1.
    """
    check_delta(delta)
    low, high = by_side(
        side, delta, lambda d: certifier.low(sample, d, span), lambda d: certifier.high(sample, d, span)
    )
    values = certifier.checked(sample, span)
    return Certificate(
        target,
        unit,
        certifier.kind,
        low,
        high,
        span[0] + float(values.mean()) * (span[1] - span[0]),
        delta,
        certifier.strength,
        certifier.assumptions,
        frame,
        len(values),
        certifier.anytime,
    )
