"""Selections: which weak-labelled examples the student learns from."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import Student, WeakView, register
from w2sg.methods.parts import Course, Selection


@register()
class All(Selection):
    """Every example with weight 1."""

    kind: Literal["all"] = "all"

    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return ones."""
        yield from ()
        return np.ones(len(view.transfer), dtype=np.float32)


@register()
class ConfidentOnly(Selection):
    """The examples on which the supervisor is most confident, the same share of each class it names.

    With `threshold`, all examples whose most likely class has more than that probability (the filter of the 2026
    automated research sandbox uses .75 with two classes); on many classes a threshold can empty some of them.
    """

    kind: Literal["confident"] = "confident"
    share: float = Field(
        0.75, gt=0, le=1, description="share kept of the examples that the supervisor gives each class"
    )
    threshold: float | None = Field(None, ge=0, lt=1, description="keep what is above this probability instead")

    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return 1 for the examples kept and 0 for the others."""
        yield from ()
        weak = view.transfer.weak.probabilities
        confidence, named = weak.max(axis=1), weak.argmax(axis=1)
        if self.threshold is not None:
            return np.asarray(confidence > self.threshold, dtype=np.float32)
        kept = np.zeros(len(weak), dtype=np.float32)
        # Confidence differs between classes by habit of the supervisor; one cut for all would thin out its hesitant
        # classes.
        for label in np.unique(named):
            rows = np.flatnonzero(named == label)
            rows = rows[np.argsort(-confidence[rows], kind="stable")]
            kept[rows[: max(1, round(self.share * len(rows)))]] = 1
        return kept
