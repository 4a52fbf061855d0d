"""The index of papers, the registry of methods, the tests that check methods, and the page of all this agree."""

import ast
import re
from pathlib import Path

import pytest

from tools.methods import index, page
from w2sg.core import registry
from w2sg.testing import registered

ROOT = Path(__file__).parents[2]
INDEX = index()
NAMED = [name for name in registered("methods") if registry.lookup("methods", name).preset]


def test_every_named_method_has_an_entry_and_every_entry_a_method() -> None:
    assert sorted(INDEX) == sorted(NAMED)


@pytest.mark.parametrize("name", NAMED)
def test_entry_and_registry_agree(name: str) -> None:
    entry, method = INDEX[name], registry.lookup("methods", name)
    assert set(entry) == {"paper", "theirs", "ours", "difference", "checked_by"}
    assert entry["paper"] == method.paper
    assert re.fullmatch(r"(\d{4}\.\d{4,5})?", entry["paper"])
    for field in ("theirs", "ours", "difference"):
        assert not entry[field] or entry[field].endswith((".", ")."))
    assert len(entry["theirs"]) + len(entry["ours"]) > 40
    assert method.summary.endswith(".")
    assert registry.build("methods", name).kind == registry.kind_of(method.cls)


@pytest.mark.parametrize("name", [name for name in NAMED if INDEX[name]["paper"] or INDEX[name]["checked_by"]])
def test_a_method_with_a_paper_is_held_to_it_by_a_test_that_exists(name: str) -> None:
    file, _, test = INDEX[name]["checked_by"].partition("::")
    parsed = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert test in {node.name for node in ast.walk(parsed) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_every_part_with_a_paper_stands_in_a_named_method_with_one() -> None:
    """An objective, selection, relabeling, chain or stopping rule with a paper's id is in a method that is checked."""
    checked = {
        part.kind
        for name in NAMED
        if INDEX[name]["paper"] and INDEX[name]["checked_by"]
        for part in registry.build("methods", name).parts()
    }
    for contract in ("objectives", "selections", "relabelings", "chains", "stoppings", "methods"):
        for kind in registered(contract):
            entry = registry.lookup(contract, kind)
            if entry.paper and not entry.preset:
                assert registry.kind_of(entry.cls) in checked | {registry.build("methods", n).kind for n in NAMED}, kind


def test_the_page_is_up_to_date() -> None:
    written = (ROOT / "docs" / "reference" / "methods.md").read_text(encoding="utf-8")
    assert written == page(), "run `make pages`"
    assert all(f"`{name}`" in written for name in NAMED)
