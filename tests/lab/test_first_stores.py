"""Stores of version 0.1.0 (schema 1): taken over on opening, with the same runs, evidence and studies.

`stores/v1/store.zip` was written by version 0.1.0: a study `old` of wine with two methods and two seeds, and a study
`refusing` one of whose methods does not fit its data.
"""

import io
import json
import logging
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab_data import SMALL, WINE

from w2sg.core import AnyArray, StoreError
from w2sg.graph import REFUSED, Store
from w2sg.lab import Setup, known_study, make_runs, make_setup, recall

WHOLE = Path(__file__).parent / "stores" / "v1" / "store.zip"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the old store."""
    with zipfile.ZipFile(WHOLE) as packed:
        packed.extractall(tmp_path / "old")
    return tmp_path / "old"


@pytest.fixture
def runs(folder: Path) -> dict[str, dict[str, Any]]:
    """What the old store's own table says of its runs, read before it is taken over."""
    with sqlite3.connect(folder / "store.db") as database:
        rows = database.execute("SELECT * FROM runs").fetchall()
    database.close()
    return {
        run: {"setup": json.loads(setup), "seed": seed, **json.loads(result), "created": created}
        for run, setup, seed, result, created in rows
    }


def evidence_of(folder: Path) -> dict[str, dict[str, AnyArray]]:
    """The arrays of each run, from the files of the old store."""
    with sqlite3.connect(folder / "store.db") as database:
        rows = database.execute("SELECT key, object FROM artifacts WHERE step = 'score'").fetchall()
    database.close()
    found = {}
    for key, name in rows:
        content = (folder / "objects" / name[:2] / f"{name}.npz").read_bytes()
        with np.load(io.BytesIO(content)) as arrays:
            found[key] = {array: arrays[array] for array in arrays.files}
    return found


def test_an_old_store_lists_the_same_runs_with_the_same_accuracies(
    folder: Path, runs: dict[str, dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "w2sg"), Store(folder) as store:
        results = store.results()
        assert not any(store.verify().values())
    assert [message for message in caplog.messages if "from schema 1 to 2" in message]
    assert {result.key for result in results} == set(runs)
    assert len(results) == 5
    for result in results:
        was = runs[result.key]
        assert (dict(result.about), result.seed, result.created) == (was["setup"], was["seed"], was["created"])
        if REFUSED in was:
            assert result.shown[REFUSED] == was[REFUSED]
            continue
        test = was["metrics"]["test"]
        for who in ("weak", "student", "ceiling"):
            assert result.shown[f"{who}_accuracy"] == test[who]["accuracy"]
        assert result.shown["n_test"] == test["n"]
    assert sum(REFUSED in was for was in runs.values()) == 1
    assert [result.created for result in results] == sorted((was["created"] for was in runs.values()), reverse=True)


def test_the_evidence_is_the_same_and_the_old_files_are_gone(folder: Path) -> None:
    before = evidence_of(folder)
    assert len(before) == 5
    with Store(folder) as store:
        for key, arrays in before.items():
            artifact = store.get(key)
            assert artifact is not None
            assert artifact.arrays.keys() == arrays.keys()
            for name, array in arrays.items():
                np.testing.assert_array_equal(artifact.arrays[name], array)
                assert artifact.arrays[name].dtype == array.dtype
    assert not list(folder.rglob("*.npz"))


def test_old_evidence_that_is_damaged_is_left_out_and_its_run_kept(
    folder: Path, runs: dict[str, dict[str, Any]]
) -> None:
    for path in folder.rglob("*.npz"):
        path.write_bytes(path.read_bytes()[:-1])
    with Store(folder) as store:
        assert {result.key for result in store.results()} == set(runs)
        assert not any(store.verify().values())


def test_opening_it_again_does_nothing(folder: Path) -> None:
    def content() -> tuple[list[Any], ...]:
        with sqlite3.connect(folder / "store.db") as database:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = tuple(database.execute(f"SELECT * FROM {name}").fetchall() for name in sorted(tables))  # noqa: S608
        database.close()
        return rows

    Store(folder).close()
    once = content()
    for _ in range(2):
        Store(folder).close()
        assert content() == once


def test_its_studies_are_known_by_name_and_recall_makes_what_is_missing(folder: Path) -> None:
    """Weak labels and students are not taken over, so today's code makes them anew under keys of its own."""
    study = known_study("old", store=folder)
    assert known_study("refusing", store=folder).incapable == "skip"
    setups = {make_setup(WINE, student=SMALL, method=name).digest() for name in ("naive", "naive-hard")}
    assert {setup.digest() for setup in study.setups()} == setups
    made = recall("old", store=folder)
    # Under each of two seeds: a student for each of two methods, and the direct one.
    assert made.steps_done == {"labels": 2, "student": 2 * (2 + 1), "ceiling": 2, "score": 4}
    assert not recall("old", store=folder).steps_done


def test_what_is_made_again_is_what_it_was(folder: Path, runs: dict[str, dict[str, Any]]) -> None:
    """Later versions changed the house and no result: every accuracy of the old setups comes out again."""
    with Store(folder) as store:
        results = store.results(without=REFUSED)
    old = {(result.shown["method"], result.seed): result.shown for result in results}
    setups = {Setup.parse(result.about): None for result in results}
    made = make_runs(setups, [0, 1], store=folder)
    with Store(folder) as store:
        new = store.results([one.id for one in made.runs])
    assert len(new) == len(old) == 4
    for result in new:
        was = old[result.shown["method"], result.seed]
        assert {name: result.shown[name] for name in was} == dict(was)


def test_what_a_name_means_today_is_told_apart_from_what_it_meant(folder: Path) -> None:
    """The study leaves its supervisor to the task, and that one now chooses its penalty by cross-validation."""
    with Store(folder) as store:
        old = store.results(without=REFUSED)
    made = recall("old", store=folder)
    with Store(folder) as store:
        new = store.results([run_id for result in made.results for run_id in result.run_ids])
    assert {result.shown["supervisor"] for result in old} == {"few-features(c=1.0)"}
    assert {result.shown["supervisor"] for result in new} == {"few-features"}


@pytest.mark.parametrize("schema", [3, 17])
def test_a_store_of_a_newer_schema_is_refused_and_left_alone(schema: int, folder: Path) -> None:
    with sqlite3.connect(folder / "store.db") as database:
        database.execute("UPDATE meta SET value = ? WHERE name = 'schema'", [str(schema)])
    database.close()
    files = sorted(path.name for path in folder.rglob("*.npz"))
    with pytest.raises(StoreError, match=rf"written by a newer w2sg \(schema {schema}, this one knows 2\)"):
        Store(folder)
    assert sorted(path.name for path in folder.rglob("*.npz")) == files


def test_a_takeover_that_is_interrupted_leaves_the_old_store_whole(
    folder: Path, runs: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = evidence_of(folder)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "insert_result", stop)
        with pytest.raises(KeyboardInterrupt):
            Store(folder)
    assert evidence_of(folder).keys() == before.keys()
    with Store(folder) as store:
        assert {result.key for result in store.results()} == set(runs)
