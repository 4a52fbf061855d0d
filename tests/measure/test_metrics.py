import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

from w2sg.core.errors import InputError
from w2sg.measure import (
    accuracy,
    agreement,
    auroc,
    balanced_accuracy,
    breakdown,
    difficulty_bins,
    errors_copied,
    expected_calibration_error,
    rms_calibration_error,
)

# Sums of a few hundred float64 terms in another order.
ROUNDING = 1e-12


def two_columns(score: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.stack([1 - score, score], axis=1)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_accuracies_agree_with_sklearn(rng: np.random.Generator) -> None:
    gold, predicted = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    assert accuracy(predicted, gold) == pytest.approx(sk.accuracy_score(gold, predicted), abs=ROUNDING)
    assert agreement(predicted, gold) == accuracy(predicted, gold)
    expected = sk.balanced_accuracy_score(gold, predicted)
    assert balanced_accuracy(predicted, gold) == pytest.approx(expected, abs=ROUNDING)


def test_balanced_accuracy_averages_over_classes_present_in_gold() -> None:
    assert balanced_accuracy([0, 0, 2, 2], [0, 0, 1, 1]) == 0.5


@pytest.mark.parametrize("decimals", [1, 12])  # one decimal: many ties
def test_binary_auroc_agrees_with_sklearn(rng: np.random.Generator, decimals: int) -> None:
    gold = rng.integers(0, 2, 300)
    score = np.round(np.clip(0.3 * gold + rng.random(300), 0, 1), decimals)
    assert auroc(two_columns(score), gold) == pytest.approx(sk.roc_auc_score(gold, score), abs=ROUNDING)


def test_macro_auroc_agrees_with_sklearn(rng: np.random.Generator) -> None:
    gold = rng.integers(0, 3, 300)
    probabilities = rng.dirichlet([1.0, 1.0, 1.0], 300)
    expected = sk.roc_auc_score(gold, probabilities, multi_class="ovr")
    assert auroc(probabilities, gold) == pytest.approx(expected, abs=ROUNDING)


def test_macro_auroc_leaves_out_absent_classes(rng: np.random.Generator) -> None:
    gold = rng.integers(0, 2, 100)
    probabilities = rng.dirichlet([1.0, 1.0, 1.0], 100)
    expected = np.mean([sk.roc_auc_score(gold == c, probabilities[:, c]) for c in (0, 1)])
    assert auroc(probabilities, gold) == pytest.approx(expected, abs=ROUNDING)


def test_auroc_of_one_class_is_undefined() -> None:
    assert auroc([[0.2, 0.8], [0.5, 0.5]], [1, 1]) is None


labelled_scores = st.lists(st.tuples(st.integers(1, 99), st.booleans()), min_size=2, max_size=30)


@given(labelled_scores)
def test_auroc_is_invariant_under_increasing_maps_and_turns_with_the_labels(rows: list[tuple[int, bool]]) -> None:
    score = np.array([row[0] for row in rows]) / 100
    gold = np.array([int(row[1]) for row in rows])
    area = auroc(two_columns(score), gold)
    assert auroc(two_columns(score**2), gold) == area
    if area is None:
        assert len(set(gold)) == 1
    else:
        assert auroc(two_columns(score), 1 - gold) == pytest.approx(1 - area, abs=ROUNDING)


@given(st.floats(0, 1), st.lists(st.booleans(), min_size=1, max_size=20))
def test_a_constant_score_has_area_one_half(score: float, tail: list[bool]) -> None:
    gold = [0, 1, *map(int, tail)]
    assert auroc(two_columns(np.full(len(gold), score)), gold) == 0.5


def test_calibration_error_of_closed_forms() -> None:
    sure = [[1.0, 0.0]] * 10
    assert expected_calibration_error(sure, [0] * 10) == 0
    assert expected_calibration_error(sure, [1] * 10) == 1
    assert expected_calibration_error(sure, [0] * 7 + [1] * 3) == pytest.approx(0.3, abs=ROUNDING)


def test_calibration_error_agrees_with_its_definition(rng: np.random.Generator) -> None:
    probabilities, gold = rng.dirichlet([1.0, 1.0, 1.0], 400), rng.integers(0, 3, 400)
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == gold
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (top > low) & (top <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(top[inside].mean() - right[inside].mean())
    assert expected_calibration_error(probabilities, gold) == pytest.approx(expected, abs=ROUNDING)


def test_squared_calibration_error_of_closed_forms_and_by_its_definition(rng: np.random.Generator) -> None:
    sure = [[1.0, 0.0]] * 10
    assert rms_calibration_error(sure, [0] * 10) == 0
    assert rms_calibration_error(sure, [0] * 7 + [1] * 3) == pytest.approx(0.3, abs=ROUNDING)
    # Two bins of half the examples each, off by .1 and by .5.
    halves = [[0.9, 0.1]] * 10 + [[0.6, 0.4]] * 10
    gold = [0] * 8 + [1] * 2 + [0] * 1 + [1] * 9
    assert rms_calibration_error(halves, gold) == pytest.approx(((0.1**2 + 0.5**2) / 2) ** 0.5, abs=ROUNDING)
    assert expected_calibration_error(halves, gold) == pytest.approx(0.3, abs=ROUNDING)
    probabilities, classes = rng.dirichlet([1.0, 1.0, 1.0], 400), rng.integers(0, 3, 400)
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == classes
    squared = 0.0
    for low in np.arange(15) / 15:
        inside = (top > low) & (top <= low + 1 / 15)
        if inside.any():
            squared += inside.mean() * (top[inside].mean() - right[inside].mean()) ** 2
    assert rms_calibration_error(probabilities, classes) == pytest.approx(squared**0.5, abs=ROUNDING)
    with pytest.raises(InputError, match="n_bins must be at least 1, got 0"):
        rms_calibration_error(sure, [0] * 10, n_bins=0)


def test_errors_copied_counts_the_same_wrong_class_only() -> None:
    gold, weak = [0, 0, 0, 0], [0, 1, 1, 2]
    assert errors_copied(weak, weak, gold) == 1
    assert errors_copied(gold, weak, gold) == 0
    assert errors_copied([1, 1, 2, 2], weak, gold) == pytest.approx(2 / 3)
    assert errors_copied([1, 1, 1, 1], gold, gold) is None


def test_breakdown_weighs_back_to_the_accuracy(rng: np.random.Generator) -> None:
    correct, groups = rng.random(100) < 0.7, rng.choice(["a", "b", "c"], 100)
    parts = breakdown(correct, groups)
    assert list(parts) == ["a", "b", "c"]
    assert sum(part.n for part in parts.values()) == 100
    assert sum(part.n * part.accuracy for part in parts.values()) == pytest.approx(correct.sum(), abs=1e-9)


def test_difficulty_bins_are_quantiles_and_keep_ties_together(rng: np.random.Generator) -> None:
    difficulty = rng.normal(size=1000)
    bins = difficulty_bins(difficulty)
    assert np.bincount(bins).tolist() == [250, 250, 250, 250]
    assert (np.diff(bins[np.argsort(difficulty)]) >= 0).all()
    assert len(set(difficulty_bins([1.0] * 9 + [5.0])[:9])) == 1


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        ([[0.5, 0.6]], "must sum to 1 within 0.001, the worst is off by 0.1"),
        ([[-0.5, 1.5]], r"must lie in \[0, 1\], got values in \[-0.5, 1.5\]; apply soft-max"),
        ([[np.nan, 1.0]], "must be finite, got 1 NaN"),
        ([0.5, 0.5], r"must have shape \(n, k\)"),
        ([[1.0]], r"k >= 2, got \(1, 1\)"),
        ([[0.5, 0.5], [0.5, 0.5]], "one length; got probabilities 2, gold 1"),
    ],
)
def test_bad_probabilities_are_refused(probabilities: list[list[float]], message: str) -> None:
    for metric in (auroc, expected_calibration_error):
        with pytest.raises(InputError, match=message):
            metric(probabilities, [0])


def test_bad_classes_are_refused() -> None:
    with pytest.raises(InputError, match="gold must be a non-empty vector"):
        accuracy([1], [])
    with pytest.raises(InputError, match="got predictions 2, gold 1"):
        accuracy([1, 0], [1])
    with pytest.raises(InputError, match="take argmax of probabilities first"):
        accuracy([0.3, 0.7], [0, 1])
    with pytest.raises(InputError, match=r"classes 0..1 \(columns of probabilities\), got 2..2"):
        auroc([[0.5, 0.5]], [2])
    with pytest.raises(InputError, match="correct or not"):
        breakdown([0, 2], ["a", "b"])
    with pytest.raises(InputError, match="labels must not be NaN"):
        breakdown([0, 1], np.array([np.nan, 1.0]))
    with pytest.raises(InputError, match="n_bins must be at least 1"):
        difficulty_bins([1.0], n_bins=0)
