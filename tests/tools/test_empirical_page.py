"""The page on the empirical framework says what the benchmark wrote, and names every disanalogy and analog."""

from pathlib import Path

import pytest

from tools.blocks import BLOCK, rewritten
from tools.fact_world import NUMBERS, TABLES, share, table
from w2sg.batteries import Deception, Detector, Disanalogy
from w2sg.core import InputError, registry

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "empirical.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_numbers(page: str) -> None:
    assert rewritten(page) == page
    shown = {block["words"].removeprefix("fact-world ") for block in BLOCK.finditer(page)}
    assert shown == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_rows_of_equal_length(name: str) -> None:
    lines = table(name).split("\n")
    assert len(lines) > 3
    assert len({line.count(" | ") for line in lines}) == 1


def test_what_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="names one of ladder"):
        table("nothing")
    monkeypatch.setattr("tools.fact_world.numbers", dict)
    with pytest.raises(InputError, match=r"benchmarks/fact_world.py 'gap'"):
        table("gap")


def test_numbers_are_short_and_signed() -> None:
    assert share(-0.004, -0.1, 0.096) == ".00 [−.10, .10]"
    assert share(1.0) == "1.00"


def test_every_disanalogy_analog_and_detector_is_named(page: str) -> None:
    text = BLOCK.sub("", page)
    titles = [registry.lookup("disanalogies", entry.name).cls.title for entry in registry.entries(Disanalogy)]  # type: ignore[attr-defined]
    kinds = [f"`{entry.name}`" for contract in (Deception, Detector) for entry in registry.entries(contract)]
    assert [word for word in (*titles, *kinds) if word not in text] == []


def test_the_numbers_lie_beside_the_pages() -> None:
    assert NUMBERS.is_file()
