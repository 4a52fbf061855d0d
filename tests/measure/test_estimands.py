"""What intervals hold: few seeds, seeds that split one pool, copies, and shares near 0 and 1."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from paired_simulations import crossed, nested, overlapping

from w2sg.core.errors import InputError
from w2sg.measure import (
    MeanEstimate,
    Paired,
    Part,
    RatioSet,
    accuracy_means,
    auroc_variance,
    calibration_variance,
    clustered_mean,
    compare_all,
    conditional_share_variance,
    exact_interval,
    interval_over_seeds,
    mean_overlap,
    pgr,
    squared_calibration_error,
    t_quantile,
)
from w2sg.measure.metrics import auroc


def constant(hits: list[bool], n_seeds: int = 1) -> Paired:
    n, parts = len(hits), (np.array(hits),) * n_seeds
    return Paired(tuple(range(n_seeds)), (np.arange(n),) * n_seeds, parts, parts, parts)


@given(st.floats(0.1, 10), st.floats(0.0, 10), st.integers(2, 40), st.floats(0.001, 0.5))
def test_each_part_has_its_own_degrees_of_freedom(a: float, b: float, n_seeds: int, p: float) -> None:
    """The interval of level 1 - p ends at 0 where the p-value is p, and lies between those of both quantiles."""
    parts = (Part(np.eye(1) * a, n_seeds - 1), Part(np.eye(1) * b, 1000))
    square = MeanEstimate(np.zeros(1), parts).squares([1.0], 1 - p)[0, 0]
    few, many = t_quantile(1 - p, n_seeds - 1) ** 2, t_quantile(1 - p, 1000) ** 2
    assert square == pytest.approx(a * few + b * many)
    at_the_end = MeanEstimate(np.array([square**0.5]), parts)
    assert at_the_end.p_value([1.0]) == pytest.approx(p, rel=1e-6)


def test_a_negative_variance_counts_as_none() -> None:
    parts = (Part(np.eye(2), 4), Part(np.array([[-2.0, 0.0], [0.0, 1.0]]), 100))
    estimate = MeanEstimate(np.zeros(2), parts)
    assert estimate.variance([1.0, 0.0]) == 1.0
    assert np.linalg.eigvalsh(estimate.squares(np.eye(2))).min() > 0


def test_two_seeds_do_not_make_false_verdicts() -> None:
    """Ten equal students at two and three seeds, 150 repetitions each: any false verdict in at most 5 % and noise."""
    for n_seeds in (2, 3):
        rng, false = np.random.default_rng(4), 0
        for _ in range(150):
            evidence = crossed(rng, n_seeds, 100, 0.08, (0.6, 0.7, 0.7))
            others = {str(k): crossed(rng, n_seeds, 100, 0.08, (0.6, 0.7, 0.7)).student for k in range(10)}
            found = compare_all(evidence, others, minimum_gap=0.0)
            false += min(one.p_adjusted for one in found.values()) < 0.05
        assert false / 150 <= 0.05 + 2 * 0.018


def test_shared_training_rows_widen_intervals_for_new_data_only() -> None:
    apart = overlapping(np.random.default_rng(0), 6, 200, 0.08)
    shared = replace(apart, shared_training=0.5)
    assert apart.training_overlap == 0.0
    assert shared.training_overlap == 0.5
    widths = [one.high - one.low for one in (pgr(apart).gap, pgr(shared).gap)]
    assert widths[0] < widths[1] < 1.5 * widths[0]
    pool = [pgr(one, estimand="this pool").gap for one in (apart, shared)]
    assert pool[0] == pool[1]
    per_seed = [c.mean() - w.mean() for c, w in zip(apart.ceiling, apart.weak, strict=True)]
    half = t_quantile(0.95, 5) * np.std(per_seed, ddof=1) / 6**0.5
    assert pool[0].high - pool[0].estimate == pytest.approx(half)
    with pytest.raises(InputError, match="estimand must be 'new data' or 'this pool', got 'all'"):
        pgr(apart, estimand="all")  # type: ignore[arg-type]


def test_training_rows_are_taken_as_shared_where_test_sets_overlap_and_nobody_says() -> None:
    evidence = replace(overlapping(np.random.default_rng(0), 6, 200, 0.02), shared_training=None)
    assert evidence.test_overlap == pytest.approx(0.5, abs=0.03)
    assert evidence.training_overlap == 1 - evidence.test_overlap
    assert "seeds split one pool anew" in pgr(evidence).note
    assert nested(np.random.default_rng(0), 4, 50, 0.0).training_overlap == 0.0
    assert crossed(np.random.default_rng(0), 4, 50, 0.0).training_overlap == 0.0
    with pytest.raises(InputError, match="shared_training must be a share in"):
        replace(evidence, shared_training=1.5)


def test_overlap_is_the_mean_over_pairs() -> None:
    parts = [np.array([1, 2]), np.array([2, 3]), np.array([1, 2])]
    assert mean_overlap(parts) == pytest.approx((0.5 + 0.5 + 1.0) / 3)
    assert mean_overlap(parts[:1]) == 0.0


def test_intervals_of_one_pool_hold_for_new_data() -> None:
    """A pool of 60 rows that are hard or easy; what is trained on is worse by the hard ones in it, as tests are."""
    rng, truth, held, unaware = np.random.default_rng(3), 0.0, 0, 0
    for _ in range(300):
        hard = rng.normal(size=60)
        ids = [rng.permutation(60)[:30] for _ in range(20)]
        hits = []
        for test in ids:
            taught = -0.35 * (hard.sum() - hard[test].sum()) / 30
            hits.append(hard[test] + 0.5 * rng.normal(size=30) < taught)
        evidence = Paired(tuple(range(20)), tuple(ids), *(tuple(hits),) * 3)
        truth = 0.5  # by symmetry
        for one, aware in ((evidence, True), (replace(evidence, shared_training=0.0), False)):
            interval = accuracy_means(one).interval([1.0, 0.0, 0.0])
            if aware:
                held += interval.low <= truth <= interval.high
            else:
                unaware += interval.low <= truth <= interval.high
    assert unaware / 300 < 0.93 <= held / 300


def test_copies_are_one_run_for_comparisons_too() -> None:
    one = crossed(np.random.default_rng(1), 1, 200, 0.0)
    copies = Paired(tuple(range(8)), one.ids * 8, one.weak * 8, one.student * 8, one.ceiling * 8)
    same = compare_all(copies, {"ceiling": one.ceiling * 8})["ceiling"]
    assert same.n_seeds == 1
    assert "copies of one run" in same.note
    # a rival that differs between seeds makes them runs of their own
    varied = [np.random.default_rng(seed).permutation(one.ceiling[0]) for seed in range(8)]
    assert compare_all(copies, {"rival": varied})["rival"].n_seeds == 8
    # the order of examples is no difference
    first: dict[str, Any] = {name: (getattr(copies, name)[0][::-1], *getattr(copies, name)[1:]) for name in NAMES}
    turned = Paired(copies.seeds, **first)
    assert turned.are_copies


NAMES = ("ids", "weak", "student", "ceiling")


@pytest.mark.parametrize("n_seeds", [1, 8])
def test_all_right_is_not_certainty(n_seeds: int) -> None:
    interval = pgr(constant([True] * 50, n_seeds)).student
    assert (interval.low, interval.high) == pytest.approx((exact_interval(50, 50).low, 1.0))
    assert pgr(constant([False] * 50, n_seeds)).student.high == pytest.approx(exact_interval(0, 50).high)


@pytest.mark.parametrize("n_seeds", [1, 8])
def test_accuracies_near_one_are_held(n_seeds: int) -> None:
    """Accuracy .99 of 68 examples, by one seed or eight copies: the t interval held in 48 %, the exact one in 98 %."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        interval = pgr(constant((rng.random(68) < 0.99).tolist(), n_seeds)).weak
        assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
        held += interval.low <= 0.99 <= interval.high
    assert held / 300 >= 0.95


def test_one_seed_is_the_exact_interval() -> None:
    hits = [True] * 30 + [False] * 10
    interval = pgr(constant(hits)).weak
    exact = exact_interval(30, 40)
    assert (interval.low, interval.high) == pytest.approx((exact.low, exact.high))


def test_no_example_of_a_difference_is_no_proof_of_none() -> None:
    found = pgr(constant([True] * 30 + [False] * 10)).gap
    assert found.high == pytest.approx(t_quantile(0.95, 39) / 42)
    assert found.low == -found.high


def test_unbounded_sets_are_said() -> None:
    rng = np.random.default_rng(5)
    for _ in range(30):
        evidence = crossed(rng, 4, 40, 0.02, (0.6, 0.62, 0.66))
        found = pgr(evidence)
        means = accuracy_means(evidence)
        # a ratio belongs to the set where gain - ratio * gap is not told from 0
        for ratio in (-20.0, -1.0, 0.0, 0.5, 1.0, 2.0, 20.0):
            interval = means.interval([ratio - 1, 1.0, -ratio])
            accepted = interval.low <= 0 <= interval.high
            assert accepted == _is_in(ratio, found.set), found.set
        if found.estimate is None:
            assert found.set


def _is_in(ratio: float, words: str) -> bool:
    if words == "every ratio":
        return True
    numbers = [float(x.strip("[]()")) for part in words.split(" and ") for x in part.split(",")]
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    return any(low <= ratio <= high for low, high in pairs)


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_joined_sets_hold_both(ends: list[float]) -> None:
    first, second = RatioSet(*ends[:2]), RatioSet(*ends[2:])
    both = first.joined(second)

    def holds(s: RatioSet, x: float) -> bool:
        if math.isinf(s.low):
            return True
        return s.low <= x <= s.high if s.low <= s.high else x <= s.high or x >= s.low

    grid = np.linspace(-6, 6, 49)
    assume(any(holds(first, x) and holds(second, x) for x in grid))  # as both hold the estimate
    for x in grid:
        assert holds(both, x) or not (holds(first, x) or holds(second, x))


def test_a_gap_near_the_minimum_is_noted() -> None:
    evidence = crossed(np.random.default_rng(6), 8, 400, 0.02)
    low = pgr(evidence).gap.low
    assert "near the stated minimum" in pgr(evidence, minimum_gap=low - 0.01).note
    assert "near the stated minimum" not in pgr(evidence, minimum_gap=low - 0.03).note


def test_sampling_variances_are_those_of_repetitions() -> None:
    """The mean estimated variance is within a fifth of the variance over 400 draws of 200 examples."""
    rng = np.random.default_rng(7)
    values: dict[str, list[tuple[float, float]]] = {"auroc": [], "squared": [], "copied": []}
    for _ in range(400):
        gold = (rng.random(200) < 0.4).astype(int)
        logit = 1.5 * (2 * gold - 1) + 2 * rng.normal(size=200)
        up = 1 / (1 + np.exp(-2 * logit))
        probabilities = np.stack([1 - up, up], axis=1)
        area, variance = auroc(probabilities, gold), auroc_variance(probabilities, gold)
        assert area is not None
        assert variance is not None
        values["auroc"].append((area, variance))
        squared = squared_calibration_error(probabilities, gold)
        values["squared"].append((squared, calibration_variance(probabilities, gold)))
        wrong, copied = rng.random(200) < 0.3, rng.random(200) < 0.6
        values["copied"].append((float(copied[wrong].mean()), conditional_share_variance(copied, wrong)))
    for name, pairs in values.items():
        found, said = np.array(pairs).T
        assert said.mean() == pytest.approx(found.var(ddof=1), rel=0.2), name


def test_the_debiased_error_of_a_calibrated_predictor_is_0_on_average() -> None:
    rng = np.random.default_rng(8)
    values = []
    for _ in range(400):
        up = rng.random(100)
        values.append(squared_calibration_error(np.stack([1 - up, up], axis=1), (rng.random(100) < up).astype(int)))
    assert abs(np.mean(values)) < 3 * np.std(values) / 20


def test_intervals_over_seeds() -> None:
    values = np.array([0.8, 0.82, 0.81, 0.85])
    apart = nested(np.random.default_rng(0), 4, 100, 0.0)
    interval = interval_over_seeds(values, 1e-6, apart, ends=(0.0, 1.0))
    assert interval.high - interval.estimate == pytest.approx(t_quantile(0.95, 3) * values.std(ddof=1) / 2)
    shared = interval_over_seeds(values, 1e-3, crossed(np.random.default_rng(0), 4, 100, 0.0), ends=(0.0, 1.0))
    assert shared.high - shared.estimate > t_quantile(0.95, 99) * 1e-3**0.5
    single = interval_over_seeds(values[:1], 1e-3, apart, ends=(0.0, 0.81))
    assert (single.estimate, single.high) == (0.8, 0.81)


def test_clustered_means_of_other_numbers_have_no_pseudo_examples() -> None:
    assert clustered_mean(np.ones(10), np.zeros(10, dtype=int), np.arange(10)).interval([1.0]).low == 1.0
