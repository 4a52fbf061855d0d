"""Self-consistency: what a naive student says of an input when the input is changed a little."""

from collections.abc import Generator, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import Fit, FloatArray, Inputs, Predictor, Student, WeakView, one_hot, register
from w2sg.methods.filters.augment import Changes, changed
from w2sg.methods.filters.shared import naive_fit, without_worst
from w2sg.methods.parts import Course, Relabeling, Selection, _Part

ROUNDING = 1e-6
"""A share of copies equals the share asked for, up to this."""


class _Consistency(_Part):
    """What the two share: a naive student's answers to changed copies of the transfer inputs."""

    copies: int = Field(5, ge=1, description="changed copies of each input")
    noise: float = Field(0.25, ge=0, description="noise on numbers and images, in standard deviations of the inputs")
    shift: float = Field(0.05, ge=0, le=1, description="how far an image moves at most, as a share of its sides")
    dropout: float = Field(0.1, ge=0, lt=1, description="share of words that go missing")
    swap: bool = Field(True, description="show every second copy of a pair of texts the other way round")

    def answers(
        self, view: WeakView, student: Student, rng: np.random.Generator
    ) -> Generator[Sequence[Fit], list[Predictor], FloatArray]:
        """Train a student on the weak labels and return its probabilities of each copy, `(copies, n, k)`.

        With two classes, which of a pair is better, a swapped pair's probabilities are swapped back.
        """
        draw, fate = rng.spawn(2)
        (predictor,) = yield [naive_fit(view, student, fate)]
        values = view.transfer.inputs.values
        n, k = view.transfer.weak.probabilities.shape
        how = Changes(self.noise, self.shift, self.dropout)
        copies = [changed(values, how, draw) for _ in range(self.copies)]
        pairs = self.swap and k == 2 and values.dtype == object and values.ndim == 2
        # Half of the copies, so that a student which prefers a side regardless of the texts contradicts itself.
        swapped = range(1, self.copies, 2) if pairs else range(0)
        for copy in swapped:
            copies[copy] = copies[copy][:, ::-1]
        # All copies in one call: a feature map transforms a pool at once, and a language model fills its batches.
        proba = predictor.predict_proba(Inputs.of(np.concatenate(copies))).reshape(self.copies, n, k)
        for copy in swapped:
            proba[copy] = proba[copy, :, ::-1].copy()
        return proba


@register()
class ConsistencyRelabel(_Consistency, Relabeling):
    """A naive student's mean answer to changed copies of an input, where enough of them agree.

    Where fewer than `agreement` of the copies are given one class, the weak label stays.
    """

    kind: Literal["consistency-relabel"] = "consistency-relabel"
    agreement: float = Field(0.8, gt=0, le=1, description="share of the copies that must be given one class")

    def relabel(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Train a naive student and return the labels."""
        proba = yield from self.answers(view, student, rng)
        votes = one_hot(proba.argmax(axis=2), proba.shape[2]).mean(axis=0)
        # The student's mean answer is taken only where it is stable; elsewhere it knows no better than the supervisor.
        agreed = votes.max(axis=1) >= self.agreement - ROUNDING
        return np.asarray(
            np.where(agreed[:, None], proba.mean(axis=0), view.transfer.weak.probabilities), dtype=np.float32
        )


@register()
class ConsistencyFilter(_Consistency, Selection):
    """Leave out the weak labels that a naive student repeats least often as inputs are changed a little.

    An example's score is the mean probability, over its changed copies, of the class that the supervisor names. The
    same share of each class that the supervisor names is left out, so that no class is emptied.
    """

    kind: Literal["consistency-filter"] = "consistency-filter"
    contamination: float = Field(0.1, ge=0, lt=1, description="share left out of the examples given each class")

    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Train a naive student; return 1 for the examples kept and 0 for the others."""
        proba = (yield from self.answers(view, student, rng)).mean(axis=0)
        named = view.transfer.weak.named
        kept = np.zeros(len(named), dtype=np.float32)
        for label in np.unique(named):
            rows = np.flatnonzero(named == label)
            kept[rows] = without_worst(-proba[rows, label], round(self.contamination * len(rows)))
        return kept
