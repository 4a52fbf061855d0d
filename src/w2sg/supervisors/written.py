"""Weak supervisors that answer in writing: a writer trained on gold, and solutions that were written down once."""

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import (
    AnyArray,
    DataError,
    Examples,
    Labeller,
    Signal,
    Supervision,
    TextFit,
    Texts,
    UnknownNameError,
    WeakSupervisor,
    WritingPredictor,
    WritingStudent,
    check_texts,
    register,
)
from w2sg.supervisors.taught import TaughtSupervisor

PREFIX = "written."
"""What the names of metadata columns with recorded texts begin with; the name of who wrote them follows."""


@register(paper="2312.09390")
class WriterSupervisor(TaughtSupervisor[Texts]):
    """A smaller writer trained on gold of the supervision split: it answers with its likeliest text, or with several.

    Its handicap is its model, its few labels, or both. With `samples` it also draws further answers to each example.
    """

    signal: ClassVar[type[Signal]] = Texts

    kind: Literal["trained-writer"] = "trained-writer"
    samples: int = Field(
        0, ge=0, description="further answers drawn for each example, for methods that take majorities"
    )
    temperature: float = Field(1.0, gt=0, description="of the further answers")

    @model_validator(mode="after")
    def _writes(self) -> Self:
        if not isinstance(self.student, WritingStudent):
            raise ValueError(f"'student' must be one that writes, such as 'writer', got {self.student.kind!r}")
        return self

    def fit(self, supervision: Supervision, rng: np.random.Generator) -> Labeller[Texts]:
        """Train the writer on gold of the supervision split.

        Raises:
            InputError: If the split has fewer examples than `labels`, or none.
        """
        shown = self.shown(supervision, rng)
        fit = TextFit(student=self.student, rng=rng, prompts=shown.examples.inputs.texts, answers=shown.gold.tolist())
        return WriterLabeller(self, self.student.fit(fit))


@dataclass(frozen=True, eq=False)
class WriterLabeller(Labeller[Texts]):
    """A trained writer that answers; it sees the prompts only."""

    supervisor: WriterSupervisor
    trained: WritingPredictor

    def label(self, examples: Examples, gold: AnyArray | None, rng: np.random.Generator) -> Texts:
        """Return its likeliest answers `(n,)`, and the further ones `(n, s)`."""
        prompts = examples.inputs.texts
        how = self.supervisor
        answers = self.trained.write(prompts).texts[:, 0]
        if not how.samples:
            return Texts(answers)
        # The further answers are drawn anew: the likeliest text is not one of them, so a majority over them is fair to
        # what the writer would say.
        return Texts(answers, self.trained.write(prompts, how.samples, how.temperature, rng=rng).texts)


@register()
class RecordedSolutions(WeakSupervisor[Texts]):
    """Solutions that systems wrote once, stored with the data: the first of `by` answers, all of them are its samples.

    They are texts of the metadata columns `written.<by>`, `(n,)`. Nothing is trained.
    """

    signal: ClassVar[type[Signal]] = Texts

    kind: Literal["recorded-solutions"] = "recorded-solutions"
    by: tuple[str, ...] = Field(min_length=1, description="whose solutions: names that the task gives; the first leads")

    def fit(self, supervision: Supervision, rng: np.random.Generator) -> Labeller[Texts]:
        """Return the reader of what is recorded."""
        return SolutionsLabeller(self)


@dataclass(frozen=True, eq=False)
class SolutionsLabeller(Labeller[Texts]):
    """Recorded solutions, read from the examples that are to be labelled."""

    supervisor: RecordedSolutions

    def label(self, examples: Examples, gold: AnyArray | None, rng: np.random.Generator) -> Texts:
        """Return the recorded answers.

        Raises:
            DataError: If the data have no recorded solutions.
            UnknownNameError: If others are recorded, but not these.
        """
        names = [name.removeprefix(PREFIX) for name in examples.metadata if name.startswith(PREFIX)]
        if not names:
            raise DataError(
                "supervisor 'recorded-solutions' needs recorded solutions, the data have none: choose a task that "
                "stores them, such as 'gsm8k' with its 'solved' questions"
            )
        unknown = [name for name in self.supervisor.by if name not in names]
        if unknown:
            raise UnknownNameError("recorded solutions (supervisor 'recorded-solutions', by)", unknown[0], names)
        told = [
            check_texts(examples.metadata[PREFIX + name], (len(examples),), f"metadata {PREFIX + name!r}")
            for name in self.supervisor.by
        ]
        # One system is an answer; only several are votes.
        return Texts(told[0], np.stack(told, axis=1) if len(told) > 1 else None)
