import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t, ttest_1samp

from w2sg.core.errors import InputError
from w2sg.measure import pooled_by_unit, random_effects

SOLVED = 1e-6
"""Both solve the same equation for the variance between units by iteration."""
ROUNDING = 1e-9
DRAWN = 3
"""Standard errors of a simulated share."""

EFFECTS = np.array([0.031, -0.012, 0.084, 0.022, 0.055, -0.002, 0.013])
VARIANCES = np.array([0.0004, 0.0001, 0.0009, 0.0002, 0.0003, 0.0001, 0.0005])


def test_the_model_is_that_of_statsmodels() -> None:
    meta = pytest.importorskip("statsmodels.stats.meta_analysis")
    expected = meta.combine_effects(EFFECTS, VARIANCES, method_re="iterated", use_t=True, atol=1e-12)
    found = random_effects(EFFECTS, VARIANCES)
    assert expected.tau2 > 0
    assert found.between is not None
    assert found.between**2 == pytest.approx(expected.tau2, rel=SOLVED)
    assert found.estimate == pytest.approx(expected.mean_effect_re, rel=SOLVED)
    assert found.standard_error == pytest.approx(expected.sd_eff_w_re_hksj, rel=SOLVED)


def test_known_effects_are_students_t() -> None:
    expected = ttest_1samp(EFFECTS, 0.0)
    low, high = expected.confidence_interval(0.9)
    found = random_effects(EFFECTS, np.zeros(7), level=0.9)
    assert found.mean is not None
    assert (found.mean.low, found.mean.high) == pytest.approx((low, high), abs=ROUNDING)
    assert found.p_value == pytest.approx(float(expected.pvalue))
    assert found.between == pytest.approx(EFFECTS.std(ddof=1))
    assert found.shrunken == pytest.approx(EFFECTS, abs=1e-7)


def test_equal_effects_are_weighed_by_their_variances() -> None:
    close = 0.02 + 0.1 * VARIANCES**0.5 * np.array([1, -1, 1, -1, 1, -1, 0])
    found = random_effects(close, VARIANCES)
    weights = 1 / VARIANCES
    assert found.between == 0.0
    assert found.estimate == pytest.approx(float(weights @ close / weights.sum()))
    # They agree better than chance would let them: the interval is not narrower for it.
    assert found.standard_error == pytest.approx(weights.sum() ** -0.5)
    assert found.shrunken == pytest.approx(np.full(7, found.estimate))


def test_what_is_said_of_a_new_unit() -> None:
    found = random_effects(EFFECTS, VARIANCES)
    assert found.between is not None
    assert found.prediction is not None
    spread = (found.between**2 + found.standard_error**2) ** 0.5
    assert found.prediction.high == pytest.approx(found.estimate + t.ppf(0.975, 5) * spread)
    assert found.probability_above == pytest.approx(float(t.cdf(found.estimate / spread, 5)))
    two = random_effects(EFFECTS[:2], VARIANCES[:2])
    assert (two.prediction, two.probability_above) == (None, None)
    assert two.mean is not None
    one = random_effects(EFFECTS[:1], VARIANCES[:1])
    assert (one.mean, one.p_value, one.between, one.equivalence_p(0.01)) == (None, None, None, None)


def test_equivalence_is_two_one_sided_tests() -> None:
    found = random_effects(EFFECTS, VARIANCES)
    # The larger p-value of the two: of a mean of at most -.03, and of one of at least .03.
    below = ttest_of(found.estimate + 0.03, found.standard_error)
    above = ttest_of(0.03 - found.estimate, found.standard_error)
    assert found.equivalence_p(0.03) == pytest.approx(max(below, above))
    assert (found.equivalence_p(1.0) or 0.0) < 1e-6
    with pytest.raises(InputError, match="margin must be above 0"):
        found.equivalence_p(0.0)


def ttest_of(estimate: float, error: float) -> float:
    return float(t.sf(estimate / error, 6))


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(1e-6, 1)), min_size=2, max_size=8),
    st.floats(0.1, 10),
    st.floats(-1, 1),
)
def test_scale_and_shift_go_through(rows: list[tuple[float, float]], scale: float, shift: float) -> None:
    y, v = np.array(rows).T
    plain, moved = random_effects(y, v), random_effects(scale * y + shift, scale**2 * v)
    assert plain.between is not None
    assert moved.between == pytest.approx(scale * plain.between, abs=1e-4)
    assert moved.estimate == pytest.approx(scale * plain.estimate + shift, abs=1e-4)
    assert min(y) - ROUNDING <= plain.estimate <= max(y) + ROUNDING
    # Shrinking never passes the mean.
    assert np.all(np.abs(plain.shrunken - plain.estimate) <= np.abs(y - plain.estimate) + ROUNDING)


def test_the_variance_of_a_unit_holds_whatever_its_tasks_share() -> None:
    effects, variances = pooled_by_unit([0.1, 0.3, 0.5], [0.01, 0.04, 0.09], [0, 1, 0])
    assert effects == pytest.approx([0.3, 0.3])
    assert variances == pytest.approx([((0.1 + 0.3) / 2) ** 2, 0.04])
    rng = np.random.default_rng(0)
    for shared in (0.0, 0.5, 1.0):
        noise = np.sqrt(shared) * rng.normal(size=(4000, 1)) + np.sqrt(1 - shared) * rng.normal(size=(4000, 3))
        _, bound = pooled_by_unit(np.zeros(3), np.ones(3), [0, 0, 0])
        assert noise.mean(axis=1).var() <= bound[0] * 1.1


@pytest.mark.parametrize("units", [5, 12])
def test_intervals_and_predictions_hold_where_effects_are_normal(units: int) -> None:
    rng, held, met, n = np.random.default_rng(units), 0, 0, 600
    for _ in range(n):
        variances = rng.uniform(0.002, 0.012, units) ** 2
        found = random_effects(0.02 * rng.normal(size=units) + rng.normal(size=units) * variances**0.5, variances)
        assert found.mean is not None
        assert found.prediction is not None
        held += found.mean.low <= 0 <= found.mean.high
        met += found.prediction.low <= 0.02 * rng.normal() <= found.prediction.high
    error = (0.05 * 0.95 / n) ** 0.5
    assert held / n >= 0.95 - DRAWN * error
    assert met / n >= 0.95 - DRAWN * error - 0.01  # Higgins et al.: slightly low for few units


def test_probabilities_of_new_units_are_calibrated_on_average() -> None:
    rng, claimed, happened, n = np.random.default_rng(5), 0.0, 0.0, 600
    for _ in range(n):
        center = 0.02 * rng.normal()
        found = random_effects(center + 0.02 * rng.normal(size=10), np.full(10, 0.0001))
        claimed += found.probability_above or 0.0
        happened += norm.cdf(center / 0.02)
    assert claimed / n == pytest.approx(happened / n, abs=0.03)


def test_bad_input_is_said() -> None:
    with pytest.raises(InputError, match="variances must be at least 0, got -1"):
        random_effects([0.1, 0.2], [1.0, -1.0])
    with pytest.raises(InputError, match="effects"):
        random_effects([0.1, np.nan], [1.0, 1.0])
    with pytest.raises(InputError, match="length"):
        random_effects([0.1], [1.0, 1.0])
    with pytest.raises(InputError, match="level must lie strictly between 0 and 1"):
        random_effects([0.1, 0.3], [1.0, 1.0], level=1.0)
