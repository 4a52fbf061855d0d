"""Seals: predictions come before scores, the ledger says when, and late is told of each run."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2sg.core import Answer, InputError, StoreError, Theory, canonical_json, registry
from w2sg.graph import LedgerEntry, Store
from w2sg.graph.packing import squeezed
from w2sg.lab import Study, run
from w2sg.theory import SealedPredictions, observe_run, observe_study, open_truths, predict_observed, scoreboard
from w2sg.theory.sealing import digest_of, seal_of

WINE: dict[str, Any] = {"kind": "wine", "test": 60}


def study_of(*methods: str, seeds: int = 1) -> Study:
    plain = {"name": "sealed", "seeds": seeds, "tasks": [WINE], "students": ["linear"], "methods": list(methods)}
    return Study.parse(plain)


def predicted(folder: Path, study: Study, *theories: Any) -> SealedPredictions:
    observed = observe_study(study, store=folder, audits=(), workers=1)
    among = [registry.build(Theory, theory) for theory in theories or ("disagreement", "misfit")]
    return predict_observed(observed, among, workers=1)


def lines(folder: Path) -> list[LedgerEntry]:
    with Store(folder) as store:
        return store.ledger()


def test_a_scoreboard_scores_no_run_before_all_are_sealed(tmp_path: Path) -> None:
    study = study_of("naive", "confidence", seeds=2)
    board = scoreboard(study, store=tmp_path, audits=(), family_runs=0, workers=1)
    purposes = [line.purpose for line in lines(tmp_path) if line.split == "test"]
    assert purposes.count("seal") == 4
    assert "score" in purposes
    assert "score" not in purposes[: len(purposes) - purposes[::-1].index("seal")]
    assert board.late == 0
    with Store(tmp_path) as store:
        assert {result.key for result in store.results()} == {seal.run for seal in board.seals}, "scored at the end"
    again = scoreboard(study, store=tmp_path, audits=(), family_runs=0, workers=1)
    assert (again.seals, again.sealed) == (board.seals, board.sealed), "what was sealed stays so, with its date"


def test_to_predict_a_study_scores_nothing(tmp_path: Path) -> None:
    made = predicted(tmp_path, study_of("naive", "confidence"))
    assert [seal.late for seal in made.seals] == [False, False]
    assert {answer.run for answer in made.answers} == {seal.run for seal in made.seals}
    with Store(tmp_path) as store:
        assert store.results() == []
        assert store.collections() == ["sealed"]
        assert "score" not in {entry.purpose for entry in store.ledger()}


def test_a_run_that_was_scored_before_is_late(tmp_path: Path) -> None:
    run(WINE, student="linear", method="naive", seeds=1, store=tmp_path, workers=1)
    with Store(tmp_path) as store:
        (result,) = store.results()
        opened = next(line.created for line in store.ledger() if line.purpose == "score")
    observed = observe_run(result, store=tmp_path)
    (seal,) = predict_observed(observed, [registry.build(Theory, "misfit")], workers=1).seals
    assert (seal.run, seal.late, seal.opened) == (result.key, True, opened)
    assert seal.made > opened
    (other,) = predicted(tmp_path, study_of("confidence")).seals
    assert other.late, "another method's run on test labels that were handed out"


def test_runs_that_are_added_and_theories_that_are_changed_are_late(tmp_path: Path) -> None:
    first = predicted(tmp_path, study_of("naive"))
    observed = observe_study(study_of("naive"), store=tmp_path, audits=(), workers=1)
    open_truths(observed, first, workers=1)
    both = predicted(tmp_path, study_of("naive", "confidence"))
    late = {seal.run: seal.late for seal in both.seals}
    assert late.pop(first.seals[0].run) is False
    assert list(late.values()) == [True]
    changed = predicted(tmp_path, study_of("naive"), {"kind": "constant", "value": 0.5}, "misfit")
    assert [seal.late for seal in changed.seals] == [True]
    fresh = predicted(tmp_path, study_of("naive", seeds=2))
    assert [seal.late for seal in fresh.seals] == [False, False], "another seed has another test set"


def edited(folder: Path, statement: str, values: Sequence[object] = ()) -> None:
    """Change the database as somebody could who can write it."""
    database = sqlite3.connect(folder / "store.db")
    for name in ("ledger_is_not_rewritten", "ledger_is_not_shortened"):
        database.execute(f"DROP TRIGGER {name}")
    assert database.execute(statement, values).rowcount == 1
    database.commit()
    database.close()


def other_answers(folder: Path, made: SealedPredictions) -> None:
    with Store(folder) as store:
        (row,) = (row for row in store.artifact_rows() if row["step"] == "predictions")
        record = store.record(row["key"]) or {}
    record["answers"][0]["mean"] = 0.25
    edited(folder, "UPDATE artifacts SET record = ? WHERE key = ?", [squeezed(record), bytes.fromhex(row["key"])])


CHANGES: dict[str, Callable[[Path, SealedPredictions], None]] = {
    "the hash": lambda folder, made: edited(folder, "UPDATE ledger SET asked_by = 'x' WHERE purpose = 'seal'"),
    "the line": lambda folder, made: edited(folder, "DELETE FROM ledger WHERE purpose = 'seal'"),
    "an answer": other_answers,
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_seal_that_was_changed_or_removed_is_noticed(what: str, tmp_path: Path) -> None:
    made = predicted(tmp_path, study_of("naive"), "disagreement")
    CHANGES[what](tmp_path, made)
    with pytest.raises(StoreError, match="predictions are not those that were sealed"):
        predicted(tmp_path, study_of("naive"), "disagreement")


def test_a_method_that_does_not_fit_is_left_out_or_ends_it_as_ever(tmp_path: Path) -> None:
    plain = study_of("naive", "panel-assignment").model_dump()
    skipping = Study.parse({**plain, "incapable": "skip"})
    assert len(predicted(tmp_path, skipping).seals) == 1
    with pytest.raises(InputError):
        predicted(tmp_path, Study.parse(plain))


KEY, ANSWERS = "ab" * 32, [Answer("t", "", "gain", "error", 0.9, (), 0.1, 0.0, 0.2).to_dict()]
DIGEST = digest_of(ANSWERS)
LINES = {
    "score": ("score", "01" * 32, "score"),
    "audit": ("audit", "02" * 32, "theory"),
    "another run's seal": ("seal", "03" * 32, DIGEST),
    "a seal of other answers": ("seal", KEY, "0" * 64),
    "seal": ("seal", KEY, DIGEST),
}


@given(st.lists(st.sampled_from(sorted(LINES)), max_size=12))
def test_a_run_is_late_if_and_only_if_a_score_came_before_its_first_seal(told: list[str]) -> None:
    entries = [
        LedgerEntry("place", "test", purpose, 1, None, by, step, "kind", str(moment))
        for moment, (purpose, step, by) in enumerate(LINES[name] for name in told)
    ]
    if "seal" not in told:
        with pytest.raises(StoreError, match="run aaaaaaaaaaaa: its predictions are not those"):
            seal_of("a" * 64, KEY, ANSWERS, entries, "T0")
        return
    seal = seal_of("a" * 64, KEY, ANSWERS, entries, "T0")
    before = told[: told.index("seal")]
    assert seal.made == str(len(before))
    assert seal.late == ("score" in before)
    assert seal.opened == (str(before.index("score")) if "score" in before else None)
    assert canonical_json(seal.to_dict())
