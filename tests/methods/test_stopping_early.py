"""Plateaus and the oracle: where training ends."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from method_data import Recorder, blobs, composed, joined, method, recorder, split_of, view_of, weak_labels

from w2sg.core import (
    Audit,
    Fit,
    FloatArray,
    InputError,
    Inputs,
    Objective,
    Stopping,
    Student,
    WeakView,
    derive,
    one_hot,
    registry,
)
from w2sg.methods import CrossEntropy, Fixed, OracleValidation, Plateau


class Scripted(Plateau):
    """Scores that are written down beforehand, one for each look."""

    kind: Any = "scripted"
    scores: tuple[float, ...]
    looks: list[int] = []

    def score(self, weak: FloatArray, logits: FloatArray) -> FloatArray:
        self.looks.append(1)
        return np.asarray(self.scores[len(self.looks) - 1])


def first_plateau(scores: list[float], patience: int) -> tuple[int, int]:
    """Return the best look within the first plateau, and the look at which it ends, both from 1."""
    for end in range(1, len(scores) + 1):
        best = max(range(end), key=lambda look: (scores[look], -look))
        if end - 1 - best >= patience:
            return best + 1, end
    return max(range(len(scores)), key=lambda look: (scores[look], -look)) + 1, len(scores)


def request(student: Any, stopping: Stopping, objective: str = "cross-entropy") -> Fit:
    x, gold = blobs(120)
    everyone, built = Inputs.of(x), registry.build("students", student)
    loss = registry.build("objectives", objective)
    assert isinstance(built, Student)
    assert isinstance(loss, Objective)
    targets = 0.7 * one_hot(gold, 3) + 0.1
    held = (everyone.take(np.arange(90, 120)), targets[90:])
    rows = everyone.take(np.arange(90))
    return Fit(
        student=built,
        inputs=rows,
        targets=targets[:90],
        corpus=everyone,
        objective=loss,
        stopping=stopping,
        rng=derive(0, "fit"),
        watched=held,
    )


@settings(max_examples=30, deadline=None)
@given(scores=st.lists(st.integers(0, 5).map(float), min_size=12, max_size=12), patience=st.integers(1, 6))
def test_plateau_stops_where_brute_force_says(scores: list[float], patience: int) -> None:
    best, end = first_plateau(scores, patience)
    linear = {"kind": "linear", "steps": 12, "tolerance": 1e-30}
    for student, per_look in ((linear, 1), ({"kind": "mlp", "epochs": 12, "batch": 45, "hidden": 4}, 2)):
        stopping = Scripted(scores=tuple(scores), patience=patience, looks=[])
        fit = request(student, stopping)
        assert fit.student.fit(fit).steps == best * per_look
        assert len(stopping.looks) == end


def test_a_plateau_waits_until_the_objective_has_settled() -> None:
    scores = [1.0] + [0.0] * 29
    for student, looks in (({"kind": "linear", "steps": 30}, 7), ({"kind": "mlp", "epochs": 30, "batch": 90}, 6)):
        stopping = Scripted(scores=tuple(scores), patience=2, looks=[])
        fit = request(student, stopping, "confidence")  # its ramp ends at 0.2
        assert fit.student.fit(fit).steps == 1
        assert len(stopping.looks) == looks


def test_plateau_scores_as_weak_validation_and_never_gives_up_later() -> None:
    weak, logits = weak_labels(20), np.log(weak_labels(20, seed=1))
    other = registry.build("stoppings", "weak-validation")
    assert isinstance(other, Stopping)
    assert Plateau().score(weak, logits) == other.score(weak, logits)
    assert (Plateau().gives_up_after, other.gives_up_after, Fixed().gives_up_after) == (5, None, None)
    with pytest.raises(InputError, match="patience: input should be greater than or equal to 1"):
        composed(stopping={"kind": "plateau", "patience": 0})


def audited(n: int, rows: list[int], gold: list[int]) -> WeakView:
    view = view_of(weak_labels(n), weak_labels(5, seed=1))
    return joined(view.transfer, view.validation, view.corpus, Audit(np.array(rows), np.array(gold)))


def test_the_oracle_watches_gold_and_trains_on_the_others() -> None:
    view = audited(12, [2, 5, 7], [0, 1, 2])
    composed(stopping={"kind": "oracle-validation", "labels": 3}).fit(view, recorder(), derive(0, "method"))
    (fit,) = Recorder.asked
    assert fit.inputs.rows.tolist() == [0, 1, 3, 4, 6, 8, 9, 10, 11]
    np.testing.assert_array_equal(fit.targets, view.transfer.weak.probabilities[fit.inputs.rows])
    assert fit.watched is not None
    assert fit.watched[0].rows.tolist() == [2, 5, 7]
    np.testing.assert_array_equal(fit.watched[1], one_hot(np.array([0, 1, 2]), 3))


def test_the_oracle_keeps_weights_with_their_examples() -> None:
    view = audited(12, [0, 1], [0, 1])
    parts = {"stopping": {"kind": "oracle-validation", "labels": 2}, "select": {"kind": "confident", "share": 0.6}}
    composed(**parts).fit(view, recorder(), derive(0, "method"))
    (fit,) = Recorder.asked
    np.testing.assert_array_equal(fit.targets, view.transfer.weak.probabilities[fit.inputs.rows])
    assert not np.isin([0, 1], fit.inputs.rows).any()


def test_the_oracle_says_what_it_needs() -> None:
    oracle = composed(stopping={"kind": "oracle-validation", "labels": 3})
    assert (oracle.audits, oracle.requires) == (3, frozenset({"gradient"}))
    with pytest.raises(InputError, match="stopping watches 3 gold labels, and the view has none: audit"):
        oracle.fit(view_of(weak_labels(9)), recorder(), derive(0, "method"))
    with pytest.raises(InputError, match="watches 3 gold labels and leaves no example to train on: lower 'labels'"):
        oracle.fit(audited(3, [0, 1, 2], [0, 1, 2]), recorder(), derive(0, "method"))


def test_the_oracle_is_marked_and_not_among_the_methods_to_compare() -> None:
    from w2sg.lab import named_methods

    assert registry.lookup("methods", "oracle-early-stopping").oracle
    assert registry.lookup("stoppings", "oracle-validation").oracle
    assert "oracle-early-stopping" not in named_methods()
    assert method("oracle-early-stopping").audits == OracleValidation().labels == 100


def test_the_oracle_finds_the_step_of_highest_accuracy() -> None:
    x, gold = blobs(300, k=3, seed=5)
    rng = np.random.default_rng(0)
    weak = one_hot(np.where(rng.random(300) < 0.4, (gold + 1) % 3, gold), 3)
    everyone = Inputs.of(x)
    linear = registry.build("students", {"kind": "linear", "features": {"kind": "nystroem", "count": 200}, "c": 1e3})
    assert isinstance(linear, Student)
    rows = np.arange(100)
    view = joined(split_of(everyone, weak), None, everyone, Audit(rows, gold[:100]))
    found = method("oracle-early-stopping").fit(view, linear, derive(0, "m"))
    accuracies = []
    for steps in range(1, 101):
        fit = Fit(
            student=linear,
            inputs=everyone.take(np.arange(100, 300)),
            targets=weak[100:],
            corpus=everyone,
            objective=CrossEntropy(),
            stopping=Fixed(),
            rng=derive(0, "m"),
            steps=steps,
        )
        accuracies.append((linear.fit(fit).predict_proba(everyone)[:100].argmax(axis=1) == gold[:100]).mean())
    assert found.steps == int(np.argmax(accuracies)) + 1
    assert max(accuracies) > accuracies[-1]
