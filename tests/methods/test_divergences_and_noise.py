"""Divergences and label-noise losses against formulas written with plain Python loops."""

from collections.abc import Callable
from math import exp, log, sqrt

import numpy as np
import pytest
from method_data import weak_labels

from w2sg.core import FloatArray, Objective, one_hot, registry

CLOSE = 1e-9
"""Float64 sums of some dozen terms."""
FLOOR, SMOOTH = 0.01, 0.05

Pairs = list[tuple[float, float]]
DIVERGENCES: dict[str, Callable[[Pairs], float]] = {
    "forward-kl": lambda rows: sum(w * log(w / f) for w, f in rows),
    "reverse-kl": lambda rows: sum(f * log(f / w) for w, f in rows),
    "jensen-shannon": lambda rows: sum((w * log(2 * w / (w + f)) + f * log(2 * f / (w + f))) / 2 for w, f in rows),
    "hellinger": lambda rows: 1 - sum(sqrt(w * f) for w, f in rows),
    "total-variation": lambda rows: sum((sqrt((f - w) ** 2 + SMOOTH**2) - SMOOTH) / 2 for w, f in rows),
}


def make(spec: object) -> Objective:
    found = registry.build("objectives", spec)  # type: ignore[call-overload]
    assert isinstance(found, Objective)
    return found


def softmax(row: list[float]) -> list[float]:
    raised = [exp(z) for z in row]
    return [one / sum(raised) for one in raised]


@pytest.mark.parametrize("k", [2, 10])
@pytest.mark.parametrize("name", list(DIVERGENCES))
def test_divergences_are_their_definitions(name: str, k: int) -> None:
    weak, at = weak_labels(12, k).astype(np.float64), _logits(k)
    expected = [
        DIVERGENCES[name]([((1 - FLOOR) * w + FLOOR / k, f) for w, f in zip(label, softmax(row), strict=True)])
        for label, row in zip((weak / weak.sum(axis=1, keepdims=True)).tolist(), at.tolist(), strict=True)
    ]
    found = make({"kind": "divergence", "divergence": name}).value(weak / weak.sum(axis=1, keepdims=True), at, 0.5)
    np.testing.assert_allclose(found, expected, atol=CLOSE)


@pytest.mark.parametrize("name", list(DIVERGENCES))
def test_a_divergence_is_least_where_the_student_says_the_weak_label(name: str) -> None:
    objective = make({"kind": "divergence", "divergence": name, "floor": 1e-9})
    weak = weak_labels(12).astype(np.float64)
    weak /= weak.sum(axis=1, keepdims=True)
    there = objective.value(weak, np.log(weak), 0.5)
    np.testing.assert_allclose(there, 0, atol=1e-8)
    assert (objective.value(weak, np.log(weak) + _logits(3) / 10, 0.5) > there).all()


def test_forward_kl_pulls_as_cross_entropy_to_the_floored_label_does() -> None:
    weak, at = weak_labels(12).astype(np.float64), _logits(3)
    floored = (1 - FLOOR) * weak + FLOOR / 3
    expected = make("cross-entropy").gradient(floored, at, 0.5)
    forward = make({"kind": "divergence", "divergence": "forward-kl"})
    np.testing.assert_allclose(forward.gradient(weak, at, 0.5), expected, atol=1e-6)


def test_label_smoothing_target() -> None:
    weak, at = weak_labels(12).astype(np.float64), _logits(3)
    expected = make("cross-entropy").gradient(0.8 * weak + 0.2 / 3, at, 0.5)
    np.testing.assert_allclose(make({"kind": "label-smoothing", "smoothing": 0.2}).gradient(weak, at, 0.5), expected)


@pytest.mark.parametrize("k", [2, 10])
def test_generalized_cross_entropy_is_its_equation_and_has_both_limits(k: int) -> None:
    labels, at = np.arange(12) % k, _logits(k)
    weak = one_hot(labels, k).astype(np.float64)
    own = np.array([softmax(row)[label] for row, label in zip(at.tolist(), labels, strict=True)])
    for q in (0.3, 0.7, 1.0):
        found = make({"kind": "generalized-cross-entropy", "q": q}).value(weak, at, 0)
        np.testing.assert_allclose(found, (1 - own**q) / q, atol=CLOSE)
    near_cross_entropy = make({"kind": "generalized-cross-entropy", "q": 1e-6}).value(weak, at, 0)
    np.testing.assert_allclose(near_cross_entropy, -np.log(own), rtol=1e-4)


@pytest.mark.parametrize("k", [2, 10])
def test_symmetric_cross_entropy_is_both_directions(k: int) -> None:
    labels, at = np.arange(12) % k, _logits(k)
    weak = one_hot(labels, k).astype(np.float64)
    expected = []
    for row, label in zip(at.tolist(), labels, strict=True):
        f = softmax(row)
        expected.append(0.1 * -log(f[label]) + 1.0 * sum(4.0 * p for c, p in enumerate(f) if c != label))
    np.testing.assert_allclose(make("symmetric-cross-entropy").value(weak, at, 0), expected, atol=CLOSE)


@pytest.mark.parametrize("name", ["reverse-kl", "jensen-shannon", "hellinger", "total-variation"])
def test_the_step_is_short_enough_for_its_curvature(name: str) -> None:
    objective = make({"kind": "divergence", "divergence": name})
    rng = np.random.default_rng(0)
    worst = 0.0
    for _ in range(200):
        weak, at, move = rng.dirichlet(np.full(4, 0.2)), 3 * rng.normal(size=4), 1e-4 * rng.normal(size=4)
        ahead, back = (objective.gradient(weak[None], (at + s * move)[None], 0) for s in (1, -1))
        worst = max(worst, float(((ahead - back) @ move)[0] / (2 * move @ move)))
    assert worst <= 0.5 * objective.curvature


def _logits(k: int) -> FloatArray:
    return 2 * np.random.default_rng(1).normal(size=(12, k))
