"""Labels spread over the graph of nearest neighbours in the student's features before training."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, Student, WeakView, register
from w2sg.methods.filters.neighbours import Graph, neighbour_graph
from w2sg.methods.parts import Course, Relabeling

SETTLED = 1e-7
"""Labels have settled when none moves by more: float32 does not tell them apart."""
MOST_SWEEPS = 5000
"""A weight of the graph as near to 1 as .997 settles within these."""


def spread(graph: Graph, labels: FloatArray, weight: float) -> FloatArray:
    """Return `(1 - a) (I - a S)^-1 Y` with rows made to sum to 1, `(n, k)`, and `S = D^-1/2 A D^-1/2`.

    Args:
        graph: Who is whose neighbour, sparse ones `(n, n)`; `A` joins two where either names the other.
        labels: The labels `Y`, `(n, k)`.
        weight: The share `a` that an example takes from its neighbours, in [0, 1).
    """
    joined = graph.maximum(graph.T)
    scale = 1 / np.sqrt(np.asarray(joined.sum(axis=1)).ravel())
    step = joined.multiply(scale[:, None]).multiply(scale[None, :]).tocsr()
    own = labels.astype(np.float64)
    found = own
    # Sweeps shrink the error by `a` each and need no factorisation, which neighbour graphs fill up.
    for _ in range(MOST_SWEEPS):
        before, found = found, weight * (step @ found) + (1 - weight) * own
        if np.abs(found - before).max() < SETTLED:
            break
    return np.asarray(found / found.sum(axis=1, keepdims=True), dtype=np.float32)


@register()
class LabelPropagation(Relabeling):
    """Weak labels spread over the nearest neighbours until each agrees with its own and with theirs.

    Local and global consistency (Zhou et al. 2003), of which one sweep with neighbours alone is `knn-relabel`. Here all
    examples carry a soft label from the start, and a row keeps the distribution that it ends with. Lang et al.
    (arXiv:2511.14166) smooth weak labels over a graph too; their formula is not claimed.
    """

    kind: Literal["label-propagation"] = "label-propagation"
    k: int = Field(10, ge=1, description="number of neighbours")
    weight: float = Field(0.3, ge=0, lt=1, description="share of a label that comes from the neighbours")

    @property
    def requires(self) -> frozenset[str]:
        """Features before training."""
        return frozenset({"embed"})

    def relabel(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return the labels that have settled."""
        yield from ()
        graph = neighbour_graph(student.embed(view.corpus, view.transfer.inputs), self.k, None, f"{self.kind}.k")
        return spread(graph, view.transfer.weak.probabilities, self.weight)
