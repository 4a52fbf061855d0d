"""Judges: the strong student trained on labels of the supervision split themselves.

Where supervisor and student disagree, a judge is a third opinion on which of them is right. It is cross-fitted: what it
says of a labelled input comes from a training that did not see that label.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2sg.core import (
    CapabilityError,
    DivergedError,
    Examples,
    Fit,
    FloatArray,
    IntArray,
    Objective,
    SeenLabels,
    Stopping,
    Student,
    TaskData,
    Training,
    build,
    derive,
    one_hot,
    run_timed,
)

FEWEST_LABELS = 10
"""Two for each fold: with fewer nothing is trained again."""


@dataclass(frozen=True, eq=False)
class Judge:
    """What a judge says.

    Attributes:
        held_out: Of the inputs of the labels that it learned from, each by a training without that label, `(r, k)`; NaN
            where every training had it.
        fresh: Of the fresh inputs, by the training on all labels, `(m, k)`.
    """

    held_out: FloatArray
    fresh: FloatArray


class Judges:
    """The judges of a task under one seed: one for each student and set of labels, all trained in step."""

    def __init__(self, data: TaskData, seed: int, fold: IntArray, fresh: Examples) -> None:
        self.data, self.seed, self.fold, self.fresh = data, seed, fold, fresh
        self._asked: dict[tuple[str, str], tuple[Student[Any, Any], SeenLabels]] = {}
        self._made: dict[tuple[str, str], Judge | str] = {}

    def of(self, student: Student[Any, Any], name: str) -> Judge | str:
        """Return the judge of a student on labels by their name, or why there is none."""
        return self._made.get((student.digest(), name), "no judge was trained")

    def ask(self, student: Student[Any, Any], name: str, seen: SeenLabels) -> None:
        """Ask for a judge on some labels, which `train` will make."""
        key = student.digest(), name
        if key in self._made:
            return
        if student.alone:
            self._made[key] = "the student is too costly to train on labels"
        elif len(seen.rows) < FEWEST_LABELS:
            self._made[key] = f"a judge needs {FEWEST_LABELS} labels, got {len(seen.rows)}"
        else:
            self._asked[key] = student, seen

    def train(self) -> None:
        """Train all judges that were asked for."""
        fits = {key: list(self._fits(*one)) for key, one in self._asked.items()}
        trained = iter(run_timed([_only(fit) for own in fits.values() for _, fit in own])[0])
        for key, own in fits.items():
            seen = self._asked[key][1]
            held_out = np.full((len(seen.rows), len(self.data.question.names)), np.nan)
            for out, _ in own:
                judge = next(trained)
                if isinstance(judge, CapabilityError | DivergedError):
                    self._made[key] = str(judge)
                elif len(out):
                    held_out[out] = judge.answer(self.data.supervision.take(seen.rows[out]).inputs).probabilities
                elif key not in self._made:
                    fresh = np.asarray(judge.answer(self.fresh.inputs).probabilities, dtype=np.float64)
                    self._made[key] = Judge(held_out, fresh)
        self._asked.clear()

    def _fits(self, student: Student[Any, Any], seen: SeenLabels) -> Iterator[tuple[IntArray, Fit]]:
        """Yield which labels a training leaves out, and the training; the last one leaves out none."""
        data, k = self.data, len(self.data.question.names)
        folds = self.fold[seen.rows]
        for index in (*np.unique(folds), None):
            out = np.zeros(len(folds), dtype=bool) if index is None else folds == index
            if out.all():
                continue
            fit = Fit(
                student=student,
                inputs=data.supervision.take(seen.rows[~out]).inputs,
                targets=one_hot(seen.labels[~out], k),
                corpus=data.corpus,
                objective=build(Objective, "cross-entropy"),
                stopping=build(Stopping, "fixed"),
                rng=derive(self.seed, "theory", "judge", str(index)),
            )
            yield np.flatnonzero(out), fit


def _only(fit: Fit) -> Training:
    """Train one student, and no more."""
    (trained,) = yield [fit]
    return trained
