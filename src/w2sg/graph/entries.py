"""What stands in the store's tables: finished steps, results that are listed, lines of the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from w2sg.graph.steps import Artifact, Listing


@dataclass(frozen=True)
class Result:
    """A finished step that people list, as the store has it.

    Attributes:
        key: Its key.
        step: The kind of step.
        about: What was tried, as plain data.
        seed: The seed.
        shown: Short texts and numbers by name.
        created: When, in UTC.
    """

    key: str
    step: str
    about: Mapping[str, Any]
    seed: int
    shown: Mapping[str, Any]
    created: str = ""


@dataclass(frozen=True)
class LedgerEntry:
    """A line of the ledger: one release of ground truth for one step, or the seal of the predictions that it made.

    Attributes:
        place: The data that the labels belong to.
        split: Which split.
        purpose: What for; `seal` for a seal.
        n: How many labels, or how many predictions were sealed; 0 where the line was damaged since.
        rows: Their positions; None for all of the split, and empty where they were damaged since.
        asked_by: Who was given them; the sha256 of what was sealed.
        step: The key of the step that was computed with them; empty where the line was damaged since.
        kind: The kind of this step.
        created: When, in UTC.
    """

    place: str
    split: str
    purpose: str
    n: int
    rows: tuple[int, ...] | None
    asked_by: str
    step: str
    kind: str
    created: str = ""


@dataclass(frozen=True, eq=False)
class Finished:
    """An artifact to be written: its key, its step, how it is listed, and the labels under which its time counts."""

    key: str
    step: str
    artifact: "Artifact"
    seed: int = 0
    listing: "Listing | None" = field(default=None)
    labels: tuple[str, ...] = ()
