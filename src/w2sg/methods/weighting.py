"""A chain that learns, beside the student, how much each supervisor of a panel is worth."""

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, Student, Training, WeakSplit, WeakView, register
from w2sg.methods.parts import Chain, Stage
from w2sg.methods.views import taken, with_probabilities

LEAST_WEIGHT = 1e-6
"""No supervisor is silenced for good; the released code's number."""
LEAST = 1e-4
"""The student's probabilities are not taken below this, so that one sure answer does not decide alone."""


def reweighted(weights: FloatArray, members: FloatArray, said: FloatArray, rate: float) -> FloatArray:
    """Return the weights `(s,)` after one step down the student's loss on the weighted labels.

    The loss is `-mean_i sum_c (sum_j v_j w_jic) log f_ic`; a weight's slope is the loss on that supervisor alone. Then
    weights are cut at `LEAST_WEIGHT` and made to sum to 1.

    Args:
        weights: The weights `v`, `(s,)`.
        members: The supervisors' labels `w`, `(s, n, k)`.
        said: The student's probabilities `f`, `(n, k)`.
        rate: The length of the step.
    """
    slope = -(members * np.log(np.maximum(said, LEAST))).sum(axis=2).mean(axis=1)
    moved = np.maximum(weights - rate * slope, LEAST_WEIGHT)
    return np.asarray(moved / moved.sum())


@register(paper="2510.21332")
class AdaptiveWeights(Chain):
    """Learn weights of a panel's supervisors together with the student, first where they all agree.

    RAVEN (Jeon et al., arXiv:2510.21332): labels are `sum_j v_j w_j` with weights `v` that descend the same loss as the
    student, cut above 0 and made to sum to 1; in a first phase only examples count on which all supervisors name one
    class. There one step of the weights goes with each batch of one training; here they alternate: a student is
    trained to its end, the weights take one step of `rate`, and a fresh student is trained on the new labels. Where no
    example has everybody's agreement, the first student learns from all.
    """

    kind: Literal["adaptive-weights"] = "adaptive-weights"
    rounds: int = Field(3, ge=1, description="how often the weights take a step, and a student is trained on them")
    rate: float = Field(0.3, gt=0, description="length of a step of the weights, per nat of the loss")

    @property
    def needs(self) -> frozenset[str]:
        """The labels of each supervisor."""
        return frozenset({"members"})

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train where all agree, then on all with weights learned from the student before."""
        members = view.transfer.weak.members
        assert members is not None  # a composition refuses a view without what its parts need
        weights = np.full(len(members), 1 / len(members))
        named = members.argmax(axis=2)
        agreed = np.flatnonzero((named == named[0]).all(axis=0))
        everyone = weighted(view, weights)
        trained = yield from stage(taken(everyone, agreed) if len(agreed) else everyone, student, rng)
        for _ in range(self.rounds):
            said = trained.predict_proba(view.transfer.inputs).astype(np.float64)
            weights = reweighted(weights, members.astype(np.float64), said, self.rate)
            trained = yield from stage(weighted(view, weights), student, rng)
        return trained


def weighted(view: WeakView, weights: FloatArray) -> WeakView:
    """Return the view with the weighted mean of the supervisors' labels, `(s,)` weights that sum to 1."""

    def mixed(split: WeakSplit) -> WeakSplit:
        members = split.weak.members
        if members is None:
            return split
        return with_probabilities(split, np.tensordot(weights, members, axes=1).astype(np.float32))

    held = None if view.validation is None else mixed(view.validation)
    return replace(view, transfer=mixed(view.transfer), validation=held)
