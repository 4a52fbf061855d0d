"""A linear softmax head on a frozen feature map: the linear probe of the field."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from w2sg.core import (
    BoolArray,
    DivergedError,
    Fit,
    FloatArray,
    Inputs,
    Predictor,
    SavedStudent,
    corpus_of,
    derive,
    preset,
    register,
)
from w2sg.students.features import FeatureMap, FrozenBodyStudent, features, saved_on
from w2sg.students.heads import Head, TrainedHead, train_heads

CROSS_VALIDATED = "cv"
FOLDS = 5
PENALTIES = tuple(10.0**power for power in range(-3, 5))
"""The values of `c` that cross-validation chooses from."""
SMALLEST = 1e-7
"""Probabilities are no smaller than this where their logarithm is taken: float32 ends about there."""


def _number_or_word(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Say in one sentence what may stand here: a problem for each possibility would come under a path of its own."""
    try:
        return check(value)
    except ValidationError:
        raise ValueError(f"should be a finite number above 0 or {CROSS_VALIDATED!r}, got {value!r:.80}") from None


class LinearPredictor(Predictor):
    """A trained head on its feature map."""

    def __init__(self, body: FeatureMap, corpus: Inputs, head: TrainedHead) -> None:
        self.body, self.corpus, self.head = body, corpus, head
        self.steps, self.curve = head.steps, head.curve

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities `(n, k)`."""
        return softmax(self.represent(inputs) @ self.head.coefficients.T + self.head.intercepts)

    def represent(self, inputs: Inputs) -> FloatArray:
        """Return the features of the map, `(n, d)`."""
        return features(self.body, self.corpus, inputs)

    def saved(self) -> SavedStudent:
        """Return coefficients `(k, d)` and intercepts `(k,)`."""
        arrays = {"coefficients": self.head.coefficients, "intercepts": self.head.intercepts}
        return saved_on(self.body, "linear", self.corpus, arrays)


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
    c: Annotated[PositiveFloat | Literal["cv"], WrapValidator(_number_or_word)] = Field(
        1.0, description="inverse penalty, as scikit-learn's C; 'cv' chooses it by cross-validation on the labels given"
    )
    steps: int = Field(100, ge=1, description="most steps of the trainer, and the length of a method's schedule")
    tolerance: float = Field(
        1e-3, gt=0, description="stop when the whitened gradient's norm is below this times sqrt(n)"
    )

    @property
    def capabilities(self) -> frozenset[str]:
        """Gradient training and memory, beside what features allow."""
        return super().capabilities | {"gradient", "memory"}

    @property
    def function_class(self) -> str:
        """Softmax of a linear map."""
        return "logit-linear"

    def penalised(self, factor: float) -> Self | None:
        """Return this student with another `c`; None where cross-validation chooses it."""
        return None if self.c == CROSS_VALIDATED else self.model_copy(update={"c": float(self.c) / factor})

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor | DivergedError]:
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
        penalties = self._penalties(fits, heads)
        trained: dict[int, TrainedHead] = {}
        for c in dict.fromkeys(penalties):
            members = [index for index, own in enumerate(penalties) if own == c]
            together = train_heads([heads[index] for index in members], c=c, steps=self.steps, tolerance=self.tolerance)
            trained.update(zip(members, together, strict=True))
        return [
            trained[index].diverged or LinearPredictor(self.features, fit.corpus, trained[index])
            for index, fit in enumerate(fits)
        ]

    def restored(self, saved: SavedStudent) -> Predictor:
        """Return the trained head that was saved."""
        head = TrainedHead(saved.arrays["coefficients"], saved.arrays["intercepts"], 0)
        return LinearPredictor(self.features, corpus_of(saved.arrays), head)

    def _penalties(self, fits: Sequence[Fit], heads: Sequence[Head]) -> list[float]:
        """Return the inverse penalty of each head: `c`, or the one under which held-out labels are most likely.

        Of equals the strongest penalty is taken. The folds depend on the inputs alone, so heads on the same inputs are
        compared on the same folds and trained together.
        """
        if self.c != CROSS_VALIDATED:
            return [float(self.c)] * len(heads)
        losses = np.zeros((len(PENALTIES), len(heads)))
        for rows in dict.fromkeys(head.rows for head in heads):
            members = [index for index, head in enumerate(heads) if head.rows == rows]
            x, inputs = heads[members[0]].x, fits[members[0]].inputs
            dealt = derive(0, "folds", inputs.digest).permutation(len(x)) % min(FOLDS, len(x))
            for fold in range(dealt.max() + 1 if len(x) > 1 else 0):
                kept, out = dealt != fold, dealt == fold
                taught = x[kept]
                name = f"{rows} but fold {fold}"
                some = [_on_rows(heads[index], taught, kept, name) for index in members]
                for place, c in enumerate(PENALTIES):
                    trained = train_heads(some, c=c, steps=self.steps, tolerance=self.tolerance)
                    for index, head in zip(members, trained, strict=True):
                        losses[place, index] += _held_out_loss(head, heads[index], out)
        return [PENALTIES[place] for place in losses.argmin(axis=0)]


def _on_rows(head: Head, x: FloatArray, kept: BoolArray, name: str) -> Head:
    """Return a head on some of its rows, whose features `x` are shared by many."""
    weights = None if head.weights is None else head.weights[kept]
    return replace(head, x=x, targets=head.targets[kept], weights=weights, rows=name)


def _held_out_loss(trained: TrainedHead, head: Head, out: BoolArray) -> float:
    """Return the summed cross-entropy to the labels of the rows that a head was not taught."""
    if trained.diverged is not None:
        return np.inf
    said = softmax(head.x[out] @ trained.coefficients.T + trained.intercepts)
    losses = -(head.targets[out] * np.log(np.maximum(said, SMALLEST))).sum(axis=1)
    return float(losses.sum() if head.weights is None else losses @ head.weights[out])


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
