"""What the checks of hypotheses say, and what theories do with it."""

import pytest
from predictor_data import LINEAR, observed, status, statuses, theory

from w2sg.core import Hypothesis, InfoSet, Observables, Quantity
from w2sg.theory import hypotheses as given

SIZES = {"d_strong": 20, "n_transfer": 500}


def with_errors(**values: tuple[float, float]) -> Observables:
    """Return observables with a standard error each."""
    quantities = {name: Quantity(value, se, 200, "given") for name, (value, se) in values.items()}
    return Observables("run", "regression", quantities, LINEAR)


@pytest.mark.parametrize(
    ("hypothesis", "fact", "good", "bad"),
    [
        (given.CONVEX, "student_class", "ridge", "logit-linear"),
        (given.CONVEX, "student_class", "mixture", "mlp"),
        (given.LOGIT_LINEAR, "student_class", "logit-linear", "ridge"),
        (given.LEAST_SQUARES_SUPERVISOR, "supervisor_class", "linear-least-squares", "trees"),
        (given.RIDGE_STUDENT, "student_class", "ridge", "logit-linear"),
        (given.FROZEN, "features", "frozen", "trained"),
        (given.SOFT_LABELS, "labels", "soft", "hard"),
        (given.CROSS_ENTROPY, "loss", "cross-entropy", "squared"),
        (given.REVERSE_KL, "loss", "reverse-kl", "cross-entropy"),
        (given.STOPPED, "stopping", "early", "none"),
        (given.BINARY, "classes", "2", "10"),
    ],
)
def test_facts_decide_what_is_true_by_construction(hypothesis: Hypothesis, fact: str, good: str, bad: str) -> None:
    assert status(hypothesis, observed({fact: good})) == "holds"
    assert status(hypothesis, observed({fact: bad})) == "violated"
    assert status(hypothesis, observed({fact: "other"})) == "untestable"
    assert hypothesis.judge(observed({})).why == f"{fact} is not known"


@pytest.mark.parametrize(
    ("hypothesis", "good", "bad"),
    [
        (given.PROJECTION, {"projection_residual": 0.001}, {"projection_residual": 0.2}),
        (given.CANNOT_COPY, {"training_agreement": 0.9}, {"training_agreement": 1.0}),
        (given.SAME_INPUTS, {"shift_p": 0.5}, {"shift_p": 0.001}),
        (given.POPULATION, SIZES, {"d_strong": 60, "n_transfer": 100}),
        (given.POPULATION, SIZES, {"d_strong": 1, "n_transfer": 1}),
        (
            given.SAME_FEATURES,
            {"d_shared": 19, "d_weak": 20, "d_strong": 20},
            {"d_shared": 19, "d_weak": 20, "d_strong": 40},
        ),
        (given.ISOTROPIC, {"anisotropy": 1.2, "d_strong": 5}, {"anisotropy": 3.0, "d_strong": 5}),
        (given.SPIKED, {"anisotropy": 3.0, "d_strong": 5}, {"anisotropy": 1.2, "d_strong": 5}),
        (given.PROJECTED_SUPERVISOR, {"supervisor_slope": 1.01}, {"supervisor_slope": 0.8}),
        (
            given.CONTRACTION,
            {"weak_variance": 1.0, "student_variance": 0.9},
            {"weak_variance": 1.0, "student_variance": 1.5},
        ),
        (
            given.MATCHES_MEAN,
            {"misfit": 0.5, "ensemble_squared": 0.6},
            {"misfit": 0.1, "ensemble_squared": 0.6},
        ),
        (
            given.ENOUGH_LABELS,
            {**SIZES, "n_supervision": 100, "d_weak": 50},
            {**SIZES, "n_supervision": 51, "d_weak": 50},
        ),
    ],
)
def test_quantities_decide_what_they_can(hypothesis: Hypothesis, good: dict[str, float], bad: dict[str, float]) -> None:
    assert status(hypothesis, observed(se=0.01, **good)) == "holds"
    verdict = hypothesis.judge(observed(se=0.01, **bad))
    assert verdict.status == "violated"
    assert verdict.why
    some = dict(list(good.items())[1:])
    verdict = hypothesis.judge(observed(**some))
    assert verdict.status == "untestable"
    assert verdict.why == f"needs {next(iter(good))} (not observed)"


def test_a_test_forgives_what_its_standard_error_explains() -> None:
    assert status(given.PROJECTION, observed(se=0.001, projection_residual=0.02)) == "violated"
    assert status(given.PROJECTION, observed(se=0.02, projection_residual=0.02)) == "holds"
    assert status(given.PROJECTED_SUPERVISOR, observed(se=0.2, supervisor_slope=0.8)) == "holds"


def test_audited_labels_decide_whether_the_truth_is_in_the_class() -> None:
    def judged(cross: float, se: float, hypothesis: Hypothesis = given.REALIZABLE) -> str:
        sizes = {name: (float(value), 0.0) for name, value in SIZES.items()}
        return status(hypothesis, with_errors(audit_cross=(cross, se), misfit=(1.0, 0.01), **sizes))

    assert judged(-0.3, 0.1) == "violated"
    assert judged(0.0, 0.1) == "holds"
    assert judged(0.0, 0.3) == "untestable"
    assert judged(-0.04, 0.01) == "violated"
    assert judged(-0.04, 0.01, given.REALIZABLE_FINITE) == "holds"  # 20 / 499 is sampling
    assert given.REALIZABLE.info == InfoSet.S1
    assert status(given.REALIZABLE, observed(misfit=1.0)) == "untestable"
    same = with_errors(audit_cross=(-3e-16, 1e-17), misfit=(1e-31, 0.0))
    assert status(given.REALIZABLE, same) == "holds"


def test_too_much_weak_risk_is_not_variance_and_the_rest_is_open() -> None:
    values = {"noise": 1.0, "d_weak": 40, "n_supervision": 200}
    assert status(given.VARIANCE_DOMINATED, observed(weak_squared=2.5, **values)) == "violated"
    verdict = given.VARIANCE_DOMINATED.judge(observed(weak_squared=1.3, **values))
    assert verdict.status == "untestable"
    assert "looks like label noise" in verdict.why
    assert given.VARIANCE_DOMINATED.info == InfoSet.S2


def test_a_violated_hypothesis_silences_the_theory_and_keeps_the_formula() -> None:
    seen = observed({**LINEAR, "student_class": "logit-linear"}, misfit=0.3, projection_residual=0.0, **SIZES)
    answer = theory("misfit").predict(seen)
    assert statuses(answer)["class is convex"] == "violated"
    assert answer.mean is None
    assert answer.formula == 0.3
    assert "student_class is logit-linear" in str(answer.abstains)


def test_labels_of_deployment_silence_a_misfit_that_is_wrong() -> None:
    """Where the student misses signal the misfit promises a gain and S0 cannot object; audited labels do."""
    sizes = {name: (float(value), 0.0) for name, value in SIZES.items()}
    seen = with_errors(misfit=(0.4, 0.01), projection_residual=(0.0, 0.0), audit_cross=(-0.35, 0.05), **sizes)
    assert theory("misfit").predict(seen.within(InfoSet.S0_VALIDATION)).mean == 0.4
    answer = theory("misfit").predict(seen)
    assert answer.mean is None
    assert statuses(answer)["truth is in the class"] == "violated"


def test_intervals_carry_the_observables_errors() -> None:
    answer = theory("misfit-cross-term").predict(with_errors(misfit=(0.4, 0.03), audit_cross=(0.1, 0.02)))
    assert answer.mean == pytest.approx(0.6)
    assert answer.high is not None
    assert answer.high - 0.6 == pytest.approx(1.6449 * (0.03**2 + 0.04**2) ** 0.5, rel=1e-3)


def test_calibration_of_votes_and_inequality_of_kl_are_tested_where_they_can_be() -> None:
    values = {"ensemble_pair_error": 0.3, "ensemble_rest_error": 0.2}
    calibrated, too_sure = (
        theory("ensemble-calibration").predict(observed(se=0.01, weak_error=error, **values)) for error in (0.31, 0.45)
    )
    assert calibrated.mean == pytest.approx(0.1)
    assert statuses(too_sure)["votes are calibrated"] == "violated"
    convex = {"student_class": "mixture", "loss": "reverse-kl", "labels": "soft", "features": "frozen"}
    seen = observed(convex, se=0.01, misfit_reverse_kl=0.2, audit_gain_kl=0.05, **SIZES)
    assert statuses(theory("misfit-reverse-kl").predict(seen))["truth is in the class"] == "violated"
    seen = observed(convex, se=0.01, misfit_reverse_kl=0.2, audit_gain_kl=0.3, **SIZES)
    assert theory("misfit-reverse-kl").predict(seen).mean == 0.2


def test_mixture_needs_an_isotropic_rest() -> None:
    values = {"weak_error": 0.2, "anisotropy": 3.0, "d_strong": 20, "n_transfer": 1000}
    facts = {"classes": "2", "student_class": "logit-linear"}
    m = 2 / (1 - 3 / 20)
    whole = (20 + m) ** 2 / (19 + (1 + m) ** 2)
    assert theory("mixture").predict(observed(facts, n=1000, d_strong_effective=whole, **values)).mean is not None
    answer = theory("mixture").predict(observed(facts, n=1000, d_strong_effective=whole / 2, **values))
    assert statuses(answer)["rest is isotropic"] == "violated"
    out_of_reach = theory("mixture").predict(observed(**{**values, "weak_error": 1e-6}))
    assert "out of reach" in str(out_of_reach.abstains)
