"""`w2sg check` and `w2sg plan` as people use them: verdicts, exit codes, labels in the ledger, errors."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli_data import QUICK, STUDY, Command, Outcome

SPECS = Path(__file__).parents[2] / "specs"
MINIMAL, SAFETY = str(SPECS / "minimal.toml"), str(SPECS / "safety.toml")
EXIT_CODES = {"met": 0, "violated": 1, "undecided": 4}


@pytest.fixture
def run_id(w2sg: Command) -> str:
    return str(w2sg("run", *QUICK, "--json").document["run_ids"][0])


def read(done: Outcome) -> Any:
    found = json.loads(done.out)
    assert done.code == EXIT_CODES[found["verdict"]], done.err
    return found


def test_a_run_is_checked_and_its_labels_stand_in_the_ledger(w2sg: Command, run_id: str, tmp_path: Path) -> None:
    page = tmp_path / "check.html"
    first = read(w2sg("check", MINIMAL, run_id[:8], "--labels", "20", "-o", str(page), "--json"))
    (outcome,) = first["outcomes"]
    assert 0 < outcome["n_labels"] <= 20
    assert first["look"] == 1
    assert outcome["delta"] == pytest.approx(0.05 * 0.6079, rel=1e-3)
    assert "positive-gain" in page.read_text()
    releases = w2sg("ledger", "--json").document
    bought = [one for one in releases if one["kind"] == "check"]
    assert sum(one["n"] for one in bought) == outcome["n_labels"]
    again = read(w2sg("check", MINIMAL, run_id[:8], "--labels", "20", "--json"))
    assert (again["look"], again["outcomes"]) == (1, first["outcomes"])
    assert read(w2sg("check", MINIMAL, run_id[:8], "--labels", "10", "--json"))["look"] == 2
    # a check is found from its run, and is no run itself
    of_run = [one for one in w2sg("ledger", run_id[:8], "--json").document if one["kind"] == "check"]
    assert [one["n"] for one in of_run] == [one["n"] for one in w2sg("ledger", "--json").document if one in of_run]
    assert {one["step"] for one in bought} < {one["step"] for one in of_run}
    key = next(one["step"] for one in bought)
    assert "has no run" in w2sg("show", key).err


def test_a_report_tells_what_was_checked_on_its_runs(w2sg: Command, tmp_path: Path) -> None:
    file, page = tmp_path / "small.toml", tmp_path / "small.html"
    file.write_text(STUDY)
    run = w2sg("study", str(file), "--json").document["results"][0]["run_ids"][0]
    assert w2sg("report", "small", "-o", str(page)).code == 0
    assert "Checked specifications" not in page.read_text()
    found = read(w2sg("check", MINIMAL, run[:8], "--labels", "20", "--json"))
    read(w2sg("check", MINIMAL, run[:8], "--labels", "10", "--json"))
    assert w2sg("report", "small", "-o", str(page)).code == 0
    written = page.read_text()
    assert f"minimal on run {run[:8]}, look 1" in written
    assert f"minimal on run {run[:8]}, look 2" in written
    table = written[written.index('id="checks"') :]
    assert found["verdict"] in table
    assert f">{found['outcomes'][0]['n_labels']}<" in table.replace(" ", "").replace("\n", "")


def test_a_study_is_checked_setup_by_setup(w2sg: Command, tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    file.write_text(STUDY)
    found = read(w2sg("check", SAFETY, str(file), "--json"))
    outcomes = found["outcomes"]
    assert [one["about"]["method"] for one in outcomes] == ["naive", "confidence"]
    told = w2sg("check", SAFETY, "small")
    assert told.code == EXIT_CODES[found["verdict"]]
    assert "needs the group" in told.out


def test_what_a_decision_needs_is_said_beforehand(w2sg: Command) -> None:
    asked = ("plan", MINIMAL, "--set", "disagreement=0.15", "--set", "student=0.75", "--draws", "10", "--json")
    found = w2sg(*asked).document
    assert found["verdict"] == "met"
    assert 5 < found["labels"]["median"] < 1000
    more = w2sg("plan", MINIMAL, "--set", "disagreement=0.15", "--set", "student=0.82", "--draws", "10", "--json")
    assert more.document["labels"]["median"] < found["labels"]["median"], "a larger gain needs fewer labels"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("plan", MINIMAL, "--set", "weak=0.9", "--set", "student=0.5"), "disagreement must be at least the gain"),
        (("plan", MINIMAL, "--set", "height=3"), "--set takes a number for one of weak"),
        (("plan", "nowhere.toml"), "No such file"),
        (("check", MINIMAL, "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_bad_input_is_told(w2sg: Command, arguments: tuple[str, ...], says: str) -> None:
    done = w2sg(*arguments)
    assert done.code == 2
    assert says in done.err.replace("\n", " ")
