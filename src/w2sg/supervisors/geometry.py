"""A plain view of inputs for simulated annotators: numbers, a random direction, and the margin of a centroid rule."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from w2sg.core import AnyArray, FloatArray, InputError, Inputs, IntArray, Supervision

HASH_FEATURES = 2**12
"""Columns of the hashed bag of words: enough that frequent words of a small corpus seldom collide."""
ROUNDING = 1e-20
"""Variance below this share of the mean square is rounding: float64 errs by 1e-16, squared 1e-32, of the value."""


def texts_of(values: AnyArray) -> list[str]:
    """Return `(n,)` texts; the two of a pair `(n, 2)` are joined by a line break."""
    if values.ndim == 1:
        return [str(text) for text in values]
    return ["\n".join(map(str, pair)) for pair in values]


def vectorised(inputs: Inputs) -> Any:
    """Return inputs as numbers `(n, d)`: arrays flattened and dense, texts as a sparse hashed bag of words.

    Raises:
        InputError: If a number is not finite.
    """
    values = inputs.values
    if inputs.pool.is_text:
        from sklearn.feature_extraction.text import HashingVectorizer

        # Hashing needs no vocabulary: supervision and transfer texts get the same columns without the one having seen
        # the other.
        return HashingVectorizer(n_features=HASH_FEATURES, alternate_sign=False).transform(texts_of(values))
    dense = values.reshape(len(values), -1).astype(np.float64)
    if not np.isfinite(dense).all():
        raise InputError("inputs must be finite for annotators whose errors depend on the input: fill missing values")
    return dense


@dataclass(frozen=True, eq=False)
class InputGeometry:
    """What an annotator whose errors depend on the input knows of the inputs.

    All is linear: `score = x @ weights + bias`.

    Attributes:
        direction: A random direction `(d,)` in standardised inputs.
        weights: The nearest-centroid rule of the supervision split, `(d, k)`.
        bias: Its offsets `(k,)`.
    """

    direction: FloatArray
    weights: FloatArray
    bias: FloatArray

    def heights(self, inputs: Inputs) -> FloatArray:
        """Return how far each input lies along the random direction, `(n,)`."""
        return np.asarray(vectorised(inputs) @ self.direction)

    def scores(self, inputs: Inputs) -> FloatArray:
        """Return the centroid rule's score of each class, `(n, k)`."""
        return np.asarray(vectorised(inputs) @ self.weights) + self.bias

    def nearest_other(self, inputs: Inputs, gold: IntArray) -> tuple[FloatArray, IntArray]:
        """Return the margin of the true class over the best other one `(n,)`, and that other class `(n,)`."""
        scores = self.scores(inputs)
        rows = np.arange(len(gold))
        own = scores[rows, gold]
        # The best of the other classes is wanted; `scores` is this call's own array.
        scores[rows, gold] = -np.inf
        nearest = scores.argmax(axis=1)
        return own - scores[rows, nearest], nearest


def fit_geometry(supervision: Supervision, rng: np.random.Generator) -> InputGeometry:
    """Learn the geometry from the supervision split.

    Dense columns are standardised (a constant one counts for nothing); words keep their scale, so that frequent words
    count most. The rule is nearest centroid with columns scaled by their spread within classes; a class without
    examples lies at the mean of all.
    """
    gold, n_classes = supervision.gold, supervision.n_classes
    x = vectorised(supervision.examples.inputs)
    mean, variance = _moments(x)
    varies = variance > 0
    spread = np.ones_like(mean) if hasattr(x, "multiply") else np.sqrt(np.where(varies, variance, 1.0))
    members = np.eye(n_classes)[gold]
    size = members.sum(axis=0)
    # `x` may be sparse, so it is never centred: the mean is taken off the sums instead.
    centroids = np.asarray(x.T @ members) / np.maximum(size, 1) - mean[:, None] * (size > 0)
    centroids *= (varies / spread)[:, None]
    within = np.maximum(varies * variance / spread**2 - centroids**2 @ (size / size.sum()), 0)
    # Columns that hardly vary within classes would rule alone: a tenth of the mean spread is added.
    scale = within + 0.1 * within.mean() + np.finfo(float).eps
    weights = centroids / scale[:, None] / spread[:, None]
    bias = -mean @ weights - 0.5 * (centroids**2 / scale[:, None]).sum(axis=0)
    return InputGeometry(rng.standard_normal(len(mean)) * varies / spread, weights, bias)


def _moments(x: Any) -> tuple[FloatArray, FloatArray]:
    """Return the mean and variance of each column, `(d,)`; a variance that is but rounding is 0."""
    mean = np.asarray(x.mean(axis=0)).ravel()
    if hasattr(x, "multiply"):
        square = np.asarray(x.multiply(x).mean(axis=0)).ravel()
        variance = np.maximum(square - mean**2, 0)
    else:
        # Beside the variance only to tell how large its rounding may be.
        square = np.asarray((x**2).mean(axis=0))
        variance = np.asarray(x.var(axis=0))
    return mean, np.where(variance > ROUNDING * square, variance, 0.0)
