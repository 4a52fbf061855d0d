"""Nearest neighbours in the student's features before training: relabel by their mean, or drop who differs from it."""

from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, InputError, Student, WeakView, register
from w2sg.methods.filters.shared import disagreement, without_worst
from w2sg.methods.parts import Course, Relabeling, Selection, _Part

Graph = Any
"""A sparse matrix of scipy."""


def neighbour_graph(pool: FloatArray, k: int, of: FloatArray | None = None, name: str = "k") -> Graph:
    """Return the `k` nearest rows of `pool` `(m, d)` to each query, by Euclidean distance, as sparse ones `(q, m)`.

    Args:
        pool: Whose rows are neighbours.
        k: How many.
        of: The queries `(q, d)`; None for the pool itself, where no row is its own neighbour.
        name: The field that `k` comes from, for messages.

    Raises:
        InputError: If there are not that many neighbours.
    """
    from sklearn.neighbors import NearestNeighbors

    most = len(pool) - (of is None)
    if k > most:
        raise InputError(f"{name} must be at most {most}, the neighbours there are, got {k}: lower it")
    # Without queries scikit-learn leaves each row out of its own neighbours; with the pool as queries it would be its
    # own nearest.
    return NearestNeighbors(n_neighbors=k).fit(pool).kneighbors_graph(of, mode="connectivity")


def mean_label(graph: Graph, labels: FloatArray) -> FloatArray:
    """Return the mean of the neighbours' soft labels, `(q, c)`, from a graph `(q, m)` and labels `(m, c)`."""
    total = np.asarray(graph @ labels.astype(np.float64))
    return np.asarray(total / total.sum(axis=1, keepdims=True), dtype=np.float32)


class _Knn(_Part):
    """What the two share: the mean label of the nearest neighbours."""

    k: int = Field(50, ge=1, description="number of neighbours")
    include_self: bool = Field(False, description="an example is one of its own neighbours, as in the released code")

    @property
    def requires(self) -> frozenset[str]:
        """Features before training."""
        return frozenset({"embed"})

    def probe(self, view: WeakView, student: Student) -> FloatArray:
        """Return the mean soft label of each transfer example's neighbours, `(n, c)`."""
        x = student.embed(view.corpus, view.transfer.inputs)
        graph = neighbour_graph(x, self.k, x if self.include_self else None, f"{self.kind}.k")
        return mean_label(graph, view.transfer.weak.probabilities)


@register()
class KnnRelabel(_Knn, Relabeling):
    """The mean weak label of the `k` nearest examples in the student's features before training.

    The nearest-neighbour probe of EleutherAI's weak-to-strong code: `k` is 50 there too, distances are Euclidean, and
    an example counts as its own neighbour (`include_self`; here it does not, so that a label never confirms itself).
    """

    kind: Literal["knn-relabel"] = "knn-relabel"

    def relabel(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return the neighbours' mean labels."""
        yield from ()
        return self.probe(view, student)


@register()
class KnnFilter(_Knn, Selection):
    """Leave out the examples whose weak label is farthest from the mean label of their nearest neighbours.

    Distance is total variation, which for two classes is EleutherAI's `|probe - label|`.
    """

    kind: Literal["knn-filter"] = "knn-filter"
    contamination: float = Field(0.1, ge=0, lt=1, description="share of the examples left out")

    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return 1 for the examples kept and 0 for the others."""
        yield from ()
        distance = disagreement(self.probe(view, student), view.transfer.weak.probabilities)
        return without_worst(distance, round(self.contamination * len(distance)))
