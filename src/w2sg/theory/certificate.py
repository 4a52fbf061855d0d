"""What a certificate is: a bound that holds with probability 1 - delta, with what it rests on written beside it."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from w2sg.core import InputError
from w2sg.theory.observables import Unit

Strength = Literal["unconditional", "conditional", "asymptotic"]
"""`unconditional`: sampling alone; `conditional`: a hypothesis no sample decides; `asymptotic`: a limit theorem."""


@dataclass(frozen=True)
class Certificate:
    """A statement about a quantity that is true with probability at least 1 - delta.

    Attributes:
        target: What is bounded, such as `gain` or `student_risk`.
        unit: In which risk.
        method: The name of the bound.
        lower: Lower bound, or None.
        upper: Upper bound, or None.
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
    lower: float | None
    upper: float | None
    estimate: float | None
    delta: float
    strength: Strength
    assumptions: tuple[str, ...]
    frame: str
    n_labels: int
    anytime: bool = False

    def __post_init__(self) -> None:
        check_delta(self.delta)
        for name in ("lower", "upper", "estimate"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise InputError(f"{self.method}: {name} must be a finite number, got {value}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def check_delta(delta: float) -> float:
    """Return delta.

    Raises:
        InputError: It is not between 0 and 1.
    """
    if not (isinstance(delta, int | float) and 0 < delta < 1):
        raise InputError(f"delta must be between 0 and 1, got {delta}: it is how often a certificate may be wrong")
    return float(delta)


def together(certificates: Sequence[Certificate]) -> float:
    """Return the delta with which all of these hold at once, by the union bound; 1 or more promises nothing."""
    return math.fsum(certificate.delta for certificate in certificates)
