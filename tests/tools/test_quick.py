"""`make quick` leaves out what it says, and says nothing of what is not there."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tools.quick import LEFT_OUT

ROOT = Path(__file__).parents[2]


def names_of_tests() -> Iterator[str]:
    """The files of tests, and the names of the functions in them."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        file = path.relative_to(ROOT).as_posix()
        yield file
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                yield f"{file}::{node.name}"


@pytest.mark.parametrize("pattern", LEFT_OUT)
def test_every_pattern_names_tests_and_says_why(pattern: str) -> None:
    assert any(fnmatch(name, pattern) for name in names_of_tests())
    assert LEFT_OUT[pattern]
