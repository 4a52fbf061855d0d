"""Names to components: classes (kinds) and presets (a kind with some fields set), found through entry points.

A *contract* is an abstract component class that its own room opens for others (`Task`, `Method`, `Shift`, ...). The
room gives it a plural name, and installed packages offer components of it under the entry-point group `w2sg.<plural>`.
So this module knows no contract by name: it learns of them from their rooms.

A preset is data, so `confidence` is a composition with one objective, and its identity is the hash of the full
composition: the same method under two names is the same run.
"""

import ast
import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, overload

from pydantic import BeforeValidator, WithJsonSchema

from w2sg.core.component import Component, ConfigError
from w2sg.core.errors import InputError, UnknownNameError

C = TypeVar("C", bound=Component)
ComponentClass = TypeVar("ComponentClass", bound=type[Component])

PLUGIN = "w2sg_plugin_"
"""What the names of plugins' modules begin with."""
GROUP = "w2sg."
"""Entry-point groups of components begin so; the plural name of the contract follows."""


@dataclass(frozen=True)
class Entry:
    """What the registry knows of one name.

    An `oracle` sees more gold than any honest method could: it bounds what is possible and is never chosen by default.
    `origin` is the module that registered the name; nobody else may give the name another meaning.
    """

    contract: str
    name: str
    cls: type[Component]
    fields: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""
    paper: str = ""
    oracle: bool = False
    origin: str = ""

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
_adopters: list[Callable[[Component], Component]] = []
_outsiders: dict[str, Callable[[str], object]] = {}
_files: dict[str, Path] = {}
"""The files of the plugins that this process runs, by the names of their modules."""


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


def contract_class(plural: str) -> type[Component]:
    """Return the abstract class of a contract, given by its plural name."""
    _known(plural)
    return next(cls for cls, name in _contracts.items() if name == plural)


def contracts() -> list[str]:
    """Return the plural names of all contracts that installed packages offer components of, sorted."""
    groups = {group.removeprefix(GROUP) for group in entry_points().groups if group.startswith(GROUP)}
    return sorted(groups | set(_entries))


def register(*, paper: str = "") -> Callable[[ComponentClass], ComponentClass]:
    """Register a component class under its `kind`, for the contract that it fills."""

    def decorate(cls: ComponentClass) -> ComponentClass:
        summary = (cls.__doc__ or "").strip().split("\n")[0]
        enter(Entry(contract_of(cls), kind_of(cls), cls, {}, summary, paper, origin=cls.__module__))
        return cls

    return decorate


def preset(
    name: str, cls: type[Component], summary: str, *, paper: str = "", oracle: bool = False, **fields: Any
) -> None:
    """Register a name for a kind with some fields set."""
    # Whose name it is, is said by the module that calls: the class of a preset is often the package's own.
    caller = str(sys._getframe(1).f_globals["__name__"])
    enter(Entry(contract_of(cls), name, cls, fields, summary, paper, oracle, caller))


def enter(entry: Entry) -> None:
    """Register an entry.

    Raises:
        InputError: If somebody else has registered the name.
    """
    if entry.contract not in _loaded and not entry.origin.startswith("w2sg."):
        _known(entry.contract)  # the package's own names come first, so that nobody can be there before them
    known = _entries[entry.contract]
    old = known.get(entry.name)
    # The same module may register again, as it does when a notebook runs a cell twice; another one would take the name
    # away.
    if old is not None and old.origin != entry.origin:
        raise InputError(f"{entry.contract} already has the name {entry.name!r} ({old.origin}): choose another")
    known[entry.name] = entry


def registered() -> list[Entry]:
    """Return the entries of all contracts as far as they are loaded; nothing is imported to find more."""
    return [entry for known in _entries.values() for entry in known.values()]


def foreign_code() -> list[str]:
    """Return the modules from outside of w2sg that registered components in this process, sorted.

    Components that stand for those of a worker have no such module: what defines them is not in this process.
    """
    modules = {module for entry in registered() for module in (entry.origin, entry.cls.__module__)}
    return sorted(name for name in modules if name in sys.modules and name.split(".")[0] != "w2sg")


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
        return _adopted(spec)
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
    return _adopted(entry.cls.parse({**fields, "kind": kind_of(entry.cls)}))


def adopt(by: Callable[[Component], Component]) -> None:
    """Have every component that is built pass through a function, such as one that isolates those of plugins."""
    if by not in _adopters:
        _adopters.append(by)


def _adopted(component: Component) -> Component:
    for by in _adopters:
        component = by(component)
    return component


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


def plugin_path(path: str | Path) -> Path:
    """Return where the Python file of a plugin is.

    Raises:
        InputError: If there is none.
    """
    try:
        file = Path(path).resolve()
        is_file = file.is_file()
    except (OSError, ValueError):  # a name that is too long, or holds a NUL
        is_file = False
    if not is_file or file.suffix != ".py":
        raise InputError(f"plugin {path!s:.200}: no such Python file")
    return file


def runs_here(path: str | Path) -> bool:
    """Return whether this process runs a plugin's file already.

    Raises:
        InputError: If there is no such file.
    """
    return plugin_path(path) in _files.values()


def load_plugin(path: str | Path) -> ModuleType:
    """Run a Python file that registers components in this process, once, and return its module.

    It then runs with all rights of this process, beside ground truth. Commands run plugins in workers of their own
    instead (`w2sg.isolation.load_plugins`), but for those that are said to be trusted.

    Raises:
        InputError: If the file is missing or is no Python, or running it fails.
    """
    file = plugin_path(path)
    known = next((name for name, loaded in _files.items() if loaded == file and name in sys.modules), None)
    if known is not None:
        return sys.modules[known]
    # The prefix keeps a plugin named as some library from hiding that library. Plugins of one name in two folders are
    # two modules.
    name = f"{PLUGIN}{file.stem}"
    while name in _files and _files[name] != file:
        name += "_"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))  # for what stands beside it, and after all that is installed
    module = importlib.util.module_from_spec(spec)
    sys.modules[name], _files[name] = module, file
    try:
        spec.loader.exec_module(module)
        _check_neighbours(file)
    except BaseException as error:
        del sys.modules[name], _files[name]  # half a module must not pass for the whole one the next time
        if isinstance(error, InputError | KeyboardInterrupt):
            raise
        raise InputError(f"plugin {path} cannot be loaded: {type(error).__name__}: {error}") from error
    return module


def _check_neighbours(file: Path) -> None:
    """Check that what a plugin imported by the name of a file beside it is that file, and no other module of the name.

    Raises:
        InputError: If a library or another plugin's file was there first, so that the plugin would run other code.
    """
    nodes = list(ast.walk(ast.parse(file.read_bytes())))
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    for name in sorted({name.split(".")[0] for name in named}):
        beside, loaded = file.with_name(f"{name}.py"), getattr(sys.modules.get(name), "__file__", None)
        if beside.is_file() and loaded is not None and Path(loaded).resolve() != beside.resolve():
            raise InputError(f"plugin {file.name} imports {name!r}, which is {loaded} and not the file beside it")


def leave_out(plurals: Iterable[str]) -> None:
    """Never import what packages offer for some contracts: a worker has no use for them, and may not read them."""
    _loaded.update(plurals)


def outsiders(plural: str, admit: Callable[[str], object]) -> None:
    """Have modules of other installed packages that offer components of a contract admitted instead of imported."""
    _outsiders[plural] = admit


def _ours(point: EntryPoint) -> bool:
    return point.module.split(".")[0] == "w2sg"


def _plural(of: str | type[Component]) -> str:
    return of if isinstance(of, str) else _contracts[of]


def _known(of: str | type[Component]) -> dict[str, Entry]:
    """Return the entries of a contract, after importing what installed packages offer for it."""
    plural = _plural(of)
    # Packages are asked on first use, so that importing the core loads no component and no library that one needs.
    if plural not in _loaded:
        # Marked before loading: a module that looks a name up while it is loaded must not start loading again.
        _loaded.add(plural)
        points = entry_points(group=f"{GROUP}{plural}")
        for point in sorted(points, key=lambda point: not _ours(point)):  # our names first: nobody can take them
            if _ours(point) or plural not in _outsiders:
                point.load()
            else:
                _outsiders[plural](point.module)
    if plural not in _entries:
        raise UnknownNameError("kind of thing", plural, contracts())
    return _entries[plural]
