"""What the models' own probabilities say of a gain, if they are believed."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from w2sg.core import Hypothesis, Theory, register
from w2sg.theory.judging import assumed, below, checked

CALIBRATION = 0.1
"""A supervisor whose confidence is off by more than this on average is not to be believed."""


class _Belief(Theory):
    unit: Literal["error"] = "error"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the gain that is believed."""
        return at[self.needs[0]]


@register()
class StudentBelief(_Belief):
    """The gain in error if the student's probabilities are the truth: never negative."""

    kind: Literal["student-belief"] = "student-belief"
    needs: ClassVar[tuple[str, ...]] = ("belief_student",)
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        assumed(
            "student is calibrated",
            "Given both models' predictions, classes are distributed as the student says.",
            "the student's calibration needs labels",
        ),
    )


@register()
class WeakBelief(_Belief):
    """The gain in error if the supervisor's probabilities are the truth: never positive."""

    kind: Literal["weak-belief"] = "weak-belief"
    needs: ClassVar[tuple[str, ...]] = ("belief_weak",)
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        checked(
            "supervisor is calibrated",
            "The supervisor's probabilities are right on average at each confidence.",
            below("weak_ece", CALIBRATION, "expected calibration error"),
            needs=("weak_ece",),
        ),
        assumed(
            "student knows no more",
            "Given the supervisor's probabilities, the student's prediction says nothing of the class.",
            "what the student knows beyond the supervisor is not observed",
        ),
    )
