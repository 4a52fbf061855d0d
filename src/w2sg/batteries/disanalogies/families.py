"""Families of examples of which the supervisor never saw one: will what it teaches hold there?"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, final

import numpy as np

from w2sg.batteries.contract import Disanalogy
from w2sg.core import CapabilityError, DataError, derive, register
from w2sg.lab import Setting, Setup, with_field
from w2sg.tasks import SplitTask

COLUMNS = ("group", "domain")
"""Metadata columns with families, the first that a task has."""
MOST_FAMILIES = 100
READ_ON = "first family"
"""The test set that PGR is read on at every setting: the family that is held out first."""


@final
@register()
class HeldOutFamily(Disanalogy):
    """The supervision split lacks whole families, and PGR is read on one of them; the student meets its inputs.

    At every setting PGR is that of one family, the first by name: with it in the supervision split, without it, and
    without half of all families.
    """

    kind: Literal["held-out-family"] = "held-out-family"
    title: ClassVar[str] = "held-out families"
    dial: ClassVar[str] = "families that the supervision split lacks"

    def settings(self, setup: Setup) -> Sequence[Setting]:
        """Return the setup with more and more families held out.

        Raises:
            CapabilityError: If the task has no families, or too few rows of the others.
        """
        column, families = _families(setup)
        shifts = setup.task.model_dump(mode="json")["shifts"]
        reading = {"kind": "groups", "column": column, "shares": {families[0]: 1.0}, "title": READ_ON}
        counts = sorted({0, 1, len(families) // 2})
        settings = []
        for count in counts:
            held = {"kind": "held-out", "column": column, "families": families[:count]}
            own: list[Any] = [*shifts, reading, *([held] if count else [])]
            settings.append(Setting(str(count), float(count), with_field(setup, "task", shifts=own), test=READ_ON))
        _check_rows(settings)
        return settings


def _families(setup: Setup) -> tuple[str, list[str]]:
    task = setup.task
    if not isinstance(task, SplitTask):
        raise CapabilityError(f"needs a task that is dealt from one table, and {task.kind!r} is none")
    table = task.table(derive(0, "task"))
    column = next((name for name in COLUMNS if name in table.columns), None)
    if column is None:
        raise CapabilityError("needs a task with families: a metadata column 'group' or 'domain'")
    families = np.unique(table.columns[column].astype(str)).tolist()
    if not 2 <= len(families) <= MOST_FAMILIES:
        raise CapabilityError(f"needs 2 to {MOST_FAMILIES} families, column {column!r} has {len(families)}")
    return column, families


def _check_rows(settings: Sequence[Setting]) -> None:
    """Raise CapabilityError if splits cannot be dealt; one seed tells, for sizes are the same under all."""
    try:
        for setting in settings:
            setting.setup.task.load(derive(0, "task"))
    except DataError as error:
        raise CapabilityError(f"families cannot be held out: {error}") from None
