"""Many heads at once are each head alone, and stopping keeps the step it should."""

from typing import Any

import numpy as np
import pytest
from head_data import EXACTLY, head, objective, problem, soft, stopping

from w2sg.core import FloatArray
from w2sg.students import Head, TrainedHead, train_heads

ALONE = 1e-5
"""Coefficients of a head in a batch and alone, relative to the largest: float32 products of other shapes."""
SCHEDULE: dict[str, Any] = {"c": 1.0, "steps": 40, "tolerance": 1e-3}


def same(one: TrainedHead, other: TrainedHead, tolerance: float = ALONE) -> None:
    size = np.abs(other.coefficients).max()
    np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=0, atol=tolerance * size)
    np.testing.assert_allclose(one.intercepts, other.intercepts, rtol=0, atol=10 * tolerance * size)
    assert one.steps == other.steps


def mixed() -> list[Head]:
    """Heads that differ in labels, objective, weights, rows, number of steps and stopping."""
    x, labels = problem(150, 12, 3)
    other, other_labels = problem(90, 200, 3, seed=1)
    weights = np.random.default_rng(2).random(150).astype(np.float32)
    watched = (x[:50] + 0.1, soft(labels, 3, seed=9)[:50])
    specs: list[Any] = ["product", "confidence", "cross-entropy", {"kind": "confidence", "threshold": "argmax"}]
    heads = [head(x, soft(labels, 3, seed), objective=objective(spec)) for seed, spec in enumerate(specs * 2)]
    heads += [head(x, soft(labels, 3, seed), weights=weights) for seed in range(2)]
    heads += [head(other, soft(other_labels, 3)), head(x, soft(labels, 3), steps=7)]
    heads += [head(x, soft(labels, 3), watched=watched, stopping=stopping("weak-validation"))]
    return heads


def test_a_batch_of_mixed_heads_is_each_head_alone() -> None:
    heads = mixed()
    for found, alone in zip(train_heads(heads, **SCHEDULE), heads, strict=True):
        same(found, train_heads([alone], **SCHEDULE)[0])


def test_order_of_the_batch_does_not_matter() -> None:
    heads = mixed()
    order = np.random.default_rng(0).permutation(len(heads))
    found = train_heads(heads, **SCHEDULE)
    for place, index in enumerate(order):
        same(train_heads([heads[i] for i in order], **SCHEDULE)[place], found[index])


@pytest.mark.parametrize("spec", ["cross-entropy", "confidence"])
@pytest.mark.parametrize("measure", ["agreement", "likelihood"])
def test_stopping_keeps_the_first_best_step(measure: str, spec: str) -> None:
    """Against brute force: train for every number of steps, score each, take the first best."""
    x, labels = problem(60, 40, 3)
    weak = soft(labels, 3)
    watched = (problem(50, 40, 3, seed=0)[0][:50] + 0.3, soft(labels, 3, seed=5)[:50])
    rule = stopping({"kind": "weak-validation", "measure": measure})
    common: dict[str, Any] = {"objective": objective(spec)}
    (found,) = train_heads([head(x, weak, watched=watched, stopping=rule, **common)], **SCHEDULE)
    courses = [train_heads([head(x, weak, steps=steps, **common)], **SCHEDULE)[0] for steps in range(1, 41)]
    scores = [rule.score(watched[1], _logits(watched[0], each)) for each in courses]
    best = int(np.argmax(np.round(scores, 6)))
    assert found.steps == best + 1
    same(found, courses[best])
    assert found.steps < 40


def _logits(x: FloatArray, found: TrainedHead) -> FloatArray:
    return np.asarray(x @ found.coefficients.T + found.intercepts)


def test_a_number_of_steps_is_exact_even_beyond_convergence() -> None:
    x, labels = problem(100, 5, 3)
    (free,) = train_heads([head(x, soft(labels, 3))], **SCHEDULE)
    assert free.steps < 39
    for steps in (1, free.steps, free.steps + 1, 40):
        assert train_heads([head(x, soft(labels, 3), steps=steps)], **SCHEDULE)[0].steps == steps


def test_a_moving_objective_runs_at_least_through_its_ramp() -> None:
    x, labels = problem(100, 5, 3)
    for ramp in (0.25, 0.75):
        moving = objective({"kind": "confidence", "ramp": ramp, "threshold": "argmax"})
        (found,) = train_heads([head(x, soft(labels, 3), objective=moving)], c=1.0, steps=100, tolerance=1e-1)
        assert found.steps >= 100 * ramp


def test_named_rows_are_kept_and_change_nothing() -> None:
    x, labels = problem(100, 5, 3)
    plain = train_heads([head(x, soft(labels, 3))], **SCHEDULE)[0]
    for _ in range(2):
        same(train_heads([head(x, soft(labels, 3), rows="these rows")], **SCHEDULE)[0], plain)
    (weaker,) = train_heads([head(x, soft(labels, 3), rows="these rows")], **{**SCHEDULE, "c": 0.01})
    assert np.abs(weaker.coefficients).max() < np.abs(plain.coefficients).max()


def test_confidence_reaches_a_fixed_point() -> None:
    """At the end the head is stationary for its own hardened target."""
    x, labels = problem(200, 4, 2)
    weak = soft(labels, 2)
    moving = objective({"kind": "confidence", "threshold": "argmax"})
    (found,) = train_heads([head(x, weak, objective=moving)], c=1.0, **{**EXACTLY, "steps": 500})
    pull = moving.gradient(weak.astype(np.float64), _logits(x.astype(np.float64), found), 0.999)
    slope = pull.T @ x + found.coefficients
    assert np.abs(slope).max() < 1e-4 * len(x)
