from pathlib import Path

import pytest
from cli_data import Command

LEAGUE = """
seeds = 3
tasks = ["wine", "gaussian"]
students = [{kind = "nystroem", features = {count = 12}}]
methods = ["naive", "naive-hard", "confidence"]
"""


@pytest.fixture
def file(tmp_path: Path, w2sg: Command) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(LEAGUE)
    return path


def test_a_league_is_printed_with_what_it_holds_out(w2sg: Command, file: Path) -> None:
    done = w2sg("league", str(file))
    assert done.code == 0, done.err
    assert done.out.startswith("3 methods of weak-to-strong generalization compared on 2 tasks (wine, gaussian).")
    assert "small: Standings" in done.out
    assert "mean PGR" in done.out
    assert "Friedman's test" in done.out
    assert "Leave one family out" in done.out
    assert "P(better)" in done.out
    again = w2sg("league", "small")
    assert again.out == done.out


def test_one_document_and_a_page(w2sg: Command, file: Path, tmp_path: Path) -> None:
    found = w2sg("league", str(file), "--json", "-o", "league.md").document
    assert found["study"] == "small"
    assert found["page"] == "league.md"
    assert {one["method"] for one in found["standings"]} == {"naive", "naive-hard", "confidence"}
    assert found["ranking"]["n_families"] == 2
    text = (tmp_path / "league.md").read_text(encoding="utf-8")
    assert f"w2sg league {file} -o league.md" in text
    assert (tmp_path / "league" / "differences.svg").is_file()
    assert w2sg("league", "small", "--json").document["page"] is None
    done = w2sg("league", "small", "-o", "league.html")
    assert "league: league.html" in done.err
    assert "<!DOCTYPE html>" in (tmp_path / "league.html").read_text(encoding="utf-8")[:40]


def test_bad_input_is_said_before_any_run(w2sg: Command, file: Path, tmp_path: Path) -> None:
    done = w2sg("league", str(file), "-o", "league.pdf")
    assert done.code == 2
    assert "must end in .md or .html" in done.err
    assert not (tmp_path / ".w2sg").exists()
    assert w2sg("league", "none").code == 2
    file.write_text(LEAGUE.replace('"naive", ', ""))
    done = w2sg("league", str(file))
    assert done.code == 2
    assert "needs the method 'naive'" in done.err


def test_the_help_has_an_example_and_fits_80_columns(w2sg: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = w2sg("league", "--help")
    assert done.code == 0
    assert "w2sg league" in done.out.split("For example:")[1]
    assert max(map(len, done.out.splitlines())) <= 80
