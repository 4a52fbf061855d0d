"""Preferences between the student's own answers, by how often the supervisor gives each."""

from collections.abc import Hashable
from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    FloatArray,
    IntArray,
    WritingMethod,
    WritingPredictor,
    WritingStudent,
    WrittenView,
    register,
)
from w2sg.measure import KEYS
from w2sg.measure.answers import Key
from w2sg.methods.written.shared import own_samples, trained_on


@final
@register(paper="2305.18290")
class WeakPreferences(WritingMethod):
    """Direct preference optimization on the student's own answers, judged by the supervisor's.

    Of what the student samples to a prompt, the answer that the supervisor gives most often is set against the one that
    it gives least often. With `a` and `b` of the supervisor's answers on their side the first is preferred with
    probability `(a + 1) / (a + b + 2)`. Prompts without a difference teach nothing and are left out, and so are answers
    that were cut before their end; where nothing remains, the student stays as it was.
    """

    kind: Literal["weak-preferences"] = "weak-preferences"
    own_samples: int = Field(8, ge=2, description="answers that the student samples to each prompt")
    temperature: float = Field(1.0, gt=0, description="of the student's own samples")
    begin: Literal["published", "imitation"] = Field(
        "published", description="begin with the student as published, or trained on the weak answers first"
    )

    @property
    def requires(self) -> frozenset[str]:
        """The student must write, and learn preferences."""
        return frozenset({"write", "preferences"})

    def learn(self, view: WrittenView, student: WritingStudent, rng: np.random.Generator) -> WritingPredictor:
        """Sample, judge, and train on the preferences."""
        shown, key = view.transfer, KEYS[view.scorer]
        begun = student.published()
        if self.begin == "imitation":
            begun = trained_on(student, shown.prompts, shown.weak, np.arange(len(shown)), rng)
        own = own_samples(begun, shown.prompts, self.own_samples, self.temperature, rng)
        said = shown.weak[:, None] if shown.samples is None else shown.samples
        best, worst, preferred = judged(own.texts, said, key)
        every = np.arange(len(shown))
        rows = np.flatnonzero((preferred > 0.5) & own.ended[every, best] & own.ended[every, worst])
        trained = begun
        if len(rows):
            prompts = [shown.prompts[row] for row in rows]
            first, second = (own.texts[rows, side[rows]].tolist() for side in (best, worst))
            trained = student.fit_preferences(prompts, first, second, preferred[rows], rng, start=begun)
        trained.notes = {**trained.notes, "learned_from": len(rows)}
        return trained


def judged(own: AnyArray, said: AnyArray, key: Key) -> tuple[IntArray, IntArray, FloatArray]:
    """Return which answers to each prompt are judged best and worst, and the preference for the best, each `(n,)`.

    Args:
        own: The student's answers, `(n, m)`.
        said: The supervisor's answers, `(n, s)`, which are the votes.
        key: What of an answer counts.
    """
    pairs = zip(own, said, strict=True)
    votes = np.array([_votes([key(text) for text in row], [key(text) for text in weak]) for row, weak in pairs])
    best, worst = votes.argmax(axis=1), votes.argmin(axis=1)
    a, b = votes.max(axis=1), votes.min(axis=1)
    return best, worst, (a + 1) / (a + b + 2)


def _votes(own: list[Hashable | None], weak: list[Hashable | None]) -> list[int]:
    return [0 if answer is None else weak.count(answer) for answer in own]
