"""Selections that carry a paper's id against the authors' library, or against brute force written from the paper."""

from typing import Any

import numpy as np
import pytest
from method_data import blobs, decided, flipped, view_on

from w2sg.core import BoolArray, FloatArray, IntArray
from w2sg.methods import ConfidentLearning, TopologyFilter, TopologyRelabel
from w2sg.methods.filters.confident_learning import confident_guess, joint

CLOSE = 1e-6
"""Float32 labels, averaged in another order."""
THEIRS = {"noise-rate": "prune_by_noise_rate", "class": "prune_by_class", "both": "both", "joint": "confident_learning"}
CASES = [(2, 400, 1.5, 0.2, None), (3, 300, 1.5, 0.25, None), (10, 900, 2.5, 0.2, None), (2, 300, 1.0, 0.2, 0.9)]


def guessed(seed: int, k: int, n: int, signal: float, noise: float, first: float | None) -> tuple[IntArray, FloatArray]:
    """Given classes, some of them wrong, and probabilities that tell more or less of the true ones."""
    rng = np.random.default_rng(seed)
    shares = np.ones(k) / k if first is None else np.array([first, 1 - first])
    gold = rng.choice(k, n, p=shares)
    logits = rng.normal(size=(n, k)) + signal * np.eye(k)[gold]
    named = np.where(rng.random(n) < noise, rng.integers(k, size=n), gold)
    named[:k] = np.arange(k)
    raised = np.exp(logits)
    return named, raised / raised.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("prune", list(THEIRS))
def test_confident_learning_prunes_whom_cleanlab_prunes(prune: Any, case: tuple[Any, ...]) -> None:
    """Given the same estimated joint, rounded as ours is; for `joint` each estimates for itself."""
    cleanlab = pytest.importorskip("cleanlab.filter")
    for seed in range(10):
        named, proba = guessed(seed, *case)
        estimate = np.floor(joint(named, confident_guess(named, proba), proba.shape[1]) + 0.5)
        if prune in ("class", "both"):
            # By class theirs prunes all but the diagonal, ours the rounded sum of the others: one count for both.
            row = joint(named, confident_guess(named, proba), proba.shape[1])
            wrong = np.floor(row.sum(axis=1) - np.diag(row) + 0.5)
            np.fill_diagonal(estimate, np.bincount(named) - wrong)
        given = None if prune == "joint" else estimate.astype(np.int64)
        theirs = cleanlab.find_label_issues(named, proba, filter_by=THEIRS[prune], confident_joint=given, n_jobs=1)
        ours = ConfidentLearning(prune=prune).decide(named, proba) == 0
        if prune == "joint":
            theirs &= unambiguous(named, proba)
            ours &= unambiguous(named, proba)
        np.testing.assert_array_equal(ours, theirs)
        assert ours.any()


def unambiguous(named: IntArray, proba: FloatArray) -> BoolArray:
    """Where the paper and the library agree on what is likely.

    Of several classes above their thresholds the paper takes the most probable; the library takes the most probable
    class of all, even where that one is below its own threshold.
    """
    thresholds = np.array([proba[named == c, c].mean() for c in range(proba.shape[1])])
    above = proba >= thresholds - 1e-6
    return np.asarray((above.sum(axis=1) < 2) | above[np.arange(len(proba)), proba.argmax(axis=1)])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_joint_is_cleanlabs_up_to_rounding(case: tuple[Any, ...]) -> None:
    count = pytest.importorskip("cleanlab.count")
    compared = 0
    for seed in range(10):
        named, proba = guessed(seed, *case)
        if unambiguous(named, proba).all():
            compared += 1
            theirs = count.compute_confident_joint(named, proba, calibrate=True)
            assert np.abs(joint(named, confident_guess(named, proba), proba.shape[1]) - theirs).max() < 1
    assert compared > (0 if case[0] == 10 else 5)


def test_weights_are_one_over_cleanlabs_noise_rates() -> None:
    count = pytest.importorskip("cleanlab.count")
    named, proba = guessed(0, 2, 600, 2.0, 0.25, None)
    estimate = count.compute_confident_joint(named, proba, calibrate=True)
    _, noise, _ = count.estimate_latent(estimate, named)
    weights = ConfidentLearning().decide(named, proba)
    for c in range(2):
        # Their joint is rounded to whole examples, ours is not: of 300 of a class one example is a third of a percent.
        np.testing.assert_allclose(weights[(named == c) & (weights > 0)], 1 / noise[c, c], rtol=0.01)


def topology(x: FloatArray, named: IntArray, reach: int) -> BoolArray:
    """Return who is in the largest set of its class that reach each other by edges to their nearest (2012.04835)."""
    n = len(x)
    distance = ((x[:, None].astype(np.float64) - x[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    kept = np.zeros(n, dtype=np.bool_)
    for label in np.unique(named):
        rows = np.flatnonzero(named == label)
        reaches = np.eye(len(rows), dtype=np.bool_)
        for place, i in enumerate(rows):
            reaches[place] |= np.isin(rows, np.argsort(distance[i])[:reach])
        for _ in range(len(rows)):
            reaches |= (reaches.astype(int) @ reaches.astype(int)) > 0
        mutual = reaches & reaches.T
        sizes = mutual.sum(axis=1)
        kept[rows[mutual[sizes.argmax()]]] = True
    return kept


@pytest.mark.parametrize("seed", range(4))
def test_topology_against_brute_force(seed: int) -> None:
    x, gold = blobs(120, 3, seed)
    weak = flipped(gold, 3, 0.3, seed)
    view, n, k = view_on(x, weak), len(x), 6
    kept = topology(x, weak.argmax(axis=1), 5)
    assert k < kept.sum() < n
    distance = ((x[:, None].astype(np.float64) - x[None]) ** 2).sum(axis=2)
    among = np.flatnonzero(kept)
    # Relabelled by the nearest of those kept, oneself among them where one is kept.
    nearest = among[np.argsort(distance[:, among], axis=1)[:, :k]]
    np.testing.assert_allclose(
        decided(TopologyRelabel(components=5, k=k), view), weak[nearest].mean(axis=1), atol=CLOSE
    )
    # Filtered until the share is gone: first who hangs together with nobody, then who differs most from the others.
    np.fill_diagonal(distance, np.inf)
    others = among[np.argsort(distance[np.ix_(among, among)], axis=1)[:, :k]]
    differs = np.abs(weak[others].mean(axis=1) - weak[among]).sum(axis=1) / 2
    left_out = max(0, round(0.8 * n) - (n - len(among)))
    expected = kept.copy()
    expected[among[np.argsort(-differs)[:left_out]]] = False
    found = decided(TopologyFilter(components=5, k=k, contamination=0.8), view)
    np.testing.assert_array_equal(found > 0, expected)
    assert 0 < left_out < len(among)
