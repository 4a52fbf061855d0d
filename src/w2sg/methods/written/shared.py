"""What methods of written answers share: the student's own answers, and training on some prompts."""

import numpy as np

from w2sg.core import AnyArray, CapabilityError, IntArray, WritingPredictor, WritingStudent, Written, WrittenSplit
from w2sg.measure.answers import Key, majority


def own_samples(
    student: WritingPredictor, prompts: list[str], samples: int, temperature: float, rng: np.random.Generator
) -> Written:
    """Return what a writer answers to prompts, `(n, samples)`; one sample is its likeliest answer."""
    return student.write(prompts) if samples == 1 else student.write(prompts, samples, temperature, rng=rng)


def weak_samples(shown: WrittenSplit) -> AnyArray:
    """Return the supervisor's samples `(n, s)`.

    Raises:
        CapabilityError: If it gave one answer only.
    """
    if shown.samples is None:
        raise CapabilityError(
            "a majority of weak answers needs several answers to each prompt, and this supervisor gives one: set "
            "'samples' of supervisor 'trained-writer', or name several in 'by' of 'recorded-solutions'"
        )
    return shown.samples


def most_frequent(samples: AnyArray, key: Key) -> AnyArray:
    """Return the answer that most samples of each prompt give, `(n,)`."""
    return samples[:, 0] if samples.shape[1] == 1 else majority(samples, key)


def trained_on(
    student: WritingStudent, prompts: list[str], answers: AnyArray, rows: IntArray, rng: np.random.Generator
) -> WritingPredictor:
    """Return the student trained on some prompts and their answers; as published where there are none."""
    if not len(rows):
        trained = student.published()
    else:
        trained = student.fit_texts([prompts[row] for row in rows], answers[rows].tolist(), rng)
    trained.notes = {**trained.notes, "learned_from": len(rows)}
    return trained
