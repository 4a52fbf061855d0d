"""What `w2sg new` writes runs, and passes its own tests."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_data import QUICK, Command

from w2sg.cli.templates import STARTS
from w2sg.core import registry

ROOT = Path(__file__).parents[2]


def python(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_new_method_in_a_folder_passes_its_tests_and_runs(w2sg: Command, tmp_path: Path) -> None:
    found = w2sg("new", "method", "my-idea", "--paper", "2312.09390", "--directory", "mine", "--json").document
    assert found == {"written": ["mine/my_idea.py", "mine/test_my_idea.py"]}
    tests = python(tmp_path / "mine", "-m", "pytest", "-q", "-p", "no:cacheprovider", ".")
    assert tests.returncode == 0, tests.stdout
    done = python(tmp_path, "-m", "w2sg", "run", *QUICK, "--method", "my-idea", "--plugin", "mine/my_idea.py", "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["label"]["method"] == "my-idea"
    asked = (made["run_ids"][0], "--labels", "8", "--plugin", "mine/my_idea.py", "--json")
    for command in ("observe", "predict", "certify"):
        said = w2sg(command, *asked)
        assert said.code == 0, said.err
        assert json.loads(said.out)


@pytest.mark.slow
@pytest.mark.parametrize("part", list(STARTS))
def test_a_new_part_passes_its_contract_as_it_is_written(part: str, w2sg: Command, tmp_path: Path) -> None:
    found = w2sg("new", part, "my-idea", "--directory", "mine", "--json").document
    assert found == {"written": ["mine/my_idea.py", "mine/test_my_idea.py"]}
    tests = python(tmp_path / "mine", "-m", "pytest", "-q", "-p", "no:cacheprovider", ".")
    assert tests.returncode == 0, tests.stdout
    assert " passed" in tests.stdout
    checked = python(ROOT, "-m", "ruff", "check", str(tmp_path / "mine" / "my_idea.py"))
    assert checked.returncode == 0, checked.stdout
    formatted = python(ROOT, "-m", "ruff", "format", "--check", "--line-length", "120", str(tmp_path / "mine"))
    assert formatted.returncode == 0, formatted.stdout


@pytest.mark.slow
@pytest.mark.parametrize("part", list(STARTS))
def test_what_a_new_part_says_to_try_runs(part: str, w2sg: Command, tmp_path: Path) -> None:
    said = w2sg("new", part, "my-idea").err.splitlines()[-1].removeprefix("try it: w2sg ").split()
    quick = () if part == "task" else ("--task", "wine")
    made = python(tmp_path, "-m", "w2sg", *said, *quick, "--seeds", "2", "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["run_ids"]


@pytest.mark.parametrize("part", list(STARTS))
def test_a_part_with_a_taken_or_a_bad_name_is_refused(part: str, w2sg: Command, tmp_path: Path) -> None:
    taken = registry.names(STARTS[part].registry)[0]
    for name, message in ((taken, f"{STARTS[part].registry} already has the name"), ("A b", f"a {part}'s name is")):
        done = w2sg("new", part, name)
        assert done.code == 2
        assert message in done.err
    assert not list(tmp_path.iterdir())


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a checkout has."""
    root = tmp_path / "checkout"
    leave = shutil.ignore_patterns("__pycache__")
    for folder in ("src", "tests/methods", "docs/reference"):
        shutil.copytree(ROOT / folder, root / folder, ignore=leave)
    for file in ("CHANGELOG.md", "pyproject.toml"):
        shutil.copy(ROOT / file, root / file)
    return root


@pytest.mark.slow
def test_a_new_method_in_a_checkout_is_four_files_and_is_listed(checkout: Path) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return python(checkout, "-m", *arguments, PYTHONPATH=str(checkout / "src"))

    before = {file: (checkout / file).read_text() for file in ("CHANGELOG.md", "docs/reference/papers.toml")}
    made = command("w2sg", "new", "method", "field", "--paper", "2401.00001", "--in-package", "--json")
    assert made.returncode == 0, made.stderr
    written = [
        Path(path).resolve().relative_to(checkout.resolve()).as_posix() for path in json.loads(made.stdout)["written"]
    ]
    assert written == [
        "src/w2sg/methods/catalogue/field.py",
        "tests/methods/test_field.py",
        "docs/reference/papers.toml",
        "CHANGELOG.md",
    ]
    listed = json.loads(command("w2sg", "list", "methods", "--json").stdout)
    (entry,) = [one for one in listed if one["name"] == "field"]
    assert entry["paper"] == "2401.00001"
    assert len((checkout / "CHANGELOG.md").read_text().splitlines()) == len(before["CHANGELOG.md"].splitlines()) + 1
    assert (checkout / "docs/reference/papers.toml").read_text().startswith(before["docs/reference/papers.toml"])
    assert command("w2sg", "run", *QUICK, "--method", "field").returncode == 0
    tests = command("pytest", "-q", "-p", "no:cacheprovider", "tests/methods/test_field.py")
    assert tests.returncode == 0, tests.stdout
    checked = command("ruff", "check", *written[:2])
    assert checked.returncode == 0, checked.stdout
    again = command("w2sg", "new", "method", "field", "--in-package")
    assert again.returncode == 2
    assert "already has the name 'field'" in again.stderr


def test_a_checkout_that_lacks_a_file_is_left_as_it_was(checkout: Path) -> None:
    before = {path for path in checkout.rglob("*") if "__pycache__" not in path.parts}
    for file in ("docs/reference/papers.toml", "CHANGELOG.md"):
        content = (checkout / file).read_text()
        (checkout / file).unlink()
        done = python(
            checkout, "-B", "-m", "w2sg", "new", "method", "lost", "--in-package", PYTHONPATH=str(checkout / "src")
        )
        assert done.returncode == 2, done.stderr
        assert f"{file}: No such file or directory" in done.stderr
        assert "Traceback" not in done.stderr
        (checkout / file).write_text(content)
    assert {path for path in checkout.rglob("*") if "__pycache__" not in path.parts} == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("My_Method", "a method's name is lower-case words joined by '-'"),
        ("class", "a method's name is lower-case words"),
        ("-x", "No such option"),
        ("../up", "a method's name is lower-case words"),
        ("naive", "methods already has the name 'naive': choose another"),
        ("cross-entropy", "objectives already has the name 'cross-entropy'"),
    ],
)
def test_a_bad_name_is_refused(name: str, message: str, w2sg: Command, tmp_path: Path) -> None:
    done = w2sg("new", "method", name, "--directory", ".", "--json")
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert not list(tmp_path.iterdir())


def test_a_bad_paper_is_refused(w2sg: Command, tmp_path: Path) -> None:
    done = w2sg("new", "method", "mine", "--directory", ".", "--paper", 'a "quoted" one')
    assert done.code == 2
    assert "without quotes" in done.err
    assert not list(tmp_path.iterdir())


def test_a_method_goes_into_the_working_folder_whatever_w2sg_runs_from(w2sg: Command, tmp_path: Path) -> None:
    done = w2sg("new", "method", "mine")
    assert done.err.splitlines()[-1] == "try it: w2sg run --method mine --plugin mine.py"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.py", "test_mine.py"]


def test_nothing_is_overwritten(w2sg: Command, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("mine\n")
    done = w2sg("new", "method", "mine", "--directory", ".")
    assert done.code == 2
    assert "test_mine.py is there already: remove it or choose another name" in done.err
    assert not (tmp_path / "mine.py").exists()
    (tmp_path / "file").write_text("")
    assert "choose another --directory" in w2sg("new", "method", "mine", "--directory", "file/x").err
