import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from w2sg.core.errors import InputError
from w2sg.measure import MeanEstimate, Part, fieller_limits, ratio_interval

NORMAL_95 = 1.959963984540054
# brentq stops within about 1e-12; the closed form loses some digits where the limits are far out.
ROOT_TOLERANCE = 1e-8


@settings(deadline=None)
@given(
    numerator=st.floats(-1, 1),
    sd_n=st.floats(0.01, 0.2),
    sd_d=st.floats(0.01, 0.2),
    rho=st.floats(-0.95, 0.95),
)
def test_limits_are_where_the_contrast_is_just_significant(
    numerator: float, sd_n: float, sd_d: float, rho: float
) -> None:
    denominator = 0.5
    cov = rho * sd_n * sd_d
    limits = fieller_limits(numerator, denominator, [[sd_n**2, cov], [cov, sd_d**2]], NORMAL_95)
    assert limits is not None
    ratio = numerator / denominator

    def excess(r: float) -> float:
        variance = sd_n**2 - 2 * r * cov + r * r * sd_d**2
        return float((numerator - r * denominator) ** 2 - NORMAL_95**2 * variance)

    assert limits[0] <= ratio <= limits[1]
    for end, outward in ((limits[0], -1), (limits[1], 1)):
        assert excess(ratio) < 0 < excess(ratio + outward * 1e6)
        root = brentq(excess, ratio, ratio + outward * 1e6, xtol=1e-12)
        assert end == pytest.approx(root, rel=ROOT_TOLERANCE, abs=ROOT_TOLERANCE)


def test_a_certain_denominator_gives_a_scaled_t_interval() -> None:
    limits = fieller_limits(0.3, 2.0, [[0.04, 0.0], [0.0, 0.0]], 2.0)
    assert limits == pytest.approx(((0.3 - 0.4) / 2, (0.3 + 0.4) / 2))


def test_an_uncertain_denominator_gives_none() -> None:
    assert fieller_limits(0.3, 0.1, [[0.01, 0.0], [0.0, 0.01]], 2.0) is None


def test_coverage_for_a_bivariate_normal_ratio() -> None:
    """20000 repetitions: the standard error of the coverage is 0.0015; four of them are allowed."""
    rng = np.random.default_rng(5)
    cov = np.array([[0.03**2, 0.5 * 0.03 * 0.04], [0.5 * 0.03 * 0.04, 0.04**2]])
    draws = rng.multivariate_normal([0.12, 0.15], cov, size=20_000)
    hits = 0
    for top, bottom in draws:
        limits = fieller_limits(top, bottom, cov, NORMAL_95)
        # An unbounded set holds the truth unless it is the complement of an interval that does.
        hits += (
            limits[0] <= 0.8 <= limits[1]
            if limits
            else (top - 0.8 * bottom) ** 2 <= NORMAL_95**2 * np.array([1, -0.8]) @ cov @ np.array([1, -0.8])
        )
    assert abs(hits / 20_000 - 0.95) < 4 * 0.0015


def test_ratio_interval_uses_the_degrees_of_freedom_of_its_contrast() -> None:
    parts = (Part(np.diag([0.01, 0.0]), 4), Part(np.diag([0.0, 0.0001]), 1000))
    interval, df = ratio_interval(MeanEstimate(np.array([1.0, 2.0]), parts), [1, 0], [0, 1])
    assert df == pytest.approx((0.01 + 0.25e-4) ** 2 / (0.01**2 / 4 + 0.25e-4**2 / 1000))
    assert interval is not None
    assert interval.method == "fieller"
    assert interval.estimate == 0.5


def test_bad_ratios_are_refused() -> None:
    with pytest.raises(InputError, match=r"shape \(2, 2\), got \(1, 1\)"):
        fieller_limits(1, 1, [[1.0]], 2)
    with pytest.raises(InputError, match="the denominator of the ratio is 0"):
        ratio_interval(MeanEstimate(np.array([1.0, 0.0]), (Part(np.eye(2), 5),)), [1, 0], [0, 1])
