"""Names to components: classes (kinds) and presets (a kind with some fields set), found through entry points.

A preset is data, so `confidence` is a composition with one objective, and its identity is the hash of the full
composition: the same method under two names is the same run.
"""

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from w2sg.core.component import Component, ConfigError
from w2sg.core.errors import InputError, UnknownNameError

C = TypeVar("C", bound=type[Component])

ROOM_OF = {
    "tasks": "tasks",
    "shifts": "tasks",
    "supervisors": "supervisors",
    "students": "students",
    "features": "students",
    "methods": "methods",
    "selections": "methods",
    "relabelings": "methods",
    "objectives": "methods",
    "stoppings": "methods",
    "chains": "methods",
    "theories": "theory",
    "certifiers": "theory",
    "oracles": "theory",
}
"""Each sort of component, and the room (entry-point group `w2sg.<room>`) whose import registers it."""


@dataclass(frozen=True)
class Entry:
    """What the registry knows of one name.

    An `oracle` sees more gold than any honest method could: it bounds what is possible and is never chosen by default.
    """

    sort: str
    name: str
    cls: type[Component]
    fields: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""
    paper: str = ""
    oracle: bool = False

    @property
    def preset(self) -> bool:
        """Whether this name stands for a kind with some fields set."""
        return self.name != kind_of(self.cls)


def kind_of(cls: type[Component]) -> str:
    """Return the `kind` that a component class is registered under."""
    return str(cls.model_fields["kind"].default)


def singular(sort: str) -> str:
    """Return the word for one of a sort."""
    return f"{sort.removesuffix('ies')}y" if sort.endswith("ies") else sort.removesuffix("s")


_entries: dict[str, dict[str, Entry]] = {sort: {} for sort in ROOM_OF}
_loaded: set[str] = set()


def register(sort: str, *, paper: str = "") -> Callable[[C], C]:
    """Register a component class under its `kind`."""

    def decorate(cls: C) -> C:
        summary = (cls.__doc__ or "").strip().split("\n")[0]
        _add(Entry(sort, kind_of(cls), cls, {}, summary, paper))
        return cls

    return decorate


def preset(
    sort: str,
    name: str,
    cls: type[Component],
    summary: str,
    *,
    paper: str = "",
    oracle: bool = False,
    **fields: Any,
) -> None:
    """Register a name for a kind with some fields set."""
    _add(Entry(sort, name, cls, fields, summary, paper, oracle))


def _add(entry: Entry) -> None:
    known = _entries[entry.sort]
    old = known.get(entry.name)
    if old is not None and old.cls.__module__ != entry.cls.__module__:
        raise InputError(f"{entry.sort} already has the name {entry.name!r} ({old.cls.__module__}): choose another")
    known[entry.name] = entry


def names(sort: str) -> list[str]:
    """Return all registered names of a sort, in order of registration."""
    return list(_known(sort))


def named_methods(output: str = "classes") -> list[str]:
    """Return the named methods that may be compared where answers are `classes` or `texts`: presets without oracles."""
    entries = [lookup("methods", name) for name in names("methods")]
    fitting = [entry for entry in entries if getattr(entry.cls, "output", "classes") == output]
    return [entry.name for entry in fitting if entry.preset and not entry.oracle]


def lookup(sort: str, name: str) -> Entry:
    """Return the entry of a name.

    Raises:
        UnknownNameError: If the name is not registered; near names are suggested.
    """
    known = _known(sort)
    if name not in known:
        raise UnknownNameError(singular(sort), name, known)
    return known[name]


def build(sort: str, spec: str | Mapping[str, Any] | Component) -> Component:
    """Make a component from a name, a table with `kind` and fields, or a component.

    Raises:
        UnknownNameError: If the name is not registered.
        ConfigError: If a field breaks its rule.
    """
    if isinstance(spec, Component):
        return spec
    if isinstance(spec, str):
        spec = {"kind": spec}
    if not isinstance(spec, Mapping):
        raise ConfigError([((), f"must be a name or a table, got {spec!r:.80}")])
    data = dict(spec)
    name = data.pop("kind", None)
    if not isinstance(name, str):
        raise ConfigError([((), f"needs 'kind': the name of one of the {sort} ('w2sg list {sort}')")])
    entry = lookup(sort, name)
    fields = merged(merged(_component_defaults(entry.cls), entry.fields), data)
    return entry.cls.parse({**fields, "kind": kind_of(entry.cls)})


def _component_defaults(cls: type[Component]) -> dict[str, Any]:
    """Return the default parts of a component as tables, so that one field of a part can be set alone."""
    defaults = {name: field.default for name, field in cls.model_fields.items()}
    return {name: part.model_dump() for name, part in defaults.items() if isinstance(part, Component)}


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the fields of `over`; tables are merged unless `over` names another kind."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, str) and isinstance(value, Mapping) and "kind" not in value:
            old = {"kind": old}
        if (
            isinstance(value, Mapping)
            and isinstance(old, Mapping)
            and value.get("kind", old.get("kind")) == old.get("kind")
        ):
            value = merged(old, value)
        result[key] = value
    return result


def load_plugin(path: str | Path) -> None:
    """Import a Python file that registers components.

    Raises:
        InputError: If the file is missing.
    """
    file = Path(path).resolve()
    name = f"w2sg_plugin_{file.stem}"
    if name in sys.modules and sys.modules[name].__file__ == str(file):
        return
    spec = importlib.util.spec_from_file_location(name, file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise InputError(f"plugin {path}: no such Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def _known(sort: str) -> dict[str, Entry]:
    if sort not in ROOM_OF:
        raise UnknownNameError("kind of thing", sort, ROOM_OF)
    room = ROOM_OF[sort]
    if room not in _loaded:
        _loaded.add(room)
        for point in entry_points(group=f"w2sg.{room}"):
            point.load()
    return _entries[sort]
