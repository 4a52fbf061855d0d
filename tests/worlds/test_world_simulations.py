"""Worlds simulated: against their own closed forms, and against recomputed simulations of the same worlds.

Tolerance everywhere: four standard errors, those of the printed simulation added where it has its own.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from w2sg.core import registry
from w2sg.testing import registered
from w2sg.worlds import Simulation, World

SIGMAS = 4.0


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


def made(name: str, **fields: Any) -> World:
    world = registry.build("worlds", {"kind": name, **fields})
    assert isinstance(world, World)
    return world


def simulated(name: str, seed: int = 0, **fields: Any) -> Mapping[str, Simulation]:
    return made(name, **fields).simulate(np.random.default_rng(seed))


def agree(found: Simulation, value: float, se: float = 0.0) -> bool:
    """Return whether a simulated number is within four standard errors of another."""
    return abs(found.value - value) <= SIGMAS * math.hypot(found.se or 0.0, se) + 1e-12


def unlike(world: World, seed: int) -> dict[str, tuple[float, Simulation]]:
    """Return what a simulation gives other than the closed form says."""
    exact, found = world.exact(), world.simulate(np.random.default_rng(seed))
    return {key: (exact[key], found[key]) for key in set(exact) & set(found) if not agree(found[key], exact[key])}


@pytest.mark.parametrize("name", registered("worlds"))
def test_closed_form_and_simulation_of_each_world(name: str) -> None:
    """With default parameters; values are finite, and the same generator gives the same numbers."""
    world = made(name)
    exact, found = world.exact(), world.simulate(np.random.default_rng(1))
    assert all(isinstance(value, float) and math.isfinite(value) for value in exact.values())
    assert all(math.isfinite(one.value) and one.n >= 1 for one in found.values())
    assert {
        key for key in set(exact) & set(found) if key != "identity_error" and not agree(found[key], exact[key])
    } == set()


@pytest.mark.parametrize("name", ["intrinsic-dimension", "latent-concept", "certificate"])
def test_a_seed_gives_the_same_numbers(name: str) -> None:
    assert simulated(name, 3) == simulated(name, 3)


CASES: list[tuple[str, dict[str, Any]]] = [
    ("intrinsic-dimension", {"d_sw": 40}),
    ("intrinsic-dimension", {"d_sw": 10, "N": 200}),
    ("intrinsic-dimension", {"d_w": 7, "d_s": 12, "d_sw": 3.4, "n": 30, "N": 40, "sigma": 2.0, "trials": 1000}),
    ("intrinsic-dimension", {"d_w": 5, "d_s": 5, "d_sw": 0, "n": 30, "N": 30, "trials": 500}),
    ("two-stage-ridge", {"lambda_t": 0.01}),
    ("two-stage-ridge", {"lambda_t": 0.5, "lambda_s": 0.1}),
    ("two-stage-ridge", {"lambda_t": 0.0, "gamma": 2.0, "gamma_s": 0.5, "lambda_s": 0.2, "sigma2": 0.3, "r2": 2.0}),
    ("two-stage-ridge", {"gamma": 0.25, "gamma_s": 2.0, "lambda_s": 0.0}),
    ("ridgeless", {"n": 300}),
    ("ridgeless", {"n": 200, "noise": 0.1}),
    ("oversight", {"game": "backdoor"}),
    (
        "oversight",
        {"slope_guard": 1, "slope_houdini": 1, "intercept": 10, "gap": 10, "steps": 10, "trials": 10_000_000},
    ),
    ("mixture", {"cos": 0.2}),
    ("mixture", {"cos": 0.8, "d": 500, "N": 5000}),
    ("latent-concept", {"n": 1, "trials": 200_000}),
    ("latent-concept", {"n": 64, "trials": 500_000}),
    ("latent-concept", {"n": 9, "means": [1.0, 0.0], "weights": [0.6, 0.4]}),
    ("random-feature-limit", {"M": 32}),
    ("random-feature-limit", {"M": 160, "d": 1000}),
    ("group-shift", {"eta_u": 0.5}),
    ("group-shift", {"n": 384, "eta_u": 0.3}),
    ("group-shift", {"eta_l": 0.5, "eta_u": 0.1}),
    ("ensemble-variance", {"d": 20, "n": 40, "K": 3, "N": 200, "sigma": 0.5, "trials": 500}),
    ("certificate", {"method": "chernoff-kl", "k": 4, "n": 200}),
    ("certificate", {"method": "hoeffding", "k": 80, "n": 200}),
    ("gradient-flow", {"M": 32}),
    ("self-distillation", {"penalty": 1.0, "d": 400}),
    ("self-distillation", {"gamma": 2.0, "penalty": 0.3, "sigma2": 0.5, "r2": 2.0}),
    ("residual-steps", {"gamma": 0.1, "penalty": 1.0}),
    ("residual-steps", {"gamma": 2.0, "penalty": 0.3, "steps": 3, "sigma2": 0.5}),
    ("scaling-exponent", {"n": 400, "signal_decay": 3.0}),
    ("scaling-exponent", {"n": 50, "decay": 2.0, "noise": 0.3, "trials": 200}),
    ("three-views", {"copied": 0.3, "shared": 0.2, "m": 40_000}),
    ("weakly-labelled-sets", {"follows": 0.4, "error": 0.3, "reach": 0.0}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "fields"), CASES)
def test_closed_form_and_simulation_elsewhere(name: str, fields: dict[str, Any]) -> None:
    assert unlike(made(name, **fields), 2) == {}


def test_every_truth_with_the_supervisors_risk_has_a_gain_between_the_ends() -> None:
    for fields in ({}, {"weak": [0.6, 0.7, 0.2], "student": [0.9, 0.2, 0.3]}, {"weak": [0.9, 0.1], "student": 0.5}):
        found = simulated("gain-identified", **fields)
        assert found["inside"].value == 1
    assert simulated("gain-identified")["gain"].value == pytest.approx(0.18)


def test_intrinsic_dimension_as_recomputed() -> None:
    """The recomputed means carry standard errors of about 2%."""
    for fields, printed in (
        ({"d_sw": 10}, (0.695, 0.114, 0.0339)),
        ({"d_sw": 40}, (0.660, 0.347, 0.0346)),
        ({"N": 200}, (0.673, 0.231, 0.109)),
    ):
        found = simulated("intrinsic-dimension", **fields)
        for key, value in zip(("weak_risk", "student_risk", "ceiling_risk"), printed, strict=True):
            assert agree(found[key], value, 0.02 * value), key


@pytest.mark.slow
def test_ensemble_as_recomputed() -> None:
    """One world was printed; a world's spread is that of a trial here."""
    found = simulated("ensemble-variance", trials=100)
    printed = {
        "weak_risk": 1.0257,
        "student_risk": 0.1413,
        "gain": 0.8844,
        "misfit": 0.9109,
        "ensemble_variance": 0.8968,
    }
    for key, value in printed.items():
        assert agree(found[key], value, 10 * (found[key].se or 0)), key


@pytest.mark.parametrize(
    ("eta_l", "eta_u", "supervisor", "student"),
    [(0.1, 0.0, 0.0568, 0.0122), (0.1, 0.5, 0.0568, 0.0243), (0.5, 0.5, 0.0436, 0.0147), (0.5, 0.1, 0.0436, 0.0139)],
)
def test_group_shift_as_recomputed(eta_l: float, eta_u: float, supervisor: float, student: float) -> None:
    """And the proportional form is nearer to it than first order is, and far nearer than the limit as transcribed."""
    exact = made("group-shift", eta_l=eta_l, eta_u=eta_u).exact()
    assert abs(exact["weak_risk"] - supervisor) <= SIGMAS * 0.0017
    assert abs(exact["student_risk"] - student) <= SIGMAS * 0.0008
    assert abs(exact["weak_risk"] - supervisor) < abs(exact["weak_risk_first_order"] - supervisor)


def test_one_label_for_twelve_core_dimensions() -> None:
    """Far from first order: 0.727 was simulated where it says 0.43."""
    exact = made("group-shift", n=384).exact()
    assert exact["weak_risk_first_order"] == pytest.approx(0.43, abs=0.005)
    assert exact["weak_risk"] == pytest.approx(0.727, rel=0.06)


@pytest.mark.slow
def test_gradient_flow_as_recomputed() -> None:
    """One supervisor of each width was printed; small ones differ much from each other."""
    for m, ratio in ((8, 0.491), (16, 0.400), (32, 0.261), (64, 0.167)):
        found = simulated("gradient-flow", M=m, trials=12)["ratio"]
        assert agree(found, ratio, math.sqrt(found.n) * (found.se or 0)), m
        assert found.value == pytest.approx(ratio, rel=0.35)


@pytest.mark.slow
def test_wide_gradient_flow_as_recomputed() -> None:
    found = simulated("gradient-flow", M=128, trials=4)
    assert found["ratio"].value == pytest.approx(0.115, rel=0.05)
    assert found["best_step"].value == pytest.approx(36, abs=1)
    assert found["final_ratio"].value == pytest.approx(0.628, rel=0.05)


def test_relu_features_as_recomputed() -> None:
    printed = {64: (0.2315, 0.0815), 128: (0.0879, 0.0102), 256: (0.0344, 0.00143), 512: (0.0096, 0.00011)}
    for m, (supervisor, student) in printed.items():
        found = simulated("random-feature-limit", M=m, features="relu", trials=10)
        for key, value in (("weak_risk", supervisor), ("student_risk", student)):
            assert agree(found[key], value, math.sqrt(found[key].n) * (found[key].se or 0)), (m, key)
        assert found["student_risk"].value >= found["floor"].value


def test_a_narrow_student_is_worse_than_a_wide_one() -> None:
    risks = [
        simulated("random-feature-limit", M=40, d=300, student_width=width, trials=5)["student_risk"].value
        for width in (400, 1000, 4000)
    ]
    assert risks[0] > risks[1] > risks[2]
    assert risks[0] / risks[2] == pytest.approx(0.0234 / 0.0112, rel=0.4)


OVERLAPS = {
    10.0: (0.053, 0.312, 0.509, 0.683, 0.801, 0.885),
    1.0: (0.054, 0.216, 0.350, 0.497, 0.612, 0.731),
    0.01: (0.014, 0.016, 0.028, 0.047, 0.052, 0.093),
}


@pytest.mark.slow
@pytest.mark.parametrize("l2", OVERLAPS)
def test_overlap_as_recomputed(l2: float) -> None:
    """Ten worlds were printed, twenty are drawn here."""
    for step, pgr in enumerate(OVERLAPS[l2]):
        found = simulated("overlap", l2=l2, overlap=step / 10)
        assert agree(found["pgr"], pgr, math.sqrt(2) * (found["pgr"].se or 0)), step
        assert found["weak_accuracy"].value == pytest.approx(0.830, abs=0.002)
        assert found["ceiling_accuracy"].value == pytest.approx(0.946, abs=0.002)


@pytest.mark.slow
def test_overlap_with_a_heavy_penalty_is_the_average() -> None:
    world = made("overlap", overlap=0.3, l2=1000.0, n=20_000, N=100_000, trials=2)
    exact, found = world.exact(), world.simulate(np.random.default_rng(0))
    for key in ("weak_accuracy", "ceiling_accuracy", "student_accuracy", "hard_accuracy"):
        assert found[key].value == pytest.approx(exact[f"limit_{key}"], abs=0.006), key


@pytest.mark.slow
def test_linear_misfit_as_recomputed() -> None:
    """Gain is misfit: slope 0.93 to 1.00 and R2 0.948 to 0.976 were printed for three worlds."""
    found = simulated("linear-misfit", trials=20)
    assert found["gain_over_misfit"].value == pytest.approx(1, abs=0.05)
    assert found["slope"].value == pytest.approx(0.97, abs=0.05)
    assert found["r2"].value == pytest.approx(0.96, abs=0.03)
    printed = {
        "weak_risk": (0.468, 0.433, 0.368),
        "student_risk": (0.328, 0.327, 0.264),
        "misfit": (0.141, 0.107, 0.105),
    }
    for key, values in printed.items():
        assert all(agree(found[key], value, math.sqrt(20) * (found[key].se or 0)) for value in values), key


@pytest.mark.slow
def test_sign_of_misfit_in_three_families() -> None:
    """The acceptance pattern +, +, -: misfit is gain, then gain, then loss."""
    found = {family: simulated("linear-gaussian", family=family) for family in "ABC"}
    assert found["A"]["misfit_spearman"].value > 0.85
    assert found["B"]["misfit_spearman"].value > 0.85
    assert found["C"]["misfit_spearman"].value < -0.15
    assert [found[family]["gain"].value > 0 for family in "ABC"] == [True, True, False]
    assert found["A"]["variance_r2"].value > 0.85
    assert found["C"]["variance_spearman"].value < 0.6


@pytest.mark.slow
def test_representation_gap_as_recomputed() -> None:
    found = simulated("representation-gap")
    assert found["identity_error"].value < 1e-10
    assert found["pearson"].value > 0.93
    assert found["median_ratio"].value == pytest.approx(0.82, abs=0.06)


@pytest.mark.parametrize("supervisor", [0.3, 0.5])
def test_the_way_to_a_worse_supervisor_leads_through_better_students(supervisor: float) -> None:
    world = made("finetuned-student", weak=supervisor)
    exact, found = world.exact(), world.simulate(np.random.default_rng(0))
    assert agree(found["best_cos"], exact["limit_best_cos"])
    assert agree(found["improved"], exact["limit_improved"], 0.05)
    assert found["final_cos"].value == pytest.approx(supervisor, abs=0.01)


@pytest.mark.slow
def test_benign_overfitting_as_recomputed() -> None:
    """Twelve worlds were printed, and as many are drawn here."""
    printed = {10: 0.692, 23: 0.801, 50: 0.848, 109: 0.818, 239: 0.768, 523: 0.668}
    for m, accuracy in printed.items():
        found = simulated("benign-overfitting", m=m)
        assert agree(found["student_accuracy"], accuracy, found["student_accuracy"].se or 0), m
        assert agree(found["weak_accuracy"], 0.770, found["weak_accuracy"].se or 0), m
    peak = simulated("benign-overfitting", m=523, weak=[1.4, 0.7, 0.3], strong=[1.6, 0.3, 0.5])
    assert agree(peak["student_accuracy"], 0.509, peak["student_accuracy"].se or 0)


def test_betting_and_audits_as_recomputed() -> None:
    for k, n, upper in ((5, 100, 0.115), (50, 1000, 0.066)):
        found = simulated("certificate", method="betting", k=k, n=n, trials=100)
        assert agree(found["high"], upper, found["high"].se or 0)
        assert found["coverage"].value >= 0.95 - SIGMAS * math.sqrt(0.05 * 0.95 / 100)
    audit = simulated("disagreement-audit")
    assert audit["audit_bound"].value == pytest.approx(0.0293, abs=0.001)
    assert agree(audit["audit_coverage"], 0.993, 0.0019)
    assert agree(audit["random_normal_bound"], 0.0085, audit["random_normal_bound"].se or 0)
    assert agree(audit["random_normal_coverage"], 0.954, 0.0047)
    assert audit["random_bernstein_bound"].value == pytest.approx(-0.104, abs=0.002)


def test_sets_and_borrowed_labels_as_recomputed() -> None:
    shifted = simulated("conformal", n=500, shift=1.0)
    assert agree(shifted["weighted_coverage"], 0.893, 0.007)
    exact = made("conformal", n=500, shift=1.0).exact()
    assert shifted["coverage"].value == pytest.approx(exact["limit_coverage"], abs=0.015)
    powered = simulated("prediction-powered")
    assert powered["width"].value == pytest.approx(0.0725, abs=0.001)
    assert powered["classical_width"].value == pytest.approx(0.0986, abs=0.001)
    assert agree(powered["coverage"], 0.952, 0.007)
