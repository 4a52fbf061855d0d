import numpy as np
import pytest
from scipy.stats import nct, t

from w2sg.core.errors import InputError
from w2sg.measure import Components, clustered_mean, components, detectable, tasks_needed

QUANTILES = 1e-4
"""Power is averaged over quantiles."""
SIMULATED = 0.04
"""Three standard errors of a share of 1,500 repetitions, a little more."""

Pilot = tuple[list[np.ndarray], list[np.ndarray]]


def pilot(
    rng: np.random.Generator, seeds: int, n: int, pool: int, parts: tuple[float, float, float], mean: float = 0.0
) -> Pilot:
    """Draw differences on a pool that each seed splits anew: normal, with given standard deviations."""
    own = parts[1] * rng.normal(size=pool)
    ids = [rng.permutation(pool)[:n] for _ in range(seeds)]
    rows = [mean + parts[0] * rng.normal() + own[part] + parts[2] * rng.normal(size=n) for part in ids]
    return rows, ids


@pytest.mark.parametrize("df", [2, 4, 7, 19, 200])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_detectable_effects_are_those_of_the_noncentral_t(df: int, power: float) -> None:
    effect, critical = detectable(df, power), t.ppf(0.975, df)
    reached = nct.sf(critical, df, effect) + nct.cdf(-critical, df, effect)
    assert reached == pytest.approx(power, abs=QUANTILES)


@pytest.mark.parametrize("pool", [60, 150, 10_000])
def test_components_are_found_whatever_seeds_share(pool: int) -> None:
    rng, parts = np.random.default_rng(pool), (0.03, 0.2, 0.3)
    found = [components(*pilot(rng, 6, 60, pool, parts)) for _ in range(400)]
    means = {name: np.mean([getattr(one, name) for one in found]) for name in ("seed", "example", "cell")}
    assert found[0].shared == pytest.approx(min(1.0, 60 / pool), abs=0.06)
    assert means["example"] + means["cell"] == pytest.approx(0.13, rel=0.05)
    # Cut off at 0 they are a little too large on average; what they say of the whole must be right.
    planned = np.mean([one.variance(6, 60) for one in found])
    truth = np.var([np.mean([row.mean() for row in pilot(rng, 6, 60, pool, parts)[0]]) for _ in range(1500)])
    assert planned == pytest.approx(truth, rel=0.25)


def test_the_variance_is_that_of_clustered_means() -> None:
    rows, ids = pilot(np.random.default_rng(0), 40, 200, 200, (0.05, 0.2, 0.3))
    found = components(rows, ids)
    clustered = clustered_mean(np.concatenate(rows), np.repeat(np.arange(40), 200), np.concatenate(ids))
    assert found.variance(40, 200) == pytest.approx(clustered.variance([1.0]), rel=0.02)


def test_a_planned_number_of_examples_has_the_power_it_promises() -> None:
    rng, effect = np.random.default_rng(1), 0.04
    parts = Components(0.0004, 0.04, 0.09, 0.0, 8, 100.0)
    n = parts.examples_needed(8, effect, 0.8)
    assert n is not None
    shown = 0
    for _ in range(1500):
        rows, _ = pilot(rng, 8, int(n), 8 * int(n), (0.02, 0.2, 0.3), effect)
        means = np.array([row.mean() for row in rows])
        shown += abs(means.mean()) > t.ppf(0.975, 7) * means.std(ddof=1) / 8**0.5
    assert shown / 1500 == pytest.approx(0.8, abs=SIMULATED)


def test_a_planned_number_of_tasks_has_the_power_it_promises() -> None:
    rng, variance, effect = np.random.default_rng(2), 0.03**2, 0.02
    k = tasks_needed(variance, effect, 0.8)
    assert k is not None
    means = effect + variance**0.5 * rng.normal(size=(4000, k))
    shown = np.abs(means.mean(axis=1)) > t.ppf(0.975, k - 1) * means.std(axis=1, ddof=1) / k**0.5
    assert shown.mean() >= 0.8 - SIMULATED
    fewer = means[:, 1:]
    shown = np.abs(fewer.mean(axis=1)) > t.ppf(0.975, k - 2) * fewer.std(axis=1, ddof=1) / (k - 1) ** 0.5
    assert shown.mean() <= 0.8 + SIMULATED


def test_what_no_number_reaches() -> None:
    noisy = Components(0.01, 0.0, 0.1, 0.0, 5, 100.0)
    assert noisy.examples_needed(5, 0.02, 0.8) is None
    assert noisy.examples_needed(50, 0.05, 0.8) is not None
    assert tasks_needed(1.0, 0.001, 0.8) is None
    assert tasks_needed(0.0, 0.001, 0.8) == 2


def test_bad_input_is_said() -> None:
    with pytest.raises(InputError, match="at least 2 seeds, got 1"):
        components([[0, 1]], [[0, 1]])
    with pytest.raises(InputError, match="at least 2 test examples"):
        components([[1], [0]], [[0], [0]])
    with pytest.raises(InputError, match=r"power must be above 0\.05 and below 1, got 0\.05"):
        detectable(5, 0.05)
