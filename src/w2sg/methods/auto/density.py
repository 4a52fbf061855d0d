"""Students that read how the inputs lie in the student's features, and train no head: a graph, and clusters.

A head that is trained on weak labels can repeat their errors. Where inputs of one class lie together, neighbours and
clusters cannot repeat errors that lie scattered among right labels. Both may harm where classes do not lie together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, Inputs, IntArray, Method, Predictor, Student, Training, WeakView, register
from w2sg.methods.filters.neighbours import mean_label, neighbour_graph
from w2sg.methods.filters.propagation import spread
from w2sg.methods.parts import OTHER_TRAINING

SHORTEST = 1e-9
"""Features shorter than this have no direction."""


@dataclass(frozen=True, eq=False)
class Body:
    """The student's features before training, moved so that those of the transfer inputs have mean 0."""

    student: Student
    corpus: Inputs
    mean: FloatArray

    @classmethod
    def of(cls, view: WeakView, student: Student) -> "Body":
        """Measure the mean."""
        return cls(student, view.corpus, student.embed(view.corpus, view.transfer.inputs).mean(axis=0))

    def __call__(self, inputs: Inputs) -> FloatArray:
        """Return the features `(n, d)`."""
        return np.asarray(self.student.embed(self.corpus, inputs) - self.mean)

    def directions(self, inputs: Inputs) -> FloatArray:
        """Return the features scaled to length 1, `(n, d)`: the nearest are then those of the largest cosine."""
        rows = self(inputs)
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), SHORTEST))


class _OnFeatures(Method):
    """What the two share: they need features before training, and train no head."""

    @property
    def requires(self) -> frozenset[str]:
        """Features before training."""
        return frozenset({"embed"})

    @property
    def training_facts(self) -> Mapping[str, str]:
        """No head is trained."""
        return OTHER_TRAINING


class GraphPredictor(Predictor):
    """Labels of known inputs, as directions `(n, d)` and probabilities `(n, k)`; others take their neighbours'."""

    def __init__(self, body: Body, known: FloatArray, labels: FloatArray, k: int) -> None:
        self.body, self.known, self.labels, self.k = body, known, labels, k

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return the mean label of the nearest known inputs, `(n, k)`."""
        return mean_label(neighbour_graph(self.known, self.k, self.body.directions(inputs)), self.labels)


@final
@register()
class LabelSpreading(_OnFeatures):
    """Spread weak labels over nearest neighbours in the student's features, and answer by the nearest of them.

    Local and global consistency (Zhou et al. 2003, Advances in Neural Information Processing Systems 16), as
    `label-propagation`; but no head is trained on what comes of it: an input takes the mean of its `k` nearest transfer
    inputs by cosine.
    """

    kind: Literal["label-spreading"] = "label-spreading"
    k: int = Field(5, ge=1, description="number of neighbours")
    weight: float = Field(0.5, ge=0, lt=1, description="share of a label that comes from the neighbours")

    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Spread the labels of the transfer inputs."""
        yield from ()
        body = Body.of(view, student)
        known = body.directions(view.transfer.inputs)
        k = min(self.k, len(known) - 1)
        labels = spread(neighbour_graph(known, k), view.transfer.weak.probabilities, self.weight)
        return GraphPredictor(body, known, labels, k)


class ClusterPredictor(Predictor):
    """Gaussian classes of one covariance in a few directions `axes` `(d, m)`: a linear rule `(m, k)` and `(k,)`."""

    def __init__(self, body: Body, axes: FloatArray, weights: FloatArray, offsets: FloatArray) -> None:
        self.body, self.axes, self.weights, self.offsets = body, axes, weights, offsets

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return the posterior of each class, `(n, k)`."""
        return posterior(self.body(inputs) @ self.axes, self.weights, self.offsets)


@final
@register()
class GaussianClusters(_OnFeatures):
    """One Gaussian for each class in the leading directions of the features, begun by weak labels, fitted without them.

    Semi-supervised discriminant analysis by expectation and maximisation (Nigam et al. 2000, Machine Learning 39, with
    Gaussians of one covariance in the place of their multinomials): class means and covariance are first those of the
    weak labels, then, `rounds` times, those of the posterior over all inputs there are. Class shares stay those of the
    weak labels, and the covariance is drawn toward a sphere.
    """

    kind: Literal["gaussian-clusters"] = "gaussian-clusters"
    directions: int = Field(10, ge=1, description="leading directions of the features")
    rounds: int = Field(10, ge=0, description="rounds of expectation and maximisation")
    shrinkage: float = Field(0.5, gt=0, le=1, description="how far the covariance is drawn toward a sphere")

    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Fit the clusters on the transfer inputs and the corpus."""
        yield from ()
        body = Body.of(view, student)
        known, others = body(view.transfer.inputs), body(unseen(view, rng))
        x = np.concatenate([known, others]).astype(np.float64)
        axes = leading(x, min(self.directions, x.shape[1], len(x)))
        z, weak = x @ axes, view.transfer.weak.probabilities.astype(np.float64)
        shares = weak.mean(axis=0)
        weights, offsets = gaussians(z[: len(weak)], weak, shares, self.shrinkage)
        for _ in range(self.rounds):
            weights, offsets = gaussians(z, posterior(z, weights, offsets), shares, self.shrinkage)
        return ClusterPredictor(body, axes, weights, offsets)


MOST_UNSEEN = 1000
"""More inputs than this tell little more of how they lie, or of which students agree."""


def unseen(view: WeakView, rng: np.random.Generator) -> Inputs:
    """Return inputs of the corpus that are not learned from, at most `MOST_UNSEEN`; those learned from if none is."""
    corpus, transfer = view.corpus, view.transfer.inputs
    if corpus.pool.digest != transfer.pool.digest:
        return corpus.take(_some(np.arange(len(corpus)), rng))
    others = np.flatnonzero(~np.isin(corpus.rows, transfer.rows))
    return corpus.take(_some(others, rng)) if len(others) else transfer


def _some(rows: IntArray, rng: np.random.Generator) -> IntArray:
    return rows if len(rows) <= MOST_UNSEEN else np.sort(rng.choice(rows, MOST_UNSEEN, replace=False))


def leading(x: FloatArray, count: int) -> FloatArray:
    """Return the `count` directions in which rows `(n, d)` vary most, `(d, count)`, orthonormal."""
    # Of the two Gram matrices the smaller one is decomposed; directions without variance are left out.
    if x.shape[1] <= len(x):
        return np.asarray(np.linalg.eigh(x.T @ x)[1][:, ::-1][:, :count])
    values, vectors = np.linalg.eigh(x @ x.T)
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    kept = values > SHORTEST * max(values[0], SHORTEST)
    return np.asarray(x.T @ vectors[:, kept] / np.sqrt(values[kept]))


def gaussians(z: FloatArray, labels: FloatArray, shares: FloatArray, shrinkage: float) -> tuple[FloatArray, FloatArray]:
    """Return the linear rule `(m, k)`, `(k,)` of Gaussians of one covariance with the means that soft labels give.

    Args:
        z: Points `(n, m)`.
        labels: Soft labels `(n, k)`.
        shares: Class shares `(k,)`.
        shrinkage: How far the covariance is drawn toward a sphere.
    """
    mass = labels.sum(axis=0) + SHORTEST
    means = labels.T @ z / mass[:, None]
    # Within-class scatter as total minus between: one product for all classes.
    within = (z.T @ (z * labels.sum(axis=1)[:, None]) - (means * mass[:, None]).T @ means) / mass.sum()
    m = len(within)
    sphere = max(float(np.trace(within)) / m, SHORTEST)
    precise = np.linalg.inv((1 - shrinkage) * within + shrinkage * sphere * np.eye(m))
    weights = precise @ means.T
    offsets = np.log(np.maximum(shares, SHORTEST)) - 0.5 * np.einsum("jm,mj->j", means, weights)
    return np.asarray(weights), np.asarray(offsets)


def posterior(z: FloatArray, weights: FloatArray, offsets: FloatArray) -> FloatArray:
    """Return the posterior of each class at points `(n, m)`, `(n, k)`."""
    logits = z @ weights + offsets
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
