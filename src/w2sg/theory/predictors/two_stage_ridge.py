"""Two-stage ridge: a student's penalty repairs a supervisor that was regularised too little.

Moniri and Hassani (arXiv 2505.18346); the formulas stand in `w2sg.worlds.ridge`.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from w2sg.core import Hypothesis, Inapplicable, Theory, register
from w2sg.theory import hypotheses as given
from w2sg.theory.judging import assumed, below, checked
from w2sg.theory.predictors.misfit import distance
from w2sg.worlds import two_stage_ridge_risks

_NEEDS = ("noise", "label_variance", "d_weak", "d_strong", "n_supervision", "n_transfer")
_HYPOTHESES = (
    given.RIDGE_SUPERVISOR,
    given.RIDGE_STUDENT,
    given.FROZEN,
    given.CONVERGED,
    given.SAME_FEATURES,
    given.ISOTROPIC,
    given.SAME_INPUTS,
    assumed(
        "truth is linear",
        "The truth is linear in the features, and the rest of the labels is noise.",
        "signal that the features miss looks like label noise",
    ),
)


def _gain(at: Mapping[str, float], lambda_t: float, lambda_s: float) -> float:
    n, transfer, d_w, d_s = (at[name] for name in ("n_supervision", "n_transfer", "d_weak", "d_strong"))
    if min(n, transfer, d_w, d_s) <= 0:
        raise Inapplicable(f"sizes and dimensions must be above 0, got {n:g}, {transfer:g}, {d_w:g}, {d_s:g}")
    # Label variance is signal and noise together, and noise is what least squares on the features leaves.
    noise, signal = distance(at, "noise"), at["label_variance"] - at["noise"]
    if signal <= 0:
        raise Inapplicable(f"labels vary by {at['label_variance']:.4g}, noise is {noise:.4g}: no signal is left")
    return two_stage_ridge_risks(d_w / n, noise, lambda_t, lambda_s, d_s / transfer, signal).gain


@register(paper="2505.18346")
class TwoStageRidgeGain(Theory):
    """The gain of ridge on ridge in isotropic features, in the limit of many dimensions and labels."""

    kind: Literal["two-stage-ridge"] = "two-stage-ridge"
    unit: Literal["squared"] = "squared"
    needs: ClassVar[tuple[str, ...]] = (*_NEEDS, "ridge_weak", "ridge_strong")
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = _HYPOTHESES
    world: ClassVar[str | None] = "two-stage-ridge"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the difference of both limits."""
        return _gain(at, distance(at, "ridge_weak"), distance(at, "ridge_strong"))


def _no_penalty(name: str) -> Hypothesis:
    return checked(
        f"{name} is 0",
        "There is no ridge penalty: least squares, or the least-norm solution if labels are fewer than dimensions.",
        below(name, 0.0, "the penalty"),
        needs=(name,),
    )


@register(paper="2505.18346")
class Ridgeless(Theory):
    """The limit of two-stage ridge without penalties: a gain only if the student has fewer inputs than dimensions."""

    kind: Literal["ridgeless"] = "ridgeless"
    unit: Literal["squared"] = "squared"
    needs: ClassVar[tuple[str, ...]] = _NEEDS
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        *_HYPOTHESES,
        _no_penalty("ridge_weak"),
        _no_penalty("ridge_strong"),
    )
    world: ClassVar[str | None] = "two-stage-ridge"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the difference of both limits."""
        return _gain(at, 0.0, 0.0)
