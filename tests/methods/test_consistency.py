"""Self-consistency: how inputs are changed, and what becomes of answers that change with them."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

import numpy as np
import pytest
from method_data import blobs, decided, flipped, view_on, weak_labels

from w2sg.core import AnyArray, Fit, FloatArray, Inputs, Predictor, Student, derive
from w2sg.methods import ConsistencyFilter, ConsistencyRelabel
from w2sg.methods.filters.augment import Changes, changed

NOTHING = Changes(noise=0, shift=0, dropout=0)


def texts(n: int = 50, words: int = 20) -> AnyArray:
    return np.array([" ".join(f"w{i}.{j}" for j in range(words)) for i in range(n)], dtype=object)


def rng() -> np.random.Generator:
    return derive(0, "changes")


@pytest.mark.parametrize(
    "values",
    [np.arange(12.0).reshape(4, 3), np.random.default_rng(0).random((3, 5, 4)), texts(), texts().reshape(25, 2)],
)
def test_no_change_is_no_change(values: AnyArray) -> None:
    np.testing.assert_array_equal(changed(values, NOTHING, rng()), values)


def test_noise_is_a_share_of_each_columns_own() -> None:
    values = np.random.default_rng(0).normal(size=(4000, 3)) * [1, 10, 0] + 5
    moved = changed(values, Changes(0.25, 0, 0), rng()) - values
    np.testing.assert_allclose(moved.std(axis=0), 0.25 * values.std(axis=0), rtol=0.05)
    np.testing.assert_allclose(moved.mean(axis=0), 0, atol=0.25)
    assert changed(values.astype(np.float32), Changes(0.25, 0, 0), rng()).dtype == np.float32
    assert changed(np.arange(6).reshape(3, 2), Changes(0.25, 0, 0), rng()).dtype.kind == "f"


def test_images_share_one_scale_of_noise() -> None:
    images = np.random.default_rng(0).random((500, 4, 4))
    images[:, 0, 0] = 0
    moved = changed(images, Changes(0.5, 0, 0), rng()) - images
    np.testing.assert_allclose(moved.std(axis=0), 0.5 * images.std(), rtol=0.15)


def test_images_move_by_up_to_a_share_of_their_sides() -> None:
    images = np.random.default_rng(0).random((200, 6, 10))
    moved = changed(images, Changes(0, 0.2, 0), rng())
    seen = set()
    for image, after in zip(images, moved, strict=True):
        wide = np.pad(image, ((1, 1), (2, 2)), mode="edge")
        fits = [(i, j) for i in range(3) for j in range(5) if np.array_equal(wide[i : i + 6, j : j + 10], after)]
        assert len(fits) == 1
        seen.update(fits)
    assert len(seen) == 15
    small = np.random.default_rng(0).random((5, 8, 8))
    np.testing.assert_array_equal(changed(small, Changes(0, 0.05, 0), rng()), small)


def test_words_go_missing_in_order_and_one_stays() -> None:
    before = texts(200, 20)
    after = changed(before, Changes(0, 0, 0.3), rng())
    kept = 0
    for old, new in zip(before, after, strict=True):
        words = iter(old.split())
        assert all(word in words for word in new.split())
        kept += len(new.split())
    assert kept / (200 * 20) == pytest.approx(0.7, abs=0.03)
    bare = np.array(["one", "", "two words", "  spaced  "], dtype=object)
    for _ in range(20):
        left = changed(bare, Changes(0, 0, 0.99), rng())
        assert left[[0, 1, 3]].tolist() == ["one", "", "  spaced  "]
        assert left[2] in ("two", "words", "two words")


class Told(Student):
    """Answers by a rule on the inputs' values, whatever it was trained on."""

    kind: Literal["told"] = "told"
    rule: ClassVar[Callable[[AnyArray], FloatArray]]
    asked: ClassVar[list[Fit]] = []

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        self.asked.extend(fits)
        return [Rule(type(self).rule) for _ in fits]


class Rule(Predictor):
    def __init__(self, rule: Callable[[AnyArray], FloatArray]) -> None:
        self.rule = rule

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        return self.rule(inputs.values)


def told(rule: Callable[[AnyArray], FloatArray]) -> Told:
    Told.asked.clear()
    Told.rule = rule
    return Told()


def sign(values: AnyArray) -> FloatArray:
    return np.stack([values[:, 0] <= 0, values[:, 0] > 0], axis=1) * 0.8 + 0.1


def test_answers_that_stay_replace_labels_and_others_do_not() -> None:
    x = np.array([[-9.0], [-9.0], [9.0], [9.0], [1e-3]])
    weak = np.array([[0.7, 0.3], [0.2, 0.8], [0.6, 0.4], [0.0, 1.0], [0.55, 0.45]], dtype=np.float32)
    found = decided(ConsistencyRelabel(copies=51, agreement=0.9, noise=0.2), view_on(x, weak), told(sign))
    np.testing.assert_allclose(found[:4], [[0.9, 0.1]] * 2 + [[0.1, 0.9]] * 2, atol=1e-6)
    np.testing.assert_array_equal(found[4], weak[4])
    (fit,) = Told.asked
    np.testing.assert_array_equal(fit.targets, weak)


def test_the_filter_leaves_out_the_least_repeated_of_each_class() -> None:
    x = np.array([[-9.0], [9.0], [-9.0], [-9.0], [9.0], [9.0], [-9.0], [9.0]])
    weak = 0.8 * np.eye(2)[[0, 0, 0, 0, 1, 1, 1, 1]] + 0.1
    weights = decided(ConsistencyFilter(contamination=0.25, noise=0.1), view_on(x, weak), told(sign))
    assert weights.tolist() == [1, 0, 1, 1, 1, 1, 0, 1]


def test_no_class_is_emptied() -> None:
    x, weak = np.full((12, 1), 9.0), 0.8 * np.eye(2)[[0] * 4 + [1] * 8] + 0.1
    weights = decided(ConsistencyFilter(contamination=0.5), view_on(x, weak), told(sign))
    assert (weights[:4].sum(), weights[4:].sum()) == (2, 4)


def first_is_longer(values: AnyArray) -> FloatArray:
    """Of a pair, the probability that the second is better falls with its length; and class 0 is favoured."""
    longer = np.array([len(a) > len(b) for a, b in values])
    return np.where(longer[:, None], [[0.9, 0.1]], [[0.3, 0.7]])


def test_a_pair_is_shown_both_ways_and_its_answer_turned_back() -> None:
    pairs = np.array([["long long", "short"], ["short", "long long"]], dtype=object)
    weak = np.full((2, 2), 0.5, dtype=np.float32)
    found = decided(ConsistencyRelabel(copies=2, dropout=0), view_on(pairs, weak), told(first_is_longer))
    np.testing.assert_allclose(
        found, [[(0.9 + 0.7) / 2, (0.1 + 0.3) / 2], [(0.3 + 0.1) / 2, (0.7 + 0.9) / 2]], atol=1e-6
    )
    plain = decided(ConsistencyRelabel(copies=2, dropout=0, swap=False), view_on(pairs, weak), told(first_is_longer))
    np.testing.assert_allclose(plain, [[0.9, 0.1], [0.3, 0.7]], atol=1e-6)


def test_a_pair_of_three_classes_is_not_turned() -> None:
    pairs = texts().reshape(25, 2)
    seen: list[AnyArray] = []

    def rule(values: AnyArray) -> FloatArray:
        seen.append(values)
        return np.tile([0.5, 0.3, 0.2], (len(values), 1))

    decided(ConsistencyRelabel(copies=2, dropout=0), view_on(pairs, weak_labels(25)), told(rule))
    np.testing.assert_array_equal(seen[0], np.concatenate([pairs, pairs]))


@pytest.mark.parametrize("part", [ConsistencyFilter(), ConsistencyRelabel()])
def test_the_generator_decides_and_the_students_own_is_untouched(part: ConsistencyFilter) -> None:
    x, gold = blobs(80)
    view = view_on(x, flipped(gold, 3))
    np.testing.assert_array_equal(decided(part, view), decided(part, view))
    drawn = derive(0, "filters")
    next(part.weights(view, told(sign), drawn) if isinstance(part, ConsistencyFilter) else iter(()), None)
    assert drawn.random() == derive(0, "filters").random()
