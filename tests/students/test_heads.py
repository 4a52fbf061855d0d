"""The head trainer against scikit-learn's logistic regression."""

from typing import Any

import numpy as np
import pytest
from head_data import head, objective, peer, probabilities, problem, soft, trained

from w2sg.core import FloatArray, one_hot
from w2sg.students import TrainedHead, train_heads

PROBABILITY = 5e-4
"""The trainer computes in float32: gradients carry 1e-7 a row, grown by how flat the loss is around its optimum."""
COEFFICIENT = 5e-3
"""Relative to the largest coefficient; flat directions move more than probabilities do."""


def agree(x: FloatArray, found: TrainedHead, expected: tuple[FloatArray, FloatArray, Any]) -> None:
    w, b, model = expected
    np.testing.assert_allclose(probabilities(x, found), model.predict_proba(x), rtol=0, atol=PROBABILITY)
    centred = found.coefficients - found.coefficients.mean(axis=0)
    np.testing.assert_allclose(centred, w, rtol=0, atol=COEFFICIENT * np.abs(w).max())
    size = np.abs(w).max() * np.abs(x).max() + np.abs(b).max()
    np.testing.assert_allclose(found.intercepts - found.intercepts.mean(), b, rtol=0, atol=COEFFICIENT * size)


@pytest.mark.parametrize("c", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("k", [2, 3, 10])
@pytest.mark.parametrize(("n", "d"), [(200, 8), (40, 90)])
def test_hard_labels(n: int, d: int, k: int, c: float) -> None:
    x, labels = problem(n, d, k)
    agree(x, trained(x, one_hot(labels, k), c), peer(x, labels, k, c))


@pytest.mark.parametrize("k", [2, 3, 10])
@pytest.mark.parametrize(("n", "d"), [(200, 8), (40, 90)])
def test_sample_weights(n: int, d: int, k: int) -> None:
    x, labels = problem(n, d, k)
    weights = np.random.default_rng(1).gamma(0.5, size=n).astype(np.float32)
    agree(x, trained(x, one_hot(labels, k), 1.0, weights=weights), peer(x, labels, k, 1.0, weights))


@pytest.mark.parametrize("k", [2, 3, 10])
@pytest.mark.parametrize(("n", "d"), [(200, 8), (40, 90)])
def test_soft_labels_are_weighted_copies_of_the_row(n: int, d: int, k: int) -> None:
    x, labels = problem(n, d, k)
    weak = soft(labels, k)
    expected = peer(np.repeat(x, k, axis=0), np.tile(np.arange(k), n), k, 1.0, weak.ravel())
    agree(x, trained(x, weak, 1.0), expected)


def test_unequal_classes() -> None:
    x, labels = problem(300, 4, 3, skew=0.2)
    agree(x, trained(x, one_hot(labels, 3), 1.0), peer(x, labels, 3, 1.0))


@pytest.mark.parametrize(("n", "d"), [(300, 6), (40, 60)])
@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_one_scale_for_all_features(scale: float, n: int, d: int) -> None:
    x, labels = problem(n, d, 3, skew=0.3)
    x *= np.float32(scale)
    c = 1 / scale**2
    agree(x, trained(x, one_hot(labels, 3), c), _rescaled(x, labels, np.full(d, scale), c))


def test_features_of_very_different_scales() -> None:
    """Columns of scale 1e-3, 1 and 1e3 side by side, unequal classes: the small ones and the intercept still count."""
    x, labels = problem(300, 6, 3, skew=0.3)
    scales = np.array([1e-3, 1e-3, 1, 1, 1e3, 1e3])
    x = (x * scales).astype(np.float32)
    found = trained(x, one_hot(labels, 3), 100.0)
    np.testing.assert_allclose(
        probabilities(x, found), _solved(x, labels, scales, 100.0), rtol=0, atol=10 * PROBABILITY
    )


def _rescaled(x: FloatArray, labels: np.ndarray, scales: FloatArray, c: float) -> tuple[FloatArray, FloatArray, Any]:
    """scikit-learn on well-scaled features, put back on the scale of `x`: its solver needs that, the loss does not."""
    w, b, model = peer(x / scales, labels, 3, c * scales[0] ** 2)

    class Back:
        def predict_proba(self, rows: FloatArray) -> FloatArray:
            return np.asarray(model.predict_proba(rows / scales))

    return w / scales, b, Back()


def _solved(x: FloatArray, labels: np.ndarray, scales: FloatArray, c: float) -> FloatArray:
    """Probabilities at the optimum of the loss itself, found in the scaled coordinates `v = w * scales`."""
    from scipy.optimize import minimize

    z, targets, k = (x / scales).astype(np.float64), one_hot(labels, 3).astype(np.float64), 3

    def loss(flat: FloatArray) -> tuple[float, FloatArray]:
        v = flat.reshape(k, -1)
        logits = z @ v[:, :-1].T + v[:, -1]
        log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        pull, ridge = np.exp(log_p) - targets, 1 / (c * scales**2)
        slope = np.concatenate([pull.T @ z + v[:, :-1] * ridge, pull.sum(axis=0)[:, None]], axis=1)
        return float(-(targets * log_p).sum() + 0.5 * (v[:, :-1] ** 2 * ridge).sum()), slope.ravel()

    best = minimize(
        loss,
        np.zeros(k * (z.shape[1] + 1)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 20000, "gtol": 1e-8, "ftol": 1e-15, "maxfun": 50000},
    )
    v = best.x.reshape(k, -1)
    logits = z @ v[:, :-1].T + v[:, -1]
    return np.asarray(np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)))


@pytest.mark.parametrize("spec", ["cross-entropy", "confidence", "product"])
@pytest.mark.parametrize("c", [1e-4, 1e6])
def test_it_never_diverges(spec: str, c: float) -> None:
    rng = np.random.default_rng(0)
    x, labels = problem(120, 7, 3)
    x[:, 0], x[:, 1], x[:, 2] = 5.0, x[:, 3], 0.0  # constant, twice the same, empty
    x = (x * 10.0 ** rng.integers(-3, 4, size=7)).astype(np.float32)
    for steps in (1, 10, 100):
        (found,) = train_heads([head(x, soft(labels, 3), objective=objective(spec))], c=c, steps=steps, tolerance=1e-3)
        assert np.isfinite(found.coefficients).all()
        assert np.isfinite(found.intercepts).all()
        p = probabilities(x, found)
        assert -np.log(p[np.arange(120), soft(labels, 3).argmax(axis=1)]).mean() < 2 * np.log(3)


def test_it_is_quick_to_converge() -> None:
    """The tolerance of the `linear` student is reached in a few dozen steps, at a loss near the optimum."""
    x, labels = problem(400, 30, 5)
    weak = soft(labels, 5)
    (quick,) = train_heads([head(x, weak)], c=1.0, steps=100, tolerance=1e-3)
    assert quick.steps < 60
    p, best = probabilities(x, quick), probabilities(x, trained(x, weak))
    assert 0 <= (weak * np.log(best / p)).sum(axis=1).mean() + 1e-6 < 1e-4
