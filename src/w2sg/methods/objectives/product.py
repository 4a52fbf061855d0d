"""The product objective: the student's own probabilities and the weak labels, multiplied."""

from typing import Literal

from array_api_compat import array_namespace
from pydantic import Field

from w2sg.core import register
from w2sg.methods.objectives.base import Array, TargetObjective, log_softmax

SMALLEST = 1e-12
"""Weak probabilities are not taken below this, so that their logarithm is finite."""


@register(paper="2312.09390")
class Product(TargetObjective):
    """Cross-entropy to a target proportional to `student^beta * weak^alpha` (code of arXiv:2312.09390).

    With hard weak labels it equals plain cross-entropy; with uniform weak labels and `beta` 1 its gradient is zero.
    """

    kind: Literal["product"] = "product"
    alpha: float = Field(1.0, ge=0, description="power of the weak labels")
    beta: float = Field(1.0, ge=0, description="power of the student's probabilities")

    @property
    def moving(self) -> bool:
        """The target holds the student's probabilities, unless their power is 0."""
        return self.beta > 0

    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return the normalised product."""
        xp = array_namespace(weak, log_student)
        log_weak = xp.log(xp.clip(weak, SMALLEST, 1.0))
        # In logarithms: the product of two small probabilities underflows before it is normalised.
        return xp.exp(log_softmax(self.beta * log_student + self.alpha * log_weak))
