import numpy as np
import pytest
from paired_simulations import TRUE_PGR, crossed

from w2sg.core.errors import InputError
from w2sg.measure import fieller_limits, pgr_from_accuracies, seed_only_standard_error, t_quantile

STUDENT, WEAK, CEILING = [0.70, 0.72, 0.69, 0.71], [0.60, 0.62, 0.61], [0.80, 0.81]
N_TEST = 1500


def square(group: list[float]) -> float:
    p, size = np.mean(group), len(group)
    between, sampling = np.var(group, ddof=1) / size, p * (1 - p) / N_TEST
    return float(t_quantile(0.95, size - 1) ** 2 * between + t_quantile(0.95, N_TEST - 1) ** 2 * sampling)


def test_interval_is_fieller_with_independent_means() -> None:
    result = pgr_from_accuracies(STUDENT, WEAK, CEILING, N_TEST)
    s, w, c = (float(np.mean(x)) for x in (STUDENT, WEAK, CEILING))
    # squared half-widths: each part of a variance times the squared quantile of its own degrees of freedom
    h_s, h_w, h_c = square(STUDENT), square(WEAK), square(CEILING)
    limits = fieller_limits(s - w, c - w, [[h_s + h_w, h_w], [h_w, h_c + h_w]], 1.0)
    assert limits is not None
    assert (result.low, result.high) == pytest.approx(limits)
    assert result.estimate == pytest.approx((s - w) / (c - w))
    assert (result.n_seeds, result.n_test, result.n_examples) == (4, N_TEST, N_TEST)
    assert "independent" in result.note


def test_degrees_of_freedom_are_satterthwaites() -> None:
    result = pgr_from_accuracies(STUDENT, WEAK, CEILING, N_TEST)
    ratio = result.estimate
    assert ratio is not None
    total = spread = 0.0
    for group, weight in ((STUDENT, 1.0), (WEAK, 1 - ratio), (CEILING, ratio)):
        p, size = float(np.mean(group)), len(group)
        for part, df in ((float(np.var(group, ddof=1)) / size, size - 1), (p * (1 - p) / N_TEST, N_TEST - 1)):
            total += weight**2 * part
            spread += (weight**2 * part) ** 2 / df
    assert result.degrees_of_freedom == pytest.approx(total**2 / spread)


def test_more_seeds_do_not_remove_the_sampling_of_the_test_set() -> None:
    result = pgr_from_accuracies(STUDENT * 1000, WEAK * 1000, CEILING * 1000, N_TEST)
    floor = 2 * 1.95 * np.sqrt(result.student.estimate * (1 - result.student.estimate) / N_TEST)
    assert result.student.high - result.student.low > floor


def test_single_seeds_are_noted() -> None:
    result = pgr_from_accuracies([0.7], WEAK, [0.8], N_TEST)
    assert "one seed of student, ceiling" in result.note


def test_small_gap_is_refused() -> None:
    result = pgr_from_accuracies([0.61, 0.62], [0.60, 0.61], [0.63, 0.64], N_TEST)
    assert result.estimate is None
    assert result.reason is not None
    assert "below the stated minimum 0.05" in result.reason


def test_independence_is_conservative_for_shared_test_examples() -> None:
    """Errors that share difficulty: intervals from accuracies alone hold the truth more often than stated."""
    rng = np.random.default_rng(8)
    hits, repetitions = 0, 300
    for _ in range(repetitions):
        e = crossed(rng, 5, 400, 0.02)
        student, weak, ceiling = ([float(x.mean()) for x in part] for part in (e.student, e.weak, e.ceiling))
        result = pgr_from_accuracies(student, weak, ceiling, 400, minimum_gap=0)
        if result.low is None or result.high is None:
            repetitions -= 1
        else:
            hits += result.low <= TRUE_PGR <= result.high
    assert repetitions > 250
    assert hits / repetitions >= 0.95


def test_seed_only_standard_error_is_the_spread_of_the_ratios() -> None:
    gap = np.mean(CEILING) - np.mean(WEAK)
    ratios = (np.array(STUDENT) - np.mean(WEAK)) / gap
    expected = ratios.std(ddof=1) / 2
    assert seed_only_standard_error(STUDENT, WEAK, CEILING) == pytest.approx(expected)


def test_bad_accuracies_are_refused() -> None:
    with pytest.raises(InputError, match=r"student must hold accuracies as fractions in \[0, 1\]"):
        pgr_from_accuracies([70.0], WEAK, CEILING, N_TEST)
    with pytest.raises(InputError, match="weak must be a non-empty vector"):
        pgr_from_accuracies(STUDENT, [], CEILING, N_TEST)
    with pytest.raises(InputError, match="n_test must be at least 2"):
        pgr_from_accuracies(STUDENT, WEAK, CEILING, 1)
    with pytest.raises(InputError, match="at least two seeds"):
        seed_only_standard_error([0.7], WEAK, CEILING)
    with pytest.raises(InputError, match="gap ceiling - weak must be positive"):
        seed_only_standard_error(STUDENT, CEILING, WEAK)
