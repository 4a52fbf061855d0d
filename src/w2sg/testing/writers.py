"""A writer that needs no network, and a problem of written answers, on which the contracts of writing are tested."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    Examples,
    Inputs,
    TextFit,
    Texts,
    WeakSplit,
    WeakView,
    WritingFit,
    WritingPredictor,
    WritingStudent,
    Written,
    WrittenAnswers,
    as_texts,
    derive,
)
from w2sg.testing.samples import Sample

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

    def fit_many(self, fits: Sequence[WritingFit]) -> list[WritingPredictor]:
        """Learn answers, or the preferred ones of two."""
        return [self._learned(fit) for fit in fits]

    def _learned(self, fit: WritingFit) -> "Recital":
        if isinstance(fit, TextFit):
            answers = fit.answers
        else:
            pairs = zip(fit.first, fit.second, fit.preferred, strict=True)
            answers = [first if share > 0.5 else second for first, second, share in pairs]
        before = fit.start.known if isinstance(fit.start, Recital) else {}
        return Recital(self, {**before, **dict(zip(fit.prompts, answers, strict=True))})


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
            # What it knows is one of the things it may say when it draws, so that samples differ and majorities mean
            # something.
            drawn = [likely, *words]
            texts[row] = [
                likely if rng is None or temperature == 0 else drawn[int(rng.integers(len(drawn)))]
                for _ in range(samples)
            ]
        return Written(texts, np.ones(texts.shape, dtype=np.bool_))


@cache
def written_sample() -> Sample:
    """Return prompts of two number words with recorded answers; gold is the second word."""
    rng = derive(0, "testing written")
    pairs = rng.permutation(len(NUMBERS) ** 2)[:N_PROMPTS]
    words = [(NUMBERS[place // 10], NUMBERS[place % 10]) for place in pairs]
    prompts = as_texts([" ".join(pair) for pair in words])
    said = as_texts([pair[int(rng.random() < 0.7)] for pair in words])
    examples = Examples(np.arange(N_PROMPTS), Inputs.of(prompts), {"written.annotator": said})
    return Sample(examples, as_texts([pair[1] for pair in words]), WrittenAnswers("exact"), N_SHOWN)


def written_view(weak: AnyArray, samples: AnyArray | None = None) -> WeakView[Texts]:
    """Return what a method sees, from weak answers `(n,)` and samples `(n, s)` to all prompts."""
    sample, shown = written_sample(), np.arange(N_SHOWN)
    split = WeakSplit(sample.corpus, Texts(weak, samples)).take(shown)
    return WeakView(split, None, sample.corpus, sample.question)
