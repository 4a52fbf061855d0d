"""Cross-entropy to the weak labels: naive weak-to-strong training."""

from typing import Literal

from pydantic import Field

from w2sg.core import register
from w2sg.methods.objectives.base import Array, TargetObjective, taught


@register(paper="2312.09390")
class CrossEntropy(TargetObjective):
    """Cross-entropy to the weak labels as they are, or hardened to their most likely class."""

    kind: Literal["cross-entropy"] = "cross-entropy"
    labels: Literal["soft", "hard"] = Field("soft", description="weak probabilities, or their most likely class")

    @property
    def hard_labels(self) -> bool:
        """Whether `labels` is `hard`."""
        return self.labels == "hard"

    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return the weak labels."""
        return taught(weak, self.labels)
