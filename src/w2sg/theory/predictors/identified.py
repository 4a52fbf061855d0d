"""What is identified: between which ends the gain lies for every truth under which the supervisor errs as it does."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from scipy.stats import norm

from w2sg.core import Hypothesis, Inapplicable, Observables, Says, register
from w2sg.theory import hypotheses as given
from w2sg.theory.judging import LEVEL, CheckResult, checked
from w2sg.theory.predictors.in_units import InUnits, name_units

RISKS = 3
"""Risks that have to fit one truth: 0-1, squared and cross-entropy."""


def _fitting(seen: Observables) -> CheckResult:
    moved = seen.value("identified_tension")
    # Bonferroni over the risks and both sides of each: that the largest departure is so large.
    p = min(1.0, 2 * RISKS * float(norm.sf(moved)))
    why = f"the refits' risks are {moved:.2g} standard errors away from those of any truth of the unlabelled inputs"
    return CheckResult("violated" if p < LEVEL else "untestable", why, moved, p)


@register()
class GainIdentified(InUnits):
    """Between which ends the gain lies, whatever the labels are, if the supervisor's risks are known.

    The truth of an input is a distribution over classes, and risks and gain are linear in it: the ends are linear
    programs over all truths under which the supervisor has its risks in 0-1, squared risk and cross-entropy. The middle
    stands for the prediction where one number is asked for, and claims nothing.
    """

    kind: Literal["gain-identified"] = "gain-identified"
    says: ClassVar[Says] = "between"
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.SAME_INPUTS,
        given.SAME_LABELS,
        checked(
            "refits err as the supervisor",
            "Supervisors with fewer labels have the risks of the run's.",
            _fitting,
            needs=("identified_tension",),
        ),
    )
    world: ClassVar[str | None] = "gain-identified"

    @property
    def observed(self) -> tuple[str, ...]:
        """Both ends in this unit."""
        return f"identified_low_{self.unit}", f"identified_high_{self.unit}"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the middle."""
        return sum(self.ends(at)) / 2

    def ends(self, at: Mapping[str, float]) -> tuple[float, float]:
        """Return both ends."""
        low, high = (at[name] for name in self.observed)
        if low > high:
            raise Inapplicable(f"the least gain, {low:.4g}, must not exceed the largest, {high:.4g}")
        return low, high


name_units(GainIdentified, "Between which ends the gain in {risk} lies, if the supervisor's risks are known.")
