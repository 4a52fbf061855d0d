"""Early-learning regularization: what the student answered before is kept, and pulls against labels that it doubts."""

from typing import ClassVar, Literal

from array_api_compat import array_namespace
from pydantic import Field

from w2sg.core import register
from w2sg.methods.objectives.base import Array, log_softmax, taught
from w2sg.methods.objectives.label_noise import OfNamedClasses

LEAST = 1e-4
"""Probabilities are kept this far from 0 and 1, as in the released code: the logarithm is then finite."""


@register(paper="2007.00151")
class EarlyLearning(OfNamedClasses):
    """`-log f_y + weight log(1 - <f, t>)`, with `t` a running mean of the student's own answers to the example.

    Liu et al., arXiv:2007.00151, equations 6 and 9: at each look `t <- momentum t + (1 - momentum) f`, begun at 0 and
    held fixed in the gradient. A student learns what most labels say before it learns the wrong ones by heart; `t`
    remembers that, and pulls against a label that contradicts it. Weight and momentum are the released code's for
    CIFAR-10 under symmetric noise. With soft labels the first term is cross-entropy to them, which is ours.
    """

    remembers: ClassVar[bool] = True
    kind: Literal["early-learning"] = "early-learning"
    weight: float = Field(3.0, ge=0, description="lambda: how much earlier answers count")
    momentum: float = Field(0.7, ge=0, lt=1, description="beta: how slowly the running mean follows the student")

    @property
    def moving(self) -> bool:
        """The running mean is of the student's own answers."""
        return True

    @property
    def settles_at(self) -> float:
        """Never: the running mean follows the student to the end."""
        return 1.0

    @property
    def curvature(self) -> float:
        """`log(1 - <f, t>)` is a log-sum of logits, of which cross-entropy's bound holds, less another one."""
        return 1.0 + self.weight

    def remembered(self, memory: Array, logits: Array) -> Array:
        """Return the running mean after another look, `(..., n, k)`."""
        xp = array_namespace(memory, logits)
        f = xp.clip(xp.exp(log_softmax(logits)), LEAST, 1 - LEAST)
        return self.momentum * memory + (1 - self.momentum) * f / xp.sum(f, axis=-1, keepdims=True)

    def value(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return the loss of each example, `(..., n)`, from labels and memory `(..., 2, n, k)`."""
        xp = array_namespace(weak, logits)
        w, log_f = taught(weak[..., 0, :, :], self.labels), log_softmax(logits)
        likeness = xp.sum(weak[..., 1, :, :] * xp.clip(xp.exp(log_f), LEAST, 1 - LEAST), axis=-1)
        return self.weight * xp.log(1 - likeness) - xp.sum(w * log_f, axis=-1)

    def gradient(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return `f sum(w) - w - weight f (u - <f, u>)` with `u = t / (1 - <f, t>)`, `(..., n, k)`."""
        xp = array_namespace(weak, logits)
        w, f = taught(weak[..., 0, :, :], self.labels), xp.exp(log_softmax(logits))
        kept = xp.clip(f, LEAST, 1 - LEAST)
        memory = weak[..., 1, :, :]
        # What is clipped has no slope.
        slope = xp.where(kept == f, memory, xp.zeros_like(memory)) / (1 - xp.sum(memory * kept, axis=-1, keepdims=True))
        own = f * (slope - xp.sum(f * slope, axis=-1, keepdims=True))
        return f * xp.sum(w, axis=-1, keepdims=True) - w - self.weight * own
