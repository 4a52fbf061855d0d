"""What the tests of the graph share: the toy steps, loaded as the plugin that they are."""

import sys
from pathlib import Path
from typing import Any

from w2sg.core import registry

TOYS = ("Number", "Total", "Gold", "Chain")
PLUGIN = str(Path(__file__).with_name("toy_steps.py"))


def toys() -> Any:
    """Return the module of toy steps, registered."""
    registry.load_plugin(PLUGIN)
    return sys.modules["w2sg_plugin_toy_steps"]
