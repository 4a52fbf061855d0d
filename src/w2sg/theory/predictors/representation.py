"""Representation gaps: the part of the labels that the student's features hold and the supervisor's miss.

Xue, Li, Mirzasoleiman (arXiv 2502.00620). They predict the shortfall to the ceiling, not the gain.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from w2sg.core import Hypothesis, Target, Theory, register
from w2sg.theory import hypotheses as given
from w2sg.theory.judging import assumed
from w2sg.theory.predictors.misfit import distance

_SHARED = (
    given.RIDGE_SUPERVISOR,
    given.RIDGE_STUDENT,
    given.FROZEN,
    assumed(
        "ceiling's error is out of reach",
        "The ceiling's error is orthogonal to the student's functions: the shortfall is the distance of both.",
        "the ceiling is not observed",
    ),
)


@register(paper="2502.00620")
class RepresentationGap(Theory):
    """The shortfall is |P_s (I - P_w) y|^2 / n: what the student could fit of the supervisor's residuals.

    If supervisor and ceiling are fitted on the same inputs, their students differ by exactly `P_s (I - P_w) y` there.
    """

    kind: Literal["representation-gap"] = "representation-gap"
    target: ClassVar[Target] = "shortfall"
    unit: Literal["squared"] = "squared"
    needs: ClassVar[tuple[str, ...]] = ("gap_plugin",)
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = _SHARED
    world: ClassVar[str | None] = "representation-gap"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the plug-in gap."""
        return distance(at, "gap_plugin")


@register(paper="2502.00620")
class RepresentationTrace(Theory):
    """The shortfall is tr(P_s (I - P_w)) / N times the variance of the labels: the gap of labels without a direction.

    For projections it is the mean of |P_s (I - P_w) y|^2 / N over labels with equal variance in all directions.
    """

    kind: Literal["representation-trace"] = "representation-trace"
    target: ClassVar[Target] = "shortfall"
    unit: Literal["squared"] = "squared"
    needs: ClassVar[tuple[str, ...]] = ("gap_trace", "label_variance")
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        *_SHARED,
        assumed(
            "labels prefer no direction",
            "The labels have the same variance along all functions of the inputs.",
            "it takes true labels of many inputs to know their directions",
        ),
    )

    def formula(self, at: Mapping[str, float]) -> float:
        """Return trace times variance."""
        return distance(at, "gap_trace") * distance(at, "label_variance")
