"""The small network, and the students of scikit-learn."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from head_data import objective, soft, stopping
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier

from w2sg.core import Fit, FloatArray, InputError, Inputs, Student, derive, one_hot, registry
from w2sg.students import mlp

SLOPE = 2e-3
"""Central differences with step 1e-2 in float32: values of order 1 carry 1e-7, and ReLUs bend within the step."""


def request(spec: Any, x: FloatArray, targets: FloatArray, **fields: Any) -> Fit:
    student = registry.build("students", spec)
    assert isinstance(student, Student)
    inputs = Inputs.of(x)
    plain: dict[str, Any] = {"objective": objective(), "stopping": stopping(), "rng": derive(0, "student")}
    return Fit(student=student, inputs=inputs, targets=targets, corpus=inputs, **{**plain, **fields})


def predicted(fit: Fit, x: FloatArray | None = None) -> FloatArray:
    return np.asarray(fit.student.fit(fit).predict_proba(fit.inputs if x is None else Inputs.of(x)))


def crossed(n: int, seed: int = 0) -> tuple[FloatArray, Any]:
    """Two classes in opposite quadrants: no linear rule beats chance by much."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, size=(n, 2)).astype(np.float32)
    return x, (x[:, 0] * x[:, 1] > 0).astype(np.int64)


def test_the_network_learns_what_no_line_can() -> None:
    (x, labels), (test, gold) = crossed(400), crossed(400, seed=1)
    found = predicted(request({"kind": "mlp", "epochs": 60}, x, one_hot(labels, 2)), test)
    line = predicted(request("linear", x, one_hot(labels, 2)), test)
    assert (found.argmax(axis=1) == gold).mean() > 0.95
    assert (line.argmax(axis=1) == gold).mean() < 0.7


@pytest.mark.parametrize("weighted", [False, True])
def test_the_networks_pull_is_the_slope_of_its_loss(weighted: bool) -> None:
    rng = np.random.default_rng(0)
    x, weak = rng.normal(size=(20, 4)).astype(np.float32), soft(rng.integers(3, size=20), 3)
    weights = rng.random(20).astype(np.float32) if weighted else None
    fit, rows = request("mlp", x, weak, weights=weights), np.arange(5, 17)
    network = mlp._start(4, 6, 3, rng)
    network = (network[0], network[1] + 0.3, network[2] * 10, network[3] + 0.1)

    def loss(parameters: mlp.Parameters) -> float:
        w, b, head, offset = (value.astype(np.float64) for value in parameters)
        logits = np.maximum(x[rows] @ w + b, 0) @ head + offset
        values = fit.objective.value(weak[rows].astype(np.float64), logits, 0.5)
        return float((values * (1 if weights is None else weights[rows])).mean())

    (pulls,) = mlp._pulls([network], x[rows], fit, rows, None, 0.5)
    for place, pull in enumerate(pulls):
        assert pull.shape == network[place].shape
        for index in list(np.ndindex(pull.shape))[:8]:
            ends = []
            for step in (1e-4, -1e-4):
                moved = [value.astype(np.float64) for value in network]
                moved[place][index] += step
                ends.append(loss((moved[0], moved[1], moved[2], moved[3])))
            assert pull[index] == pytest.approx((ends[0] - ends[1]) / 2e-4, abs=SLOPE)


def test_the_network_keeps_the_best_epoch() -> None:
    (x, labels), (test, gold) = crossed(100), crossed(200, seed=1)
    weak, watched = soft(labels, 2), one_hot(gold, 2)
    fit = request({"kind": "mlp", "epochs": 20, "batch": 25}, x, weak, watched=(Inputs.of(test), watched))
    rule = stopping({"kind": "weak-validation", "measure": "likelihood"})
    kept = fit.student.fit(replace(fit, stopping=rule))
    scores = []
    for epoch in range(1, 21):
        each = fit.student.fit(replace(fit, watched=None, steps=4 * epoch, rng=derive(0, "student")))
        scores.append(float(rule.score(watched, np.log(each.predict_proba(Inputs.of(test))))))
    assert kept.steps == 4 * (int(np.argmax(scores)) + 1)


def test_the_network_does_not_mind_the_scale_of_its_inputs() -> None:
    x, labels = crossed(200)
    plain, large = (predicted(request("mlp", x * scale, one_hot(labels, 2))) for scale in (1, np.float32(1024)))
    np.testing.assert_allclose(plain, large, atol=1e-3)


def test_neighbours_are_scikit_learns() -> None:
    (x, labels), (test, _) = crossed(100), crossed(50, seed=1)
    ours = predicted(request({"kind": "knn", "k": 7}, x, soft(labels, 2)), test)
    theirs = KNeighborsClassifier(7).fit(x, soft(labels, 2).argmax(axis=1)).predict_proba(test)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    with pytest.raises(InputError, match="student.k must be at most the 10 training examples, got 15"):
        predicted(request("knn", x[:10], soft(labels, 2)[:10]))


def test_boosting_is_scikit_learns() -> None:
    (x, labels), (test, _) = crossed(100), crossed(50, seed=1)
    ours = predicted(request({"kind": "boosting", "trees": 5}, x, one_hot(labels, 2)), test)
    theirs = HistGradientBoostingClassifier(max_iter=5, max_leaf_nodes=15, early_stopping=False).fit(x, labels)
    np.testing.assert_allclose(ours, theirs.predict_proba(test), atol=1e-6)


@pytest.mark.parametrize("kind", ["knn", "boosting"])
def test_a_class_that_is_never_a_target_gets_nothing(kind: str) -> None:
    x, labels = crossed(60)
    found = predicted(request(kind, x, one_hot(labels * 2, 3)))
    assert found.shape == (60, 3)
    assert (found[:, 1] == 0).all()
    with pytest.raises(InputError, match=f"student '{kind}' needs two classes among its labels, got one"):
        predicted(request(kind, x, one_hot(0 * labels, 3)))
