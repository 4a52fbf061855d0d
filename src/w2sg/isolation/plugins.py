"""Loading plugins: what a plugin offers is asked of a worker, and its code never runs in the laboratory's process."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from w2sg.core import InputError, registry
from w2sg.isolation.rules import ISOLATED, TRUSTED

if TYPE_CHECKING:
    from w2sg.isolation.declarations import Offered
    from w2sg.isolation.sources import Plugin


_admitted: dict[str, str] = {}
"""The hash of the code of each plugin whose names are registered, by its file."""


def load_plugins(paths: Sequence[str]) -> None:
    """Register what Python files offer. Their code runs in workers that hold no ground truth.

    A path that begins with `trusted:` is run in this process instead, as is needed for plugins that bring tasks,
    supervisors or steps, which hold ground truth by nature. Records then say so beside each number.

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
    from w2sg.isolation.declarations import Offered
    from w2sg.isolation.foreign import isolated
    from w2sg.isolation.session import Session

    registry.adopt(isolated)
    if _admitted.get(str(plugin.main)) == plugin.digest:
        return
    session = Session([plugin])
    offered = session.ask("describe")
    session.close()
    try:
        told = TypeAdapter(tuple[Offered, ...]).validate_python(offered)
        _check(plugin, told)
        entries = _entries(plugin, told)
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"plugin {plugin.name}: what it registers cannot be read: {error}") from error
    for entry in entries:
        registry.enter(entry)
    _admitted[str(plugin.main)] = plugin.digest


def _check(plugin: "Plugin", offered: Sequence["Offered"]) -> None:
    """Check that all of it can be isolated, and that no class of its own goes by the kind of another.

    Raises:
        InputError: If not.
    """
    beyond = sorted({said.contract for said in offered if said.contract not in ISOLATED or said.writes})
    if beyond:
        raise InputError(
            f"plugin {plugin.name} brings {', '.join(beyond)} that cannot be kept from ground truth: if you have read "
            f"its code, give it as '{TRUSTED}{plugin.name}'; records then say that it ran in the laboratory's process"
        )
    names, own = {(said.contract, said.name) for said in offered}, _origin(plugin)
    for said in (said for said in offered if said.own):
        known = {entry.name: entry.origin for entry in registry.entries(said.contract)}
        if (said.contract, said.kind) not in names:
            raise InputError(f"plugin {plugin.name}: the class of kind {said.kind!r} is not registered: register it")
        if known.get(said.kind, own) != own:
            raise InputError(f"{said.contract} already has the name {said.kind!r} ({known[said.kind]}): choose another")


def _entries(plugin: "Plugin", offered: Sequence["Offered"]) -> list[registry.Entry]:
    from w2sg.isolation.parts import part_class

    classes = {
        (said.contract, said.kind): part_class(registry.contract_class(said.contract), plugin, said)
        for said in offered
        if said.own
    }
    return [
        registry.Entry(
            said.contract,
            said.name,
            classes.get((said.contract, said.kind)) or registry.lookup(said.contract, said.kind).cls,
            said.table("fields"),
            said.summary,
            said.paper,
            said.oracle,
            _origin(plugin),
        )
        for said in offered
    ]


def _origin(plugin: "Plugin") -> str:
    return f"plugin {plugin.main}"


for _contract in ISOLATED:
    registry.outsiders(_contract, _admit_module)
