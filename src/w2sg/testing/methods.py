"""The contract of a method: it learns from a weak view alone, and says beforehand what the student must be able to."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from w2sg.core import (
    AuditedView,
    CapabilityError,
    Component,
    Fit,
    FloatArray,
    InputError,
    Inputs,
    IntArray,
    Method,
    Predictor,
    Student,
    WeakView,
    derive,
    one_hot,
    registry,
    run_together,
)
from w2sg.testing.base import ComponentContract, Spec, content, first_read
from w2sg.testing.samples import N_CLASSES, N_TRANSFER, Sample, noisy

CEILING = 0.05
"""A method given gold as weak labels may miss the ceiling's accuracy by this: six of 120 test examples."""
RENAMED = 1e-2
"""Probabilities after renaming the classes: rounding, grown by steps that harden answers near a threshold."""
TOGETHER = 1e-3
"""Probabilities in step with other methods and alone: float32 sums in another order over a whole training."""


class Shares(Predictor):
    """Predicts the class shares of its targets, whatever the input."""

    def __init__(self, shares: FloatArray) -> None:
        self.shares = shares

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return the shares for every input, `(n, k)`."""
        return np.tile(self.shares, (len(inputs), 1))


class Bare(Student):
    """A student that can do nothing but learn fixed labels; it counts what it is asked for."""

    kind: Literal["bare"] = "bare"
    asked: ClassVar[list[Fit]] = []

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        """Learn the class shares; refuse what needs a capability."""
        self.asked.extend(fits)
        if any(fit.objective.moving or fit.stopping.watches or fit.steps is not None for fit in fits):
            raise CapabilityError("a moving target, a watched course or a number of steps needs 'gradient'")
        return [Shares(fit.targets.mean(axis=0)) for fit in fits]


def naive() -> Method:
    """Return plain training on the weak labels."""
    method = registry.build("methods", "naive")
    assert isinstance(method, Method)
    return method


class MethodContract(ComponentContract):
    """Subclass with `spec`, the method's name or table; set `student` if it needs a special one."""

    sort: ClassVar[str] = "methods"
    student: ClassVar[Spec] = {"kind": "linear", "features": {"kind": "nystroem", "count": 60}}

    @pytest.fixture
    def method(self, component: Component) -> Method:
        """The method under test."""
        assert isinstance(component, Method)
        return component

    @pytest.fixture
    def sample(self) -> Sample:
        """The problem that the student learns."""
        return first_read(lambda sample: self.learn(naive(), sample), "the student")

    def built_student(self) -> Student:
        """Return the student that the method trains."""
        student = registry.build("students", self.student)
        assert isinstance(student, Student)
        return student

    def seen(
        self, method: Method, sample: Sample, weak: FloatArray | None = None, gold: IntArray | None = None
    ) -> WeakView:
        """Return what the method sees of weak labels `(n, k)`, with the gold `(n,)` of the labels that it buys."""
        view = sample.view(noisy(sample.gold) if weak is None else weak)
        if not method.audits:
            return view
        rows = np.sort(derive(0, "testing audit").choice(N_TRANSFER, size=method.audits, replace=False))
        known = (sample.gold if gold is None else gold)[rows]
        return AuditedView(view.transfer, view.validation, view.corpus, rows, known)

    def learn(
        self, method: Method, sample: Sample, weak: FloatArray | None = None, gold: IntArray | None = None
    ) -> FloatArray:
        """Return test probabilities of a student trained on weak labels `(n, k)`, by default noisy ones.

        What a method buys of gold is that of the sample, unless another gold is given.
        """
        view = self.seen(method, sample, weak, gold)
        return method.fit(view, self.built_student(), derive(0, "testing method")).predict_proba(sample.test)

    def test_gives_probabilities(self, method: Method, sample: Sample) -> None:
        """Rows are distributions over the classes."""
        found = self.learn(method, sample)
        assert found.shape == (len(sample.test), N_CLASSES)
        assert (found >= 0).all()
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)

    def test_is_decided_by_its_generator(self, method: Method, sample: Sample) -> None:
        """The same view, student and generator give the same bits."""
        np.testing.assert_array_equal(self.learn(method, sample), self.learn(method, sample))

    def test_leaves_its_view_alone(self, method: Method, sample: Sample) -> None:
        """The weak labels and inputs hold the same numbers afterwards."""
        view = self.seen(method, sample)
        before = _content(view)
        method.fit(view, self.built_student(), derive(0, "testing method"))
        assert _content(view) == before

    def test_declares_what_it_needs(self, method: Method, sample: Sample) -> None:
        """A student without capabilities is refused before any work, or is enough."""
        Bare.asked.clear()
        view = self.seen(method, sample)
        if method.requires:
            with pytest.raises(CapabilityError, match="method needs"):
                method.fit(view, Bare(), derive(0, "testing method"))
            assert not Bare.asked
        else:
            assert method.fit(view, Bare(), derive(0, "testing method")).predict_proba(sample.test).shape[1] == 3

    def test_sees_no_gold(self, method: Method, sample: Sample) -> None:
        """A view is transfer, validation and corpus, a split is inputs and weak labels; gold is bought or not there."""
        view = self.seen(method, sample)
        bought = ["audit_rows", "audit_gold"] if method.audits else []
        assert [field.name for field in fields(view)] == ["transfer", "validation", "corpus", *bought]
        assert [field.name for field in fields(view.transfer)] == ["inputs", "weak", "members"]
        assert isinstance(method.requires, frozenset)
        if method.audits:
            with pytest.raises(InputError, match=f"{method.audits} gold labels"):
                method.fit(sample.view(noisy(sample.gold)), self.built_student(), derive(0, "testing method"))

    def test_reaches_the_ceiling_on_gold(self, method: Method, sample: Sample) -> None:
        """Weak labels that are gold teach nearly what plain training on gold does."""
        gold = one_hot(sample.gold, N_CLASSES)
        ceiling = sample.accuracy(self.learn(naive(), sample, gold))
        assert sample.accuracy(self.learn(method, sample, gold)) >= ceiling - CEILING

    def test_a_constant_label_is_learned(self, method: Method, sample: Sample) -> None:
        """A supervisor that always names one class trains a student that does too."""
        one = np.full(len(sample.gold), 1)
        assert (self.learn(method, sample, one_hot(one, N_CLASSES), one).argmax(axis=1) == 1).all()

    def test_names_of_classes_do_not_matter(self, method: Method, sample: Sample) -> None:
        """Renaming the classes renames the predictions."""
        weak, names = noisy(sample.gold), np.array([2, 0, 1])
        plain = self.learn(method, sample, weak)
        renamed = self.learn(method, sample, weak[:, names], np.argsort(names)[sample.gold])
        np.testing.assert_allclose(renamed, plain[:, names], rtol=0, atol=RENAMED)

    def test_runs_in_step_with_others(self, method: Method, sample: Sample) -> None:
        """Trained beside other methods, or beside itself on other labels, it gives what it gives alone."""
        student = self.built_student()
        labels = [noisy(sample.gold), noisy(sample.gold, 0.4), noisy(sample.gold)]
        courses = [
            each.train(self.seen(each, sample, weak), student, derive(0, "testing method"))
            for each, weak in zip([method, method, naive()], labels, strict=True)
        ]
        together = run_together(courses)
        for each, weak, predictor in zip([method, method, naive()], labels, together, strict=True):
            alone = self.learn(each, sample, weak)
            np.testing.assert_allclose(predictor.predict_proba(sample.test), alone, rtol=0, atol=TOGETHER)


def _content(view: WeakView) -> str:
    arrays: list[Any] = [view.corpus.values]
    for split in (view.transfer, view.validation):
        if split is not None:
            arrays += [split.inputs.values, split.inputs.rows, split.weak]
    return content(*arrays)
