"""A setup: task + weak supervisor + strong student + method; and the names that people know its parts by."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from w2sg.core import (
    AnyMethod,
    AnyStudent,
    AnySupervisor,
    AnyTask,
    CapabilityError,
    ClassProbabilities,
    Component,
    ConfigError,
    InputError,
    Method,
    Signal,
    Student,
    Task,
    WeakSupervisor,
    canonical_json,
    registry,
)

PARTS: Mapping[str, type[Component]] = {
    "task": Task,
    "supervisor": WeakSupervisor,
    "student": Student,
    "method": Method,
}
"""The parts of a setup, and the contract that each fills."""
TEST = "test"
"""The test set in distribution, which every task has."""
DIRECT = "direct"
"""The method that trains the strong student on supervision gold: beside every run of the signal that it is for."""

SHOWN_FIELDS = 3
"""A name shows at most this many fields in which a component differs from a registered one."""

MOST_DEEP = 32
"""Tables inside tables: components inside components come nowhere near it, and deeper ones exhaust Python's stack."""

MOST_NEAR = 3
"""A message names at most this many parts that would fit."""

Spec = str | Mapping[str, Any] | Component
"""A part by name, as a table with `kind` and fields, or ready made."""


class Setup(Component):
    """What is tried: with a seed it is a run."""

    kind: Literal["setup"] = "setup"
    task: AnyTask
    supervisor: AnySupervisor
    student: AnyStudent
    method: AnyMethod = Field(description="how the student learns from weak labels")

    def label(self, titles: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the short names of the parts; `titles` gives names of one's own by the digest of the part."""
        own = titles or {}
        return {part: own.get(getattr(self, part).digest()) or name for part, name in names_of(self).items()}


def names_of(setup: Setup) -> dict[str, str]:
    """Return the short names of a setup's parts."""
    return {part: _known_name(PARTS[part], getattr(setup, part)) for part in PARTS}


def named_methods(signal: type[Signal] = ClassProbabilities) -> list[str]:
    """Return the named methods that may be compared on tasks of a variant of signal: presets without oracles."""
    return [entry.name for entry in _fitting(Method, signal) if entry.preset and not entry.oracle]


def _fitting(contract: type[Component], signal: type[Signal]) -> list[registry.Entry]:
    """Return what is registered for a contract and made for a variant of signal."""
    kinds = Task | WeakSupervisor | Student | Method
    return [e for e in registry.entries(contract) if issubclass(e.cls, kinds) and e.cls.signal is signal]


def make_setup(
    task: Spec,
    supervisor: Spec | None = None,
    student: Spec | None = None,
    method: Spec | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Setup:
    """Return a setup; what is left out comes from the task's defaults.

    Args:
        task: The task.
        supervisor: The weak supervisor, or None for the task's default.
        student: The strong student, or None for the task's default.
        method: The method, or None for the task's default.
        settings: Values by dotted path, such as `{"student.features.count": 100}`.

    Raises:
        ConfigError: If a part is unknown or a field breaks its rule; each problem has its full path.
        CapabilityError: If the student lacks what the method needs, or the task asks for written answers and another
            part is for classes, or the other way round.
    """
    given = {part: _table(spec) for part, spec in zip(PARTS, (task, supervisor, student, method), strict=True)}
    for path, value in (settings or {}).items():
        _place(given, path, value)
    chosen = _build("task", given.pop("task"))
    assert isinstance(chosen, Task)
    defaults = chosen.default_supervisor, chosen.default_student, chosen.default_method
    # Parts are built one by one, so that a problem is told with the path of its part.
    parts = {
        part: _build(part, {"kind": default, **table})
        for (part, table), default in zip(given.items(), defaults, strict=True)
    }
    setup = Setup.parse({"task": chosen, **parts})
    _check_signal(setup)
    setup.method.check(setup.student)
    return setup


def _check_signal(setup: Setup) -> None:
    """Raise CapabilityError if a part is for another variant of signal than the task asks for."""
    asked = setup.task.signal
    for part, contract in PARTS.items():
        component = getattr(setup, part)
        # Said here, before any work, and in words of the setup: inside a step the same mistake would be an array of a
        # wrong shape.
        if component.signal is not asked:
            fitting = sorted(_fitting(contract, asked), key=lambda entry: not entry.preset)
            near = [repr(entry.name) for entry in fitting]
            raise CapabilityError(
                f"task {setup.task.kind!r} asks for {asked.variant!r}, and {part} {component.kind!r} is for "
                f"{component.signal.variant!r}: choose another, such as {' or '.join(near[:MOST_NEAR])}"
            )


def parse_setting(text: str) -> tuple[str, Any]:
    """Return the path and value of `path=value`; the value is read as TOML, or as text where it is none.

    >>> parse_setting("student.features.count=100")
    ('student.features.count', 100)
    >>> parse_setting("student.features=pca")
    ('student.features', 'pca')

    Raises:
        ConfigError: If there is no `=` or no path.
    """
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise ConfigError([((text,), "a setting is path=value, such as student.features.count=100")])
    try:
        return path.strip(), toml_table(f"value = {value}")["value"]
    except InputError:
        return path.strip(), value.strip()


def toml_table(text: str) -> dict[str, Any]:
    """Return the table that a TOML text holds; a mark of byte order at its beginning is no part of it.

    Raises:
        InputError: If it is not TOML, a number has thousands of digits, or it is nested too deeply.
    """
    deep = f"is not TOML that anybody needs: it is nested over {MOST_DEEP} levels deep"
    try:
        table = tomllib.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise InputError(f"is not TOML: {error}") from None
    except RecursionError:
        raise InputError(deep) from None
    level: list[Any] = [table]
    for _ in range(MOST_DEEP):
        tables = [list(value.values()) if isinstance(value, dict) else value for value in level]
        level = [inner for values in tables for inner in values if isinstance(inner, dict | list)]
        if not level:
            return table
    raise InputError(deep)


def name_of(contract: type[Component] | str, component: Component) -> str:
    """Return the registered name nearest to a component (of several, the first), with the fields in which it differs.

    >>> from w2sg.core import Student, registry
    >>> name_of(Student, registry.build(Student, {"kind": "nystroem", "features": {"count": 50}}))
    'nystroem(count=50)'
    """
    alike = [entry for entry in registry.entries(contract) if component.kind == registry.kind_of(entry.cls)]
    near = [(_differences(entry, component), entry) for entry in alike]
    # Fewest differences first; of equals a preset before its kind, because it says more, and of presets the first,
    # because `min` keeps the first of equals.
    differing, entry = min(near, key=lambda candidate: (len(candidate[0]), not candidate[1].preset))
    # The last word of a path is enough to recognise a field, and `.kind` is left out: `features=pca` says it.
    shown = [f"{path.removesuffix('.kind').rpartition('.')[2]}={value}" for path, value in differing]
    more = [f"{len(shown) - SHOWN_FIELDS} more"] if len(shown) > SHOWN_FIELDS else []
    return f"{entry.name}({', '.join(shown[:SHOWN_FIELDS] + more)})" if shown else entry.name


# The number of registered names is part of the key: a plugin that is loaded later may bring a nearer name.
_names: dict[tuple[int, type[Component], str], str] = {}


def _known_name(contract: type[Component], component: Component) -> str:
    """Return a component's name, looked for once in a process as long as no name was registered since."""
    key = (len(registry.names(contract)), type(component), component.canonical())
    if key not in _names:
        _names[key] = name_of(contract, component)
    return _names[key]


def _differences(entry: registry.Entry, component: Component) -> list[tuple[str, str]]:
    """Return the fields of a component that differ from a registered name's."""
    known = _fields_of_entry(entry.contract, entry.name, entry.cls, canonical_json(entry.fields))
    own = leaves(component.model_dump(mode="json"))
    return [(path, _shown(value)) for path, value in own if known.get(path) != value]


@cache
def _fields_of_entry(contract: str, name: str, cls: type[Component], fields: str) -> dict[str, Any]:
    """Return the fields of what a name stands for, by path; the arguments after the name tell entries apart."""
    try:
        return dict(leaves(registry.build(contract, name).model_dump(mode="json")))
    except ConfigError:
        # A kind with a field that has no default cannot be built by its name; what it has by default is compared
        # anyway.
        return {field: info.default for field, info in cls.model_fields.items()}


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(
            str(item["kind"]) if isinstance(item, Mapping) and "kind" in item else str(item) for item in value
        )
    # Paths of data files differ from machine to machine; the file's name is what a reader knows.
    return Path(value).name if isinstance(value, str) else str(value)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted path and the value of every field in tables inside tables."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def _table(spec: Spec | None) -> dict[str, Any]:
    if spec is None:
        return {}
    if isinstance(spec, Component):
        return spec.model_dump(mode="json")
    return {"kind": spec} if isinstance(spec, str) else dict(spec)


def _place(given: dict[str, dict[str, Any]], path: str, value: Any) -> None:
    part, *fields = path.split(".")
    if part not in PARTS or not fields:
        raise ConfigError([((path,), f"a path starts with {', '.join(PARTS)} and names a field, such as student.c")])
    table = given[part]
    for field in fields[:-1]:
        inner = table.get(field, {})
        if not isinstance(inner, str | Mapping):
            raise ConfigError([((path,), f"{field!r} has no fields: it is {inner!r:.80}")])
        # A part given by name becomes a table, so that one of its fields can be set; it is copied, because it may be
        # the caller's own.
        table[field] = table = {"kind": inner} if isinstance(inner, str) else dict(inner)
    table[fields[-1]] = value


def _build(part: str, table: Mapping[str, Any]) -> Component:
    try:
        return registry.build(PARTS[part], table)
    except ConfigError as error:
        raise error.under(part) from None
