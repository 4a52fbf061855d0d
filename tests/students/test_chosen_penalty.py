"""The penalty that a linear student chooses by cross-validation, against scikit-learn on the same folds."""

from typing import Any

import numpy as np
import pytest
from head_data import EXACTLY, ONE_THREAD, objective, peer, problem, stopping
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from w2sg.core import Fit, FloatArray, Inputs, IntArray, derive, one_hot
from w2sg.students import Linear, linear, train_heads
from w2sg.students.linear import FOLDS, PENALTIES, LinearPredictor

ALL_COLUMNS = {"kind": "columns", "share": 1.0}
TOGETHER = 1e-4
"""Probabilities of a head trained alone and with others: float32 sums in another order over a training to its limit."""


@pytest.fixture
def trained_with(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, float]]:
    """How many heads each call of the trainer was given, and with which `c`."""
    calls: list[tuple[int, float]] = []
    train = train_heads

    def spy(heads: Any, *, c: float, **fields: Any) -> Any:
        calls.append((len(heads), c))
        return train(heads, c=c, **fields)

    monkeypatch.setattr(linear, "train_heads", spy)
    return calls


def student(c: Any = "cv") -> Linear:
    return Linear.parse({"features": ALL_COLUMNS, "c": c, **EXACTLY})


def fit_of(x: FloatArray, targets: FloatArray, **fields: Any) -> Fit:
    inputs = Inputs.of(x)
    plain = {"objective": objective(), "stopping": stopping(), "rng": derive(0, "test"), "corpus": inputs}
    return Fit(student=fields.pop("by", student()), inputs=inputs, targets=targets, **{**plain, **fields})


def taught(fit: Fit) -> LinearPredictor:
    with ONE_THREAD():
        found = fit.student.fit(fit)
    assert isinstance(found, LinearPredictor)
    return found


def folds_of(x: FloatArray) -> IntArray:
    return np.asarray(derive(0, "folds", Inputs.of(x).digest).permutation(len(x)) % min(FOLDS, len(x)))


def peers_choice(x: FloatArray, labels: IntArray, k: int) -> float:
    """The penalty under which scikit-learn's held-out probabilities of the labels are largest, on the same folds."""
    losses = []
    for c in PENALTIES:
        model = LogisticRegression(C=2 * c if k == 2 else c, tol=1e-8, max_iter=20_000)
        with ONE_THREAD():
            held_out = cross_val_predict(
                model, x.astype(np.float64), labels, cv=PredefinedSplit(folds_of(x)), method="predict_proba"
            )
        losses.append(-np.log(held_out[np.arange(len(x)), labels]).sum())
    return PENALTIES[int(np.argmin(losses))]


@pytest.mark.parametrize(("n", "d", "k", "noise"), [(200, 8, 2, 0.0), (150, 6, 3, 0.4), (60, 90, 3, 0.3)])
def test_it_is_the_one_with_the_best_held_out_likelihood(
    n: int, d: int, k: int, noise: float, trained_with: list[tuple[int, float]]
) -> None:
    x, labels = problem(n, d, k)
    rng = np.random.default_rng(3)
    labels = np.where(rng.random(n) < noise, rng.integers(k, size=n), labels)
    found = taught(fit_of(x, one_hot(labels, k)))
    best = peers_choice(x, labels, k)
    assert PENALTIES[0] < best < PENALTIES[-1], "else the range decides and not the labels"
    assert trained_with[-1] == (1, best)
    assert len(trained_with) == FOLDS * len(PENALTIES) + 1
    again = taught(fit_of(x, one_hot(labels, k), by=student(best)))
    np.testing.assert_array_equal(found.head.coefficients, again.head.coefficients)


def test_example_weights_count_in_training_and_in_what_is_held_out(trained_with: list[tuple[int, float]]) -> None:
    """Half of the labels are noise: with a weight of almost nothing they plead for no strong penalty any more."""
    x, labels = problem(200, 8, 3)
    rng = np.random.default_rng(4)
    noisy = rng.random(200) < 0.5
    labels = np.where(noisy, rng.integers(3, size=200), labels)
    weights = np.where(noisy, 0.001, 1.0).astype(np.float32)
    dealt, losses = folds_of(x), []
    for c in PENALTIES:
        loss = 0.0
        for fold in range(FOLDS):
            kept, out = dealt != fold, np.flatnonzero(dealt == fold)
            said = peer(x[kept], labels[kept], 3, c, weights[kept])[2].predict_proba(x[out])
            loss -= float(weights[out] @ np.log(said[np.arange(len(out)), labels[out]]))
        losses.append(loss)
    taught(fit_of(x, one_hot(labels, 3), weights=weights))
    weighted = trained_with[-1][1]
    assert weighted == PENALTIES[int(np.argmin(losses))]
    taught(fit_of(x, one_hot(labels, 3)))
    assert trained_with[-1][1] < weighted


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows_are_held_out_one_by_one_and_of_equals_the_strongest_penalty_is_taken(
    n: int, trained_with: list[tuple[int, float]]
) -> None:
    """Rows that are all alike say nothing of the penalty; of a single row there is nothing to hold out."""
    found = taught(fit_of(np.ones((n, 3), dtype=np.float32), one_hot(np.zeros(n, dtype=int), 2)))
    assert len(trained_with) == (0 if n == 1 else n * len(PENALTIES)) + 1
    assert trained_with[-1] == (1, PENALTIES[0])
    assert found.predict_proba(Inputs.of(np.ones((1, 3), dtype=np.float32)))[0, 0] > 0.5


def test_heads_together_choose_and_learn_what_each_does_alone(trained_with: list[tuple[int, float]]) -> None:
    x, labels = problem(120, 6, 3)
    other, _ = problem(80, 6, 3, seed=1)
    rng = np.random.default_rng(5)
    noisy = np.where(rng.random(120) < 0.6, rng.integers(3, size=120), labels)
    weights = rng.gamma(1.0, size=120).astype(np.float32)
    fits = [
        fit_of(x, one_hot(labels, 3)),
        fit_of(x, one_hot(noisy, 3)),
        fit_of(other, one_hot(np.arange(80) % 3, 3)),
        fit_of(x, one_hot(labels, 3), weights=weights),
    ]
    alone = [taught(fit) for fit in fits]
    chosen = [c for heads, c in trained_with[FOLDS * len(PENALTIES) :: FOLDS * len(PENALTIES) + 1]]
    trained_with.clear()
    with ONE_THREAD():
        together = student().fit_many(fits)
    assert len(set(chosen)) > 1
    # Heads on the same rows are cross-validated in one call: for two sets of rows and not for four heads.
    searched, last = trained_with[: 2 * FOLDS * len(PENALTIES)], trained_with[2 * FOLDS * len(PENALTIES) :]
    assert {heads for heads, _ in searched} == {3, 1}
    assert sorted(last) == sorted((chosen.count(c), c) for c in set(chosen))
    for one, both in zip(alone, together, strict=True):
        assert isinstance(both, LinearPredictor)
        inputs = Inputs.of(x)
        np.testing.assert_allclose(both.predict_proba(inputs), one.predict_proba(inputs), rtol=0, atol=TOGETHER)


def test_soft_labels_are_held_out_as_they_are(trained_with: list[tuple[int, float]]) -> None:
    """Labels that are the same for every row are met by the intercept alone: the strongest penalty is best."""
    x, _ = problem(100, 5, 3)
    taught(fit_of(x, np.tile(np.array([0.2, 0.3, 0.5], dtype=np.float32), (100, 1))))
    assert trained_with[-1] == (1, PENALTIES[0])
