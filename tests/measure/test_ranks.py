import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import friedmanchisquare, rankdata

from w2sg.core.errors import InputError
from w2sg.measure import average_ranks, friedman, signed_rank_p, task_ranks

PRINTED = 5e-4
"""Demsar's tables are printed with three decimals."""
ROUNDING = 1e-9

# AUC of C4.5 (plain, m, cf, m + cf) on 14 tasks: Demsar 2006, table 6. Its ranks tell two methods apart that are both
# printed as .975.
DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)


def test_demsars_example() -> None:
    assert average_ranks(DEMSAR) == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=PRINTED)
    found = friedman(DEMSAR)
    middle = 12 * 14 / (4 * 5) * (np.sum(average_ranks(DEMSAR) ** 2) - 4 * 25 / 4)
    assert middle == pytest.approx(9.28, abs=0.005)  # printed without the correction for ties
    assert found.chi_square > middle
    uncorrected = 13 * middle / (14 * 3 - middle)
    assert uncorrected == pytest.approx(3.69, abs=0.005)
    assert found.f > uncorrected
    assert found.f_p < 0.05


def test_friedman_is_scipys_with_and_without_ties() -> None:
    rng = np.random.default_rng(0)
    for decimals in (1, 8):
        scores = np.round(rng.random((12, 6)), decimals)
        expected = friedmanchisquare(*scores.T)
        found = friedman(scores)
        assert found.chi_square == pytest.approx(float(expected.statistic), abs=ROUNDING)
        assert found.chi_square_p == pytest.approx(float(expected.pvalue), abs=ROUNDING)
        assert found.note == ""


@given(st.lists(st.lists(st.integers(0, 4), min_size=5, max_size=5), min_size=1, max_size=8))
def test_ranks_are_scipys_and_of_constant_sum(rows: list[list[int]]) -> None:
    found = task_ranks(rows)
    assert found.sum(axis=1) == pytest.approx(15.0)
    assert np.array_equal(found, np.stack([rankdata([-value for value in row]) for row in rows]))


def test_last_bits_do_not_break_ties() -> None:
    assert task_ranks([[0.1 + 0.2, 0.3]]).tolist() == [[1.5, 1.5]]


def test_f_keeps_its_size_where_nothing_differs() -> None:
    rng = np.random.default_rng(1)
    rejected = np.mean([friedman(rng.random((8, 5))).f_p < 0.05 for _ in range(2000)])
    assert rejected == pytest.approx(0.05, abs=0.015)  # three standard errors of 2,000 repetitions


def test_extremes() -> None:
    alike = friedman([[3.0, 2.0, 1.0]] * 4)
    assert alike.chi_square == pytest.approx(8.0)
    assert (alike.f, alike.f_p) == (np.inf, 0.0)
    assert "rough for so few" in alike.note
    tied = friedman([[1.0, 1.0]] * 3)
    assert (tied.chi_square, tied.chi_square_p, tied.f, tied.f_p) == (0.0, 1.0, 0.0, 1.0)


def test_signed_ranks() -> None:
    assert signed_rank_p([0.1, 0.2, 0.05, 0.3, 0.15, 0.4]) == pytest.approx(2 / 2**6)
    assert signed_rank_p([0.1, 0.2, 0.0, 0.05, 0.3, 0.15, 0.4, 0.0]) == pytest.approx(2 / 2**6)
    assert signed_rank_p([0.0, 1e-15]) == 1.0
    # C4.5 with and without m: Demsar rejects at .05 (section 3.1.3).
    assert signed_rank_p(DEMSAR[:, 1] - DEMSAR[:, 0]) < 0.05


def test_bad_input_is_said() -> None:
    with pytest.raises(InputError, match="needs at least 2 tasks and 2 methods, got 1 and 3"):
        friedman([[1.0, 2.0, 3.0]])
    with pytest.raises(InputError, match=r"shape \(n_tasks, n_methods\), got \(2,\)"):
        average_ranks([1.0, 2.0])
    with pytest.raises(InputError, match="leave out methods that not every task has"):
        task_ranks([[1.0, np.nan]])
    with pytest.raises(InputError, match="effects must"):
        signed_rank_p([np.nan])
