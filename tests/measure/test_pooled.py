import numpy as np
import pytest
from scipy.stats import ttest_1samp

from w2sg.core.errors import InputError
from w2sg.measure import pooled_mean, ratio_interval


def test_one_place_per_task_is_the_t_interval() -> None:
    values = np.random.default_rng(0).normal(0.3, 0.2, (9, 1))
    expected = ttest_1samp(values[:, 0], 0.0)
    low, high = expected.confidence_interval(0.95)
    found = pooled_mean(values, np.arange(9)).interval([1.0])
    assert (found.low, found.high) == pytest.approx((low, high))
    assert pooled_mean(values, np.arange(9)).p_value([1.0]) == pytest.approx(float(expected.pvalue))


def test_copies_of_a_place_add_nothing() -> None:
    values = np.random.default_rng(1).normal(0.3, 0.2, (6, 2))
    alone = pooled_mean(values, np.arange(6))
    copied = pooled_mean(np.repeat(values, 5, axis=0), np.repeat(np.arange(6), 5))
    assert np.allclose(alone.covariance, copied.covariance)
    assert alone.interval([1.0, -1.0]).low == pytest.approx(copied.interval([1.0, -1.0]).low)


def test_intervals_hold_where_places_share_tasks() -> None:
    rng, held = np.random.default_rng(2), []
    for _ in range(1000):
        task = rng.normal(0.0, 1.0, 8)
        values = np.repeat(task, 4)[:, None] + rng.normal(0.0, 0.3, (32, 1))
        found = pooled_mean(values, np.repeat(np.arange(8), 4)).interval([1.0])
        held.append(found.low <= 0.0 <= found.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.021)  # three standard errors of 1,000 repetitions


def test_a_ratio_of_pooled_means_is_paired() -> None:
    base = np.random.default_rng(3).uniform(0.2, 0.4, 10)
    found, _ = ratio_interval(pooled_mean(np.stack([2 * base, base], axis=1), np.arange(10)), (1, 0), (0, 1))
    assert found is not None
    assert (found.estimate, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))


def test_one_task_has_a_mean_and_no_covariance() -> None:
    found = pooled_mean([[0.2], [0.4]], [7, 7])
    assert found.mean[0] == pytest.approx(0.3)
    assert found.parts == ()


def test_bad_input_is_said() -> None:
    with pytest.raises(InputError, match=r"shape \(n, p\), got shape \(2,\)"):
        pooled_mean([0.1, 0.2], [0, 1])
    with pytest.raises(InputError, match="one length; got values 1, tasks 2"):
        pooled_mean([[0.1]], [0, 1])
