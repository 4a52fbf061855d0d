"""What the tests of tasks share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from w2sg.core import Task, registry

DATA = Path(os.environ.get("W2SG_DATA", Path(__file__).parents[2].parent / "shared" / "data"))


def make(spec: object) -> Task:
    task = registry.build("tasks", spec)  # type: ignore[call-overload]
    assert isinstance(task, Task)
    return task


def files(path: Path | None = None, **fields: Any) -> Task:
    return make({"kind": "files", **({} if path is None else {"path": str(path)}), **fields})


def real(name: str) -> str:
    file = DATA / name
    if not file.is_file():
        pytest.skip(f"no {file}")
    return str(file)


Writer = Callable[[str, str | bytes], Path]
