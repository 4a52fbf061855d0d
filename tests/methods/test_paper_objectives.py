"""Every objective that carries a paper's id, against an implementation of its own written from the paper's equations.

References are plain numpy in float64 on class probabilities `f`; nothing of the package is used in them. Where a paper
holds a target fixed, so does the reference, at the probabilities where the gradient is asked for; gradients are central
differences.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from w2sg.core import FloatArray, Objective, registry

CLOSE = 1e-9
"""Float64 sums of some dozen terms."""
STEP, SLOPE = 1e-5, 1e-7
"""Central differences in float64: rounding leaves 1e-16 / 1e-5, and the third derivatives times 1e-10."""
N = 64

Loss = Callable[[FloatArray], FloatArray]
Reference = Callable[[FloatArray, FloatArray, float], Loss]
"""From weak labels `(n, k)`, the student's probabilities `(n, k)` at which targets are held, and progress: a loss of
probabilities `(n,)`."""


def softmax(logits: FloatArray) -> FloatArray:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def named(rows: FloatArray) -> FloatArray:
    return np.asarray(np.eye(rows.shape[1])[rows.argmax(axis=1)])


def cross_entropy(target: FloatArray, f: FloatArray) -> FloatArray:
    return np.asarray(-(target * np.log(f)).sum(axis=1))


def toward(target: Callable[[FloatArray, FloatArray, float], FloatArray]) -> Reference:
    """Cross-entropy to a target that is held where the student stands."""

    def reference(w: FloatArray, at: FloatArray, progress: float) -> Loss:
        held = target(w, at, progress)
        return lambda f: cross_entropy(held, f)

    return reference


def free(loss: Callable[[FloatArray, FloatArray], FloatArray]) -> Reference:
    """A loss of weak labels and probabilities with nothing held."""
    return lambda w, at, progress: lambda f: loss(w, f)


def burns_confidence(w: FloatArray, f: FloatArray, progress: float) -> FloatArray:
    """2312.09390, appendix A.4: the threshold is such that exactly half of the batch is positive."""
    alpha = 0.5 * min(1.0, progress / 0.2)
    positive = f[:, 1] > np.median(f[:, 1])
    return (1 - alpha) * w + alpha * np.stack([~positive, positive], axis=1)


def openai_released(w: FloatArray, f: FloatArray, progress: float) -> FloatArray:
    """openai/weak-to-strong, loss.py: coefficient and quantile as they stand there."""
    alpha = 0.5 * (1.0 if progress > 0.1 else progress)
    first = f[:, 0] >= np.quantile(f[:, 0], w[:, 1].mean())
    return (1 - alpha) * w + alpha * np.stack([first, ~first], axis=1)


def adaptive(w: FloatArray, f: FloatArray, progress: float) -> FloatArray:
    """2402.03749, equations 4 and 5, temperature 1/2."""
    own, taught = -np.log(f.max(axis=1)), -np.log(f[np.arange(len(f)), w.argmax(axis=1)])
    beta = np.exp(own / 0.5) / (np.exp(own / 0.5) + np.exp(taught / 0.5))
    return np.asarray((1 - beta[:, None]) * w + beta[:, None] * named(f))


def augmented(w: FloatArray, f: FloatArray, progress: float) -> FloatArray:
    """2402.03749, section 3: a fixed weight with a warm-up over the first 30%."""
    alpha = 0.5 * min(1.0, progress / 0.3)
    return np.asarray((1 - alpha) * w + alpha * named(f))


def product(w: FloatArray, f: FloatArray, progress: float) -> FloatArray:
    joint = w * f
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def floored(w: FloatArray) -> FloatArray:
    return np.asarray(0.99 * w + 0.01 / w.shape[1])


def kl(p: FloatArray, q: FloatArray) -> FloatArray:
    return np.asarray((p * np.log(p / q)).sum(axis=1))


def jensen_shannon(w: FloatArray, f: FloatArray) -> FloatArray:
    middle = (floored(w) + f) / 2
    return (kl(floored(w), middle) + kl(f, middle)) / 2


def rounded_variation(w: FloatArray, f: FloatArray) -> FloatArray:
    """Total variation, its kink rounded off over .05."""
    return np.asarray((np.sqrt((floored(w) - f) ** 2 + 0.05**2) - 0.05).sum(axis=1) / 2)


def symmetric(w: FloatArray, f: FloatArray) -> FloatArray:
    """1908.06112, equations 7 and 8: 0.1 CE + RCE, where log 0 of the one-hot label is -4."""
    y = named(w)
    reverse = -(f * np.where(y > 0, 0.0, -4.0)).sum(axis=1)
    return np.asarray(0.1 * cross_entropy(y, f) + reverse)


def symmetric_soft(w: FloatArray, f: FloatArray) -> FloatArray:
    return np.asarray(0.1 * cross_entropy(w, f) - (f * np.maximum(np.log(w), -4.0)).sum(axis=1))


def small(losses: FloatArray, noise: float, ramp: float, progress: float) -> FloatArray:
    """1804.06872, algorithm 1: the smallest set of at least R(T) n, with R(T) = 1 - noise min(T / T_k, 1)."""
    share = 1 - noise * min(1.0, progress / ramp)
    kept = np.argsort(losses)[: int(np.ceil(share * len(losses) - 1e-9))]
    return np.asarray(np.isin(np.arange(len(losses)), kept))


def small_loss(soft: bool) -> Reference:
    def reference(w: FloatArray, at: FloatArray, progress: float) -> Loss:
        target = w if soft else named(w)
        kept = small(cross_entropy(target, at), 0.2, 0.2, progress)
        return lambda f: np.where(kept, cross_entropy(target, f), 0.0)

    return reference


REFERENCES: dict[str, tuple[Any, Reference, tuple[int, ...]]] = {
    "naive": ("cross-entropy", free(cross_entropy), (2, 4)),
    "naive-hard": (
        {"kind": "cross-entropy", "labels": "hard"},
        free(lambda w, f: -np.log(f[np.arange(len(f)), w.argmax(axis=1)])),
        (2, 4),
    ),
    "confidence": ("confidence", toward(burns_confidence), (2,)),
    "product": ("product", toward(product), (2, 4)),
    "openai-logconf": ("openai-logconf", toward(openai_released), (2,)),
    "adaptconf": ("adaptconf", toward(adaptive), (2, 4)),
    "augconf": (
        {"kind": "confidence", "weight": 0.5, "ramp": 0.3, "threshold": "argmax"},
        toward(augmented),
        (2, 4),
    ),
    "label-smoothing": ("label-smoothing", free(lambda w, f: cross_entropy(0.9 * w + 0.1 / w.shape[1], f)), (2, 4)),
    "forward-kl": (
        {"kind": "divergence", "divergence": "forward-kl"},
        free(lambda w, f: kl(floored(w), f)),
        (2, 4),
    ),
    "reverse-kl": ("divergence", free(lambda w, f: kl(f, floored(w))), (2, 4)),
    "jensen-shannon": ({"kind": "divergence", "divergence": "jensen-shannon"}, free(jensen_shannon), (2, 4)),
    "hellinger": (
        {"kind": "divergence", "divergence": "hellinger"},
        free(lambda w, f: ((np.sqrt(floored(w)) - np.sqrt(f)) ** 2).sum(axis=1) / 2),
        (2, 4),
    ),
    "total-variation": ({"kind": "divergence", "divergence": "total-variation"}, free(rounded_variation), (2, 4)),
    "generalized-cross-entropy": (
        "generalized-cross-entropy",
        free(lambda w, f: (1 - f[np.arange(len(f)), w.argmax(axis=1)] ** 0.7) / 0.7),
        (2, 4),
    ),
    "symmetric-cross-entropy": ("symmetric-cross-entropy", free(symmetric), (2, 4)),
    "small-loss": ("small-loss", small_loss(False), (2, 4)),
    "soft-generalized-cross-entropy": (
        {"kind": "generalized-cross-entropy", "labels": "soft"},
        free(lambda w, f: (w * (1 - f**0.7) / 0.7).sum(axis=1)),
        (2, 4),
    ),
    "soft-symmetric-cross-entropy": (
        {"kind": "symmetric-cross-entropy", "labels": "soft"},
        free(symmetric_soft),
        (2, 4),
    ),
    "soft-small-loss": ({"kind": "small-loss", "labels": "soft"}, small_loss(True), (2, 4)),
}
CASES = [(name, k) for name, (_, _, sizes) in REFERENCES.items() for k in sizes]


def objective(spec: Any) -> Objective:
    found = registry.build("objectives", spec)
    assert isinstance(found, Objective)
    return found


def batch(k: int) -> tuple[FloatArray, FloatArray]:
    """Weak labels, of two classes with equal shares, and logits."""
    rng = np.random.default_rng(k)
    w = rng.dirichlet(np.ones(k), size=N)
    if k == 2:
        w = np.concatenate([w[: N // 2], w[: N // 2, ::-1]])
    return w, 2 * rng.normal(size=(N, k))


def slopes(loss: Loss, logits: FloatArray) -> FloatArray:
    """Central differences; each example has a loss of its own, so all move at once."""
    moves = STEP * np.eye(logits.shape[-1])
    return np.stack(
        [(loss(softmax(logits + move)) - loss(softmax(logits - move))) / (2 * STEP) for move in moves], axis=-1
    )


@pytest.mark.parametrize("progress", [0.0, 0.05, 0.1, 0.15, 0.5])
@pytest.mark.parametrize(("name", "k"), CASES)
def test_values_and_gradients_are_those_of_the_paper(name: str, k: int, progress: float) -> None:
    spec, reference, _ = REFERENCES[name]
    w, logits = batch(k)
    loss = reference(w, softmax(logits), progress)
    ours = objective(spec)
    np.testing.assert_allclose(ours.value(w, logits, progress), loss(softmax(logits)), rtol=0, atol=CLOSE)
    np.testing.assert_allclose(ours.gradient(w, logits, progress), slopes(loss, logits), rtol=0, atol=SLOPE)


@pytest.mark.parametrize("name", REFERENCES)
def test_the_named_method_has_this_objective(name: str) -> None:
    built: Any = registry.build("methods", name)
    assert built.objective == objective(REFERENCES[name][0])


@pytest.mark.parametrize("progress", [0.0, 0.01, 0.03, 0.05, 0.6])
@pytest.mark.parametrize("k", [2, 4])
def test_co_teaching_teaches_each_network_what_the_other_finds_small(k: int, progress: float) -> None:
    w, first = batch(k)
    second = first[::-1].copy()
    y, both = named(w), np.stack([first, second])
    ours = objective("co-teaching")
    value, gradient = ours.value(w, both, progress), ours.gradient(w, both, progress)
    for own, other in ((0, 1), (1, 0)):
        kept = small(cross_entropy(y, softmax(both[other])), 0.2, 0.05, progress)

        def loss(f: FloatArray, kept: FloatArray = kept) -> FloatArray:
            return np.where(kept, cross_entropy(y, f), 0.0)

        np.testing.assert_allclose(value[own], loss(softmax(both[own])), rtol=0, atol=CLOSE)
        np.testing.assert_allclose(gradient[own], slopes(loss, both[own]), rtol=0, atol=SLOPE)
