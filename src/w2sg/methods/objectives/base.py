"""Objectives that pull the student toward a target distribution, and the few array functions they share."""

from abc import abstractmethod
from typing import Any, final

from array_api_compat import array_namespace, device
from pydantic import Field

from w2sg.core import Objective

Array = Any
"""An array of any library that follows the array-API standard."""

TIE = 1e-6
"""Weight of the weak label where the student's answer is hardened: it decides only where the student is undecided."""


def log_softmax(logits: Array) -> Array:
    """Return the log of the softmax over the last axis."""
    xp = array_namespace(logits)
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))


def harden(scores: Array, like: Array) -> Array:
    """Return one-hot rows at the largest score (the first, on ties), in the dtype of `like`."""
    xp = array_namespace(scores, like)
    classes = xp.arange(scores.shape[-1], device=device(scores))
    return xp.astype(xp.argmax(scores, axis=-1)[..., None] == classes, like.dtype)


def taught(weak: Array, labels: str) -> Array:
    """Return the weak labels as they are (`soft`), or the most likely class of each (`hard`)."""
    return weak if labels == "soft" else harden(weak, weak)


class TargetObjective(Objective):
    """Cross-entropy to a target `q(weak, student, progress)` that is held fixed inside the gradient.

    Loss `-sum_c q_c log f_c` for the student's probabilities `f`; its gradient with respect to the logits is `f - q`.
    Examples that do not count have loss and gradient 0.
    """

    @abstractmethod
    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return target distributions `(..., n, k)` from weak labels and the student's log-probabilities."""

    def counts(self, weak: Array, log_student: Array, progress: float) -> Array | None:
        """Return which examples are learned from, true or false, `(..., n)`; None is all of them."""
        return None

    @final
    def value(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return the cross-entropy of each example in nats, `(..., n)`."""
        return self._value(*self._aimed(weak, logits, progress))

    @final
    def gradient(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return the gradient with respect to the logits, `(..., n, k)`."""
        return self._gradient(*self._aimed(weak, logits, progress))

    @final
    def value_and_gradient(self, weak: Array, logits: Array, progress: float) -> tuple[Array, Array]:
        """Return both, which share the target."""
        aimed = self._aimed(weak, logits, progress)
        return self._value(*aimed), self._gradient(*aimed)

    def _aimed(self, weak: Array, logits: Array, progress: float) -> tuple[Array, Array, Array | None]:
        log_student = log_softmax(logits)
        return log_student, self.target(weak, log_student, progress), self.counts(weak, log_student, progress)

    def _value(self, log_student: Array, target: Array, counts: Array | None) -> Array:
        xp = array_namespace(log_student)
        loss = -xp.sum(target * log_student, axis=-1)
        return loss if counts is None else xp.where(counts, loss, xp.zeros_like(loss))

    def _gradient(self, log_student: Array, target: Array, counts: Array | None) -> Array:
        xp = array_namespace(log_student)
        # The target is held fixed: the gradient through it would push the student to make its own target easy.
        pull = xp.exp(log_student) - target
        return pull if counts is None else xp.where(counts[..., None], pull, xp.zeros_like(pull))


class RampedObjective(TargetObjective):
    """A target that holds the student's own answers, the more so as training goes on."""

    ramp: float = Field(0.2, ge=0, le=1, description="fraction of training over which it grows to its full effect")

    @property
    def moving(self) -> bool:
        """The target depends on the student."""
        return True

    @property
    def settles_at(self) -> float:
        """The end of the ramp."""
        return self.ramp

    @final
    def grown(self, progress: float) -> float:
        """Return how much of the full effect there is: 0 at the start, 1 from the end of the ramp on."""
        return min(1.0, progress / self.ramp) if self.ramp else 1.0
