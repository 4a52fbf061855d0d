"""What the attacks on inputs share: small tables, written as files and loaded in this process."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from w2sg.core import Task, TaskData, derive, registry

Writer = Callable[[str, str | bytes], Path]
Row = Sequence[object]


def measured(n: int = 400, seed: int = 0) -> list[tuple[float, float, int]]:
    """Return rows of two measurements that say something of the class, and the class."""
    rng = derive(seed, "attack")
    return [(round(rng.normal(i % 2), 4), round(rng.normal(0.7 * (i % 2)), 4), i % 2) for i in range(n)]


def noise(n: int, seed: int = 0, columns: int = 4) -> list[tuple[object, ...]]:
    """Return rows of numbers that say nothing of the class at their end."""
    rng = derive(seed, "noise")
    return [(*np.round(rng.random(columns), 6).tolist(), int(rng.integers(2))) for _ in range(n)]


def csv(head: str, rows: Iterable[Row]) -> str:
    """Return a CSV file; cells are written as they are."""
    return "\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n"


def load(path: Path | None, seed: int = 0, **fields: Any) -> TaskData:
    """Load the task 'files' on a file."""
    task = registry.build("tasks", {"kind": "files", **({} if path is None else {"path": str(path)}), **fields})
    assert isinstance(task, Task)
    return task.load(derive(seed, "task"))


def gold_of(data: TaskData, split: str) -> Any:
    """Return the gold of a split."""
    return data.vault.release("score", split)
