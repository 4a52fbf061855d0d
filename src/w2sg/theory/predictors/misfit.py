"""Misfit theories in squared loss: a student that cannot express the supervisor's error gains what it does not copy.

Charikar, Pabbaraju, Shiragur (arXiv 2405.15116): the student is the projection of the supervisor onto a convex class
that holds the truth; by Pythagoras its risk is at most the supervisor's less the misfit, and equal to it for a linear
class.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from w2sg.core import Hypothesis, Inapplicable, Theory, register
from w2sg.theory import hypotheses as given
from w2sg.theory.certificates.student import risk_after_misfit
from w2sg.theory.judging import assumed


def distance(at: Mapping[str, float], name: str) -> float:
    """Return a quantity that is a mean of squares or a divergence.

    Raises:
        Inapplicable: It is negative.
    """
    if at[name] < 0:
        raise Inapplicable(f"{name} must not be negative, got {at[name]:.4g}")
    return at[name]


@register(paper="2405.15116")
class Misfit(Theory):
    """The gain is the misfit: theorem 1 of arXiv 2405.15116, with equality as for linear classes."""

    kind: Literal["misfit"] = "misfit"
    unit: Literal["squared"] = "squared"
    needs: ClassVar[tuple[str, ...]] = ("misfit",)
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.CONVEX,
        given.FROZEN,
        given.PROJECTION,
        given.POPULATION,
        given.REALIZABLE,
    )
    world: ClassVar[str | None] = "linear-misfit"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the misfit."""
        return distance(at, "misfit")


@register(paper="2405.15116")
class MisfitFiniteSample(Theory):
    """The gain is the misfit less what fitting finitely many weak labels adds to it, and to the student's risk.

    For least squares on `N` Gaussian inputs in `d` dimensions the cross term is on average the share `d / (N - 1)` of
    the misfit, below 0, so that the gain is `M (1 - 2 d / (N - 1))`.
    """

    kind: Literal["misfit-finite-sample"] = "misfit-finite-sample"
    unit: Literal["squared"] = "squared"
    needs: ClassVar[tuple[str, ...]] = ("misfit", "d_strong", "n_transfer")
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.LEAST_SQUARES_STUDENT,
        given.FROZEN,
        given.PROJECTION,
        given.SAME_INPUTS,
        given.REALIZABLE_FINITE,
    )
    world: ClassVar[str | None] = "intrinsic-dimension"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the misfit less twice its sampling share."""
        n, d = at["n_transfer"], at["d_strong"]
        if not 0 < d < n - 1:
            raise Inapplicable(f"needs more training inputs than dimensions plus 1, got {n:g} for {d:g}")
        return distance(at, "misfit") * (1 - 2 * given.finite_share(at.__getitem__))


@register(paper="2405.15116")
class MisfitBound(Theory):
    """The least gain of a projection onto a convex class that misses the truth by `eps`; what it says is a bound."""

    kind: Literal["misfit-bound"] = "misfit-bound"
    unit: Literal["squared"] = "squared"
    says: ClassVar[Literal["value", "at least", "at most"]] = "at least"
    needs: ClassVar[tuple[str, ...]] = ("weak_squared", "misfit")
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.CONVEX,
        given.FROZEN,
        given.PROJECTION,
        given.POPULATION,
        assumed(
            "eps is large enough",
            "The best function of the student's class has squared risk eps at most, label noise included.",
            "it takes the truth to know the best function's risk",
        ),
    )
    eps: float = Field(0.0, ge=0, description="squared risk of the best function of the student's class")

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the supervisor's risk less the bound of the student's."""
        weak = distance(at, "weak_squared")
        return weak - risk_after_misfit(weak, distance(at, "misfit"), self.eps)


@register()
class MisfitCrossTerm(Theory):
    """The misfit plus twice the cross term on audited labels: an identity, without hypotheses."""

    kind: Literal["misfit-cross-term"] = "misfit-cross-term"
    unit: Literal["squared"] = "squared"
    needs: ClassVar[tuple[str, ...]] = ("misfit", "audit_cross")

    def formula(self, at: Mapping[str, float]) -> float:
        """Return misfit plus twice the cross term."""
        return distance(at, "misfit") + 2 * at["audit_cross"]
