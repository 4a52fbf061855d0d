"""Weights of a panel's supervisors: the slope by differences, the first phase, and who is trusted in the end."""

import numpy as np
import pytest
from method_data import Recorder, blobs, flipped, joined, method, recorder, split_of, student, view_of, weak_labels

from w2sg.core import CapabilityError, FloatArray, Inputs, WeakView, derive
from w2sg.methods.weighting import LEAST_WEIGHT, reweighted, weighted

SLOPE = 1e-6


def members_of(n: int, s: int, seed: int = 0) -> FloatArray:
    return np.stack([weak_labels(n, seed=seed + j) for j in range(s)])


def panel_view(x: FloatArray, members: FloatArray) -> WeakView:
    everyone = Inputs.of(x.astype(np.float32))
    return joined(split_of(everyone, members.mean(axis=0), members), None, everyone)


def test_a_step_follows_the_slope_of_the_students_loss() -> None:
    rng = np.random.default_rng(0)
    members, said = members_of(20, 4).astype(np.float64), rng.dirichlet(np.ones(3), size=20)
    weights, rate = rng.dirichlet(np.ones(4)), 1e-3

    def loss(v: FloatArray) -> float:
        total = 0.0
        for i in range(20):
            label = sum(v[j] * members[j, i] for j in range(4))
            total -= float(sum(label[c] * np.log(said[i, c]) for c in range(3))) / 20
        return total

    slope = np.array([(loss(weights + e) - loss(weights - e)) / (2 * SLOPE) for e in SLOPE * np.eye(4)])
    expected = weights - rate * slope
    np.testing.assert_allclose(reweighted(weights, members, said, rate), expected / expected.sum(), atol=1e-9)


def test_weights_stay_above_0_and_sum_to_1() -> None:
    members = np.stack([np.tile([0.99, 0.01], (5, 1)), np.tile([0.01, 0.99], (5, 1))])
    found = reweighted(np.array([0.5, 0.5]), members, np.tile([0.999, 0.001], (5, 1)), 10.0)
    np.testing.assert_allclose(found.sum(), 1)
    # Both were cut at the least weight before they were made to sum to 1.
    assert (found >= LEAST_WEIGHT).all()


def test_the_first_student_learns_where_all_supervisors_name_one_class() -> None:
    members = members_of(60, 3)
    named = members.argmax(axis=2)
    agreed = [i for i in range(60) if len({int(named[j, i]) for j in range(3)}) == 1]
    method("raven").fit(panel_view(np.arange(60.0)[:, None], members), recorder(size=0.8), derive(0, "x"))
    first, *others = Recorder.asked
    assert first.inputs.rows.tolist() == agreed
    assert [len(fit.inputs) for fit in others] == [60] * 3
    said, weights = np.tile([0.8, 0.1, 0.1], (60, 1)), np.full(3, 1 / 3)
    for fit in others:
        weights = reweighted(weights, members.astype(np.float64), said, 0.3)
        np.testing.assert_allclose(fit.targets, np.tensordot(weights, members, axes=1), atol=1e-6)


def test_without_any_agreement_the_first_student_learns_from_all() -> None:
    eye = np.eye(2, dtype=np.float32)
    members = np.stack([eye[np.zeros(6, int)], eye[np.ones(6, int)]])
    method("raven").fit(panel_view(np.arange(6.0)[:, None], members), recorder(), derive(0, "x"))
    assert [len(fit.inputs) for fit in Recorder.asked] == [6] * 4


def test_a_supervisor_that_guesses_loses_its_weight() -> None:
    x, gold = blobs(300)
    rng = np.random.default_rng(1)
    good = [flipped(gold, 3, share=0.2, seed=j) for j in range(2)]
    guess = flipped(rng.integers(3, size=300), 3, share=0.0)
    members = np.stack([*good, guess])
    view = panel_view(x, members)
    everyone = view.transfer.inputs

    def right(name: str) -> float:
        said = method(name).fit(view, student(), derive(0, "x")).predict_proba(everyone)
        return float((said.argmax(axis=1) == gold).mean())

    assert right("raven") >= right("naive")
    said = method("naive").fit(view, student(), derive(0, "x")).predict_proba(everyone)
    weights = reweighted(np.full(3, 1 / 3), members.astype(np.float64), said, 0.3)
    assert weights[2] < weights[:2].min()


def test_validation_labels_get_the_same_weights() -> None:
    members, held = members_of(10, 2), members_of(4, 2, seed=7)
    everyone = Inputs.of(np.arange(14.0, dtype=np.float32)[:, None])
    transfer = split_of(everyone.take(np.arange(10)), members[0], members)
    validation = split_of(everyone.take(np.arange(10, 14)), held[0], held)
    found = weighted(joined(transfer, validation, everyone), np.array([0.25, 0.75])).validation
    assert found is not None
    np.testing.assert_allclose(found.weak.probabilities, 0.25 * held[0] + 0.75 * held[1], atol=1e-6)


def test_one_supervisor_is_refused() -> None:
    with pytest.raises(CapabilityError, match="needs the labels of several supervisors, and this one labels alone"):
        method("raven").fit(view_of(weak_labels(10)), recorder(), derive(0, "x"))
