"""As what each column of somebody's file is used."""

from w2sg.tasks.encoding import METADATA
from w2sg.tasks.files import Files
from w2sg.tasks.profile import Column, columns_of

FIELDS = ("pair", "choices", "text", "label", "votes", "together", *METADATA, "split")
"""Fields of task `files` that name columns, the one that matters most first."""


def columns_and_uses(task: Files) -> list[tuple[Column, str]]:
    """Return the columns of a task's training file, each with the field that names it; empty where none does.

    Raises:
        DataError: If the file cannot be read.
    """
    return [(column, _use_of(task, column.name)) for column in columns_of(task.sheet())]


def _use_of(task: Files, column: str) -> str:
    for field in FIELDS:
        value = getattr(task, field)
        named = (value,) if isinstance(value, str) else value or ()
        unread = field == "label" and (task.pair is not None or task.inputs == "images")
        prefixed = field == "votes" and isinstance(value, str) and column.startswith(value)
        if (column in named or prefixed) and not unread:
            return field
    if column in task.recorded.values():
        return "recorded"
    used = task.inputs == "features" and (task.features is None or column in task.features)
    return "features" if used else ""
