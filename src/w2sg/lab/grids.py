"""Entries of a study file: what stands in one beside the fields of its component, and all that a grid stands for."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from w2sg.core import ClassProbabilities, ConfigError, Signal, Task, registry
from w2sg.lab.setup import MOST_DEEP

Entry = str | dict[str, Any]
OUTSIDE = ("grid", "title")
"""What an entry may hold beside the fields of its component."""
OF_TASK = ("supervisors", "students", "without")
"""What a task's entry may hold beside these: lists for this task alone."""
FAMILY = "family"
"""And the name of its family; see `families`."""


def task_and_own(index: int, entry: Entry) -> tuple[Entry, dict[str, Sequence[Any]]]:
    """Return a task's entry without the lists that are for this task alone, and these."""
    if not isinstance(entry, Mapping):
        return entry, {}
    own = {name: entry[name] for name in OF_TASK if name in entry}
    for name, values in own.items():
        kinds = str if name == "without" else str | Mapping
        if not isinstance(values, list | tuple) or not all(isinstance(value, kinds) for value in values):
            rule = "names of methods" if name == "without" else "names or tables"
            raise ConfigError([(("tasks", str(index), name), f"must be a list of {rule}, got {values!r:.80}")])
    family = entry.get(FAMILY, "-")
    if not isinstance(family, str) or not family.strip():
        raise ConfigError([(("tasks", str(index), FAMILY), f"must be a name, got {family!r:.80}")])
    return {name: value for name, value in entry.items() if name not in (*OF_TASK, FAMILY)}, own


def named_families(entries: Sequence[Entry]) -> dict[str, str]:
    """Return the families that entries of tasks name, by the digest of the task."""
    named = [
        (task_and_own(index, entry)[0], str(entry[FAMILY]))
        for index, entry in enumerate(entries)
        if isinstance(entry, Mapping) and FAMILY in entry
    ]
    return {registry.build(Task, task or {}).digest(): name for entry, name in named for task, _ in expanded([entry])}


def check_grid(name: str, index: int, entry: Entry | None) -> None:
    """Check the `grid` of an entry of a study's list of this name.

    Raises:
        ConfigError: If it is not lists of values by dotted path.
    """
    grid = entry.get("grid", {}) if isinstance(entry, Mapping) else {}
    if not isinstance(grid, Mapping) or not all(isinstance(values, list | tuple) for values in grid.values()):
        raise ConfigError([((name, str(index), "grid"), f"must be lists of values by dotted path, got {grid!r:.80}")])
    deep = next((path for path in grid if path.count(".") >= MOST_DEEP), None)
    if deep is not None:
        raise ConfigError([((name, str(index), "grid"), f"a path has at most {MOST_DEEP} fields, got {deep:.80}")])


def grid_size(entry: Entry | None) -> int:
    """Return how many entries an entry stands for."""
    if not isinstance(entry, Mapping) or "grid" not in entry:
        return 1
    return math.prod(len(values) for values in entry["grid"].values())


def expanded(entries: Sequence[Entry | None]) -> Iterator[tuple[Entry | None, str]]:
    """Yield every entry that a column of the grid stands for, with its title."""
    for entry in entries:
        if not isinstance(entry, Mapping):
            yield entry, ""
            continue
        grid: Mapping[str, Sequence[Any]] = entry.get("grid", {})
        # Without a grid this runs once, with no values: the entry as it stands.
        for values in itertools.product(*grid.values()):
            table = {name: value for name, value in entry.items() if name not in OUTSIDE}
            for path, value in zip(grid, values, strict=True):
                table = registry.merged(table, _nested(path.split("."), value))
            chosen = ", ".join(f"{path.rpartition('.')[2]}={value}" for path, value in zip(grid, values, strict=True))
            title = str(entry.get("title", ""))
            yield table, f"{title}({chosen})" if title and chosen else title


def _nested(path: list[str], value: Any) -> dict[str, Any]:
    return {path[0]: value if len(path) == 1 else _nested(path[1:], value)}


def signal_of(task: Entry) -> type[Signal]:
    """Return the signal that a task asks for; class probabilities for one that is not known (its setup says why)."""
    name = task if isinstance(task, str) else task.get("kind")
    cls = registry.lookup(Task, name).cls if isinstance(name, str) and name in registry.names(Task) else Task
    return cls.signal if issubclass(cls, Task) else ClassProbabilities
