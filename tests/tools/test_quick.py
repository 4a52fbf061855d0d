"""`make quick` leaves out what it says, and says nothing of what is not there."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tools.quick import LEFT_OUT

ROOT = Path(__file__).parents[2]


def names_of_tests() -> Iterator[str]:
    """The files of the package and of tests, and the names of the functions in them."""
    for path in sorted([*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "src").rglob("*.py")]):
        file = path.relative_to(ROOT).as_posix()
        yield file
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield f"{file}::{node.name}"


@pytest.fixture(scope="module")
def names() -> list[str]:
    return list(names_of_tests())


@pytest.mark.parametrize("pattern", LEFT_OUT)
def test_every_pattern_names_tests_and_says_why(pattern: str, names: list[str]) -> None:
    file, _, parameters = pattern.partition("::*-")  # parameters of tests are known to pytest only
    assert any(fnmatch(name, file if parameters else pattern) for name in names)
    assert LEFT_OUT[pattern]
