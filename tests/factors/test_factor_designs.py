"""Designs: each is as evenly spread, and tells as much apart, as it says."""

import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2sg.core import FloatArray, InputError, MissingExtraError, registry
from w2sg.factors import Factor, FactorDesign
from w2sg.factors.terms import terms_of

TWO = st.integers(2, 14)


def factors(count: int, levels: int = 2) -> list[Factor]:
    fields = {"kind": "field", "group": "data", "path": "student.c", "levels": list(range(levels))}
    return [registry.build(Factor, {**fields, "title": f"f{place}"}) for place in range(count)]


def points(design: str | dict[str, object], count: int, levels: int = 2) -> FloatArray:
    return registry.build(FactorDesign, design).points(factors(count, levels))


@settings(max_examples=20, deadline=None)
@given(count=TWO, resolution=st.sampled_from([3, 4, 5]))
def test_a_fraction_has_its_resolution(count: int, resolution: int) -> None:
    signs = 2 * points({"kind": "fractional-factorial", "resolution": resolution}, count) - 1
    for size in range(1, min(resolution, count + 1)):
        for columns in itertools.combinations(range(count), size):
            assert signs[:, columns].prod(axis=1).sum() == 0


@settings(max_examples=20, deadline=None)
@given(count=st.integers(2, 47), foldover=st.booleans())
def test_plackett_and_burman_tell_main_effects_apart(count: int, foldover: bool) -> None:
    signs = 2 * points({"kind": "plackett-burman", "foldover": foldover}, count) - 1
    n = len(signs)
    assert n <= (2 if foldover else 1) * max(4, 2 * count)
    np.testing.assert_array_equal(signs.T @ signs, n * np.eye(count))
    np.testing.assert_array_equal(signs.sum(axis=0), 0)
    if foldover:
        for one, two, three in itertools.combinations(range(min(count, 5)), 3):
            assert (signs[:, one] * signs[:, two] * signs[:, three]).sum() == 0


def test_twelve_points_are_enough_for_eleven_factors() -> None:
    assert len(points("plackett-burman", 11)) == 12


@pytest.mark.parametrize("kind", ["latin-hypercube", "sobol-sequence"])
def test_space_is_filled_evenly(kind: str) -> None:
    found = points({"kind": kind, "count": 32}, 5, levels=4)
    for column in found.T:
        np.testing.assert_array_equal(np.unique(column, return_counts=True)[1], 8)
    np.testing.assert_array_equal(found, points({"kind": kind, "count": 32}, 5, levels=4))


def test_one_at_a_time_turns_one_and_all_combinations_are_all() -> None:
    alone = points("one-at-a-time", 3, levels=3)
    assert (~np.isnan(alone)).sum(axis=1).tolist() == [1] * 9
    assert len(np.unique(points("full-factorial", 3, levels=3), axis=0)) == 27


def test_morris_turns_one_factor_a_step() -> None:
    found = points({"kind": "morris", "trajectories": 4}, 3, levels=4).reshape(4, 4, 3)
    assert ((np.diff(found, axis=1) != 0).sum(axis=2) == 1).all()


@pytest.mark.parametrize(
    ("design", "count", "reason"),
    [
        ({"kind": "sobol-sequence", "count": 20}, 3, "power of two of points, got 20"),
        ({"kind": "sobol-indices", "count": 12}, 3, "power of two of base points, got 12"),
        ("full-factorial", 13, "all combinations are 8,192, over 4,096"),
    ],
)
def test_what_a_design_cannot_be_is_said(design: str | dict[str, object], count: int, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        points(design, count)


@pytest.mark.parametrize("kind", ["morris", "sobol-indices"])
def test_designs_of_salib_say_how_to_install_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SALib.sample", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'w2sg\[research\]'"):
        points(kind, 3)


@pytest.mark.parametrize("kind", ["one-at-a-time", "plackett-burman", "full-factorial", "latin-hypercube"])
def test_terms_find_the_effects_that_made_the_numbers(kind: str) -> None:
    """Outcomes that are a sum of effects and, where several factors are turned, one interaction: all come out again."""
    some = factors(4, levels=3 if kind in ("one-at-a-time", "full-factorial") else 2)
    design = registry.build(FactorDesign, kind)
    places = design.points(some)
    own = np.array([0.3, -0.2, 0.1, 0.0])
    x = np.nan_to_num(places)
    # the interaction of factors 0 and 1, centred as the terms are, moves no main effect
    both = (x[:, 0] - x[:, 0].mean()) * (x[:, 1] - x[:, 1].mean())
    terms = terms_of(design, some, places, interactions=True)
    pairs = [term for term in terms if term.sort == "interaction"]
    y = 1.0 + x @ own + (0.5 * both if pairs else 0.0)
    mains = [term for term in terms if term.sort == "effect"]
    np.testing.assert_allclose([term.weights @ y for term in mains], own, atol=1e-12)
    for term in pairs:
        assert term.weights @ y == pytest.approx(0.5 if term.factors == (0, 1) else 0.0, abs=1e-12)
    assert bool(pairs) == (kind in ("full-factorial", "latin-hypercube"))
    last = [term for term in terms if term.sort == "level" and term.name == str(len(some[0].points) - 1)]
    np.testing.assert_allclose([term.weights @ y for term in last], own, atol=1e-12 if not pairs else 0.05)


def test_points_that_tell_nothing_apart_are_refused() -> None:
    design = registry.build(FactorDesign, {"kind": "latin-hypercube", "count": 4})
    some = factors(6)
    with pytest.raises(InputError, match="4 points do not tell the effects of 6 factors apart"):
        terms_of(design, some, design.points(some), interactions=False)
