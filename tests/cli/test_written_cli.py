"""The commands on written answers: tables, dashes, defaults, refusals."""

from pathlib import Path

import pytest
from cli_data import Command

from w2sg.core import registry
from w2sg.testing import Rote

PARTS = ("--set", 'supervisor.student="rote"', "--student", "rote", "--seeds", "1", "--workers", "1")
SMALL = ("task.digits=1", "task.rows=100", "task.supervision=20", "task.transfer=40")
SIZES = tuple(word for setting in SMALL for word in ("--set", setting))
STUDY = """
seeds = 1
tasks = [{kind = "sums", digits = 1, rows = 100, supervision = 20, transfer = 40}]
supervisors = [{kind = "trained-writer", student = "rote"}]
students = ["rote"]
methods = ["written-naive", "written-agreement"]
"""


@pytest.fixture(autouse=True)
def by_rote() -> None:
    registry.register()(Rote)


def row_of(text: str, who: str) -> list[str]:
    (row,) = [line.split() for line in text.splitlines() if line.split()[:1] == [who] and ":" not in line]
    return row


def test_a_run_takes_the_tasks_method_and_prints_dashes(w2sg: Command) -> None:
    done = w2sg("run", "--task", "sums", *PARTS, *SIZES)
    assert done.code == 0, done.err
    assert "written-naive" in done.out
    for who in ("weak", "student", "ceiling"):
        assert row_of(done.out, who)[-2:] == ["-", "-"]
    assert "agreement with the supervisor" in done.out


def test_a_study_is_shown_run_by_run_and_reported(w2sg: Command, tmp_path: Path) -> None:
    (tmp_path / "sums.toml").write_text(STUDY)
    found = w2sg("study", "sums.toml", "--workers", "1", "--json").document
    assert [result["label"]["method"] for result in found["results"]] == ["written-naive", "written-agreement"]
    assert all(set(result["tests"]["test"]["student"]) == {"accuracy"} for result in found["results"])
    shown = w2sg("show", found["results"][0]["run_ids"][0])
    assert shown.code == 0, shown.err
    assert row_of(shown.out, "student")[2:] == ["-", "-", "-"]
    assert w2sg("report", "sums").code == 0
    assert w2sg("study", "sums.toml").code == 0


def test_a_method_of_classes_is_exit_code_2(w2sg: Command) -> None:
    done = w2sg("run", "--task", "sums", "--method", "naive", *PARTS)
    assert done.code == 2
    assert (
        "asks for 'texts', and method 'composition' is for 'classes': choose another, such as 'written-naive'"
        in done.err
    )


@pytest.mark.parametrize(
    ("sort", "name"), [("methods", "written-agreement"), ("tasks", "sums"), ("students", "policy")]
)
def test_they_are_listed_and_described(sort: str, name: str, w2sg: Command) -> None:
    assert name in w2sg("list", sort).out
    assert w2sg("describe", sort, name).code == 0
