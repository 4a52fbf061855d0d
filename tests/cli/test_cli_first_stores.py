"""The commands on a store that version 0.1.0 wrote; `tests/lab/test_first_stores.py` says what is in it."""

import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cli_data import Command

WHOLE = Path(__file__).parents[1] / "lab" / "stores" / "v1" / "store.zip"


@pytest.fixture
def runs(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Put the old store where commands look for one, and return what its own table says of its runs."""
    with zipfile.ZipFile(WHOLE) as packed:
        packed.extractall(tmp_path / ".w2sg")
    with sqlite3.connect(tmp_path / ".w2sg" / "store.db") as database:
        rows = database.execute("SELECT id, setup, seed, result FROM runs").fetchall()
    database.close()
    return {run: {"setup": json.loads(setup), "seed": seed, **json.loads(result)} for run, setup, seed, result in rows}


def test_runs_and_show_work_on_it(runs: dict[str, dict[str, Any]], w2sg: Command) -> None:
    listed = w2sg("runs", "--json").document
    assert {run["id"] for run in listed} == {key for key, was in runs.items() if "refused" not in was}
    assert {run["method"] for run in w2sg("runs", "--where", "method=naive-hard", "--json").document} == {"naive-hard"}
    for run in listed:
        was = runs[run["id"]]
        assert run["student_accuracy"] == was["metrics"]["test"]["student"]["accuracy"]
        shown = w2sg("show", run["id"][:12], "--json").document
        for part in ("setup", "seed", "metrics", "gold", "versions", "steps"):
            assert shown[part] == was[part]
        text = w2sg("show", run["id"][:12])
        assert text.code == 0
        assert "gold handed out" in text.out
        assert f"{was['metrics']['test']['student']['accuracy']:.3f}" in text.out
    (refused,) = (key for key, was in runs.items() if "refused" in was)
    assert runs[refused]["refused"] in " ".join(w2sg("show", refused[:12]).out.split())
    assert w2sg("ledger", "--json").document == []
    assert w2sg("cache", "verify").code == 0


def test_what_theory_says_of_its_runs_needs_them_made_again(runs: dict[str, dict[str, Any]], w2sg: Command) -> None:
    run = next(key for key, was in runs.items() if "refused" not in was)
    for command in (("certify", run, "--labels", "5"), ("observe", run)):
        done = w2sg(*command)
        assert done.code == 2
        assert "was made by other code or data" in done.err
