"""The rival that every use of supervision gold must beat: the strong student trained on that gold itself."""

from collections.abc import Mapping
from typing import Literal, final

import numpy as np

from w2sg.core import (
    Fit,
    InformationTier,
    InputError,
    Method,
    Student,
    Training,
    WeakView,
    one_hot,
    register,
)
from w2sg.methods.objectives.cross_entropy import CrossEntropy
from w2sg.methods.stopping import Fixed


@final
@register()
class DirectTraining(Method):
    """Train on the supervision split's gold, and on no weak label.

    It is no way to learn from a weaker supervisor: it says what the supervisor's own gold is worth to the student. A
    task on which it is not better than `naive` is faithful: there the student's gain comes from weak labels.
    """

    kind: Literal["direct"] = "direct"

    @property
    def tier(self) -> InformationTier:
        """It learns from the supervision split."""
        return InformationTier.SUPERVISION_GOLD

    @property
    def training_facts(self) -> Mapping[str, str]:
        """Cross-entropy to the end, on labels that are no weak ones."""
        return {"loss": CrossEntropy().loss, "stopping": "none", "labels": "other"}

    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train one student.

        Raises:
            InputError: If the view has no supervision gold.
        """
        given = view.supervision
        if given is None:
            raise InputError("method 'direct' learns from supervision gold, and the view has none: give its tier")
        fit = Fit(
            student=student,
            inputs=given.inputs,
            targets=one_hot(given.gold, view.transfer.weak.n_classes),
            corpus=view.corpus,
            objective=CrossEntropy(),
            stopping=Fixed(),
            rng=rng,
        )
        (trained,) = yield [fit]
        return trained
