"""Overlap density: inputs that are both easy and hard carry the supervisor's labels to what it does not see."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from w2sg.core import Hypothesis, Inapplicable, Theory, register
from w2sg.theory import hypotheses as given
from w2sg.theory.judging import assumed


@register(paper="2412.03881")
class OverlapDensity(Theory):
    """The gain in error grows with the share of overlapping inputs, for students that do not copy their labels.

    Shin, Cooper, Sala (arXiv 2412.03881) prove a bound through expansion and claim the order of gains, not their size.
    The formula is ours: density times the share of training inputs on which the student left the weak label. It is 0
    without overlap and for a student that copies, as theory asks, and never exceeds the changes made, as 0-1 loss asks.
    """

    kind: Literal["overlap-density"] = "overlap-density"
    unit: Literal["error"] = "error"
    needs: ClassVar[tuple[str, ...]] = ("overlap_density", "training_agreement")
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.CANNOT_COPY,
        assumed(
            "patterns are easy and hard",
            "Inputs hold an easy pattern, a hard one that only the student sees, or both; the student's changes are "
            "right as often as inputs overlap.",
            "patterns are detected by two change points, and whether changes are right is not observed",
        ),
    )
    world: ClassVar[str | None] = "overlap"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return density times the share of labels left."""
        for name in self.needs:
            if not 0 <= at[name] <= 1:
                raise Inapplicable(f"{name} must be a share from 0 to 1, got {at[name]:.4g}")
        return at["overlap_density"] * (1 - at["training_agreement"])
