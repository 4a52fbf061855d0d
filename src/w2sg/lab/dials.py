"""Dials of a setup: what can be turned while all else stays as it is, and setups in which something is another."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from w2sg.core import CapabilityError, Component, Task, derive
from w2sg.lab.setup import PARTS, TEST, Setup, make_setup


@dataclass(frozen=True)
class Setting:
    """A setting of a dial, and the setup that has it.

    Attributes:
        name: The setting in words.
        value: Its number on the dial. Settings without an order are numbered.
        setup: The setup.
        test: The test set that outcomes are read on, the same at all settings of a dial.
    """

    name: str
    value: float
    setup: Setup
    test: str = TEST


class Dial(Component):
    """Something about a setup that can be turned while all else stays as it is."""

    @abstractmethod
    def settings(self, setup: Setup) -> Sequence[Setting]:
        """Return the settings of the dial; effects are relative to the first.

        Args:
            setup: What is tried: all that the dial does not turn stays as it is there.

        Raises:
            CapabilityError: If the setup has no such dial; the message says why.
        """


def changed(setup: Setup, **parts: Any) -> Setup:
    """Return a setup with other parts: by name, as a table, or a component."""
    plain = {name: getattr(setup, name) for name in PARTS}
    return make_setup(**{**plain, **parts})


def with_field(setup: Setup, part: str, **fields: Any) -> Setup:
    """Return a setup in which fields of one part are others."""
    return changed(setup, **{part: {**getattr(setup, part).model_dump(mode="json"), **fields}})


def with_value(setup: Setup, path: str, value: Any) -> Setup:
    """Return a setup in which one field is another, or one part: by its dotted path, such as `student.c`."""
    if path in PARTS:
        return changed(setup, **{path: value})
    return make_setup(setup.task, setup.supervisor, setup.student, setup.method, {path: value})


def value_at(setup: Setup, path: str) -> Any:
    """Return the value of a field by its path, as plain data.

    Raises:
        CapabilityError: If the setup has no such field.
    """
    value: Any = setup.model_dump(mode="json")
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            raise CapabilityError(f"needs a setup with the field {path!r}")
        value = value[name]
    return value


@lru_cache(maxsize=256)
def split_sizes(task: Task) -> dict[str, int]:
    """Return how many rows supervision and transfer have; one seed tells, for sizes are the same under all.

    Raises:
        CapabilityError: If the task does not deal its rows to splits.
    """
    if "supervision" not in type(task).model_fields:
        raise CapabilityError(f"needs a task that deals its rows to splits, and {task.kind!r} does not")
    data = task.load(derive(0, "task"))
    return {"supervision": len(data.supervision), "transfer": len(data.transfer)}
