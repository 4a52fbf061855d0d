"""The ledger: each release of gold is a line at the moment it happens, and no line is ever changed."""

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from w2sg.core import InputError, StoreError, Vault
from w2sg.graph import Keys, LedgerEntry, Store, execute, on_behalf_of
from w2sg.graph.ledger import writing_ledger


def test_a_release_to_a_batch_is_a_line_for_each_step_and_one_to_a_step_its_own(toy: Any, tmp_path: Path) -> None:
    made = execute([toy.Gold(seed=seed) for seed in range(3)], tmp_path)
    with Store(tmp_path) as store:
        entries = store.ledger()
        assert store.ledger_size() == 6
        assert [entry.purpose for entry in entries] == ["score"] * 3 + ["audit"] * 3
        assert [entry.step for entry in entries] == [*made.keys, *made.keys]
        assert [entry.rows for entry in entries] == [None] * 3 + [(0,), (1,), (2,)]
        assert {(entry.place, entry.split, entry.kind) for entry in entries} == {("gold data", "test", "toy-gold")}
        assert [entry.asked_by for entry in store.ledger(steps=[made.keys[1]])] == ["toys", "toy"]
        assert len(store.ledger(place="gold data", split="test")) == 6
        assert not store.ledger(place="gold data", split="other")
        assert store.ledger(last=2) == entries[-2:]


def test_a_step_that_is_not_computed_again_releases_nothing(toy: Any, tmp_path: Path) -> None:
    for _ in range(2):
        execute([toy.Gold(seed=1)], tmp_path)
    with Store(tmp_path) as store:
        assert store.ledger_size() == 2


def test_no_line_is_ever_changed_or_removed(toy: Any, tmp_path: Path) -> None:
    execute([toy.Gold(seed=1)], tmp_path)
    with Store(tmp_path) as store:
        for statement in ("UPDATE ledger SET n = 0", "DELETE FROM ledger"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                store.database.execute(statement)
        store.collect_garbage(stale=True)
        assert store.ledger_size() == 2
        assert store.ledger()[-1].rows == (1,)
        assert not any(store.verify().values())


def test_gold_that_cannot_be_written_down_is_not_handed_out(
    toy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = toy.Gold(folder=str(tmp_path))

    def full(*_: object) -> None:
        raise StoreError("no space left")

    monkeypatch.setattr(Store, "append", full)
    with pytest.raises(StoreError, match="no space left"):
        execute([step], tmp_path / "store")
    assert not (tmp_path / "asked").exists()


def test_gold_outside_of_a_step_is_refused(toy: Any, tmp_path: Path) -> None:
    vault = Vault({"test": np.arange(4)})
    with Store(tmp_path) as store, writing_ledger(store, Keys().of):
        with pytest.raises(InputError, match="gold of split 'test' was asked for outside of a step"):
            vault.release("score", "test")
        with on_behalf_of(toy.Number()):
            assert len(vault.release("score", "test")) == 4
        assert store.ledger_size() == 1
    assert len(vault.release("score", "test")) == 4  # where nobody keeps books


def test_two_processes_append_to_one_ledger(tmp_path: Path) -> None:
    entry = LedgerEntry("here", "test", "score", 1, None, "", "00" * 32, "toy")
    with Store(tmp_path) as first, Store(tmp_path) as second:
        first.append([entry])
        second.append([entry, entry])
        first.append([entry])
        assert second.ledger_size() == 4
