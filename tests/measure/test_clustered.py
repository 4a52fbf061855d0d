import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from w2sg.core.errors import InputError
from w2sg.measure import MeanEstimate, Part, clustered_mean, t_interval, t_quantile

# Sums of a few thousand float64 terms in another order, relative.
ROUNDING = 1e-10


def crossed_layout(n_seeds: int, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.repeat(np.arange(n_seeds), n), np.tile(np.arange(n), n_seeds)


def test_one_seed_is_the_variance_of_a_mean() -> None:
    x = np.random.default_rng(0).normal(size=(50, 2))
    estimate = clustered_mean(x, np.zeros(50, dtype=int), np.arange(50))
    np.testing.assert_allclose(estimate.covariance, np.cov(x.T) / 50, rtol=ROUNDING)
    assert estimate.degrees_of_freedom([1, 0]) == 49


def test_fresh_examples_leave_the_spread_of_seed_means() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(6, 40, 1)) + 2 * rng.normal(size=(6, 1, 1))
    estimate = clustered_mean(x.reshape(240, 1), np.repeat(np.arange(6), 40), np.arange(240))
    expected = x.mean(axis=(1, 2)).var(ddof=1) / 6
    assert estimate.variance([1.0]) == pytest.approx(expected, rel=ROUNDING)
    assert estimate.degrees_of_freedom([1.0]) == pytest.approx(5)


def test_shared_examples_give_the_analysis_of_variance() -> None:
    rng = np.random.default_rng(2)
    s, n = 5, 60
    x = rng.normal(size=(s, n)) + rng.normal(size=(1, n)) + rng.normal(size=(s, 1))
    rows, columns = x.mean(axis=1), x.mean(axis=0)
    residual = x - rows[:, None] - columns[None, :] + x.mean()
    between_seeds = n * rows.var(ddof=1)
    between_examples = s * columns.var(ddof=1)
    within = (residual**2).sum() / ((s - 1) * (n - 1))
    estimate = clustered_mean(x.ravel(), *crossed_layout(s, n))
    expected = (between_seeds + between_examples - within) / (s * n)
    assert estimate.variance([1.0]) == pytest.approx(expected, rel=ROUNDING)


def test_identical_seeds_add_nothing() -> None:
    x = np.random.default_rng(3).normal(size=80)
    estimate = clustered_mean(np.tile(x, 4), *crossed_layout(4, 80))
    assert estimate.variance([1.0]) == pytest.approx(x.var(ddof=1) / 80, rel=ROUNDING)
    assert estimate.degrees_of_freedom([1.0]) == pytest.approx(79)


def test_seeds_weigh_the_same_whatever_their_sizes() -> None:
    estimate = clustered_mean([1.0, 0.0, 0.0, 0.0], [0, 1, 1, 1], [0, 1, 2, 3])
    assert estimate.mean.tolist() == [0.5]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(2, 6))
def test_intervals_are_never_narrower_than_the_sampling_of_examples(seed: int, n_seeds: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    ids = np.concatenate([rng.choice(2 * n, n, replace=False) for _ in range(n_seeds)])
    x, seeds = rng.normal(size=(n_seeds * n, 3)), np.repeat(np.arange(n_seeds), n)
    estimate = clustered_mean(x, seeds, ids)
    centred = x - np.repeat(x.reshape(n_seeds, n, 3).mean(axis=1), n, axis=0)
    sums = np.stack([centred[ids == i].sum(axis=0) for i in np.unique(ids)])
    by_example = sums.T @ sums / (n_seeds * n) ** 2 * n / (n - 1)
    contrast = rng.normal(size=3)
    interval = estimate.interval(contrast)
    alone = t_interval(interval.estimate, contrast @ by_example @ contrast, len(sums) - 1)
    assert interval.high - interval.low >= (alone.high - alone.low) * (1 - ROUNDING)
    assert estimate.p_value(contrast) >= 0
    shuffle = rng.permutation(len(x))
    again = clustered_mean(x[shuffle], seeds[shuffle], ids[shuffle]).interval(contrast)
    assert (again.low, again.high) == pytest.approx((interval.low, interval.high))


def test_satterthwaite_lies_between_its_parts() -> None:
    parts = (Part(np.eye(1), 4), Part(np.eye(1), 100))
    df = MeanEstimate(np.zeros(1), parts).degrees_of_freedom([3.0])
    assert df == pytest.approx(2**2 / (1 / 4 + 1 / 100))


def test_no_variance_gives_no_width() -> None:
    estimate = clustered_mean(np.ones(20), *crossed_layout(2, 10))
    interval = estimate.interval([1.0])
    assert (interval.low, interval.high) == (1.0, 1.0)
    assert estimate.degrees_of_freedom([1.0]) == 9


@pytest.mark.parametrize(
    ("df", "table"),
    [(1, 12.7062), (7, 2.3646), (30, 2.0423), (np.inf, 1.9600)],  # published tables of Student's t
)
def test_t_quantiles(df: float, table: float) -> None:
    assert t_quantile(0.95, df) == pytest.approx(table, abs=5e-5)
    interval = t_interval(1.0, 4.0, df)
    assert interval.high - interval.low == pytest.approx(4 * table, abs=3e-4)


def test_bad_records_are_refused() -> None:
    with pytest.raises(InputError, match="one length; got records 2, seeds 1, ids 2"):
        clustered_mean([0.0, 1.0], [0], [0, 1])
    with pytest.raises(InputError, match="at least two different examples, got one"):
        clustered_mean([0.0, 1.0], [0, 1], [4, 4])
    with pytest.raises(InputError, match="an example counts once per seed"):
        clustered_mean([0.0, 1.0, 1.0], [0, 0, 0], [4, 4, 5])
    with pytest.raises(InputError, match="finite numbers"):
        clustered_mean([0.0, np.nan], [0, 0], [4, 5])
    with pytest.raises(InputError, match="level must lie strictly between 0 and 1"):
        t_interval(0.0, 1.0, 5, level=95)
