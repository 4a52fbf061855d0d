"""The pages on desiderata and on strategy say what the library and the agenda hold."""

import re
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


def test_measured_numbers_of_the_strategy_stand_in_the_log() -> None:
    """Each with its sign and all its digits: a figure that the log corrects is corrected on the page."""

    def numbers(text: str) -> set[str]:
        return {found.lstrip("+") for found in re.findall(r"(?<![\w.])[-+]?\d*\.\d+(?![\d.])", text.replace("−", "-"))}

    measured = numbers((FOLDER / "strategy.md").read_text(encoding="utf-8").partition("## What was found here")[2])
    assert len(measured) > 15
    log = "\n".join(page.read_text(encoding="utf-8") for page in sorted((FOLDER.parent / "log").glob("*.md")))
    assert measured - numbers(log) == set()


def test_another_family_is_told() -> None:
    with pytest.raises(InputError, match="names one of"):
        library("virtues")
