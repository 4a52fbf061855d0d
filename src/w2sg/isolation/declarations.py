"""What a worker says of a plugin's parts, checked where it is read: it was said by foreign code."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from w2sg.core import (
    CATALOGUE,
    Answer,
    InformationTier,
    InfoSet,
    InputError,
    Observables,
    Status,
    Target,
    Theory,
    Unit,
    Verdict,
)

MOST_NOTES = 1 << 20
"""Letters that a plugin's student may note for the record."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$", max_length=100)]
Sentence = Annotated[str, Field(max_length=1000)]


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


class HypothesisFacts(_Said):
    """What a theory takes for granted; whether it holds is judged in the worker."""

    name: Sentence
    statement: Sentence
    info: Literal[tuple(InfoSet.__members__)]  # type: ignore[valid-type]  # the names are those of the enumeration


class TheoryFacts(_Said):
    """What a theory declares."""

    name: Name
    target: Target
    unit: Unit
    says: Literal["value", "at least", "at most"]
    baseline: bool
    observed: tuple[Literal[tuple(CATALOGUE)], ...]  # type: ignore[valid-type]  # so are these, of the catalogue
    hypotheses: tuple[HypothesisFacts, ...]


class Built(_Said):
    """What a worker says of a component that it made. It is asked once: what it says holds for the whole command."""

    kind: str
    config: str
    variant: Literal["", "classes", "texts", "preferences", "steps"]
    versions: tuple[str, ...]
    # Only the package's own: looking for another module's file can import what is around it, here.
    modules: tuple[Annotated[str, Field(pattern=r"^w2sg(\.[A-Za-z_]\w*)+$")], ...]
    facts: MethodFacts | StudentFacts | TheoryFacts


class Offered(_Said):
    """What a worker says of one name that a plugin registers."""

    contract: Annotated[str, Field(max_length=100)]
    name: Name
    kind: Name
    fields: Annotated[str, Field(max_length=1 << 20)]
    summary: Sentence
    paper: Sentence
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


class _VerdictSaid(_Said):
    hypothesis: Sentence
    status: Status
    why: Sentence
    statistic: float | None
    p_value: float | None


class _AnswerSaid(_Said):
    theory: str
    run: str
    target: str
    unit: str
    level: float
    labels: int
    verdicts: tuple[_VerdictSaid, ...]
    mean: float | None
    low: float | None
    high: float | None
    formula: float | None
    abstains: Annotated[str, Field(min_length=1, max_length=10_000)] | None
    standing: Status


def answer_of(said: Any, theory: Theory, seen: Observables, level: float) -> Answer:
    """Return what a theory in a worker answered to what was observed of a run.

    Raises:
        InputError: If it is no answer of this theory to this, a number is not finite, or its interval is none.
    """
    try:
        answer = _AnswerSaid.model_validate(said)
        asked = {"theory": theory.name, "run": seen.run, "target": theory.target, "unit": theory.unit, "level": level}
        asked["labels"] = seen.labels if theory.reads_labels else 0
        for name, value in asked.items():
            if getattr(answer, name) != value:
                raise ValueError(f"{name} must be {value!r}, got {getattr(answer, name)!r:.80}")
        granted = [hypothesis.name for hypothesis in theory.hypotheses]
        judged = [verdict.hypothesis for verdict in answer.verdicts]
        if judged not in ([], granted):
            raise ValueError(f"verdicts must be on {granted}, got some on {judged!r:.200}")
        numbers = [number for number in (answer.low, answer.mean, answer.high) if number is not None]
        if len(numbers) != (0 if answer.abstains else 3) or numbers != sorted(numbers):
            raise ValueError(f"it must be an abstention or a mean inside its interval, got {numbers}")
    except ValueError as error:  # as a ValidationError is
        raise InputError(f"what theory {theory.kind!r} answers breaks its contract: {error}") from None
    fields = answer.model_dump(exclude={"verdicts", "standing"})
    return Answer(**fields, verdicts=tuple(Verdict(**verdict.model_dump()) for verdict in answer.verdicts))
