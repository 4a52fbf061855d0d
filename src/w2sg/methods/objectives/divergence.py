"""Divergences between the weak labels and the student, in place of cross-entropy."""

from typing import Literal

from array_api_compat import array_namespace
from pydantic import Field

from w2sg.core import Objective, register
from w2sg.methods.objectives.base import Array, log_softmax

SMOOTH = 0.05
"""Where total variation is rounded off: at a kink a step jumps, and the last bits of a number decide which way."""


@register(paper="2502.11107")
class Divergence(Objective):
    """A divergence between weak labels `w` and the student's probabilities `f`.

    | name | loss of an example |
    |---|---|
    | forward-kl | `sum w log(w / f)`: the gradient of cross-entropy |
    | reverse-kl | `sum f log(f / w)` (arXiv:2502.11107): seeks a mode of the weak label, not its spread |
    | jensen-shannon | `(KL(w || m) + KL(f || m)) / 2`, `m = (w + f) / 2` |
    | hellinger | `1 - sum sqrt(w f)` |
    | total-variation | `sum |f - w| / 2`, with `|x|` rounded off to `sqrt(x^2 + 0.05^2) - 0.05` |

    The last four are f-divergences as arXiv:2506.03109 studies them for weak-to-strong training. Weak labels are mixed
    with the uniform distribution, `(1 - floor) w + floor / k`, so that no divergence is infinite.
    """

    kind: Literal["divergence"] = "divergence"
    divergence: Literal["forward-kl", "reverse-kl", "jensen-shannon", "hellinger", "total-variation"] = Field(
        "reverse-kl", description="which divergence"
    )
    floor: float = Field(0.01, gt=0, lt=1, description="weight of the uniform distribution in the weak labels")

    @property
    def loss(self) -> str:
        """The divergence."""
        return self.divergence

    @property
    def curvature(self) -> float:
        """How much steeper than cross-entropy the loss may curve: `log(f / w)` grows as `w` falls."""
        return {"reverse-kl": 8.0, "total-variation": 4.0}.get(self.divergence, 2.0)

    def value(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return the divergence of each example in nats (or its own unit), `(..., n)`."""
        xp = array_namespace(weak, logits)
        w, log_f = self._floored(weak), log_softmax(logits)
        f = xp.exp(log_f)
        if self.divergence == "forward-kl":
            terms = w * (xp.log(w) - log_f)
        elif self.divergence == "reverse-kl":
            terms = f * (log_f - xp.log(w))
        elif self.divergence == "jensen-shannon":
            log_m = xp.log((w + f) / 2)
            terms = (w * (xp.log(w) - log_m) + f * (log_f - log_m)) / 2
        elif self.divergence == "hellinger":
            terms = (w + f) / 2 - xp.sqrt(w) * xp.exp(log_f / 2)
        else:
            terms = (xp.sqrt((f - w) ** 2 + SMOOTH**2) - SMOOTH) / 2
        return xp.sum(terms, axis=-1)

    def gradient(self, weak: Array, logits: Array, progress: float) -> Array:
        """Return the gradient with respect to the logits, `(..., n, k)`.

        With `s = f * d loss / d f`, class by class, it is `s - f sum(s)`.
        """
        xp = array_namespace(weak, logits)
        w, log_f = self._floored(weak), log_softmax(logits)
        f = xp.exp(log_f)
        if self.divergence == "forward-kl":
            slope = -w
        elif self.divergence == "reverse-kl":
            slope = f * (log_f - xp.log(w))
        elif self.divergence == "jensen-shannon":
            slope = f * (log_f - xp.log((w + f) / 2)) / 2
        elif self.divergence == "hellinger":
            slope = -xp.sqrt(w) * xp.exp(log_f / 2) / 2
        else:
            slope = f * (f - w) / (2 * xp.sqrt((f - w) ** 2 + SMOOTH**2))
        # The softmax's Jacobian is `diag(f) - f f'`; the slope already holds the factor f, which spares a division
        # where f is 0.
        return slope - f * xp.sum(slope, axis=-1, keepdims=True)

    def _floored(self, weak: Array) -> Array:
        return (1 - self.floor) * weak + self.floor / weak.shape[-1]
