import subprocess
import sys
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import pytest
from supervisor_data import Data, blobs, digits, examples_of, label, supervision_of

from w2sg.core import (
    ConfigError,
    Fit,
    FloatArray,
    InputError,
    Inputs,
    Predictor,
    Student,
    Supervision,
    Task,
    WeakSupervisor,
    derive,
    one_hot,
    register,
    registry,
)
from w2sg.core.registry import build
from w2sg.measure import expected_calibration_error
from w2sg.supervisors import TrainedSupervisor


class Shares(Predictor):
    def __init__(self, shares: FloatArray) -> None:
        self.shares = shares

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        return np.tile(self.shares, (len(inputs), 1))


@register()
class Spy(Student):
    """Predict the class shares, and remember what it was trained on."""

    kind: Literal["spy"] = "spy"
    broken: bool = False
    seen: ClassVar[list[Fit]] = []

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        self.seen[:] = fits
        return [Shares(fit.targets.mean(axis=0) * (np.nan if self.broken else 1)) for fit in fits]


def seen_by(data: Data, **fields: object) -> Fit:
    supervisor = build("supervisors", {"kind": "trained", "student": "spy", **fields})
    assert isinstance(supervisor, TrainedSupervisor)
    weak = label(supervisor, *data, 3)
    assert weak.shape == (len(data[0]), 3)
    return Spy.seen[0]


def test_all_gold_is_shown_by_default() -> None:
    examples, gold = blobs(40)
    fit = seen_by((examples, gold))
    order = np.argsort(fit.inputs.rows)
    np.testing.assert_array_equal(fit.inputs.rows[order], examples.inputs.rows)
    np.testing.assert_array_equal(fit.targets[order], one_hot(gold, 3))
    assert (fit.objective.kind, fit.stopping.kind, fit.weights, fit.watched) == ("cross-entropy", "fixed", None, None)
    assert fit.corpus is examples.inputs


def test_labels_and_noise_are_counted_exactly() -> None:
    examples, gold = blobs(40)
    few, more = (seen_by((examples, gold), labels=count) for count in (10, 20))
    assert (len(few.inputs), len(more.inputs)) == (10, 20)
    assert set(few.inputs.rows) < set(more.inputs.rows)
    noisy = seen_by((examples, gold), labels=20, label_noise=0.25)
    assert (noisy.targets.argmax(axis=1) != gold[noisy.inputs.rows]).sum() == 5


def test_bad_fields_and_splits_are_explained() -> None:
    data = blobs(40)
    with pytest.raises(InputError, match="labels must be at most the 40 examples .* got 41: lower"):
        seen_by(data, labels=41)
    with pytest.raises(InputError, match="at most the 0 examples of the supervision split, got all"):
        seen_by((data[0].take(np.arange(0)), data[1][:0]))
    with pytest.raises(ConfigError, match="labels: input should be greater than or equal to 1, got 0"):
        TrainedSupervisor.parse({"labels": 0})
    with pytest.raises(ConfigError, match="label_noise: input should be less than 1"):
        TrainedSupervisor.parse({"label_noise": 1})
    with pytest.raises(ConfigError, match="student.broken: input should be a valid boolean"):
        TrainedSupervisor.parse({"student": {"kind": "spy", "broken": "perhaps"}})
    with pytest.raises(InputError, match="weak labels must be finite"):
        seen_by(data, student={"kind": "spy", "broken": True})


def test_handicaps_lie_between_chance_and_all_labels() -> None:
    on, (examples, gold) = digits()
    accuracy = {}
    for name in ("trained", "pooled-pixels", "few-features", "fewer-labels"):
        supervisor = build("supervisors", name)
        assert isinstance(supervisor, TrainedSupervisor)
        weak = label(supervisor, examples, gold, 10, fitted_on=on)
        np.testing.assert_allclose(weak.sum(axis=1), 1, atol=1e-4)
        accuracy[name] = (weak.argmax(axis=1) == gold).mean()
    full = accuracy.pop("trained")
    assert full > 0.9
    assert all(0.4 < handicapped < full - 0.02 for handicapped in accuracy.values())


@pytest.mark.parametrize("name", ["pooled-pixels", "few-features", "few-words", "fewer-labels"])
def test_presets_choose_their_penalty_by_cross_validation(name: str) -> None:
    supervisor = build("supervisors", name)
    assert isinstance(supervisor, TrainedSupervisor)
    assert supervisor.student.model_dump()["c"] == "cv"


def test_with_its_own_penalty_a_supervisor_is_better_and_knows_how_good_it_is() -> None:
    """The handicap is what it sees and not how it is fitted; the badly fitted one is kept under a name of its own."""
    fitted, underfitted = on_the_task_digits("pooled-pixels"), on_the_task_digits("pooled-pixels-underfitted")
    assert fitted["accuracy"] >= 0.87
    assert fitted["ece"] < 0.08
    assert underfitted["accuracy"] < fitted["accuracy"] - 0.03
    assert underfitted["ece"] > 0.25


def on_the_task_digits(name: str, seeds: int = 4) -> dict[str, float]:
    """Accuracy and calibration error of a supervisor on the test set, as means over seeds."""
    found: dict[str, list[float]] = {"accuracy": [], "ece": []}
    for seed in range(seeds):
        data, supervisor = build(Task, "digits").load(derive(seed, "task")), build(WeakSupervisor, name)
        gold = data.vault.release("supervision", "supervision", asked_by=name)
        supervision = Supervision(data.supervision, gold, data.question, data.corpus)
        labeller = supervisor.fit(supervision, derive(seed, "fit"))
        weak = labeller.label(data.tests["test"], None, derive(seed, "label")).probabilities
        truth = data.vault.release("score", "test", asked_by="score")
        found["accuracy"].append(float((weak.argmax(axis=1) == truth).mean()))
        found["ece"].append(expected_calibration_error(weak, truth))
    return {what: float(np.mean(numbers)) for what, numbers in found.items()}


def test_few_words_reads_texts() -> None:
    words = np.array(["a good film", "a bad film", "good good", "so bad"] * 20, dtype=object)
    examples, gold = examples_of(words), np.array([1, 0, 1, 0] * 20)
    supervisor = build("supervisors", "few-words")
    assert isinstance(supervisor, TrainedSupervisor)
    assert (label(supervisor, examples, gold, 2).argmax(axis=1) == gold).all()


def test_training_is_decided_by_the_generator() -> None:
    on, (examples, gold) = digits()
    supervisor = TrainedSupervisor(labels=30)
    first, again, other = (label(supervisor, examples, gold, 10, seed, on) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_gold_of_the_labelled_split_is_never_needed() -> None:
    (on, on_gold), (examples, _) = digits()
    supervisor = TrainedSupervisor(labels=30)
    assert not supervisor.simulates
    labeller = supervisor.fit(supervision_of((on, on_gold), 10), derive(0, "fit"))
    assert labeller.label(examples, None, derive(0, "label")).probabilities.shape == (len(examples), 10)


def test_how_many_labels_are_used_is_declared() -> None:
    all_of_them, few = TrainedSupervisor(), TrainedSupervisor(labels=30)
    assert [supervisor.labels_used(20) for supervisor in (all_of_them, few)] == [20, 20]
    assert [supervisor.labels_used(50) for supervisor in (all_of_them, few)] == [50, 30]
    assert all_of_them.with_labels(10) == all_of_them
    assert few.with_labels(10) == TrainedSupervisor(labels=10)
    assert few.model == registry.build(Student, "linear")


def test_the_room_is_light() -> None:
    code = "import sys, w2sg.supervisors; print([m for m in ('sklearn', 'scipy', 'torch') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
