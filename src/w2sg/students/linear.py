"""A linear softmax head on a frozen feature map: the linear probe of the field."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import Fit, FloatArray, Inputs, Predictor, preset, register
from w2sg.students.features import FeatureMap, FrozenBodyStudent, features
from w2sg.students.heads import Head, TrainedHead, train_heads


class LinearPredictor(Predictor):
    """A trained head on its feature map."""

    def __init__(self, body: FeatureMap, corpus: Inputs, head: TrainedHead) -> None:
        self.body, self.corpus, self.head = body, corpus, head
        self.steps = head.steps

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities `(n, k)`."""
        return softmax(self.represent(inputs) @ self.head.coefficients.T + self.head.intercepts)

    def represent(self, inputs: Inputs) -> FloatArray:
        """Return the features of the map, `(n, d)`."""
        return features(self.body, self.corpus, inputs)


def softmax(logits: FloatArray) -> FloatArray:
    """Return the softmax over the last axis."""
    # Taking the largest logit off changes no ratio and keeps the exponential from overflowing.
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


@register()
class Linear(FrozenBodyStudent):
    """A linear softmax head on frozen features, trained by gradient, many heads at once.

    Minimises the summed objective plus `|W|^2 / (2 c)`: `c` is scikit-learn's `C` of logistic regression
    (half of it with two classes: scikit-learn then has one vector of coefficients where a softmax has two).
    """

    kind: Literal["linear"] = "linear"
    c: float = Field(1.0, gt=0, description="inverse penalty, as scikit-learn's C")
    steps: int = Field(100, ge=1, description="most steps of the trainer, and the length of a method's schedule")
    tolerance: float = Field(
        1e-3, gt=0, description="stop when the whitened gradient's norm is below this times sqrt(n)"
    )

    @property
    def capabilities(self) -> frozenset[str]:
        """Gradient training beside what features allow."""
        return super().capabilities | {"gradient"}

    @property
    def function_class(self) -> str:
        """Softmax of a linear map."""
        return "logit-linear"

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        """Train the heads together; those on the same inputs share their whitened features."""
        body = self.features.digest()
        # The trainer recognises shared rows by the identity of their array, so each set of inputs is read once here.
        known: dict[str, FloatArray] = {}

        def name(fit: Fit, inputs: Inputs) -> str:
            return f"{body} {fit.corpus.digest} {inputs.digest}"

        def read(fit: Fit, inputs: Inputs) -> FloatArray:
            rows = name(fit, inputs)
            if rows not in known:
                known[rows] = features(self.features, fit.corpus, inputs)
            return known[rows]

        heads = [
            Head(
                x=read(fit, fit.inputs),
                targets=fit.targets,
                objective=fit.objective,
                stopping=fit.stopping,
                weights=fit.weights,
                watched=None if fit.watched is None else (read(fit, fit.watched[0]), fit.watched[1]),
                steps=fit.steps,
                rows=name(fit, fit.inputs),
            )
            for fit in fits
        ]
        trained = train_heads(heads, c=self.c, steps=self.steps, tolerance=self.tolerance)
        return [LinearPredictor(self.features, fit.corpus, head) for fit, head in zip(fits, trained, strict=True)]


preset("nystroem", Linear, "A linear head on 400 Nystroem features.", features="nystroem")
preset(
    "nystroem-digits",
    Linear,
    "A linear head on 400 Nystroem features with gamma 0.3, fit for pixels in [0, 1].",
    features={"kind": "nystroem", "count": 400, "gamma": 0.3},
)
preset("pca", Linear, "A linear head on 20 principal components.", features="pca")
preset("random-relu", Linear, "A linear head on 400 random ReLU features.", features="random-relu")
preset("random-fourier", Linear, "A linear head on 400 random Fourier features.", features="random-fourier")
preset("tfidf", Linear, "A linear head on 2000 TF-IDF terms.", features="tfidf")
