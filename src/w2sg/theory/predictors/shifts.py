"""Gains under a shift that is known for what it is: of the shares of classes, or of the shares of groups."""

from collections.abc import Callable
from typing import ClassVar, Literal

from w2sg.core import Hypothesis, InfoSet, Observables, register
from w2sg.theory.hypotheses import LEAST_OVERLAP
from w2sg.theory.judging import LEVEL, CheckResult, assumed, checked
from w2sg.theory.predictors.in_units import ObservedGain, name_units


def _rejected(name: str) -> Callable[[Observables], CheckResult]:
    """Return a check that reads a p-value: it refutes or leaves open, for too little may have been seen."""

    def check(seen: Observables) -> CheckResult:
        p = seen.value(name)
        if not 0 <= p <= 1:
            raise ValueError(f"{p:g} is no p-value")
        if p < LEVEL:
            return CheckResult("violated", f"p = {p:.2g}", None, p)
        return CheckResult("untestable", f"no departure was shown, p = {p:.2g}", None, p)

    return check


SAME_SHARES = checked(
    "classes keep their shares",
    "Each class is as frequent at deployment as in the supervision split.",
    _rejected("class_shift_p"),
    InfoSet.S0_VALIDATION,
    ("class_shift_p",),
)
SAME_ANSWERS = checked(
    "classes keep their inputs",
    "Inputs of each class are distributed as in the supervision split: models answer to them alike.",
    _rejected("class_inputs_p"),
    InfoSet.S2,
    ("class_inputs_p",),
)


def _enough_count(seen: Observables) -> CheckResult:
    share = seen.value("class_weight_ess")
    why = f"weighted to stand for deployment, {share:.3g} of the labels count, at least {LEAST_OVERLAP:g}"
    return CheckResult("violated" if share < LEAST_OVERLAP else "holds", why, share)


@register(paper="1802.03916")
class ClassWeightedGain(ObservedGain):
    """The gain on labels that no model saw, weighted by the share that each class seems to have at deployment."""

    kind: Literal["class-weighted-gain"] = "class-weighted-gain"
    observable: ClassVar[str] = "class_weighted_gain"
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        checked(
            "enough labels count",
            "Classes of deployment have labels in the supervision split.",
            _enough_count,
            InfoSet.S0_VALIDATION,
            ("class_weight_ess",),
        ),
        SAME_ANSWERS,
    )


@register()
class GroupWeightedGain(ObservedGain):
    """The gain on labels that no model saw, weighted by the share that each group has at deployment."""

    kind: Literal["group-weighted-gain"] = "group-weighted-gain"
    observable: ClassVar[str] = "group_weighted_gain"
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        assumed(
            "groups keep their inputs and labels",
            "Within a group, inputs and labels are distributed as in the supervision split.",
            "deployment labels are not observed",
        ),
    )


name_units(ClassWeightedGain, "The gain in {risk} on labels weighted by classes to stand for deployment.")
name_units(GroupWeightedGain, "The gain in {risk} on labels weighted by groups to stand for deployment.")
