"""Closed forms of the worlds against published and independently recomputed numbers, to the digits printed there."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from w2sg.core import registry
from w2sg.worlds.random_features import (
    best_stopped_risk,
    filtered_student_floor,
    spike_student_risk,
    student_floor,
)
from w2sg.worlds.ridge import best_student_penalty, ridge_moments, two_stage_ridge_risks


def exact(name: str, **fields: Any) -> Mapping[str, float]:
    world: Any = registry.build("worlds", {"kind": name, **fields})
    found: Mapping[str, float] = world.exact()
    return found


def agrees(found: float, printed: str) -> bool:
    """Return whether a number rounds to the printed one, give or take a tie."""
    decimals = len(printed.partition(".")[2].partition("e")[0])
    power = int(printed.partition("e")[2] or 0)
    return abs(found - float(printed)) <= 0.5001 * 10.0 ** (power - decimals)


NUMBERS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    (
        "misfit-toy",
        {},
        {
            "w": "0.7684",
            "kl_truth_weak": "2.5410",  # the notebook rounds up: 2.541024
            "kl_truth_student": "0.1476",
            "kl_student_weak": "1.8628",
            "slack": "0.5306",
            "inner_product": "0.5306",
            "forward_w": "1.1280",
            "forward_kl_weak_truth": "0.77784",
            "forward_kl_weak_student": "0.39885",
            "forward_kl_student_truth": "0.37899",
        },
    ),
    ("misfit-toy", {"w": -20}, {"kl_student_weak": "1.340", "slack": "-16.3"}),
    (
        "two-stage-ridge",
        {"lambda_t": 0.01},
        {"weak_risk": "0.9273", "best_student_risk": "0.5587", "gain": "0.3686"},
    ),
    (
        "two-stage-ridge",
        {"lambda_t": 0.1},
        {"weak_risk": "0.6036", "best_lambda_s": "0.291", "student_risk": "0.4861", "gain": "0.1174"},
    ),
    ("two-stage-ridge", {"lambda_t": 0.1, "lambda_s": 0.2914}, {"student_risk": "0.4861", "misfit": "0.1632"}),
    ("two-stage-ridge", {"lambda_t": 0.1, "lambda_s": 0.1}, {"student_risk": "0.5136"}),
    ("two-stage-ridge", {"lambda_t": 0.1, "lambda_s": 0.5}, {"student_risk": "0.4971"}),
    ("two-stage-ridge", {"lambda_t": 0.1, "lambda_s": 1.0}, {"student_risk": "0.5482"}),
    (
        "two-stage-ridge",
        {"lambda_t": 0.5},
        {"weak_risk": "0.41421", "best_student_risk": "0.4142", "best_lambda_s": "0.0", "gain": "0.0"},
    ),
    ("two-stage-ridge", {"lambda_t": 0.5, "lambda_s": 0.1}, {"misfit": "0.0202", "gain": "-0.0202"}),
    ("two-stage-ridge", {"lambda_t": 1.0}, {"weak_risk": "0.4552", "best_student_risk": "0.4552", "gain": "0.0"}),
    (
        "ridgeless",
        {"p": 500, "n": 50},
        {
            "standard_risk": "0.4109",
            "optimal_surrogate_risk": "0.2679",
            "best_mask_risk": "0.2807",
            "tau": "8.867e-4",
            "omega": "0.5174",
        },
    ),
    (
        "ridgeless",
        {"p": 500, "n": 100},
        {
            "standard_risk": "0.2425",
            "optimal_surrogate_risk": "0.1612",
            "best_mask_risk": "0.1702",
            "tau": "2.029e-4",
            "omega": "0.5458",
        },
    ),
    (
        "ridgeless",
        {"p": 500, "n": 200},
        {
            "standard_risk": "0.1194",
            "optimal_surrogate_risk": "0.0833",
            "best_mask_risk": "0.0897",
            "tau": "3.973e-5",
            "omega": "0.6130",
            "n_amplified": "126",
            "largest_factor": "1.1386",
            "n_kept": "203",
            "mask_surrogate_risk": "0.0508",
        },
    ),
    (
        "ridgeless",
        {"p": 500, "n": 300},
        {
            "standard_risk": "0.0622",
            "optimal_surrogate_risk": "0.0464",
            "best_mask_risk": "0.0517",
            "tau": "1.226e-5",
            "omega": "0.7040",
        },
    ),
    (
        "intrinsic-dimension",
        {},
        {"weak_risk": "0.6723", "student_risk": "0.1086", "ceiling_risk": "0.03451", "pgr": "0.884"},
    ),
    ("intrinsic-dimension", {"d_sw": 40}, {"student_risk": "0.3502", "pgr": "0.505"}),
    ("intrinsic-dimension", {"N": 200}, {"student_risk": "0.2320", "ceiling_risk": "0.1114", "pgr": "0.785"}),
    (
        "oversight",
        {"slope_guard": 1, "slope_houdini": 1, "intercept": 10, "gap": 10, "steps": 10},
        {"success": "7.0798449e-4"},
    ),
    ("oversight", {"game": "mafia"}, {"success": "0.11062", "steps": "1"}),
    ("oversight", {"game": "debate"}, {"success": "0.5136", "steps": "1"}),
    ("oversight", {"game": "backdoor"}, {"success": "0.275691", "steps": "2"}),
    ("oversight", {"game": "wargames"}, {"success": "0.097977", "steps": "1"}),
    ("oversight", {"game": "mafia", "gap": 800}, {"success": "0.05184", "steps": "3"}),
    ("oversight", {"game": "debate", "gap": 800}, {"success": "0.4852", "steps": "1"}),
    ("oversight", {"game": "backdoor", "gap": 800}, {"success": "0.00334", "steps": "2"}),
    ("oversight", {"game": "wargames", "gap": 800}, {"success": "0.0245", "steps": "2"}),
    ("ensemble-variance", {}, {"weak_risk": "1.0169", "mean_weak_risk": "0.1271"}),
    (
        "certificate",
        {"k": 5, "n": 100},
        {"two_sided_low": "0.01643", "two_sided_high": "0.11283", "high": "0.1023"},
    ),
    (
        "certificate",
        {"k": 50, "n": 1000},
        {"two_sided_low": "0.03734", "two_sided_high": "0.06539", "high": "0.0629"},
    ),
    ("certificate", {"method": "hoeffding"}, {"high": "0.1724"}),
    ("certificate", {"method": "hoeffding", "k": 50, "n": 1000}, {"high": "0.0887"}),
    ("certificate", {"method": "chernoff-kl"}, {"high": "0.1215"}),
    ("certificate", {"method": "chernoff-kl", "k": 50, "n": 1000}, {"high": "0.0687"}),
    ("certificate", {"method": "maurer-pontil"}, {"high": "0.1964"}),
    ("certificate", {"method": "maurer-pontil", "k": 50, "n": 1000}, {"high": "0.0773"}),
    (
        "certificate",
        {"method": "pac-bayes-kl", "k": 50, "n": 1000, "kl": 10},
        {"high": "0.1008", "mcallester": "0.1426"},
    ),
    (
        "certificate",
        {"method": "pac-bayes-kl", "k": 50, "n": 500, "kl": 5},
        {"high": "0.1774", "mcallester": "0.2086"},
    ),
    (
        "certificate",
        {"method": "pac-bayes-kl", "k": 40, "n": 200, "kl": 3},
        {"high": "0.3383", "mcallester": "0.3528"},
    ),
    ("disagreement-audit", {}, {"certified_gain": "0.0292", "gain": "0.048"}),
    ("conformal", {"n": 99}, {"coverage": "0.900", "coverage_sd": "0.0299"}),
]
GROUPS = [
    ((0.1, 0.0), ("0.0510", "0.0480"), ("0.0120", "0.0118")),
    ((0.1, 0.1), ("0.0510", "0.0480"), ("0.0144", "0.0122")),
    ((0.1, 0.3), ("0.0510", "0.0480"), ("0.0191", "0.0147")),
    ((0.1, 0.5), ("0.0510", "0.0480"), ("0.0223", "0.0198")),
    ((0.5, 0.5), ("0.0400", "0.0400"), ("0.0147", "0.0118")),
    ((0.5, 0.1), ("0.0400", "0.0400"), ("0.0142", "0.0169")),
]
MIXTURES = [
    (0.2, ("0.6179", "0.5609", "0.7999", "0.577")),
    (0.4, ("0.7257", "0.8395", "0.8960", "0.821")),
    (0.6, ("0.8159", "0.9479", "0.9225", "0.909")),
    (0.8, ("0.8849", "0.9876", "0.9307", "0.949")),
    (0.95, ("0.9229", "0.9983", "0.9329", "0.968")),
]


@pytest.mark.parametrize(("name", "fields", "printed"), NUMBERS)
def test_printed_numbers(name: str, fields: dict[str, Any], printed: dict[str, str]) -> None:
    found = exact(name, **fields)
    assert {key: found[key] for key, text in printed.items() if not agrees(found[key], text)} == {}


@pytest.mark.parametrize(("etas", "supervisor", "student"), GROUPS)
def test_group_shift_to_first_order_and_as_transcribed(
    etas: tuple[float, float], supervisor: tuple[str, str], student: tuple[str, str]
) -> None:
    found = exact("group-shift", eta_l=etas[0], eta_u=etas[1])
    for who, printed in (("weak", supervisor), ("student", student)):
        assert agrees(found[f"{who}_risk_first_order"], printed[0])
        assert agrees(found[f"{who}_risk_transcribed"], printed[1])


@pytest.mark.parametrize(("cos", "printed"), MIXTURES)
def test_mixture(cos: float, printed: tuple[str, ...]) -> None:
    found = exact("mixture", cos=cos)
    keys = ("weak_accuracy", "student_cos", "student_accuracy", "pgr")
    assert [agrees(found[key], text) for key, text in zip(keys, printed, strict=True)] == [True] * 4


@pytest.mark.parametrize(
    ("start", "supervisor", "printed"), [(0.8, 0.5, 0.825), (0.8, 0.6, 0.835), (0.8, 0.3, 0.807), (0.7, 0.7, 0.811)]
)
def test_a_good_student_is_improved_by_a_worse_supervisor(start: float, supervisor: float, printed: float) -> None:
    """Means of 20 simulated pairs were printed; their standard errors are about 0.002."""
    found = exact("finetuned-student", start=start, weak=supervisor)
    assert found["limit_best_cos"] == pytest.approx(printed, abs=0.008)
    assert found["limit_improved"] >= 0.95


@pytest.mark.parametrize(("n", "printed"), [(1, 0.503), (4, 0.203), (16, 0.0346), (64, 0.00012)])
def test_wrong_mass_of_a_posterior(n: int, printed: float) -> None:
    """The printed numbers were simulated, to 3% and worse where they are small; the drift, printed as 1.198, is 1.2."""
    found = exact("latent-concept", n=n)
    assert found["wrong_mass"] == pytest.approx(printed, rel=0.03, abs=0.00002)
    assert found["drift"] == pytest.approx(1.2, abs=1e-12)


def test_the_expected_wrong_mass_falls_at_the_rate_of_rare_contexts_and_not_of_the_drift() -> None:
    """The rate is .104 for each example where the drift is 1.2; Chernoff's bound holds at every number of examples."""
    rate = exact("latent-concept")["rate"]
    assert rate == pytest.approx(0.104, abs=5e-4)
    mass = {n: exact("latent-concept", n=n)["wrong_mass"] for n in (1, 4, 16, 64, 100, 200)}
    assert all(found <= 2 * np.exp(-n * rate) for n, found in mass.items())
    # A tail has a factor 1 / sqrt(n) beside its exponential.
    fallen = (np.log(mass[100] * np.sqrt(100)) - np.log(mass[200] * np.sqrt(200))) / 100
    assert fallen == pytest.approx(rate, rel=0.02)
    # The mass goes to the wrong concept where the drift is below 0, and then it does not fall at all.
    assert exact("latent-concept", weights=[0.3, 0.7, 0.0])["rate"] == 0
    # Two concepts and examples of the right one alone: the error rate of the likelihood ratio, (mu / 2)^2 / 2.
    alone = exact("latent-concept", means=[0.0, 2.0], weights=[1.0, 0.0])
    assert alone["rate"] == pytest.approx(0.5, abs=1e-6)
    assert alone["drift"] == pytest.approx(2.0)


def test_what_the_supervisors_risk_leaves_open() -> None:
    found = exact("gain-identified")
    assert (found["low"], found["high"]) == pytest.approx((0.18, 0.18), abs=1e-9)
    assert (found["unrestricted_low"], found["unrestricted_high"]) == pytest.approx((-0.6891, 0.3291), abs=5e-5)
    two = exact("gain-identified", weak=[0.6, 0.7], student=[0.9, 0.2], risk=0.4)
    assert two["unrestricted_low"] < two["low"] < two["high"] < two["unrestricted_high"]


def test_three_terms_of_the_forward_identity_add_up() -> None:
    found = exact("misfit-toy")
    parts = found["forward_kl_weak_student"] + found["forward_kl_student_truth"]
    assert found["forward_kl_weak_truth"] == pytest.approx(parts, abs=1e-12)
    assert found["slack"] == pytest.approx(found["inner_product"], abs=1e-12)


def test_equal_slopes_have_a_closed_form() -> None:
    found = exact("oversight", slope_guard=0.7, slope_houdini=0.7, intercept=25, gap=300, steps=4)
    assert found["success"] == pytest.approx((1 + 10 ** ((25 + 0.7 * 300 / 4) / 400)) ** -4, rel=1e-12)


@pytest.mark.parametrize(
    ("m", "risk", "student"),
    [
        (32, 0.1357, 0.02243),
        (64, 0.1069, 0.01278),
        (128, 0.0791, 0.00668),
        (256, 0.0525, 0.00283),
        (512, 0.0424, 0.00182),
    ],
)
def test_best_stopped_students_of_linear_features(m: int, risk: float, student: float) -> None:
    """The printed students were stopped on a grid of times: never better than the best, and at most 2% worse."""
    best = float(best_stopped_risk(risk, round(m**1.5) ** (-2 / 3)))
    assert best * 0.995 <= student <= best * 1.02
    assert best >= max(student_floor(risk), filtered_student_floor(risk), spike_student_risk(risk))


def test_best_stopping_time_is_the_best() -> None:
    """Against a fine grid of times, over supervisors and spectra."""
    for risk, rho in ((0.459, 0.01), (0.05, 0.2), (0.9, 0.5), (0.0056, 0.01)):
        times = np.geomspace(1e-3, 1e4, 200_001)
        kept, leaked = -np.expm1(-times), -np.expm1(-rho * times)
        grid = (1 - kept * (1 - risk)) ** 2 + leaked**2 * risk * (1 - risk)
        best = float(best_stopped_risk(risk, rho))
        assert best == pytest.approx(float(grid.min()), rel=1e-6)
        assert best <= grid.min() * (1 + 1e-12)


def test_ridge_moments_are_those_of_the_marchenko_pastur_law() -> None:
    """By quadrature over its density, for one dimension a label and for two labels a dimension."""
    gamma = 0.5
    low, high = (1 - gamma**0.5) ** 2, (1 + gamma**0.5) ** 2
    angle = (np.arange(4000) + 0.5) * np.pi / 4000
    s = (low + high) / 2 + (high - low) / 2 * np.cos(angle)
    mass = np.sin(angle) ** 2 * ((high - low) / 2) ** 2 / (2 * np.pi * gamma * s) * np.pi / 4000
    for penalty in (0.0, 0.03, 1.7):
        found = ridge_moments(gamma, penalty)
        assert found.first == pytest.approx(float(mass @ (s / (s + penalty))), rel=1e-6)
        assert found.second == pytest.approx(float(mass @ (s / (s + penalty)) ** 2), rel=1e-6)
        assert found.noise == pytest.approx(gamma * float(mass @ (s / (s + penalty) ** 2)), rel=1e-6)


@pytest.mark.parametrize("lambda_t", [0.0, 0.01, 0.1, 0.3])
@pytest.mark.parametrize("gamma_s", [0.2, 0.5, 2.0])
def test_no_student_penalty_is_better_than_the_best(lambda_t: float, gamma_s: float) -> None:
    best = best_student_penalty(0.5, 1.0, lambda_t, gamma_s)

    def risk(penalty: float) -> float:
        return two_stage_ridge_risks(0.5, 1.0, lambda_t, penalty, gamma_s).student

    searched = minimize_scalar(lambda log: risk(np.exp(log)), bounds=(-8, 3), method="bounded", options={"xatol": 1e-9})
    assert risk(best) <= searched.fun + 1e-12
    assert best == pytest.approx(np.exp(searched.x), rel=1e-4)


@pytest.mark.parametrize("lambda_t", [0.5, 0.7, 5.0])
def test_a_weak_that_is_regularised_enough_is_not_improved(lambda_t: float) -> None:
    assert best_student_penalty(0.5, 1.0, lambda_t) == 0
