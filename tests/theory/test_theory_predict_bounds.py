"""Bounds that predictors state hold in random instances, without exception."""

from itertools import combinations

import numpy as np
import pytest
from predictor_data import observed, said, theory

from w2sg.core import InputError
from w2sg.theory.predictors.expansion import corrected_error_bound, covered_error_bound

FEW, MANY = 2_000, 40_000


def explicit_misfit(trials: int, seed: int) -> int:
    """Return in how many random convex problems the explicit bound holds; all that are tried."""
    rng = np.random.default_rng(seed)
    for _ in range(trials):
        k = int(rng.integers(2, 8))
        truth, weak = rng.normal(size=(2, k)) * rng.exponential(size=(2, 1))
        lower = rng.normal(size=k) * rng.exponential()
        upper = lower + rng.exponential(size=k)
        if rng.random() < 0.5:  # a box, or a subspace that holds the truth only now and then
            student, best = np.clip(weak, lower, upper), np.clip(truth, lower, upper)
        else:
            frame = np.linalg.qr(rng.normal(size=(k, int(rng.integers(1, k)))))[0]
            student, best = frame @ frame.T @ weak, frame @ frame.T @ truth
        risk, misfit, eps = (float(np.sum(one**2)) for one in (weak - truth, weak - student, best - truth))
        bound = said("misfit-bound", observed(weak_squared=risk, misfit=misfit), eps=eps)
        assert bound <= risk - np.sum((student - truth) ** 2) + 1e-9 * (1 + risk)
    return trials


def test_the_explicit_misfit_bound_holds() -> None:
    assert explicit_misfit(FEW, 0) == FEW


@pytest.mark.slow
def test_the_explicit_misfit_bound_holds_often() -> None:
    assert explicit_misfit(MANY, 1) == MANY


@pytest.mark.parametrize(("eps", "gain"), [(0, 0.2), (1e-4, 0.1779), (1e-3, 0.1270), (5e-3, 0.0238), (1e-2, -0.0625)])
def test_the_explicit_bound_is_vacuous_soon(eps: float, gain: float) -> None:
    assert said("misfit-bound", observed(weak_squared=0.4, misfit=0.2), eps=eps) == pytest.approx(gain, abs=5e-5)


def subsets(items: np.ndarray) -> list[list[int]]:
    """Return all subsets that are not empty."""
    return [list(some) for size in range(1, len(items) + 1) for some in combinations(items, size)]


def expansion(near: np.ndarray, mass: np.ndarray, into: np.ndarray, of: np.ndarray, q: float) -> float:
    """Return the largest c with P(N(U) | into) >= c P(U | of) for all U in `of` of more than the share q."""
    ratios = []
    for some in subsets(np.flatnonzero(of)):
        share = mass[some].sum() / mass[of].sum()
        if share > q:
            ratios.append(mass[near[some].any(axis=0) & into].sum() / mass[into].sum() / share)
    return min(ratios, default=0.0)


def random_graph(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return neighbours, masses, truth, weak labels (-1 where none) and a student over some points.

    Neighbours share their true class; weak labels and students are right more often than not.
    """
    n, k = int(rng.integers(5, 12)), int(rng.integers(2, 4))
    truth = rng.integers(k, size=n)
    near = np.triu(rng.random((n, n)) < rng.uniform(0.2, 0.9), 1)
    near = (near | near.T) & (truth[:, None] == truth)
    mass = rng.dirichlet(np.ones(n))
    weak = np.where(rng.random(n) < 0.7, truth, rng.integers(k, size=n))
    student = np.where(rng.random(n) < 0.8, truth, rng.integers(k, size=n))
    return near, mass, truth, np.where(rng.random(n) < 0.25, -1, weak), student


def graphs(trials: int, seed: int) -> tuple[int, int]:
    """Return how many graphs tested the correction bound and the coverage bound; each has to hold."""
    rng, corrected, covered = np.random.default_rng(seed), 0, 0
    for _ in range(trials):
        near, mass, truth, weak, student = random_graph(rng)
        robust = ~(near & (student[:, None] != student)).any(axis=1)
        s, t = weak >= 0, weak < 0
        good, bad = s & (weak == truth), s & (weak != truth)
        if good.any():
            a, apart = mass[bad].sum() / mass[s].sum(), mass[s & (student != weak)].sum() / mass[s].sum()
        if good.any() and bad.any():
            u = mass[good & robust & (student == weak)].sum() / mass[good].sum()
            c = expansion(near, mass, bad, good, u * (1 - 1e-9))  # it is used for sets as large as u
            error = mass[s & (student != truth)].sum() / mass[s].sum()
            assert error <= corrected_error_bound(apart, a, c, min(u, 1.0)) + 1e-12
            corrected += c * u > 0
        if good.any() and t.any():
            q = float(rng.choice([0.0, 0.3, 0.6]))
            c = expansion(near, mass, good, t, q)
            error, fragile = (mass[t & one].sum() / mass[t].sum() for one in (student != truth, ~robust))
            if c > 0:
                assert error <= covered_error_bound(min(fragile, 1.0), apart, a, c, q) + 1e-12
                covered += 1
    return corrected, covered


def test_expansion_bounds_hold_on_random_graphs() -> None:
    corrected, covered = graphs(1500, 2)
    assert corrected > 40
    assert covered > 80


@pytest.mark.slow
def test_expansion_bounds_hold_on_many_random_graphs() -> None:
    corrected, covered = graphs(20_000, 3)
    assert corrected > 1000
    assert covered > 1500


def test_the_expansion_bound_certifies_what_agreement_leaves() -> None:
    seen = observed(disagreement=0.1, audit_weak_error=0.2, audit_expansion=0.9, audit_good_robust=0.8)
    assert said("expansion-bound", seen) == pytest.approx(2 * 0.2 * 0.9 * 0.8 - 0.1)
    assert theory("expansion-bound").predict(seen).standing == "untestable"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: corrected_error_bound(1.1, 0.2, 0.5, 0.5), "apart must be from 0 to 1, got 1.1"),
        (lambda: corrected_error_bound(0.1, 0.2, -0.5, 0.5), "c must be from 0 to 1"),
        (lambda: covered_error_bound(0.1, float("nan"), 0.2, 0.5, 0.1), "apart must be from 0 to 1, got nan"),
        (lambda: covered_error_bound(0.1, 0.1, 1.0, 0.5, 0.1), "must be above 0 for a bound"),
    ],
)
def test_bounds_refuse_what_is_no_share(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()  # type: ignore[operator]
