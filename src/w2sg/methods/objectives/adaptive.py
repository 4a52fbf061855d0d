"""Objectives that mix the weak label with the student's own answer: by confidence, and by its whole distribution."""

from typing import Literal

from array_api_compat import array_namespace
from pydantic import Field

from w2sg.core import register
from w2sg.methods.objectives.base import TIE, Array, RampedObjective, TargetObjective, harden

SURE = 60.0
"""Differences of losses beyond this weigh as this does: float32 holds its exponential, and the weight is 0 or 1."""


@register(paper="2402.03749")
class AdaptConf(TargetObjective):
    """The adaptive confidence loss of Guo et al. (arXiv:2402.03749), any number of classes.

    Target `(1 - a) w + a harden(f)`, with for each example `a = e^(c_s/T) / (e^(c_s/T) + e^(c_t/T))`, where `c_s` is
    the student's loss on its own answer and `c_t` its loss on the supervisor's. `a` is 1/2 where the two agree and
    falls where the student confidently disagrees: confident disagreement is pulled back to the supervisor, against what
    the confidence loss of Burns et al. does.
    """

    kind: Literal["adaptconf"] = "adaptconf"
    temperature: float = Field(0.5, gt=0, description="T: how sharply the weight follows the losses")

    @property
    def moving(self) -> bool:
        """The target holds the student's own answers."""
        return True

    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return the mixture, weighted example by example."""
        xp = array_namespace(weak, log_student)
        # Both losses are of hardened answers, so that they compare what the student thinks of two classes, not of two
        # distributions.
        own, taught = harden(xp.exp(log_student) + TIE * weak, weak), harden(weak, weak)
        loss_own = -xp.sum(own * log_student, axis=-1, keepdims=True)
        loss_taught = -xp.sum(taught * log_student, axis=-1, keepdims=True)
        a = 1 / (1 + xp.exp(xp.clip((loss_taught - loss_own) / self.temperature, -SURE, SURE)))
        return (1 - a) * weak + a * own


@register()
class Entropy(RampedObjective):
    """Cross-entropy to `(1 - a) w + a f`: the student's own probabilities, not hardened (EleutherAI's entropy loss).

    The pull is `(1 - a) (f - w)`: the weak labels' pull grows weaker along the ramp, against the penalty.
    """

    kind: Literal["entropy"] = "entropy"
    weight: float = Field(0.5, ge=0, lt=1, description="largest weight of the student's own probabilities")

    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return the mixture of weak labels and the student's probabilities."""
        xp = array_namespace(weak, log_student)
        a = self.weight * self.grown(progress)
        return (1 - a) * weak + a * xp.exp(log_student)
