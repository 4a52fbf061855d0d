"""Misfit theories in cross-entropy: which direction of KL says something of which risk.

Mulgund and Pabbaraju (arXiv 2501.19105) prove it for Bregman projections onto classes that are convex as sets of
probability vectors; for cross-entropy that is the reverse KL(student || supervisor). A logit-linear student trained by
plain cross-entropy is no such projection; it satisfies an identity in the reversed risk instead.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from w2sg.core import Hypothesis, InfoSet, Observables, Quantity, Theory, register
from w2sg.theory import hypotheses as given
from w2sg.theory.judging import LEVEL, CheckResult, assumed, checked, p_above
from w2sg.theory.predictors.misfit import distance

_LOGIT_TRUTH = assumed(
    "truth is logit-linear",
    "The true log-probabilities are linear in the student's features, up to normalisation.",
    "it takes the truth to know its log-probabilities",
)


def _inequality(seen: Observables) -> CheckResult:
    gain, misfit = seen["audit_gain_kl"], seen["misfit_reverse_kl"]
    # The theorem is an inequality: labels can refute it, and no number of them shows that it is tight.
    slack = gain.value - misfit.value
    se = (gain.se**2 + misfit.se**2) ** 0.5
    p = p_above(Quantity(-slack, se, gain.n, "misfit less gain"), 0.0)
    why = f"audited gain {gain}, misfit {misfit}: not less if it holds"
    return CheckResult("violated" if p < LEVEL else "untestable", why, slack, p)


_PRIMAL_TRUTH = checked(
    "truth is in the class",
    "Some function of the student's class is the truth, so that the gain is no less than the misfit.",
    _inequality,
    InfoSet.S1,
    ("audit_gain_kl", "misfit_reverse_kl"),
)


@register(paper="2501.19105")
class MisfitKl(Theory):
    """The gain in the reversed risk KL(model || truth) is the forward misfit KL(supervisor || student).

    An identity for a logit-linear student that minimises cross-entropy to soft labels, with a logit-linear truth: the
    first-order condition `E[(p_w - p_s) h'] = 0` makes `E KL(w || t) = E KL(w || s) + E KL(s || t)`. It says nothing of
    the usual risk KL(truth || model), and where the truth is a class the reversed risk is infinite.
    """

    kind: Literal["misfit-kl"] = "misfit-kl"
    unit: Literal["reverse_kl"] = "reverse_kl"
    needs: ClassVar[tuple[str, ...]] = ("misfit_kl",)
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.LOGIT_LINEAR,
        given.CROSS_ENTROPY,
        given.SOFT_LABELS,
        given.PROJECTION,
        given.POPULATION,
        _LOGIT_TRUTH,
    )
    world: ClassVar[str | None] = "misfit-toy"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the forward misfit."""
        return distance(at, "misfit_kl")


@register(paper="2501.19105")
class MisfitReverseKl(Theory):
    """The gain in cross-entropy is the reverse misfit KL(student || supervisor), as if the inequality were tight.

    For students that minimise it over a class convex in the probabilities; the theorem (arXiv 2501.19105) bounds the
    gain from below.
    """

    kind: Literal["misfit-reverse-kl"] = "misfit-reverse-kl"
    unit: Literal["kl"] = "kl"
    needs: ClassVar[tuple[str, ...]] = ("misfit_reverse_kl",)
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.CONVEX,
        given.REVERSE_KL,
        given.FROZEN,
        given.CONVERGED,
        given.SOFT_LABELS,
        given.POPULATION,
        _PRIMAL_TRUTH,
    )
    world: ClassVar[str | None] = "misfit-toy"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the reverse misfit."""
        return distance(at, "misfit_reverse_kl")
