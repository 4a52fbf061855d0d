"""Label propagation against its closed form, two views against Bayes' rule in a world where it holds."""

import numpy as np
import pytest
from method_data import blobs, decided, flipped, student, view_on, weak_labels
from sklearn.semi_supervised import LabelSpreading

from w2sg.core import FloatArray
from w2sg.methods import FoldRelabel, LabelPropagation, TwoViews
from w2sg.methods.filters.balance import LEAST
from w2sg.methods.filters.neighbours import neighbour_graph
from w2sg.methods.filters.two_views import combined

CLOSE = 1e-5
"""Float32 labels, and sweeps that stop at 1e-7."""


def propagated_by_solving(x: FloatArray, labels: FloatArray, k: int, a: float) -> FloatArray:
    """`(1 - a) (I - a D^-1/2 A D^-1/2)^-1 Y` by a dense solver, with rows made to sum to 1."""
    distance = np.linalg.norm(x[:, None] - x[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    nearest = np.argsort(distance, axis=1)[:, :k]
    graph = np.zeros((len(x), len(x)))
    for i, row in enumerate(nearest):
        graph[i, row] = graph[row, i] = 1
    degree = graph.sum(axis=1)
    step = graph / np.sqrt(np.outer(degree, degree))
    found = (1 - a) * np.linalg.solve(np.eye(len(x)) - a * step, labels.astype(np.float64))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(("k", "a"), [(3, 0.3), (7, 0.9), (5, 0.99)])
def test_propagation_is_its_closed_form(k: int, a: float) -> None:
    x, weak = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32), weak_labels(60)
    found = decided(LabelPropagation(k=k, weight=a), view_on(x, weak))
    np.testing.assert_allclose(found, propagated_by_solving(x.astype(np.float64), weak, k, a), atol=CLOSE)


def test_propagation_agrees_with_scikit_learn_on_hard_labels() -> None:
    x, gold = blobs(80)
    named = flipped(gold, 3).argmax(axis=1)

    def joined(first: FloatArray, second: FloatArray) -> FloatArray:
        assert first is second or np.array_equal(first, second)
        graph = neighbour_graph(x, 6)
        return np.asarray(graph.maximum(graph.T).toarray())

    theirs = LabelSpreading(kernel=joined, alpha=0.4, max_iter=2000, tol=1e-9).fit(x, named).label_distributions_
    ours = decided(LabelPropagation(k=6, weight=0.4), view_on(x, np.eye(3, dtype=np.float32)[named]))
    np.testing.assert_allclose(ours, theirs, atol=CLOSE)


def test_without_weight_labels_stay() -> None:
    x, weak = np.random.default_rng(1).normal(size=(30, 2)).astype(np.float32), weak_labels(30)
    np.testing.assert_allclose(decided(LabelPropagation(weight=0), view_on(x, weak)), weak, atol=CLOSE)


def test_propagation_mends_a_wrong_label_within_a_group() -> None:
    """Two groups far apart, one label of each wrong."""
    x = np.concatenate([np.arange(12.0), 100 + np.arange(12.0)])[:, None].astype(np.float32)
    named = np.repeat([0, 1], 12)
    named[[4, 17]] = 1 - named[[4, 17]]
    weak = (0.8 * np.eye(2)[named] + 0.1).astype(np.float32)
    found = decided(LabelPropagation(k=4, weight=0.9), view_on(x, weak))
    assert found.argmax(axis=1).tolist() == [0] * 12 + [1] * 12


def test_two_views_are_the_posterior_where_views_are_independent() -> None:
    """A class and two noisy reports of it: the product over the prior is the posterior given both."""
    prior = np.array([0.7, 0.2, 0.1])
    rng = np.random.default_rng(0)
    first, second = rng.dirichlet(np.ones(4), size=3), rng.dirichlet(np.ones(5), size=3)  # P(report | class)
    for i in range(4):
        for j in range(5):
            one, other = prior * first[:, i], prior * second[:, j]
            both = prior * first[:, i] * second[:, j]
            found = combined((one / one.sum())[None], (other / other.sum())[None], prior)
            np.testing.assert_allclose(found[0], both / both.sum(), atol=10 * LEAST)


def test_two_views_relabels_by_students_that_did_not_see_the_label() -> None:
    x, gold = blobs(120)
    weak = flipped(gold, 3)
    view = view_on(x, weak)
    # The same generator deals the same folds.
    said = decided(FoldRelabel(folds=4), view)
    expected = np.maximum(weak, LEAST) * np.maximum(said, LEAST) / weak.mean(axis=0)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(decided(TwoViews(folds=4), view), expected, atol=1e-4)


def test_two_views_mend_wrong_labels_and_keep_what_students_doubt() -> None:
    x, gold = blobs(600, k=2)
    weak = flipped(gold, 2, share=0.3, sure=0.4)
    found = decided(TwoViews(), view_on(x, weak), student())
    wrong = weak.argmax(axis=1) != gold
    assert (found.argmax(axis=1) == gold).mean() > (~wrong).mean() + 0.05
    flat = decided(TwoViews(), view_on(np.zeros((600, 5), dtype=np.float32), weak), student())
    agree = (flat.argmax(axis=1) == weak.argmax(axis=1)).mean()
    assert agree > 0.95
