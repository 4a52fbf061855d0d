"""How often 95 % intervals hold the truth, by simulation with known truth (gap 0.15, PGR 0.5, 8 seeds).

Measured with the generators and seeds below, 1000 repetitions where seeds differ and 2000 where they do not:

| design | n_test | seed sd of accuracy | PGR by Fieller | gap |
|---|---|---|---|---|
| nested | 200 | 0.03 | 0.958 | 0.944 |
| nested | 600 | 0.03 | 0.966 | 0.948 |
| nested | 300 | 0 | 0.973 | 0.971 |
| crossed | 200 | 0.03 | 0.971 | 0.963 |
| crossed | 600 | 0.03 | 0.969 | 0.969 |
| crossed | 300 | 0 | 0.971 | 0.970 |
| overlapping | 200 | 0.03 | 0.964 | 0.952 |
| overlapping | 600 | 0.03 | 0.956 | 0.956 |
| overlapping | 300 | 0 | 0.966 | 0.966 |
"""

from collections.abc import Callable

import numpy as np
import pytest
from paired_simulations import TRUE_GAP, TRUE_PGR, crossed, nested, overlapping

from w2sg.measure import Interval, Paired, bootstrap_pgr, pgr

N_SEEDS = 8
# No interval may hold less often than this: .95 less three standard errors of 1000 repetitions.
LEAST = 0.93
# Intervals may hold more often: the spread of S seeds has the t quantile of S - 1 degrees of freedom even where most of
# the variance comes from test examples, and is never taken to be less than what these explain. At 8 seeds that quantile
# is 2.36 in place of 1.96, which alone could make .982 of .95; wider than that no design may be.
MOST = 0.982
Maker = Callable[[np.random.Generator, int, int, float], Paired]


def holds(interval: Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high


def coverage(make: Maker, n: int, seed_sd: float, repetitions: int) -> tuple[float, float]:
    """Return the coverage of the PGR's and of the gap's interval; a refused PGR counts as a miss."""
    rng = np.random.default_rng(2024)
    ratio = gap = 0
    for _ in range(repetitions):
        result = pgr(make(rng, N_SEEDS, n, seed_sd), minimum_gap=0.0)
        gap += holds(result.gap, TRUE_GAP)
        if result.low is not None and result.high is not None:
            ratio += result.low <= TRUE_PGR <= result.high
    return ratio / repetitions, gap / repetitions


@pytest.mark.parametrize("make", [nested, crossed, overlapping])
@pytest.mark.parametrize(("n", "seed_sd"), [(200, 0.03), (600, 0.03)])
def test_fieller_covers(make: Maker, n: int, seed_sd: float) -> None:
    ratio, gap = coverage(make, n, seed_sd, 1000)
    assert LEAST <= ratio <= MOST
    assert LEAST <= gap <= MOST


@pytest.mark.slow
@pytest.mark.parametrize("make", [nested, crossed, overlapping])
def test_fieller_is_cautious_where_seeds_do_not_differ(make: Maker) -> None:
    """The spread of seeds is held to be at least what test sampling explains, so intervals are then a little wide."""
    ratio, _ = coverage(make, 300, 0.0, 2000)
    assert 0.94 <= ratio <= 0.985


@pytest.mark.slow
@pytest.mark.parametrize(("make", "n", "low", "high"), [(crossed, 200, 0.948, 0.997), (nested, 100, 0.985, 1.0)])
def test_bootstrap_is_too_wide_at_eight_seeds(make: Maker, n: int, low: float, high: float) -> None:
    """Measured here: 0.973 crossed, 0.998 nested.

    Drawing seeds and examples independently counts the noise of single records two or three times; at small test sets
    this outweighs that eight seeds are few. The bands are the measured coverage and three standard errors.
    """
    rng = np.random.default_rng(7)
    hits, repetitions = 0, 400
    for _ in range(repetitions):
        hits += holds(bootstrap_pgr(make(rng, N_SEEDS, n, 0.02), rng=rng, resamples=500), TRUE_PGR)
    assert low <= hits / repetitions <= high
