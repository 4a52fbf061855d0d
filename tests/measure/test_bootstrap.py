import numpy as np
import pytest
from paired_simulations import crossed, nested, overlapping
from scipy.stats import bootstrap

from w2sg.core.errors import InputError
from w2sg.measure import Paired, bootstrap_pgr, bootstrap_pgrs, pgr


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_estimate_is_the_pgr_in_every_design() -> None:
    for make in (crossed, nested, overlapping):
        evidence = make(rng(1), 4, 200, 0.02)
        interval = bootstrap_pgr(evidence, rng=rng(), resamples=200)
        assert interval.estimate == pytest.approx(pgr(evidence, minimum_gap=0).estimate)
        assert interval.low < interval.estimate < interval.high


def test_same_generator_same_interval() -> None:
    evidence = crossed(rng(2), 4, 200, 0.02)
    assert bootstrap_pgr(evidence, rng=rng(3)) == bootstrap_pgr(evidence, rng=rng(3))
    assert bootstrap_pgr(evidence, rng=rng(3)) != bootstrap_pgr(evidence, rng=rng(4))


def test_many_share_resamples_and_have_each_its_own_interval() -> None:
    """Methods on one test set, another test set between them, and groups: each as if it had come alone."""
    first, second = crossed(rng(2), 4, 200, 0.02), nested(rng(3), 3, 150, 0.02)
    grouped = Paired(
        first.seeds, first.ids, first.weak, first.student, first.ceiling, groups=tuple(i // 4 for i in first.ids)
    )
    many = [
        first,
        second,
        first.with_student(first.ceiling),
        grouped,
        first.with_student(crossed(rng(4), 4, 200, 0.0).student),
    ]
    assert bootstrap_pgrs(many, rng=rng(5)) == [bootstrap_pgr(item, rng=rng(5)) for item in many]
    assert bootstrap_pgrs([], rng=rng(5)) == []


def test_one_seed_agrees_with_scipy() -> None:
    """Two bootstraps of 5000 resamples: limits agree within a tenth of the width."""
    evidence = crossed(rng(4), 1, 400, 0.0)
    weak = evidence.weak[0].astype(float)
    data = (evidence.student[0] - weak, evidence.ceiling[0] - weak)
    peer = bootstrap(
        data, lambda a, b, axis: a.mean(axis) / b.mean(axis), paired=True, n_resamples=5000, rng=rng(5)
    ).confidence_interval
    own = bootstrap_pgr(evidence, rng=rng(6), resamples=5000)
    assert own.method == "bca"
    tolerance = (peer.high - peer.low) / 10
    assert own.low == pytest.approx(peer.low, abs=tolerance)
    assert own.high == pytest.approx(peer.high, abs=tolerance)


def test_copies_of_a_seed_do_not_narrow_the_interval() -> None:
    single = crossed(rng(7), 1, 400, 0.0)
    copies = Paired(tuple(range(8)), single.ids * 8, single.weak * 8, single.student * 8, single.ceiling * 8)
    one, eight = (bootstrap_pgr(e, rng=rng(8), resamples=4000) for e in (single, copies))
    assert eight.high - eight.low == pytest.approx(one.high - one.low, rel=0.1)


def test_fieller_and_bootstrap_agree_where_seeds_dominate() -> None:
    evidence = crossed(rng(9), 30, 2000, 0.03)
    fieller, resampled = pgr(evidence), bootstrap_pgr(evidence, rng=rng(10))
    assert fieller.low is not None
    assert fieller.high is not None
    tolerance = (fieller.high - fieller.low) / 5
    assert resampled.low == pytest.approx(fieller.low, abs=tolerance)
    assert resampled.high == pytest.approx(fieller.high, abs=tolerance)


def test_resamples_without_a_gap_fall_back_to_percentiles_and_say_so() -> None:
    evidence = crossed(rng(11), 3, 25, 0.05)
    interval = bootstrap_pgr(evidence, rng=rng(12), resamples=500)
    assert interval.method == "percentile"
    assert "the gap is not positive in" in interval.note


def test_a_constant_ratio_has_no_width() -> None:
    """A student equal to the ceiling has PGR 1 in each resample; half of ties count as below, so BCa holds."""
    evidence = crossed(rng(13), 4, 200, 0.0)
    same = bootstrap_pgr(evidence.with_student(evidence.ceiling), rng=rng(14), resamples=200)
    assert (same.low, same.estimate, same.high) == (1.0, 1.0, 1.0)


def test_bad_arguments_are_refused() -> None:
    evidence = crossed(rng(15), 3, 100, 0.0)
    with pytest.raises(InputError, match="resamples must be at least 100, got 10"):
        bootstrap_pgr(evidence, rng=rng(), resamples=10)
    with pytest.raises(InputError, match="level must lie"):
        bootstrap_pgr(evidence, rng=rng(), level=2)
    reverse = Paired(evidence.seeds, evidence.ids, evidence.ceiling, evidence.student, evidence.weak)
    with pytest.raises(InputError, match="gap ceiling - weak is not positive"):
        bootstrap_pgr(reverse, rng=rng())
