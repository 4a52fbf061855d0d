"""Chains: through which intermediate students the labels go."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import Predictor, Student, Training, WeakSplit, WeakView, register
from w2sg.methods.parts import Chain, Stage


@register("chains")
class Direct(Chain):
    """From the supervisor straight to the student."""

    kind: Literal["direct"] = "direct"

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train one stage."""
        return (yield from stage(view, student, rng))


@register("chains", paper="2312.09390")
class Bootstrap(Chain):
    """Through intermediate students of growing size: each learns from the labels of the one before.

    The supervisor labels for the smallest, which labels for the next, up to the student itself.
    """

    kind: Literal["bootstrap"] = "bootstrap"
    scales: tuple[float, ...] = Field(
        (0.25, 0.5), min_length=1, description="sizes of the students between, as fractions"
    )

    @property
    def requires(self) -> frozenset[str]:
        """The student must have smaller versions of itself."""
        return frozenset({"scale"})

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train the students in order of size."""
        for scale in self.scales:
            between = yield from stage(view, student.scaled(scale), rng)
            view = _labelled_by(view, between)
        return (yield from stage(view, student, rng))


def _labelled_by(view: WeakView, labeller: Predictor) -> WeakView:
    """Return the view with the labels of a trained student in place of the supervisor's."""

    def relabelled(split: WeakSplit) -> WeakSplit:
        return WeakSplit(split.inputs, labeller.predict_proba(split.inputs))

    validation = None if view.validation is None else relabelled(view.validation)
    return WeakView(relabelled(view.transfer), validation, view.corpus)
