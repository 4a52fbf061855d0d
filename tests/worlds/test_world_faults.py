"""Worlds and their formulas on impossible input: a clear error, never a number."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2sg.core import InputError, registry
from w2sg.worlds.benign_overfitting import TwoLevels
from w2sg.worlds.ensemble import labelling_error
from w2sg.worlds.finetuned import best_between
from w2sg.worlds.group_shift import Moments, proportional_inverse
from w2sg.worlds.intrinsic_dimension import least_squares_variance, variance_risks
from w2sg.worlds.latent_concept import log_likelihood_drifts, wrong_mass
from w2sg.worlds.misfit_toy import bernoulli_kl, bregman_slack
from w2sg.worlds.mixture import averaging_step
from w2sg.worlds.oversight import Skills, best_steps, success_probability
from w2sg.worlds.random_features import (
    best_stopped_risk,
    linear_weak_risks,
    spike_student_risk,
    student_floor,
)
from w2sg.worlds.representation import projected_residual, ridge_fit
from w2sg.worlds.ridge import (
    TwoStageRidgeWorld,
    best_student_penalty,
    best_weak_penalty,
    ridge_moments,
    two_stage_ridge_risks,
)
from w2sg.worlds.ridgeless import RidgelessLimit, RidgelessWorld, effective_ridge

NAN, INF = math.nan, math.inf
EYE = np.eye(2)


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("intrinsic-dimension", {"n": 81}, "n must be a finite number above 81"),
        ("intrinsic-dimension", {"d_sw": 41}, "d_sw must be a finite number from 0 to 40"),
        ("intrinsic-dimension", {"N": 41}, "above"),
        ("intrinsic-dimension", {"sigma": 0}, "sigma"),
        ("intrinsic-dimension", {"trials": 1}, "trials"),
        ("two-stage-ridge", {"gamma": 0}, "gamma"),
        ("two-stage-ridge", {"gamma": 1, "lambda_t": 0}, "interpolation peak"),
        ("two-stage-ridge", {"lambda_s": -1}, "lambda_s"),
        ("ridgeless", {"p": 100, "n": 100}, "n must be below p"),
        ("oversight", {"game": "chess"}, "game"),
        ("oversight", {"steps": 0}, "steps"),
        ("mixture", {"cos": 1.1}, "cos"),
        ("mixture", {"mu": 0}, "mu"),
        ("random-feature-limit", {"M": 10, "d": 10}, "M must be below d"),
        ("random-feature-limit", {"features": "relu", "student_width": 10}, "ReLU features"),
        ("random-feature-limit", {"M": 10, "d": 100, "student_width": 50}, "at least d features"),
        ("overlap", {"overlap": 0.8, "easy": 0.5}, "easy must be a finite number from 0 to 0.2"),
        ("latent-concept", {"weights": [0.5, 0.6, 0]}, "sum to 1"),
        ("latent-concept", {"weights": [0.5, 0.3, 0.2]}, "at most two concepts"),
        ("latent-concept", {"weights": [1.0]}, "two lists of one length"),
        ("gain-identified", {"risk": 1.5}, "risk must be from 0.32 to 0.72"),
        ("gain-identified", {"weak": 1.2}, "probability_0 must be a finite number from 0 to 1"),
        ("gain-identified", {"weak": [0.5, 0.6], "student": [0.1, 0.2, 0.3]}, "as many inputs, got 2 and 3"),
        ("gain-identified", {"weak": []}, "as many inputs"),
        ("group-shift", {"n": 129}, "n must be a finite number above 129"),
        ("group-shift", {"eta_l": 1.5}, "eta_l"),
        ("group-shift", {"mu": [1, 2]}, "mu"),
        ("ensemble-variance", {"K": 1}, "K"),
        ("ensemble-variance", {"N": 61}, "above 61"),
        ("gradient-flow", {"M": 1}, "M"),
        ("finetuned-student", {"start": 1}, "start"),
        ("linear-misfit", {"n": 18}, "above 18"),
        ("benign-overfitting", {"strong": [1.2, 0.3, 0.1]}, "among the student's"),
        ("benign-overfitting", {"weak": [0.2, 0.3, 0.5]}, "0 <= r < p"),
        ("certificate", {"k": 6, "n": 5}, "k must be at most n"),
        ("certificate", {"delta": 1}, "delta"),
        ("certificate", {"n": 0}, "n"),
        ("disagreement-audit", {"right": 201}, "each be at most the next"),
        ("conformal", {"miss": 0}, "miss"),
        ("self-distillation", {"penalty": 0}, "penalty"),
        ("residual-steps", {"gamma": 1}, "'gamma' must not be 1"),
        ("residual-steps", {"steps": 0}, "steps"),
        ("scaling-exponent", {"n": 1000, "p": 2000}, "2 n must be below p"),
        ("scaling-exponent", {"decay": 1}, "decay"),
        ("three-views", {"weak": 0.9, "student": 0.6, "copied": 0.7}, "lower what is copied"),
        ("three-views", {"student": 0.9, "judge": 0.55, "shared": 0.7}, "'judge' would have to be right"),
        ("weakly-labelled-sets", {"error": 0.5}, "error"),
        ("warm-start", {"weak": 1.0}, "weak"),
        ("warm-start", {"mu": 0}, "mu"),
        ("prediction-powered", {"prevalence": 1}, "prevalence"),
        ("prediction-powered", {"prevalence": 0.01}, "10 labels of the rarer kind"),
        ("mixture", {"N": 1_000_000, "d": 5000}, "at most 100,000,000 numbers"),
    ],
)
def test_impossible_worlds_are_refused(name: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        registry.build("worlds", {"kind": name, **fields})


@pytest.mark.parametrize(
    "call",
    [
        lambda: least_squares_variance(3, 4),
        lambda: least_squares_variance(-1, 10),
        lambda: least_squares_variance(NAN, 10),
        lambda: least_squares_variance(3, INF),
        lambda: least_squares_variance(3, 10, -1),
        lambda: variance_risks(8, 4, 5, 20, 20),
        lambda: variance_risks(8, 4, NAN, 20, 20),
        lambda: variance_risks(8, 4, 2, 9, 20),
        lambda: variance_risks(8, 4, 2, 20, 5),
        lambda: ridge_moments(1, 0),
        lambda: ridge_moments(-1, 1),
        lambda: ridge_moments(0.5, NAN),
        lambda: ridge_moments(0.5, INF),
        lambda: two_stage_ridge_risks(0.5, -1, 0.1, 0.1),
        lambda: two_stage_ridge_risks(0.5, 1, 0.1, 0.1, NAN),
        lambda: best_weak_penalty(0.5, 1, 0),
        lambda: best_student_penalty(0.5, NAN, 0.1),
        lambda: effective_ridge([1, 1], 2),
        lambda: effective_ridge([1, 0], 1),
        lambda: effective_ridge([1, NAN], 1),
        lambda: effective_ridge([], 1),
        lambda: effective_ridge([1, 2], 0),
        lambda: RidgelessLimit.of([1, 0.5], 1).risk([1, 2, 3], [1, 2]),
        lambda: RidgelessLimit.of([1, 0.5], 1).risk([1, 2], [1, 2], -1),
        lambda: success_probability(Skills(1, 1, NAN), 10, 1),
        lambda: success_probability(Skills(1, 1, 0), INF, 1),
        lambda: success_probability(Skills(1, 1, 0), 10, 0),
        lambda: best_steps(Skills(NAN, 1, 0), 10),
        lambda: averaging_step(NAN, 0.5),
        lambda: averaging_step(1, 2),
        lambda: averaging_step(1, 0.5, 10, 0),
        lambda: averaging_step(1, 0.5, -1, 10),
        lambda: best_between(0.8, NAN, 0.4),
        lambda: best_between(0.8, 0.5, 1.0),
        lambda: best_between(0.9, 0.9, -0.9),
        lambda: student_floor(NAN),
        lambda: student_floor(1.01),
        lambda: spike_student_risk(-0.1),
        lambda: best_stopped_risk(0.1, 1),
        lambda: best_stopped_risk([0.1, NAN], 0.1),
        lambda: linear_weak_risks(5, 5, 0.1),
        lambda: log_likelihood_drifts([0, 1], [0.5, 0.4]),
        lambda: wrong_mass([0, NAN], [0.5, 0.5], 3),
        lambda: wrong_mass([0, 1], [0.5, 0.5], -1),
        lambda: bernoulli_kl([0, INF], [0, 0]),
        lambda: bregman_slack([0.0], [NAN], [0.0]),
        lambda: labelling_error(1, 5, 6),
        lambda: proportional_inverse(np.ones((4, 2)), np.full(4, 0.25), 0.6),
        lambda: proportional_inverse(np.ones((4, 2)), np.full(4, 0.25), 0.1),
        lambda: Moments(np.zeros((2, 2)), EYE, EYE, EYE, EYE).traces(),
        lambda: Moments(EYE, EYE, EYE * NAN, EYE, EYE).traces(),
        lambda: Moments(EYE, EYE, np.eye(3), EYE, EYE).traces(),
        lambda: Moments(EYE, np.eye(3), EYE, EYE, EYE).traces(),
        lambda: ridge_fit(np.ones((3, 2)), np.ones(3), 0),
        lambda: ridge_fit(np.ones((0, 2)), np.ones(0), 1),
        lambda: ridge_fit(np.ones((3, 2)), np.array([1, NAN, 1]), 1),
        lambda: ridge_fit(np.ones((3, 2)), np.ones(3), NAN),
        lambda: projected_residual(np.ones((3, 2)), np.ones((4, 2)), np.ones(3), 1),
        lambda: TwoStageRidgeWorld(gamma=1e-6).simulate(np.random.default_rng(0)),
        lambda: RidgelessWorld(p=2000, n=1999, decay=5).simulate(np.random.default_rng(0)),
        lambda: wrong_mass([0, 1e6], [0.5, 0.5], 3),
        lambda: TwoLevels.of(50, 1, 0, 0.5),
        lambda: TwoLevels.of(50, 0.1, 0.5, 0.05),
    ],
)
def test_impossible_numbers_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(InputError):
        call()


POSITIVE = st.floats(1e-3, 1e3)


@given(POSITIVE, POSITIVE, POSITIVE, POSITIVE, POSITIVE)
def test_ridge_risks_obey_the_identity_of_squared_loss(g: float, g_s: float, s2: float, lt: float, ls: float) -> None:
    """A least-squares student of the supervisor's own labels: risks and misfit are finite, and nothing is negative."""
    risks = two_stage_ridge_risks(g, s2, lt, ls, g_s)
    assert min(risks.weak, risks.student, risks.misfit) >= -1e-9 * (1 + s2)
    assert all(math.isfinite(value) for value in (risks.weak, risks.student, risks.misfit))
    assert math.sqrt(max(risks.student, 0)) <= math.sqrt(risks.weak) + math.sqrt(max(risks.misfit, 0)) + 1e-6


@given(st.floats(0, 50), st.floats(0, 50), st.floats(0, 1), st.floats(1, 500), st.floats(1, 500), st.floats(0, 10))
def test_variance_gain_is_misfit_less_what_is_fitted(
    d_w: float, d_s: float, share: float, more: float, more_s: float, s2: float
) -> None:
    """The student inherits d_s / (N - d_s - 1) of the discrepancy: gain = misfit (1 - that) / (1 + that)."""
    risks = variance_risks(d_w, d_s, share * min(d_w, d_s), d_w + 1 + more, d_s + 1 + more_s, s2)
    inherited = d_s / more_s
    assert risks.gain == pytest.approx(risks.misfit * (1 - inherited) / (1 + inherited), rel=1e-6, abs=1e-9)


@given(st.floats(0, 1))
def test_no_contraction_gets_below_the_floor(risk: float) -> None:
    assert risk**2 / 4 - 1e-15 <= student_floor(risk) <= spike_student_risk(risk) + 1e-15
    rng = np.random.default_rng(0)
    supervisor = np.array([1 - risk, math.sqrt(risk * (1 - risk))])
    for _ in range(20):
        student = supervisor * rng.random(2)
        assert float((1 - student[0]) ** 2 + student[1] ** 2) >= student_floor(risk) - 1e-12


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-1000, 1000), st.floats(0, 2000))
def test_best_steps_beats_any_other_number(guard: float, houdini: float, intercept: float, gap: float) -> None:
    skills = Skills(guard, houdini, intercept)
    best = success_probability(skills, gap, best_steps(skills, gap))
    assert all(best >= success_probability(skills, gap, steps) for steps in (1, 2, 3, 5, 8, 13, 40, 1000))
