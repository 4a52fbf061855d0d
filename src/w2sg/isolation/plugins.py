"""Loading plugins: what a plugin offers is asked of a worker, and its code never runs in the laboratory's process."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2sg.core import Component, InputError, registry
from w2sg.isolation.rules import ISOLATED, TRUSTED

if TYPE_CHECKING:
    from w2sg.isolation.sources import Plugin


_admitted: dict[str, str] = {}
"""The hash of the code of each plugin whose names are registered, by its file."""


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
    here = [path for path in paths if not path.startswith(TRUSTED) and registry.runs_here(path)]
    return partial(load_plugins, tuple(f"{TRUSTED}{path}" if path in here else path for path in paths))


def plugin_from(folder: Path, path: str) -> str:
    """Return the path of a plugin that is named as seen from a folder."""
    mark = TRUSTED if path.startswith(TRUSTED) else ""
    return f"{mark}{folder / path.removeprefix(mark)}"


def _admit_file(path: str) -> None:
    from w2sg.isolation.sources import plugin_file

    _admit(plugin_file(path))


def _admit_module(name: str) -> None:
    from w2sg.isolation.sources import plugin_module

    _admit(plugin_module(name))


def _admit(plugin: "Plugin") -> None:
    """Register what a plugin offers, as parts that stand for those of a worker."""
    # Imported here, as in the other functions: most commands load no plugin, and start faster without.
    from w2sg.isolation.foreign import isolated
    from w2sg.isolation.session import Session

    registry.adopt(isolated)
    if _admitted.get(str(plugin.main)) == plugin.digest:
        return
    session = Session([plugin])
    offered = session.ask("describe")
    session.close()
    try:
        _check_isolable(plugin, offered)
        entries = _entries(plugin, offered)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"plugin {plugin.name}: what it registers cannot be read: {error}") from error
    for entry in entries:
        registry.enter(entry)
    _admitted[str(plugin.main)] = plugin.digest


def _check_isolable(plugin: "Plugin", offered: Any) -> None:
    beyond = sorted({f"{said['contract']}" for said in offered if said["contract"] not in ISOLATED or said["writes"]})
    if beyond:
        raise InputError(
            f"plugin {plugin.name} brings {', '.join(beyond)} that cannot be kept from ground truth: if you have read "
            f"its code, give it as '{TRUSTED}{plugin.name}'; records then say that it ran in the laboratory's process"
        )


def _entries(plugin: "Plugin", offered: Any) -> list[registry.Entry]:
    from w2sg.isolation.foreign import part_class

    classes = {
        (said["contract"], said["kind"]): part_class(registry.contract_class(said["contract"]), plugin, said)
        for said in offered
        if said["own"]
    }
    return [_entry(plugin, said, classes) for said in offered]


def _entry(
    plugin: "Plugin", said: Mapping[str, Any], classes: Mapping[tuple[str, str], type[Component]]
) -> registry.Entry:
    contract, kind = said["contract"], said["kind"]
    cls = classes.get((contract, kind)) or registry.lookup(contract, kind).cls
    told = {name: str(said[name]) for name in ("name", "summary", "paper")}
    fields = json.loads(said["fields"])
    return registry.Entry(
        contract, cls=cls, fields=fields, oracle=bool(said["oracle"]), origin=f"plugin {plugin.main}", **told
    )


for _contract in ISOLATED:
    registry.outsiders(_contract, _admit_module)
