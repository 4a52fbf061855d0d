"""A weak supervisor that is a model trained on gold of the supervision split, under a handicap."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    AnyStudent,
    ClassProbabilities,
    Component,
    Examples,
    Fit,
    InputError,
    IntArray,
    Labeller,
    Objective,
    Predictor,
    SeenLabels,
    Stopping,
    Supervision,
    build,
    one_hot,
    preset,
    register,
)
from w2sg.supervisors.structures import State, uniform
from w2sg.supervisors.taught import TaughtSupervisor

OBJECTIVE, STOPPING = "cross-entropy", "fixed"
"""How its model is trained, by name: objectives and stopping rules are the room of methods'."""


@register(paper="2312.09390")
class TrainedSupervisor(TaughtSupervisor[ClassProbabilities]):
    """A model trained on gold of the supervision split; its handicap is a poor view, few labels or noisy ones.

    A poor view is the student's feature map: the presets `pooled-pixels`, `few-features` and `few-words`.
    """

    kind: Literal["trained"] = "trained"
    student: AnyStudent = Field(default="linear", validate_default=True, description="the model that is trained")
    label_noise: float = Field(
        default=0.0, ge=0, lt=1, description="share of these labels that is replaced by another class at random"
    )

    def parts(self) -> Iterator[Component]:
        """Yield what it holds, and what its model is always trained by, on whose code the labels rest too."""
        yield from super().parts()
        # Keys of labels are made of all parts and their code: a change of these two must not find old labels.
        yield from (build(Objective, OBJECTIVE), build(Stopping, STOPPING))

    def fit(self, supervision: Supervision, rng: np.random.Generator) -> Labeller:
        """Train the model on gold of the supervision split.

        Under the same `rng`, the examples of a smaller number of labels are among those of a larger one.

        Raises:
            InputError: If the split has fewer examples than `labels`, or none.
        """
        shown = self.shown(supervision, rng)
        fit = Fit(
            student=self.student,
            inputs=shown.examples.inputs,
            targets=one_hot(shown.gold, shown.n_classes),
            corpus=shown.corpus,
            objective=build(Objective, OBJECTIVE),
            stopping=build(Stopping, STOPPING),
            rng=rng,
        )
        return TrainedLabeller(self.student.fit(fit))

    @property
    def without_handicap(self) -> Self:
        """The supervisor that learns from all that it is given, as it is."""
        return super().without_handicap.model_copy(update={"label_noise": 0.0})

    def sees(self, supervision: Supervision, rng: np.random.Generator) -> SeenLabels:
        """Return the labels that the model learns from, its noise among them.

        Raises:
            InputError: If the split has fewer examples than `labels`, or none.
        """
        clean = super().sees(supervision, rng)
        labels = self._with_noise(supervision.take(clean.rows), rng)
        return SeenLabels(clean.rows, labels, float(np.mean(labels != clean.labels)))

    def _with_noise(self, shown: Supervision, rng: np.random.Generator) -> IntArray:
        """Return the labels `(n,)` with exactly `round(label_noise n)` of them wrong."""
        gold, n_classes = shown.gold, shown.n_classes
        n_wrong = round(self.label_noise * len(gold))
        if not n_wrong:
            return gold
        if n_classes < 2:
            raise InputError(f"label_noise needs at least 2 classes, got {n_classes}: set it to 0")
        wrong, instead = uniform(shown.examples, gold, n_wrong, rng, State(n_classes, np.arange(n_classes)))
        # Exactly as many as asked, as with simulated annotators, so that noise levels compare without spread.
        return np.where(wrong, instead, gold)


@dataclass(frozen=True, eq=False)
class TrainedLabeller(Labeller):
    """A trained model that labels.

    Attributes:
        predictor: The model.
    """

    predictor: Predictor

    def label(self, examples: Examples, gold: AnyArray | None, rng: np.random.Generator) -> ClassProbabilities:
        """Return the model's class probabilities; it sees the inputs only."""
        return self.predictor.answer(examples.inputs)


preset(
    "pooled-pixels",
    TrainedSupervisor,
    "A linear model that sees images pooled to 4 x 4 pixels.",
    student={"kind": "linear", "features": {"kind": "pooled", "size": 4}, "c": "cv"},
)
preset(
    "pooled-pixels-underfitted",
    TrainedSupervisor,
    "A linear model that sees images pooled to 4 x 4 pixels, with a penalty that is far too strong for them (C = 1).",
    student={"kind": "linear", "features": {"kind": "pooled", "size": 4}},
)
preset(
    "few-features",
    TrainedSupervisor,
    "A linear model that sees 30% of the columns.",
    student={"kind": "linear", "features": {"kind": "columns", "share": 0.3}, "c": "cv"},
)
preset(
    "few-words",
    TrainedSupervisor,
    "A linear model that knows the 100 most frequent words.",
    student={"kind": "linear", "features": {"kind": "tfidf", "terms": 100}, "c": "cv"},
)
preset(
    "fewer-labels",
    TrainedSupervisor,
    "A linear model trained on 50 labels.",
    student={"kind": "linear", "c": "cv"},
    labels=50,
)
preset(
    "facts-weak",
    TrainedSupervisor,
    "A probe of a small model that was pretrained on the fact world.",
    student={"kind": "language-model", "model": "facts:24", "mode": "probe"},
)
