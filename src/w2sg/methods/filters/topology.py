"""The topological filter (arXiv:2012.04835): keep the largest component of each class, then ask neighbours."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import BoolArray, FloatArray, InputError, IntArray, Student, WeakView, register
from w2sg.methods.filters.neighbours import Graph, mean_label, neighbour_graph
from w2sg.methods.filters.shared import disagreement, without_worst
from w2sg.methods.parts import Course, Relabeling, Selection, _Part


def main_components(graph: Graph, named: IntArray) -> BoolArray:
    """Return who is in the largest strongly connected component of its class, `(n,)`.

    Args:
        graph: Directed edges `(n, n)`.
        named: Class numbers `(n,)`; for each class the graph is restricted to its examples.
    """
    from scipy.sparse.csgraph import connected_components

    kept = np.zeros(len(named), dtype=np.bool_)
    for label in np.unique(named):
        rows = np.flatnonzero(named == label)
        # Strong connection, each reaches the other: an example that merely points at the crowd, as an outlier does, is
        # not part of it.
        _, component = connected_components(graph[rows][:, rows], directed=True, connection="strong")
        kept[rows[component == np.bincount(component).argmax()]] = True
    return kept


class _Topology(_Part):
    """What the two share: the examples that hang together with their class."""

    components: int = Field(50, ge=1, description="neighbours of an example in the graph whose components are kept")
    k: int = Field(50, ge=1, description="neighbours among the examples kept whose labels are averaged")

    @property
    def requires(self) -> frozenset[str]:
        """Features before training."""
        return frozenset({"embed"})

    def core(self, view: WeakView, student: Student) -> tuple[FloatArray, IntArray]:
        """Return the features of the transfer examples `(n, d)`, and the positions of those kept."""
        x = student.embed(view.corpus, view.transfer.inputs)
        graph = neighbour_graph(x, self.components, None, f"{self.kind}.components")
        kept = np.flatnonzero(main_components(graph, view.transfer.weak.named))
        if len(kept) <= self.k:
            raise InputError(
                f"{self.kind}.k must be below the {len(kept)} of {len(x)} examples that the components keep, "
                f"got {self.k}: lower it, or raise {self.kind}.components from {self.components}"
            )
        return x, kept


@register()
class TopologyRelabel(_Topology, Relabeling):
    """The mean weak label of the `k` nearest examples that hang together with their class.

    An example that is kept itself is one of its own neighbours, as in EleutherAI's weak-to-strong code.
    """

    kind: Literal["topology-relabel"] = "topology-relabel"

    def relabel(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return the mean labels of the neighbours kept."""
        yield from ()
        x, kept = self.core(view, student)
        graph = neighbour_graph(x[kept], self.k, x, f"{self.kind}.k")
        return mean_label(graph, view.transfer.weak.probabilities[kept])


@register(paper="2012.04835")
class TopologyFilter(_Topology, Selection):
    """Keep the largest component of each class, and of it the examples whose neighbours agree.

    Examples are joined to their `components` nearest in the student's features before training; of each class that the
    supervisor names, the largest strongly connected component stays (Wu et al., arXiv:2012.04835). Of these, the ones
    farthest from the mean label of their `k` nearest are left out, until the share `contamination` of all examples is
    gone; none if the first step took as many. EleutherAI's weak-to-strong code has the same two steps and defaults.
    """

    kind: Literal["topology-filter"] = "topology-filter"
    contamination: float = Field(0.1, ge=0, lt=1, description="share of the examples left out by both steps")

    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return 1 for the examples kept and 0 for the others."""
        yield from ()
        x, kept = self.core(view, student)
        labels = view.transfer.weak.probabilities[kept]
        probe = mean_label(neighbour_graph(x[kept], self.k, None, f"{self.kind}.k"), labels)
        weights = np.zeros(len(x), dtype=np.float32)
        already = len(x) - len(kept)
        weights[kept] = without_worst(disagreement(probe, labels), round(self.contamination * len(x)) - already)
        return weights
