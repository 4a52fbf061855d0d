"""The index of papers and the registry of methods agree."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from w2sg.core import registry
from w2sg.testing import registered

INDEX: dict[str, Any] = tomllib.loads(
    (Path(__file__).parents[2] / "docs" / "reference" / "papers.toml").read_text(encoding="utf-8")
)
NAMED = [name for name in registered("methods") if registry.lookup("methods", name).preset]


def test_every_named_method_has_an_entry_and_every_entry_a_method() -> None:
    assert sorted(INDEX) == sorted(NAMED)


@pytest.mark.parametrize("name", NAMED)
def test_entry_and_registry_agree(name: str) -> None:
    entry, method = INDEX[name], registry.lookup("methods", name)
    assert set(entry) == {"paper", "reproduces"}
    assert entry["paper"] == method.paper
    assert re.fullmatch(r"(\d{4}\.\d{4,5})?", entry["paper"])
    assert entry["reproduces"].endswith(".")
    assert len(entry["reproduces"]) > 40
    assert method.summary.endswith(".")
    assert registry.build("methods", name).kind == registry.kind_of(method.cls)
