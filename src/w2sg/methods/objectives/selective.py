"""Objectives that leave examples out as training goes on.

An example that is left out has the student's own probabilities for its target: its pull is exactly 0.
"""

from typing import Literal

from array_api_compat import array_namespace
from pydantic import Field

from w2sg.core import register
from w2sg.methods.objectives.base import Array, RampedObjective, TargetObjective


@register()
class Window(TargetObjective):
    """Learn only from examples on which the student itself is not yet sure.

    EleutherAI's window loss: an example counts while `max f < 1/2 + radius`. For `k` classes, while the confidence
    above chance `(max f - 1/k) / (1 - 1/k)` is below `2 radius`, which is the same for two. `midweak` takes for the
    radius the median of the weak labels' own distance from chance, `|w - 1/2|`.
    """

    kind: Literal["window"] = "window"
    radius: float | Literal["midweak"] = Field(0.15, description="half-width of the window, or 'midweak'")

    @property
    def moving(self) -> bool:
        """Which examples count depends on the student."""
        return True

    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return the weak label inside the window, the student's probabilities outside."""
        xp = array_namespace(weak, log_student)
        student = xp.exp(log_student)
        sure = _above_chance(student)
        if isinstance(self.radius, str):
            # The median as the mean of the two middle values: the array-API standard has none of its own.
            ordered, n = xp.sort(_above_chance(weak), axis=-1), weak.shape[-2]
            width = (ordered[..., (n - 1) // 2] + ordered[..., n // 2])[..., None] / 2
        else:
            width = 2 * self.radius
        return xp.where((sure < width)[..., None], weak, student)


@register(paper="1804.06872")
class SmallLoss(RampedObjective):
    """Learn only from the examples whose weak label the student finds least surprising.

    The small-loss rule of co-teaching (Han et al., arXiv:1804.06872, algorithm 1) with one network: the share left out
    grows linearly to `noise` over the first `ramp` of training. Unlike co-teaching no second network does the choosing.
    """

    kind: Literal["small-loss"] = "small-loss"
    noise: float = Field(0.2, ge=0, lt=1, description="share of the examples left out at the end: the assumed noise")

    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return the weak label of the small-loss examples, the student's probabilities for the others."""
        xp = array_namespace(weak, log_student)
        n = weak.shape[-2]
        n_kept = n - round(n * self.noise * self.grown(progress))
        loss = -xp.sum(weak * log_student, axis=-1)
        # The cut is the largest loss that is kept; examples at the very cut stay, so ties are never decided by their
        # order.
        largest = xp.sort(loss, axis=-1)[..., n_kept - 1][..., None]
        return xp.where((loss <= largest)[..., None], weak, xp.exp(log_student))


def _above_chance(probabilities: Array) -> Array:
    """Return `(max p - 1/k) / (1 - 1/k)`, `(..., n)`."""
    xp = array_namespace(probabilities)
    k = probabilities.shape[-1]
    return (xp.max(probabilities, axis=-1) - 1 / k) / (1 - 1 / k)
