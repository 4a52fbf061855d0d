"""Group shift: what the supervisor's variance becomes where labelled, unlabelled and deployment inputs differ.

Liu, Dong, Lei (arXiv 2509.24005) give limits for one model of groups; the form here holds for any second moments.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from w2sg.core import Hypothesis, Theory, register
from w2sg.theory import hypotheses as given
from w2sg.theory.judging import assumed
from w2sg.theory.predictors.misfit import distance


@register(paper="2509.24005")
class GroupShift(Theory):
    """The gain is a difference of variances on deployment inputs, from second moments of both models' features.

    With `C_AB` the second moments, `l` labelled, `u` weakly labelled, `t` deployment inputs, the supervisor's variance
    is `sigma^2 tr(C_TT(l)^-1 C_TT(t)) / n`, the student's has `A' C_SS(t) A`, `A = C_SS(u)^-1 C_ST(u)`, in the place of
    `C_TT(t)`. With the moments of the very inputs that both were trained on this is exact given them; with population
    moments it is of first order in dimension over labels, as in the paper.
    """

    kind: Literal["group-shift"] = "group-shift"
    unit: Literal["squared"] = "squared"
    needs: ClassVar[tuple[str, ...]] = ("noise", "moment_weak", "moment_student")
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.LEAST_SQUARES_SUPERVISOR,
        given.LEAST_SQUARES_STUDENT,
        given.ENOUGH_LABELS,
        given.VARIANCE_DOMINATED,
        assumed(
            "labels do not shift",
            "Given the input, the label has one distribution in all groups, and the student's features express it.",
            "deployment labels are not observed",
        ),
    )
    world: ClassVar[str | None] = "group-shift"

    def formula(self, at: Mapping[str, float]) -> float:
        """Return the difference of both variances."""
        return distance(at, "noise") * (distance(at, "moment_weak") - distance(at, "moment_student"))
