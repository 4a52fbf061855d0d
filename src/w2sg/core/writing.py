"""The contracts of students that write: what they are asked to learn, and what they write."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, final

import numpy as np

from w2sg.core.arrays import AnyArray, BoolArray, FloatArray
from w2sg.core.examples import Inputs
from w2sg.core.signals.base import Signal
from w2sg.core.signals.texts import Texts
from w2sg.core.students import Student, Trained, TrainingRequest


@dataclass(frozen=True, eq=False, kw_only=True)
class TextFit(TrainingRequest):
    """A writer to train on answers.

    Attributes:
        prompts: What stands before each answer, `(n,)`.
        answers: What is to be written, `(n,)`.
        weights: `(n,)` non-negative weights of the examples, or None for all 1.
        start: A trained writer to go on from, or None for the writer as published.
    """

    prompts: Sequence[str]
    answers: Sequence[str]
    weights: FloatArray | None = None
    start: "WritingPredictor | None" = None


@dataclass(frozen=True, eq=False, kw_only=True)
class PreferenceFit(TrainingRequest):
    """A writer to train on preferences between two answers (capability `preferences`).

    Attributes:
        prompts: What stands before both answers, `(n,)`.
        first: Answers `(n,)`.
        second: Answers `(n,)`.
        preferred: The probability that the first is the better, `(n,)`, in [0, 1].
        weights: `(n,)` non-negative weights of the examples, or None for all 1.
        start: A trained writer to go on from, and the reference; None for the writer as published.
    """

    prompts: Sequence[str]
    first: Sequence[str]
    second: Sequence[str]
    preferred: FloatArray
    weights: FloatArray | None = None
    start: "WritingPredictor | None" = None


WritingFit = TextFit | PreferenceFit
"""What a writer may be asked to learn."""


@dataclass(frozen=True, eq=False)
class Written:
    """What a writer wrote.

    Attributes:
        texts: The answers `(n, samples)`, without the end token.
        ended: Whether the writer ended an answer by itself, `(n, samples)`; others were cut.
        notes: How many prompts were too long or empty, where there are such.
    """

    texts: AnyArray
    ended: BoolArray
    notes: Mapping[str, int] = field(default_factory=dict)


class WritingPredictor(Trained[Texts]):
    """A trained writer."""

    @abstractmethod
    def write(
        self,
        prompts: Sequence[str],
        samples: int = 1,
        temperature: float = 0.0,
        *,
        rng: np.random.Generator | None = None,
    ) -> Written:
        """Write answers to prompts `(n,)`; which prompts are asked together changes none of them.

        Args:
            prompts: What to continue.
            samples: Answers to each.
            temperature: Of the draws; 0 takes the likeliest and needs no `rng`.
            rng: Decides the draws.
        """

    @final
    def answer(self, inputs: Inputs) -> Texts:
        """Return its likeliest answers to prompts; the notes count those that were cut before their end."""
        wrote = self.write(inputs.texts)
        # An answer that was cut is scored like any other; the record says how many there were, so that a low score can
        # be understood.
        cut = int((~wrote.ended).sum())
        self.notes = {**self.notes, "cut_answers": self.notes.get("cut_answers", 0) + cut}
        return Texts(wrote.texts[:, 0])


class WritingStudent(Student[WritingFit, WritingPredictor]):
    """A student that learns to write.

    Capabilities: `write` (all), `preferences` (it learns which of two answers is preferred).
    """

    signal: ClassVar[type[Signal]] = Texts

    @property
    def capabilities(self) -> frozenset[str]:
        """It writes."""
        return frozenset({"write"})

    @property
    def alone(self) -> bool:
        """Writers are trained, and kept, one after the other."""
        return True

    @abstractmethod
    def published(self) -> WritingPredictor:
        """Return the writer before any training, to ask what it writes by itself."""
