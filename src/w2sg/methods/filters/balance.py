"""Weak labels over their class shares."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, Student, WeakView, one_hot, register
from w2sg.methods.parts import Course, Relabeling

LEAST = 1e-4
"""Probabilities and shares are not taken below this: a class that is hardly named must not win by division."""


def over_shares(labels: FloatArray, shares: FloatArray, power: float = 1.0) -> FloatArray:
    """Return `w_c / shares_c^power`, `(n, k)`, with rows made to sum to 1.

    >>> over_shares(np.array([[0.8, 0.2], [0.8, 0.2]]), np.array([0.8, 0.2]))
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    found = np.maximum(labels, LEAST) / np.maximum(shares, LEAST) ** power
    return np.asarray(found / found.sum(axis=1, keepdims=True))


@register()
class BalancedLabels(Relabeling):
    """Weak labels `w_c / (mean w_c)^power`: how much more likely than usual the supervisor finds each class.

    A supervisor that knows little names the majority wherever it is not sure, and a penalised student is shrunk to the
    shares of its labels once more. Division takes the shares off before classes are named. It is logit adjustment
    (Menon et al., arXiv:2007.07314) on labels in place of a model's logits. Below a power of 1 an example of which the
    supervisor says nothing, whose label is the shares, keeps the majority's name. It costs accuracy where the shares
    of soft weak labels are far from the truth, and much less where labels are hardened.
    """

    kind: Literal["balanced"] = "balanced"
    power: float = Field(0.75, ge=0, le=2, description="0 leaves labels as they are, 1 takes the shares off once")
    labels: Literal["hard", "soft"] = Field("hard", description="the class that wins, or the divided probabilities")

    def relabel(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return the divided labels."""
        yield from ()
        weak = view.transfer.weak.probabilities.astype(np.float64)
        found = over_shares(weak, weak.mean(axis=0), self.power)
        return one_hot(found.argmax(axis=1), found.shape[1]) if self.labels == "hard" else found.astype(np.float32)
