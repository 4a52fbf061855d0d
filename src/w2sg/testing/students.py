"""The contract of a student: it learns soft labels, several at once as each alone, and declares what it can."""

from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from array_api_compat import array_namespace

from w2sg.core import (
    CapabilityError,
    Component,
    DivergedError,
    Fit,
    FloatArray,
    Objective,
    Stopping,
    Student,
    derive,
    one_hot,
    registry,
)
from w2sg.methods import log_softmax
from w2sg.testing.base import ComponentContract, content, first_read
from w2sg.testing.samples import N_CLASSES, N_TRANSFER, Sample, noisy

TOGETHER = 1e-3
"""Probabilities of a student trained in a batch and alone: float32 sums in another order over a whole training."""
SEPARABLE = 0.9
"""Accuracy that any student reaches on the samples, whose best possible is above 0.98."""
LEFT_OUT = 0.95
"""Share of test examples on which weight 0 and leaving out agree: batches and tree bins still see the rows."""
CAPABILITIES = {"gradient", "represent", "embed", "scale", "parts", "peers", "memory", "generate"}


class Looks(Objective):
    """Cross-entropy that counts its looks at each example; `counts` is the different numbers of looks in each batch."""

    kind: Literal["looks"] = "looks"
    remembers: ClassVar[bool] = True
    counts: ClassVar[list[set[float]]] = []

    @property
    def moving(self) -> bool:
        """The count is of the course of training."""
        return True

    @property
    def settles_at(self) -> float:
        """It counts to the end."""
        return 1.0

    def remembered(self, memory: Any, logits: Any) -> Any:
        """Return one more."""
        return memory + 1

    def value(self, weak: Any, logits: Any, progress: float) -> Any:
        """Return cross-entropy."""
        return -(weak[..., 0, :, :] * log_softmax(logits)).sum(-1)

    def gradient(self, weak: Any, logits: Any, progress: float) -> Any:
        """Return the gradient of cross-entropy."""
        xp = array_namespace(logits)
        self.counts.append(set(np.asarray(weak[..., 1, :, :]).ravel().tolist()))
        return xp.exp(log_softmax(logits)) - weak[..., 0, :, :]


class StudentContract(ComponentContract):
    """Subclass with `spec`, the student's name or table; override `sample` if it reads something special."""

    contract: ClassVar[str] = "students"

    @pytest.fixture
    def student(self, component: Component) -> Student:
        """The student under test."""
        assert isinstance(component, Student)
        return component

    @pytest.fixture
    def sample(self, student: Student) -> Sample:
        """The problem to learn."""
        return first_read(lambda sample: self.trained(student, sample), f"student {student.kind!r}")

    def trained(self, student: Student, sample: Sample, **fields: Any) -> FloatArray:
        """Train one student and return its probabilities on the test inputs."""
        return student.fit(self.request(student, sample, **fields)).predict_proba(sample.test)

    def request(self, student: Student, sample: Sample, **fields: Any) -> Fit:
        """Return a request to train on gold, with some fields changed."""
        gold: dict[str, Any] = {
            "student": student,
            "inputs": sample.transfer,
            "targets": one_hot(sample.gold[:N_TRANSFER], N_CLASSES),
            "corpus": sample.corpus,
            "objective": registry.build(Objective, "cross-entropy"),
            "stopping": registry.build(Stopping, "fixed"),
            "rng": derive(0, "testing student"),
        }
        return Fit(**{**gold, **fields})

    def test_learns_a_separable_problem(self, student: Student, sample: Sample) -> None:
        """Probabilities are valid and their most likely class is nearly always right."""
        probabilities = self.trained(student, sample)
        assert probabilities.shape == (len(sample.test), N_CLASSES)
        assert np.isfinite(probabilities).all()
        assert (probabilities >= 0).all()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        assert sample.accuracy(probabilities) >= SEPARABLE

    def test_is_decided_by_its_generator(self, student: Student, sample: Sample) -> None:
        """The same request gives the same bits, and leaves the request's arrays alone."""
        fit = self.request(student, sample, weights=np.full(N_TRANSFER, 0.5, np.float32))
        before = content(fit.inputs.values, fit.targets, fit.weights)
        first, second = student.fit(fit), student.fit(self.request(student, sample, weights=fit.weights))
        np.testing.assert_array_equal(first.predict_proba(sample.test), second.predict_proba(sample.test))
        assert content(fit.inputs.values, fit.targets, fit.weights) == before

    def test_several_at_once_are_each_alone(self, student: Student, sample: Sample) -> None:
        """A batch of different requests gives what each request gives by itself, in the same order."""
        changes: list[dict[str, Any]] = [
            {},
            {"targets": noisy(sample.gold)[:N_TRANSFER]},
            {"weights": np.linspace(0.5, 1, N_TRANSFER, dtype=np.float32)},
            {"inputs": sample.transfer.take(np.arange(99)), "targets": noisy(sample.gold)[:99]},
        ]
        if "gradient" in student.capabilities:
            product = registry.build(Objective, "product")
            changes.append({"targets": noisy(sample.gold)[:N_TRANSFER], "objective": product})
        together = student.fit_many([self.request(student, sample, **fields) for fields in changes])
        for fields, predictor in zip(changes, together, strict=True):
            alone = self.trained(student, sample, **fields)
            assert not isinstance(predictor, DivergedError)
            np.testing.assert_allclose(predictor.predict_proba(sample.test), alone, rtol=0, atol=TOGETHER)

    def test_weight_zero_leaves_out(self, student: Student, sample: Sample) -> None:
        """The labels of examples with weight 0 change nothing, and the student is as if they were not there."""
        kept = np.arange(N_TRANSFER) % 3 > 0
        right = one_hot(sample.gold[:N_TRANSFER], N_CLASSES)
        wrong = np.where(kept[:, None], right, np.roll(right, 1, axis=1))
        weights = kept.astype(np.float32)
        zero = self.trained(student, sample, weights=weights)
        poisoned = self.trained(student, sample, targets=wrong, weights=weights)
        # Wrong labels under weight 0 change nothing at all; leaving the rows out may, as batches and bins still see
        # their inputs.
        np.testing.assert_allclose(poisoned, zero, rtol=0, atol=TOGETHER)
        without = self.trained(student, sample, inputs=sample.transfer.take(kept), targets=right[kept])
        assert (without.argmax(axis=1) == zero.argmax(axis=1)).mean() >= LEFT_OUT

    def test_takes_soft_targets(self, student: Student, sample: Sample) -> None:
        """Soft labels, a fifth of them for the wrong class, still teach most of the problem."""
        probabilities = self.trained(student, sample, targets=noisy(sample.gold)[:N_TRANSFER])
        assert sample.accuracy(probabilities) > 1 - 0.2

    def test_declares_what_it_can(self, student: Student, sample: Sample) -> None:
        """Declared capabilities are known and work; what is not declared is refused."""
        assert student.capabilities <= CAPABILITIES
        predictor = student.fit(self.request(student, sample))
        if "represent" in student.capabilities:
            features = predictor.represent(sample.test)
            assert (features.ndim, len(features)) == (2, len(sample.test))
            assert np.isfinite(features).all()
        else:
            with pytest.raises(CapabilityError):
                predictor.represent(sample.test)

    def test_embeds_as_declared(self, student: Student, sample: Sample) -> None:
        """A student with `embed` has features before training, each row by itself; another refuses."""
        if "embed" not in student.capabilities:
            with pytest.raises(CapabilityError, match="embed"):
                student.embed(sample.corpus, sample.test)
            return
        features = student.embed(sample.corpus, sample.test)
        assert (features.ndim, len(features)) == (2, len(sample.test))
        assert np.isfinite(features).all()
        rows = np.arange(len(sample.test) - 1, 0, -7)
        np.testing.assert_array_equal(student.embed(sample.corpus, sample.test.take(rows)), features[rows])

    def test_says_what_theory_may_know_or_nothing(self, student: Student) -> None:
        """A class of functions is a word, and a body is a component that equal students share."""
        assert student.function_class
        assert student.body_frozen in (True, False, None)
        assert student.ridge_penalty is None or student.ridge_penalty >= 0
        assert student.body is None or student.body in list(student.parts())

    def test_a_penalty_can_be_turned_and_turned_back(self, student: Student) -> None:
        """A student with a penalty gives others of its kind; one without gives none."""
        turned = student.penalised(4.0)
        assert turned is None or (type(turned) is type(student) and turned != student)
        assert turned is None or turned.penalised(0.25) == student

    def test_scales_as_declared(self, student: Student, sample: Sample) -> None:
        """A student with `scale` has weaker versions of itself that learn; another refuses."""
        if "scale" not in student.capabilities:
            with pytest.raises(CapabilityError):
                student.scaled(0.5)
            return
        half = student.scaled(0.5)
        assert type(half) is type(student)
        assert student.strength is not None
        assert half.strength == pytest.approx(student.strength / 2, abs=0.5)
        assert self.trained(half, sample).shape == (len(sample.test), N_CLASSES)

    def test_follows_a_moving_target_and_counts_steps(self, student: Student, sample: Sample) -> None:
        """A student with `gradient` follows a moving target for exactly as many steps as asked."""
        if "gradient" not in student.capabilities:
            pytest.skip("not trained by gradient")
        fields = {"targets": noisy(sample.gold)[:N_TRANSFER], "objective": registry.build(Objective, "confidence")}
        probabilities = self.trained(student, sample, **fields)
        assert np.isfinite(probabilities).all()
        assert sample.accuracy(probabilities) > 1 - 0.2
        few, more = (student.fit(self.request(student, sample, steps=steps, **fields)) for steps in (2, 7))
        assert (few.steps, more.steps) == (2, 7)
        assert (few.predict_proba(sample.test) != more.predict_proba(sample.test)).any()

    def test_remembers_each_example(self, student: Student, sample: Sample) -> None:
        """A student with `memory` keeps what an objective remembers, and renews it once for each look at an example."""
        if "memory" not in student.capabilities:
            pytest.skip("keeps no memory")
        Looks.counts.clear()
        student.fit(self.request(student, sample, objective=Looks()))
        assert set(map(len, Looks.counts)) == {1}  # the examples of a batch have been looked at equally often
        looks = np.array([next(iter(counts)) for counts in Looks.counts])
        assert len(set(looks)) > 1
        # A student of two trainings, such as a probe before all weights, begins to remember anew.
        for training in np.split(looks, np.flatnonzero(np.diff(looks) < 0) + 1):
            assert set(training) == set(range(1, int(training[-1]) + 1)), looks

    def test_stops_where_the_rule_says(self, student: Student, sample: Sample) -> None:
        """A student with `gradient` ends at a step that it took, and one that the stopping rule saw."""
        if "gradient" not in student.capabilities:
            pytest.skip("not trained by gradient")
        targets = noisy(sample.gold)
        watched = (sample.test, targets[-len(sample.test) :])
        stopping = registry.build(Stopping, "weak-validation")
        predictor = student.fit(
            self.request(student, sample, targets=targets[:N_TRANSFER], stopping=stopping, watched=watched)
        )
        assert predictor.steps is not None
        assert predictor.steps >= 1
        assert sample.accuracy(predictor.predict_proba(sample.test)) > 1 - 0.2
