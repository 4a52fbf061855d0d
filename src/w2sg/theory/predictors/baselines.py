"""Baselines: numbers that rest on no hypothesis, which a theory has to beat."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from w2sg.core import register
from w2sg.theory.contracts import Theory
from w2sg.theory.observables import Unit


class _Fixed(Theory):
    """What the constants share."""

    needs: ClassVar[tuple[str, ...]] = ()
    value: float = Field(0.0, description="the gain that is always predicted")

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the constant."""
        return self.value


@register()
class Constant(_Fixed):
    """Baseline: the same gain in error for every run."""

    kind: Literal["constant"] = "constant"
    unit: ClassVar[Unit] = "error"


@register()
class ConstantSquared(_Fixed):
    """Baseline: the same gain in squared risk for every run."""

    kind: Literal["constant-squared"] = "constant-squared"
    unit: ClassVar[Unit] = "squared"


@register()
class ConstantKl(_Fixed):
    """Baseline: the same gain in cross-entropy for every run."""

    kind: Literal["constant-kl"] = "constant-kl"
    unit: ClassVar[Unit] = "kl"


class _Observed(Theory):
    """A gain that is one observable."""

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the observable."""
        return at[self.needs[0]]


@register()
class WeakRisk(_Observed):
    """Baseline: the student makes no errors, so that the gain is the teacher's error."""

    kind: Literal["weak-risk"] = "weak-risk"
    unit: ClassVar[Unit] = "error"
    needs: ClassVar[tuple[str, ...]] = ("weak_error",)


@register()
class WeakRiskSquared(_Observed):
    """Baseline: the gain is the teacher's squared risk."""

    kind: Literal["weak-risk-squared"] = "weak-risk-squared"
    unit: ClassVar[Unit] = "squared"
    needs: ClassVar[tuple[str, ...]] = ("weak_squared",)


@register()
class WeakRiskKl(_Observed):
    """Baseline: the gain is the teacher's cross-entropy."""

    kind: Literal["weak-risk-kl"] = "weak-risk-kl"
    unit: ClassVar[Unit] = "kl"
    needs: ClassVar[tuple[str, ...]] = ("weak_kl",)


@register()
class Disagreement(_Observed):
    """Baseline: the student is right wherever it disagrees, the most that 0-1 loss allows: |gain| <= disagreement."""

    kind: Literal["disagreement"] = "disagreement"
    unit: ClassVar[Unit] = "error"
    needs: ClassVar[tuple[str, ...]] = ("disagreement",)


@register()
class TrainingAgreement(Theory):
    """Baseline: the gain is the share of training inputs on which the student does not name the weak label."""

    kind: Literal["training-agreement"] = "training-agreement"
    unit: ClassVar[Unit] = "error"
    needs: ClassVar[tuple[str, ...]] = ("training_agreement",)

    def formula(self, at: Mapping[str, float]) -> float:
        """Return 1 less the agreement."""
        return 1 - at["training_agreement"]


@register()
class PairedDifference(_Observed):
    """Baseline: the gain in error on the audited labels, which no theory enters."""

    kind: Literal["paired-difference"] = "paired-difference"
    unit: ClassVar[Unit] = "error"
    needs: ClassVar[tuple[str, ...]] = ("audit_gain_error",)


@register()
class PairedDifferenceSquared(_Observed):
    """Baseline: the gain in squared risk on the audited labels."""

    kind: Literal["paired-difference-squared"] = "paired-difference-squared"
    unit: ClassVar[Unit] = "squared"
    needs: ClassVar[tuple[str, ...]] = ("audit_gain_squared",)


@register()
class PairedDifferenceKl(_Observed):
    """Baseline: the gain in cross-entropy on the audited labels."""

    kind: Literal["paired-difference-kl"] = "paired-difference-kl"
    unit: ClassVar[Unit] = "kl"
    needs: ClassVar[tuple[str, ...]] = ("audit_gain_kl",)
