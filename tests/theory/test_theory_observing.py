"""Observables from arrays: closed forms, estimates against worlds in which the answer is known, and refusals."""

from dataclasses import replace

import numpy as np
import pytest

from w2sg.core import CATALOGUE, FloatArray, InfoSet, InputError, ObservableError, Observables, Quantity
from w2sg.theory.families import FAMILIES, family_run
from w2sg.theory.observing import (
    AuditedLabels,
    FeatureSpace,
    ObservedRun,
    Refits,
    beliefs,
    neighbours,
    observe,
    spectra,
)
from w2sg.theory.observing.risks import divergence, losses


def classified(m: int = 40, n: int = 60, **changes: object) -> ObservedRun:
    """Return a run of two classes with no features."""
    rng = np.random.default_rng(0)
    weak, student, weak_training, student_training = (
        np.column_stack([p, 1 - p]) for p in (rng.random(m), rng.random(m), rng.random(n), rng.random(n))
    )
    seen = ObservedRun("run", "classification", weak, student, weak_training, student_training, n_supervision=30)
    return replace(seen, **changes)  # type: ignore[arg-type]


def test_predictions_are_compared_as_their_definitions_say() -> None:
    weak, student = np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([[0.5, 0.5], [0.9, 0.1]])
    found = observe(classified(weak=weak, student=student))[0]
    assert found.value("misfit") == pytest.approx((2 * 0.3**2 + 2 * 0.5**2) / 2)
    forward = [0.8 * np.log(0.8 / 0.5) + 0.2 * np.log(0.2 / 0.5), 0.4 * np.log(0.4 / 0.9) + 0.6 * np.log(6)]
    assert found.value("misfit_kl") == pytest.approx(np.mean(forward))
    assert found.value("disagreement") == 0.5
    assert found.value("belief_student") == pytest.approx((0 + 0.8) / 2)
    assert found.value("belief_weak") == pytest.approx((0 - 0.2) / 2)
    assert found.value("model_agreement") == pytest.approx((0.5 + 0.42) / 2)
    assert found["misfit"].n == 2
    assert found["n_transfer"].value == 60


def test_every_quantity_is_measured_or_missing_with_a_reason() -> None:
    for seen in (classified(), family_run("A", 0).seen):
        found = observe(seen)[0]
        assert set(found.quantities) | set(found.missing) == set(CATALOGUE)
        assert not set(found.quantities) & set(found.missing)
        assert all(found.missing.values())
        assert found.info <= InfoSet.S0_VALIDATION


def test_audits_add_quantities_and_change_none() -> None:
    made = family_run("B", 3, (50, 200))
    by_labels = observe(made.seen, made.audits)
    assert list(by_labels) == [0, 50, 200]
    base = by_labels[0]
    for labels, found in by_labels.items():
        assert found.labels == labels
        assert {name: found[name] for name in base.quantities} == dict(base.quantities)
    assert by_labels[50]["audit_cross"].n == 50
    assert by_labels[50].within(InfoSet.S0_VALIDATION).quantities == base.quantities
    assert by_labels[50].info == InfoSet.S1


def test_observables_travel_as_plain_data_and_their_hash_tells_changes() -> None:
    found = observe(family_run("A", 1, (50,)).seen, family_run("A", 1, (50,)).audits)[50]
    again = Observables.from_dict(found.to_dict())
    assert again == found
    assert again.digest() == found.digest()
    assert replace(found, run="other").digest() != found.digest()


def test_there_is_no_place_for_ground_truth() -> None:
    with pytest.raises(ObservableError, match="no such observable: student_error"):
        Observables("run", "classification", {"student_error": Quantity(0.1, 0.0, 1, "told")})
    assert max(known.info for known in CATALOGUE.values()) < InfoSet.S2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"value": float("nan"), "se": 0.0, "n": 1}, "value must be a finite number"),
        ({"value": 0.0, "se": float("inf"), "n": 1}, "standard error must be a finite number"),
        ({"value": 0.0, "se": -1.0, "n": 1}, "standard error must be a finite number of at least 0"),
        ({"value": 0.0, "se": 0.0, "n": 0}, "n must be at least 1"),
    ],
)
def test_a_quantity_that_was_not_measured_is_refused(fields: dict[str, float], message: str) -> None:
    with pytest.raises(ObservableError, match=message):
        Quantity(**fields, estimator="x")  # type: ignore[arg-type]


def test_diverged_and_empty_predictions_are_refused() -> None:
    bad = np.full((40, 2), np.nan)
    with pytest.raises(InputError, match="must be finite numbers: this model has diverged"):
        classified(student=bad)
    with pytest.raises(InputError, match="same fresh inputs, at least one"):
        classified(weak=np.zeros((0, 2)), student=np.zeros((0, 2)))


def test_constant_and_singular_features_give_no_number_but_a_reason() -> None:
    space = FeatureSpace(np.ones((30, 3)), np.ones((60, 3)), np.ones((40, 3)))
    refits = Refits(np.full((30, 2), 0.5), np.eye(2)[np.arange(30) % 2], np.full((5, 40, 2), 0.5), 24, 0.75)
    found = observe(classified(weak_space=space, student_space=space, refits=refits))[0]
    assert found.value("d_weak") == 0
    assert "anisotropy" in found.missing
    assert "supervisor_slope" in found.missing
    assert found.value("ensemble_squared") == 0
    assert all(np.isfinite([one.value, one.se]).all() for one in found.quantities.values())


def test_cross_entropy_of_a_sure_and_wrong_label_is_finite() -> None:
    found = losses(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]), "classification")
    assert found["kl"][0] == pytest.approx(np.log(1e6))
    assert found["error"][0] == 1
    assert divergence(np.array([[0.3, 0.7]]), np.array([[0.3, 0.7]]))[0] == pytest.approx(0)


@pytest.mark.parametrize(
    ("n", "a", "b", "k"), [(500, 50, 50, 10), (300, 30, 40, 10), (300, 30, 30, 0), (200, 20, 60, 20)]
)
def test_shared_dimension_is_unbiased_where_directions_are_shared_or_not(n: int, a: int, b: int, k: int) -> None:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(60):
        x = rng.standard_normal((n, a + b - k))
        shared, *ranks = spectra.shared_dimension(x[:, :a] @ rng.standard_normal((a, a)), x[:, a - k :])
        assert ranks == [a, b]
        found.append(shared)
    assert np.mean(found) == pytest.approx(k, abs=float(4 * np.std(found) / np.sqrt(60) + 0.15))


def test_projection_residual_is_zero_for_least_squares_alone() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((200, 10))
    y = x.sum(axis=1, keepdims=True) + rng.standard_normal((200, 1))
    design = np.hstack([np.ones((200, 1)), x])
    fitted = design @ np.linalg.lstsq(design, y, rcond=None)[0]
    space = FeatureSpace(x, x, x)
    assert spectra.projection_residual(y - fitted, space)[0] == pytest.approx(0, abs=1e-12)
    share, se = spectra.projection_residual(y - 0.5 * fitted, space)
    assert share > 4 * se > 0
    assert spectra.projection_residual(np.zeros((200, 1)), space) == (0.0, 0.0)


def test_two_sample_test_sees_a_shift_and_is_calibrated_without_one() -> None:
    rng = np.random.default_rng(3)
    null = [spectra.shift_p(rng.standard_normal((80, 5)), rng.standard_normal((90, 5))) for _ in range(300)]
    assert 0.02 < np.mean(np.array(null) < 0.05) < 0.09
    assert spectra.shift_p(rng.standard_normal((80, 5)) + 1, rng.standard_normal((90, 5))) < 0.001


def test_moment_traces_without_shift_are_the_dimensions() -> None:
    rng = np.random.default_rng(4)

    def space(d: int) -> FeatureSpace:
        return FeatureSpace(*(rng.standard_normal((20_000, d)) for _ in range(3)))

    supervisor, taught = spectra.moment_traces(space(5), space(3))
    assert supervisor == pytest.approx(6, rel=0.02)  # with the constant
    assert taught == pytest.approx(1, rel=0.1)  # independent features share the constant alone


def test_gap_is_zero_where_the_supervisor_sees_all_that_the_student_does() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((300, 8)), rng.standard_normal((300, 1))
    assert spectra.gap_plugin(x, x[:, :3], y)[0] < 1e-4
    assert spectra.gap_plugin(x[:, :3], x, x @ np.ones((8, 1)))[0] == pytest.approx(5, rel=0.2)
    assert spectra.gap_trace(x[:, :3], x) == pytest.approx(5 / 300, rel=0.05)


def test_a_change_point_splits_two_heaps() -> None:
    cut = neighbours.change_point(np.array([0.1, 0.12, 0.11, 0.9, 0.95]))
    assert 0.12 < cut < 0.9
    assert neighbours.change_point(np.ones(5)) == 1


def test_expansion_of_inputs_whose_right_neighbours_are_near() -> None:
    near = np.repeat(np.arange(8.0)[:, None], 2, axis=0) + np.tile([[0.0], [0.01]], (8, 1))
    good = np.tile([True, False], 8)
    assert neighbours.expansion(near, good, np.linspace(0, 1, 16)) >= 1  # type: ignore[operator]
    apart = np.where(good[:, None], 0.0, 100.0) + np.arange(16.0)[:, None] / 1000
    assert neighbours.expansion(apart, good, np.linspace(0, 1, 16)) == 0
    assert neighbours.expansion(near, np.ones(16, dtype=bool), np.zeros(16)) is None


def test_right_inputs_that_reach_no_wrong_one_bring_expansion_down() -> None:
    """60 right inputs far away, 20 right ones among 20 wrong ones, and a student that trusts the far ones most."""
    rng = np.random.default_rng(8)
    x = np.concatenate([100 + rng.random((60, 1)), rng.random((40, 1))])
    good = np.arange(100) < 80
    assert neighbours.expansion(x, good, np.where(np.arange(100) < 60, 0.9, 0.6)) == 0


def test_ensemble_variance_is_that_of_a_supervisor_with_all_its_labels() -> None:
    """Means of random halves: the variance of a mean of n labels is known."""
    rng = np.random.default_rng(6)
    made = []
    for _ in range(400):
        y = rng.standard_normal(50)
        fold = rng.permutation(50) % 5
        fresh = np.array([[[y[fold != k].mean()]] for k in range(5)])
        refits = Refits(np.zeros((50, 1)), y[:, None], fresh, 40, 0.75)
        seen = ObservedRun(
            "run", "regression", np.zeros((1, 1)), np.ones((1, 1)), np.zeros((1, 1)), np.ones((1, 1)), 50
        )
        made.append(observe(replace(seen, refits=refits))[0].value("ensemble_squared"))
    assert np.mean(made) == pytest.approx(1 / 50, abs=float(4 * np.std(made) / 20))


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_seen_of_a_family_estimates_what_is_true(family: str) -> None:
    standard: list[FloatArray] = []
    for index in range(40):
        made = family_run(family, index, (200,))  # type: ignore[arg-type]
        found = observe(made.seen, made.audits)[200]
        truth = made.truth.values
        one = found["audit_gain_squared"]
        standard.append(np.array([(one.value - truth["gain squared"].value) / one.se]))
        gain = found.value("misfit") + 2 * found.value("audit_cross")
        assert gain == pytest.approx(truth["gain squared"].value, abs=6 * found["audit_cross"].se + 0.05)
    assert abs(np.mean(standard)) < 4 / np.sqrt(40)


def test_worlds_are_what_they_are_called() -> None:
    gains = {
        family: [family_run(family, i).truth.values["gain squared"].value for i in range(60)] for family in FAMILIES
    }
    assert np.mean(np.array(gains["A"]) > 0) > 0.9
    assert np.mean(np.array(gains["B"]) > 0) > 0.9
    assert np.mean(np.array(gains["C"]) > 0) < 0.5
    assert family_run("A", 5).seen.weak == pytest.approx(family_run("A", 5, (50,)).seen.weak)


def test_an_audit_is_a_part_of_a_larger_one() -> None:
    small, large = family_run("A", 0, (10, 30)).audits
    assert isinstance(small, AuditedLabels)
    assert (large.rows[:10] == small.rows).all()


def test_features_that_differ_by_rounding_alone_are_constant() -> None:
    rng = np.random.default_rng(7)
    x = (0.2 + 1e-8 * rng.standard_normal((60, 4))).astype(np.float32)
    space = FeatureSpace(x, x, x)
    assert space.training_basis.shape[1] == 0
    assert spectra.shift_p(x, x + np.float32(1e-8)) == 1


def test_a_pool_finds_whom_to_trust_and_what_gain_follows() -> None:
    rng = np.random.default_rng(9)
    logits = rng.standard_normal((4000, 3))
    truth = np.exp(2 * logits) / np.exp(2 * logits).sum(axis=1, keepdims=True)
    labels = np.eye(3)[[int(rng.choice(3, p=p)) for p in truth]]
    student = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)  # right order, half as sure as it should be
    weak = rng.dirichlet(np.ones(3), 4000)
    pooled = beliefs.pool([weak[:600], student[:600]], labels[:600])
    assert pooled.exponents == pytest.approx([0, 2], abs=4 * float(np.sqrt(pooled.covariance.max())))
    found = beliefs.implied([weak[:600], student[:600]], labels[:600], [weak[600:], student[600:]])
    before, after = (
        losses(weak[600:], labels[600:], "classification"),
        losses(student[600:], labels[600:], "classification"),
    )
    for unit, one in found.items():
        rows = before[unit] - after[unit]
        assert abs(one.batch - rows.mean()) < 4 * one.batch_se, unit
        assert one.batch_se < float(np.hypot(one.se, rows.std() / np.sqrt(3400))), unit


def test_a_pool_of_few_or_constant_beliefs_stays_near_its_prior() -> None:
    flat = np.full((10, 2), 0.5)
    pooled = beliefs.pool([flat, flat], np.eye(2)[np.arange(10) % 2])
    assert pooled.exponents == pytest.approx([0.5, 0.5])
    labels = np.eye(2)[np.arange(10) % 2]
    for one in beliefs.implied([flat, flat], labels, [flat, flat]).values():
        assert np.isfinite([one.batch, one.value, one.batch_se, one.se]).all()
    sure = np.eye(2)[np.arange(10) % 2]
    assert np.isfinite(beliefs.pool([sure, 1 - sure], sure).exponents).all()
