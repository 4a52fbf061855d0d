"""The three identities hold for any arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2sg.core import InputError
from w2sg.theory.identities import KL, SQUARED, error_gain, kl_gain, squared_gain

SEEDS = st.integers(0, 2**32 - 1)


def three(seed: int, n: int, k: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(scale=10 ** rng.uniform(-3, 3), size=(n, k)) for _ in range(3)]


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(2, 30), st.integers(1, 4))
def test_squared_gain_is_misfit_plus_cross_term(seed: int, n: int, k: int) -> None:
    weak, student, truth = three(seed, n, k)
    parts = squared_gain(weak, student, truth)
    size = parts.weak_risk.value + parts.student_risk.value
    assert parts.gain.value == pytest.approx(parts.misfit.value + parts.cross.value, abs=1e-12 * size)
    assert parts.gain.value == pytest.approx(parts.weak_risk.value - parts.student_risk.value, abs=1e-12 * size)
    by_hand = 2 * ((weak - student) * (student - truth)).sum(axis=1).mean()
    assert parts.cross.value == pytest.approx(by_hand, abs=1e-12 * size)


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(2, 30), st.integers(2, 5), st.booleans())
def test_kl_gain_is_reverse_misfit_plus_cross_term(seed: int, n: int, k: int, hard: bool) -> None:
    rng = np.random.default_rng(seed)
    weak, student, truth = (np.maximum(rng.dirichlet(np.full(k, 0.5), size=n), 1e-9) for _ in range(3))
    weak, student, truth = (p / p.sum(axis=1, keepdims=True) for p in (weak, student, truth))
    if hard:
        truth = np.eye(k)[rng.integers(k, size=n)]
    parts = kl_gain(weak, student, truth)
    assert parts.gain.value == pytest.approx(parts.misfit.value + parts.cross.value, abs=1e-10)
    reverse = (student * np.log(student / weak)).sum(axis=1).mean()
    assert parts.misfit.value == pytest.approx(reverse, abs=1e-10)
    assert parts.misfit.value >= -1e-12


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(2, 30), st.integers(2, 4))
def test_error_gain_is_disagreement_times_difference_of_accuracies(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    weak, student, truth = rng.integers(k, size=(3, n))
    parts = error_gain(weak, student, truth)
    assert abs(parts.gain.value) <= parts.disagreement.value + 1e-15
    if parts.weak_accuracy is None or parts.student_accuracy is None:
        assert parts.disagreement.value == 0
        assert parts.gain.value == 0
        return
    difference = parts.student_accuracy.value - parts.weak_accuracy.value
    assert parts.gain.value == pytest.approx(parts.disagreement.value * difference, abs=1e-12)
    if k == 2:
        assert parts.gain.value == pytest.approx(parts.disagreement.value * (2 * parts.student_accuracy.value - 1))


def test_a_noisy_label_leaves_the_mean_of_the_cross_term() -> None:
    rng = np.random.default_rng(0)
    n = 200_000
    truth, weak, student = rng.normal(size=(3, n))
    noisy = squared_gain(weak, student, truth + rng.normal(size=n))
    exact = squared_gain(weak, student, truth)
    assert abs(noisy.cross.value - exact.cross.value) < 4 * noisy.cross.se
    assert noisy.misfit == exact.misfit


def test_standard_errors_are_those_of_means() -> None:
    rng = np.random.default_rng(1)
    weak, student, truth = rng.normal(size=(3, 500))
    gain = (weak - truth) ** 2 - (student - truth) ** 2
    parts = squared_gain(weak, student, truth)
    assert parts.gain.se == pytest.approx(gain.std(ddof=1) / np.sqrt(500))
    assert parts.gain.n == 500


def test_divergences_are_those_of_their_generators() -> None:
    """D(p, q) = phi(p) - phi(q) - <gradient(q), p - q>."""
    rng = np.random.default_rng(2)
    p, q = rng.dirichlet(np.ones(3), size=(2, 50))
    for kind, phi in ((SQUARED, np.square(p).sum(1) - np.square(q).sum(1)), (KL, _entropy(q) - _entropy(p))):
        expected = phi - (kind.gradient(q) * (p - q)).sum(axis=1)
        assert kind.divergence(p, q) == pytest.approx(expected, abs=1e-12)


def _entropy(p: np.ndarray) -> np.ndarray:
    return np.asarray(-(p * np.log(p)).sum(axis=1))


NAN = np.array([0.1, np.nan])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: squared_gain([1.0, 2], [1.0], [1.0, 2]), "must have one shape"),
        (lambda: squared_gain(NAN, [1.0, 2], [1.0, 2]), "weak must be finite, got 1 NaN"),
        (lambda: squared_gain([1.0], [1.0], [1.0]), "at least 2 examples"),
        (lambda: squared_gain([], [], []), "at least 2 examples"),
        (lambda: squared_gain(np.zeros((3, 0)), np.zeros((3, 0)), np.zeros((3, 0))), "must have one shape"),
        (lambda: squared_gain(np.zeros((2, 2, 2)), np.zeros((2, 2, 2)), np.zeros((2, 2, 2))), "must have one shape"),
        (lambda: kl_gain([[0.5, 0.6]] * 2, [[0.5, 0.5]] * 2, [[1.0, 0]] * 2), "weak must be rows of probabilities"),
        (lambda: kl_gain([[0.5, 0.5]] * 2, [[1.0, 0]] * 2, [[1.0, 0]] * 2), "student gives probability 0"),
        (lambda: kl_gain([0.5, 0.5], [0.5, 0.5], [0.5, 0.5]), "rows of probabilities"),
        (lambda: error_gain([0.2, 0.8], [0, 1], [0, 1]), "integers; take argmax"),
        (lambda: error_gain([0], [0], [0]), "at least 2 examples"),
    ],
)
def test_bad_arrays_are_refused(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()  # type: ignore[operator]
