"""Steps of no task and no method: numbers, their sums, and what can go wrong. A plugin, so that workers find it."""

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from w2sg.core import CapabilityError, Component, InputError, Vault, register
from w2sg.graph import Artifact, Inputs, Listing, Step, on_behalf_of, shared

CALLS: list[str] = []
"""What was computed in this process."""


class Subject(Component):
    """What a toy result is about."""

    kind: Literal["toy"] = "toy"
    name: str


def _loaded() -> str:
    """Stand for data that are costly to load."""
    CALLS.append("loaded")
    return "data"


@register()
class Number(Step):
    """A random number of a seed."""

    kind: Literal["toy-number"] = "toy-number"
    scale: float = 1.0
    where: str = ""

    @property
    def place(self) -> str:
        """Where it is made."""
        return self.where

    def compute(self, inputs: Inputs) -> Artifact:
        """Draw it."""
        CALLS.append(f"number {self.seed}")
        shared("data", _loaded)
        return Artifact({"x": self.scale * np.random.default_rng(self.seed).normal(size=3)}, {"scale": self.scale})


@register()
class Total(Step):
    """The sum of two numbers; totals of one batch are computed together."""

    kind: Literal["toy-total"] = "toy-total"
    first: Number
    second: Number
    together: str | None = None
    fails: Literal["", "error", "input", "memory", "refused", "killed"] = ""

    @property
    def place(self) -> str:
        """Where its first number is made."""
        return self.first.where

    @property
    def batch(self) -> str | None:
        """As it is told."""
        return self.together

    def compute(self, inputs: Inputs) -> Artifact:
        """Add, or go wrong as told."""
        CALLS.append(f"total {self.seed}")
        if self.fails == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        errors = {
            "error": ZeroDivisionError("of the step itself"),
            "input": InputError("first must be another number"),
            "memory": MemoryError(),
            "refused": CapabilityError("these numbers cannot be added"),
        }
        if self.fails:
            raise errors[self.fails]
        return Artifact({"x": inputs["first"].arrays["x"] + inputs["second"].arrays["x"]})

    @classmethod
    def compute_many(cls, steps: Sequence["Total"], inputs: Sequence[Inputs]) -> Sequence[Artifact | Exception]:
        """Add each."""
        CALLS.append(f"batch of {len(steps)}")
        return [step.compute(given) for step, given in zip(steps, inputs, strict=True)]

    def listing(self, artifact: Artifact) -> Listing | None:
        """List it by its size."""
        if "refused" in artifact.record:
            return None
        return Listing(Subject(name="total"), {"task": f"toy(n={self.seed})", "pgr": float(artifact.arrays["x"].sum())})


@register()
class Gold(Step):
    """A step that is handed gold: all of it for the batch, and one label for itself."""

    kind: Literal["toy-gold"] = "toy-gold"
    folder: str = ""

    @property
    def place(self) -> str:
        """The data."""
        return "gold data"

    @property
    def batch(self) -> str | None:
        """All together."""
        return "gold"

    def compute(self, inputs: Inputs) -> Artifact:
        """Ask alone."""
        return self.compute_many([self], [inputs])[0]

    @classmethod
    def compute_many(cls, steps: Sequence["Gold"], inputs: Sequence[Inputs]) -> Sequence[Artifact]:
        """Ask for gold of the batch, then for one label each; write down what the ledger had by then."""
        vault = Vault({"test": np.arange(10) % 2})
        vault.release("score", "test", asked_by="toys")
        for step in steps:
            with on_behalf_of(step):
                vault.buy("test", np.array([step.seed]), asked_by="toy")
        if steps[0].folder:
            Path(steps[0].folder, "asked").touch()
        return [Artifact({}, {"n": 10}) for _ in steps]


@register()
class Chain(Step):
    """Several numbers by name."""

    kind: Literal["toy-chain"] = "toy-chain"
    total: Total

    def inputs(self) -> Mapping[str, Step]:
        """Return the total under another name."""
        return {"sum": self.total}

    def compute(self, inputs: Inputs) -> Artifact:
        """Double it."""
        return Artifact({"x": 2 * inputs["sum"].arrays["x"]})


@register()
class Spared(Step):
    """A total, and beside it one that it can do without."""

    can_do_without: ClassVar[frozenset[str]] = frozenset({"beside"})

    kind: Literal["toy-spared"] = "toy-spared"
    total: Total
    beside: Total

    def compute(self, inputs: Inputs) -> Artifact:
        """Add those that are there."""
        CALLS.append("spared")
        there = [name for name, given in inputs.items() if "refused" not in given.record]
        return Artifact({"x": np.sum([inputs[name].arrays["x"] for name in there], axis=0)}, {"there": there})
