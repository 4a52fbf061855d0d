"""Confident learning, against the definitions of arXiv:1911.00068 written in plain loops, and a case by hand."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from method_data import blobs, decided, view_on

from w2sg.core import FloatArray, IntArray
from w2sg.methods import ConfidentLearning
from w2sg.methods.filters.confident_learning import confident_guess, joint

NAMED = np.array([0, 0, 0, 0, 1, 1, 1, 1])
PROBA = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7], [0.4, 0.6], [0.95, 0.05]])


def test_a_case_by_hand() -> None:
    """Thresholds are .65 and .5625; the fourth is truly of class 1, the last of class 0; all are confident."""
    guess = confident_guess(NAMED, PROBA)
    assert guess.tolist() == [0, 0, 0, 1, 1, 1, 1, 0]
    np.testing.assert_array_equal(joint(NAMED, guess, 2), [[3, 1], [1, 3]])
    for prune in ("noise-rate", "class", "both", "joint"):
        weights = ConfidentLearning(prune=prune, reweight=False).decide(NAMED, PROBA)
        assert weights.tolist() == [1, 1, 1, 0, 1, 1, 1, 0]
    np.testing.assert_allclose(ConfidentLearning().decide(NAMED, PROBA), [4 / 3 * w for w in weights], rtol=1e-6)


def by_loops(named: list[int], proba: list[list[float]]) -> tuple[list[list[Fraction]], set[int], set[int], set[int]]:
    """Return `n Q`, and whom pruning by noise rate, by class and by the confident joint takes."""
    k, n = len(proba[0]), len(named)
    of_class = [[i for i in range(n) if named[i] == c] for c in range(k)]
    t = [sum(proba[i][c] for i in of_class[c]) / len(of_class[c]) if of_class[c] else 2.0 for c in range(k)]
    counts = [[0] * k for _ in range(k)]
    off_diagonal = set()
    for i in range(n):
        likely = [c for c in range(k) if proba[i][c] >= t[c] - 1e-6]
        if likely:
            best = max(likely, key=lambda c: proba[i][c])
            counts[named[i]][best] += 1
            off_diagonal |= {i} if best != named[i] else set()
    for c in range(k):
        counts[c][c] = max(1, counts[c][c])  # one example of each class is taken to be right
    sided = {i for i in range(n) if max(range(k), key=lambda c: proba[i][c]) == named[i]}
    nq = [[Fraction(counts[a][b] * len(of_class[a]), max(1, sum(counts[a]))) for b in range(k)] for a in range(k)]
    rate, cls = set(), set()
    for a in range(k):
        for b in range(k):
            if a != b:
                margins = sorted(of_class[a], key=lambda i: proba[i][a] - proba[i][b])
                rate |= set(margins[: floor(nq[a][b] + Fraction(1, 2))])
        cls |= set(sorted(of_class[a], key=lambda i: proba[i][a])[: floor(sum(nq[a]) - nq[a][a] + Fraction(1, 2))])
    return nq, rate - sided, cls - sided, off_diagonal - sided


def noisy_case(seed: int, n: int = 60, k: int = 4) -> tuple[IntArray, FloatArray]:
    rng = np.random.default_rng(seed)
    gold = rng.integers(k, size=n)
    named = np.where(rng.random(n) < 0.3, rng.integers(k, size=n), gold)
    proba = rng.dirichlet(np.ones(k), size=n) + 0.7 * np.eye(k)[gold]
    return named, proba / proba.sum(axis=1, keepdims=True)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(2, 5))
def test_any_case_follows_the_definitions(seed: int, k: int) -> None:
    named, proba = noisy_case(seed, k=k)
    nq, rate, cls, off_diagonal = by_loops(named.tolist(), proba.tolist())
    np.testing.assert_allclose(joint(named, confident_guess(named, proba), k), np.array(nq, dtype=float))
    for prune, expected in (("noise-rate", rate), ("class", cls), ("both", rate & cls), ("joint", off_diagonal)):
        found = ConfidentLearning.parse({"prune": prune, "reweight": False}).decide(named, proba)
        assert set(np.flatnonzero(found == 0).tolist()) == expected
    kept = ConfidentLearning().decide(named, proba)
    for i in set(range(len(named))) - rate:
        c = int(named[i])
        factor = float(sum(row[c] for row in nq) / nq[c][c])
        assert kept[i] == pytest.approx(factor)


def test_whom_the_predictions_side_with_is_never_pruned() -> None:
    """Of class 0 two are to be pruned; of the three with the smallest margin the one that is most likely of 0 stays."""
    named = np.array([0] * 6 + [1] * 4)
    proba = np.array([[0.55, 0.45], [0.2, 0.8], [0.52, 0.48], *[[0.95, 0.05]] * 3, *[[0.42, 0.58]] * 4])
    guess = confident_guess(named, proba)
    for prune in ("noise-rate", "class", "both", "joint"):
        weights = ConfidentLearning(prune=prune, reweight=False).decide(named, proba)
        assert weights.tolist() == [1, 0, *[1] * 8]
    assert joint(named, guess, 2)[0, 1] > 1


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), names=st.permutations([0, 1, 2, 3]))
def test_neither_order_nor_names_matter(seed: int, names: list[int]) -> None:
    named, proba = noisy_case(seed)
    plain = ConfidentLearning().decide(named, proba)
    order = np.random.default_rng(seed).permutation(len(named))
    np.testing.assert_allclose(ConfidentLearning().decide(named[order], proba[order]), plain[order], rtol=1e-6)
    renamed = np.argsort(names)[named]
    np.testing.assert_allclose(ConfidentLearning().decide(renamed, proba[:, names]), plain, rtol=1e-6)


def test_a_class_nobody_names_is_never_guessed() -> None:
    proba = np.array([[0.1, 0.0, 0.9], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1]])
    guess = confident_guess(np.array([0, 0, 1, 1]), proba)
    assert guess.tolist() == [-1, 0, -1, 1]
    assert ConfidentLearning().decide(np.array([0, 0, 1, 1]), proba).tolist() == [1, 1, 1, 1]


def called_one(gold: IntArray) -> IntArray:
    """Class 0 is called 1 for 30% of its examples, and never the other way round."""
    return np.where((gold == 0) & (np.random.default_rng(0).random(len(gold)) < 0.3), 1, gold)


def test_exact_probabilities_give_the_exact_joint() -> None:
    """Where the probabilities are those of the noise itself, the count is the truth (theorem 1 of the paper)."""
    gold = np.random.default_rng(1).integers(2, size=1000)
    named = called_one(gold)
    rate = float((named[gold == 0] == 1).mean())
    proba = np.where(gold[:, None] == 0, [[1 - rate, rate]], [[0.0, 1.0]])
    guess = confident_guess(named, proba)
    np.testing.assert_array_equal(guess, gold)
    truth = [[((named == i) & (gold == j)).sum() for j in range(2)] for i in range(2)]
    np.testing.assert_array_equal(joint(named, guess, 2), truth)
    weights = ConfidentLearning().decide(named, proba)
    np.testing.assert_array_equal(weights > 0, named == gold)
    np.testing.assert_allclose(weights[gold == 0].sum(), (gold == 0).sum(), rtol=1e-5)
    np.testing.assert_allclose(weights[gold == 1].sum(), (gold == 1).sum(), rtol=1e-5)


def test_estimated_probabilities_find_much_of_the_noise_and_little_else() -> None:
    x, gold = blobs(1500, 2, seed=3)
    x = x + 4 * np.eye(2, 5, dtype=np.float32)[gold]
    named = called_one(gold)
    found, right = decided(ConfidentLearning(), view_on(x, np.eye(2)[named])), named == gold
    assert right.mean() == pytest.approx(0.85, abs=0.02)
    assert right[found > 0].mean() > 0.92
    assert right[found == 0].mean() < 0.05
    assert found[(named == 0) & (found > 0)].mean() > found[(named == 1) & (found > 0)].mean() >= 1
