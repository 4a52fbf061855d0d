"""Every factor of the catalogue: what it says of itself, what it turns, and where it refuses."""

from importlib.resources import files
from pathlib import Path

import pytest

from w2sg.core import CapabilityError, ConfigError, registry
from w2sg.factors import Factor
from w2sg.lab import Setup, make_setup, split_sizes

NAMES = [entry.name for entry in registry.entries(Factor) if entry.preset]
ON_FACTS = {"novel-format", "answer-length", "capability-gap", "imitation-saliency", "pretraining-leakage"}
ON_IMAGES = {"noise-shift", "rotation-shift", "occlusion-shift"}
ON_FILES = {"duplicates", "held-out-family", "easy-share"}
PART = {"data": {"task"}, "supervisor": {"supervisor", "method"}, "student": {"student", "task", "supervisor"}}
"""What factors of a group may turn; those of training and protocol any part but the supervisor."""


def factor(name: str) -> Factor:
    return registry.build(Factor, name)


@pytest.fixture(scope="module")
def file_setup(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    lines = [f"{i % 7},{i * i % 11},{'ab'[i // 3 % 2]},{i % 13},{'yes' if i % 3 else 'no'}" for i in range(400)]
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    path.write_text("x,y,kind,hard,label\n" + "\n".join(lines) + "\n")
    columns = {"group": "kind", "difficulty": "hard", "duplicates": "apart"}
    return make_setup({"kind": "files", "path": str(path), **columns})


def fitting(name: str, file_setup: Setup) -> Setup:
    """Return a setup that a factor of this name fits."""
    trained = {"kind": "trained", "student": {"kind": "linear", "features": {"kind": "columns", "share": 0.3}}}
    if name in ON_FACTS:
        if not (files("w2sg.worlds.facts") / "models" / "manifest.json").is_file():
            pytest.skip("the models of the fact world are not here")
        return make_setup("facts")
    if name in ON_IMAGES:
        return make_setup("digits")
    if name in ON_FILES:
        return file_setup
    return make_setup({"kind": "breast-cancer", "supervision": 100, "transfer": 200}, trained, "random-relu")


def test_there_are_factors_of_every_group() -> None:
    assert len(NAMES) >= 30
    assert {factor(name).group for name in NAMES} == {"data", "supervisor", "student", "training", "protocol"}


@pytest.mark.parametrize("name", NAMES)
def test_a_factor_says_what_it_is_and_turns_what_it_says(name: str, file_setup: Setup) -> None:
    one, setup = factor(name), fitting(name, file_setup)
    assert one.title
    assert one.mechanism.endswith(".")
    assert bool(one.source) or not one.predicted
    assert set(one.predicted) <= {"gain", "student", "ceiling", "gap"}
    settings = one.settings(setup)
    assert len({setting.setup for setting in settings}) == len(settings) >= 2
    assert {setting.test for setting in settings} == {one.read_on}
    first = settings[0].setup
    for setting in settings[1:]:
        parts = ("task", "supervisor", "student", "method")
        turned = {part for part in parts if getattr(setting.setup, part) != getattr(first, part)}
        assert turned
        assert turned <= PART.get(one.group, {"task", "student", "method"})


@pytest.mark.parametrize(
    ("name", "task", "reason"),
    [
        ("supervision-size", "simulated", "learns from the whole supervision split, and 'simulated' does not"),
        ("gold-noise", "simulated", "needs a setup with the field 'supervisor.label_noise'"),
        ("supervisor-penalty", "simulated", "a model with a penalty that is a number"),
        ("panel-size", "simulated", "learns from the whole supervision split"),
        ("noise-shift", None, r"cannot be made of these rows: .* needs images"),
        ("capability-gap", None, "needs a pretraining corpus of our own"),
        ("student-size", None, "needs a student whose size is a choice"),
        ("held-out-family", None, "a metadata column 'group' or 'domain'"),
    ],
)
def test_a_factor_that_does_not_fit_says_why(name: str, task: str | None, reason: str) -> None:
    setup = make_setup({"kind": "wine", "supervision": 40, "transfer": 60}, task, "linear")
    with pytest.raises(CapabilityError, match=reason):
        factor(name).settings(setup)


def test_a_split_share_leaves_the_other_split_as_large_as_it_was() -> None:
    setup = make_setup({"kind": "wine", "supervision": 40, "transfer": 60})
    quarter = next(s for s in factor("transfer-size").settings(setup) if s.value == 0.25)
    assert split_sizes(quarter.setup.task) == {"supervision": 40, "transfer": 15}
    assert factor("transfer-size").turned(setup, 1) == setup


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "needs 'levels', or both 'low' and 'high'"),
        ({"levels": [1]}, "two different levels or more, got 1"),
        ({"levels": [1, 1.0]}, "two different levels or more, got 1, 1"),
        ({"low": 2, "high": 1}, "'low' must be below 'high', got 2 and 1"),
        ({"low": 0, "high": 1, "log": True}, "'log' goes with a range above 0"),
    ],
)
def test_levels_are_two_or_a_range(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        registry.build(Factor, {"kind": "field", "group": "student", "path": "student.c", **fields})


def test_a_range_is_gone_through_evenly_or_by_ratios() -> None:
    fields = {"kind": "field", "group": "student", "path": "student.c", "low": 0.01, "high": 100}
    assert registry.build(Factor, {**fields, "log": True}).at(0.5) == pytest.approx(1.0)
    assert registry.build(Factor, fields).at(0.5) == pytest.approx(50.005)
    assert registry.build(Factor, {**fields, "low": 1, "whole": True}).points == (1, 34, 67, 100)


def test_a_title_of_a_level_is_no_field_of_it(tmp_path: Path) -> None:
    levels = ["naive", {"kind": "confidence", "objective": {"weight": 0.75}, "title": "surer"}]
    one = registry.build(Factor, {"kind": "field", "group": "training", "path": "method", "levels": levels})
    assert [setting.name for setting in one.settings(make_setup("wine"))] == ["naive", "surer"]
