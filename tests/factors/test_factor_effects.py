"""Effects: contrasts on a task have the variance of what they are made of, means over tasks that of mixed models."""

import warnings

import numpy as np
import pytest
from factor_data import reading, switches, tried

from w2sg.core import InputError, derive, registry
from w2sg.factors import Factor, FactorDesign
from w2sg.factors.effects import effects_of, left_out_of, shares_of
from w2sg.factors.indices import indices_of
from w2sg.factors.terms import terms_of
from w2sg.measure import Reading, clustered_mean, contrast_means

DIFFERENCE = np.array([[-1.0, 1.0]])
LIKE_MIXED_MODEL = 0.02
"""How far the estimate over tasks may lie from a mixed model's, in its standard errors: both weigh tasks alike here."""


def test_settings_that_share_examples_are_paired() -> None:
    rng = derive(0, "contrast")
    one, two = rng.standard_normal((2, 3, 50))
    made = contrast_means([[reading(x) for x in one], [reading(x) for x in two]], DIFFERENCE)
    seeds, ids = np.repeat(np.arange(3), 50), np.tile(np.arange(50), 3)
    mean = clustered_mean((two - one).ravel(), seeds, ids)
    assert made.mean[0] == pytest.approx(mean.mean[0])
    assert [view.covariance[0, 0] for view in made.views] == pytest.approx(
        [view.covariance[0, 0] for view in mean.views]
    )


def test_settings_that_share_no_example_have_the_sum_of_their_variances() -> None:
    rng = derive(1, "contrast")
    one, two = rng.standard_normal(40), 2 * rng.standard_normal(80)
    made = contrast_means([[reading(one)], [reading(two, range(100, 180))]], DIFFERENCE)
    # 120 examples are clustered together, so n / (n - 1) is theirs
    parts = (one.var() / 40 + two.var() / 80) * 120 / 119
    assert made.mean[0] == pytest.approx(two.mean() - one.mean())
    assert made.covariance[0, 0] == pytest.approx(parts)


def test_margins_of_which_no_example_is_known_vary_over_seeds() -> None:
    settings = [[Reading(0.1), Reading(0.2)], [Reading(0.4), Reading(0.6)]]
    made = contrast_means(settings, DIFFERENCE)
    assert made.mean[0] == pytest.approx(0.35)
    assert made.covariance[0, 0] == pytest.approx(0.05**2)
    with pytest.raises(InputError, match="varies over seeds only: take at least 2 seeds"):
        contrast_means([one[:1] for one in settings], DIFFERENCE)


@pytest.mark.parametrize("kind", ["one-at-a-time", "plackett-burman"])
def test_the_mean_over_tasks_is_a_mixed_models(kind: str) -> None:
    """Twelve tasks with effects of their own; the reference is statsmodels' mixed model with random slopes."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    rng, factors = derive(2, "mixed"), switches(3)
    design = registry.build(FactorDesign, kind)
    points = design.points(factors)
    means = np.array([0.2, 0.0, -0.1])
    made = [tried(rng, points, means + 0.15 * rng.standard_normal(3), task, noise=0.4) for task in range(12)]
    terms = terms_of(design, factors, points, interactions=False)
    effects = effects_of(made, terms, "gain", dict.fromkeys(range(12), 0.0))
    ours = {one.term.factors[0]: one.model for one in effects if one.term.sort == "effect"}

    x = np.repeat(np.nan_to_num(points), 2, axis=0)  # two seeds each
    y = np.concatenate([[r.value for point in one.readings for r in point["gain"]] for one in made])
    columns = np.tile(np.column_stack([np.ones(len(x)), x]), (12, 1))
    task = np.repeat(np.arange(12), len(x))
    for place in range(3):
        # one at a time a factor's effect rests on its own two points alone
        rows = np.tile(np.repeat(~np.isnan(points[:, place]), 2), 12)
        chosen = [0, place + 1] if kind == "one-at-a-time" else [0, 1, 2, 3]
        estimate, error = _mixed(MixedLM, y[rows], columns[rows][:, chosen], task[rows])[chosen.index(place + 1)]
        assert ours[place].estimate == pytest.approx(estimate, abs=LIKE_MIXED_MODEL * error)
        assert ours[place].standard_error == pytest.approx(error, rel=0.1)


def _mixed(model: type, y: np.ndarray, x: np.ndarray, task: np.ndarray) -> list[tuple[float, float]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where a variance is near 0, and answers all the same
        found = model(y, x, task, exog_re=x).fit(reml=True)
    return list(zip(found.fe_params, found.bse_fe, strict=True))


def test_shares_and_what_others_predict_of_a_task() -> None:
    rng, factors = derive(3, "shares"), switches(2)
    design = registry.build(FactorDesign, "one-at-a-time")
    points = design.points(factors)
    terms = terms_of(design, factors, points, interactions=False)
    alike = [tried(rng, points, np.array([0.4, 0.2]), task, noise=0.0) for task in range(4)]
    effects = effects_of(alike, terms, "gain", dict.fromkeys(range(4), 0.0))
    shares = shares_of(effects)
    # alike on all tasks: the variances of two curves with steps .4 and .2 are as 4 to 1
    assert shares[0].common == pytest.approx(0.8)
    assert shares[1].common == pytest.approx(0.2)
    assert shares[0].own == pytest.approx(0.0, abs=1e-12)
    found = left_out_of(effects)
    assert found is not None
    assert found.explained == pytest.approx(1.0)
    assert (found.n_families, found.n_effects) == (4, 8)

    opposite = [tried(rng, points, np.array([(-1) ** task * 0.4, 0.0]), task, noise=0.0) for task in range(4)]
    effects = effects_of(opposite, terms, "gain", dict.fromkeys(range(4), 0.0))
    assert shares_of(effects)[0].own == pytest.approx(1.0)
    found = left_out_of(effects)
    assert found is not None
    # the mean of the other three is a third of the effect, with the wrong sign
    assert found.explained == pytest.approx(1 - (4 / 3) ** 2)


def test_an_effect_that_grows_with_the_gap_is_seen() -> None:
    rng, factors = derive(4, "gap"), switches(1)
    design = registry.build(FactorDesign, "one-at-a-time")
    points = design.points(factors)
    gaps = {task: 0.05 * task for task in range(6)}
    made = [tried(rng, points, np.array([0.1 + 2 * gaps[task]]), task, noise=0.0) for task in range(6)]
    (effect,) = [
        one
        for one in effects_of(made, terms_of(design, factors, points, False), "gain", gaps)
        if one.term.sort == "effect"
    ]
    assert effects_of(made, [effect.term], "gain", dict.fromkeys(gaps, 0.3))[0].by_gap is None
    assert effect.by_gap is not None
    assert effect.by_gap.estimate == pytest.approx(2.0)
    assert effect.families_needed is not None


@pytest.mark.parametrize(
    ("design", "first", "second"),
    [({"kind": "morris"}, ("mu_star", [0.4, 0.2, 0.0]), ("sigma", [0.0, 0.0, 0.0])),
     ({"kind": "sobol-indices", "count": 256}, ("S1", [0.8, 0.2, 0.0]), ("ST", [0.8, 0.2, 0.0]))],
)  # fmt: skip
def test_indices_of_a_sum_are_those_of_its_parts(
    design: dict[str, object], first: tuple[str, list[float]], second: tuple[str, list[float]]
) -> None:
    rng = derive(5, "indices")
    fields = {"kind": "field", "group": "student", "path": "student.c", "low": 0, "high": 1}
    factors = [registry.build(Factor, {**fields, "title": f"factor {place}"}) for place in range(3)]
    one = registry.build(FactorDesign, design)
    points = one.points(factors)
    made = [tried(rng, points, np.array([0.4, 0.2, 0.0]), task, seeds=1, noise=0.0) for task in range(2)]
    found = indices_of(one, factors, points, made, "gain")
    for name, expected in (first, second):
        means = [index.mean.estimate for index in found if index.name == name]
        np.testing.assert_allclose(means, expected, atol=0.05)
