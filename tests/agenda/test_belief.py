"""Credences: against quadrature, by symmetry, and honest on average."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from w2sg.agenda import Predicted, Region
from w2sg.agenda.belief import BETWEEN, SCALE, Prior, belief_of, entropy
from w2sg.agenda.predictions import Distribution, Normal, StudentT, Uniform

ABOVE = Region(low=0.0)
GRID = 0.004
"""Of a credence: the grids are that fine, here with a sharp likelihood."""


def quadrature(region: tuple[float, float], effects: list[float], variances: list[float]) -> float:
    """Return the posterior probability of a region by Simpson's rule on even grids of mean and tau."""
    tau = BETWEEN * np.linspace(0, 1, 1001) ** 3 * 200

    def mass(low: float, high: float) -> float:
        mean = np.linspace(low, high, 2001)[:, None]
        density = stats.t.pdf(mean / SCALE, 3) * stats.t.pdf(tau / BETWEEN, 3)
        for effect, variance in zip(effects, variances, strict=True):
            density = density * stats.norm.pdf(effect, mean, np.sqrt(tau**2 + variance))
        return float(integrate.simpson(integrate.simpson(density, tau), mean[:, 0]))

    inside = mass(*region)
    outside = mass(-1, region[0]) + (mass(region[1], 1) if region[1] < 1 else 0.0)
    return inside / (inside + outside)


@pytest.mark.parametrize(
    ("region", "effects"),
    [((0.0, 1.0), [0.03, 0.01, -0.01]), ((-0.01, 0.01), [0.004, -0.006]), ((0.02, 1.0), [0.05])],
)
def test_credences_are_those_of_quadrature(region: tuple[float, float], effects: list[float]) -> None:
    variances = [0.01**2] * len(effects)
    said = Region(low=region[0], high=region[1] if region[1] < 1 else None)
    # cut at the region's ends with the credence that the uncut prior gives it, the posterior is that of the uncut prior
    uncut = float(stats.t.cdf(said.ends[1] / SCALE, 3) - stats.t.cdf(said.ends[0] / SCALE, 3))
    found = belief_of(said, Prior(uncut), tuple(effects), tuple(variances)).credence
    assert found == pytest.approx(quadrature(region, effects, variances), abs=GRID)


@given(
    st.lists(st.tuples(st.floats(-0.2, 0.2), st.floats(1e-5, 1e-2)), max_size=5),
    st.floats(0.05, 0.95),
)
def test_a_claim_and_its_opposite_share_one(units: list[tuple[float, float]], credence: float) -> None:
    effects, variances = tuple(y for y, _ in units), tuple(v for _, v in units)
    claim = belief_of(ABOVE, Prior(credence), effects, variances)
    opposite = belief_of(Region(high=0.0), Prior(1 - credence), effects, variances)
    mirrored = belief_of(Region(high=0.0), Prior(credence), tuple(-y for y in effects), variances)
    assert claim.credence + opposite.credence == pytest.approx(1)
    assert claim.credence == pytest.approx(mirrored.credence)
    odds = claim.bayes_factor * credence / (1 - credence)
    assert claim.credence == pytest.approx(odds / (1 + odds))
    backwards = belief_of(ABOVE, Prior(credence), effects[::-1], variances[::-1])
    assert claim.credence == pytest.approx(backwards.credence)


def test_credences_are_right_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    credences, truths = [], []
    for _ in range(1500):
        mean, tau = SCALE * rng.standard_t(3), abs(BETWEEN * rng.standard_t(3))
        effects = mean + np.hypot(tau, 0.01) * rng.standard_normal(4)
        credences.append(belief_of(ABOVE, Prior(0.5), tuple(effects), (0.0001,) * 4).credence)
        truths.append(mean > 0)
    said, true = np.array(credences), np.array(truths)
    for low, high in ((0, 0.05), (0.05, 0.35), (0.35, 0.65), (0.65, 0.95), (0.95, 1.001)):
        rows = (said >= low) & (said < high)
        error = 4 * (said[rows].mean() * (1 - said[rows].mean()) / rows.sum()) ** 0.5
        assert abs(true[rows].mean() - said[rows].mean()) < error


def test_information_is_the_expected_fall_of_entropy() -> None:
    belief = belief_of(ABOVE, Prior(0.5), (0.02,), (0.0001,))
    mean, sd = belief.expected(0.0001)
    rng = np.random.default_rng(1)
    rows = rng.choice(belief.weights.size, 2000, p=belief.weights.ravel())
    at, tau = np.unravel_index(rows, belief.weights.shape)
    outcomes = belief.mean[at] + np.hypot(belief.spread[tau], 0.01) * rng.standard_normal(2000)
    left = np.mean([entropy(belief.after([float(y)], [0.0001]).credence) for y in outcomes])
    # the standard error of either side is below .01 bits
    assert belief.prospects(0.0001).bits == pytest.approx(entropy(belief.credence) - left, abs=0.03)
    assert np.mean(outcomes) == pytest.approx(mean, abs=4 * sd / 2000**0.5)
    assert belief.prospects(0.0001).bits > belief.prospects(0.01).bits


def test_what_is_settled_promises_nothing_and_what_is_known_promises_less() -> None:
    settled = belief_of(ABOVE, Prior(0.5), (0.1,) * 8, (0.0001,) * 8)
    assert settled.prospects(0.0001).bits < 1e-4
    known, without = belief_of(ABOVE, Prior(0.5), (0.02,), (0.0004,)), belief_of(ABOVE, Prior(0.5))
    again = known.prospects_of_more(without, 0.02, 0.0004, 0.0004).bits
    assert 0 < again < known.prospects(0.0004).bits


def test_forecasts_are_a_distribution() -> None:
    belief = belief_of(ABOVE, Prior(0.7), (0.02, 0.03), (0.0001, 0.0004))
    grid = np.linspace(-0.4, 0.5, 1801)
    density = np.exp([belief.log_density(float(y), 0.0002) for y in grid])
    # tails of Student's t beyond the grid hold less than a thousandth
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-3)
    low = grid <= 0.05
    assert belief.below(0.05, 0.0002) == pytest.approx(np.trapezoid(density[low], grid[low]), abs=5e-3)


def test_no_single_family_decides_an_even_claim() -> None:
    for effect in (0.02, 0.1, 0.5):
        assert 0.6 < belief_of(ABOVE, Prior(0.5), (effect,), (1e-5,)).credence < 0.95


EFFECTS, VARIANCES = (0.03, 0.012, 0.02), (0.01**2, 0.02**2, 0.015**2)


def marginal(of: Distribution) -> float:
    """Return the density of three units of one mean effect: in closed form, for Student's t by quadrature."""
    y, v = np.array(EFFECTS), np.array(VARIANCES)
    if isinstance(of, Normal):
        return float(stats.multivariate_normal.pdf(y, np.full(3, of.mean), np.diag(v) + of.sd**2))
    # the mean weighted by precision is all that they say of the mean effect
    precise = 1 / (1 / v).sum()
    middle = precise * (y / v).sum()
    free = float(np.prod(stats.norm.pdf(y, middle, np.sqrt(v))) / stats.norm.pdf(0, 0, precise**0.5))
    if isinstance(of, Uniform):
        ends = np.asarray(stats.norm.cdf(np.array([of.low, of.high]), middle, precise**0.5))
        return free * float(ends[1] - ends[0]) / (of.high - of.low)
    assert isinstance(of, StudentT)

    def at(mean: float) -> float:
        density = stats.t.pdf((mean - of.mean) / of.scale, of.degrees) / of.scale
        return float(density * stats.norm.pdf(mean, middle, precise**0.5))

    return free * float(integrate.quad(at, -1, 1, points=[0.0, of.mean, middle], limit=200)[0])


@pytest.mark.parametrize("against", [None, Normal(mean=0, sd=0.02), Uniform(low=-0.1, high=0.1)])
@pytest.mark.parametrize(
    "said", [Normal(mean=0.03, sd=0.01), StudentT(mean=0.05, scale=0.02, degrees=4), Uniform(low=0.01, high=0.04)]
)
def test_bayes_factors_of_distributions_are_those_of_closed_forms(
    said: Distribution, against: Distribution | None
) -> None:
    claim = Predicted.model_validate({"effect": said, "against": against})
    # no spread between units: then there are closed forms
    alike = Prior(0.3, SCALE, 1e-9)
    found = belief_of(claim, alike, EFFECTS, VARIANCES)
    factor = marginal(said) / marginal(StudentT(scale=SCALE) if against is None else against)
    assert found.bayes_factor == pytest.approx(factor, rel=0.01)
    assert found.credence == pytest.approx(0.3 * factor / (0.3 * factor + 0.7), abs=GRID)
    # a wider alternative makes what was measured less likely, where it lies in the middle of both
    wider = belief_of(claim, alike.times(2), EFFECTS, VARIANCES)
    rival = StudentT(scale=SCALE) if against is None else against
    assert wider.bayes_factor == pytest.approx(marginal(said) / marginal(rival.widened(2)), rel=0.01)


def test_a_distribution_is_refuted_by_what_its_alternative_makes_likely() -> None:
    claim = Predicted(effect=Normal(mean=0.05, sd=0.01))
    assert belief_of(claim, Prior(0.5), (0.0,) * 8, (0.0001,) * 8).credence < 0.05
    held = belief_of(claim, Prior(0.5), (0.05,) * 8, (0.0001,) * 8)
    # an effect of .05 is not unlikely otherwise, so the claim is believed more, and not decided
    assert 0.6 < held.credence < 0.95
    assert held.prospects(0.0001).bits > 0
    assert held.expected(0.0001)[0] == pytest.approx(0.05, abs=0.002)


def test_experiments_count_for_their_part_in_a_decision() -> None:
    even = belief_of(ABOVE, Prior(0.5))
    # no single family decides an even claim, and several may
    assert even.prospects(1e-5, 1).decides == 0
    promised = even.prospects(1e-5, 3)
    assert promised.bits == even.prospects(1e-5, 1).bits
    rng, decided = np.random.default_rng(2), {2: 0, 3: 0}
    for mean, tau in zip(SCALE * rng.standard_t(3, 1200), abs(BETWEEN * rng.standard_t(3, 1200)), strict=True):
        effects = tuple((mean + np.hypot(tau, 1e-5**0.5) * rng.standard_normal(3)).tolist())
        for n in decided:
            credence = belief_of(ABOVE, Prior(0.5), effects[:n], (1e-5,) * n).credence
            decided[n] += not 0.05 <= credence <= 0.95
    # standard errors: .013 of this share, and three times as much of the belief's 96 draws
    assert promised.decides == pytest.approx(max(count / n / 1200 for n, count in decided.items()), abs=0.05)
    assert belief_of(ABOVE, Prior(0.5), (0.1,) * 8, (1e-5,) * 8).prospects(1e-5, 3).decides == 0
