from pathlib import Path

import pytest
from cli_data import Command

STUDY = """
seeds = 2
factors = ["hard-labels", { kind = "field", group = "student", path = "student.c", levels = [0.01, 1] }]
choosing = ["a", "b"]
left_out = ["c", "d"]
tasks = [
    { kind = "gaussian", title = "a", family = "a", test = 100, dimension = 5 },
    { kind = "gaussian", title = "b", family = "b", test = 100, dimension = 6 },
    { kind = "gaussian", title = "c", family = "c", test = 100, dimension = 7 },
    { kind = "gaussian", title = "d", family = "d", test = 100, dimension = 8 },
]
"""
SPECIFICATION = """
[require]
kind = "requirement"
quantity = "gain"
above = 0.0
"""


@pytest.fixture
def files(tmp_path: Path, w2sg: Command) -> tuple[str, str]:
    study, specification = tmp_path / "small.toml", tmp_path / "gains.toml"
    study.write_text(STUDY)
    specification.write_text(SPECIFICATION)
    return str(study), str(specification)


def test_factors_and_what_is_best_of_them(w2sg: Command, files: tuple[str, str], tmp_path: Path) -> None:
    study, specification = files
    done = w2sg("factors", study, "-o", str(tmp_path / "page.html"))
    assert done.code == 0, done.err
    assert "small: Effects on the gain" in done.out
    assert "student.c" in (tmp_path / "page.html").read_text()
    found = w2sg("factors", study, "--json").document
    assert (found["n_runs"], found["families"]) == (24, ["a", "b", "c", "d"])

    chosen = w2sg("optimise", specification, study, "--trials", "10", "--json").document
    assert [one["name"] for one in chosen["candidates"]][:2] == ["defaults", "chosen"]
    assert chosen["left_out"] == ["c", "d"]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("factors = ['nosuch']", "unknown factor 'nosuch'"),
        ("factors = []", "factors"),
        ("factors = ['hard-labels']\ndesign = 'nosuch'", "unknown design 'nosuch'"),
        ("factors = ['hard-labels']\nseeds = 'until decided'", "tried under the same seeds"),
    ],
)
def test_bad_input_is_said(w2sg: Command, tmp_path: Path, lines: str, reason: str) -> None:
    (tmp_path / "bad.toml").write_text(f"tasks = ['gaussian']\n{lines}\n")
    done = w2sg("factors", str(tmp_path / "bad.toml"))
    assert done.code == 2
    assert reason in done.err
    assert w2sg("factors", "none.toml").code == 2
