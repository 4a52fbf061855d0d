"""A setup: task + weak supervisor + strong student + method; and the names that people know its parts by."""

import tomllib
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from w2sg.core import AnyMethod, AnyStudent, AnySupervisor, AnyTask, Component, ConfigError, Task, registry

PARTS = {"task": "tasks", "supervisor": "supervisors", "student": "students", "method": "methods"}
Spec = str | Mapping[str, Any] | Component
"""A part by name, as a table with `kind` and fields, or ready made."""


class Setup(Component):
    """What is tried: with a seed it is a run."""

    kind: Literal["setup"] = "setup"
    task: AnyTask
    supervisor: AnySupervisor
    student: AnyStudent
    method: AnyMethod = Field(description="how the student learns from weak labels")

    def label(self) -> dict[str, str]:
        """Return the short names of the parts."""
        return {part: name_of(sort, getattr(self, part)) for part, sort in PARTS.items()}


def make_setup(
    task: Spec,
    supervisor: Spec | None = None,
    student: Spec | None = None,
    method: Spec = "naive",
    settings: Mapping[str, Any] | None = None,
) -> Setup:
    """Make a setup; what is left out comes from the task's defaults.

    Args:
        task: The task.
        supervisor: The weak supervisor, or None for the task's default.
        student: The strong student, or None for the task's default.
        method: The method.
        settings: Values by dotted path, such as `{"student.features.count": 100}`.

    Raises:
        ConfigError: If a part is unknown or a field breaks its rule; each problem has its full path.
        CapabilityError: If the student lacks what the method needs.
    """
    given = {part: _table(spec) for part, spec in (("task", task), ("supervisor", supervisor), ("student", student))}
    given["method"] = _table(method)
    for path, value in (settings or {}).items():
        _place(given, path, value)
    made = {"task": _build("task", given["task"])}
    known = made["task"]
    assert isinstance(known, Task)
    for part, fallback in (("supervisor", known.default_supervisor), ("student", known.default_student)):
        made[part] = _build(part, {"kind": fallback, **given[part]})
    made["method"] = _build("method", given["method"])
    setup = Setup.parse(made)
    setup.method.check(setup.student)
    return setup


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
    """Return the registered name of a component, or its kind and what differs from the kind's defaults."""
    entries = sorted((registry.lookup(sort, name) for name in registry.names(sort)), key=lambda entry: not entry.preset)
    for entry in entries:
        if type(component) is entry.cls and _matches(sort, entry.name, component):
            return entry.name
    differing = _differences(component)
    return f"{component.kind}({', '.join(differing)})" if differing else component.kind


def _matches(sort: str, name: str, component: Component) -> bool:
    try:
        return registry.build(sort, name) == component
    except ConfigError:
        return False


def _differences(component: Component) -> list[str]:
    found = []
    for name, field in type(component).model_fields.items():
        value = getattr(component, name)
        if name == "kind" or value == field.default:
            continue
        if isinstance(value, Component):
            inner = _differences(value)
            found.append(value.kind + (f"({', '.join(inner)})" if inner else ""))
        else:
            shown = value if isinstance(value, str | int | float) else type(value).__name__
            found.append(f"{name}={shown}")
    return found


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
        table[field] = table = {"kind": inner} if isinstance(inner, str) else dict(inner)
    table[fields[-1]] = value


def _build(part: str, table: Mapping[str, Any]) -> Component:
    try:
        return registry.build(PARTS[part], table)
    except ConfigError as error:
        raise error.under(part) from None
