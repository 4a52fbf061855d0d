"""Chains that train again on what the student is sure of, against plain loops over classes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from method_data import Recorder, blobs, composed, flipped, method, recorder, student, view_of, view_on, weak_labels

from w2sg.core import FloatArray, Inputs, derive, one_hot
from w2sg.methods.retraining import surest, with_shares

SHARES = 1e-5
"""Class shares are met within 1e-6 in float64, and labels are float32."""
SAME = 1e-3
"""Heads trained in another batch, to their own tolerance."""


def entropy(row: FloatArray) -> float:
    return -sum(float(p) * float(np.log(p)) for p in row if p > 0)


def surest_by_loops(probabilities: FloatArray, share: float) -> list[int]:
    kept: list[int] = []
    for label in range(probabilities.shape[1]):
        rows = [i for i in range(len(probabilities)) if probabilities[i].argmax() == label]
        rows.sort(key=lambda i: entropy(probabilities[i]))
        kept += rows[: max(1, round(share * len(rows)))] if rows else []
    return sorted(kept)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_the_surest_are_those_of_lowest_entropy_in_each_class(share: float) -> None:
    probabilities = weak_labels(60, seed=3)
    assert surest(probabilities, share).tolist() == surest_by_loops(probabilities, share)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(2, 6))
def test_shares_are_met_by_one_factor_for_each_class(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities, shares = rng.dirichlet(np.ones(k), size=40), rng.dirichlet(5 * np.ones(k))
    found = with_shares(probabilities, shares)
    np.testing.assert_allclose(found.mean(axis=0), shares, atol=SHARES)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    # One factor for each class: between two classes the odds of every row move alike.
    moved = np.log(found[:, :1] / found[:, 1:]) - np.log(probabilities[:, :1] / probabilities[:, 1:])
    np.testing.assert_allclose(moved, np.broadcast_to(moved[0], moved.shape), atol=1e-6)


def test_shares_of_a_class_that_nobody_names_are_0() -> None:
    found = with_shares(weak_labels(30), np.array([0.0, 0.4, 0.6]))
    assert (found[:, 0] == 0).all()
    assert np.isfinite(found).all()


def trained_by_hand(values: FloatArray, rows: Any, labels: FloatArray) -> FloatArray:
    """Return what the linear student says of all values after it learned some rows, `(n, k)`."""
    trained = method("naive").fit(view_on(values[rows], labels), student(), derive(0, "any"))
    return trained.predict_proba(Inputs.of(values))


def problem(sure: float = 0.8) -> tuple[FloatArray, FloatArray]:
    """Values and weak labels that differ in how sure they are."""
    x, gold = blobs(90)
    weak = flipped(gold, 3, sure=sure)
    doubt = np.random.default_rng(5).uniform(0, 0.4, size=(90, 1)).astype(np.float32)
    return x, (1 - doubt) * weak + doubt / 3


def test_refill_is_its_two_stages() -> None:
    x, weak = problem()
    kept = surest_by_loops(weak, 0.5)
    rest = [i for i in range(90) if i not in kept]
    said = trained_by_hand(x, kept, weak[kept])[rest]
    filled = surest_by_loops(said, 0.5)
    rows = [*kept, *[rest[i] for i in filled]]
    expected = trained_by_hand(x, rows, np.concatenate([weak[kept], said[filled]]).astype(np.float32))
    view = view_on(x, weak)
    found = composed(chain="refill").fit(view, student(), derive(0, "x")).predict_proba(view.transfer.inputs)
    np.testing.assert_allclose(found, expected, atol=SAME)


def test_refill_hardens_both_sets_where_the_stage_does() -> None:
    weak = weak_labels(40)
    method("refill").fit(view_of(weak), recorder(size=0.8), derive(0, "x"))
    first, second = Recorder.asked
    kept = surest_by_loops(weak, 0.5)
    assert first.inputs.rows.tolist() == kept
    np.testing.assert_array_equal(first.targets, one_hot(weak[kept].argmax(axis=1), 3))
    assert second.inputs.rows[: len(kept)].tolist() == kept
    assert len(second.inputs) == len(kept) + round(0.5 * (40 - len(kept)))
    # The recorder says class 0 of everything.
    np.testing.assert_array_equal(
        second.targets[len(kept) :], one_hot(np.zeros(len(second.inputs) - len(kept), int), 3)
    )


def test_refill_of_one_example_for_each_class_trains_once() -> None:
    weak = np.array([[0.9, 0.1], [0.2, 0.8]], dtype=np.float32)
    method("refill").fit(view_of(weak), recorder(), derive(0, "x"))
    assert len(Recorder.asked) == 1


def test_confident_retrain_keeps_weak_labels_where_the_first_student_is_sure() -> None:
    x, weak = problem()
    everyone = np.arange(90)
    rows = surest_by_loops(trained_by_hand(x, everyone, weak), 0.5)
    expected = trained_by_hand(x, rows, weak[rows])
    view = view_on(x, weak)
    chained = composed(chain="confident-retrain")
    found = chained.fit(view, student(), derive(0, "x")).predict_proba(view.transfer.inputs)
    np.testing.assert_allclose(found, expected, atol=SAME)


def test_confident_retrain_is_of_two_losses() -> None:
    weak = weak_labels(40)
    method("confident-retrain").fit(view_of(weak), recorder(size=0.8), derive(0, "x"))
    first, second = Recorder.asked
    assert (first.objective.kind, second.objective.kind) == ("cross-entropy", "generalized-cross-entropy")
    np.testing.assert_array_equal(first.targets, weak)
    np.testing.assert_array_equal(second.targets, one_hot(weak[second.inputs.rows].argmax(axis=1), 3))
    assert len(second.inputs) == 20


@pytest.mark.parametrize("rounds", [1, 3])
def test_self_training_is_its_rounds(rounds: int) -> None:
    x, weak = problem()
    everyone, labels = np.arange(90), weak
    for _ in range(rounds):
        said = with_shares(trained_by_hand(x, everyone, labels), weak.mean(axis=0))
        rows = surest_by_loops(said, 0.6)
        labels = weak.copy()
        labels[rows] = np.eye(3)[said[rows].argmax(axis=1)]
    expected = trained_by_hand(x, everyone, labels)
    view = view_on(x, weak)
    chained = composed(chain={"kind": "self-training", "rounds": rounds, "share": 0.6})
    found = chained.fit(view, student(), derive(0, "x")).predict_proba(view.transfer.inputs)
    np.testing.assert_allclose(found, expected, atol=SAME)


def test_self_training_mends_labels_that_are_wrong_at_random() -> None:
    x, gold = blobs(400)
    weak = flipped(gold, 3, share=0.35)
    view = view_on(x[:300], weak[:300])
    rest = view_on(x[300:], weak[300:]).transfer.inputs

    def right(name: str) -> float:
        said = method(name).fit(view, student(), derive(0, "x")).predict_proba(rest)
        return float((said.argmax(axis=1) == gold[300:]).mean())

    weak_right = float((weak[300:].argmax(axis=1) == gold[300:]).mean())
    assert right("self-training") > weak_right + 0.05
