from typing import Any, Literal

import numpy as np
import pytest
from method_data import Recorder, blobs, composed, joined, method, recorder, split_of, view_of, weak_labels

from w2sg.core import (
    CapabilityError,
    InputError,
    Inputs,
    Student,
    WeakView,
    derive,
    one_hot,
    registry,
    run_together,
)
from w2sg.methods import Composition, Relabeling, Selection
from w2sg.methods.parts import Course

STEP = 1e-4
"""Probabilities in step and in turn: float32 products of other shapes over one training."""


class Given(Selection):
    """Weights as they are given, for tests."""

    kind: Literal["given"] = "given"
    value: tuple[float, ...]

    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        yield from ()
        return np.array(self.value, dtype=np.float32)


class Bad(Relabeling):
    """Targets that are no distributions, for tests."""

    kind: Literal["bad"] = "bad"
    how: str

    def relabel(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        yield from ()
        weak = view.transfer.weak.probabilities
        return {"shape": weak[:, :1], "rows": weak[1:], "sum": 2 * weak, "nan": weak * np.nan}[self.how]


def fitted(**parts: Any) -> None:
    composed(**parts).fit(view_of(weak_labels(4)), recorder(), derive(0, "method"))


def test_a_selection_that_keeps_none_is_an_error() -> None:
    with pytest.raises(InputError, match="selection 'confident' keeps none of the 4 examples: loosen it"):
        fitted(select={"kind": "confident", "threshold": 0.999})
    with pytest.raises(InputError, match="selection 'given' keeps none of the 4 examples"):
        fitted(select=Given(value=(0, 0, 0, 0)))
    assert not Recorder.asked


@pytest.mark.parametrize("value", [(1, 1, 1), (1, 1, 1, -1)])
def test_weights_must_be_one_for_each_example_and_not_negative(value: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="selection 'given' must give 4 finite weights of at least 0"):
        fitted(select=Given(value=value))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("shape", r"relabelled targets must have shape \(4, 3\), got \(4, 1\)"),
        ("rows", r"relabelled targets must have shape \(4, 3\), got \(3, 3\)"),
        ("sum", "rows of relabelled targets must sum to 1, one misses it by 1"),
        ("nan", "relabelled targets must be finite and not negative"),
    ],
)
def test_targets_must_be_distributions(how: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fitted(relabel=Bad(how=how))


def test_what_is_left_out_is_not_shown_to_the_student() -> None:
    fitted(select=Given(value=(0, 2, 0, 1)))
    (fit,) = Recorder.asked
    assert fit.inputs.rows.tolist() == [1, 3]
    assert fit.weights is not None
    assert fit.weights.tolist() == [2, 1]
    np.testing.assert_array_equal(fit.targets, weak_labels(4)[[1, 3]])
    fitted(select=Given(value=(0, 1, 0, 1)))
    assert Recorder.asked[0].weights is None


def test_selection_reads_the_weak_labels_and_not_the_new_ones() -> None:
    fitted(relabel="harden", select={"kind": "confident", "share": 0.5})
    (fit,) = Recorder.asked
    weak = weak_labels(4)
    np.testing.assert_array_equal(fit.targets, one_hot(weak[fit.inputs.rows].argmax(axis=1), 3))


@pytest.mark.parametrize(
    ("parts", "needs"),
    [
        ({}, set()),
        ({"objective": {"labels": "hard"}}, set()),
        ({"objective": "confidence"}, {"gradient"}),
        ({"objective": {"kind": "product", "beta": 0}}, {"gradient"}),
        ({"objective": "generalized-cross-entropy"}, {"gradient"}),
        ({"stopping": "weak-validation"}, {"gradient"}),
        ({"chain": "bootstrap"}, {"scale"}),
        ({"chain": "bootstrap", "objective": "product"}, {"scale", "gradient"}),
    ],
)
def test_what_a_composition_needs_follows_from_its_parts(parts: dict[str, Any], needs: set[str]) -> None:
    built = composed(**parts)
    assert built.requires == needs
    if needs:
        missing = ", ".join(f"'{name}'" for name in sorted(needs))
        with pytest.raises(CapabilityError, match=f"method needs {missing}, student 'knn' has embed: choose another"):
            built.check(_student("knn"))


def _student(spec: Any) -> Student:
    built = registry.build("students", spec)
    assert isinstance(built, Student)
    return built


METHODS = ["naive", "naive-hard", "confidence", "product", "confident-only", "early-stopping", "bootstrapping"]


def test_many_methods_in_step_give_what_each_gives_in_turn() -> None:
    x, gold = blobs()
    everyone = Inputs.of(x)
    student = _student({"kind": "linear", "features": {"kind": "random-relu", "count": 80}})
    views = [
        joined(
            split_of(everyone.take(np.arange(150)), (weak_labels(150, seed=seed) + one_hot(gold[:150], 3)) / 2),
            None,
            everyone,
        )
        for seed in (0, 1)
    ]
    courses = [(method(name), view) for view in views for name in METHODS]
    together = run_together([each.train(view, student, derive(0, "method")) for each, view in courses])
    for (each, view), predictor in zip(courses, together, strict=True):
        alone = each.fit(view, student, derive(0, "method")).predict_proba(everyone)
        np.testing.assert_allclose(predictor.predict_proba(everyone), alone, rtol=0, atol=STEP)


def test_what_is_asked_at_the_same_time_is_one_batch() -> None:
    view = view_of(weak_labels(20), weak_labels(8))
    student = recorder()
    run_together([method(name).train(view, student, derive(0, "method")) for name in METHODS])
    assert len(Recorder.asked) == 6 + 3
    assert Recorder.batches == [6, 1, 1, 1]


def test_a_composition_names_its_parts() -> None:
    assert list(Composition().model_dump()) == ["kind", "select", "relabel", "objective", "stopping", "chain"]
    assert method("naive") == Composition()
