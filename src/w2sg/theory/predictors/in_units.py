"""Predictors that mean the same in several risks: one class with the unit as a setting, and a name for each unit."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from w2sg.core import Theory, preset

RiskUnit = Literal["error", "squared", "kl"]
IN_WORDS: Mapping[RiskUnit, str] = {"error": "0-1 risk", "squared": "squared risk", "kl": "cross-entropy"}


class InUnits(Theory):
    """A theory whose unit is a setting; its answers carry the unit in their name where it is not 0-1 risk."""

    unit: RiskUnit = Field("error", description="in which risk")

    @property
    def name(self) -> str:
        """The kind, and the unit where it is not 0-1 risk: the name of the preset."""
        return self.kind if self.unit == "error" else f"{self.kind}-{self.unit}"


class ObservedGain(InUnits):
    """A gain that is one observable, which has a value in every unit."""

    observable: ClassVar[str]
    """The observable's name without its unit."""

    @property
    def observed(self) -> tuple[str, ...]:
        """The observable in this unit."""
        return (f"{self.observable}_{self.unit}",)

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the observable."""
        return at[self.observed[0]]


def name_units(cls: type[InUnits], summary: str) -> None:
    """Register a name for every other unit, such as `refitted-gain-kl`.

    Args:
        cls: The registered class.
        summary: What it is, with `{risk}` in the place of the risk.
    """
    # The kind itself is the name of the 0-1 unit.
    kind = cls.model_fields["kind"].default
    for unit, words in IN_WORDS.items():
        if unit != "error":
            preset(f"{kind}-{unit}", cls, summary.format(risk=words), unit=unit)
