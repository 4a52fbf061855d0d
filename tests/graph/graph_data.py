"""What the tests of the graph share: the toy steps, loaded as the plugin that they are."""

from functools import partial
from pathlib import Path
from typing import Any

from w2sg.core import registry

TOYS = ("Number", "Total", "Gold", "Chain", "Spared")
LOADING = partial(registry.load_plugin, Path(__file__).with_name("toy_steps.py"))


def toys() -> Any:
    """Return the module of toy steps, registered."""
    return LOADING()
