"""Students of scikit-learn: gradient boosting and nearest neighbours. They learn fixed labels: no target moves."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import Fit, FloatArray, InputError, Inputs, Predictor, register
from w2sg.students.features import FeatureMap, FeatureStudent, features


class ClassicalPredictor(Predictor):
    """A fitted scikit-learn classifier on a feature map."""

    def __init__(self, body: FeatureMap, corpus: Inputs, model: Any, n_classes: int) -> None:
        self.body, self.corpus, self.model, self.n_classes = body, corpus, model, n_classes

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities `(n, k)`; a class that was never a target gets 0."""
        # A class that no target names is unknown to scikit-learn, whose columns are those of the classes that it saw.
        wide = np.zeros((len(inputs), self.n_classes), dtype=np.float32)
        wide[:, self.model.classes_] = self.model.predict_proba(features(self.body, self.corpus, inputs))
        return wide


class _Classical(FeatureStudent):
    """What the two share: they learn the most likely class of each target, whatever the objective."""

    @property
    def capabilities(self) -> frozenset[str]:
        """Features before training."""
        return frozenset({"embed"})

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        """Train the models one after the other."""
        return [self._train(fit) for fit in fits]

    def _train(self, fit: Fit) -> Predictor:
        x = features(self.features, fit.corpus, fit.inputs)
        labels = fit.targets.argmax(axis=1)
        if len(np.unique(labels)) < 2:
            raise InputError(
                f"student {self.kind!r} needs two classes among its labels, got one: look at the supervisor"
            )
        # The fit's objective is not read: neither model follows a gradient. Methods whose objective matters require
        # `gradient`, which these students do not have, so they are refused before any work.
        weights = np.ones(len(x)) if fit.weights is None else fit.weights
        model = self._fit(x, labels, weights, int(fit.rng.integers(2**31)))
        return ClassicalPredictor(self.features, fit.corpus, model, fit.targets.shape[1])

    def _fit(self, x: FloatArray, labels: np.ndarray, weights: FloatArray, seed: int) -> Any:
        raise AssertionError("each model fits itself")


@register()
class Boosting(_Classical):
    """Histogram gradient boosting of scikit-learn, on hardened labels."""

    kind: Literal["boosting"] = "boosting"
    trees: int = Field(100, ge=1, description="boosting rounds")
    leaves: int = Field(15, ge=2, description="most leaves of a tree")
    rate: float = Field(0.1, gt=0, le=1)

    @property
    def function_class(self) -> str:
        """Sums of trees."""
        return "trees"

    @property
    def body_frozen(self) -> bool:
        """Trees make their own features from the data."""
        return False

    @property
    def strength(self) -> float:
        """The number of trees."""
        return float(self.trees)

    def _fit(self, x: FloatArray, labels: np.ndarray, weights: FloatArray, seed: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(
            max_iter=self.trees,
            max_leaf_nodes=self.leaves,
            learning_rate=self.rate,
            # scikit-learn would hold out part of the weak labels by itself beyond a certain size; when to end is the
            # method's.
            early_stopping=False,
            random_state=seed,
        )
        return model.fit(x, labels, sample_weight=weights)


@register()
class Knn(_Classical):
    """The vote of the nearest training examples, on hardened labels."""

    kind: Literal["knn"] = "knn"
    k: int = Field(15, ge=1, description="number of neighbours")

    @property
    def function_class(self) -> str:
        """Votes of neighbours."""
        return "neighbours"

    @property
    def body_frozen(self) -> bool:
        """Distances are those of the feature map."""
        return True

    def _fit(self, x: FloatArray, labels: np.ndarray, weights: FloatArray, seed: int) -> Any:
        from sklearn.neighbors import KNeighborsClassifier

        # Neighbours vote with equal voices; a weight of 0 can still be honoured, by leaving the example out of the
        # pool.
        kept = weights > 0
        if self.k > kept.sum():
            raise InputError(f"student.k must be at most the {kept.sum()} training examples, got {self.k}")
        return KNeighborsClassifier(n_neighbors=self.k).fit(x[kept], labels[kept])
