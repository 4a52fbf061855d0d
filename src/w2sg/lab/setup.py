"""A setup: task + weak supervisor + strong student + method; and the names that people know its parts by."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from w2sg.core import (
    AnyMethod,
    AnyStudent,
    AnySupervisor,
    AnyTask,
    CapabilityError,
    Component,
    ConfigError,
    InputError,
    Method,
    Task,
    registry,
)

PARTS = {"task": "tasks", "supervisor": "supervisors", "student": "students", "method": "methods"}
SHOWN_FIELDS = 3
"""A name shows at most this many fields in which a component differs from a registered one."""

SHOWN_OUTPUT = {"classes": "classes", "texts": "written answers"}
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
        parts = {part: getattr(self, part) for part in PARTS}
        own = titles or {}
        return {part: own.get(made.digest()) or name_of(PARTS[part], made) for part, made in parts.items()}


def named_methods(output: str = "classes") -> list[str]:
    """Return the named methods that may be compared where answers are `classes` or `texts`: presets without oracles."""
    entries = [registry.lookup(Method, name) for name in registry.names(Method)]
    return [
        entry.name
        for entry in entries
        if entry.preset and not entry.oracle and issubclass(entry.cls, Method) and entry.cls.output == output
    ]


def stored_label(setup: Mapping[str, Any]) -> dict[str, str]:
    """Return the short names of the parts of a stored setup; kinds where a part is not registered here."""
    try:
        return Setup.parse(setup).label()
    except InputError:
        return {part: f"{setup[part]['kind']} (of a plugin or another version)" for part in PARTS}


def make_setup(
    task: Spec,
    supervisor: Spec | None = None,
    student: Spec | None = None,
    method: Spec | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Setup:
    """Make a setup; what is left out comes from the task's defaults.

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
    given = {part: _table(spec) for part, spec in (("task", task), ("supervisor", supervisor), ("student", student))}
    given["method"] = _table(method)
    for path, value in (settings or {}).items():
        _place(given, path, value)
    made = {"task": _build("task", given["task"])}
    known = made["task"]
    assert isinstance(known, Task)
    for part, fallback in (
        ("supervisor", known.default_supervisor),
        ("student", known.default_student),
        ("method", known.default_method),
    ):
        made[part] = _build(part, {"kind": fallback, **given[part]})
    setup = Setup.parse(made)
    _check_output(setup)
    setup.method.check(setup.student)
    return setup


def _check_output(setup: Setup) -> None:
    """Raise CapabilityError if a part gives classes where the task asks for written answers, or the other way round."""
    asked = setup.task.output
    for part, sort in PARTS.items():
        made = getattr(setup, part)
        if made.output != asked:
            entries = [registry.lookup(sort, name) for name in registry.names(sort)]
            fitting = [entry for entry in entries if getattr(entry.cls, "output", None) == asked]
            near = [repr(entry.name) for entry in sorted(fitting, key=lambda entry: not entry.preset)]
            raise CapabilityError(
                f"task {setup.task.kind!r} asks for {SHOWN_OUTPUT[asked]}, and {part} {made.kind!r} is for "
                f"{SHOWN_OUTPUT[made.output]}: choose another, such as {' or '.join(near[:MOST_NEAR])}"
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
        return path.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return path.strip(), value.strip()


def name_of(sort: str, component: Component) -> str:
    """Return the registered name nearest to a component (of several, the first), with the fields in which it differs.

    >>> from w2sg.core import registry
    >>> name_of("students", registry.build("students", {"kind": "nystroem", "features": {"count": 50}}))
    'nystroem(count=50)'
    """
    entries = [registry.lookup(sort, name) for name in registry.names(sort)]
    near = [(_differences(entry, component), entry) for entry in entries if type(component) is entry.cls]
    differing, entry = min(near, key=lambda found: (len(found[0]), not found[1].preset))
    name = entry.name
    shown = [f"{path.removesuffix('.kind').rpartition('.')[2]}={value}" for path, value in differing]
    more = [f"{len(shown) - SHOWN_FIELDS} more"] if len(shown) > SHOWN_FIELDS else []
    return f"{name}({', '.join(shown[:SHOWN_FIELDS] + more)})" if shown else name


def _differences(entry: registry.Entry, component: Component) -> list[tuple[str, str]]:
    """Return the fields of a component that differ from a registered name's."""
    try:
        known = dict(_leaves(registry.build(entry.contract, entry.name).model_dump(mode="json")))
    except ConfigError:
        known = {name: field.default for name, field in entry.cls.model_fields.items()}
    leaves = _leaves(component.model_dump(mode="json"))
    return [(path, _shown(value)) for path, value in leaves if known.get(path) != value]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(
            str(item["kind"]) if isinstance(item, Mapping) and "kind" in item else str(item) for item in value
        )
    return Path(value).name if isinstance(value, str) else str(value)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
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
        table[field] = table = {"kind": inner} if isinstance(inner, str) else dict(inner)
    table[fields[-1]] = value


def _build(part: str, table: Mapping[str, Any]) -> Component:
    try:
        return registry.build(PARTS[part], table)
    except ConfigError as error:
        raise error.under(part) from None
