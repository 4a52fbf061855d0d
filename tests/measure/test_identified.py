"""What is identified, against every label vector there is, closed forms, and the program written out in full."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from w2sg.core import FloatArray, InputError
from w2sg.measure import KnownMean, identified, tension
from w2sg.worlds.identified import gain_of_sharpening, unrestricted_gain

SOLVED = 1e-7
"""Programs are solved to about this."""


def brier(p: FloatArray) -> FloatArray:
    """Return the squared loss of probabilities `(n, k)` under each label."""
    return np.asarray(np.square(p[:, None, :] - np.eye(p.shape[1])).sum(axis=2))


def zero_one(p: FloatArray) -> FloatArray:
    return np.asarray(1.0 - np.eye(p.shape[1])[p.argmax(axis=1)])


def two(*chances: float) -> FloatArray:
    p = np.array(chances)
    return np.stack([1 - p, p], axis=1)


def ends(values: FloatArray, *known: KnownMean) -> tuple[float, float]:
    found = identified(values, known)
    assert found is not None
    return found[0].value, found[1].value


def test_a_risk_may_leave_one_gain_alone() -> None:
    """Supervisor .6, student .9, squared risk .36: nine labels in ten are the second class, and the gain is .18."""
    for n in (1, 400):
        weak, student = brier(two(*[0.6] * n)), brier(two(*[0.9] * n))
        assert ends(weak - student, KnownMean(weak, 0.36, 0.36)) == pytest.approx((0.18, 0.18), abs=SOLVED)
    low, high = unrestricted_gain(2 * 0.3**2, 0.36)
    assert (low, high) == pytest.approx((-0.6891, 0.3291), abs=5e-5)


@pytest.mark.parametrize(("n", "k", "seed"), [(6, 2, 0), (7, 2, 1), (5, 3, 2), (5, 3, 3), (4, 4, 4)])
def test_every_label_vector_lies_between_the_ends_and_comes_near_to_them(n: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weak, student = rng.dirichlet(np.ones(k), size=(2, n))
    losses, values = [brier(weak), zero_one(weak)], brier(weak) - brier(student)
    vectors = np.array(list(itertools.product(range(k), repeat=n)))
    rows = np.arange(n)
    risks = np.array([[one[rows, y].mean() for one in losses] for y in vectors])
    gains = np.array([values[rows, y].mean() for y in vectors])
    some = risks[rng.integers(len(vectors))]
    known = [KnownMean(one, at - 0.1, at + 0.1) for one, at in zip(losses, some, strict=True)]
    low, high = ends(values, *known)
    possible = gains[(np.abs(risks - some) <= 0.1).all(axis=1)]
    assert low - SOLVED <= possible.min()
    assert possible.max() <= high + SOLVED
    # A vertex leaves at most as many inputs undecided as there are risks: rounding these moves gain and risks by that.
    step = len(known) / n
    wide = [KnownMean(one.losses, one.low - 2 * step, one.high + 2 * step) for one in known]
    near = gains[(np.abs(risks - some) <= 0.1 + 2 * step).all(axis=1)]
    assert near.min() <= low + 2 * step
    assert near.max() >= high - 2 * step
    wider = ends(values, *wide)
    assert wider[0] <= low + SOLVED
    assert wider[1] >= high - SOLVED


@pytest.mark.parametrize("k", [2, 3, 5])
def test_the_program_is_the_one_that_is_written_out(k: int) -> None:
    """All chances as variables, with sums of 1, and equalities; and an end is what its prices and rows make of it."""
    rng = np.random.default_rng(k)
    n = 40
    weak, student, truth = rng.dirichlet(np.ones(k), size=(3, n))
    values, losses = zero_one(weak) - zero_one(student), [brier(weak), zero_one(weak)]
    at = [float((truth * one).sum(axis=1).mean()) for one in losses]
    found = identified(values, [KnownMean(one, risk, risk) for one, risk in zip(losses, at, strict=True)])
    assert found is not None
    sums = np.kron(np.eye(n), np.ones(k))
    left = np.vstack([sums, *(one.ravel() / n for one in losses)])
    right = np.array([1.0] * n + at)
    for sign, end in zip((1, -1), found, strict=True):
        full: Any = linprog(sign * values.ravel() / n, A_eq=left, b_eq=right, bounds=(0, 1))
        assert end.value == pytest.approx(sign * float(full.fun), abs=SOLVED)
        assert end.value == pytest.approx(float(end.prices @ at + end.rows.mean()), abs=SOLVED)
    gain = float((truth * values).sum(axis=1).mean())
    assert found[0].value - SOLVED <= gain <= found[1].value + SOLVED


def test_prices_say_how_an_end_moves() -> None:
    rng = np.random.default_rng(9)
    weak, student, truth = rng.dirichlet(np.ones(3), size=(3, 60))
    values, loss = brier(weak) - brier(student), brier(weak)
    at = float((truth * loss).sum(axis=1).mean())
    found = identified(values, [KnownMean(loss, at, at)])
    assert found is not None
    moved = ends(values, KnownMean(loss, at + 1e-4, at + 1e-4))
    for end, after in zip(found, moved, strict=True):
        assert (after - end.value) / 1e-4 == pytest.approx(end.prices[0], abs=0.01)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=6), st.floats(-1, 1), st.floats(0, 1))
def test_a_student_that_is_surer_by_a_factor_has_one_gain(said: list[float], sure: float, part: float) -> None:
    """`s - 1/2 = c (w - 1/2)`: the supervisor's risk tells the gain, whatever the labels."""
    a = np.array(said) - 0.5
    times = sure * 0.5 / max(float(np.abs(a).max()), 0.05)
    weak, student = brier(two(*(0.5 + a))), brier(two(*(0.5 + times * a)))
    risk = part * float(weak.min(axis=1).mean()) + (1 - part) * float(weak.max(axis=1).mean())
    expected = gain_of_sharpening(times, float(np.square(a).mean()), risk)
    found = ends(weak - student, KnownMean(weak, risk - 1e-9, risk + 1e-9))
    assert found == pytest.approx((expected, expected), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_truths_that_are_probabilities_leave_no_more_than_any_truths_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weak, student, truth = rng.dirichlet(np.ones(3), size=(3, 20))
    labels = np.array([rng.choice(3, p=p) for p in truth])
    risk = float(brier(weak)[np.arange(20), labels].mean())
    low, high = ends(brier(weak) - brier(student), KnownMean(brier(weak), risk, risk))
    least, most = unrestricted_gain(float(np.square(weak - student).sum(axis=1).mean()), risk)
    assert least - SOLVED <= low <= high + SOLVED <= most + 2 * SOLVED
    tighter = ends(
        brier(weak) - brier(student),
        KnownMean(brier(weak), risk, risk),
        KnownMean(zero_one(weak), *[float((weak.argmax(axis=1) != labels).mean())] * 2),
    )
    assert low - SOLVED <= tighter[0]
    assert tighter[1] <= high + SOLVED


def test_risks_of_no_truth_are_none_and_their_tension_is_told() -> None:
    weak = brier(two(0.9, 0.8))
    risk = float(weak.max(axis=1).mean()) + 0.3
    assert identified(weak, [KnownMean(weak, risk, risk)]) is None
    assert tension([weak], np.array([risk]), np.array([0.1])) == pytest.approx(3, abs=1e-6)
    assert tension([weak], np.array([risk - 0.4]), np.array([0.1])) == pytest.approx(0, abs=1e-6)
    with pytest.raises(InputError, match="no truth has the means that are known exactly"):
        tension([weak], np.array([risk]), np.array([0.0]))


@pytest.mark.parametrize(
    ("values", "known", "message"),
    [
        (np.zeros((0, 2)), [], "at least one input and two labels"),
        (np.zeros((3, 1)), [], "at least one input and two labels"),
        (np.zeros((3, 2)), [KnownMean(np.zeros((2, 2)), 0, 1)], r"of the values' shape \(3, 2\)"),
        (np.zeros((3, 2)), [KnownMean(np.zeros((3, 2)), 1, 0)], "between two numbers, got 1 and 0"),
        (np.full((3, 2), np.nan), [], "must be finite numbers"),
        (np.zeros((600_000, 2)), [], "inputs times labels may be at most"),
    ],
)
def test_what_is_refused(values: FloatArray, known: list[KnownMean], message: str) -> None:
    with pytest.raises(InputError, match=message):
        identified(values, known)


def test_without_anything_known_the_ends_are_those_of_the_worst_labels() -> None:
    values = np.array([[0.0, 1.0], [-1.0, 3.0]])
    assert ends(values) == pytest.approx((-0.5, 2.0), abs=SOLVED)
