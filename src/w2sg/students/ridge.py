"""Ridge regression of soft labels on a frozen feature map: the student of which theory knows most."""

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from pydantic import Field

from w2sg.core import Fit, FloatArray, Inputs, Predictor, SavedStudent, corpus_of, register
from w2sg.students.features import FeatureMap, FrozenBodyStudent, features, saved_on


class RidgePredictor(Predictor):
    """A fitted linear map; what leaves the simplex is cut at 0 and scaled to sum 1."""

    def __init__(self, body: FeatureMap, corpus: Inputs, centre: FloatArray, weights: FloatArray, mean: FloatArray):
        self.body, self.corpus = body, corpus
        self.centre, self.weights, self.mean = centre, weights, mean

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities `(n, k)`."""
        raw = self.mean + (self.represent(inputs) - self.centre) @ self.weights
        # Rows of the fit sum to 1, as the targets do, so that something stays above 0 and the division is safe.
        kept = np.maximum(raw, 0)
        return np.asarray(kept / kept.sum(axis=1, keepdims=True))

    def represent(self, inputs: Inputs) -> FloatArray:
        """Return the features of the map, `(n, d)`."""
        return features(self.body, self.corpus, inputs)

    def saved(self) -> SavedStudent:
        """Return weights `(d, k)`, what is taken off features `(d,)`, and the mean answer `(k,)`."""
        arrays = {"centre": self.centre, "weights": self.weights, "mean": self.mean}
        return saved_on(self.body, "ridge", self.corpus, arrays)


@register()
class Ridge(FrozenBodyStudent):
    """Ridge regression of soft labels on frozen features, in closed form, with an intercept.

    Minimises the mean squared distance to the labels plus `penalty v |W|^2`, `v` the mean variance of a feature. Of an
    objective it takes only whether labels are soft or hard: the loss is its own.
    """

    kind: Literal["ridge"] = "ridge"
    penalty: float = Field(0.0, ge=0, description="ridge penalty; 0 is least squares (of several, the shortest)")

    @property
    def function_class(self) -> str:
        """Linear regression, with a penalty or without."""
        return "ridge" if self.penalty else "linear-least-squares"

    @property
    def ridge_penalty(self) -> float:
        """The penalty."""
        return self.penalty

    def penalised(self, factor: float) -> Self | None:
        """Return this student with another penalty; None for least squares."""
        return self.model_copy(update={"penalty": self.penalty * factor}) if self.penalty else None

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        """Solve the regressions one after the other."""
        return [self._solved(fit) for fit in fits]

    def restored(self, saved: SavedStudent) -> Predictor:
        """Return the fitted map that was saved."""
        parts = (saved.arrays[name] for name in ("centre", "weights", "mean"))
        return RidgePredictor(self.features, corpus_of(saved.arrays), *parts)

    def _solved(self, fit: Fit) -> Predictor:
        x = np.asarray(features(self.features, fit.corpus, fit.inputs), dtype=np.float64)
        share = np.ones(len(x)) if fit.weights is None else np.asarray(fit.weights, dtype=np.float64)
        share = share / share.sum()
        targets = fit.targets
        if fit.objective.hard_labels:
            targets = np.eye(targets.shape[1])[targets.argmax(axis=1)]
        # Weighted centring takes the intercept out of the problem, so that it goes unpenalised.
        centre, mean = share @ x, share @ targets
        # Weights enter as square roots on both sides: the squared residual is then weighted once.
        root = np.sqrt(share)[:, None]
        # The singular values show at once which directions the data span: dividing by those alone gives the shortest of
        # all least-squares solutions where there are several.
        u, s, vt = np.linalg.svd(root * (x - centre), full_matrices=False)
        # The penalty is in units of the mean variance of a feature, so that one number means the same for maps of any
        # scale and size.
        damped = s**2 + self.penalty * np.square(s).sum() / x.shape[1]
        # Features are float32: a direction below its rounding is noise, and its inverse would dominate all others.
        kept = s > np.finfo(np.float32).eps * s.max(initial=0.0)
        inverse = np.divide(s, damped, out=np.zeros_like(s), where=kept)
        weights = vt.T @ (inverse[:, None] * (u.T @ (root * (targets - mean))))
        return RidgePredictor(self.features, fit.corpus, centre, weights, mean)
