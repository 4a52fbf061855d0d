"""Early-learning regularization against the paper's equations, and what a student remembers along its training."""

from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from method_data import blobs, flipped, method, student, view_on
from test_paper_objectives import CLOSE, SLOPE, named, slopes, softmax

from w2sg.core import CapabilityError, Fit, FloatArray, Method, Objective, Student, WeakView, derive, one_hot, registry
from w2sg.methods import Composition
from w2sg.methods.objectives import EarlyLearning
from w2sg.methods.stopping import Fixed
from w2sg.testing.methods import Bare

WEIGHT, MOMENTUM, LEAST = 3.0, 0.7, 1e-4


def elr(label: FloatArray, f: FloatArray, t: FloatArray) -> FloatArray:
    """2007.00151, equation 6: cross-entropy, and the logarithm of one minus the likeness to the target."""
    return np.asarray(-np.log((label * f).sum(axis=1)) + WEIGHT * np.log(1 - (t * f).sum(axis=1)))


def followed(t: FloatArray, f: FloatArray) -> FloatArray:
    """2007.00151, equation 9: temporal ensembling, on probabilities that are kept from 0 and 1 as in the code."""
    near = np.clip(f, LEAST, 1 - LEAST)
    return np.asarray(MOMENTUM * t + (1 - MOMENTUM) * near / near.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("k", [2, 4])
def test_values_gradients_and_targets_are_those_of_the_paper(k: int) -> None:
    rng, ours, memory = np.random.default_rng(k), EarlyLearning(), np.zeros((40, k))
    w = rng.dirichlet(np.ones(k), size=40)
    for _look in range(4):
        logits = 2 * rng.normal(size=(40, k))
        memory, expected = ours.remembered(memory, logits), followed(memory, softmax(logits))
        np.testing.assert_allclose(memory, expected, rtol=0, atol=CLOSE)
        weak = np.stack([w, memory])
        np.testing.assert_allclose(ours.value(weak, logits, 0.5), elr(named(w), softmax(logits), memory), atol=CLOSE)
        wanted = slopes(lambda f, t=memory: elr(named(w), f, t), logits)  # type: ignore[misc]
        np.testing.assert_allclose(ours.gradient(weak, logits, 0.5), wanted, rtol=0, atol=SLOPE)


@given(st.integers(0, 500))
def test_it_never_curves_more_than_it_says(seed: int) -> None:
    rng, ours, k = np.random.default_rng(seed), EarlyLearning(), 3
    logits, step = 3 * rng.normal(size=(1, k)), rng.normal(size=(1, k)) / 100
    weak = np.stack([one_hot(rng.integers(k, size=1), k), rng.dirichlet(np.full(k, 0.3), size=1)])
    slope = ours.gradient(weak, logits, 0.0)
    above = ours.value(weak, logits + step, 0.0) - ours.value(weak, logits, 0.0) - (slope * step).sum()
    # Cross-entropy's curvature in any direction is at most one half (Boehning and Lindsay).
    assert above[0] <= ours.curvature * (step**2).sum() / 4 + 1e-9


class Recorded(EarlyLearning):
    """Keeps what it is asked for."""

    asked: ClassVar[list[tuple[FloatArray, FloatArray]]] = []

    def gradient(self, weak: Any, logits: Any, progress: float) -> Any:
        """Write labels, memory and logits down."""
        self.asked.append((weak.astype(np.float64), logits.astype(np.float64)))
        return super().gradient(weak, logits, progress)


def test_heads_are_taught_by_the_targets_of_their_own_course() -> None:
    """Two heads in one batch, whose labels differ: at each step each has the running mean of its own answers."""
    x, gold = blobs(90, 3)
    view, linear = view_on(x, flipped(gold, 3)), student({"kind": "linear", "features": "raw", "steps": 30})
    labels = [flipped(gold, 3, seed=seed) for seed in range(2)]
    Recorded.asked.clear()
    linear.fit_many([_fit(view, linear, label, Recorded()) for label in labels])
    assert len(Recorded.asked) == 30
    memory = np.zeros((2, 90, 3))
    for weak, logits in Recorded.asked:
        memory = np.stack([followed(t, softmax(z)) for t, z in zip(memory, logits, strict=True)])
        np.testing.assert_allclose(weak[:, 0], labels, atol=1e-6)
        np.testing.assert_allclose(weak[:, 1], memory, atol=1e-5)


def _fit(view: WeakView, learner: Student, targets: FloatArray, objective: Objective) -> Fit:
    return Fit(
        student=learner,
        inputs=view.transfer.inputs,
        targets=targets,
        corpus=view.corpus,
        objective=objective,
        stopping=Fixed(),
        rng=derive(0, "t"),
    )


@pytest.mark.parametrize("spec", [{"kind": "linear", "features": "raw"}, {"kind": "mlp", "hidden": 16, "epochs": 40}])
def test_wrong_labels_are_fitted_less(spec: dict[str, Any]) -> None:
    x, gold = blobs(300, 3)
    weak = flipped(gold, 3, 0.4, sure=1.0)
    view, wrong = view_on(x, weak), weak.argmax(axis=1) != gold

    def copied(name: str) -> float:
        said = method(name).fit(view, student(spec), derive(0, "t")).predict_proba(view.transfer.inputs)
        return float((said * weak).sum(axis=1)[wrong].mean())

    assert copied("early-learning") < copied("naive-hard") - 0.02


def test_the_named_method_has_this_objective_and_needs_memory() -> None:
    built = registry.build(Method, "early-learning")
    assert isinstance(built, Composition)
    assert built.objective == EarlyLearning()
    assert built.requires == {"gradient", "memory"}
    with pytest.raises(CapabilityError, match="method needs 'gradient', 'memory'"):
        built.check(Bare())
