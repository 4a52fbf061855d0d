from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln

from w2sg.core.errors import InputError
from w2sg.measure import anytime_t
from w2sg.measure.intervals import Interval

INTEGRATED = 1e-6


def bayes_factor(x: np.ndarray) -> float:
    """The Bayes factor by integrals: the scale by the right Haar measure, the effect by N(0, 1)."""
    n = len(x)

    def marginal(effect: float) -> float:
        # the integral over the scale, by the substitution u = 1 / scale
        def inside(u: float) -> float:
            return float(u ** (n - 1) * np.exp(-0.5 * np.sum((u * x - effect) ** 2)))

        return quad(inside, 0, 60 / np.abs(x).max(), limit=400)[0]

    mixed = quad(lambda d: marginal(d) * np.exp(-0.5 * d * d) / (2 * np.pi) ** 0.5, -8, 8, limit=200)[0]
    null = 0.5 * np.exp(gammaln(n / 2)) * (2 / np.sum(x**2)) ** (n / 2)
    return float(mixed / null)


def test_the_interval_ends_where_the_bayes_factor_is_one_over_alpha() -> None:
    x = np.random.default_rng(0).normal(1.0, 0.5, 8)
    found = anytime_t(x, 0.9)
    for end in (found.low, found.high):
        assert bayes_factor(x - end) == pytest.approx(10.0, rel=INTEGRATED)


def normal(rng: np.random.Generator) -> np.ndarray:
    return np.asarray(0.02 * rng.normal(size=50))


def few_differ(rng: np.random.Generator) -> np.ndarray:
    """Differences of two students who answer about 6 of 200 test examples differently."""
    return np.asarray((rng.binomial(200, 0.03, 50) - rng.binomial(200, 0.03, 50)) / 200)


@pytest.mark.parametrize("draw", [normal, few_differ])
def test_it_holds_at_all_looks_at_once(draw: Callable[[np.random.Generator], np.ndarray]) -> None:
    rng, n, wrong = np.random.default_rng(3), 600, 0
    for _ in range(n):
        x = draw(rng)
        looks = [anytime_t(x[:k], least_deviation=1 / 200) for k in range(2, 51)]
        wrong += any(not look.low <= 0 <= look.high for look in looks)
    assert wrong / n <= 0.05
    # And a fixed-sample t interval that is looked at as often does not.
    once = 1.96 / 50**0.5
    assert anytime_t(np.tile([-1.0, 1.0], 25)).high > once


def test_scale_and_shift_go_through() -> None:
    x = np.random.default_rng(1).normal(size=12)
    found, moved = anytime_t(x), anytime_t(3 * x + 1)
    assert (moved.low, moved.high) == pytest.approx((3 * found.low + 1, 3 * found.high + 1))


def test_few_values_say_nothing() -> None:
    assert anytime_t([0.3]) == Interval(0.3, -np.inf, np.inf, 0.95, "anytime t")
    assert anytime_t([0.3, 0.4, 0.5]).high == np.inf
    assert np.isfinite(anytime_t([0.3, 0.4, 0.5, 0.4, 0.3]).high)


def test_equal_values_are_not_taken_for_certain() -> None:
    assert anytime_t(np.zeros(10)).high == 0.0
    assert anytime_t(np.zeros(10), least_deviation=0.005).high == pytest.approx(0.005 * 3.8698 / 10**0.5, rel=1e-3)
    with pytest.raises(InputError, match="least_deviation must be at least 0"):
        anytime_t([0.1, 0.2], least_deviation=-1.0)
