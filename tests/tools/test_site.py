"""What the site shows of the program is what the program has."""

import re
from pathlib import Path

import pytest

import w2sg
from tools import site
from w2sg.core import registry

ROOT = Path(__file__).parents[2]


def test_every_command_is_on_the_page_with_its_examples() -> None:
    page = site.commands()
    assert {"run", "study", "new task", "theory score"} <= set(re.findall(r"(?m)^#+ `w2sg (.*)`$", page))
    assert "\n```console\n$ w2sg run --task digits --method confidence\n" in page
    assert "`--seeds <int range>`" in page


@pytest.mark.parametrize("sort", ["methods", "tasks", "stoppings"])
def test_every_component_is_on_its_page_with_its_fields(sort: str) -> None:
    page = site.components(sort)
    headings = re.findall(r"(?m)^## `(.*)`$", page)
    assert headings == registry.names(sort)
    for entry in registry.entries(sort):
        section = page.split(f"\n## `{entry.name}`\n")[1].split("\n## ")[0]
        fields = re.findall(r"(?m)^\| `(\w+)` \|", section)
        assert fields == [name for name in entry.cls.model_fields if name != "kind"]


def test_no_sign_in_a_docstring_becomes_mark_up() -> None:
    assert site.prose("`a_b*` is |w|^2 / 2 for <x> in a*b*c") == r"`a_b*` is \|w\|^2 / 2 for \<x> in a\*b\*c"


def test_every_public_name_is_documented() -> None:
    page = site.names_page(w2sg, w2sg.__all__)
    assert all(re.search(rf"(?m)^\.\. auto(class|function):: {name}$", page) for name in w2sg.__all__)
    for room in site.ROOMS:
        assert ".. auto" in site.room_page(room)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "AGENTS.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_of_pages_beside_the_site_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
