"""CCS, CRC and ICM: closed forms, planted directions, and what they refuse."""

from itertools import permutations
from typing import Any, Literal

import numpy as np
import pytest
from method_data import blobs, joined, method, split_of, view_of, weak_labels

from w2sg.core import (
    AnyArray,
    CapabilityError,
    Fit,
    FloatArray,
    Inputs,
    IntArray,
    Predictor,
    Student,
    WeakView,
    derive,
    one_hot,
    registry,
)
from w2sg.methods import Coherence, ContrastConsistency, ContrastPca, CrossEntropy, Fixed
from w2sg.methods.elicitation.coherence import _Search, matched
from w2sg.methods.elicitation.contrast import Standard, consistency_loss, contrast_features
from w2sg.testing.samples import noisy

SLOPE = 1e-6
"""Central differences in float64 with steps of 1e-6."""


class Reader(Student):
    """Reads the numbers that are written in texts; a pair becomes both sides in a row."""

    kind: Literal["reader"] = "reader"

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset({"embed"})

    def embed(self, corpus: Inputs, inputs: Inputs) -> FloatArray:
        read = [np.concatenate([np.array(text.split(), float) for text in pair]) for pair in inputs.values]
        return np.array(read, dtype=np.float32)

    def fit_many(self, fits: Any) -> list[Predictor]:
        raise AssertionError("nothing is trained")


def planted(n: int = 300, d: int = 6, seed: int = 0) -> tuple[WeakView, IntArray, FloatArray]:
    """Pairs of texts, one true and one false along a direction; each with much other content of its own."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(2, size=n)
    direction = rng.normal(size=d)
    direction *= 3 / np.linalg.norm(direction)
    sides = []
    for side in (0, 1):
        true = np.where(gold == side, 1.0, -1.0)
        sides.append(true[:, None] * direction + rng.normal(size=(n, d)))
    texts = np.empty((n, 2), dtype=object)
    for side in (0, 1):
        texts[:, side] = [" ".join(f"{number:.6f}" for number in row) for row in sides[side]]
    weak = np.where((rng.random(n) < 0.4)[:, None], one_hot(1 - gold, 2), one_hot(gold, 2))
    everyone = Inputs.of(texts)
    return joined(split_of(everyone, weak), None, everyone), gold, direction


@pytest.mark.parametrize("name", ["ccs", "crc"])
def test_a_planted_direction_is_recovered_from_contrast_pairs(name: str) -> None:
    view, gold, direction = planted()
    built = method(name)
    assert (built.requires, built.needs) == (frozenset({"embed"}), frozenset({"pairs"}))
    found: Any = built.fit(view, Reader(), derive(0, "m"))
    assert (found.predict_proba(view.corpus).argmax(axis=1) == gold).mean() > 0.97
    fresh, fresh_gold, _ = planted(seed=0, n=300)
    assert (found.predict_proba(fresh.corpus).argmax(axis=1) == fresh_gold).mean() > 0.97
    weights = found.probe[:-1] * found.standards[0].scale * (-1 if found.flipped else 1)
    wanted = np.concatenate([direction, -direction])
    assert weights @ wanted / np.linalg.norm(weights) / np.linalg.norm(wanted) > 0.8


@pytest.mark.parametrize("name", ["ccs", "crc"])
def test_weak_labels_choose_the_sign_and_nothing_else(name: str) -> None:
    view, gold, _ = planted()
    other = joined(split_of(view.corpus, 1 - view.transfer.weak.probabilities), None, view.corpus)
    one, two = (method(name).fit(each, Reader(), derive(0, "m")).predict_proba(view.corpus) for each in (view, other))
    np.testing.assert_allclose(one, two[:, ::-1])


def test_consistency_loss_by_hand_and_its_slope() -> None:
    rng = np.random.default_rng(0)
    plus, minus, probe = rng.normal(size=(7, 3)), rng.normal(size=(7, 3)), rng.normal(size=4)
    p, q = (1 / (1 + np.exp(-(x @ probe[:3] + probe[3]))) for x in (plus, minus))
    by_hand = np.mean([(a - (1 - b)) ** 2 + min(a, b) ** 2 for a, b in zip(p, q, strict=True)])
    value, gradient = consistency_loss(probe, plus, minus, 0.3)
    assert value == pytest.approx(by_hand + 0.15 * (probe[:3] ** 2).sum())
    for index in range(4):
        step = np.eye(4)[index] * 1e-6
        rise = consistency_loss(probe + step, plus, minus, 0.3)[0] - consistency_loss(probe - step, plus, minus, 0.3)[0]
        assert gradient[index] == pytest.approx(rise / 2e-6, abs=SLOPE)


def test_the_best_of_the_restarts_is_kept() -> None:
    rng = np.random.default_rng(1)
    plus = rng.normal(size=(60, 8))
    minus = -plus + 0.3 * rng.normal(size=(60, 8))

    def loss(restarts: int) -> float:
        found = ContrastConsistency(restarts=restarts, steps=2).probe(plus, minus, derive(3, "m"))
        return consistency_loss(found, plus, minus, 0.01)[0]

    losses = [loss(restarts) for restarts in (1, 2, 4, 8)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("shape", [(40, 6), (6, 40)])
def test_the_component_is_that_of_the_singular_value_decomposition(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    plus, minus = rng.normal(size=shape), rng.normal(size=shape)
    found = ContrastPca().probe(plus, minus, derive(0, "m"))
    axis = np.linalg.svd(plus - minus)[2][0]
    assert abs(found[:-1] @ axis) / np.linalg.norm(found[:-1]) == pytest.approx(1)
    assert ((plus - minus) @ found[:-1]).std() == pytest.approx(1)
    assert found[-1] == 0


def test_columns_are_standardised_and_constant_ones_vanish() -> None:
    x = np.column_stack([np.arange(5.0), np.full(5, 7.0)])
    scaled = Standard.of(x)(x)
    np.testing.assert_allclose(scaled[:, 0], (np.arange(5) - 2) / np.sqrt(2))
    assert (scaled[:, 1] == 0).all()


def test_contrast_features_are_of_the_pair_and_of_its_swap() -> None:
    texts = np.array([["1 2", "3 4"], ["5 6", "7 8"]], dtype=object)
    inputs = Inputs.of(texts)
    plus, minus = contrast_features(Reader(), inputs, inputs.take(np.array([1])))
    assert (plus.tolist(), minus.tolist()) == ([[5, 6, 7, 8]], [[7, 8, 5, 6]])


@pytest.mark.parametrize("values", [np.zeros((6, 2)), np.array(["a b", "c"] * 3, dtype=object)])
def test_inputs_that_are_no_pairs_are_refused(values: AnyArray) -> None:
    everyone = Inputs.of(values)
    view = joined(split_of(everyone, weak_labels(6, 2)), None, everyone)
    with pytest.raises(
        CapabilityError, match="contrast pairs need inputs that are pairs of texts, got .* choose a task"
    ):
        method("ccs").fit(view, Reader(), derive(0, "m"))


def test_more_than_two_classes_are_refused() -> None:
    with pytest.raises(CapabilityError, match="'contrast-pca' is for 2 classes, got 3: choose a task of pairs"):
        method("crc").fit(view_of(weak_labels(6, 3)), Reader(), derive(0, "m"))


def linear() -> Student:
    built = registry.build("students", "linear")
    assert isinstance(built, Student)
    return built


def coherent(weak: FloatArray, n: int = 240) -> tuple[WeakView, IntArray]:
    x, gold = blobs(n, seed=2)
    everyone = Inputs.of(x + 1.5 * np.eye(3, 5, dtype=np.float32)[gold])
    return joined(split_of(everyone, weak[:n]), None, everyone), gold


def searched(n: int = 240) -> tuple[_Search, IntArray]:
    view, gold = coherent(weak_labels(n))
    fit = Fit(
        student=linear(),
        inputs=view.corpus,
        targets=view.transfer.weak.probabilities,
        corpus=view.corpus,
        objective=CrossEntropy(),
        stopping=Fixed(),
        rng=derive(0, "m"),
    )
    return _Search(fit, np.full(3, 1 / 3), np.arange(n) % 4, 30.0), gold


def outcome(course: Any) -> Any:
    answer = None
    while True:
        try:
            answer = [fit.student.fit(fit) for fit in course.send(answer)]
        except StopIteration as stop:
            return stop.value


def test_fold_coherence_improves_coherent_labels_on_blobs() -> None:
    gold = blobs(240, seed=2)[1]
    view, _ = coherent(noisy(gold, 0.35))
    found = method("fold-coherence").fit(view, linear(), derive(0, "m")).predict_proba(view.corpus).argmax(axis=1)
    naive = method("naive").fit(view, linear(), derive(0, "m")).predict_proba(view.corpus).argmax(axis=1)
    weak = view.transfer.weak.named
    assert (weak == gold).mean() < 0.7
    assert (found == gold).mean() > 0.85
    assert (found == gold).mean() >= (naive == gold).mean()


def test_coherence_from_random_labels_finds_the_blobs_and_weak_labels_name_them() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(2, size=200)
    everyone = Inputs.of((6.0 * np.eye(2, 4)[gold] + rng.normal(size=(200, 4))).astype(np.float32))
    view = joined(split_of(everyone, noisy(gold, 0.3, 2)), None, everyone)
    right = []
    for seed in range(6):
        searching = method({"kind": "coherence", "start": "random", "seeds": 4})
        found = searching.fit(view, linear(), derive(seed, "m")).predict_proba(everyone).argmax(axis=1)
        right.append((found == gold).mean())
    assert min(right) >= 0.5  # two names: the matching never leaves the worse one
    assert np.mean(np.array(right) > 0.95) >= 0.5


def test_gold_is_more_coherent_than_a_wrong_or_a_constant_labelling() -> None:
    search, gold = searched()
    rng = np.random.default_rng(0)
    wrong = np.where(rng.random(len(gold)) < 0.3, (gold + 1) % 3, gold)
    states = [gold, wrong, rng.permutation(gold), np.zeros_like(gold)]
    found = outcome(search.cross_fit(states))
    utilities = [search.utility(labels, proba) for labels, proba in zip(states, found, strict=True)]
    assert utilities[0] == max(utilities)
    assert utilities[0] > utilities[1] > utilities[2]


def test_utility_by_hand() -> None:
    search, _ = searched()
    labels = np.array([0, 0, 0, 1, -1])
    proba = np.array([[0.8, 0.1, 0.1], [0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8]])
    odds = [0.8 / 0.2, 1.0, (1 - 1e-5) / 1e-5, 0.6 / 0.4]
    assert search.utility(labels, proba) == pytest.approx(30 * np.mean(np.log(odds)) - (3 - 2))


def test_each_example_is_predicted_by_a_student_that_did_not_learn_from_its_fold() -> None:
    search, gold = searched()
    labels = np.where(np.arange(len(gold)) % 3 == 0, gold, -1)
    (asked,) = [list(fits) for fits in [next(search.cross_fit([labels]))]]
    for fold, fit in enumerate(asked):
        rows = np.flatnonzero((labels != -1) & (np.arange(len(gold)) % 4 != fold))
        np.testing.assert_array_equal(fit.inputs.rows, rows)
        np.testing.assert_array_equal(fit.targets, one_hot(gold[rows], 3))


def test_only_folds_whose_lesson_has_changed_are_learned_again() -> None:
    search, gold = searched()
    one_fold = gold.copy()
    one_fold[:8:4] = (gold[:8:4] + 1) % 3  # examples 0 and 4 lie in fold 0
    first = outcome(search.cross_fit([gold]))[0]
    assert len(next(search.cross_fit([one_fold]))) == 3
    assert len(next(search.cross_fit([gold, one_fold]))) == 3
    assert list(next(search.cross_fit([gold, gold]))) == []
    again, moved = outcome(search.cross_fit([gold, one_fold]))
    fresh = outcome(searched()[0].cross_fit([one_fold]))[0]
    np.testing.assert_array_equal(again, first)
    np.testing.assert_allclose(moved, fresh, atol=1e-6)
    np.testing.assert_array_equal(moved[::4], first[::4])
    assert np.abs(moved - first).max() > 1e-3


def test_names_are_set_right_to_the_class_shares() -> None:
    search, _ = searched()
    rng = np.random.default_rng(0)
    proba = rng.dirichlet([8.0, 2.0, 2.0], size=3000)
    assert np.bincount(proba.argmax(axis=1))[0] > 2500
    np.testing.assert_allclose(np.bincount(search.named(proba)) / 3000, 1 / 3, atol=0.05)


def test_matching_against_all_permutations() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        labels, weak = rng.integers(-1, 3, size=30), rng.dirichlet(np.ones(3), size=30)
        known = labels != -1

        def agreement(found: IntArray, weak: FloatArray = weak, known: AnyArray = known) -> float:
            return float(weak[known, found[known]].sum())

        best = max(agreement(np.array(names)[labels]) for names in permutations(range(3)))
        found = matched(labels, weak)
        assert agreement(found) == pytest.approx(best)
        assert (found[~known] == -1).all()


def test_coherence_searches_no_more_examples_than_asked_and_labels_all_of_them() -> None:
    view, _ = coherent(noisy(blobs(240, seed=2)[1]))
    course = Coherence(examples=100, rounds=6).train(view, linear(), derive(0, "m"))
    asked = next(course)
    try:
        while True:
            asked = course.send([fit.student.fit(fit) for fit in asked])
    except StopIteration:
        pass
    (last,) = asked
    assert len(last.inputs) == 100
    assert len(np.unique(last.inputs.rows)) == 100
