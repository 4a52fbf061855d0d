"""Stopping rules: when training ends. None sees gold."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, Stopping, register
from w2sg.methods.objectives.base import log_softmax


@register("stoppings")
class Fixed(Stopping):
    """Train to the end of the student's schedule, or to convergence."""

    kind: Literal["fixed"] = "fixed"


@register("stoppings", paper="2312.09390")
class WeakValidation(Stopping):
    """Keep the step that does best on weak labels of examples not trained on.

    Uses the task's validation split. A task without one lends `held_out` of the transfer split to find the number of
    steps; the student is then trained anew on the whole transfer split for that many.
    """

    kind: Literal["weak-validation"] = "weak-validation"
    measure: Literal["agreement", "likelihood"] = Field(
        "agreement", description="what is compared with the weak labels"
    )
    held_out: float = Field(
        0.2, gt=0, lt=1, description="share of the transfer split lent where there is no validation"
    )

    @property
    def watches(self) -> float:
        """It watches validation examples."""
        return self.held_out

    def score(self, weak: FloatArray, logits: FloatArray) -> FloatArray:
        """Return the agreement with the weak labels' classes, or the mean log-likelihood of the weak labels."""
        if self.measure == "agreement":
            return np.asarray((weak.argmax(axis=-1) == logits.argmax(axis=-1)).mean(axis=-1))
        return np.asarray((weak * log_softmax(logits)).sum(axis=-1).mean(axis=-1))
