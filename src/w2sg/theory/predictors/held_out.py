"""What held-out labels say: the whole run again on parts of the supervisor's labels, judged on the labels left out.

Two ways to use them. The refitted students' own gain is an estimate as it stands. The pool of both models, calibrated
on the labels left out, carries over to unlabelled inputs, so that every one of these counts, not the few labelled ones.
"""

from typing import ClassVar, Literal

from w2sg.core import Hypothesis, register
from w2sg.theory import hypotheses as given
from w2sg.theory.judging import assumed
from w2sg.theory.predictors.in_units import ObservedGain, name_units


@register()
class RefittedGain(ObservedGain):
    """The gain of refitted students on labels that were left out."""

    kind: Literal["refitted-gain"] = "refitted-gain"
    observable: ClassVar[str] = "refitted_gain"
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.SAME_INPUTS,
        assumed(
            "labels do not shift",
            "Given the input, the supervisor's labels are distributed as those of deployment.",
            "deployment labels are not observed",
        ),
        assumed(
            "refits are like the run",
            "Supervisors with fewer labels, and their students, gain as those of the run do.",
            "there are no more labels to see whether the gain changes with their number",
        ),
    )


name_units(RefittedGain, "The gain in {risk} of refitted students on labels that were left out.")


@register()
class PooledGain(ObservedGain):
    """The gain that unlabelled inputs imply under a calibrated pool of supervisor and student."""

    kind: Literal["pooled-gain"] = "pooled-gain"
    observable: ClassVar[str] = "pooled_gain"
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.SAME_INPUTS,
        assumed(
            "pool is calibrated",
            "The label is distributed as a power of the supervisor's probabilities times one of the student's.",
            "deployment labels are not observed",
        ),
        assumed(
            "refits are like the run",
            "Supervisors with fewer labels, and their students, are as trustworthy as those of the run.",
            "there are no more labels to see whether trust changes with their number",
        ),
    )


name_units(
    PooledGain, "The gain in {risk} that unlabelled inputs imply under a calibrated pool of supervisor and student."
)
