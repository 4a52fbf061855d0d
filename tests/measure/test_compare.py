import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paired_simulations import compare, crossed, nested
from scipy.stats import ttest_1samp, ttest_rel

from w2sg.core.errors import InputError
from w2sg.measure import clustered_mean, compare_all, fieller_limits, holm, t_quantile

ROUNDING = 1e-12


def test_one_seed_is_the_paired_t_test() -> None:
    evidence = crossed(np.random.default_rng(0), 1, 300, 0.0)
    other = evidence.ceiling
    result = compare(evidence, other)
    expected = ttest_rel(other[0].astype(float), evidence.student[0].astype(float))
    assert result.p_value == pytest.approx(float(expected.pvalue))
    assert "one seed" in result.note


def test_fresh_examples_give_the_t_test_of_seed_differences() -> None:
    evidence = nested(np.random.default_rng(1), 6, 400, 0.05)
    result = compare(evidence, evidence.ceiling)
    per_seed = [c.mean() - s.mean() for c, s in zip(evidence.ceiling, evidence.student, strict=True)]
    expected = ttest_1samp(per_seed, 0.0)
    assert result.p_value == pytest.approx(float(expected.pvalue), rel=1e-6)
    assert result.difference.estimate == pytest.approx(np.mean(per_seed))
    assert result.degrees_of_freedom == pytest.approx(5)


def test_swapping_students_turns_the_sign() -> None:
    evidence = crossed(np.random.default_rng(2), 5, 200, 0.02)
    there, back = compare(evidence, evidence.weak), compare(evidence.with_student(evidence.weak), evidence.student)
    assert there.difference.estimate == pytest.approx(-back.difference.estimate)
    assert there.difference.low == pytest.approx(-back.difference.high)
    assert there.p_value == pytest.approx(back.p_value)


def test_the_same_student_does_not_differ() -> None:
    evidence = crossed(np.random.default_rng(3), 4, 200, 0.02)
    result = compare(evidence, evidence.student)
    # no example of a difference was seen in 200: as if one had been, of either sign, among 202
    half = t_quantile(0.95, 199) / 202
    assert (result.difference.low, result.difference.high) == pytest.approx((-half, half))
    assert result.p_value == 1.0


def test_pgr_units_are_fieller_over_the_gap() -> None:
    evidence = crossed(np.random.default_rng(4), 1, 2000, 0.0)
    result = compare(evidence, evidence.ceiling)
    gap = evidence.ceiling[0] - evidence.weak[0].astype(float)
    more = evidence.ceiling[0] - evidence.student[0].astype(float)
    limits = fieller_limits(more.mean(), gap.mean(), np.cov(more, gap) / 2000, t_quantile(0.95, 1999))
    assert result.pgr_difference is not None
    assert (result.pgr_difference.low, result.pgr_difference.high) == pytest.approx(limits)


def test_small_gaps_leave_the_difference_of_accuracies() -> None:
    evidence = crossed(np.random.default_rng(5), 3, 60, 0.02)
    result = compare(evidence, evidence.ceiling, minimum_gap=0.5)
    assert result.pgr_difference is None
    assert result.reason is not None
    assert "below the stated minimum 0.5" in result.reason


def test_difference_is_the_clustered_mean_of_differences() -> None:
    evidence = crossed(np.random.default_rng(6), 5, 200, 0.02)
    result = compare(evidence, evidence.weak, level=0.9)
    records = np.concatenate(evidence.weak).astype(float) - np.concatenate(evidence.student)
    alone = clustered_mean(records, np.repeat(np.arange(5), 200), np.concatenate(evidence.ids)).interval([1.0], 0.9)
    assert result.difference.low == pytest.approx(alone.low)
    assert result.difference.high == pytest.approx(alone.high)


def test_all_comparisons_are_adjusted_together() -> None:
    evidence = crossed(np.random.default_rng(7), 4, 300, 0.02)
    results = compare_all(evidence, {"weak": evidence.weak, "ceiling": evidence.ceiling, "same": evidence.student})
    assert list(results) == ["weak", "ceiling", "same"]
    expected = holm([one.p_value for one in results.values()])
    assert [one.p_adjusted for one in results.values()] == expected.tolist()
    assert all(one.name == name for name, one in results.items())
    assert results["same"].n_examples == 300


def test_false_alarms_are_at_the_level() -> None:
    """Two students of equal accuracy: p < 0.05 in 5 % of 400 repetitions, four standard errors of 0.011 allowed."""
    rng = np.random.default_rng(8)
    alarms = 0
    for _ in range(400):
        evidence = crossed(rng, 8, 200, 0.03, (0.6, 0.7, 0.7))
        alarms += compare(evidence, evidence.ceiling).p_value < 0.05
    assert 0.05 - 4 * 0.011 <= alarms / 400 <= 0.05 + 4 * 0.011


def test_holm_by_hand() -> None:
    """Sorted .005 .01 .03 .04 times 4 3 2 1 is .02 .03 .06 .04, whose running maximum is .02 .03 .06 .06."""
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02], rtol=ROUNDING)
    assert holm([0.6, 0.7]).tolist() == [1.0, 1.0]
    assert holm([0.3]).tolist() == [0.3]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_raw_and_bonferroni_and_keeps_order(p_values: list[float]) -> None:
    p, adjusted = np.array(p_values), holm(p_values)
    assert (adjusted >= p - ROUNDING).all()
    assert (adjusted <= np.minimum(1, p * len(p)) + ROUNDING).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()


def test_bad_comparisons_are_refused() -> None:
    evidence = crossed(np.random.default_rng(9), 2, 50, 0.0)
    with pytest.raises(InputError, match=r"student must have one array per seed \(2\), got 1"):
        compare(evidence, evidence.student[:1])
    with pytest.raises(InputError, match="others must name at least one student"):
        compare_all(evidence, {})
    with pytest.raises(InputError, match=r"p_values must lie in \[0, 1\]"):
        holm([0.5, 1.5])
    with pytest.raises(InputError, match="p_values must be finite"):
        holm([float("nan")])
