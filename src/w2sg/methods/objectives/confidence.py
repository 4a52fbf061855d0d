"""The confidence auxiliary loss of Burns et al. (arXiv:2312.09390, appendix A), for any number of classes."""

from typing import Literal

from array_api_compat import array_namespace
from pydantic import Field

from w2sg.core import InputError, register
from w2sg.methods.objectives.base import TIE, Array, RampedObjective, harden


@register(paper="2312.09390")
class Confidence(RampedObjective):
    """Cross-entropy to `(1 - a) weak + a harden(student)`: the student is pulled toward its own confident answers.

    The weight `a` grows linearly from 0 to `weight` over the first `ramp` of training. `harden` compares each class's
    probability with a threshold chosen on the batch such that the class wins on the share of examples that the weak
    labels give it; with two balanced classes this is the paper's threshold, above which exactly half the batch lies.
    Where the student is undecided the weak label's class wins.
    """

    kind: Literal["confidence"] = "confidence"
    weight: float = Field(0.5, ge=0, le=1, description="largest weight of the student's own answers")
    shares: tuple[float, ...] = Field((), description="class shares that are known, for those of the weak labels")
    threshold: Literal["balanced", "argmax"] = Field("balanced", description="how the student's answers are hardened")

    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return the mixture of weak labels and the student's hardened answers."""
        a = self.weight * self.grown(progress)
        if a == 0:
            return weak
        xp = array_namespace(weak, log_student)
        student = xp.exp(log_student)
        if self.threshold == "balanced":
            # Classes compare by how far each is above its own threshold.
            student = student - balanced_thresholds(student, self._shares(weak))
        return (1 - a) * weak + a * harden(student + TIE * weak, weak)

    def _shares(self, weak: Array) -> Array:
        """Return how often each class is to win, `(..., 1, k)`."""
        xp = array_namespace(weak)
        if not self.shares:
            return xp.mean(weak, axis=-2, keepdims=True)
        if len(self.shares) != weak.shape[-1]:
            raise InputError(f"shares must be one for each of {weak.shape[-1]} classes, got {len(self.shares)}")
        known = xp.asarray(self.shares, dtype=weak.dtype)
        return xp.zeros_like(xp.mean(weak, axis=-2, keepdims=True)) + known


def balanced_thresholds(student: Array, share: Array) -> Array:
    """Return thresholds `(..., 1, k)` above which each class's probability lies on `share` `(..., 1, k)` of the batch.

    The threshold of a class lies midway between the two order statistics of its probability over the batch that
    separate the `round(n * share)` highest from the rest.
    """
    xp = array_namespace(student, share)
    n = student.shape[-2]
    ordered = xp.sort(student, axis=-2)
    # Without a threshold of its own a class that the student underrates would win nowhere, and hardening would feed a
    # collapse to the others.
    below = xp.clip(n - xp.astype(xp.round(n * share), xp.int64), 0, n)
    lower = xp.take_along_axis(ordered, xp.clip(below - 1, 0, n - 1), axis=-2)
    upper = xp.take_along_axis(ordered, xp.clip(below, 0, n - 1), axis=-2)
    return (lower + upper) / 2
