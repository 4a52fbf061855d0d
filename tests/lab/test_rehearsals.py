"""Rehearsals: the supervisor taught again without each part of its split, for methods that judge students on it."""

from pathlib import Path

import numpy as np
import pytest
from lab_data import WINE, run_small

from w2sg.core import InformationTier, Supervision
from w2sg.graph import Store
from w2sg.lab import Setup, make_setup, scores_of_setups, task_data
from w2sg.lab.steps import DEALT, Rehearsals, rehearsed_of

SEED = 3


def setup(method: str = "auto", supervisor: str = "few-features") -> Setup:
    return make_setup(dict(WINE), supervisor, method=method)


def step(supervisor: str = "few-features", folds: int = 4) -> Rehearsals:
    whole = setup(supervisor=supervisor)
    return Rehearsals(task=whole.task, supervisor=whole.supervisor, folds=folds, seed=SEED)


def test_each_example_is_held_out_once() -> None:
    rehearsals = step()
    found = rehearsed_of(rehearsals.data, rehearsals.compute({})).parts
    assert len(found) == 4
    held_out = np.sort(np.concatenate([rehearsal.held_out for rehearsal in found]))
    np.testing.assert_array_equal(held_out, np.arange(len(rehearsals.data.supervision)))


def test_the_supervisor_of_a_rehearsal_was_not_taught_what_is_held_out() -> None:
    rehearsals = step()
    artifact, data = rehearsals.compute({}), rehearsals.data
    gold = data.vault.release("supervision", "supervision")
    whole = Supervision(data.supervision, gold, data.question, data.corpus)
    for fold, rehearsal in enumerate(rehearsed_of(data, artifact).parts):
        part = whole.take(artifact.arrays[DEALT] != fold)
        labeller = rehearsals.supervisor.fit(part, data.vault.generator(SEED, "supervisor"))
        said = labeller.label(data.transfer, None, data.vault.generator(SEED, "label", "transfer"))
        np.testing.assert_allclose(rehearsal.weak.probabilities, said.probabilities, atol=1e-6)


def test_errors_are_those_of_supervisors_on_what_they_did_not_learn_from() -> None:
    rehearsals = step()
    data, artifact = rehearsals.data, rehearsals.compute({})
    gold = data.vault.release("supervision", "supervision")
    whole, k = Supervision(data.supervision, gold, data.question, data.corpus), len(data.question.names)
    expected = np.zeros((k, k), dtype=int)
    for fold in range(4):
        part = artifact.arrays[DEALT] == fold
        labeller = rehearsals.supervisor.fit(whole.take(~part), data.vault.generator(SEED, "supervisor"))
        said = labeller.label(data.supervision.take(part), None, data.vault.generator(SEED, "label")).named
        for truth, name in zip(gold[part], said, strict=True):
            expected[truth, name] += 1
    found = rehearsed_of(data, artifact)
    np.testing.assert_array_equal(found.confusion, expected)
    assert found.accuracy == np.trace(expected) / len(gold)
    # A supervisor that is judged on what it learned from looks better than it is: that is what the folds are for.
    taught = rehearsals.supervisor.fit(whole, data.vault.generator(SEED, "supervisor"))
    own = taught.label(data.supervision, None, data.vault.generator(SEED, "label"))
    assert found.accuracy < (own.named == gold).mean()


def test_a_simulated_supervisor_errs_on_its_split_as_it_does_elsewhere() -> None:
    whole = make_setup({**WINE, "supervision": 60}, {"kind": "simulated", "accuracy": 0.75}, method="auto")
    rehearsals = Rehearsals(task=whole.task, supervisor=whole.supervisor, folds=5, seed=SEED)
    assert rehearsed_of(rehearsals.data, rehearsals.compute({})).accuracy == 0.75


@pytest.mark.parametrize("name", ["naive", "confidence", "auto-weak", "auto-aggregates"])
def test_a_method_that_asks_for_no_rehearsals_is_not_told_of_errors(name: str) -> None:
    (score,) = scores_of_setups([setup(name)], [SEED])
    assert score.student.rehearsals is None


def test_a_method_of_weak_labels_gets_nothing_by_asking_for_rehearsals() -> None:
    rehearsals = step()
    data = rehearsals.data
    rehearsed = rehearsed_of(data, rehearsals.compute({}))
    weak = {
        split: data.question.truth(np.zeros(len(part), int)) for split, part in data.labelled_by_supervisor().items()
    }
    before = len(data.vault.record)
    view = data.view(weak, rehearsed=rehearsed)
    assert (view.aggregates, view.supervision, view.rehearsals) == (None, None, ())
    assert len(data.vault.record) == before
    told = data.view(weak, tier=InformationTier.AGGREGATES, rehearsed=rehearsed, asked_by="me")
    assert told.aggregates is not None
    assert told.aggregates.supervisor_accuracy == rehearsed.accuracy
    assert told.aggregates.confusion is rehearsed.confusion
    assert (told.supervision, told.rehearsals) == (None, ())
    assert [(line.purpose, line.asked_by) for line in data.vault.record[before:]] == [("aggregates", "me")]


@pytest.mark.parametrize("supervisor", ["fewer-labels", "simulated"])
def test_supervisors_of_few_labels_and_simulated_ones_rehearse_too(supervisor: str) -> None:
    whole = make_setup({**WINE, "supervision": 60}, supervisor, method="auto")
    rehearsals = Rehearsals(task=whole.task, supervisor=whole.supervisor, folds=5, seed=SEED)
    assert len(rehearsed_of(rehearsals.data, rehearsals.compute({})).parts) == 5


def test_only_a_method_that_rehearses_has_the_step() -> None:
    (auto,), (plain,) = (scores_of_setups([setup(name)], [SEED]) for name in ("auto", "auto-aggregates"))
    assert auto.student.rehearsals is not None
    assert set(auto.student.inputs()) == {"labels", "rehearsals"}
    assert plain.student.rehearsals is None
    assert auto.direct is not None
    assert auto.direct.rehearsals is None


def test_a_run_tells_what_was_chosen_and_what_gold_it_read(tmp_path: Path) -> None:
    found = run_small(tmp_path, methods=["naive", "auto-weak", "auto-aggregates", "auto"])
    assert found.steps_done["rehearsals"] == 2
    weak, aggregates, auto = found.results[1:]
    purposes = [{line["purpose"] for line in result.gold} for result in (weak, aggregates, auto)]
    # The direct student beside every run reads the supervision split; only `auto` itself does so as a method.
    with Store(tmp_path) as store:
        asked = {entry.asked_by for entry in store.ledger() if entry.purpose == "information"}
        notes = [
            store.record(store.record(run)["inputs"]["student"])["notes"]  # type: ignore[index]
            for run in auto.run_ids
        ]
    assert asked == {"auto", "direct"}
    assert "aggregates" in purposes[1]
    assert all(note["chose"] and note["by"] for note in notes)


def test_folds_are_at_most_the_examples() -> None:
    whole = make_setup({**WINE, "supervision": 4}, "few-features", method="auto")
    rehearsals = Rehearsals(task=whole.task, supervisor=whole.supervisor, folds=40, seed=SEED)
    assert len(rehearsed_of(task_data(whole.task, SEED), rehearsals.compute({})).parts) == 4
