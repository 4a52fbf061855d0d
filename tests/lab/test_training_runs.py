"""Training without scoring: the same runs, refusals and failures as with scores, and no gold of a test set."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab_data import small_study

from w2sg.core import InputError
from w2sg.graph import Store
from w2sg.lab import MadeRuns, make_runs, steps, train_runs

METHODS = ("naive", "naive-hard", "panel-assignment")
"""The last refuses: there is no panel."""


def outcome(made: MadeRuns) -> Any:
    return [run.id for run in made.runs], made.refused, made.failed


def made_by(make: Callable[..., MadeRuns], folder: Path) -> MadeRuns:
    study = small_study(methods=METHODS, incapable="skip", seeds=1)
    return make(study.setups(), study.seed_list(), store=folder, workers=1)


FAILING: dict[str, tuple[dict[str, Exception], int, int]] = {
    "nothing": ({}, 2, 0),
    "a student": ({"naive-hard": RuntimeError("broken")}, 1, 1),
    "the ceiling": ({"ceiling": InputError("no such file")}, 0, 3),
    "the direct student, for good": ({"direct": InputError("too little gold")}, 2, 0),
    "the direct student, perhaps not another time": ({"direct": MemoryError()}, 0, 3),
}


@pytest.mark.parametrize("what", FAILING)
def test_what_cannot_be_trained_is_told_as_a_score_tells_it(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, n_made, n_failed = FAILING[what]
    real = steps._answers

    def answers(step: Any, *details: Any) -> Any:
        kind = "ceiling" if step.kind == "ceiling" else step.method.kind
        hard = step.kind == "student" and step.method.digest() == hard_digest
        error = broken.get("naive-hard" if hard else kind)
        if error is not None:
            raise error
        return real(step, *details)

    (hard_digest,) = {setup.method.digest() for setup in small_study(methods=["naive-hard"]).setups()}
    monkeypatch.setattr(steps, "_answers", answers)
    trained, scored = made_by(train_runs, tmp_path / "a"), made_by(make_runs, tmp_path / "b")
    assert outcome(trained) == outcome(scored)
    assert (len(trained.runs), len(trained.failed)) == (n_made, n_failed)
    assert [run.result for run in trained.runs] == [{}] * n_made
    with Store(tmp_path / "a") as store:
        assert not [entry for entry in store.ledger() if entry.split == "test"]
        assert store.results() == []
