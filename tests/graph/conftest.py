"""The toy steps are registered once for each file of tests, before each test's own names are forgotten."""

from collections.abc import Iterator
from typing import Any

import pytest
from graph_data import toys

collect_ignore = ["toy_steps.py"]  # it registers components when it is imported: as a plugin, once


@pytest.fixture(scope="module", autouse=True)
def toy() -> Iterator[Any]:
    """The module of toy steps."""
    from w2sg.core import registry

    module = toys()
    for name in ("Number", "Total", "Gold", "Chain"):
        registry.register()(getattr(module, name))
    yield module
    for kind in ("toy-number", "toy-total", "toy-gold", "toy-chain"):
        registry._entries["steps"].pop(kind, None)


@pytest.fixture(autouse=True)
def calls(toy: Any) -> list[str]:
    """What was computed in this process, empty before each test."""
    toy.CALLS.clear()
    computed: list[str] = toy.CALLS
    return computed
