"""Losses made for noisy labels: the baselines of the label-noise literature."""

from typing import ClassVar, Literal

from array_api_compat import array_namespace
from pydantic import Field

from w2sg.core import Objective, register
from w2sg.methods.objectives.base import Array, TargetObjective, log_softmax, taught


@register(paper="1512.00567")
class LabelSmoothing(TargetObjective):
    """Cross-entropy to `(1 - smoothing) weak + smoothing / k` (Szegedy et al., arXiv:1512.00567, section 7)."""

    kind: Literal["label-smoothing"] = "label-smoothing"
    smoothing: float = Field(0.1, ge=0, le=1, description="weight of the uniform distribution")

    def target(self, weak: Array, log_student: Array, progress: float) -> Array:
        """Return the smoothed weak labels."""
        return (1 - self.smoothing) * weak + self.smoothing / weak.shape[-1]


class OfNamedClasses(Objective):
    """A loss whose paper knows one class for each example; `labels = "soft"` carries it on to distributions."""

    labels: Literal["hard", "soft"] = Field("hard", description="most likely class of each weak label, or all of it")

    @property
    def hard_labels(self) -> bool:
        """Whether `labels` is `hard`."""
        return self.labels == "hard"


@register(paper="1805.07836")
class GeneralizedCrossEntropy(OfNamedClasses):
    """`(1 - f_y^q) / q` for the named class `y`: between cross-entropy (q -> 0) and absolute error (q = 1).

    Zhang and Sabuncu, arXiv:1805.07836, equation 6, with its default q = 0.7. With soft labels `w` it is the mean
    `sum_c w_c (1 - f_c^q) / q`, which is ours.
    """

    version: ClassVar[int] = 2
    kind: Literal["generalized-cross-entropy"] = "generalized-cross-entropy"
    q: float = Field(0.7, gt=0, le=1, description="0 is near cross-entropy, 1 is the absolute error")

    @property
    def curvature(self) -> float:
        """`f^q` curves up to `1 + q` times as much as cross-entropy."""
        return 1.0 + self.q

    def value(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return the loss of each example, `(..., n)`."""
        xp = array_namespace(weak, logits)
        w = taught(weak, self.labels)
        return xp.sum(w * (1 - xp.exp(self.q * log_softmax(logits))), axis=-1) / self.q

    def gradient(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return `f sum(w f^q) - w f^q`, `(..., n, k)`."""
        xp = array_namespace(weak, logits)
        log_f = log_softmax(logits)
        pull = taught(weak, self.labels) * xp.exp(self.q * log_f)
        return xp.exp(log_f) * xp.sum(pull, axis=-1, keepdims=True) - pull


@register(paper="1908.06112")
class SymmetricCrossEntropy(OfNamedClasses):
    """`alpha CE(w, f) + beta RCE`, with `RCE = -sum f log w` and `log 0` set to `log_zero`.

    Wang et al., arXiv:1908.06112, equations 7 and 8, where `w` is one-hot, so that `RCE = -log_zero (1 - f_y)`. Their
    log-zero is -4; alpha and beta are those of CIFAR-10. With soft labels `log w` is cut off at `log_zero`, which is
    ours.
    """

    version: ClassVar[int] = 2
    kind: Literal["symmetric-cross-entropy"] = "symmetric-cross-entropy"
    alpha: float = Field(0.1, ge=0, description="weight of cross-entropy")
    beta: float = Field(1.0, ge=0, description="weight of reverse cross-entropy")
    log_zero: float = Field(-4.0, lt=0, description="smallest logarithm of a weak probability")

    @property
    def curvature(self) -> float:
        """Cross-entropy's share, and reverse cross-entropy's: linear in `f` with slopes up to `-log_zero`."""
        return max(1.0, self.alpha - self.beta * self.log_zero)

    def value(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return the loss of each example in nats, `(..., n)`."""
        xp = array_namespace(weak, logits)
        log_f = log_softmax(logits)
        w = taught(weak, self.labels)
        return -xp.sum(self.alpha * w * log_f + self.beta * xp.exp(log_f) * self._log(w), axis=-1)

    def gradient(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return the gradient with respect to the logits, `(..., n, k)`."""
        xp = array_namespace(weak, logits)
        w, f = taught(weak, self.labels), xp.exp(log_softmax(logits))
        slope = -self.beta * f * self._log(w)
        # Rows of weights need not sum to exactly 1 in float32, and the gradient is to be the exact slope of the value.
        total = xp.sum(w, axis=-1, keepdims=True)
        return self.alpha * (f * total - w) + slope - f * xp.sum(slope, axis=-1, keepdims=True)

    def _log(self, weak: Array) -> Array:
        xp = array_namespace(weak)
        smallest = 2.718281828459045**self.log_zero
        return xp.log(xp.clip(weak, smallest, 1.0))
