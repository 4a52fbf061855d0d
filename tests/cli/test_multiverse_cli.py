"""`w2sg multiverse`: the claims of a study, their stability as JSON and on a page, and clear refusals."""

from pathlib import Path

import pytest
from cli_data import STUDY, Command

SOME = ("--only", "student-c", "--only", "seeds", "--workers", "1")


@pytest.fixture
def file(tmp_path: Path, w2sg: Command) -> str:
    path = tmp_path / "small.toml"
    path.write_text(STUDY)
    return str(path)


def test_claims_are_printed_and_a_page_is_written(w2sg: Command, file: str, tmp_path: Path) -> None:
    done = w2sg("multiverse", file, *SOME, "-o", "multiverse.html")
    assert done.code == 0, done.err
    assert done.out.startswith("Had the analyst chosen otherwise, would the findings stand?")
    assert "small: Claims by stability" in done.out
    assert "student's C: x 10" in done.out
    page = (tmp_path / "multiverse.html").read_text(encoding="utf-8")
    assert "Specification curves" in page
    assert "<svg" in page
    assert f"w2sg multiverse {file} --only student-c --only seeds" in page
    again = w2sg("multiverse", "small", *SOME)
    assert "all were in the store" in again.out


def test_json_has_every_claim_in_every_world(w2sg: Command, file: str) -> None:
    found = w2sg("multiverse", file, *SOME, "--json").document
    assert [world["world"] for world in found["worlds"]] == [
        "the study as it is",
        "student's C: x 0.1",
        "student's C: x 10",
        "seeds: 2 to 3",
        "seeds: 4 to 5",
    ]
    assert found["n_runs"] == 5 * 4
    for claim in found["claims"]:
        assert claim["n_worlds"] == 4 == len(claim["worlds"])
        assert 0 <= claim["same_verdict"] <= 4
    assert {one["choice"] for one in found["choices"]} == {"student's C", "seeds"}
    assert found["tables"]["claims"]["rows"]


def test_combinations_and_fields_of_ones_own(w2sg: Command, file: str) -> None:
    own = ("--only", "labels", "--vary", "student.c=[0.1, 10]", "--workers", "1")
    found = w2sg("multiverse", file, *own, "--full", "--json").document
    assert len(found["worlds"]) == 2 * 3
    assert found["worlds"][-1]["chosen"] == {"labels": "hard", "student.c": "10"}
    drawn = w2sg("multiverse", file, *own, "--worlds", "1", "--json").document
    assert len(drawn["worlds"]) == 5


def test_methods_can_be_chosen(w2sg: Command, file: str) -> None:
    chosen = ("--method", "naive", "--method", "product", "--only", "labels", "--workers", "1")
    found = w2sg("multiverse", file, *chosen, "--json").document
    named = {claim["method"] for claim in found["claims"]}
    assert "confidence" not in named, named
    assert found["n_runs"] == 2 * 2 * 2, "two methods under two seeds in two worlds"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--only", "label"), "did you mean 'labels'"),
        (("--only", "value"), "path"),
        (("--vary", "student.nothing=[1]", "--only", "labels", "--only", "labels"), "two choices are called 'labels'"),
        (("--worlds", "-1"), "0"),
        (("--full", "--worlds", "3"), "or take all of them"),
        (("-o", "page.pdf"), "page.pdf"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...], told: str, w2sg: Command, file: str) -> None:
    done = w2sg("multiverse", file, *arguments)
    assert done.code == 2
    assert told in done.err


def test_the_help_has_an_example_and_fits_80_columns(w2sg: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = w2sg("multiverse", "--help")
    assert done.code == 0
    assert "w2sg multiverse" in done.out.split("For example:")[1]
    assert max(map(len, done.out.splitlines())) <= 80
