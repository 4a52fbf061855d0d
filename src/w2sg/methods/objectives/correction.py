"""Losses corrected by how often the supervisor takes one class for another."""

from typing import Literal

import numpy as np
from array_api_compat import array_namespace, device
from pydantic import Field

from w2sg.core import CapabilityError, FloatArray, InformationTier, InputError, WeakView, register
from w2sg.methods.objectives.base import Array, log_softmax, taught
from w2sg.methods.objectives.label_noise import OfNamedClasses

LEAST_DETERMINANT = 1e-6
"""A transition matrix whose determinant is smaller is not inverted: labels would weigh by the million."""


@register(paper="1609.03683")
class Correction(OfNamedClasses):
    """Cross-entropy corrected by `T`, with `T_cy` the probability that the supervisor names `y` where the truth is `c`.

    Patrini et al., arXiv:1609.03683. `forward` (theorem 2) is `-log (T' f)_y`: the student's probabilities go through
    the supervisor's errors before they are compared with its label. `backward` (theorem 1) is `(T^-1 l)_y` for the
    losses `l_c = -log f_c`: in the mean over the supervisor's errors it is the loss on the truth, but single losses
    may be negative. There `T` is estimated from the most confident noisy labels; here it is the confusion of the
    supervisor on what it did not learn from, with one example more for each class, rightly named.
    """

    kind: Literal["correction"] = "correction"
    direction: Literal["forward", "backward"] = Field("forward", description="which way through the errors")
    confusion: tuple[tuple[float, ...], ...] = Field(
        (),
        description="examples of each class (row) by the name they got (column); left out, it is cross-fitted",
    )
    folds: int = Field(5, ge=2, description="parts of the supervision split by which the supervisor is cross-fitted")

    @property
    def loss(self) -> str:
        """The direction."""
        return f"{self.direction}-correction"

    @property
    def tier(self) -> InformationTier:
        """The confusion is an aggregate of the supervision split, unless it is given."""
        return InformationTier.WEAK_LABELS if self.confusion else InformationTier.AGGREGATES

    @property
    def rehearsals(self) -> int:
        """The folds, unless the confusion is given."""
        return 0 if self.confusion else self.folds

    def knowing(self, view: WeakView) -> "Correction":
        """Return the objective with the confusion that the view tells of.

        Raises:
            CapabilityError: If the view tells of none.
        """
        if self.confusion:
            return self
        told = None if view.aggregates is None else view.aggregates.confusion
        if told is None:
            raise CapabilityError("objective 'correction' needs the supervisor's confusion, and the view tells of none")
        return self.model_copy(update={"confusion": tuple(map(tuple, told.astype(float).tolist()))})

    def value(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return the loss of each example in nats, `(..., n)`."""
        xp = array_namespace(weak, logits)
        w, log_f = taught(weak, self.labels), log_softmax(logits)
        if self.direction == "backward":
            return -xp.sum(self._unmixed(w) * log_f, axis=-1)
        return -xp.sum(w * self._log_named(log_f)[1], axis=-1)

    def gradient(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return the gradient with respect to the logits, `(..., n, k)`.

        Backward it is `f sum(v) - v` for `v = w T^-1`. Forward it is `f sum(w) - sum_y w_y q_y`, with `q_y` the
        probability of each true class once `y` is named.
        """
        xp = array_namespace(weak, logits)
        w, log_f = taught(weak, self.labels), log_softmax(logits)
        if self.direction == "backward":
            target = self._unmixed(w)
        else:
            joint, log_named = self._log_named(log_f)
            target = xp.sum(w[..., None, :] * xp.exp(joint - log_named[..., None, :]), axis=-1)
        return xp.exp(log_f) * xp.sum(target, axis=-1, keepdims=True) - target

    def transition(self, k: int) -> FloatArray:
        """Return `T`, `(k, k)`: rows are true classes, columns named ones, and rows sum to 1.

        Raises:
            InputError: If the confusion is not of `k` classes.
        """
        counts = np.array(self.confusion or np.zeros((k, k)), dtype=np.float64)
        if counts.shape != (k, k) or (counts < 0).any():
            raise InputError(f"confusion must be {k} rows of {k} numbers of at least 0, got shape {counts.shape}")
        # Without the example more, a class that the split has none of would have no row, and no inverse would exist.
        counts = counts + np.eye(k)
        return np.asarray(counts / counts.sum(axis=1, keepdims=True))

    def _unmixed(self, w: Array) -> Array:
        """Return `w T^-1`, `(..., n, k)`."""
        xp = array_namespace(w)
        mixed = self.transition(w.shape[-1])
        if abs(np.linalg.det(mixed)) < LEAST_DETERMINANT:
            raise CapabilityError(
                "the supervisor names classes so much alike that its errors cannot be undone: choose "
                "direction 'forward'"
            )
        return w @ xp.asarray(np.linalg.inv(mixed).tolist(), dtype=w.dtype, device=device(w))

    def _log_named(self, log_f: Array) -> tuple[Array, Array]:
        """Return `log f_c T_cy`, `(..., n, k, k)`, and its log-sum over `c`, how likely each name is, `(..., n, k)`."""
        xp = array_namespace(log_f)
        with np.errstate(divide="ignore"):
            logs = np.log(self.transition(log_f.shape[-1]))
        # In logarithms: where the student is sure, and the supervisor never errs so, products underflow.
        joint = log_f[..., :, None] + xp.asarray(logs.tolist(), dtype=log_f.dtype, device=device(log_f))
        top = xp.max(joint, axis=-2, keepdims=True)
        return joint, xp.squeeze(top + xp.log(xp.sum(xp.exp(joint - top), axis=-2, keepdims=True)), axis=-2)
