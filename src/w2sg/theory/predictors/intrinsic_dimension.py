"""Intrinsic dimension: the student does not inherit the supervisor's variance in directions that it lacks.

Dong, Li, Li, Lee, Lei (arXiv 2502.05075); the formulas stand in `w2sg.worlds.intrinsic_dimension`.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from w2sg.core import Hypothesis, Inapplicable, Target, Theory, register
from w2sg.theory import hypotheses as given
from w2sg.worlds import VarianceRisks, least_squares_variance, variance_risks

_SIZES = ("n_supervision", "n_transfer", "d_weak", "d_strong", "d_shared")
_HYPOTHESES = (
    given.LEAST_SQUARES_SUPERVISOR,
    given.LEAST_SQUARES_STUDENT,
    given.ENOUGH_LABELS,
    given.SAME_INPUTS,
    given.VARIANCE_DOMINATED,
    given.REALIZABLE_FINITE,
)


def _risks(at: Mapping[str, float], noise: float) -> VarianceRisks:
    d_w, d_s = at["d_weak"], at["d_strong"]
    if d_w <= 0 or d_s <= 0:
        raise Inapplicable(f"dimensions must be above 0, got {d_w:g} and {d_s:g}")
    shared = min(at["d_shared"], d_w, d_s)  # an unbiased estimate may pass its limit by its error
    return variance_risks(d_w, d_s, shared, at["n_supervision"], at["n_transfer"], noise)


@register(paper="2502.05075")
class IntrinsicDimensionGain(Theory):
    """The gain is the supervisor's variance outside of the student's feature space, less what sampling copies of it."""

    kind: Literal["intrinsic-dimension"] = "intrinsic-dimension"
    unit: Literal["squared"] = "squared"
    needs: ClassVar[tuple[str, ...]] = ("noise", *_SIZES)
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = _HYPOTHESES
    world: ClassVar[str | None] = "intrinsic-dimension"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the difference of both variances."""
        return _risks(at, at["noise"]).gain


@register(paper="2502.05075")
class IntrinsicDimensionPgr(Theory):
    """The performance gap recovered by variance alone, which depends on sizes and dimensions only."""

    kind: Literal["intrinsic-dimension-pgr"] = "intrinsic-dimension-pgr"
    target: ClassVar[Target] = "pgr"
    unit: Literal["squared"] = "squared"
    needs: ClassVar[tuple[str, ...]] = _SIZES
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = _HYPOTHESES
    world: ClassVar[str | None] = "intrinsic-dimension"
    ceiling: Literal["transfer", "all"] = Field(
        "transfer",
        description="labels of the ceiling: of the transfer split, or also those of the supervisor (the paper)",
    )

    def formula(self, at: Mapping[str, float]) -> float:
        """Return gain over the gap to the ceiling's variance."""
        risks = _risks(at, 1.0)
        # The paper's ceiling has the labels of both splits; the laboratory's has those of the transfer split.
        ceiling = risks.ceiling
        if self.ceiling == "transfer":
            ceiling = least_squares_variance(at["d_strong"], at["n_transfer"])
        if risks.weak <= ceiling:
            raise Inapplicable("the ceiling's variance is no less than the supervisor's: there is no gap to recover")
        return risks.gain / (risks.weak - ceiling)
