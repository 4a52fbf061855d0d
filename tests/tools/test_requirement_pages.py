"""The pages on desiderata and on strategy say what the library and the agenda hold."""

from pathlib import Path

import pytest

from tools.blocks import rewritten
from tools.requirements import library
from w2sg.core import InputError

FOLDER = Path(__file__).parents[2] / "docs" / "explanation"


@pytest.mark.parametrize("name", ["desiderata.md", "strategy.md"])
def test_the_tables_are_those_of_the_code(name: str) -> None:
    page = (FOLDER / name).read_text(encoding="utf-8")
    assert rewritten(page, simulate=False) == page


def test_another_family_is_told() -> None:
    with pytest.raises(InputError, match="names one of"):
        library("virtues")
