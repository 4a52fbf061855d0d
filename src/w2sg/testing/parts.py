"""The contracts of a composition's parts: those of a method that has the part, and what the part itself must give."""

from collections.abc import Generator, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
import pytest

from w2sg.core import (
    AnyArray,
    CapabilityError,
    Component,
    Fit,
    Method,
    Predictor,
    Stopping,
    check_soft_labels,
    derive,
    one_hot,
    registry,
)
from w2sg.methods import Chain, Relabeling, Selection
from w2sg.testing.methods import MethodContract
from w2sg.testing.samples import Sample

T = TypeVar("T")


def driven(course: Generator[Sequence[Fit], list[Predictor], T]) -> tuple[T, list[Fit]]:
    """Train what a course asks for; return what it ends in, and all that it asked for."""
    answer: Any = None
    asked: list[Fit] = []
    while True:
        try:
            fits = list(course.send(answer))
        except StopIteration as stop:
            return stop.value, asked
        asked += fits
        answer = [fit.student.fit(fit) for fit in fits]


class PartContract(MethodContract):
    """What holds for a method that has the part in the `field` of its composition, and is plain otherwise."""

    field: ClassVar[str]

    @pytest.fixture
    def method(self, component: Component) -> Method:
        """Naive training with the part under test."""
        return registry.build(Method, {"kind": "composition", self.field: component.model_dump(mode="json")})

    def ended(self, component: Component, method: Method, sample: Sample) -> tuple[AnyArray, int, int]:
        """Return what a selection or relabeling gives, and the numbers of examples and of classes."""
        assert isinstance(component, Selection | Relabeling)
        view, student = self.seen(method, sample), self.built_student(method)
        give = component.weights if isinstance(component, Selection) else component.relabel
        given, _ = driven(give(view, student, derive(0, "testing part")))
        return given, len(view.transfer), view.transfer.weak.n_classes


class SelectionContract(PartContract):
    """Subclass with `spec`, the selection's name or table."""

    contract: ClassVar[str] = "selections"
    field: ClassVar[str] = "select"

    def test_weighs_every_example(self, component: Component, method: Method, sample: Sample) -> None:
        """A finite weight of at least 0 for each example, and not 0 for all."""
        weights, n, _ = self.ended(component, method, sample)
        assert weights.shape == (n,)
        assert np.isfinite(weights).all()
        assert (weights >= 0).all()
        assert weights.any()


class RelabelingContract(PartContract):
    """Subclass with `spec`, the relabeling's name or table."""

    contract: ClassVar[str] = "relabelings"
    field: ClassVar[str] = "relabel"

    def test_gives_each_example_a_distribution(self, component: Component, method: Method, sample: Sample) -> None:
        """Soft labels `(n, k)` whose rows sum to 1."""
        check_soft_labels(*self.ended(component, method, sample), "new labels")


class ChainContract(PartContract):
    """Subclass with `spec`, the chain's name or table."""

    contract: ClassVar[str] = "chains"
    field: ClassVar[str] = "chain"

    def test_trains_on_the_transfer_split(self, component: Component, method: Method, sample: Sample) -> None:
        """Something is trained, only on examples of the transfer split, and a predictor comes out."""
        assert isinstance(component, Chain)
        view, student = self.seen(method, sample), self.built_student(method)
        trained, asked = driven(method.train(view, student, derive(0, "testing part")))
        assert isinstance(trained, Predictor)
        assert asked
        for fit in asked:
            assert set(fit.inputs.rows.tolist()) <= set(view.transfer.inputs.rows.tolist())


class StoppingContract(PartContract):
    """Subclass with `spec`, the rule's name or table."""

    contract: ClassVar[str] = "stoppings"
    field: ClassVar[str] = "stopping"

    def test_scores_the_better_step_higher(self, component: Component) -> None:
        """A rule that watches gives one finite score a step, the higher the more often the labels are met."""
        assert isinstance(component, Stopping)
        assert 0 <= component.watches <= 1
        assert component.gives_up_after is None or component.gives_up_after >= 1
        labels = one_hot(np.arange(12) % 3, 3)
        steps = np.stack([9 * labels, 9 * np.roll(labels, 1, axis=0), 0 * labels + np.array([0.1, 0, 0])])
        if not component.watches:
            with pytest.raises(CapabilityError, match="does not watch"):
                component.score(labels, steps)
            return
        scores = component.score(labels, steps)
        assert scores.shape == (3,)
        assert np.isfinite(scores).all()
        assert scores[0] > max(scores[1:])
