"""Chains and stopping rules that carry a paper's id: who learns from whose labels, done by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from method_data import blobs, composed, flipped, joined, method, split_of

from w2sg.core import Audit, Fit, FloatArray, Inputs, IntArray, Student, WeakView, derive, one_hot, registry
from w2sg.methods import CrossEntropy, Fixed

SAME = 1e-6
"""The same trainings in another order of calls."""
MLP = {"kind": "mlp", "hidden": 12, "epochs": 6}


def problem(n: int = 160) -> tuple[WeakView, IntArray]:
    """Transfer and validation splits of noisy labels, and gold of the transfer split."""
    x, gold = blobs(n + 60, seed=5)
    weak, everyone = flipped(gold, 3, 0.3), Inputs.of(x)
    transfer = split_of(everyone.take(np.arange(n)), weak[:n])
    held = split_of(everyone.take(np.arange(n, n + 60)), weak[n:])
    return joined(transfer, held, everyone), gold[:n]


def request(student: Student, view: WeakView, targets: FloatArray, rng: np.random.Generator, **more: Any) -> Fit:
    """Return plain training on targets."""
    return Fit(
        student=student,
        inputs=view.transfer.inputs,
        targets=targets,
        corpus=view.corpus,
        objective=CrossEntropy(),
        stopping=Fixed(),
        rng=rng,
        **more,
    )


def test_bootstrapping_hands_each_students_soft_labels_to_the_next_larger_one() -> None:
    view, _ = problem()
    student, rng = registry.build(Student, MLP), derive(0, "method")
    labels = view.transfer.weak.probabilities
    for size in (0.25, 0.5, 1.0):
        sized = student if size == 1 else student.scaled(size)
        trained = sized.fit(request(sized, view, labels, rng))
        labels = trained.predict_proba(view.transfer.inputs)
    found = method("bootstrapping").fit(view, student, derive(0, "method"))
    np.testing.assert_allclose(found.predict_proba(view.corpus), trained.predict_proba(view.corpus), atol=SAME)


def test_lp_ft_trains_the_head_and_then_everything_from_there() -> None:
    view, _ = problem()
    student, rng = registry.build(Student, MLP), derive(0, "method")
    weak = view.transfer.weak.probabilities
    probe = student.fit(request(student, view, weak, rng, part="head"))
    tuned = student.fit(request(student, view, weak, rng, start=probe))
    found = method("lp-ft").fit(view, student, derive(0, "method"))
    np.testing.assert_allclose(found.predict_proba(view.corpus), tuned.predict_proba(view.corpus), atol=SAME)
    assert np.abs(probe.predict_proba(view.corpus) - tuned.predict_proba(view.corpus)).max() > 0.05


def best_step(view: WeakView, watched: tuple[Inputs, FloatArray], student: Student) -> tuple[int, FloatArray]:
    """Train for every number of steps; return the first with the highest agreement, and what it answers."""
    scores, answers = [], []
    for steps in range(1, 31):
        trained = student.fit(
            request(student, view, view.transfer.weak.probabilities, derive(0, "method"), steps=steps)
        )
        said = trained.predict_proba(watched[0])
        scores.append((said.argmax(axis=1) == watched[1].argmax(axis=1)).mean())
        answers.append(trained.predict_proba(view.corpus))
    best = int(np.argmax(scores))
    return best + 1, answers[best]


@pytest.fixture
def linear() -> Student:
    return registry.build(Student, {"kind": "linear", "steps": 30, "tolerance": 1e-12})


def test_early_stopping_keeps_the_step_that_agrees_best_with_held_out_weak_labels(linear: Student) -> None:
    view, _ = problem()
    assert view.validation is not None
    steps, answers = best_step(view, (view.validation.inputs, view.validation.weak.probabilities), linear)
    found = method("early-stopping").fit(view, linear, derive(0, "method"))
    assert found.steps == steps
    np.testing.assert_allclose(found.predict_proba(view.corpus), answers, atol=1e-4)


def test_the_oracle_keeps_the_step_that_is_best_on_gold(linear: Student) -> None:
    view, gold = problem()
    rows = np.arange(0, 160, 4)
    others = np.setdiff1d(np.arange(160), rows)
    left = replace(view, transfer=view.transfer.take(others))
    steps, answers = best_step(left, (view.transfer.inputs.take(rows), one_hot(gold[rows], 3)), linear)
    oracle = composed(stopping={"kind": "oracle-validation", "labels": len(rows)})
    found = oracle.fit(replace(view, audit=Audit(rows, gold[rows])), linear, derive(0, "method"))
    assert found.steps == steps
    np.testing.assert_allclose(found.predict_proba(view.corpus), answers, atol=1e-4)
