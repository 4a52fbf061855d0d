"""The weak label and the student's own answer as two views of one truth."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, Student, WeakView, register
from w2sg.methods.filters.balance import LEAST, over_shares
from w2sg.methods.filters.shared import out_of_fold
from w2sg.methods.parts import Course, Relabeling


def combined(first: FloatArray, second: FloatArray, shares: FloatArray) -> FloatArray:
    """Return `first second / shares`, `(n, k)`, with rows made to sum to 1.

    This is what Bayes' rule makes of two posteriors `(n, k)` that share the prior `shares` `(k,)` and are independent
    given the class.

    >>> combined(np.array([[0.8, 0.2]]), np.array([[0.5, 0.5]]), np.array([0.8, 0.2]))
    array([[0.5, 0.5]])
    """
    # Neither view may rule a class out alone.
    joint = over_shares(first, shares) * np.maximum(second, LEAST)
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


@register()
class TwoViews(Relabeling):
    """Weak label times what students not trained on it say, over the class shares.

    The idea of co-training (Blum and Mitchell 1998), where the view of the supervisor is closed and cannot be trained
    again: its label `w` is one posterior, the out-of-fold answer `f` of students on the strong view the other, and the
    new label is `w f / mean w`, their product under conditional independence. Where students are sure the label
    follows them, where they are not it stays. The division takes the majority's advantage off, which helps students
    that are shrunk to it and costs accuracy where the weak class shares are wrong.
    """

    kind: Literal["two-views"] = "two-views"
    folds: int = Field(5, ge=1, description="parts to deal the examples into; 1 answers in sample")

    def relabel(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Train a student for each fold and return the combined labels."""
        weak = view.transfer.weak.probabilities.astype(np.float64)
        said = yield from out_of_fold(view, student, self.folds, rng)
        return combined(weak, said.astype(np.float64), weak.mean(axis=0)).astype(np.float32)
