"""Contrasts of PGR between settings of a dial: the closed form, and how often the interval holds the truth."""

import numpy as np
import pytest

from w2sg.core import InputError, derive
from w2sg.measure import Paired, accuracies_by_seed, pgr_contrast, t_quantile

SEEDS, REPEATS = 10, 2000
SPREAD = 0.01
"""Standard deviation of an accuracy over seeds; gaps are 0.3."""
COVERAGE_SLACK = 0.02
"""2000 repeats have a standard error of 0.5 %; the jackknife of a ratio may miss the level by a little more."""


def drawn(pgr: float, rng: np.random.Generator) -> np.ndarray:
    truth = np.array([0.6, 0.6 + 0.3 * pgr, 0.9])
    return truth + SPREAD * rng.standard_normal((SEEDS, 3))


def test_accuracies_are_means_by_seed() -> None:
    ids, *correct = (
        tuple(np.array(rows)) for rows in ([[7, 8], [8, 9]], [[0, 1], [0, 0]], [[0, 1], [1, 0]], [[1, 1], [1, 1]])
    )
    evidence = Paired((0, 1), ids, *correct)
    np.testing.assert_array_equal(accuracies_by_seed(evidence), [[0.5, 0.5, 1], [0, 0.5, 1]])


def test_with_one_gap_for_all_the_interval_is_that_of_a_paired_t_test() -> None:
    """Where weak supervisor and ceiling do not vary, PGR is linear in the student and the jackknife exact."""
    rng = derive(0, "paired")
    gains = rng.uniform(0, 0.3, size=(2, 6))
    tables = [np.column_stack([np.full(6, 0.6), 0.6 + gain, np.full(6, 0.9)]) for gain in gains]
    found = pgr_contrast(tables, [-1, 1])
    difference = (gains[1] - gains[0]) / 0.3
    half = t_quantile(0.95, 5) * difference.std(ddof=1) / np.sqrt(6)
    assert found.estimate == pytest.approx(difference.mean())
    assert (found.low, found.high) == pytest.approx((difference.mean() - half, difference.mean() + half))


def test_what_a_seed_does_to_all_settings_alike_cancels() -> None:
    noise = SPREAD * derive(0, "shared").standard_normal((SEEDS, 1))
    tables = [np.array([0.6, student, 0.9]) + noise for student in (0.7, 0.8)]
    found = pgr_contrast(tables, [-1, 1])
    assert found.high - found.low < 1e-10


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng, held = derive(0, "coverage"), 0
    for _ in range(REPEATS):
        found = pgr_contrast([drawn(0.3, rng), drawn(0.5, rng)], [-1, 1])
        held += found.low <= 0.2 <= found.high
    assert abs(held / REPEATS - 0.95) < COVERAGE_SLACK


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([np.ones((2, 3)), np.ones((3, 3))], "settings must have equal seeds and one weight each"),
        ([np.ones((1, 3)), np.ones((1, 3))], "needs at least 2 seeds, got 1"),
        ([np.ones((2, 3)), np.ones((2, 3))], "a mean gap between weak supervisor and ceiling is 0"),
    ],
)
def test_what_has_no_contrast_is_refused(tables: list[np.ndarray], message: str) -> None:
    with pytest.raises(InputError, match=message):
        pgr_contrast(tables, [-1, 1])
