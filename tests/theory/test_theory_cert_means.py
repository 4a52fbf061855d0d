"""Bounds on a mean: published and recomputed numbers, and what every bound must keep."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2sg import measure
from w2sg.core import derive, registry
from w2sg.core.errors import InputError
from w2sg.measure.bounds.certifier import largest
from w2sg.theory import certified_mean

NAMES = ("clopper-pearson", "hoeffding", "chernoff-kl", "maurer-pontil", "betting")
MADE: dict[str, measure.Certifier] = {
    "clopper-pearson": measure.ClopperPearson(),
    "clopper-pearson pool": measure.ClopperPearson(without_replacement_of=40),
    "hoeffding": measure.Hoeffding(),
    "chernoff-kl": measure.ChernoffKl(),
    "maurer-pontil": measure.MaurerPontil(),
    "betting": measure.Betting(),
    "betting horizon": measure.Betting(horizon=30),
    "betting pool": measure.Betting(without_replacement_of=40),
}
every = pytest.mark.parametrize("bound", MADE.values(), ids=MADE)
flags = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=40)
deltas = st.floats(1e-6, 0.9)


def ones(k: int, n: int) -> np.ndarray:
    return (np.arange(n) < k).astype(float)


def test_the_registry_has_them() -> None:
    assert set(NAMES) <= set(registry.names("certifiers"))
    for name in NAMES:
        made = registry.build("certifiers", name)
        assert isinstance(made, measure.Certifier)
        assert made.assumptions
    assert registry.lookup("certifiers", "betting").paper == "2010.09686"


EXPECTED = {
    (5, 100): {"clopper-pearson": 0.1023, "hoeffding": 0.1724, "chernoff-kl": 0.1215, "maurer-pontil": 0.1964},
    (50, 1000): {"clopper-pearson": 0.0629, "hoeffding": 0.0887, "chernoff-kl": 0.0687, "maurer-pontil": 0.0773},
}


@pytest.mark.parametrize(("k", "n"), EXPECTED)
def test_expected_upper_bounds(k: int, n: int) -> None:
    for name, expected in EXPECTED[k, n].items():
        assert MADE[name].high(ones(k, n), 0.05) == pytest.approx(expected, abs=6e-5), name


@pytest.mark.parametrize(("k", "n", "ends"), [(5, 100, (0.01643, 0.11283)), (50, 1000, (0.03734, 0.06539))])
def test_expected_exact_interval(k: int, n: int, ends: tuple[float, float]) -> None:
    found = measure.ClopperPearson().interval(ones(k, n), 0.05)
    assert (found.low, found.high) == pytest.approx(ends, abs=6e-6)
    other = measure.exact_interval(k, n, 0.95)
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=1e-12)
    assert (found.estimate, found.level) == pytest.approx((other.estimate, other.level))


@pytest.mark.parametrize(("k", "n", "expected", "orders_error"), [(5, 100, 0.115, 0.0019), (50, 1000, 0.066, 0.0009)])
def test_expected_betting_bounds(k: int, n: int, expected: float, orders_error: float) -> None:
    """The target is a mean over 20 orders of the sample, ours over 200: three standard errors of the former."""
    orders = derive(0, "orders").permuted(np.tile(ones(k, n), (200, 1)), axis=1)
    found = measure.Betting(horizon=n).highs(orders, 0.05)
    assert found.std() / math.sqrt(20) == pytest.approx(orders_error, rel=0.15)
    assert found.mean() == pytest.approx(expected, abs=3 * orders_error)


@pytest.mark.parametrize(
    ("rate", "expected"), [(0.02, (0.0447, 0.1065, 0.0534, 0.0890)), (0.1, (0.1415, 0.1863, 0.1591, 0.2004))]
)
def test_expected_means_of_200_labels(rate: float, expected: tuple[float, ...]) -> None:
    found = [MADE[name].expected_high(200, 0.05, rate) for name in NAMES[:4]]
    assert found == pytest.approx(expected, abs=5e-4)  # the targets are means of a simulation


def by_hand(x: np.ndarray, delta: float, m: float, pool: int | None, horizon: int | None, cap: float = 0.5) -> float:
    """The largest log-capital of a gambler who bets that the mean is below m, in plain arithmetic."""
    best = wealth = 0.0
    drawn = 0.0
    mean, spread = 0.5, 0.25
    centre: list[float] = []
    for i, value in enumerate(x, 1):
        left = m if pool is None else (pool * m - drawn) / (pool - i + 1)
        if left > 1:
            return math.inf
        time = i * math.log(i + 1) if horizon is None else horizon
        bet = math.sqrt(2 * math.log(1 / delta) / (spread * time))
        bet = min(bet, cap / (1 - left)) if left < 1 else bet
        wealth += math.log(1 + bet * (left - value))
        best = max(best, wealth)
        drawn += value
        mean = (0.5 + drawn) / (i + 1)
        centre.append((value - mean) ** 2)
        spread = (0.25 + sum(centre)) / (i + 1)
    return best


@settings(max_examples=60)
@given(
    st.lists(st.floats(0, 1, width=16), min_size=1, max_size=30),
    st.floats(0.01, 0.3),
    st.sampled_from([None, 30, 50]),
    st.sampled_from([None, 10, 100]),
)
def test_betting_is_the_gambler(values: list[float], delta: float, pool: int | None, horizon: int | None) -> None:
    x = np.array(values)
    bound = measure.Betting(horizon=horizon, without_replacement_of=pool)
    upper = bound.high(x, delta)
    log = math.log(1 / delta)
    top = 1.0 if pool is None else (x.sum() + pool - len(x)) / pool
    assert upper <= top + 1e-12
    if upper < top - 1e-6:
        assert by_hand(x, delta, upper + 1e-7, pool, horizon) >= log - 1e-4
    if upper > x.mean() + 1e-6:  # unlucky bets may exclude the sample's own mean, and then the mean is the bound
        assert by_hand(x, delta, max(upper - 1e-7, 0.0), pool, horizon) < log + 1e-4


@every
@given(flags, deltas)
def test_bounds_hold_the_mean_and_mirror(bound: measure.Certifier, values: list[float], delta: float) -> None:
    x = np.array(values)
    both = bound.interval(x, delta)
    low, high = both.low, both.high
    assert 0 <= low <= x.mean() + 1e-7
    assert x.mean() - 1e-7 <= high <= 1
    assert bound.low(1 - x, delta / 2) == pytest.approx(1 - high, abs=1e-12)
    scaled = bound.high(3 * x - 1, delta / 2, (-1.0, 2.0))
    assert scaled == pytest.approx(3 * high - 1, abs=1e-6)
    if "pool" in str(bound) and len(x) == 40:
        assert low == pytest.approx(x.mean())
        assert high == pytest.approx(x.mean())


@every
def test_less_delta_is_a_wider_interval_and_more_labels_a_narrower(bound: measure.Certifier) -> None:
    x = np.tile([0.0, 1, 0, 0], 10)
    uppers = [bound.high(x, delta) for delta in (0.3, 0.1, 0.01, 1e-6)]
    assert uppers == sorted(uppers)
    lengths = [bound.high(x[:n], 0.05) for n in (4, 12, 40)]
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize("name", NAMES)
def test_planning_finds_the_least_number(name: str) -> None:
    bound = MADE[name]
    n = bound.required_labels(0.05, 0.05, 0.1)
    assert bound.expected_high(n, 0.05, 0.1) <= 0.15 < bound.expected_high(n - 1, 0.05, 0.1)
    assert bound.required_labels(0.02, 0.05, 0.1) > n > bound.required_labels(0.1, 0.05, 0.1)


def test_planning_in_numbers() -> None:
    needed = {name: MADE[name].required_labels(0.02, 0.05, 0.05) for name in NAMES}
    assert needed["hoeffding"] == math.ceil(math.log(20) / (2 * 0.02**2))
    assert needed["clopper-pearson"] < needed["betting"] < needed["chernoff-kl"] < needed["maurer-pontil"]
    assert measure.ClopperPearson(without_replacement_of=300).required_labels(0.02, 0.05, 0.05) < 300
    with pytest.raises(InputError, match="10000000 labels do not bring the bound to within 1e-05"):
        measure.Hoeffding().required_labels(1e-5, 0.05, 0.05)


def test_the_exact_bound_of_a_pool_inverts_the_hypergeometric() -> None:
    from scipy.stats import hypergeom

    bound = measure.ClopperPearson(without_replacement_of=60)
    for hits in (0, 3, 20):
        most = round(60 * bound.high(ones(hits, 20), 0.05))
        assert hypergeom.cdf(hits, 60, most, 20) > 0.05
        assert most == 40 + hits or hypergeom.cdf(hits, 60, most + 1, 20) <= 0.05


def test_a_sequence_falls_to_the_bound_of_all_labels() -> None:
    x = (derive(0, "sequence").random(300) < 0.2).astype(float)
    for bound in (measure.Betting(), measure.Betting(without_replacement_of=300)):
        found = bound.sequence(x, 0.05)
        assert (np.diff(found) <= 0).all()
        assert found[-1] == pytest.approx(bound.high(x, 0.05), abs=1e-7)
        assert found[99] == pytest.approx(bound.high(x[:100], 0.05), abs=1e-7)
    assert measure.Betting(without_replacement_of=300).sequence(x, 0.05)[-1] == pytest.approx(x.mean(), abs=1e-7)
    assert bound.sequence(2 * x - 1, 0.05, (-1.0, 1.0)) == pytest.approx(2 * found - 1, abs=1e-6)


def test_a_certificate_says_what_it_rests_on() -> None:
    found = certified_mean(
        measure.ClopperPearson(), ones(5, 100), 0.05, target="student_risk", frame="100 test inputs at random"
    )
    assert (found.low, found.high) == pytest.approx((0.01643, 0.11283), abs=6e-6)
    assert found.estimate == 0.05
    assert found.frame == "100 test inputs at random"
    assert not found.anytime
    only = certified_mean(measure.Betting(), ones(5, 100), 0.05, target="student_risk", frame="f", side="high")
    assert only.low is None
    assert only.anytime
    assert only.n_labels == 100


BAD: dict[str, tuple[Any, float, str]] = {
    "empty": ([], 0.05, "must be a non-empty vector"),
    "nan": ([0.0, math.nan], 0.05, "1 NaN or infinite"),
    "beyond": ([0.0, 1.5], 0.05, r"must lie in \[0, 1\]"),
    "matrix": ([[0.0, 1.0]], 0.05, "must be a non-empty vector"),
    "words": (["a"], 0.05, "must hold numbers"),
    "no delta": ([0.0, 1.0], 0.0, "delta must be between 0 and 1, got 0.0"),
    "all delta": ([0.0, 1.0], 1.0, "delta must be between 0 and 1"),
    "nan delta": ([0.0, 1.0], math.nan, "delta must be between 0 and 1, got nan"),
}


@every
@pytest.mark.parametrize("what", BAD)
def test_what_is_refused(bound: measure.Certifier, what: str) -> None:
    sample, delta, message = BAD[what]
    for ask in (bound.high, bound.low, bound.interval):
        with pytest.raises(InputError, match=message):
            ask(sample, delta)
    with pytest.raises(InputError, match=message):
        certified_mean(bound, sample, delta, target="t", frame="f")


def test_other_refusals() -> None:
    with pytest.raises(InputError, match="clopper-pearson bounds a share"):
        measure.ClopperPearson().high([0.5], 0.05)
    for bound in (measure.ClopperPearson(without_replacement_of=3), measure.Betting(without_replacement_of=3)):
        with pytest.raises(InputError, match="4 labels cannot be drawn without replacement from 3"):
            bound.high([0, 0, 1, 0], 0.05)
    with pytest.raises(InputError, match="span must be two finite numbers"):
        measure.Hoeffding().high([0.5], 0.05, (1.0, 0.0))
    with pytest.raises(InputError, match="side must be low, high or both"):
        certified_mean(measure.Hoeffding(), [0.5], 0.05, target="t", frame="f", side="top")  # type: ignore[arg-type]
    for width, rate, message in ((0.0, 0.1, "width must be"), (math.nan, 0.1, "width"), (0.1, 2.0, "rate must be")):
        with pytest.raises(InputError, match=message):
            measure.Hoeffding().required_labels(width, 0.05, rate)


def test_a_single_label_says_little() -> None:
    for name in NAMES:
        assert MADE[name].high([0.0], 0.05) > 0.9


def test_bisection_returns_an_end_that_is_not_too_low() -> None:
    ends = largest(lambda m: m <= np.array([0.3, 1.0, 0.0]), np.zeros(3), np.ones(3), steps=20)
    assert (ends >= [0.3, 1.0, 0.0]).all()
    assert ends == pytest.approx([0.3, 1.0, 0.0], abs=1e-5)
