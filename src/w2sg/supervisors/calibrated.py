"""A trained supervisor whose probabilities are as sure as it is right: temperature scaling on its own gold."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    AnyStudent,
    ClassProbabilities,
    Component,
    Examples,
    FloatArray,
    InputError,
    IntArray,
    Labeller,
    Supervision,
    register,
)
from w2sg.supervisors.taught import TaughtSupervisor
from w2sg.supervisors.trained import TrainedSupervisor

COLDEST, HOTTEST = 0.01, 100.0
"""Temperatures that are tried lie between these: beyond them probabilities of float32 are 0 and 1, or all equal."""
SMALLEST = 1e-7
"""Probabilities are no smaller than this where their logarithm is taken: float32 ends about there."""


@final
@register(paper="1706.04599")
class Calibrated(TaughtSupervisor[ClassProbabilities]):
    """The supervisor 'trained', its probabilities brought to one temperature (Guo et al. 2017, arXiv:1706.04599).

    It labels with `softmax(log p / T)`. The temperature T is the one under which gold of its own split is most likely
    to models that did not learn from it (cross-validation); so no gold is read but what the supervisor learned from.
    No label changes its most likely class: the supervisor is as accurate as without.
    """

    kind: Literal["calibrated"] = "calibrated"
    student: AnyStudent = Field(default="linear", validate_default=True, description="the model that is trained")
    folds: int = Field(default=5, ge=2, description="parts of its examples, each judged by models of the others")

    @property
    def plain(self) -> TrainedSupervisor:
        """The same supervisor with its probabilities as they are."""
        return TrainedSupervisor(student=self.student, labels=self.labels)

    def parts(self) -> Iterator[Component]:
        """Yield what it holds, and the supervisor that it trains, on whose code its labels rest too."""
        yield self
        yield from self.plain.parts()

    def fit(self, supervision: Supervision, rng: np.random.Generator) -> Labeller:
        """Train the model as `plain` does under the same generator, then find the temperature.

        Raises:
            InputError: If the split has fewer examples than `labels`, or it learns from fewer than 2.
        """
        # A copy draws the same examples that `plain` draws: no other gold may have a say in the temperature.
        shown = self.shown(supervision, deepcopy(rng))
        if len(shown) < 2:
            raise InputError(f"calibration needs at least 2 examples with gold, got {len(shown)}: raise 'labels'")
        labeller = self.plain.fit(supervision, rng)
        learner = TrainedSupervisor(student=self.student)
        held_out = np.empty((len(shown), shown.n_classes))
        fold_of = rng.permutation(len(shown)) % self.folds
        for fold in np.unique(fold_of):
            out = fold_of == fold
            judge = learner.fit(shown.take(~out), rng)
            held_out[out] = judge.label(shown.examples.take(out), None, rng).probabilities
        return CalibratedLabeller(labeller, temperature_of(held_out, shown.gold))


@dataclass(frozen=True, eq=False)
class CalibratedLabeller(Labeller):
    """A trained model that labels at a temperature.

    Attributes:
        labeller: The model.
        temperature: By which its log-probabilities are divided.
    """

    labeller: Labeller
    temperature: float

    def label(self, examples: Examples, gold: AnyArray | None, rng: np.random.Generator) -> ClassProbabilities:
        """Return the model's class probabilities at the temperature; it sees the inputs only."""
        said = self.labeller.label(examples, gold, rng).probabilities
        return ClassProbabilities(np.exp(_scaled(said, self.temperature)))


def temperature_of(probabilities: FloatArray, gold: IntArray) -> float:
    """Return the temperature under which gold is most likely.

    Args:
        probabilities: What was said, `(n, k)`.
        gold: The right classes, `(n,)`.

    >>> said = np.array([[0.99, 0.01]] * 10)
    >>> round(temperature_of(said, np.array([0] * 7 + [1] * 3)), 2)
    5.42
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        logs = _scaled(probabilities, np.exp(log_temperature))
        return -float(logs[np.arange(len(gold)), gold].mean())

    # On the scale of logs, because temperatures are ratios.
    found = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def _scaled(probabilities: FloatArray, temperature: float) -> FloatArray:
    """Return log-probabilities `(n, k)` at a temperature."""
    logs = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST)) / temperature
    logs -= logs.max(axis=1, keepdims=True)
    return np.asarray(logs - np.log(np.exp(logs).sum(axis=1, keepdims=True)))
