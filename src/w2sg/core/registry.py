"""Names to components: classes (kinds) and presets (a kind with some fields set), found through entry points.

A *contract* is an abstract component class that its own room opens for others (`Task`, `Method`, `Shift`, ...). The
room gives it a plural name, and installed packages offer components of it under the entry-point group `w2sg.<plural>`.
So this module knows no contract by name: it learns of them from their rooms.

A preset is data, so `confidence` is a composition with one objective, and its identity is the hash of the full
composition: the same method under two names is the same run.
"""

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar, overload

from pydantic import BeforeValidator, WithJsonSchema

from w2sg.core.component import Component, ConfigError
from w2sg.core.errors import InputError, UnknownNameError

C = TypeVar("C", bound=Component)
ComponentClass = TypeVar("ComponentClass", bound=type[Component])

GROUP = "w2sg."
"""Entry-point groups of components begin so; the plural name of the contract follows."""


@dataclass(frozen=True)
class Entry:
    """What the registry knows of one name.

    An `oracle` sees more gold than any honest method could: it bounds what is possible and is never chosen by default.
    """

    contract: str
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


def singular(plural: str) -> str:
    """Return the word for one component of a contract.

    >>> singular("theories"), singular("methods")
    ('theory', 'method')
    """
    return f"{plural.removesuffix('ies')}y" if plural.endswith("ies") else plural.removesuffix("s")


# What rooms and plugins registered in this process: contracts by their class, entries by contract and name, and the
# contracts whose installed packages were asked already.
_contracts: dict[type[Component], str] = {}
_entries: dict[str, dict[str, Entry]] = {}
_loaded: set[str] = set()


def contract(plural: str) -> Callable[[ComponentClass], ComponentClass]:
    """Open an abstract component class for others to fill, under a plural name such as `methods`."""

    def decorate(cls: ComponentClass) -> ComponentClass:
        _contracts[cls] = plural
        _entries.setdefault(plural, {})
        return cls

    return decorate


def contract_of(cls: type[Component]) -> str:
    """Return the plural name of the contract that a component class fills.

    Raises:
        InputError: If it fills none.
    """
    # A class fills a contract however deep it derives from it; where contracts derive from each other the nearest wins.
    for base in cls.__mro__:
        if base in _contracts:
            return _contracts[base]
    raise InputError(f"{cls.__qualname__} fills no contract of w2sg: derive it from one, such as w2sg.core.Method")


def contracts() -> list[str]:
    """Return the plural names of all contracts that installed packages offer components of, sorted."""
    groups = {group.removeprefix(GROUP) for group in entry_points().groups if group.startswith(GROUP)}
    return sorted(groups | set(_entries))


def register(*, paper: str = "") -> Callable[[ComponentClass], ComponentClass]:
    """Register a component class under its `kind`, for the contract that it fills."""

    def decorate(cls: ComponentClass) -> ComponentClass:
        summary = (cls.__doc__ or "").strip().split("\n")[0]
        _add(Entry(contract_of(cls), kind_of(cls), cls, {}, summary, paper))
        return cls

    return decorate


def preset(
    name: str, cls: type[Component], summary: str, *, paper: str = "", oracle: bool = False, **fields: Any
) -> None:
    """Register a name for a kind with some fields set."""
    _add(Entry(contract_of(cls), name, cls, fields, summary, paper, oracle))


def _add(entry: Entry) -> None:
    known = _entries[entry.contract]
    old = known.get(entry.name)
    # The same module may register again, as it does when a notebook runs a cell twice; another one would take the name
    # away.
    if old is not None and old.cls.__module__ != entry.cls.__module__:
        raise InputError(f"{entry.contract} already has the name {entry.name!r} ({old.cls.__module__}): choose another")
    known[entry.name] = entry


def names(of: str | type[Component]) -> list[str]:
    """Return all registered names of a contract, given as its class or by its plural name, in order of registration."""
    return list(_known(of))


def entries(of: str | type[Component]) -> list[Entry]:
    """Return all entries of a contract, given as its class or by its plural name, in order of registration."""
    return list(_known(of).values())


def lookup(of: str | type[Component], name: str) -> Entry:
    """Return the entry of a name.

    Raises:
        UnknownNameError: If the name is not registered; near names are suggested.
    """
    known = _known(of)
    if name not in known:
        raise UnknownNameError(singular(_plural(of)), name, known)
    return known[name]


@overload
def build(of: type[C], spec: str | Mapping[str, Any] | Component) -> C: ...
@overload
def build(of: str, spec: str | Mapping[str, Any] | Component) -> Component: ...
def build(of: str | type[Component], spec: str | Mapping[str, Any] | Component) -> Component:
    """Make a component from a name, a table with `kind` and fields, or a component.

    Args:
        of: The contract that it fills, as its class or by its plural name.
        spec: What to make.

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
        plural = _plural(of)
        raise ConfigError([((), f"needs 'kind': the name of one of the {plural} ('w2sg list {plural}')")])
    entry = lookup(of, name)
    # What is said last counts: the defaults of the kind, over them the fields of the preset, over them those that are
    # asked for. The kind comes from the class, because a preset has a name and no kind of its own.
    fields = merged(merged(_component_defaults(entry.cls), entry.fields), data)
    return entry.cls.parse({**fields, "kind": kind_of(entry.cls)})


def _component_defaults(cls: type[Component]) -> dict[str, Any]:
    """Return the default parts of a component as tables, so that one field of a part can be set alone."""
    defaults = {name: field.default for name, field in cls.model_fields.items()}
    return {name: part.model_dump() for name, part in defaults.items() if isinstance(part, Component)}


def component_field(of: type[Component], what: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """Return the annotations of a field that holds a component: a name, a table with `kind`, or the component itself.

    Use as `Annotated[SerializeAsAny[Base], *component_field(Objective, "an objective")]`.
    """
    schema = {"anyOf": [{"type": "string"}, {"type": "object", "required": ["kind"]}], "description": what}
    return BeforeValidator(lambda spec: build(of, spec)), WithJsonSchema(schema)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the fields of `over`; tables are merged unless `over` names another kind."""
    result = dict(base)
    for key, value in over.items():
        # A part that is named only, as in `objective = "confidence"`, is the same as a table with that kind.
        old = result.get(key)
        if isinstance(old, str) and isinstance(value, Mapping) and "kind" not in value:
            old = {"kind": old}
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            # Another kind has other fields, so nothing of the old table may be left in the new one.
            value = merged(old, value) if value.get("kind", old.get("kind")) == old.get("kind") else value
        result[key] = value
    return result


def load_plugin(path: str | Path) -> None:
    """Import a Python file that registers components.

    Raises:
        InputError: If the file is missing.
    """
    file = Path(path).resolve()
    # The prefix keeps a plugin named as some library from hiding that library, and lets workers find it by its name.
    name = f"w2sg_plugin_{file.stem}"
    if name in sys.modules and sys.modules[name].__file__ == str(file):
        return
    spec = importlib.util.spec_from_file_location(name, file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise InputError(f"plugin {path}: no such Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]  # half a module must not pass for the whole one the next time
        raise


def _plural(of: str | type[Component]) -> str:
    return of if isinstance(of, str) else _contracts[of]


def _known(of: str | type[Component]) -> dict[str, Entry]:
    """Return the entries of a contract, after importing what installed packages offer for it."""
    plural = _plural(of)
    # Packages are asked on first use, so that importing the core loads no component and no library that one needs.
    if plural not in _loaded:
        # Marked before loading: a module that looks a name up while it is loaded must not start loading again.
        _loaded.add(plural)
        for point in entry_points(group=f"{GROUP}{plural}"):
            point.load()
    if plural not in _entries:
        raise UnknownNameError("kind of thing", plural, contracts())
    return _entries[plural]
