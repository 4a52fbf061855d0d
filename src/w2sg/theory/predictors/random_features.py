"""Early stopping: the most a student can gain that contracts its supervisor's function, and the gain of the best case.

Medvedev, Lyu, Yu, Arora, Li, Srebro (arXiv 2503.02877); the formulas stand in `w2sg.worlds.random_features`.
Risks may be against noisy labels: noise in both the supervisor's risk and the labels' variance only raises the limit.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal, final

from w2sg.core import Hypothesis, Inapplicable, Theory, register
from w2sg.theory import hypotheses as given
from w2sg.theory.judging import assumed
from w2sg.theory.predictors.misfit import distance
from w2sg.worlds import spike_student_risk, student_floor


class _Shares(Theory):
    """A theory of the student's risk as a function of the supervisor's, both as shares of the labels' variance."""

    unit: Literal["squared"] = "squared"
    needs: ClassVar[tuple[str, ...]] = ("weak_squared", "label_variance")
    world: ClassVar[str | None] = "random-feature-limit"

    @abstractmethod
    def share(self, weak: float) -> float:
        """Return the student's share for the supervisor's."""

    @final
    def formula(self, at: Mapping[str, float]) -> float:
        """Return the supervisor's risk less the student's."""
        weak, variance = distance(at, "weak_squared"), at["label_variance"]
        # A projection never has more risk than the constant, which it contains.
        if not weak <= variance or variance <= 0:
            raise Inapplicable(
                f"the supervisor, {weak:.4g}, is worse than a constant, {variance:.4g}: it is no projection"
            )
        return weak - variance * self.share(weak / variance)


@register(paper="2503.02877")
class RandomFeatureGain(_Shares):
    """The largest gain that early stopping can give: no contraction has a risk below (1 - sqrt(1 - L))^2 V."""

    kind: Literal["random-feature-limit"] = "random-feature-limit"
    says: ClassVar[Literal["value", "at least", "at most"]] = "at most"
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (given.PROJECTED_SUPERVISOR, given.CONTRACTION)

    def share(self, weak: float) -> float:
        """Return the floor."""
        return student_floor(weak)


@register(paper="2503.02877")
class EarlyStopping(_Shares):
    """The gain of a student stopped when it has the truth's direction and no other: its risk is L^2 V."""

    kind: Literal["early-stopping"] = "early-stopping"
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        given.PROJECTED_SUPERVISOR,
        given.STOPPED,
        given.CONTRACTION,
        given.SPIKED,
        assumed(
            "truth is the first direction",
            "The truth is the student's first direction, the labels have no noise, and training stops in time.",
            "the truth's direction is not observed",
        ),
    )

    def share(self, weak: float) -> float:
        """Return the square."""
        return spike_student_risk(weak)
