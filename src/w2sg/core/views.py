"""What a method may see: inputs with a weak signal, and what its information tier adds; never ids or metadata."""

from dataclasses import dataclass
from typing import Any, Generic, Self

from w2sg.core.arrays import AnyArray, IntArray
from w2sg.core.errors import InputError
from w2sg.core.examples import Inputs
from w2sg.core.signals.base import Question
from w2sg.core.signals.classes import S
from w2sg.core.vault import Aggregates, Audit


@dataclass(frozen=True, eq=False)
class WeakSplit(Generic[S]):
    """Inputs and what the weak supervisor gave for them.

    Attributes:
        inputs: The `n` inputs.
        weak: The weak signal for them.
    """

    inputs: Inputs
    weak: S

    def __post_init__(self) -> None:
        if len(self.weak) != len(self.inputs):
            raise InputError(f"a weak signal must be for all {len(self.inputs)} inputs, got {len(self.weak)}")

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: AnyArray) -> Self:
        """Return some of the examples, by position or mask; a position may occur more than once."""
        return type(self)(self.inputs.take(rows), self.weak.take(rows))


@dataclass(frozen=True, eq=False)
class LabelledExamples:
    """Inputs with their gold, `(n,)`."""

    inputs: Inputs
    gold: AnyArray

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, eq=False)
class Rehearsal(Generic[S]):
    """The weak supervisor as it is when it learns without some of its examples: on these a student can be judged.

    Attributes:
        weak: Its signal for the transfer inputs.
        held_out: Positions in the supervision split of the examples that it did not learn from, `(h,)`.
    """

    weak: S
    held_out: AnyArray


@dataclass(frozen=True, eq=False)
class Rehearsed(Generic[S]):
    """What came of teaching the weak supervisor again without each part of its split.

    Attributes:
        parts: The supervisors without each part.
        accuracy: How often each of them is right on the part that it did not learn from, a fraction of all examples.
        confusion: How many examples of each class (row) they gave each name (column) there, `(k, k)`; None where
            answers are no classes.
    """

    parts: tuple[Rehearsal[S], ...]
    accuracy: float
    confusion: IntArray | None = None


@dataclass(frozen=True, eq=False)
class WeakView(Generic[S]):
    """All that a method may see. What it did not ask for by its tier or its audits is None.

    Attributes:
        transfer: The inputs to learn from, with the weak signal.
        validation: Other inputs with a weak signal, for stopping and selection; None if the task has none.
        corpus: Unlabelled inputs that the student may be pretrained on (feature maps are fitted on them).
        question: What the task asks of each example.
        audit: Gold of some transfer examples, for a method that declares `audits`.
        aggregates: Figures of the supervision split, for the tier `AGGREGATES` and above.
        supervision: The supervision split with gold, for the tier `SUPERVISION_GOLD`.
        rehearsals: The supervisor taught again without each part of its split, for a method of the tier
            `SUPERVISION_GOLD` that declares `rehearsals`.
    """

    transfer: WeakSplit[S]
    validation: WeakSplit[S] | None
    corpus: Inputs
    question: Question[Any]
    audit: Audit | None = None
    aggregates: Aggregates | None = None
    supervision: LabelledExamples | None = None
    rehearsals: tuple[Rehearsal[S], ...] = ()
