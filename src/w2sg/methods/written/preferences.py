"""Preferences between the student's own answers, by how often the supervisor gives each."""

from collections.abc import Hashable
from typing import Any, ClassVar, Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    AnyTraining,
    FloatArray,
    IntArray,
    Key,
    Method,
    PreferenceFit,
    Signal,
    Student,
    Texts,
    WeakView,
    WritingPredictor,
    register,
)
from w2sg.methods.written.shared import key_of, own_samples, trained_on, writer_of


@final
@register(paper="2305.18290")
class WeakPreferences(Method[Texts, WritingPredictor]):
    """Direct preference optimization on the student's own answers, judged by the supervisor's.

    Of what the student samples to a prompt, the answer that the supervisor gives most often is set against the one that
    it gives least often. With `a` and `b` of the supervisor's answers on their side the first is preferred with
    probability `(a + 1) / (a + b + 2)`. Prompts without a difference teach nothing and are left out, and so are answers
    that were cut before their end; where nothing remains, the student stays as it was.
    """

    signal: ClassVar[type[Signal]] = Texts

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

    def train(
        self, view: WeakView[Texts], student: Student[Any, Any], rng: np.random.Generator
    ) -> AnyTraining[WritingPredictor]:
        """Sample, judge, and train on the preferences."""
        writer, key = writer_of(student), key_of(view)
        prompts, weak = view.transfer.inputs.texts, view.transfer.weak
        every = np.arange(len(prompts))
        begun = writer.published()
        if self.begin == "imitation":
            begun = yield from trained_on(writer, prompts, weak.answers, every, rng)
        own = own_samples(begun, prompts, self.own_samples, self.temperature, rng)
        said = weak.answers[:, None] if weak.samples is None else weak.samples
        best, worst, preferred = judged(own.texts, said, key)
        # An answer that was cut is no whole answer, so it is neither to be copied nor to be unlearned.
        rows = np.flatnonzero((preferred > 0.5) & own.ended[every, best] & own.ended[every, worst])
        trained = begun
        if len(rows):
            first, second = (own.texts[rows, side[rows]].tolist() for side in (best, worst))
            fit = PreferenceFit(
                student=writer,
                rng=rng,
                prompts=[prompts[row] for row in rows],
                first=first,
                second=second,
                preferred=preferred[rows],
                start=begun,
            )
            (trained,) = yield [fit]
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
    # Laplace's rule: a vote of 1 to 0 is no certainty, and the preference grows surer with the votes.
    return best, worst, (a + 1) / (a + b + 2)


def _votes(own: list[Hashable | None], weak: list[Hashable | None]) -> list[int]:
    # What cannot be read as an answer has no votes, even where the supervisor failed in the same way.
    return [0 if answer is None else weak.count(answer) for answer in own]
