"""The confidence objective, against the paper's formula written in plain loops."""

from typing import Any

import numpy as np
import pytest
from method_data import weak_labels

from w2sg.core import FloatArray, one_hot
from w2sg.methods import Confidence
from w2sg.methods.objectives.base import log_softmax
from w2sg.methods.objectives.confidence import balanced_thresholds

CLOSE = 1e-9
"""Plain sums in another order, and the weight of ties (1e-6) that the formula here does not have."""


def softmax(row: list[float]) -> list[float]:
    raised = [np.exp(value) for value in row]
    return [float(value / sum(raised)) for value in raised]


def by_formula(weak: FloatArray, logits: FloatArray, t: float, largest: float) -> list[list[float]]:
    """Gradient `f - (1 - a) w - a H[f > tau]` of two classes, tau the median of the batch (appendix A)."""
    a = largest * t / 0.2 if t < 0.2 else largest
    f = [softmax(row) for row in logits.tolist()]
    positive = sorted(row[1] for row in f)
    half = len(positive) // 2
    tau = (positive[half - 1] + positive[half]) / 2
    rows = []
    for own, label in zip(f, weak.tolist(), strict=True):
        hard = [0.0, 1.0] if own[1] > tau else [1.0, 0.0]
        rows.append([own[c] - (1 - a) * label[c] - a * hard[c] for c in (0, 1)])
    return rows


def balanced(n: int, seed: int = 0) -> FloatArray:
    """Soft labels of two classes whose mean is exactly a half."""
    one = np.random.default_rng(seed).uniform(size=n // 2)
    positive = np.concatenate([one, 1 - one])
    return np.stack([1 - positive, positive], axis=1)


@pytest.mark.parametrize("largest", [0.5, 0.75])
@pytest.mark.parametrize("t", [0.0, 0.05, 0.1, 0.2, 0.5, 0.999])
def test_two_balanced_classes_follow_the_papers_formula(t: float, largest: float) -> None:
    weak, logits = balanced(32), np.random.default_rng(1).normal(size=(32, 2)) * 2 + [0, 0.7]
    found = Confidence(weight=largest).gradient(weak, logits, t)
    np.testing.assert_allclose(found, by_formula(weak, logits, t, largest), rtol=0, atol=CLOSE)


@pytest.mark.parametrize(("t", "a"), [(0.0, 0.0), (0.05, 0.125), (0.1, 0.25), (0.2, 0.5), (0.5, 0.5)])
def test_the_weight_ramps_linearly_over_the_first_fifth(t: float, a: float) -> None:
    """The released code uses t itself until it jumps; here 0.05 of training has a quarter of the largest weight."""
    weak, logits = np.array([[1.0, 0.0]]), np.array([[0.0, 3.0]])
    target = Confidence(threshold="argmax").target(weak, log_softmax(logits), t)
    np.testing.assert_allclose(target, [[1 - a, a]], atol=CLOSE)


def test_no_ramp_is_full_weight_from_the_start() -> None:
    weak, logits = np.array([[1.0, 0.0]]), np.array([[0.0, 3.0]])
    target = Confidence(ramp=0, threshold="argmax").target(weak, log_softmax(logits), 0.0)
    np.testing.assert_allclose(target, [[0.5, 0.5]], atol=CLOSE)
    assert (Confidence(ramp=0).settles_at, Confidence().settles_at) == (0, 0.2)
    assert Confidence().moving


def hard(objective: Confidence, weak: FloatArray, logits: FloatArray) -> FloatArray:
    """Return the hardened answers that the target holds, `(n, k)`."""
    a = objective.weight
    return np.asarray((objective.target(weak, log_softmax(logits), 0.999) - (1 - a) * weak) / a)


@pytest.mark.parametrize("offset", [-5.0, 0.0, 5.0])
def test_exactly_half_of_a_balanced_batch_is_positive(offset: float) -> None:
    logits = np.random.default_rng(2).normal(size=(64, 2)) + [0, offset]
    answers = hard(Confidence(), balanced(64), logits)
    np.testing.assert_allclose(answers.sum(axis=0), [32, 32], atol=1e-6)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.8])
def test_unbalanced_weak_labels_move_the_threshold(share: float) -> None:
    weak = np.tile([1 - share, share], (40, 1))
    answers = hard(Confidence(), weak, np.random.default_rng(3).normal(size=(40, 2)))
    assert answers[:, 1].sum() == pytest.approx(40 * share, abs=1e-6)


def test_each_of_three_classes_lies_above_its_threshold_as_often_as_its_weak_share() -> None:
    weak = np.tile([0.5, 0.3, 0.2], (50, 1))
    logits = np.random.default_rng(4).normal(size=(50, 3)) * 2 + [3, 0, -3]
    student = np.exp(log_softmax(logits))
    above = student > balanced_thresholds(student, weak[:1])
    assert above.sum(axis=0).tolist() == [25, 15, 10]


def test_thresholds_of_extreme_shares_are_the_extremes() -> None:
    student = np.exp(log_softmax(np.random.default_rng(5).normal(size=(20, 2))))
    thresholds = balanced_thresholds(student, np.array([[0.0, 1.0]]))
    np.testing.assert_allclose(thresholds, [[student[:, 0].max(), student[:, 1].min()]])


@pytest.mark.parametrize("threshold", ["balanced", "argmax"])
def test_an_undecided_student_takes_the_weak_labels_class(threshold: Any) -> None:
    """In the released code a student whose logits all tie is pulled to class 0 on every example."""
    weak = weak_labels(30).astype(np.float64)
    for logits in (np.zeros((30, 3)), np.full((30, 3), 7.0)):
        answers = hard(Confidence(threshold=threshold), weak, logits)
        np.testing.assert_allclose(answers, one_hot(weak.argmax(axis=1), 3), atol=1e-6)


def test_a_saturated_student_takes_the_weak_labels_class_too() -> None:
    """A student certain of one class everywhere ties in every order statistic of a balanced batch."""
    weak = balanced(20)
    answers = hard(Confidence(), weak, np.tile([0.0, 200.0], (20, 1)))
    np.testing.assert_allclose(answers, one_hot(weak.argmax(axis=1), 2), atol=1e-6)


def test_argmax_hardens_each_example_by_itself() -> None:
    logits = np.random.default_rng(6).normal(size=(30, 4))
    answers = hard(Confidence(threshold="argmax"), weak_labels(30, 4).astype(np.float64), logits)
    np.testing.assert_allclose(answers, one_hot(logits.argmax(axis=1), 4), atol=1e-6)
