import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2sg.core import DataError, FloatArray, InputError, IntArray
from w2sg.supervisors import dawid_skene, majority, mean_votes
from w2sg.supervisors.combine import Abstains, harden

ORDER_TOLERANCE = 1e-8
"""Sums in another order differ by rounding: 3e-12 was the worst of 4,000 data sets."""
MONOTONE_TOLERANCE = 1e-9
"""Posteriors are rounded to 12 decimals; this is relative to the likelihood."""


def planted(n: int, accuracies: list[float], k: int, seed: int, silence: float = 0.0) -> tuple[IntArray, IntArray]:
    """Annotators who err independently and uniformly: votes `(n, m)` and truth `(n,)`."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=n)
    right = rng.random((n, len(accuracies))) < np.array(accuracies)
    wrong = (truth[:, None] + rng.integers(1, k, size=right.shape)) % k
    votes = np.where(right, truth[:, None], wrong)
    return np.where(rng.random(right.shape) < silence, -1, votes), truth


def accuracy(soft: FloatArray, truth: IntArray) -> float:
    return float((soft.argmax(axis=1) == truth).mean())


def test_mean_counts_shares_and_majority_splits_ties() -> None:
    votes = np.array([[0, 0, 1, 2], [0, 1, -1, -1], [2, -1, -1, -1], [-1, -1, -1, -1]])
    third = 1 / 3
    shares = np.array([[0.5, 0.25, 0.25], [0.5, 0.5, 0], [0, 0, 1], [third, third, third]])
    np.testing.assert_allclose(mean_votes(votes, 3), shares)
    shares[0] = [1, 0, 0]
    np.testing.assert_allclose(majority(votes, 3), shares)


def test_silent_rows_take_the_given_row() -> None:
    silent = np.array([0.7, 0.3])
    votes = np.array([[-1, -1], [1, -1]])
    for combine in (mean_votes, majority):
        np.testing.assert_allclose(combine(votes, 2, silent), np.array([[0.7, 0.3], [0, 1]]))


def test_harden_abstains_on_ties() -> None:
    soft = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2], [1 / 3, 1 / 3, 1 / 3]])
    assert harden(soft).tolist() == [1, -1, -1]


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        (np.array([[0, 2]]), r"votes must be -1 \(abstain\) or a class from 0 to 1, got 2"),
        (np.array([[0, -2]]), "got -2"),
        (np.array([[0.0, 1.0]]), r"must be integers of shape \(n, m\)"),
        (np.array([0, 1]), r"got int64 \(2,\)"),
        (np.zeros((2, 0), dtype=np.int64), "m >= 1"),
    ],
)
def test_bad_votes_are_refused(votes: IntArray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        majority(votes, 2)
    with pytest.raises(DataError, match=message):
        dawid_skene(votes, 2)


def test_dawid_skene_recovers_planted_confusion_matrices() -> None:
    rng = np.random.default_rng(0)
    k, n = 3, 20_000
    planted_prior = np.array([0.5, 0.3, 0.2])
    confusions = np.stack([rng.dirichlet(np.eye(k)[row] * 6 + 1, size=6) for row in range(k)], axis=1)
    truth = rng.choice(k, p=planted_prior, size=n)
    draw = [rng.random((n, 1)) > np.cumsum(rows, axis=1)[truth] for rows in confusions]
    votes = np.stack([above.sum(axis=1).clip(max=k - 1) for above in draw], axis=1)
    model = dawid_skene(votes, k)
    assert model.converged
    # 4 standard errors of a share estimated from 4,000 examples, doubled as the truth itself is estimated.
    assert np.abs(model.confusion - confusions).max() < 8 * np.sqrt(0.25 / 4000)
    assert np.abs(model.prior - planted_prior).max() < 8 * np.sqrt(0.25 / n)


@pytest.mark.parametrize("silence", [0.0, 0.4])
def test_dawid_skene_beats_majority_on_unequal_annotators(silence: float) -> None:
    votes, truth = planted(4000, [0.95, 0.9, 0.45, 0.4, 0.4, 0.38, 0.36], 3, seed=1, silence=silence)
    assert accuracy(dawid_skene(votes, 3).posterior, truth) > accuracy(majority(votes, 3), truth) + 0.05


def test_one_sided_rules_need_abstention_as_an_outcome() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=3000)
    fires = rng.random((3000, 6)) < np.where(truth[:, None] == np.array([0, 0, 0, 1, 1, 1]), 0.5, [0.2, 0.1, 0.05] * 2)
    votes = np.where(fires, np.array([0, 0, 0, 1, 1, 1]), -1)
    spoken = (votes >= 0).any(axis=1)
    outcome = accuracy(dawid_skene(votes, 2, abstains="outcome").posterior[spoken], truth[spoken])
    missing = accuracy(dawid_skene(votes, 2, abstains="missing").posterior[spoken], truth[spoken])
    assert outcome > 0.85
    assert missing < outcome - 0.1


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    k=st.integers(2, 4),
    accuracies=st.lists(st.floats(0.2, 0.95), min_size=2, max_size=6),
    silence=st.sampled_from([0.0, 0.3]),
    abstains=st.sampled_from(["missing", "outcome"]),
)
def test_dawid_skene_properties(seed: int, k: int, accuracies: list[float], silence: float, abstains: Abstains) -> None:
    votes, _ = planted(60, accuracies, k, seed, silence)
    model = dawid_skene(votes, k, abstains=abstains, max_iterations=60)
    assert model.posterior.shape == (60, k)
    assert model.confusion.shape == (len(accuracies), k, k + (abstains == "outcome"))
    np.testing.assert_allclose(model.posterior.sum(axis=1), 1, atol=1e-9)
    np.testing.assert_allclose(model.confusion.sum(axis=2), 1, atol=1e-9)
    rise = np.diff(model.log_likelihood)
    assert (rise >= -MONOTONE_TOLERANCE * (1 + np.abs(model.log_likelihood[1:]))).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(2, 3), silence=st.sampled_from([0.0, 0.3]))
def test_dawid_skene_ignores_the_order_of_rows_and_annotators(seed: int, k: int, silence: float) -> None:
    votes, _ = planted(80, [0.9, 0.8, 0.7, 0.4], k, seed, silence)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(80), rng.permutation(4)
    plain, moved = dawid_skene(votes, k), dawid_skene(votes[rows][:, columns], k)
    np.testing.assert_allclose(moved.posterior, plain.posterior[rows], atol=ORDER_TOLERANCE)
    np.testing.assert_allclose(moved.confusion, plain.confusion[columns], atol=ORDER_TOLERANCE)
    np.testing.assert_array_equal(majority(votes[rows][:, columns], k), majority(votes, k)[rows])


def test_dawid_skene_stays_symmetric_where_the_votes_are() -> None:
    # Two annotators who contradict each other everywhere: nothing tells the classes apart, rounding must not.
    votes = np.array([[0, 1], [1, 0]] * 50)
    np.testing.assert_array_equal(dawid_skene(votes, 2).posterior, np.full((100, 2), 0.5))


def test_a_given_prior_is_kept_and_bad_settings_are_refused() -> None:
    votes, _ = planted(50, [0.8, 0.7], 2, 0)
    prior = np.array([0.9, 0.1])
    np.testing.assert_array_equal(dawid_skene(votes, 2, prior=prior).prior, prior)
    with pytest.raises(InputError, match="prior must be 2 probabilities above 0"):
        dawid_skene(votes, 2, prior=np.array([1.0, 0.0]))
    with pytest.raises(InputError, match="max_iterations must be at least 1, got 0"):
        dawid_skene(votes, 2, max_iterations=0)


def test_no_rows_give_no_rows() -> None:
    empty = np.zeros((0, 3), dtype=np.int64)
    assert mean_votes(empty, 2).shape == majority(empty, 2).shape == dawid_skene(empty, 2).posterior.shape == (0, 2)
