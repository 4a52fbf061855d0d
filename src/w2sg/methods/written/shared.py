"""What methods of written answers share: the student's own answers, and training on some prompts."""

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from w2sg.core import (
    AnyArray,
    CapabilityError,
    IntArray,
    Key,
    Student,
    TextFit,
    Texts,
    WeakView,
    WritingPredictor,
    WritingStudent,
    Written,
    WrittenAnswers,
    majority,
)


def writer_of(student: Student[Any, Any]) -> WritingStudent:
    """Return the student if it writes.

    Raises:
        CapabilityError: If it does not.
    """
    if not isinstance(student, WritingStudent):
        raise CapabilityError(f"methods of written answers need a student that writes, {student.kind!r} does not")
    return student


def key_of(view: WeakView[Texts]) -> Key:
    """Return what of an answer counts in this task.

    Raises:
        CapabilityError: If answers of the task cannot be compared by a key.
    """
    if not isinstance(view.question, WrittenAnswers):
        raise CapabilityError("this method counts equal answers, and the task does not say which are: choose another")
    return view.question.key


def own_samples(
    student: WritingPredictor, prompts: list[str], samples: int, temperature: float, rng: np.random.Generator
) -> Written:
    """Return what a writer answers to prompts, `(n, samples)`; one sample is its likeliest answer."""
    return student.write(prompts) if samples == 1 else student.write(prompts, samples, temperature, rng=rng)


def weak_samples(weak: Texts) -> AnyArray:
    """Return the supervisor's samples `(n, s)`.

    Raises:
        CapabilityError: If it gave one answer only.
    """
    if weak.samples is None:
        raise CapabilityError(
            "a majority of weak answers needs several answers to each prompt, and this supervisor gives one: set "
            "'samples' of supervisor 'trained-writer', or name several in 'by' of 'recorded-solutions'"
        )
    return weak.samples


def most_frequent(samples: AnyArray, key: Key) -> AnyArray:
    """Return the answer that most samples of each prompt give, `(n,)`."""
    return samples[:, 0] if samples.shape[1] == 1 else majority(samples, key)


def trained_on(
    student: WritingStudent, prompts: list[str], answers: AnyArray, rows: IntArray, rng: np.random.Generator
) -> Generator[Sequence[TextFit], list[WritingPredictor], WritingPredictor]:
    """Return the student trained on some prompts and their answers; as published where there are none."""
    if len(rows):
        shown = [prompts[row] for row in rows]
        (trained,) = yield [TextFit(student=student, rng=rng, prompts=shown, answers=answers[rows].tolist())]
    else:
        # Nothing to learn is no error: a filter may rightly keep no prompt, and the report then shows the untrained
        # student.
        trained = student.published()
    trained.notes = {**trained.notes, "learned_from": len(rows)}
    return trained
