"""Early-learning regularization: its slope by differences, its course by hand, and labels that it does not memorise."""

import numpy as np
import pytest
from method_data import blobs, flipped, method, student, view_on, weak_labels

from w2sg.core import FloatArray, Inputs, derive
from w2sg.methods.early_learning import CLAMP, descended, elr_slope

SLOPE = 1e-6
"""Central differences in float64 with steps of 1e-6."""


def softmax(logits: FloatArray) -> FloatArray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("strength", [0.0, 1.0, 3.0])
def test_the_slope_is_that_of_equation_6(strength: float) -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(9, 4)), np.eye(4)[rng.integers(4, size=9)]
    memory = 0.7 * rng.dirichlet(np.ones(4), size=9)

    def losses(z: FloatArray) -> FloatArray:
        p = softmax(z)
        return np.asarray(-(labels * np.log(p)).sum(axis=1) + strength * np.log(1 - (p * memory).sum(axis=1)))

    found = elr_slope(logits, labels, memory, strength)
    for c in range(4):
        step = SLOPE * np.eye(4)[c]
        np.testing.assert_allclose(
            found[:, c], (losses(logits + step) - losses(logits - step)) / (2 * SLOPE), atol=1e-7
        )


def test_the_course_is_the_released_update_of_the_memory() -> None:
    """Three epochs of two steps written out: memory first, as the released code does."""
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(size=(30, 4)), np.ones((30, 1))], axis=1)
    labels, penalty, strength, decay = np.eye(3)[rng.integers(3, size=30)], 0.1, 3.0, 0.7
    head, memory = np.zeros((3, 5)), np.zeros((30, 3))
    step = 1 / (np.linalg.svd(x)[1][0] ** 2 / 60 + penalty)
    for _ in range(3):
        p = np.clip(softmax(x @ head.T), CLAMP, 1 - CLAMP)
        for i in range(30):
            memory[i] = decay * memory[i] + (1 - decay) * p[i] / p[i].sum()
        for _ in range(2):
            p, slope = softmax(x @ head.T), np.zeros((3, 5))
            for i in range(30):
                agreement = float(p[i] @ memory[i])
                for c in range(3):
                    away = strength * p[i, c] * (agreement - memory[i, c]) / (1 - agreement)
                    slope[c] += (p[i, c] - labels[i, c] + away) * x[i] / 30
            head = head - step * (slope + penalty * head * [1, 1, 1, 1, 0])
    np.testing.assert_allclose(descended(x, labels, strength, decay, penalty, 3, 2), head, atol=1e-8)


def test_without_penalty_it_is_a_linear_head() -> None:
    x, weak = blobs(150)[0], weak_labels(150)
    plain = method({"kind": "elr", "strength": 0, "labels": "soft", "steps": 150})
    view = view_on(x, weak)
    tight = student({"kind": "linear", "tolerance": 1e-6, "steps": 2000})
    naive = method("naive").fit(view, tight, derive(0, "m")).predict_proba(view.corpus)
    found = plain.fit(view, student(), derive(0, "m"))
    # Both end within about 1e-3 of the same optimum.
    np.testing.assert_allclose(found.predict_proba(view.corpus), naive, atol=5e-3)
    assert found.represent(view.corpus).shape == (150, 5)


def test_it_memorises_fewer_wrong_labels_than_cross_entropy() -> None:
    """More features than examples and next to no penalty: a plain head repeats every label."""
    rng = np.random.default_rng(0)
    gold = rng.integers(2, size=120)
    x = np.concatenate([3 * np.eye(2)[gold], rng.normal(size=(120, 150))], axis=1).astype(np.float32)
    weak = flipped(gold, 2, share=0.25)
    view = view_on(x, weak)

    def right(strength: float) -> float:
        spec = {"kind": "elr", "strength": strength, "c": 1000.0, "epochs": 500, "steps": 1}
        said = method(spec).fit(view, student(), derive(0, "m")).predict_proba(Inputs.of(x))
        return float((said.argmax(axis=1) == gold).mean())

    assert right(0.0) < 0.85
    assert right(3.0) > right(0.0) + 0.03
