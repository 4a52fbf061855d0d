"""What a theory is scored on: a run's observables, and the ground truth that it never saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from w2sg.core import Observables, Quantity


@dataclass(frozen=True)
class Truth:
    """What really happened in a run: opened only after predictions are sealed.

    Attributes:
        run: The run's name.
        values: By `target unit`, such as `gain error`, `shortfall squared`, `gap error`, `weak_risk kl`.
    """

    run: str
    values: Mapping[str, Quantity]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        values = {name: {"value": one.value, "se": one.se, "n": one.n} for name, one in self.values.items()}
        return {"run": self.run, "values": values}


@dataclass(frozen=True)
class Case:
    """A run that theories are scored on.

    Attributes:
        task: The task, or the family of synthetic runs: scores are made within tasks.
        cluster: Runs with the same weak supervisor depend on each other, and carry the same name here.
        seed: The seed.
        setup: What was tried; the same under every seed.
        parts: Supervisor, student and method, by their digests: runs that differ in one are a choice.
        seen: Observables by the number of audited labels; 0 has none.
        truth: The ground truth.
    """

    task: str
    cluster: str
    seed: int
    setup: str
    parts: Mapping[str, str]
    seen: Mapping[int, Observables]
    truth: Truth

    @property
    def run(self) -> str:
        """The run's name."""
        return self.truth.run
