from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab_data import SMALL, WINE, accuracies, run_small, small_study, write_study

import w2sg
from w2sg.core import CapabilityError, ConfigError, InputError, UnknownNameError
from w2sg.lab import Study, league_of, named_methods, recall, run, study

TEXT = """
seeds = [3, 1, 3]
tasks = [{kind = "wine", supervision = 30, transfer = 60}]
methods = ["naive", "confidence"]

[[students]]
kind = "nystroem"
grid = {"features.count" = [5, 9], c = [0.5, 1.0, 2.0]}
"""


def test_a_grid_is_every_combination_of_its_values(tmp_path: Path) -> None:
    given = Study.read(write_study(tmp_path / "grid.toml", TEXT))
    setups = given.setups()
    assert given.name == "grid"
    assert given.count() == 6 * 2 * 2
    assert len(setups) == 12
    fields = [setup.student.model_dump() for setup in setups]
    assert {(one["features"]["count"], one["c"]) for one in fields} == {(n, c) for n in (5, 9) for c in (0.5, 1.0, 2.0)}
    assert all(one["features"]["kind"] == "nystroem" for one in fields)


def test_seeds_are_a_number_or_a_list_each_once() -> None:
    assert list(small_study(seeds=3).seed_list()) == [0, 1, 2]
    assert list(small_study(seeds=[5, 2, 5]).seed_list()) == [5, 2]


@pytest.mark.parametrize("seeds", [0, -1, [], [1, -2]])
def test_seeds_that_are_none_are_refused(seeds: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="seeds must be a number of at least 1 or a list"):
        run_small(tmp_path, seeds=seeds)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seeds", ["eight", 1.5, [0.5]])
def test_seeds_of_another_type_are_refused_with_their_path(seeds: object) -> None:
    with pytest.raises(ConfigError, match="seeds"):
        small_study(seeds=seeds)


def test_run_takes_seeds_as_an_array(tmp_path: Path) -> None:
    found = run(WINE, student=SMALL, seeds=tuple(np.arange(2)), store=tmp_path, workers=1)
    assert found.seeds == (0, 1)


def test_over_a_million_runs_need_a_yes_and_are_counted_without_making_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has 40,000,000,000 runs, over 1,000,000: say --yes"):
        study(small_study(seeds=20_000_000_000), store=tmp_path)


@pytest.mark.parametrize(
    "fields", [{"tasks": []}, {"methods": []}, {"students": [{"kind": "linear", "grid": {"c": []}}]}]
)
def test_a_study_without_runs_says_so(fields: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no runs: give at least one task, method and seed"):
        run_small(tmp_path, **fields)


def test_what_a_student_cannot_do_is_an_error_or_left_out(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"students": ["knn", SMALL], "methods": ["naive", "confidence"]}
    with pytest.raises(CapabilityError, match="needs 'gradient'"):
        small_study(**fields).setups()
    assert len(small_study(**fields, incapable="skip").setups()) == 3
    with pytest.raises(InputError, match="no student can do what its methods need"):
        run_small(tmp_path, students=["knn"], methods=["confidence"], incapable="skip")


def test_the_same_setup_twice_is_one(tmp_path: Path) -> None:
    twice = small_study(students=[SMALL, SMALL], methods=["naive", {"kind": "composition"}, "naive"])
    assert twice.count() == 12
    assert len(twice.setups()) == 1
    assert study(twice, store=tmp_path, workers=1).n_runs == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seedz = 3\ntasks = ['wine']", "seedz: no such field"),
        ("tasks = ['wine']\nseeds = 'x'", "seeds"),
        ("name = 'a b'\ntasks = ['wine']", "name: "),
        ("tasks = 'wine'", "tasks: "),
        ("", "tasks: "),
        ("tasks = [", "is not TOML: "),
        ("tasks = ['wine']\nincapable = 'maybe'", "incapable: "),
    ],
)
def test_a_bad_study_file_is_refused_with_file_and_field(text: str, message: str, tmp_path: Path) -> None:
    path = write_study(tmp_path / "bad.toml", text)
    with pytest.raises(ConfigError) as error:
        Study.read(path)
    assert str(path) in str(error.value)
    assert message in str(error.value)


def test_missing_and_undecodable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: No such file or directory: give the path"):
        Study.read(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="Is a directory"):
        Study.read(tmp_path)
    (tmp_path / "latin.toml").write_bytes("name = 'é'".encode("latin-1"))
    with pytest.raises(ConfigError, match="is not TOML"):
        Study.read(tmp_path / "latin.toml")


@pytest.mark.parametrize("grid", ["c", {"c": 3}, {"c": "12"}])
def test_a_bad_grid_is_refused_with_its_place(grid: object) -> None:
    with pytest.raises(ConfigError, match=r"students\.1\.grid: must be lists of values by dotted path"):
        small_study(students=[SMALL, {"kind": "linear", "grid": grid}]).count()


def test_a_bad_value_in_a_grid_names_its_field() -> None:
    with pytest.raises(ConfigError, match=r"student\.features\.count: "):
        small_study(students=[{"kind": "nystroem", "grid": {"features.count": [5, 0]}}]).setups()


def test_a_title_needs_no_kind_and_names_its_part(tmp_path: Path) -> None:
    supervisors = [{"labels": 20, "title": "hasty"}, {"title": "slow", "grid": {"labels": [25, 30]}}]
    found = run_small(tmp_path, supervisors=supervisors, methods=["naive"], seeds=1)
    assert [result.label["supervisor"] for result in found.results] == ["hasty", "slow(labels=25)", "slow(labels=30)"]


def test_a_title_changes_text_and_nothing_else(tmp_path: Path) -> None:
    """The reference stays the method that is registered as `naive`, whatever calls itself so."""
    plain = run_small(tmp_path, methods=["product", "naive"], seeds=2)
    titles = [{"kind": "product", "title": "naive"}, {"kind": "naive", "title": "product"}]
    titled = run_small(tmp_path, methods=titles, seeds=2)
    assert not titled.steps_done
    (before,), (after,) = plain.comparisons, titled.comparisons
    assert (before.reference.method, after.reference.method) == ("naive", "product")
    assert after.reference.result.digest("method") == before.reference.result.digest("method")
    (one,), (other,) = before.rivals.values(), after.rivals.values()
    assert (one.difference, one.p_adjusted) == (other.difference, other.p_adjusted)
    assert league_of(titled).reference == "product"


def test_a_study_is_recalled_by_name(tmp_path: Path) -> None:
    made = run_small(tmp_path)
    again = recall("small", store=tmp_path)
    assert accuracies(again) == accuracies(made)
    assert not again.steps_done
    with pytest.raises(InputError, match="has no study 'other': it has small"):
        recall("other", store=tmp_path)


def test_a_study_of_the_same_name_takes_the_place_of_the_old(tmp_path: Path) -> None:
    run_small(tmp_path)
    run_small(tmp_path, seeds=1, methods=["naive"])
    assert recall("small", store=tmp_path).n_runs == 1


def test_a_task_leaves_out_methods_of_its_own_beside_the_studys() -> None:
    def entrants(task: str, **fields: Any) -> set[str]:
        given = small_study(tasks=[{**WINE, "without": ["icm"]}, "gaussian"], methods=["*"], incapable="skip", **fields)
        return {setup.label()["method"] for setup in given.setups() if setup.task.kind == task}

    assert entrants("gaussian") - entrants("wine") == {"icm"}
    assert entrants("wine") - entrants("wine", without=["naive", "icm"]) == {"naive"}
    assert entrants("gaussian", without=["naive"]) == entrants("gaussian") - {"naive"}
    given = small_study(tasks=[{**WINE, "without": ["naive"]}], methods=["naive"])
    assert len(given.setups()) == 1, "only what '*' stands for is left out"


def test_what_a_task_leaves_out_is_counted_and_recalled(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"methods": ["*"], "incapable": "skip", "seeds": 1}
    assert small_study(**fields).count() - small_study(tasks=[{**WINE, "without": ["icm"]}], **fields).count() == 1
    others = [name for name in named_methods() if name != "naive"]
    made = run_small(tmp_path, tasks=[{**WINE, "without": others}], **fields)
    assert [result.label["method"] for result in made.results] == ["naive"]
    assert accuracies(recall("small", store=tmp_path)) == accuracies(made)


def test_an_unknown_name_that_a_task_leaves_out_is_refused_with_near_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown method 'confidense': did you mean 'confidence'"):
        small_study(tasks=[{**WINE, "without": ["confidense"]}]).count()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"without": "icm"}, r"tasks\.1\.without: must be a list of names of methods, got 'icm'"),
        ({"without": [3]}, r"tasks\.1\.without: must be a list of names of methods, got \[3\]"),
        ({"students": "knn"}, r"tasks\.1\.students: must be a list of names or tables, got 'knn'"),
        ({"supervisors": [None]}, r"tasks\.1\.supervisors: must be a list of names or tables, got \[None\]"),
    ],
)
def test_what_a_task_has_for_itself_must_be_a_list(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        small_study(tasks=[WINE, {**WINE, **fields}]).count()


def test_only_tasks_have_lists_of_their_own() -> None:
    with pytest.raises(ConfigError, match=r"without: no such field"):
        small_study(students=[{**SMALL, "without": ["icm"]}]).setups()


def test_a_study_file_loads_plugins_beside_it(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text(
        "from w2sg.core import preset\nfrom w2sg.methods import Composition\n"
        "preset('beside', Composition, 'Stands beside the study.', relabel='harden')\n"
    )
    text = "seeds = 1\ntasks = ['wine']\nmethods = ['beside']\nplugins = ['beside.py']"
    found = w2sg.study(write_study(tmp_path / "with.toml", text), store=tmp_path / "store")
    assert found.results[0].label["method"] == "beside"


def test_a_missing_plugin_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such Python file"):
        run_small(tmp_path, plugins=["gone.py"])


def test_progress_goes_from_what_is_there_to_all(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    study(small_study(seeds=1), store=tmp_path, workers=1)
    study(small_study(seeds=3), store=tmp_path, workers=1, progress=lambda *at: told.append(at))
    assert told == [(4, 6), (6, 6)]


def test_results_are_shown_in_notebooks_and_escape_names(tmp_path: Path) -> None:
    found = run_small(tmp_path, students=[{**SMALL, "title": "<b>bold</b>"}], seeds=1)
    assert "&lt;b&gt;bold" in found._repr_html_()
    assert "&lt;b&gt;bold" in found.results[0]._repr_html_()


@pytest.mark.parametrize("seeds", [(0.5,), "ab"])
def test_run_refuses_seeds_that_are_not_whole_numbers(seeds: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="seeds"):
        run(WINE, student=SMALL, seeds=seeds, store=tmp_path)
