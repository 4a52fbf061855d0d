"""What the tests of heads share."""

from functools import partial
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from w2sg.core import FloatArray, IntArray, Objective, Stopping, one_hot, registry
from w2sg.students import Head, TrainedHead, train_heads

EXACTLY: dict[str, Any] = {"steps": 2500, "tolerance": 1e-7}
"""Train to the limit of float32."""
ONE_THREAD = partial(threadpool_limits, 1)
"""Products here are small: threads would wait for each other."""


def objective(spec: Any = "cross-entropy") -> Objective:
    built = registry.build("objectives", spec)
    assert isinstance(built, Objective)
    return built


def stopping(spec: Any = "fixed") -> Stopping:
    built = registry.build("stoppings", spec)
    assert isinstance(built, Stopping)
    return built


def problem(n: int, d: int, k: int, seed: int = 0, skew: float = 1.0) -> tuple[FloatArray, IntArray]:
    """Overlapping classes of unequal size, features with an offset."""
    rng = np.random.default_rng(seed)
    shares = skew ** np.arange(k)
    labels = np.concatenate([np.arange(k), rng.choice(k, size=n - k, p=shares / shares.sum())])
    x = rng.normal(size=(n, d)) + 0.7 * rng.normal(size=(k, d))[labels] + 2.0
    return x.astype(np.float32), labels


def head(x: FloatArray, targets: FloatArray, **fields: Any) -> Head:
    return Head(**{"x": x, "targets": targets, "objective": objective(), "stopping": stopping(), **fields})


def soft(labels: IntArray, k: int, seed: int = 0) -> FloatArray:
    """Soft labels of which a fifth have a wrong most likely class."""
    rng = np.random.default_rng(seed)
    given = np.where(rng.random(len(labels)) < 0.2, rng.integers(k, size=len(labels)), labels)
    weak = one_hot(given, k) + rng.random((len(labels), k))
    return np.asarray(weak / weak.sum(axis=1, keepdims=True), dtype=np.float32)


def trained(x: FloatArray, targets: FloatArray, c: float = 1.0, **fields: Any) -> TrainedHead:
    with ONE_THREAD():
        return train_heads([head(x, targets, **fields)], c=c, **EXACTLY)[0]


def probabilities(x: FloatArray, found: TrainedHead) -> FloatArray:
    logits = x.astype(np.float64) @ found.coefficients.T.astype(np.float64) + found.intercepts
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def peer(
    x: FloatArray, labels: IntArray, k: int, c: float, weights: FloatArray | None = None
) -> tuple[FloatArray, FloatArray, Any]:
    """Coefficients and intercepts `(k, d)` and `(k,)` of scikit-learn, centred over classes, and its model.

    With two classes scikit-learn penalises one vector `w`; a softmax penalises `w/2` and `-w/2`, which is half as much.
    """
    model = LogisticRegression(C=2 * c if k == 2 else c, tol=1e-8, max_iter=20_000)
    with ONE_THREAD():
        model.fit(x.astype(np.float64), labels, sample_weight=weights)
    w, b = model.coef_, model.intercept_
    if k == 2:
        w, b = np.concatenate([-w, w]) / 2, np.concatenate([-b, b]) / 2
    return w - w.mean(axis=0), b - b.mean(), model
