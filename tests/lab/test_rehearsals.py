"""Rehearsals: the supervisor taught again without each part of its split, for methods that judge students on it."""

from pathlib import Path

import numpy as np
import pytest
from lab_data import WINE, run_small

from w2sg.core import Supervision
from w2sg.graph import Store
from w2sg.lab import Setup, make_setup, scores_of_setups, task_data
from w2sg.lab.steps import DEALT, Rehearsals, rehearsals_of

SEED = 3


def setup(method: str = "auto", supervisor: str = "few-features") -> Setup:
    return make_setup(dict(WINE), supervisor, method=method)


def step(supervisor: str = "few-features", folds: int = 4) -> Rehearsals:
    whole = setup(supervisor=supervisor)
    return Rehearsals(task=whole.task, supervisor=whole.supervisor, folds=folds, seed=SEED)


def test_each_example_is_held_out_once() -> None:
    rehearsals = step()
    found = rehearsals_of(rehearsals.data, rehearsals.compute({}))
    assert len(found) == 4
    held_out = np.sort(np.concatenate([rehearsal.held_out for rehearsal in found]))
    np.testing.assert_array_equal(held_out, np.arange(len(rehearsals.data.supervision)))


def test_the_supervisor_of_a_rehearsal_was_not_taught_what_is_held_out() -> None:
    rehearsals = step()
    artifact, data = rehearsals.compute({}), rehearsals.data
    gold = data.vault.release("supervision", "supervision")
    whole = Supervision(data.supervision, gold, data.question, data.corpus)
    for fold, rehearsal in enumerate(rehearsals_of(data, artifact)):
        part = whole.take(artifact.arrays[DEALT] != fold)
        labeller = rehearsals.supervisor.fit(part, data.vault.generator(SEED, "supervisor"))
        said = labeller.label(data.transfer, None, data.vault.generator(SEED, "label", "transfer"))
        np.testing.assert_allclose(rehearsal.weak.probabilities, said.probabilities, atol=1e-6)


@pytest.mark.parametrize("supervisor", ["fewer-labels", "simulated"])
def test_supervisors_of_few_labels_and_simulated_ones_rehearse_too(supervisor: str) -> None:
    whole = make_setup({**WINE, "supervision": 60}, supervisor, method="auto")
    rehearsals = Rehearsals(task=whole.task, supervisor=whole.supervisor, folds=5, seed=SEED)
    assert len(rehearsals_of(rehearsals.data, rehearsals.compute({}))) == 5


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
    assert len(rehearsals_of(task_data(whole.task, SEED), rehearsals.compute({}))) == 4
