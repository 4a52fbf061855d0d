"""Ridge regression against scikit-learn and its closed forms."""

from typing import cast

import numpy as np
import pytest
from sklearn.linear_model import Ridge as SklearnRidge

from w2sg.core import Fit, FloatArray, Inputs, Objective, Stopping
from w2sg.core.registry import build
from w2sg.students import Ridge
from w2sg.students.ridge import RidgePredictor


def fitted(
    x: FloatArray, y: FloatArray, penalty: float, objective: object = "cross-entropy", **more: object
) -> RidgePredictor:
    student = Ridge(penalty=penalty)
    fit = Fit(
        student=student,
        inputs=Inputs.of(x),
        targets=y,
        corpus=Inputs.of(x),
        objective=cast(Objective, build("objectives", objective)),  # type: ignore[call-overload]
        stopping=cast(Stopping, build("stoppings", "fixed")),
        rng=np.random.default_rng(0),
        **more,  # type: ignore[arg-type]
    )
    found = student.fit(fit)
    assert isinstance(found, RidgePredictor)
    return found


def data(n: int = 80, d: int = 5) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, d))
    p = 0.5 + 0.05 * x @ rng.standard_normal(d) + 0.02 * rng.standard_normal(n)
    return x, np.column_stack([p, 1 - p])


@pytest.mark.parametrize("penalty", [0.0, 0.1, 3.0])
@pytest.mark.parametrize("shape", [(80, 5), (20, 40)])
def test_it_is_the_regression_of_scikit_learn(penalty: float, shape: tuple[int, int]) -> None:
    x, y = data(*shape)
    variance = np.square(x - x.mean(axis=0)).sum() / len(x) / x.shape[1]
    if penalty == 0 and shape[0] < shape[1]:
        return  # of many least-squares fits scikit-learn does not promise the shortest
    other = SklearnRidge(alpha=max(penalty * variance * len(x), 1e-12)).fit(x, y)
    found = fitted(x, y, penalty)
    assert found.weights == pytest.approx(other.coef_.T, abs=1e-6)
    rows = found.predict_proba(Inputs.of(x))
    assert rows == pytest.approx(np.clip(other.predict(x), 0, 1), abs=1e-6)


def test_its_residual_is_orthogonal_to_its_features() -> None:
    x, y = data()
    residual = y - fitted(x, y, 0.0).predict_proba(Inputs.of(x))
    assert np.abs(x.T @ residual).max() < 1e-6  # features are kept in single precision


def test_weights_count_as_copies_and_zero_weights_as_absence() -> None:
    x, y = data()
    weights = np.ones(80)
    weights[:10], weights[10:20] = 2, 0
    some = np.r_[np.arange(10), np.arange(10), np.arange(20, 80)]
    assert fitted(x, y, 0.0, weights=weights).weights == pytest.approx(fitted(x[some], y[some], 0.0).weights)


def test_hard_labels_are_taken_hard_and_predictions_stay_probabilities() -> None:
    x, y = data()
    hard = fitted(x, y, 0.0, {"kind": "cross-entropy", "labels": "hard"})
    assert hard.weights == pytest.approx(fitted(x, np.eye(2)[y.argmax(axis=1)], 0.0).weights)
    rows = hard.predict_proba(Inputs.of(10 * x))
    assert rows.min() == 0
    assert rows.sum(axis=1) == pytest.approx(np.ones(80))


def test_constant_features_give_the_mean_label() -> None:
    x, y = np.ones((30, 3)), data(30)[1]
    rows = fitted(x, y, 0.0).predict_proba(Inputs.of(x))
    assert rows == pytest.approx(np.tile(y.mean(axis=0), (30, 1)))
