"""What disanalogies share: setups with other parts, and whether a setup stands on the ladder of the fact world."""

from typing import Any

from w2sg.core import CapabilityError
from w2sg.lab import Setup, make_setup
from w2sg.worlds import is_shipped


def changed(setup: Setup, **parts: Any) -> Setup:
    """Return a setup with other parts: by name, as a table, or a component."""
    plain = {name: getattr(setup, name) for name in ("task", "supervisor", "student", "method")}
    return make_setup(**{**plain, **parts})


def with_field(setup: Setup, part: str, **fields: Any) -> Setup:
    """Return a setup in which fields of one part are others."""
    return changed(setup, **{part: {**getattr(setup, part).model_dump(mode="json"), **fields}})


def model_on_ladder(setup: Setup) -> str:
    """Return the model of a student that comes with the package.

    Raises:
        CapabilityError: If the task is not that of the fact world, or the student is another.
    """
    model = getattr(setup.student, "model", "")
    if setup.task.kind != "facts" or not is_shipped(model):
        raise CapabilityError("needs a pretraining corpus of our own: task 'facts' and a student 'facts:...'")
    return str(model)
