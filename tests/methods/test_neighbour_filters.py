"""Nearest neighbours, folds and topology, against plain loops."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from method_data import blobs, composed, decided, flipped, recorder, student, view_on, weak_labels

from w2sg.core import CapabilityError, Fit, FloatArray, InputError, Inputs, IntArray, Predictor, Student, derive
from w2sg.methods import FoldFilter, FoldRelabel, KnnFilter, KnnRelabel, TopologyFilter, TopologyRelabel
from w2sg.methods.filters.neighbours import neighbour_graph
from w2sg.methods.filters.topology import main_components

CLOSE = 1e-6
"""Float32 labels, averaged in another order."""


def nearest_by_loops(x: FloatArray, i: int, among: Sequence[int], k: int) -> list[int]:
    return sorted(among, key=lambda j: sum((float(a) - float(b)) ** 2 for a, b in zip(x[i], x[j], strict=True)))[:k]


@pytest.mark.parametrize("include_self", [False, True])
def test_relabel_is_the_mean_of_the_nearest(include_self: bool) -> None:
    x, weak = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32), weak_labels(30)
    found = decided(KnnRelabel(k=4, include_self=include_self), view_on(x, weak))
    for i in range(30):
        others = [j for j in range(30) if include_self or j != i]
        rows = nearest_by_loops(x, i, others, 4)
        assert (i in rows) == include_self
        np.testing.assert_allclose(found[i], weak[rows].mean(axis=0), atol=CLOSE)


def test_filter_drops_the_share_farthest_from_the_neighbours() -> None:
    x, weak = np.random.default_rng(1).normal(size=(40, 2)).astype(np.float32), weak_labels(40)
    view = view_on(x, weak)
    probe = decided(KnnRelabel(k=5), view)
    distance = [
        sum(abs(float(p) - float(w)) for p, w in zip(a, b, strict=True)) / 2 for a, b in zip(probe, weak, strict=True)
    ]
    worst = sorted(range(40), key=lambda i: -distance[i])[:10]
    weights = decided(KnnFilter(k=5, contamination=0.25), view)
    assert np.flatnonzero(weights == 0).tolist() == sorted(worst)
    assert decided(KnnFilter(k=5, contamination=0), view).tolist() == [1] * 40


def test_distance_of_two_classes_is_that_of_probabilities() -> None:
    x = np.arange(6, dtype=np.float32)[:, None]
    weak = np.array([[0.9, 0.1], [0.8, 0.2], [0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.9, 0.1]], dtype=np.float32)
    assert decided(KnnFilter(k=2, contamination=1 / 6), view_on(x, weak)).tolist() == [1, 1, 1, 1, 0, 1]


@pytest.mark.parametrize("part", [KnnFilter(), KnnRelabel(), TopologyFilter(), TopologyRelabel()])
def test_too_few_neighbours_are_refused_with_numbers(part: Any) -> None:
    view = view_on(np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32), weak_labels(50))
    with pytest.raises(InputError, match=r"must be at most 49, the neighbours there are, got 50: lower it"):
        decided(part, view)
    assert decided(KnnRelabel(include_self=True), view).shape == (50, 3)


@pytest.mark.parametrize("name", ["knn-relabel", "knn-filter", "topo-relabel", "topo-filter"])
def test_a_student_without_features_is_refused_before_any_work(name: str) -> None:
    with pytest.raises(CapabilityError, match="method needs 'embed', student 'recorder' has"):
        composed(**_parts(name)).check(recorder())


def _parts(name: str) -> dict[str, Any]:
    kind = name.replace("topo-", "topology-")
    return {"relabel" if "relabel" in name else "select": kind}


class Remembers(Student):
    """Says class 0 of what it was trained on, the last class of everything else."""

    kind: Literal["remembers"] = "remembers"
    asked: ClassVar[list[Fit]] = []

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        self.asked.extend(fits)
        return [Remembered(fit.inputs.rows, fit.targets.shape[1]) for fit in fits]


class Remembered(Predictor):
    def __init__(self, rows: IntArray, k: int) -> None:
        self.rows, self.k = rows, k

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        return np.eye(self.k)[np.where(np.isin(inputs.rows, self.rows), 0, self.k - 1)]


@pytest.mark.parametrize("folds", [2, 5, 23])
def test_no_example_is_judged_by_a_student_that_saw_it(folds: int) -> None:
    Remembers.asked.clear()
    weak = weak_labels(23)
    view = view_on(np.arange(23.0)[:, None], weak)
    found = decided(FoldRelabel(folds=folds), view, Remembers())
    assert (found.argmax(axis=1) == 2).all()
    sizes = [len(fit.inputs) for fit in Remembers.asked]
    assert len(sizes) == folds
    assert sum(23 - size for size in sizes) == 23
    assert max(sizes) - min(sizes) <= 1
    for fit in Remembers.asked:
        np.testing.assert_array_equal(fit.targets, weak[fit.inputs.rows])


def test_one_fold_is_in_sample_and_too_many_are_refused() -> None:
    view = view_on(np.arange(9.0)[:, None], weak_labels(9))
    assert (decided(FoldRelabel(folds=1), view, Remembers()).argmax(axis=1) == 0).all()
    with pytest.raises(InputError, match="folds must be at most the 9 transfer examples, got 10"):
        decided(FoldFilter(folds=10), view, Remembers())


def test_one_fold_of_a_linear_student_is_the_naive_student() -> None:
    x, gold = blobs(120)
    view = view_on(x, flipped(gold, 3))
    naive = composed().fit(view, student(), derive(0, "x")).predict_proba(view.transfer.inputs)
    np.testing.assert_allclose(decided(FoldRelabel(folds=1), view), naive, atol=1e-5)


def closure(edges: np.ndarray) -> np.ndarray:
    """Who reaches whom, by Warshall's loops."""
    reach = edges.astype(bool) | np.eye(len(edges), dtype=bool)
    for via in range(len(edges)):
        reach |= np.outer(reach[:, via], reach[via])
    return reach


@pytest.mark.parametrize("seed", range(5))
def test_main_components_are_the_largest_sets_that_reach_each_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, named = rng.normal(size=(40, 2)), rng.integers(3, size=40)
    graph = neighbour_graph(x, 4)
    kept, edges = main_components(graph, named), graph.toarray() > 0
    assert (edges.sum(axis=1) == 4).all()
    assert not edges.diagonal().any()
    for label in range(3):
        rows = np.flatnonzero(named == label)
        reach = closure(edges[np.ix_(rows, rows)])
        together = reach & reach.T
        sizes = together.sum(axis=1)
        assert kept[rows].sum() == sizes.max()
        one = np.flatnonzero(kept[rows])
        assert together[np.ix_(one, one)].all()


def test_topology_leaves_out_a_stray_group_and_then_the_odd_ones() -> None:
    """Two rings of one class: the smaller goes in the first step, and so do flipped points, alone in a ring."""
    angle = np.concatenate([np.linspace(0, 2 * np.pi, n, endpoint=False) for n in (30, 12, 30)])
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1) + np.repeat([[0, 0], [50, 50], [0, 50]], [30, 12, 30], axis=0)
    named = np.repeat([0, 0, 1], [30, 12, 30])
    named[[5, 50]] = 1 - named[[5, 50]]
    weak = 0.9 * np.eye(2)[named] + 0.05
    part = {"components": 8, "k": 8, "contamination": 0}
    weights = decided(TopologyFilter(**part), view_on(x.astype(np.float32), weak))
    assert np.flatnonzero(weights == 0).tolist() == [5, *range(30, 42), 50]
    more = decided(TopologyFilter(**{**part, "contamination": 0.25}), view_on(x.astype(np.float32), weak))
    assert (more == 0).sum() == round(0.25 * 72)
    assert (more <= weights).all()
    labels = decided(TopologyRelabel(components=8, k=8), view_on(x.astype(np.float32), weak))
    assert labels[[5, 50]].argmax(axis=1).tolist() == [0, 1]


def test_a_second_step_without_neighbours_is_refused_with_numbers() -> None:
    x, weak = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32), weak_labels(40)
    with pytest.raises(InputError, match=r"topology-filter.k must be below the \d+ of 40 examples .* got 39: lower it"):
        decided(TopologyFilter(components=3, k=39), view_on(x, weak))


FILTERS = [KnnFilter(k=5), TopologyFilter(components=12, k=5)]
RELABELINGS = [KnnRelabel(k=5), TopologyRelabel(components=12, k=5), KnnRelabel(k=3, include_self=True)]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
@pytest.mark.parametrize("part", [*FILTERS, *RELABELINGS], ids=lambda part: part.kind)
def test_the_order_of_rows_does_not_matter(part: Any, seed: int) -> None:
    x, gold = blobs(90, seed=seed)
    weak, order = flipped(gold, 3, seed=seed), np.random.default_rng(seed).permutation(90)
    plain, shuffled = decided(part, view_on(x, weak)), decided(part, view_on(x[order], weak[order]))
    np.testing.assert_allclose(shuffled, plain[order], atol=CLOSE)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), names=st.permutations([0, 1, 2]))
@pytest.mark.parametrize("part", [*FILTERS, *RELABELINGS], ids=lambda part: part.kind)
def test_the_names_of_classes_do_not_matter(part: Any, seed: int, names: list[int]) -> None:
    x, gold = blobs(90, seed=seed)
    weak = flipped(gold, 3, seed=seed)
    plain, renamed = decided(part, view_on(x, weak)), decided(part, view_on(x, weak[:, names]))
    np.testing.assert_allclose(renamed, plain if plain.ndim == 1 else plain[:, names], atol=CLOSE)
