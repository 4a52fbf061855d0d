"""The adaptive design: it finds the better region sooner, repeats nothing when it goes on, and tells no effects."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from w2sg.core import ConfigError, FloatArray, InputError, derive, registry
from w2sg.factors import Factor, FactorDesign, FactorStudy, factors_document, run_factors
from w2sg.graph import Store

FIELD = {"kind": "field", "group": "student", "path": "student.c"}
TASKS = [
    {"kind": "gaussian", "title": name, "family": name, "dimension": 5, "test": 100, "noise": noise}
    for name, noise in (("a", 0.2), ("b", 0.4))
]


def dials() -> list[Factor]:
    """Return three ranges, and three levels without an order."""
    ranges = [registry.build(Factor, {**FIELD, "title": f"range {place}", "low": 0, "high": 1}) for place in range(3)]
    return [*ranges, registry.build(Factor, {**FIELD, "title": "levels", "levels": ["a", "b", "c"]})]


def truth(points: FloatArray) -> FloatArray:
    """Return a response with one hill, on the second level alone."""
    away = ((points[:, :3] - np.array([0.8, 0.3, 0.6])) ** 2).sum(axis=1)
    return np.asarray(1 - 1.5 * away - 0.2 * (points[:, 3] != 0.5))


def tried_by(kind: str, count: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return the points that a design asks for, and what they seemed to be worth."""
    points, values, luck = list[FloatArray](), list[FloatArray](), derive(seed, "luck")

    def trying(asked: FloatArray) -> dict[str, FloatArray]:
        points.append(asked)
        values.append(truth(asked) + 0.03 * luck.standard_normal(len(asked)))
        return {"gain": values[-1]}

    registry.build(FactorDesign, {"kind": kind, "count": count, "seed": seed}).have_tried(dials(), trying)
    return np.concatenate(points), np.concatenate(values)


def test_it_finds_the_better_region_with_half_the_points_of_a_latin_hypercube() -> None:
    found: dict[str, list[float]] = {}
    for seed in range(12):
        for kind, count in (("adaptive", 24), ("latin-hypercube", 48)):
            points, values = tried_by(kind, count, seed)
            assert len(points) == count
            found.setdefault(kind, []).append(float(truth(points[[values.argmax()]])[0]))
    difference = np.subtract(found["adaptive"], found["latin-hypercube"])
    assert difference.mean() > 2 * difference.std(ddof=1) / np.sqrt(len(difference))


def study(**design: Any) -> FactorStudy:
    given = {"kind": "adaptive", "count": 6, "begin": 4, "at_once": 2, "outcome": "both", **design}
    both = {"kind": "all", "of": ["positive-gain", "near-ceiling"]}
    factors = ["transfer-size", {**FIELD, "title": "penalty", "low": 0.01, "high": 1, "log": True}]
    return FactorStudy.parse(
        {
            "name": "search",
            "seeds": 1,
            "tasks": TASKS,
            "factors": factors,
            "design": given,
            "desiderata": {"both": both},
        }
    )


def test_a_search_that_goes_on_repeats_nothing(tmp_path: Path) -> None:
    short = run_factors(study(), store=tmp_path, workers=1)
    with Store(tmp_path) as opened:
        before = {one.key for one in opened.results()}
    # A longer search with the same seed begins with the same points, and their runs are there.
    longer = run_factors(study(count=8), store=tmp_path, workers=1)
    np.testing.assert_array_equal(longer.points[:6], short.points)
    with Store(tmp_path) as opened:
        after = {one.key: one for one in opened.results()}
    assert before <= set(after)
    new = [one for key, one in after.items() if key not in before and one.step == "score"]
    assert 0 < len(new) <= 2 * len(TASKS)
    again = run_factors(study(count=8), store=tmp_path, workers=1)
    assert again.to_dict() == longer.to_dict()
    with Store(tmp_path) as opened:
        assert {one.key for one in opened.results()} == set(after)

    document = factors_document(longer)
    assert {"best", "points", "factors"} == set(document.tables)
    assert not any(longer.effects.values()), "effects that are read from chosen points are biased"
    assert any("looks better than it is" in finding.text for finding in document.findings)
    best = np.nanmax(longer.responses["both"])
    assert document.tables["points"].rows[0][-1].value == pytest.approx(best)
    json.dumps(document.to_dict(), allow_nan=False)


def test_what_it_must_not_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must name an outcome of the study, gain, student, gap, both; got 'luck'"):
        study(outcome="luck")
    with pytest.raises(ConfigError, match="'begin' must be at most 'count', 4, got 8"):
        study(count=4, begin=8)
    nowhere = {"kind": "for-all", "over": "groups", "require": "positive-gain"}
    given = study().model_dump() | {"desiderata": {"both": nowhere}, "tasks": TASKS}
    with pytest.raises(InputError, match="outcome 'both' is known at no point: both: needs the group"):
        run_factors(FactorStudy.parse(given), store=tmp_path, workers=1)
