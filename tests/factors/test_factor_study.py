"""A factor study from its file to its page: ordinary runs, kept, read on paired examples; and `w2sg optimise`."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from w2sg.core import CapabilityError, ConfigError, InputError, MissingExtraError
from w2sg.desiderata import Specification
from w2sg.factors import (
    FactorResults,
    FactorStudy,
    Optimised,
    factors_document,
    optimise,
    optimised_document,
    run_factors,
)
from w2sg.factors.optimising import _search, turned_where_it_fits
from w2sg.graph import Store
from w2sg.lab import make_setup
from w2sg.report import terminal_table

SMALL = [
    {"kind": "gaussian", "title": name, "family": name, "dimension": dimension, "test": 200, "noise": noise}
    for name, dimension, noise in (("a", 5, 0.2), ("b", 8, 0.3), ("c", 10, 0.4), ("d", 12, 0.5))
]
FACTORS: list[Any] = [
    {"kind": "supervision-size", "levels": [0.5, 1]},
    {"kind": "transfer-size", "levels": [0.25, 0.5, 1]},
    "confidence-loss",
    "noise-shift",
]
TOML = """
seeds = 2
factors = [
    { kind = "transfer-size", levels = [0.25, 1] },
    { kind = "field", group = "student", path = "student.c", levels = [0.01, 1] },
]
[[tasks]]
kind = "gaussian"
title = "a"
family = "a"
test = 200
[[tasks]]
kind = "gaussian"
title = "b"
family = "b"
dimension = 8
test = 200
[design]
kind = "full-factorial"
[desiderata.beats-it]
kind = "requirement"
quantity = "gain"
above = 0.02
"""


def study(**fields: Any) -> FactorStudy:
    given = {"name": "small", "seeds": 2, "tasks": SMALL, "factors": FACTORS, **fields}
    return FactorStudy.parse(given)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("factors")


@pytest.fixture(scope="module")
def results(store: Path) -> FactorResults:
    margins = {"beats": {"kind": "requirement", "quantity": "gain", "above": 0.1}}
    return run_factors(study(desiderata=margins), store=store, workers=1)


def test_a_margin_of_a_gain_moves_as_the_gain_does(results: FactorResults) -> None:
    gain, margin = ([one.model.estimate for one in results.effects_on(name, "effect")] for name in ("gain", "beats"))
    assert gain == pytest.approx(margin)
    assert {tried.base.task for tried in results.tried} == set("abcd")
    assert results.families == ("a", "b", "c", "d")


def test_a_factor_that_does_not_fit_is_told_and_the_others_go_on(results: FactorResults) -> None:
    reasons = results.missing["a"]
    assert len(reasons) == 1
    assert reasons[0].startswith("noise shift: shift 'noise' cannot be made of these rows")
    assert {results.factors[one.term.factors[0]].name for one in results.effects["gain"]} == {
        "supervision size", "transfer size", "confidence loss",
    }  # fmt: skip


def test_runs_are_ordinary_ones_and_none_is_made_twice(store: Path, results: FactorResults) -> None:
    with Store(store) as opened:
        before = len(opened.results())
    counted: list[int] = []
    again = run_factors(study(), store=store, workers=1, progress=lambda done, total: counted.append(total))
    with Store(store) as opened:
        assert len(opened.results()) == before
    assert again.effects["gain"][0].model.estimate == results.effects["gain"][0].model.estimate


def test_the_page_answers_how_when_and_how_far(results: FactorResults) -> None:
    document = factors_document(results)
    assert {"effects-gain", "effects-beats", "signs", "when", "needs", "factors"} <= set(document.tables)
    assert {"forest-gain", "curve-1", "curve-2"} <= set(document.figures)
    json.dumps(document.to_dict(), allow_nan=False)
    widths = []
    for table in document.tables.values():
        if table.terminal:
            titles, rows = terminal_table(table)
            widths.append(sum(max(map(len, column)) + 2 for column in zip(titles, *rows, strict=True)))
    assert max(widths) <= 80
    predicted = {(sign.factor, sign.outcome): sign for sign in results.signs}
    assert predicted["transfer size", "gain"].predicted == "rises"
    assert 0 <= (predicted["transfer size", "gain"].p_adjusted or 0) <= 1


def test_a_file_with_several_factors_at_once(tmp_path: Path, store: Path) -> None:
    (tmp_path / "two.toml").write_text(TOML)
    found = run_factors(FactorStudy.read(tmp_path / "two.toml"), store=store, workers=1)
    assert len(found.points) == 4
    assert [one.term.name for one in found.effects_on("gain", "interaction")] == ["transfer size x student.c"]
    assert "interactions" in factors_document(found).tables


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"factors": ["transfer-size", "transfer-size"]}, "two factors are called 'transfer size'"),
        ({"seeds": "until decided"}, "a design is tried under the same seeds"),
        ({"choosing": ["a"], "left_out": ["a"]}, "'a' is among 'choosing' too"),
        ({"desiderata": {"gain": "positive-gain"}}, "is an outcome of every factor study"),
        ({"factors": []}, "at least 1"),
    ],
)
def test_what_a_study_must_not_be(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        study(**fields)


def test_factors_that_undo_each_other_are_not_turned_at_once(store: Path) -> None:
    method = {"kind": "field", "group": "training", "title": "other", "path": "method", "levels": ["naive", "product"]}
    given = study(factors=["confidence-loss", method], design="full-factorial")
    with pytest.raises(InputError, match="factors 'confidence loss' and 'other' undo each other"):
        run_factors(given, store=store, workers=1)


def test_where_no_factor_fits_nothing_is_run(store: Path) -> None:
    with pytest.raises(InputError, match="no factor fits any setup of the study: noise shift: shift 'noise' cannot"):
        run_factors(study(factors=["noise-shift"]), store=store, workers=1)


SPECIFICATION = Specification.parse(
    {"name": "gain", "require": {"kind": "requirement", "quantity": "gain", "above": 0.0}}
)


def chosen(given: FactorStudy, store: Path, trials: int = 10) -> Optimised:
    return optimise(SPECIFICATION, given, trials=trials, store=store, workers=1)


def test_what_is_chosen_on_some_tasks_is_judged_on_others(store: Path) -> None:
    given = study(factors=["student-penalty", "hard-labels"], choosing=["a", "b"], left_out=["c", "d"])
    found = chosen(given, store)
    assert [one.name for one in found.candidates] == ["defaults", "chosen", "best single change", "random search"]
    default, best, single, _ = found.candidates
    assert default.settings == {}
    assert default.over_defaults.estimate == 0
    # the single changes hold the defaults, and Optuna begins with them
    assert min(single.choosing.low, best.choosing.low) >= default.choosing.low
    assert set(best.verdicts) == {"c", "d"}
    assert chosen(given, store).to_dict() == found.to_dict()
    document = optimised_document(found)
    assert {"candidates", "settings", "verdicts"} == set(document.tables)
    json.dumps(document.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("fields", "trials", "reason"),
    [
        ({"choosing": ["a", "x"], "left_out": ["c", "d"]}, 10, "choosing must name tasks of the study, got 'x'"),
        ({"choosing": ["a", "b"]}, 10, "left_out must name tasks of at least 2 families, got 0"),
        ({"choosing": ["a", "b"], "left_out": ["c", "d"]}, 3, "trials must be at least 10, got 3"),
    ],
)
def test_sides_are_named_before_anything_is_run(fields: dict[str, Any], trials: int, reason: str, store: Path) -> None:
    with pytest.raises(InputError, match=reason):
        chosen(study(**fields), store, trials)


def test_optuna_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"optuna is not installed: run pip install 'w2sg\[research\]'"):
        _search(study().factors, 10, 0, lambda points: dict.fromkeys(points, 0.0))


def test_settings_that_do_not_fit_leave_a_setup_as_it_is() -> None:
    setup = make_setup("wine")
    factors = study(factors=["noise-shift", "confidence-loss"]).factors
    with pytest.raises(CapabilityError):
        factors[0].turned(setup, 0.2)
    assert turned_where_it_fits(setup, factors, (2, 2)) == factors[1].turned(setup, "confidence")
