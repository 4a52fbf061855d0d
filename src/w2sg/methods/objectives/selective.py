"""Objectives that leave examples out as training goes on: these have loss and pull 0."""

from typing import ClassVar, Literal, final

from array_api_compat import array_namespace
from pydantic import Field

from w2sg.core import register
from w2sg.methods.objectives.base import Array, RampedObjective, TargetObjective, taught


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
        """Return the weak labels."""
        return weak

    def counts(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return what is inside the window."""
        xp = array_namespace(weak, log_student)
        sure = _above_chance(xp.exp(log_student))
        if not isinstance(self.radius, str):
            return sure < 2 * self.radius
        # The median as the mean of the two middle values: the array-API standard has none of its own.
        ordered, n = xp.sort(_above_chance(weak), axis=-1), weak.shape[-2]
        return sure < (ordered[..., (n - 1) // 2] + ordered[..., n // 2])[..., None] / 2


class _SmallLosses(RampedObjective):
    """What small-loss and co-teaching share: of a batch of `n` at least `(1 - noise) n` are small, more on the ramp."""

    noise: float = Field(0.2, ge=0, lt=1, description="share of the examples left out at the end: the assumed noise")
    labels: Literal["hard", "soft"] = Field("hard", description="most likely class of each weak label, or all of it")

    @property
    def hard_labels(self) -> bool:
        """Whether `labels` is `hard`."""
        return self.labels == "hard"

    @final
    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return the weak labels, or their most likely classes."""
        return taught(weak, self.labels)

    @final
    def small(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return whose loss is among the smallest, `(..., n)`."""
        xp = array_namespace(weak, log_student)
        n = weak.shape[-2]
        # A whole number that rounding has put just below itself is still that number.
        n_kept = n - int(n * self.noise * self.grown(progress) + 1e-9)
        loss = -xp.sum(taught(weak, self.labels) * log_student, axis=-1)
        # The cut is the largest loss that is kept; examples at the very cut stay, so ties are never decided by their
        # order.
        return loss <= xp.sort(loss, axis=-1)[..., n_kept - 1][..., None]


@register(paper="1804.06872")
class SmallLoss(_SmallLosses):
    """Learn only from the examples whose weak label the student finds least surprising.

    The small-loss rule of co-teaching (Han et al., arXiv:1804.06872, algorithm 1) with one network, which chooses for
    itself: the share left out grows linearly to `noise` over the first `ramp` of training.
    """

    version: ClassVar[int] = 2
    kind: Literal["small-loss"] = "small-loss"

    def counts(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return whose loss is small."""
        return self.small(weak, log_student, progress)


@register(paper="1804.06872")
class CoTeaching(_SmallLosses):
    """Two networks on the same batches, each taught on the examples that the other finds least surprising.

    Co-teaching (Han et al., arXiv:1804.06872, algorithm 1): the share left out is `noise min(progress / ramp, 1)`, with
    the paper's 10 of 200 epochs for the ramp. Errors that one network has fitted are filtered by the other, whose
    errors are not the same. The first network is the student.
    """

    peers: ClassVar[int] = 1
    kind: Literal["co-teaching"] = "co-teaching"
    ramp: float = Field(0.05, ge=0, le=1, description="fraction of training over which the share left out grows")

    def counts(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return whose loss the other network finds small, `(..., 2, n)`."""
        xp = array_namespace(weak, log_student)
        return xp.flip(self.small(weak, log_student, progress), axis=-2)


def _above_chance(probabilities: Array) -> Array:
    """Return `(max p - 1/k) / (1 - 1/k)`, `(..., n)`."""
    xp = array_namespace(probabilities)
    k = probabilities.shape[-1]
    return (xp.max(probabilities, axis=-1) - 1 / k) / (1 - 1 / k)
