"""What a theory may look at: measured quantities of a run, each with its n, estimator and standard error.

No field holds ground truth, and none can: names outside the catalogue are refused, and the catalogue has no quantity
that needs more than audited labels.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from w2sg.core.component import canonical_json
from w2sg.core.errors import InputError
from w2sg.core.theories.catalogue import CATALOGUE, InfoSet

FEW_LABELS = "too few labels were bought, or the student has no features"
"""Why an audit did not give a quantity."""


class ObservableError(InputError):
    """A quantity breaks its rule."""


@dataclass(frozen=True)
class Quantity:
    """One measured number.

    Attributes:
        value: The estimate.
        se: Its standard error; 0 for what is known exactly.
        n: On how many examples, draws or trials it rests; at least 1.
        estimator: How it was made, in a few words.
    """

    value: float
    se: float
    n: int
    estimator: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ObservableError(f"value must be a finite number, got {self.value}: leave out what cannot be measured")
        if not (math.isfinite(self.se) and self.se >= 0):
            raise ObservableError(f"standard error must be a finite number of at least 0, got {self.se}")
        if self.n < 1:
            raise ObservableError(f"n must be at least 1, got {self.n}: leave out what was measured on nothing")

    def __str__(self) -> str:
        return f"{self.value:.4g} (se {self.se:.2g}, n {self.n})"


def exactly(value: float, estimator: str = "known") -> Quantity:
    """Return a quantity that is known without error."""
    return Quantity(float(value), 0.0, 1, estimator)


@dataclass(frozen=True)
class Observables:
    """What was seen of one run.

    Attributes:
        run: The name of the run.
        setting: `classification` (the models give probabilities) or `regression` (they give values).
        quantities: Measured numbers by the names of the catalogue.
        facts: What is known by construction, such as `student_class = linear`; see the hypotheses that read them.
        missing: Why a quantity of the catalogue could not be measured.
        labels: How many audited labels were looked at.
    """

    run: str
    setting: Literal["classification", "regression"]
    quantities: Mapping[str, Quantity]
    facts: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    labels: int = 0

    def __post_init__(self) -> None:
        unknown = sorted(set(self.quantities) - set(CATALOGUE))
        if unknown:
            raise ObservableError(f"no such observable: {', '.join(unknown)}; the catalogue names those there are")

    @property
    def info(self) -> InfoSet:
        """The smallest information set that holds all quantities."""
        return max((CATALOGUE[name].info for name in self.quantities), default=InfoSet.S0_STRICT)

    def within(self, info: InfoSet) -> "Observables":
        """Return these observables without what needs more than an information set."""
        kept = {name: one for name, one in self.quantities.items() if CATALOGUE[name].info <= info}
        return replace(self, quantities=kept, labels=self.labels if info >= InfoSet.S1 else 0)

    def audited(self, labels: int, quantities: Mapping[str, Quantity]) -> "Observables":
        """Return these observables with what so many audited labels add."""
        why = {name: FEW_LABELS if name.startswith("audit_") else reason for name, reason in self.missing.items()}
        missing = {name: reason for name, reason in why.items() if name not in quantities}
        return replace(self, quantities={**self.quantities, **quantities}, missing=missing, labels=labels)

    def __contains__(self, name: str) -> bool:
        return name in self.quantities

    def __getitem__(self, name: str) -> Quantity:
        return self.quantities[name]

    def value(self, name: str) -> float:
        """Return the value of a quantity."""
        return self.quantities[name].value

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "run": self.run,
            "setting": self.setting,
            "quantities": {
                name: {"value": one.value, "se": one.se, "n": one.n, "estimator": one.estimator}
                for name, one in self.quantities.items()
            },
            "facts": dict(self.facts),
            "missing": dict(self.missing),
            "labels": self.labels,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Observables":
        """Return observables from plain data.

        Raises:
            ObservableError: A quantity breaks its rule or is unknown.
        """
        quantities = {name: Quantity(**fields) for name, fields in data["quantities"].items()}
        return cls(**{**data, "quantities": quantities})

    def digest(self) -> str:
        """Return the sha256 of the plain data."""
        return hashlib.sha256(canonical_json(self.to_dict()).encode()).hexdigest()
