"""Objectives that choose their examples or answers as training goes on, and the two released confidence losses."""

from math import exp, log

import numpy as np
import pytest
from method_data import weak_labels

from w2sg.core import CapabilityError, FloatArray, Objective, registry

CLOSE = 1e-9
N = 40


def make(spec: object) -> Objective:
    found = registry.build("objectives", spec)  # type: ignore[call-overload]
    assert isinstance(found, Objective)
    return found


def student(k: int, n: int = N) -> tuple[FloatArray, FloatArray]:
    """Return logits and probabilities `(n, k)`."""
    logits = 2 * np.random.default_rng(2).normal(size=(n, k))
    raised = np.exp(logits)
    return logits, raised / raised.sum(axis=1, keepdims=True)


def weak(k: int, n: int = N) -> FloatArray:
    labels = weak_labels(n, k).astype(np.float64)
    return np.asarray(labels / labels.sum(axis=1, keepdims=True))


def test_window_pulls_only_inside_it() -> None:
    for k, radius in ((2, 0.15), (3, 0.2)):
        w, (logits, f) = weak(k), student(k)
        inside = (f.max(axis=1) - 1 / k) / (1 - 1 / k) < 2 * radius
        pull = make({"kind": "window", "radius": radius}).gradient(w, logits, 0.5)
        assert 0 < inside.sum() < N
        np.testing.assert_allclose(pull[inside], (f - w)[inside], atol=CLOSE)
        assert not pull[~inside].any()
        assert not make({"kind": "window", "radius": radius}).value(w, logits, 0.5)[~inside].any()


def test_window_for_two_classes_is_the_released_rule() -> None:
    w, (logits, f) = weak(2), student(2)
    kept = f.max(axis=1) < 0.5 + 0.15
    np.testing.assert_array_equal(np.abs(make("window").gradient(w, logits, 0)).sum(axis=1) > CLOSE, kept)


def test_midweak_window_is_as_wide_as_the_median_weak_label() -> None:
    w, (logits, f) = weak(2), student(2)
    kept = np.abs(f[:, 1] - 0.5) < np.median(np.abs(w[:, 1] - 0.5))
    pull = make({"kind": "window", "radius": "midweak"}).gradient(w, logits, 0)
    np.testing.assert_array_equal(np.abs(pull).sum(axis=1) > CLOSE, kept)


@pytest.mark.parametrize(("progress", "left_out"), [(0.0, 0), (0.1, 4), (0.2, 8), (0.9, 8)])
@pytest.mark.parametrize("labels", ["hard", "soft"])
def test_small_loss_leaves_out_the_most_surprising(labels: str, progress: float, left_out: int) -> None:
    w, (logits, f) = weak(3), student(3)
    taught = np.eye(3)[w.argmax(axis=1)] if labels == "hard" else w
    losses = -(taught * np.log(f)).sum(axis=1)
    dropped = set(np.argsort(losses)[N - left_out :].tolist())
    objective = make({"kind": "small-loss", "labels": labels})
    pull, value = (part(w, logits, progress) for part in (objective.gradient, objective.value))
    assert {i for i in range(N) if not pull[i].any()} == {i for i in range(N) if value[i] == 0} == dropped
    kept = sorted(set(range(N)) - dropped)
    np.testing.assert_allclose(value[kept], losses[kept], atol=CLOSE)


def test_adaptconf_weight_is_half_on_agreement_and_falls_on_confident_disagreement() -> None:
    logits = np.array([[3.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.5, 0.0, 0.0]])
    w = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.9, 0.05]])
    f = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    target = f - make("adaptconf").gradient(w, logits, 0.5)
    expected = []
    for label, row in zip(w.tolist(), f.tolist(), strict=True):
        own, taught = row.index(max(row)), label.index(max(label))
        cs, ct = -log(row[own]), -log(row[taught])
        a = exp(cs / 0.5) / (exp(cs / 0.5) + exp(ct / 0.5))
        expected.append([(1 - a) * value + a * (c == own) for c, value in enumerate(label)])
    np.testing.assert_allclose(target, expected, atol=CLOSE)
    weights = (target[:, 0] - w[:, 0]) / (1 - w[:, 0])
    assert weights[0] == pytest.approx(0.5)
    assert weights[1] < weights[2] < 0.5


@pytest.mark.parametrize(("progress", "share"), [(0.0, 0.0), (0.1, 0.25), (0.2, 0.5), (0.7, 0.5)])
def test_entropy_weakens_the_pull_along_its_ramp(progress: float, share: float) -> None:
    w, (logits, f) = weak(3), student(3)
    np.testing.assert_allclose(make("entropy").gradient(w, logits, progress), (1 - share) * (f - w), atol=CLOSE)


def openai(w: FloatArray, f: FloatArray, progress: float) -> FloatArray:
    """The released arithmetic: coefficient `t` until the warm-up ends, then 1, times .5; threshold by quantile."""
    coefficient = 0.5 * (1.0 if progress > 0.1 else progress)
    threshold = np.quantile(f[:, 0], w[:, 1].mean())
    strong = np.stack([f[:, 0] >= threshold, f[:, 0] < threshold], axis=1)
    return (1 - coefficient) * w + coefficient * strong


@pytest.mark.parametrize("progress", [0.0, 0.05, 0.1, 0.11, 0.9])
def test_openai_logconf_is_the_released_arithmetic(progress: float) -> None:
    w, (logits, f) = weak(2), student(2)
    found = f - make("openai-logconf").gradient(w, logits, progress)
    np.testing.assert_allclose(found, openai(w, f, progress), atol=CLOSE)


def test_openai_logconf_jumps_and_gives_ties_to_class_0_and_ours_does_neither() -> None:
    w = np.tile([[0.9, 0.1], [0.2, 0.8]], (10, 1))
    even = np.zeros((20, 2))
    released, ours = make("openai-logconf"), make("confidence")
    tied = 0.5 - released.gradient(w, even, 0.9)
    np.testing.assert_allclose(2 * tied - w, np.tile([1.0, 0.0], (20, 1)), atol=1e-6)
    own = 2 * (0.5 - ours.gradient(w, even, 0.9)) - w
    np.testing.assert_allclose(own, np.tile([[1.0, 0], [0, 1]], (10, 1)), atol=1e-6)
    _, f = student(2, 20)
    steps = [np.abs(f - o.gradient(w, np.log(f), t) - w).max() for o in (released, ours) for t in (0.1, 0.101)]
    assert steps[1] > 8 * steps[0]
    assert steps[3] < 1.1 * steps[2]


@pytest.mark.parametrize("progress", [0.0, 0.05, 0.1, 0.9])
def test_eleuther_logconf_is_the_released_arithmetic(progress: float) -> None:
    w, (logits, f) = weak(2), student(2)
    coefficient = 0.5 * min(1.0, progress / 0.1)
    threshold = np.quantile(f[-32:, 0], 0.5)
    strong = np.stack([f[:, 0] >= threshold, f[:, 0] < threshold], axis=1)
    expected = (1 - coefficient) * w + coefficient * strong
    np.testing.assert_allclose(f - make("eleuther-logconf").gradient(w, logits, progress), expected, atol=CLOSE)


def test_eleuther_logconf_ignores_the_class_shares_with_its_defaults_and_ours_follows_them() -> None:
    w = np.tile([0.8, 0.2], (N, 1))
    logits, f = student(2)
    for spec, share in (("eleuther-logconf", 0.5), ("confidence", 0.8)):
        answers = ((f - make(spec).gradient(w, logits, 0.9)) - 0.5 * w) / 0.5
        assert answers[-32:, 0].mean() == pytest.approx(share, abs=0.1)


@pytest.mark.parametrize("name", ["openai-logconf", "eleuther-logconf"])
def test_released_losses_refuse_more_than_two_classes(name: str) -> None:
    with pytest.raises(CapabilityError, match="is for 2 classes, got 3: use 'confidence'"):
        make(name).gradient(weak(3), student(3)[0], 0.5)
