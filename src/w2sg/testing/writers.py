"""A writer that needs no network, and a problem of written answers, on which the contracts of writing are tested."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    Examples,
    FloatArray,
    Inputs,
    WritingPredictor,
    WritingStudent,
    Written,
    WrittenSplit,
    WrittenView,
    derive,
)

N_PROMPTS, N_SHOWN = 60, 40
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Rote(WritingStudent):
    """A student that learns answers by heart, and otherwise writes a word of the prompt."""

    kind: Literal["rote"] = "rote"
    word: int = Field(0, description="which word of a prompt it writes by itself")

    @property
    def capabilities(self) -> frozenset[str]:
        """It writes, and learns which of two answers is preferred."""
        return frozenset({"write", "preferences"})

    def published(self) -> "Recital":
        """Return the student that knows nothing by heart."""
        return Recital(self, {})

    def fit_texts(
        self,
        prompts: Sequence[str],
        answers: Sequence[str],
        rng: np.random.Generator,
        *,
        weights: FloatArray | None = None,
        start: WritingPredictor | None = None,
    ) -> "Recital":
        """Learn the answers."""
        before = start.known if isinstance(start, Recital) else {}
        return Recital(self, {**before, **dict(zip(prompts, answers, strict=True))})

    def fit_preferences(
        self,
        prompts: Sequence[str],
        first: Sequence[str],
        second: Sequence[str],
        preferred: FloatArray,
        rng: np.random.Generator,
        *,
        weights: FloatArray | None = None,
        start: WritingPredictor | None = None,
    ) -> "Recital":
        """Learn the preferred answers."""
        better = [a if share > 0.5 else b for a, b, share in zip(first, second, preferred, strict=True)]
        return self.fit_texts(prompts, better, rng, start=start)


class Recital(WritingPredictor):
    """What a student by rote knows."""

    def __init__(self, student: Rote, known: Mapping[str, str]) -> None:
        self.student, self.known = student, known
        self.notes: Mapping[str, Any] = {}

    def write(
        self,
        prompts: Sequence[str],
        samples: int = 1,
        temperature: float = 0.0,
        *,
        rng: np.random.Generator | None = None,
    ) -> Written:
        """Write what it knows of each prompt, or a word of it; drawn, any word of it."""
        texts = np.empty((len(prompts), samples), dtype=object)
        for row, prompt in enumerate(prompts):
            words = prompt.split()
            likely = self.known.get(prompt, words[self.student.word % len(words)])
            drawn = [likely, *words]
            texts[row] = [
                likely if rng is None or temperature == 0 else drawn[int(rng.integers(len(drawn)))]
                for _ in range(samples)
            ]
        return Written(texts, np.ones(texts.shape, dtype=np.bool_))


@cache
def written_sample() -> tuple[Examples, AnyArray]:
    """Return prompts of two number words with recorded answers, and their gold: the second word."""
    rng = derive(0, "testing written")
    pairs = rng.permutation(len(NUMBERS) ** 2)[:N_PROMPTS]
    words = [(NUMBERS[place // 10], NUMBERS[place % 10]) for place in pairs]
    prompts = as_texts([" ".join(pair) for pair in words])
    said = as_texts([pair[int(rng.random() < 0.7)] for pair in words])
    columns = {"written.annotator": said}
    return Examples(np.arange(N_PROMPTS), Inputs.of(prompts), columns), as_texts([pair[1] for pair in words])


def written_view(weak: AnyArray, samples: AnyArray | None = None) -> WrittenView:
    """Return what a method sees, from weak answers `(n,)` and samples `(n, s)` to all prompts."""
    examples, _ = written_sample()
    shown = np.arange(N_SHOWN)
    split = WrittenSplit(examples.inputs.take(shown), weak[shown], None if samples is None else samples[shown])
    return WrittenView(split, None, examples.inputs, "exact")


def as_texts(texts: Sequence[str]) -> AnyArray:
    """Return texts as an array `(n,)` of dtype object."""
    found = np.empty(len(texts), dtype=object)
    found[:] = texts
    return found
