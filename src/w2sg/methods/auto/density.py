"""Students that read how the inputs lie in the student's features, and train no head: a graph, and clusters.

A head that is trained on weak labels can repeat their errors. Where inputs of one class lie together, neighbours and
clusters cannot repeat errors that lie scattered among right labels. Both may harm where classes do not lie together.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, Inputs, IntArray, Method, Predictor, Student, Training, WeakView, register
from w2sg.methods.filters.neighbours import Graph, mean_label, neighbour_graph
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


class OnFeatures(Method):
    """A method that trains no head: it lays out the inputs once, whatever their labels, and is then taught labels."""

    @property
    def requires(self) -> frozenset[str]:
        """Features before training."""
        return frozenset({"embed"})

    @property
    def training_facts(self) -> Mapping[str, str]:
        """No head is trained."""
        return OTHER_TRAINING

    @abstractmethod
    def laid_out(self, view: WeakView, student: Student, rng: np.random.Generator) -> Any:
        """Return what the inputs alone say."""

    @abstractmethod
    def taught(self, layout: Any, weak: FloatArray) -> Predictor:
        """Return what answers by the weak labels `(n, k)` of the transfer inputs."""

    @final
    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Lay the inputs out, and teach the weak labels."""
        yield from ()
        return self.taught(self.laid_out(view, student, rng), view.transfer.weak.probabilities)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Known inputs as directions `(n, d)`, and the graph of their `k` nearest neighbours."""

    body: Body
    known: FloatArray
    graph: Graph
    k: int


class GraphPredictor(Predictor):
    """Labels of known inputs, `(n, k)`; other inputs take their neighbours'."""

    def __init__(self, layout: Neighbours, labels: FloatArray) -> None:
        self.layout, self.labels = layout, labels

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return the mean label of the nearest known inputs, `(n, k)`."""
        known = self.layout
        return mean_label(neighbour_graph(known.known, known.k, known.body.directions(inputs)), self.labels)


@final
@register()
class LabelSpreading(OnFeatures):
    """Spread weak labels over nearest neighbours in the student's features, and answer by the nearest of them.

    Local and global consistency (Zhou et al. 2003, Advances in Neural Information Processing Systems 16), as
    `label-propagation`; but no head is trained on what comes of it: an input takes the mean of its `k` nearest transfer
    inputs by cosine.
    """

    kind: Literal["label-spreading"] = "label-spreading"
    k: int = Field(5, ge=1, description="number of neighbours")
    weight: float = Field(0.5, ge=0, lt=1, description="share of a label that comes from the neighbours")

    def laid_out(self, view: WeakView, student: Student, rng: np.random.Generator) -> Neighbours:
        """Find the neighbours of the transfer inputs."""
        body = Body.of(view, student)
        known = body.directions(view.transfer.inputs)
        k = min(self.k, len(known) - 1)
        return Neighbours(body, known, neighbour_graph(known, k), k)

    def taught(self, layout: Neighbours, weak: FloatArray) -> GraphPredictor:
        """Spread the labels."""
        return GraphPredictor(layout, spread(layout.graph, weak, self.weight))


@dataclass(frozen=True, eq=False)
class Directions:
    """The directions `axes` `(d, m)` in which inputs vary most, and points `(n, m)` in them, transfer inputs first."""

    body: Body
    axes: FloatArray
    points: FloatArray


class ClusterPredictor(Predictor):
    """Gaussian classes of one covariance in a few directions: a linear rule `(m, k)` and `(k,)`."""

    def __init__(self, layout: Directions, weights: FloatArray, offsets: FloatArray) -> None:
        self.layout, self.weights, self.offsets = layout, weights, offsets

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return the posterior of each class, `(n, k)`."""
        return posterior(self.layout.body(inputs) @ self.layout.axes, self.weights, self.offsets)


@final
@register()
class GaussianClusters(OnFeatures):
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

    def laid_out(self, view: WeakView, student: Student, rng: np.random.Generator) -> Directions:
        """Find the leading directions of the transfer inputs and the corpus."""
        body = Body.of(view, student)
        known, others = body(view.transfer.inputs), body(unseen(view, rng))
        x = np.concatenate([known, others]).astype(np.float64)
        axes = leading(x, min(self.directions, x.shape[1], len(x)))
        return Directions(body, axes, x @ axes)

    def taught(self, layout: Directions, weak: FloatArray) -> ClusterPredictor:
        """Fit the clusters, beginning by the weak labels."""
        z, given = layout.points, weak.astype(np.float64)
        shares = given.mean(axis=0)
        weights, offsets = gaussians(z[: len(given)], given, shares, self.shrinkage)
        for _ in range(self.rounds):
            weights, offsets = gaussians(z, posterior(z, weights, offsets), shares, self.shrinkage)
        return ClusterPredictor(layout, weights, offsets)


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
