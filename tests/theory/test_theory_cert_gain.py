"""Certificates of the gain and of the student's risk: expected numbers, identities, refusals."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2sg import measure
from w2sg.core import Inapplicable, derive
from w2sg.core.errors import InputError
from w2sg.theory import certificates as c

N, DISPUTED = 5000, 600
WEAK = np.zeros(N, dtype=int)
STUDENT = (np.arange(N) < DISPUTED).astype(int)
LABELS = (np.arange(200) < 140).astype(int)


def audit(**other: Any) -> Any:
    given: dict[str, Any] = {
        "weak": WEAK,
        "student": STUDENT,
        "rows": np.arange(200),
        "labels": LABELS,
        "delta": 0.05,
        "n_classes": 2,
    }
    return c.gain_by_audit(**(given | other))


def test_the_expected_audit() -> None:
    found = audit()
    assert found.low == pytest.approx(0.0292, abs=5e-5)
    assert found.estimate == pytest.approx(0.048)
    assert found.high is None
    assert (found.delta, found.n_labels, found.strength) == (0.05, 200, "unconditional")
    assert found.frame == "200 of the 600 disagreements on 5000 deployment inputs, at random"
    assert "half of delta" in found.method


def test_the_audit_is_the_product_of_two_exact_bounds() -> None:
    exact = measure.ClopperPearson()
    accuracy, share = exact.low(LABELS, 0.025), exact.low(STUDENT, 0.025)
    assert audit().low == pytest.approx(share * (2 * accuracy - 1))
    losing = audit(labels=1 - LABELS)
    accuracy, share = exact.low(1 - LABELS, 0.025), exact.high(STUDENT, 0.025)
    assert losing.low == pytest.approx(share * (2 * accuracy - 1))


def test_sides_of_the_audit_mirror_each_other() -> None:
    both, swapped = audit(side="both", delta=0.1), audit(weak=STUDENT, student=WEAK, side="both", delta=0.1)
    assert both.low == pytest.approx(audit().low)
    assert (swapped.low, swapped.high) == pytest.approx((-both.high, -both.low))


def test_no_audited_disagreement_leaves_the_reach() -> None:
    none = np.zeros(0, dtype=int)
    found = audit(rows=none, labels=none, side="both")
    share = measure.ClopperPearson().high(STUDENT, 0.025)
    assert (found.low, found.high, found.estimate) == (-share, share, None)
    agreeing = audit(student=WEAK, rows=none, labels=none)
    assert agreeing.low == pytest.approx(-(1 - 0.05 ** (1 / N)))


def test_more_classes_are_audited_by_betting() -> None:
    order = derive(0, "audit").permutation(LABELS)
    found = audit(labels=order, n_classes=3)
    assert "betting" in found.method
    assert 0.01 < found.low < 0.048
    neither = audit(labels=np.full(200, 2), n_classes=3)
    assert neither.estimate == 0
    assert neither.low < 0
    chosen = audit(labels=order, n_classes=3, certifier=measure.MaurerPontil())
    assert (chosen.low or 0) < (found.low or 0)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"rows": np.arange(500, 700)}, "rows must be disagreements"),
        ({"rows": np.zeros(200, dtype=int)}, "rows must differ"),
        ({"rows": np.arange(N - 1, N + 199)}, "rows must be classes from 0 to below 5000"),
        ({"labels": LABELS[:10]}, "rows 200, labels 10"),
        ({"labels": LABELS + 1}, "labels must be classes from 0 to below 2, got 1 to 2"),
        ({"labels": LABELS * math.nan}, "labels must be a vector of class numbers, got float64"),
        ({"student": STUDENT[:9]}, "weak 5000, student 9"),
        ({"student": [], "weak": [], "rows": [], "labels": []}, "must be a non-empty vector"),
        ({"delta": 0.0}, "delta must be between 0 and 1"),
        ({"delta": math.nan}, "delta must be between 0 and 1"),
        ({"side": "top"}, "side must be"),
    ],
)
def test_what_an_audit_refuses(other: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        audit(**other)


def test_paired_losses() -> None:
    weak, student = np.tile([1.0, 0, 1, 0], 50), np.tile([0.0, 0, 1, 0], 50)
    found = c.gain_by_pairs(weak, student, 0.05, side="both")
    assert found.low is not None
    assert found.high is not None
    assert found.estimate == 0.25
    assert found.low < 0.25 < found.high
    double = c.gain_by_pairs(2 * weak, 2 * student, 0.05, unit="squared", most=2.0, side="both")
    assert (double.low, double.high) == pytest.approx((2 * found.low, 2 * found.high), abs=1e-6)
    with pytest.raises(InputError, match="weak_loss must lie in"):
        c.gain_by_pairs(2 * weak, student, 0.05)
    with pytest.raises(InputError, match="one entry per example"):
        c.gain_by_pairs(weak[:3], student, 0.05)


unit = st.floats(0, 1)


@given(unit, unit, unit)
def test_the_cross_term_of_numbers_keeps_its_span(weak: float, student: float, label: float) -> None:
    value = (weak - student) * (student - label)
    assert -1 <= value <= 0.25
    c.cross_term([weak], [student], [label], 0.1)  # the certifier checks the span


@given(st.lists(st.floats(0, 10), min_size=6, max_size=6), st.integers(0, 2))
def test_the_cross_term_of_probabilities_keeps_its_span(raw: list[float], label: int) -> None:
    weak, student = (np.array(part) + 1e-6 for part in (raw[:3], raw[3:]))
    weak, student = weak / weak.sum(), student / student.sum()
    value = float((weak - student) @ (student - np.eye(3)[label]))
    assert -2 <= value <= 0.5 + 1e-12
    found = c.cross_term(weak[None], student[None], [label], 0.1)
    assert found.estimate == pytest.approx(value)


def test_the_gain_is_misfit_and_twice_the_cross_term() -> None:
    rng = derive(0, "identity")
    weak, student = rng.dirichlet(np.ones(3), 400), rng.dirichlet(np.ones(3), 400)
    labels = rng.integers(3, size=400)
    gold = np.eye(3)[labels]
    gain = ((weak - gold) ** 2).sum(axis=1).mean() - ((student - gold) ** 2).sum(axis=1).mean()
    found = c.gain_by_misfit(weak, student, np.arange(400), labels, 0.05, side="both")
    assert found.estimate == pytest.approx(gain)
    assert found.low is not None
    assert found.high is not None
    assert found.low < gain < found.high
    assert found.unit == "squared"


def test_units_of_the_misfit() -> None:
    rng = derive(1, "units")
    weak, student, labels = rng.random(300), rng.random(300), rng.random(100)
    rows = np.arange(100)
    one = c.gain_by_misfit(weak, student, rows, labels, 0.05)
    ten = c.gain_by_misfit(10 * weak - 5, 10 * student - 5, rows, 10 * labels - 5, 0.05, span=(-5.0, 5.0))
    assert one.low is not None
    assert ten.low == pytest.approx(100 * one.low, rel=1e-5)
    term, larger = (
        c.cross_term(k * weak[:100], k * student[:100], k * labels, 0.05, span=(0.0, k)) for k in (1.0, 10.0)
    )
    assert larger.estimate == pytest.approx(100 * (term.estimate or 0))


@pytest.mark.parametrize(
    ("weak", "student", "rows", "labels", "message"),
    [
        ([0.1, math.nan], [0.1, 0.2], [0], [1.0], "weak must be finite"),
        ([0.1, 0.2], [0.1, 3.0], [0], [1.0], "student must lie in"),
        ([0.1, 0.2], [[0.1, 0.9]] * 2, [0], [1], "must have one shape"),
        ([[0.1, 0.2]] * 2, [[0.1, 0.9]] * 2, [0], [1], "rows of weak must sum to 1"),
        ([[1.0]] * 2, [[1.0]] * 2, [0], [0], "probabilities"),
        ([0.1, 0.2], [0.1, 0.2], [0, 1], [1.0], "must fit"),
        ([0.1, 0.2], [0.1, 0.2], [], [], "must be a non-empty vector"),
        ([[0.1, 0.9]], [[0.1, 0.9]], [0], [0.5], "labels must be a vector of class numbers"),
    ],
)
def test_what_the_misfit_refuses(weak: Any, student: Any, rows: Any, labels: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        c.gain_by_misfit(weak, student, rows, labels, 0.05)


@pytest.mark.parametrize(
    ("approximation", "gain"), [(0, 0.2), (1e-4, 0.1779), (1e-3, 0.1270), (5e-3, 0.0238), (1e-2, -0.0625)]
)
def test_the_explicit_bound(approximation: float, gain: float) -> None:
    assert 0.4 - c.risk_after_misfit(0.4, 0.2, approximation) == pytest.approx(gain, abs=5e-5)


@given(st.floats(1e-3, 1), st.floats(0, 1))
def test_the_explicit_bound_is_vacuous_from_where_it_is_said(risk: float, share: float) -> None:
    misfit = share * risk
    limit = c.vacuous_at(risk, misfit)
    assert risk - c.risk_after_misfit(risk, misfit, limit) == pytest.approx(0, abs=1e-9)


@given(st.floats(0.05, 1), st.floats(0, 0.9), st.floats(0, 0.1), st.floats(1e-3, 0.2))
def test_a_larger_risk_of_the_supervisor_is_less_certain_gain(
    risk: float, share: float, eps: float, more: float
) -> None:
    misfit = share * risk
    gains = [r - c.risk_after_misfit(r, misfit, eps) for r in (risk, risk + more)]
    assert gains[1] <= gains[0] + 1e-12


def test_projections_onto_convex_sets_keep_the_explicit_bound() -> None:
    """The class is a box in 6 dimensions, whose projection is a clip; truth and supervisor are anywhere."""
    rng = derive(0, "boxes")
    truth, weak = rng.normal(size=(2, 5000, 6))
    ends = np.sort(rng.normal(size=(2, 5000, 6)), axis=0)
    best, student = truth.clip(ends[0], ends[1]), weak.clip(ends[0], ends[1])
    risks, eps, misfit = (((a - b) ** 2).mean(axis=1) for a, b in ((weak, truth), (best, truth), (weak, student)))
    found = ((student - truth) ** 2).mean(axis=1)
    for i in range(5000):
        assert found[i] <= c.risk_after_misfit(risks[i], misfit[i], eps[i]) + 1e-9


def test_an_explicit_certificate_and_its_abstention() -> None:
    loss, apart = np.full(2000, 0.4), np.full(20000, 0.2)
    found = c.gain_by_explicit_misfit(loss, apart, 0.05, approximation=1e-3)
    assert found.strength == "conditional"
    assert found.low is not None
    assert 0.1 < found.low < 0.127
    assert "vacuous from eps" in found.method
    with pytest.raises(Inapplicable, match="contradicts a weak supervisor's risk"):
        c.gain_by_explicit_misfit(np.full(2000, 0.01), apart, 0.05, approximation=0.0)
    with pytest.raises(InputError, match="approximation must be a finite number"):
        c.gain_by_explicit_misfit(loss, apart, 0.05, approximation=math.nan)
    with pytest.raises(InputError, match="weak_loss must lie in"):
        c.gain_by_explicit_misfit(loss + 1, apart, 0.05, approximation=0.0)
    with pytest.raises(InputError, match="risk must be positive"):
        c.vacuous_at(0.0, 0.1)


def test_the_agreement_sandwich() -> None:
    wrong = np.arange(400) < 40
    found = c.student_risk_by_agreement(WEAK, STUDENT, wrong, 0.05, side="both")
    exact = measure.ClopperPearson()
    errs, differs = exact.interval(wrong, 0.025), exact.interval(STUDENT, 0.025)
    assert found.high == pytest.approx(errs.high + differs.high)
    assert found.low == 0.0
    apart = c.student_risk_by_agreement(WEAK, 1 - WEAK, wrong, 0.05, side="low")
    assert apart.low == pytest.approx(0.9, abs=0.05)
    only = c.student_risk_by_agreement(WEAK, STUDENT, wrong, 0.05)
    assert only.high == pytest.approx(exact.high(wrong, 0.025) + exact.high(STUDENT, 0.025))
    with pytest.raises(InputError, match="must be a non-empty vector"):
        c.student_risk_by_agreement(WEAK, STUDENT, [], 0.05)
    with pytest.raises(InputError, match="one entry per example"):
        c.student_risk_by_agreement(WEAK, STUDENT[:5], wrong, 0.05)
