"""Chains other than bootstrapping: strong to strong, probe then all, ensembles, several supervisors."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from method_data import (
    Fake,
    Recorder,
    audit_of,
    blobs,
    composed,
    joined,
    method,
    recorder,
    split_of,
    view_of,
    weak_labels,
)

from w2sg.core import (
    Audit,
    CapabilityError,
    FloatArray,
    Inputs,
    Predictor,
    Student,
    WeakView,
    derive,
    one_hot,
    registry,
)
from w2sg.methods import EnsemblePredictor, PanelAssignment
from w2sg.methods.views import taken


class Sized(Recorder):
    """A recorder whose last layer can be trained alone."""

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset({"gradient", "parts"})


def student(spec: Any) -> Student:
    built = registry.build("students", spec)
    assert isinstance(built, Student)
    return built


@pytest.mark.parametrize("rounds", [1, 2, 4])
def test_strong_to_strong_trains_one_student_more_than_rounds(rounds: int) -> None:
    weak, held = weak_labels(20), weak_labels(8, seed=1)
    chained = composed(chain={"kind": "strong-to-strong", "rounds": rounds}, stopping="weak-validation")
    chained.fit(view_of(weak, held), recorder(size=0.7), derive(0, "method"))
    assert len(Recorder.asked) == rounds + 1
    np.testing.assert_array_equal(Recorder.asked[0].targets, weak)
    for fit in Recorder.asked[1:]:
        np.testing.assert_allclose(fit.targets[:, 0], 0.7, rtol=1e-6)
        assert fit.watched is not None
        np.testing.assert_allclose(fit.watched[1][:, 0], 0.7, rtol=1e-6)
        assert fit.start is None


def test_lp_ft_selects_once_and_goes_on_from_the_head() -> None:
    Recorder.asked.clear()
    chained = composed(chain="lp-ft", select={"kind": "confident", "share": 0.5})
    chained.fit(view_of(weak_labels(20)), Sized(), derive(0, "method"))
    head, everything = Recorder.asked
    assert (head.part, head.start, everything.part) == ("head", None, "all")
    assert isinstance(everything.start, Fake)
    assert head.inputs is everything.inputs
    with pytest.raises(CapabilityError, match="method needs 'parts', student 'linear' has"):
        method("lp-ft").fit(view_of(weak_labels(20)), student("linear"), derive(0, "method"))


def test_lp_ft_scouts_both_halves_before_it_trains_on_all() -> None:
    Recorder.asked.clear()
    chained = composed(chain="lp-ft", stopping="weak-validation")
    chained.fit(view_of(weak_labels(20)), Sized(best=4), derive(0, "method"))
    assert [fit.part for fit in Recorder.asked] == ["head", "all", "head", "all"]
    assert [len(fit.inputs) for fit in Recorder.asked] == [16, 16, 20, 20]
    assert [fit.steps for fit in Recorder.asked] == [None, None, 4, 4]


def test_lp_ft_moves_the_hidden_layer_only_in_its_second_half() -> None:
    x, gold = blobs(90)
    everyone = Inputs.of(x)
    view = joined(split_of(everyone, one_hot(gold, 3)), None, everyone)
    small = student({"kind": "mlp", "epochs": 3, "hidden": 8})
    trained = method("lp-ft").fit(view, small, derive(0, "method"))
    probe = method("naive").train(view, small, derive(0, "method"))
    (fit,) = next(probe)
    head = small.fit(replace(fit, part="head"))
    again = small.fit(replace(fit, start=head))
    np.testing.assert_array_equal(trained.predict_proba(everyone), again.predict_proba(everyone))
    assert (head.represent(everyone) != again.represent(everyone)).any()


def test_ensemble_resamples_and_averages_in_one_batch() -> None:
    weak = weak_labels(40)
    predictor = method("ensemble").fit(view_of(weak), recorder(size=0.6), derive(0, "method"))
    assert Recorder.batches == [5]
    assert len({fit.inputs.rows.tobytes() for fit in Recorder.asked}) == 5
    for fit in Recorder.asked:
        assert len(fit.inputs) == 40
        assert 15 < len(np.unique(fit.inputs.rows)) < 36  # about 1 - 1/e of 40
        np.testing.assert_array_equal(fit.targets, weak[fit.inputs.rows])
    assert predictor.steps == 5 * 17
    assert len(predictor.predict_proba(Inputs.of(np.zeros((3, 1))))) == 3


def test_ensemble_predicts_the_mean() -> None:
    shares = [np.array([0.2, 0.8]), np.array([0.6, 0.4])]
    made = EnsemblePredictor([Fake(shares[0], 3), Fake(shares[1], None)])
    np.testing.assert_allclose(made.predict_proba(Inputs.of(np.zeros((2, 1)))), [[0.4, 0.6]] * 2)
    assert made.steps is None


def test_ensemble_varies_less_than_one_student_over_draws_of_the_data() -> None:
    x, gold = blobs(1200)
    everyone = Inputs.of(x)
    unstable = student({"kind": "knn", "k": 1})

    def spread(name: str) -> float:
        found = []
        for draw in range(6):
            rows = np.arange(draw * 100, draw * 100 + 100)
            view = joined(split_of(everyone.take(rows), one_hot(gold[rows], 3)), None, everyone)
            found.append(
                method(name).fit(view, unstable, derive(0, "m")).predict_proba(everyone.take(np.arange(700, 1200)))
            )
        return float(np.var(found, axis=0).mean())

    assert spread("ensemble") < 0.7 * spread("naive")


def test_audited_examples_stay_audited_when_rows_are_taken() -> None:
    plain = view_of(weak_labels(6))
    view = joined(plain.transfer, None, plain.corpus, Audit(np.array([1, 4]), np.array([2, 0])))
    found = taken(view, np.array([4, 0, 4, 1, 5]))
    assert found.audit is not None
    assert audit_of(found).rows.tolist() == [0, 2, 3]
    assert audit_of(found).gold.tolist() == [0, 0, 2]
    np.testing.assert_array_equal(found.transfer.weak.probabilities, plain.transfer.weak.probabilities[[4, 0, 4, 1, 5]])


def test_an_audit_reaches_every_student_of_a_chain() -> None:
    plain = view_of(weak_labels(30))
    view = joined(plain.transfer, None, plain.corpus, Audit(np.arange(5), np.zeros(5, np.int64)))
    stopping = {"kind": "oracle-validation", "labels": 5}
    for chain, students in (("strong-to-strong", 3), ("ensemble", 5), ("bootstrap", 3)):
        composed(chain=chain, stopping=stopping).fit(view, recorder(), derive(0, "method"))
        assert len(Recorder.asked) == students
        assert all(not np.isin(np.arange(5), fit.inputs.rows).any() for fit in Recorder.asked)


def panel(members: FloatArray, held: FloatArray | None = None) -> WeakView:
    view = view_of(members.mean(axis=0), None if held is None else held.mean(axis=0))
    transfer = split_of(view.transfer.inputs, members.mean(axis=0), members)
    validation = None if held is None else split_of(view.corpus.take(np.arange(-len(held[0]), 0)), held.mean(0), held)
    return replace(view, transfer=transfer, validation=validation)


class Says(Predictor):
    """Says what it was told to, row by row."""

    def __init__(self, said: FloatArray) -> None:
        self.said = said

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        return self.said[inputs.rows]


@pytest.mark.parametrize("consistency", ["student", "panel", "both", "none"])
def test_assignment_against_brute_force(consistency: Any) -> None:
    rng = np.random.default_rng(0)
    members = rng.dirichlet(np.full(3, 0.5), size=(4, 50)).astype(np.float32)
    said = rng.dirichlet(np.full(3, 0.5), size=50)
    view = panel(members)
    found = PanelAssignment(consistency=consistency)._assigned(view, Says(said))
    rows, labels = [], []
    for row in range(50):
        best = max(range(4), key=lambda j: sum(said[row, c] * members[j, row, c] for c in range(3)))
        label = members[best, row]
        if consistency in ("student", "both") and label.argmax() != said[row].argmax():
            continue
        if consistency in ("panel", "both") and label.argmax() != view.transfer.weak.probabilities[row].argmax():
            continue
        rows.append(row)
        labels.append(label)
    assert found.transfer.inputs.rows.tolist() == rows
    np.testing.assert_array_equal(found.transfer.weak.probabilities, labels)
    assert 10 < len(rows) <= 50


def test_all_examples_count_where_none_is_consistent() -> None:
    members = np.tile(np.array([0.4, 0.35, 0.25], np.float32), (2, 8, 1))
    found = PanelAssignment()._assigned(panel(members, members[:, :3]), Says(np.tile([0.0, 0.0, 1.0], (11, 1))))
    assert len(found.transfer) == 8
    assert found.validation is not None
    np.testing.assert_array_equal(found.validation.weak.probabilities, members[0, :3])


def test_co_supervision_finds_the_specialists() -> None:
    x, gold = blobs(600, seed=3)
    rng = np.random.default_rng(1)
    region = rng.integers(3, size=600)
    right, guess = one_hot(gold, 3), one_hot(rng.integers(3, size=600), 3)
    members = np.stack([np.where((region == j)[:, None], right, guess) * 0.9 + 0.1 / 3 for j in range(3)])
    everyone = Inputs.of(x)
    split = split_of(everyone, members.mean(axis=0), members)
    linear = student("linear")
    plain = method("naive").fit(joined(split, None, everyone), linear, derive(0, "m"))
    taught = PanelAssignment()._assigned(joined(split, None, everyone), plain).transfer
    own = members[region[taught.inputs.rows], taught.inputs.rows]
    assert (taught.weak.named == gold[taught.inputs.rows]).mean() > 0.9
    assert (taught.weak.named == own.argmax(axis=1)).mean() > 0.9
    assert len(taught) > 400


def test_co_supervision_without_a_panel_is_refused_before_any_work() -> None:
    with pytest.raises(CapabilityError, match="needs the labels of several supervisors.*choose a supervisor of kind"):
        method("panel-assignment").fit(view_of(weak_labels(9)), recorder(), derive(0, "method"))
    assert not Recorder.asked
    assert method("panel-assignment").needs == {"members"}


def test_co_supervision_rounds_count() -> None:
    members = np.stack([weak_labels(20, seed=seed) for seed in range(3)])
    composed(chain={"kind": "panel-assignment", "rounds": 3}).fit(panel(members), recorder(), derive(0, "method"))
    assert len(Recorder.asked) == 4
