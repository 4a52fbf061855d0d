"""Weak labels over their class shares, against loops and against logit adjustment of a penalised student."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from method_data import decided, view_of, weak_labels

from w2sg.methods import BalancedLabels
from w2sg.methods.filters.balance import LEAST, over_shares

CLOSE = 1e-6


@pytest.mark.parametrize("power", [0.0, 0.75, 1.0, 2.0])
def test_labels_are_divided_by_their_mean(power: float) -> None:
    weak = weak_labels(40)
    found = decided(BalancedLabels(power=power, labels="soft"), view_of(weak))
    shares = [sum(float(weak[i, c]) for i in range(40)) / 40 for c in range(3)]
    for i in range(40):
        raised = [max(float(weak[i, c]), LEAST) / shares[c] ** power for c in range(3)]
        np.testing.assert_allclose(found[i], np.array(raised) / sum(raised), atol=CLOSE)
    hard = decided(BalancedLabels(power=power), view_of(weak))
    np.testing.assert_array_equal(hard, np.eye(3)[found.argmax(axis=1)])


def test_it_is_the_likelihood_where_labels_are_posteriors() -> None:
    """A class and a noisy report of it: the posterior over the prior is the likelihood, whatever the prior is."""
    report = np.random.default_rng(0).dirichlet(5 * np.ones(5), size=3)  # P(report | class), far above the floor
    for prior in ([0.8, 0.15, 0.05], [1 / 3] * 3):
        posterior = np.array(prior)[:, None] * report
        posterior = (posterior / posterior.sum(axis=0)).T
        found = over_shares(posterior, np.array(prior))
        np.testing.assert_allclose(found, (report / report.sum(axis=0)).T, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_label_that_is_the_shares_keeps_the_name_of_the_majority_below_a_power_of_1(seed: int) -> None:
    shares = np.random.default_rng(seed).dirichlet(np.ones(4))
    found = over_shares(shares[None], np.maximum(shares, LEAST), 0.75)
    assert found.argmax() == shares.argmax()
    np.testing.assert_allclose(over_shares(np.maximum(shares, LEAST)[None], np.maximum(shares, LEAST)), 0.25, atol=1e-9)


def test_certain_labels_stay() -> None:
    """Division moves only what a supervisor is not sure of."""
    weak = np.eye(3, dtype=np.float32)[np.repeat([0, 1, 2], [80, 15, 5])]
    np.testing.assert_array_equal(decided(BalancedLabels(), view_of(weak)), weak)
