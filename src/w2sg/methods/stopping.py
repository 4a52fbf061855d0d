"""Stopping rules: when training ends. None sees gold but the oracle, which is marked as one."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, Stopping, preset, register
from w2sg.methods.objectives.base import log_softmax


@register()
class Fixed(Stopping):
    """Train to the end of the student's schedule, or to convergence."""

    kind: Literal["fixed"] = "fixed"


class _Watching(Stopping):
    """What the rules that watch weak labels share."""

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
            return _agreement(weak, logits)
        # Likelihood counts confidence as well; agreement only the class. Soft labels of a hedging supervisor favour a
        # hedging student by it.
        return np.asarray((weak * log_softmax(logits)).sum(axis=-1).mean(axis=-1))


@register(paper="2312.09390")
class WeakValidation(_Watching):
    """Keep the step that does best on weak labels of examples not trained on.

    Uses the task's validation split. A task without one lends `held_out` of the transfer split to find the number of
    steps; the student is then trained anew on the whole transfer split for that many.
    """

    kind: Literal["weak-validation"] = "weak-validation"


@register()
class Plateau(_Watching):
    """Stop where agreement with weak labels of examples not trained on has ceased to rise.

    Training ends at the first step after which `patience` looks in a row gave no better score, and the best step until
    then is kept. So it ends on the first plateau, while `weak-validation` goes on and may keep a later, higher step.
    A student trained by minibatches looks once an epoch, a linear head at each step; an objective that changes with
    progress is not ended before it has settled. Examples are watched as by `weak-validation`.
    """

    kind: Literal["plateau"] = "plateau"
    patience: int = Field(5, ge=1, description="looks in a row without a better score that end the training")

    @property
    def gives_up_after(self) -> int:
        """The patience."""
        return self.patience


@register(paper="2312.09390")
class OracleValidation(Stopping):
    """Keep the step that does best on gold: an oracle, for bounding what stopping could give.

    Watches `labels` audited examples of the transfer split with their gold. They are not trained on, for a student that
    has fitted their weak labels would be judged by how many of them are right.
    """

    kind: Literal["oracle-validation"] = "oracle-validation"
    labels: int = Field(100, ge=1, description="gold labels of the transfer split that are watched")

    @property
    def watches(self) -> float:
        """It watches the audited examples and borrows none of the others."""
        return 1.0

    @property
    def audits(self) -> int:
        """The gold labels that it buys."""
        return self.labels

    def score(self, weak: FloatArray, logits: FloatArray) -> FloatArray:
        """Return the accuracy on the gold that stands in the place of weak labels."""
        return _agreement(weak, logits)


preset(
    "oracle-validation",
    OracleValidation,
    "Keep the step that does best on gold: an oracle, for bounding what stopping could give.",
    paper="2312.09390",
    oracle=True,
)


def _agreement(weak: FloatArray, logits: FloatArray) -> FloatArray:
    return np.asarray((weak.argmax(axis=-1) == logits.argmax(axis=-1)).mean(axis=-1))
