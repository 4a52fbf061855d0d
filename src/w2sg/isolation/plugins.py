"""Loading plugins: what a plugin offers is asked of a worker, and its code never runs in the laboratory's process."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from w2sg.core import registry
from w2sg.isolation.rules import ISOLATED, TRUSTED


def load_plugins(paths: Sequence[str]) -> None:
    """Register what Python files offer. Their code runs in workers that hold no ground truth.

    A path that begins with `trusted:` is run in this process instead, as is needed for plugins that bring tasks,
    supervisors, theories or steps, which hold ground truth by nature. Records then say so beside each number.

    Raises:
        InputError: If a file is missing, cannot be run, takes a name that is not free, or brings what cannot be
            isolated and is not said to be trusted.
    """
    for path in paths:
        if path.startswith(TRUSTED):
            registry.load_plugin(path.removeprefix(TRUSTED))
        elif not registry.runs_here(path):
            _admit_file(path)


def loading_again(paths: Sequence[str]) -> Callable[[], None]:
    """Return a function that loads plugins in another process as they are loaded in this one."""
    marked = tuple(f"{TRUSTED}{path}" if registry.runs_here(path) else path for path in paths)
    return partial(load_plugins, marked)


def plugin_from(folder: Path, path: str) -> str:
    """Return the path of a plugin that is named as seen from a folder."""
    mark = TRUSTED if path.startswith(TRUSTED) else ""
    return f"{mark}{folder / path.removeprefix(mark)}"


def _admit_file(path: str) -> None:
    # Imported here: most commands load no plugin, and start faster without what a worker needs.
    from w2sg.isolation.admission import admit
    from w2sg.isolation.sources import plugin_file

    admit(plugin_file(path))


def _admit_module(name: str) -> None:
    from w2sg.isolation.admission import admit
    from w2sg.isolation.sources import plugin_module

    admit(plugin_module(name))


for _contract in ISOLATED:
    registry.outsiders(_contract, _admit_module)
