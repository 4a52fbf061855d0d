"""Objectives that pull the student toward a target distribution, and the few array functions they share."""

from abc import abstractmethod
from typing import Any, final

from array_api_compat import array_namespace, device

from w2sg.core import Objective

Array = Any
"""An array of any library that follows the array-API standard."""


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


class TargetObjective(Objective):
    """Cross-entropy to a target `q(weak, student, progress)` that is held fixed inside the gradient.

    Loss `-sum_c q_c log f_c` for the student's probabilities `f`; its gradient with respect to the logits is `f - q`.
    """

    @abstractmethod
    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return target distributions `(..., n, k)` from weak labels and the student's log-probabilities."""

    @final
    def value(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return the cross-entropy of each example in nats, `(..., n)`."""
        xp = array_namespace(weak, logits)
        log_student = log_softmax(logits)
        return -xp.sum(self.target(weak, log_student, progress) * log_student, axis=-1)

    @final
    def gradient(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return the gradient with respect to the logits, `(..., n, k)`."""
        xp = array_namespace(weak, logits)
        log_student = log_softmax(logits)
        return xp.exp(log_student) - self.target(weak, log_student, progress)
