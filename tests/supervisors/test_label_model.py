"""Posterior means, and the label model in closed form."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from supervisor_data import blobs, examples_of, label

from w2sg.core import ConfigError, DataError, FloatArray, InputError, IntArray, registry
from w2sg.supervisors import Panel, dawid_skene, label_model, majority, posterior_mean

ORDER = 1e-9
"""Sums in another order differ by rounding."""


def annotators(
    n: int, hits: list[float], alarms: list[float], share: float, seed: int = 0, silence: float = 0.0
) -> tuple[IntArray, IntArray]:
    """Annotators of two classes that err independently: votes `(n, m)` and truth `(n,)`."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < share).astype(np.int64)
    rate = np.where(truth[:, None] == 1, np.array(hits), np.array(alarms))
    votes = (rng.random(rate.shape) < rate).astype(np.int64)
    return np.where(rng.random(rate.shape) < silence, -1, votes), truth


def accuracy(soft: FloatArray, truth: IntArray) -> float:
    return float((soft.argmax(axis=1) == truth).mean())


@pytest.mark.parametrize(("share", "silence"), [(0.5, 0.0), (0.3, 0.0), (0.5, 0.3)])
def test_planted_rates_are_recovered(share: float, silence: float) -> None:
    hits, alarms = [0.9, 0.8, 0.7, 0.85], [0.1, 0.3, 0.2, 0.25]
    votes, _ = annotators(40_000, hits, alarms, share, silence=silence)
    model = label_model(votes, 2, prior=np.array([1 - share, share]))
    # the median over ratios of covariances of 40,000 rows errs by about 0.01
    np.testing.assert_allclose(model.hits[:, 1], hits, atol=0.03)
    np.testing.assert_allclose(model.false_alarms[:, 1], alarms, atol=0.03)
    np.testing.assert_allclose(model.hits[:, 0], 1 - np.array(alarms), atol=0.03)


def test_three_annotators_by_hand() -> None:
    votes, _ = annotators(500, [0.9, 0.8, 0.7], [0.2, 0.3, 0.1], 0.5)
    x = votes.astype(float)
    c = np.cov(x.T, bias=True)
    rise = np.sqrt([c[0, 1] * c[0, 2] / c[1, 2], c[0, 1] * c[1, 2] / c[0, 2], c[0, 2] * c[1, 2] / c[0, 1]]) / 0.5
    model = label_model(votes, 2, prior=np.array([0.5, 0.5]))
    np.testing.assert_allclose(model.hits[:, 1], x.mean(axis=0) + 0.5 * rise)
    np.testing.assert_allclose(model.false_alarms[:, 1], x.mean(axis=0) - 0.5 * rise)
    hit, alarm = model.hits[:, 1], model.false_alarms[:, 1]
    for row in range(20):
        one = np.prod(np.where(x[row] == 1, hit, 1 - hit))
        other = np.prod(np.where(x[row] == 1, alarm, 1 - alarm))
        assert model.posterior[row, 1] == pytest.approx(one / (one + other))


def test_the_posterior_is_calibrated_where_the_model_holds() -> None:
    votes, truth = annotators(40_000, [0.9, 0.8, 0.7, 0.6], [0.1, 0.3, 0.2, 0.5], 0.4)
    sure = label_model(votes, 2, prior=np.array([0.6, 0.4])).posterior[:, 1]
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        rows = (sure >= low) & (sure < low + 0.2)
        if rows.sum() > 500:
            assert truth[rows].mean() == pytest.approx(sure[rows].mean(), abs=0.05)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_it_trusts_the_better_annotators_as_dawid_skene_does(k: int) -> None:
    rng = np.random.default_rng(k)
    truth = rng.integers(k, size=4000)
    right = rng.random((4000, 6)) < np.array([0.95, 0.9, 0.3, 0.3, 0.3, 0.3])
    votes = np.where(right, truth[:, None], rng.integers(k, size=(4000, 6)))
    found = accuracy(label_model(votes, k).posterior, truth)
    assert found > accuracy(majority(votes, k), truth) + 0.02
    assert found > accuracy(dawid_skene(votes, k).posterior, truth) - 0.02


def test_an_annotator_that_is_worse_than_chance_is_read_backwards() -> None:
    votes, truth = annotators(5000, [0.9, 0.85, 0.8, 0.1], [0.1, 0.15, 0.2, 0.9], 0.5)
    model = label_model(votes, 2)
    assert model.hits[3, 1] < 0.2
    assert accuracy(model.posterior, truth) > 0.95


def test_rules_for_one_class_only_need_abstentions_as_answers() -> None:
    votes, truth = annotators(5000, [0.7] * 6, [0.1] * 6, 0.5)
    single = np.where(votes == 1, np.arange(6) % 2, -1)
    single[:, ::2] = np.where(annotators(5000, [0.1] * 3, [0.7] * 3, 0.5)[0] == 1, 0, -1)
    rng = np.random.default_rng(5)
    for column in range(6):
        fires = rng.random(5000) < np.where(truth == column % 2, 0.7, 0.1)
        single[:, column] = np.where(fires, column % 2, -1)
    outcome = accuracy(label_model(single, 2, abstains="outcome").posterior, truth)
    missing = accuracy(label_model(single, 2, abstains="missing").posterior, truth)
    assert outcome > 0.9
    assert outcome > missing


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(2, 4), silence=st.sampled_from([0.0, 0.3]))
def test_orders_and_names_do_not_matter(seed: int, k: int, silence: float) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=80)
    votes = np.where(rng.random((80, 5)) < 0.7, truth[:, None], rng.integers(k, size=(80, 5)))
    votes = np.where(rng.random(votes.shape) < silence, -1, votes)
    prior = rng.dirichlet(np.full(k, 5.0))
    plain = label_model(votes, k, prior=prior)
    rows, columns, names = rng.permutation(80), rng.permutation(5), rng.permutation(k)
    moved = label_model(votes[rows][:, columns], k, prior=prior)
    np.testing.assert_allclose(moved.posterior, plain.posterior[rows], atol=ORDER)
    np.testing.assert_allclose(moved.hits, plain.hits[columns], atol=ORDER)
    renamed = np.where(votes == -1, -1, names[votes])
    found = label_model(renamed, k, prior=prior[np.argsort(names)]).posterior
    np.testing.assert_allclose(found[:, names], plain.posterior, atol=ORDER)


def test_extreme_votes_stay_finite() -> None:
    for votes in (np.zeros((10, 3), int), np.full((10, 3), -1), np.tile([[0, 1, 1]], (10, 1)), np.zeros((0, 3), int)):
        model = label_model(votes, 2, prior=np.array([0.5, 0.5]))
        assert np.isfinite(model.posterior).all()
        np.testing.assert_allclose(model.posterior.sum(axis=1), 1)
    silent = label_model(np.full((4, 3), -1), 3, prior=np.array([0.2, 0.3, 0.5])).posterior
    np.testing.assert_allclose(silent, np.tile([0.2, 0.3, 0.5], (4, 1)))


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(InputError, match="needs at least 3 annotators, got 2: add some, or combine by 'mean'"):
        label_model(np.zeros((4, 2), int), 2)
    with pytest.raises(InputError, match="prior must be 2 probabilities above 0 of sum 1"):
        label_model(np.zeros((4, 3), int), 2, prior=np.array([1.0, 0.0]))
    with pytest.raises(DataError, match="got 2"):
        label_model(np.full((4, 3), 2), 2)
    with pytest.raises(InputError, match="strength must be above 0, got 0"):
        posterior_mean(np.ones((2, 2)), np.array([0.5, 0.5]), 0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), strength=st.floats(0.1, 20))
def test_posterior_mean_against_draws_of_the_dirichlet(seed: int, strength: float) -> None:
    rng = np.random.default_rng(seed)
    counts, prior = rng.random((2, 3)) * 5, rng.dirichlet(np.ones(3))
    found = posterior_mean(counts, prior, strength)
    draws = np.stack([rng.dirichlet(row + strength * prior + 1e-12, size=4000).mean(axis=0) for row in counts])
    np.testing.assert_allclose(found, draws, atol=0.05)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def made(combine: str, **fields: Any) -> Panel:
    members = [{"kind": "simulated", "accuracy": accuracy} for accuracy in (0.6, 0.7, 0.8, 0.9)]
    built = registry.build("supervisors", {"kind": "panel", "members": members, "combine": combine, **fields})
    assert isinstance(built, Panel)
    return built


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(4)), combine=st.sampled_from(["bayesian", "label-model"]))
def test_order_of_members_does_not_matter(order: list[int], combine: str) -> None:
    examples, gold = blobs(60)
    members = [{"kind": "simulated", "accuracy": accuracy} for accuracy in (0.6, 0.7, 0.8, 0.9)]
    moved = registry.build(
        "supervisors", {"kind": "panel", "members": [members[place] for place in order], "combine": combine}
    )
    assert isinstance(moved, Panel)
    np.testing.assert_array_equal(label(moved, examples, gold, 3), label(made(combine), examples, gold, 3))


def test_a_bayesian_panel_is_the_mean_pulled_to_the_class_shares() -> None:
    examples, gold = blobs(300)
    mean = label(made("mean"), examples, gold, 3)
    shares = np.bincount(gold, minlength=3) / 300
    for prior, known in (("supervision", shares), ("uniform", np.full(3, 1 / 3)), ("estimated", mean.mean(axis=0))):
        found = label(made("bayesian", class_prior=prior, prior_strength=2.0), examples, gold, 3)
        np.testing.assert_allclose(found, (4 * mean + 2 * known) / 6, atol=1e-6)


def test_a_label_model_panel_beats_the_majority_where_members_differ() -> None:
    examples, gold = blobs(3000)
    members = [{"kind": "simulated", "accuracy": accuracy} for accuracy in (0.95, 0.9, 0.4, 0.4, 0.4, 0.4)]
    right = {}
    for combine in ("majority", "label-model"):
        panel = registry.build("supervisors", {"kind": "panel", "members": members, "combine": combine})
        assert isinstance(panel, Panel)
        right[combine] = accuracy(label(panel, examples, gold, 3), gold)
    assert right["label-model"] > right["majority"] + 0.05


def test_the_class_prior_reaches_dawid_skene_and_the_label_model() -> None:
    examples, gold = blobs(300)
    for combine in ("dawid-skene", "label-model"):
        found = {
            prior: label(made(combine, class_prior=prior), examples, gold, 3) for prior in ("uniform", "estimated")
        }
        assert (found["uniform"] != found["estimated"]).any()
    with pytest.raises(ConfigError, match="prior_strength: input should be greater than 0"):
        made("bayesian", prior_strength=0)


@pytest.mark.parametrize("combine", ["bayesian", "label-model"])
def test_rules_combine_their_votes_so(combine: str) -> None:
    examples, gold = blobs(400)
    rng = np.random.default_rng(0)
    votes = np.where(rng.random((400, 4)) < 0.7, gold[:, None], rng.integers(3, size=(400, 4)))
    votes[:5] = -1
    rules = registry.build("supervisors", {"kind": "rules", "combine": combine})
    voted = examples_of(examples.inputs.values, votes=votes)
    found = label(rules, voted, gold, 3)  # type: ignore[arg-type]
    assert accuracy(found, gold) > 0.8
    np.testing.assert_allclose(found[:5], np.tile(np.bincount(gold) / 400, (5, 1)))
