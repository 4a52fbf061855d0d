"""Baselines: numbers that rest on no hypothesis, which a theory has to beat."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from w2sg.core import Theory, register
from w2sg.theory.predictors.in_units import InUnits, ObservedGain, name_units


@register()
class Constant(InUnits):
    """Baseline: the same gain for every run."""

    kind: Literal["constant"] = "constant"
    baseline: ClassVar[bool] = True
    value: float = Field(0.0, description="the gain that is always predicted")

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the constant."""
        return self.value


name_units(Constant, "Baseline: the same gain in {risk} for every run.")


@register()
class WeakRisk(ObservedGain):
    """Baseline: the student makes no errors, so that the gain is the supervisor's risk."""

    kind: Literal["weak-risk"] = "weak-risk"
    baseline: ClassVar[bool] = True
    observable: ClassVar[str] = "weak"


name_units(WeakRisk, "Baseline: the gain is the supervisor's {risk}.")


@register()
class PairedGain(ObservedGain):
    """Baseline: the gain on the audited labels, which no theory enters."""

    kind: Literal["paired-difference"] = "paired-difference"
    baseline: ClassVar[bool] = True
    observable: ClassVar[str] = "audit_gain"


name_units(PairedGain, "Baseline: the gain in {risk} on the audited labels.")


@register()
class Disagreement(Theory):
    """Baseline: the student is right wherever it disagrees, the most that 0-1 loss allows: |gain| <= disagreement."""

    kind: Literal["disagreement"] = "disagreement"
    unit: Literal["error"] = "error"
    baseline: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("disagreement",)

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the disagreement."""
        return at["disagreement"]


@register()
class TrainingAgreement(Theory):
    """Baseline: the gain is the share of training inputs on which the student does not name the weak label."""

    kind: Literal["training-agreement"] = "training-agreement"
    unit: Literal["error"] = "error"
    baseline: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("training_agreement",)

    def formula(self, at: Mapping[str, float]) -> float:
        """Return 1 less the agreement."""
        return 1 - at["training_agreement"]
