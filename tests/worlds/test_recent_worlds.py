"""Closed forms of the worlds after recent results, against quadrature, derivatives, and direct computation."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2sg.core import InputError, registry
from w2sg.worlds import World
from w2sg.worlds.ridge import ridge_moments
from w2sg.worlds.self_distillation import eigenvalue_mean, residual_risk, ridge_risk, self_distillation

GAMMAS = st.floats(0.05, 0.9) | st.floats(1.2, 5.0)
PENALTIES = st.floats(0.02, 5.0)
STEP = 1e-5


def exact(name: str, **fields: Any) -> dict[str, float]:
    world = registry.build("worlds", {"kind": name, **fields})
    assert isinstance(world, World)
    return dict(world.exact())


@settings(max_examples=50, deadline=None)
@given(GAMMAS, PENALTIES)
def test_quadrature_over_eigenvalues_gives_the_moments_in_closed_form(gamma: float, penalty: float) -> None:
    found = ridge_moments(gamma, penalty)
    assert eigenvalue_mean(gamma, lambda s: s / (s + penalty)) == pytest.approx(found.first, rel=1e-9)
    assert eigenvalue_mean(gamma, lambda s: (s / (s + penalty)) ** 2) == pytest.approx(found.second, rel=1e-9)
    assert eigenvalue_mean(gamma, lambda s: s / (s + penalty) ** 2) * gamma == pytest.approx(found.noise, rel=1e-9)


@settings(max_examples=50, deadline=None)
@given(GAMMAS, PENALTIES, st.floats(0, 3), st.floats(0.1, 3))
def test_slope_and_curve_of_self_distillation_are_those_of_the_risk(
    gamma: float, penalty: float, sigma2: float, r2: float
) -> None:
    found = self_distillation(gamma, sigma2, penalty, r2)
    step = STEP * penalty
    up, down = (ridge_risk(gamma, sigma2, penalty + sign * step, r2) for sign in (1, -1))
    assert found.slope == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-6)
    curve = r2 * eigenvalue_mean(gamma, lambda s: s**2 / (s + penalty) ** 4)
    curve += gamma * sigma2 * eigenvalue_mean(gamma, lambda s: s / (s + penalty) ** 4)
    assert found.curve == pytest.approx(curve, rel=1e-8)
    # a residual step is the weight -1, and the supervisor the weight 0
    assert residual_risk(gamma, sigma2, penalty, 2, r2) == pytest.approx(found.at(-1), rel=1e-8)
    assert residual_risk(gamma, sigma2, penalty, 1, r2) == pytest.approx(found.at(0), rel=1e-8)


@settings(max_examples=50, deadline=None)
@given(GAMMAS, PENALTIES, st.floats(0.01, 3), st.floats(0.1, 3))
def test_the_sign_rule_and_what_it_says_of_a_copy(gamma: float, penalty: float, sigma2: float, r2: float) -> None:
    """The best weight has the sign of under-regularisation, and the best mixture never beats the best penalty."""
    found = self_distillation(gamma, sigma2, penalty, r2)
    assert np.sign(found.best_weight) == np.sign(gamma * sigma2 - penalty * r2)
    best = found.at(found.best_weight)
    assert best <= found.risk * (1 + 1e-12)
    assert best >= ridge_risk(gamma, sigma2, gamma * sigma2 / r2, r2) - 1e-9
    # a copy of the supervisor gains if the best weight is above 1/2, a residual step if it is below -1/2
    for weight in (1.0, -1.0):
        gain = found.curve * penalty**2 * (2 * weight * found.best_weight - 1)
        assert found.risk - found.at(weight) == pytest.approx(gain, rel=1e-9, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-3, 3))
def test_the_tangent_is_exact_for_any_data(seed: int, weight: float) -> None:
    """No limit and no distribution: a student of mixed labels is the supervisor, moved along the path of penalties."""
    rng = np.random.default_rng(seed)
    n, d, penalty = 12, 5, 0.3
    x, y = rng.standard_t(3, size=(n, d)), rng.standard_t(3, size=n)

    def fit(labels: np.ndarray, at: float = penalty) -> np.ndarray:
        return np.asarray(np.linalg.solve(x.T @ x + n * at * np.eye(d), x.T @ labels))

    supervisor = fit(y)
    student = fit((1 - weight) * y + weight * x @ supervisor)
    derivative = -np.linalg.solve(x.T @ x / n + penalty * np.eye(d), supervisor)
    assert student == pytest.approx(supervisor + weight * penalty * derivative, rel=1e-8, abs=1e-8)
    assert derivative == pytest.approx((fit(y, penalty + STEP) - fit(y, penalty - STEP)) / 2 / STEP, rel=1e-4, abs=1e-6)


def test_residuals_remove_a_bias_that_a_copy_keeps_and_bring_back_the_noise() -> None:
    """With many labels a copy keeps the bias of the penalty; where the penalty was right, residuals do harm."""
    many = [exact("residual-steps", gamma=g, penalty=1.0, steps=20) for g in (0.1, 0.01, 0.001)]
    assert [one["matching_risk"] for one in many][-1] == pytest.approx(many[0]["limit_matching_bias"], rel=0.01)
    for before, after in zip(many, many[1:], strict=False):
        assert after["residual_risk"] < before["residual_risk"] / 5
    for one, gamma in zip(many, (0.1, 0.01, 0.001), strict=True):
        assert one["limit_residual_risk"] == pytest.approx(gamma / (1 - gamma))
        assert one["residual_risk"] == pytest.approx(one["limit_residual_risk"], rel=0.02)
    right = exact("residual-steps", gamma=0.5, penalty=0.5, steps=20)
    assert right["residual_risk"] > 2 * right["matching_risk"]
    endless = residual_risk(0.5, 1.0, 0.5, 10**6)
    assert endless == pytest.approx(right["limit_residual_risk"], rel=1e-3)


def test_what_distillation_refuses() -> None:
    with pytest.raises(InputError, match="penalty must be a finite number"):
        self_distillation(0.5, 1.0, 0.0)
    with pytest.raises(InputError, match="steps must be a finite number of at least 1"):
        residual_risk(0.5, 1.0, 0.1, 0)
    with pytest.raises(InputError, match="gamma must be a finite number"):
        residual_risk(0.0, 1.0, 0.1, 1)


def test_a_students_risk_falls_where_its_supervisors_does_not() -> None:
    rows = [exact("scaling-exponent", p=200_000, n=n) for n in (300, 1000, 3000)]
    for row in rows:
        assert row["weak_risk"] == pytest.approx(row["limit_weak_risk"], rel=0.15)
        assert abs(row["weak_exponent"]) < 0.1
        assert row["student_exponent"] == pytest.approx(row["limit_exponent"], abs=0.04)
        assert row["tuned_exponent"] == pytest.approx(row["limit_exponent"], abs=0.04)
        assert row["tuned_risk"] < row["student_risk"] < row["weak_risk"]
    steep = exact("scaling-exponent", p=200_000, n=1000, signal_decay=3.0)
    assert steep["student_exponent"] == pytest.approx(2 / 3, abs=0.05)


def test_views_that_err_independently_give_the_gain_exactly() -> None:
    found = exact("three-views", weak=0.6, student=0.8, judge=0.9)
    assert found["limit_spectral_gain"] == pytest.approx(found["gain"])
    # a student that copies swells the supervisor's skill and its own by one factor, so the sign is right
    copied = exact("three-views", weak=0.6, student=0.7, judge=0.9, copied=0.4)
    swollen = math.sqrt(1 + 0.4 * (1 - 0.2**2) / (0.2 * 0.4))
    assert copied["limit_spectral_gain"] == pytest.approx(swollen * 0.1)
    # no gain, and a judge that shares the student's errors makes one up
    shared = exact("three-views", weak=0.7, student=0.7, judge=0.7, shared=0.3)
    factor = math.sqrt(1 + 0.3 * (1 - 0.4**2) / 0.4**2)
    assert shared["limit_spectral_gain"] == pytest.approx(0.2 * (factor - 1 / factor))


def test_weak_labels_that_err_by_the_input_break_the_correction() -> None:
    right = exact("weakly-labelled-sets", error=0.3)
    assert right["corrected_coverage"] == pytest.approx(right["coverage"])
    assert right["weak_coverage"] < right["coverage"]
    wrong = exact("weakly-labelled-sets", error=0.3, follows=1.0)
    assert wrong["corrected_coverage"] > 1
    assert wrong["weak_coverage"] > wrong["coverage"] > wrong["agreement_bound"]


def test_without_enough_pretraining_there_is_no_direction_and_no_gain() -> None:
    """The share of the direction that is found jumps up from 0 at d / b^2 inputs, and tends to all of it."""
    cosines = [exact("warm-start", mu=1.0, d=400, N=n)["limit_start_cos"] for n in (399, 401, 1600, 1_000_000)]
    assert cosines[0] == 0
    assert 0 < cosines[1] < 0.1
    assert cosines[2] == pytest.approx(math.sqrt((1 - 0.25) / (1 + 0.25)))
    assert cosines[3] == pytest.approx(1, abs=1e-3)
    little, much = (exact("warm-start", N=n) for n in (100, 1600))
    assert little["limit_gain"] == 0
    assert much["limit_gain"] > 0.09
    # one extreme eigenvalue of 400 dimensions is near its limit, and no nearer
    world = registry.build("worlds", {"kind": "warm-start", "trials": 10})
    assert isinstance(world, World)
    found = world.simulate(np.random.default_rng(0))
    for name in ("start_cos", "start_accuracy", "best_accuracy", "gain"):
        assert found[name].value == pytest.approx(much[f"limit_{name}"], abs=0.01), name
