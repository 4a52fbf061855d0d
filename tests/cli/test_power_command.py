from pathlib import Path

import pytest
from cli_data import Command

STUDY = """
seeds = 3
tasks = ["wine", "gaussian"]
students = [{kind = "nystroem", features = {count = 12}}]
methods = ["naive", "naive-hard", "confidence"]
"""


@pytest.fixture
def file(tmp_path: Path, w2sg: Command) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(STUDY)
    return path


def test_a_plan_is_printed_and_is_one_document(w2sg: Command, file: Path) -> None:
    done = w2sg("power", str(file), "--effect", "0.05")
    assert done.code == 0, done.err
    assert "small: Seeds, test examples and tasks" in done.out
    assert "The pilot has 3 seeds and 2 families of tasks" in done.out
    found = w2sg("power", "small", "--effect", "0.05", "--power", "0.9", "--json").document
    assert (found["effect"], found["power"]) == (0.05, 0.9)
    assert [pilot["method"] for pilot in found["pilots"]] == ["naive-hard", "confidence"]
    assert found["rows"][0]["seeds"] == 2
    assert found["rows"][-1]["seeds"] == 50


def test_bad_input_is_said(w2sg: Command, file: Path) -> None:
    assert w2sg("power", "none").code == 2
    done = w2sg("power", str(file), "--method", "none")
    assert done.code == 2
    assert "no method 'none'" in done.err


def test_seeds_until_decided(w2sg: Command, file: Path) -> None:
    file.write_text("most_seeds = 6\n" + STUDY.replace('["wine", "gaussian"]', '["wine"]'))
    found = w2sg("study", str(file), "--until-decided", "--json").document
    assert found["stopping"]["rule"]["most_seeds"] == 6
    assert {one["method"] for one in found["stopping"]["decided"]} == {"naive-hard", "confidence"}
    assert any("Seeds were added by looking at the results" in one["text"] for one in found["findings"])
    # The store knows how the seeds came about, and the league says so, too.
    league = w2sg("league", "small", "--json").document
    assert league["looked"] is True
    assert any(one["text"].startswith("Seeds were added by looking") for one in league["findings"])
