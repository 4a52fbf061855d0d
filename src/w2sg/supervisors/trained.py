"""A weak supervisor that is a model trained on gold of the supervision split, under a handicap."""

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyStudent,
    Examples,
    Fit,
    FloatArray,
    InputError,
    Inputs,
    IntArray,
    Labeller,
    Objective,
    Predictor,
    Stopping,
    WeakSupervisor,
    check_soft_labels,
    one_hot,
    preset,
    register,
)
from w2sg.core.registry import build
from w2sg.supervisors.structures import State, uniform


@register(paper="2312.09390")
class Trained(WeakSupervisor):
    """A model trained on gold of the supervision split; its handicap is a poor view, few labels or noisy ones.

    A poor view is the student's feature map: the presets `pooled-pixels`, `few-features` and `few-words`.
    """

    kind: Literal["trained"] = "trained"
    student: AnyStudent = Field(default="linear", validate_default=True, description="the model that is trained")
    labels: int | None = Field(
        default=None, ge=1, description="train on so many supervision labels, drawn at random; none: on all"
    )
    label_noise: float = Field(
        default=0.0, ge=0, lt=1, description="share of these labels that is replaced by another class at random"
    )

    def fit(
        self, supervision: Examples, gold: IntArray, corpus: Inputs, n_classes: int, rng: np.random.Generator
    ) -> Labeller:
        """Train the model on the supervision split and its gold `(n,)`.

        Under the same `rng`, the examples of a smaller number of labels are among those of a larger one.

        Raises:
            InputError: If the split has fewer examples than `labels`, or none.
        """
        n = len(supervision)
        if n < (self.labels or 1):
            raise InputError(
                f"labels must be at most the {n} examples of the supervision split, got {self.labels or 'all'}: "
                "lower it, or give the task a larger supervision split"
            )
        rows = rng.permutation(n)[: self.labels]
        shown = self._with_noise(supervision.take(rows), gold[rows], n_classes, rng)
        fit = Fit(
            student=self.student,
            inputs=supervision.inputs.take(rows),
            targets=one_hot(shown, n_classes),
            corpus=corpus,
            objective=cast(Objective, build("objectives", "cross-entropy")),
            stopping=cast(Stopping, build("stoppings", "fixed")),
            rng=rng,
        )
        return TrainedLabeller(self.student.fit(fit), n_classes)

    def _with_noise(self, examples: Examples, gold: IntArray, n_classes: int, rng: np.random.Generator) -> IntArray:
        """Return the labels `(n,)` with exactly `round(label_noise n)` of them wrong."""
        n_wrong = round(self.label_noise * len(gold))
        if not n_wrong:
            return gold
        if n_classes < 2:
            raise InputError(f"label_noise needs at least 2 classes, got {n_classes}: set it to 0")
        wrong, instead = uniform(examples, gold, n_wrong, rng, State(n_classes, np.arange(n_classes)))
        return np.where(wrong, instead, gold)


@dataclass(frozen=True, eq=False)
class TrainedLabeller(Labeller):
    """A trained model that labels.

    Attributes:
        predictor: The model.
        n_classes: `k`.
    """

    predictor: Predictor
    n_classes: int

    def label(self, examples: Examples, gold: IntArray | None, rng: np.random.Generator) -> FloatArray:
        """Return the model's class probabilities `(n, k)`; it sees the inputs only.

        Raises:
            InputError: If the model's probabilities are not finite rows of sum 1.
        """
        weak = self.predictor.predict_proba(examples.inputs)
        return check_soft_labels(weak, len(examples), self.n_classes)


preset(
    "pooled-pixels",
    Trained,
    "A linear model that sees images pooled to 4 x 4 pixels.",
    student={"kind": "linear", "features": {"kind": "pooled", "size": 4}},
)
preset(
    "few-features",
    Trained,
    "A linear model that sees 30% of the columns.",
    student={"kind": "linear", "features": {"kind": "columns", "share": 0.3}},
)
preset(
    "few-words",
    Trained,
    "A linear model that knows the 100 most frequent words.",
    student={"kind": "linear", "features": {"kind": "tfidf", "terms": 100}},
)
preset("fewer-labels", Trained, "A linear model trained on 50 labels.", student="linear", labels=50)
