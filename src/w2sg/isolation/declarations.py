"""What a worker says of a plugin's parts, checked where it is read: it was said by foreign code."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from w2sg.core import InformationTier, InputError

MOST_NOTES = 1 << 20
"""Letters that a plugin's student may note for the record."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MethodFacts(_Said):
    """What a method declares."""

    requires: frozenset[str]
    needs: frozenset[str]
    tier: InformationTier
    audits: Annotated[int, Field(ge=0, strict=True)]
    rehearsals: Annotated[int, Field(ge=0, strict=True)]
    training_facts: dict[str, str]


class StudentFacts(_Said):
    """What a student declares."""

    capabilities: frozenset[str]
    function_class: str
    body_frozen: bool | None
    ridge_penalty: float | None
    strength: float | None


class Built(_Said):
    """What a worker says of a component that it made. It is asked once: what it says holds for the whole command."""

    kind: str
    config: str
    variant: Literal["classes", "texts", "preferences", "steps"]
    versions: tuple[str, ...]
    # Only the package's own: looking for another module's file can import what is around it, here.
    modules: tuple[Annotated[str, Field(pattern=r"^w2sg(\.[A-Za-z_]\w*)+$")], ...]
    facts: MethodFacts | StudentFacts


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$", max_length=100)]


class Offered(_Said):
    """What a worker says of one name that a plugin registers."""

    contract: Annotated[str, Field(max_length=100)]
    name: Name
    kind: Name
    fields: Annotated[str, Field(max_length=1 << 20)]
    summary: Annotated[str, Field(max_length=1000)]
    paper: Annotated[str, Field(max_length=1000)]
    oracle: bool
    own: bool
    variant: str
    writes: bool
    doc: Annotated[str, Field(max_length=1 << 16)]
    version: Annotated[int, Field(strict=True)]
    schema_text: Annotated[str, Field(max_length=1 << 20)]
    defaults: Annotated[str, Field(max_length=1 << 20)]
    needed: tuple[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")], ...]

    def table(self, of: str) -> dict[str, Any]:
        """Return one of its texts as a table.

        Raises:
            InputError: If it is none.
        """
        return table_of(getattr(self, of))


def table_of(text: Any) -> dict[str, Any]:
    """Return a table that a worker gave as JSON.

    Raises:
        InputError: If it is none.
    """
    try:
        made = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"what a plugin gives cannot be read as a table: {error}") from None
    if not isinstance(made, dict):
        raise InputError("what a plugin gives cannot be read as a table: it is something else")
    return made


def notes_of(text: str) -> dict[str, Any]:
    """Return the notes of a trained student.

    Raises:
        InputError: If they are no table, too long, or hold numbers that are not finite.
    """
    try:
        notes = json.loads(text) if len(text) <= MOST_NOTES else None
        json.dumps(notes, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"notes of a trained student must be JSON with finite numbers: {error}") from None
    if not isinstance(notes, dict):
        raise InputError(f"notes of a trained student must be a table of at most {MOST_NOTES} letters")
    return notes
