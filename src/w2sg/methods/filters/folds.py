"""The student as its own probe: what it says of examples that it was not trained on."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import Student, WeakView, register
from w2sg.methods.filters.shared import disagreement, out_of_fold, without_worst
from w2sg.methods.parts import Course, Relabeling, Selection, _Part


class _Folds(_Part):
    """What the two share."""

    folds: int = Field(5, ge=1, description="parts to deal the examples into; 1 predicts in sample")


@register()
class FoldRelabel(_Folds, Relabeling):
    """What students say of the examples that they were not trained on.

    EleutherAI's logistic probe, with a linear student and one fold: a logistic head with a ridge penalty (.001 of the
    mean loss in their code) on frozen features, which predicts the examples it was fitted on. Here the probe is the
    student itself, and with more than one fold no label takes part in its own replacement.
    """

    kind: Literal["fold-relabel"] = "fold-relabel"

    def relabel(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Train a student for each fold and return the predictions."""
        return (yield from out_of_fold(view, student, self.folds, rng))


@register()
class FoldFilter(_Folds, Selection):
    """Leave out the examples whose weak label is farthest from what students not trained on it say.

    Distance is total variation, which for two classes is EleutherAI's `|probe - label|`.
    """

    kind: Literal["fold-filter"] = "fold-filter"
    contamination: float = Field(0.1, ge=0, lt=1, description="share of the examples left out")

    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Train a student for each fold; return 1 for the examples kept and 0 for the others."""
        proba = yield from out_of_fold(view, student, self.folds, rng)
        distance = disagreement(proba, view.transfer.weak.probabilities)
        return without_worst(distance, round(self.contamination * len(distance)))
