"""A kind of step written outside the package: computed, listed, cached, resumed, and shown in a report."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab_data import lines_of_code, run_small, small_study

from w2sg.core import InputError, registry
from w2sg.graph import REFUSED, Execution, Keys, Processes, Result, Step, Store, execute
from w2sg.lab import scores_of_setups
from w2sg.report import html_page, terminal_table, write_document

PLUGIN = Path(__file__).parent / "plugins" / "confusion_step.py"
LOADING = partial(registry.load_plugin, PLUGIN)


@pytest.fixture(autouse=True)
def plugin() -> Any:
    """The plugin's module, as every command loads it."""
    sys.modules.pop("w2sg_plugin_confusion_step", None)
    return LOADING()


def confusions(plugin: Any, **fields: Any) -> list[Step]:
    study = small_study(**fields)
    scores = scores_of_setups(study.setups(), study.seed_list())
    return [plugin.Confusion(student=score.student, seed=score.seed) for score in scores]


def computed(folder: Path, steps: list[Step], **how: Any) -> Execution:
    return execute(steps, folder, prepare=LOADING, **how)


def results(folder: Path) -> list[Result]:
    with Store(folder) as store:
        return store.results(step="confusion")


def test_it_is_short() -> None:
    assert lines_of_code(PLUGIN) < 60


def test_it_is_computed_with_what_it_needs_listed_and_then_cached(plugin: Any, tmp_path: Path) -> None:
    first = computed(tmp_path, confusions(plugin), workers=1)
    assert not first.failed
    assert first.done == {"labels": 2, "student": 4, "confusion": 4}
    assert computed(tmp_path, confusions(plugin), workers=1).done == {}
    listed = results(tmp_path)
    assert {result.key for result in listed} == set(first.keys)
    assert all(result.about["kind"] == "student" and result.shown["n_test"] == 88 for result in listed)
    with Store(tmp_path) as store:
        best = store.results(step="confusion", sort="right", limit=1)[0]
        lines = [entry for entry in store.ledger() if entry.kind == "confusion"]
    assert best.shown["right"] == max(result.shown["right"] for result in listed)
    assert len(lines) == 4
    assert {(line.purpose, line.split, line.n, line.asked_by) for line in lines} == {("score", "test", 88, "confusion")}


def test_it_stands_on_the_students_of_a_study(plugin: Any, tmp_path: Path) -> None:
    found = run_small(tmp_path)
    assert computed(tmp_path, confusions(plugin), workers=1).done == {"confusion": 4}
    accuracies = {result.label["method"]: result.pgr.student.estimate for result in found.results}
    shown = [result.shown["right"] for result in results(tmp_path)]
    assert np.mean(shown) == pytest.approx(np.mean(list(accuracies.values())))


def test_one_more_makes_only_that_and_a_failed_neighbour_only_itself(
    plugin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = plugin.Confusion.compute

    def fails_once(self: Any, inputs: Any) -> Any:
        if self.seed == 1 and self.student.method.objective.labels == "hard":
            raise InputError("not this one")
        return compute(self, inputs)

    steps = confusions(plugin)
    with monkeypatch.context() as patched:
        patched.setattr(plugin.Confusion, "compute", fails_once)
        broken = computed(tmp_path, steps, workers=1)
    ((place, failure),) = broken.failed.items()
    assert (failure.reason, failure.bad_input) == ("not this one", True)
    assert broken.done["confusion"] == 3
    with Store(tmp_path) as store:
        assert store.failures() == {Keys().of(steps[place]): ("confusion", "not this one")}
    assert computed(tmp_path, confusions(plugin), workers=1).done == {"confusion": 1}
    assert len(results(tmp_path)) == 4
    more = computed(tmp_path, confusions(plugin, seeds=3), workers=1)
    assert more.done == {"labels": 1, "student": 2, "confusion": 2}


def test_a_refused_student_has_no_confusion_and_says_why(plugin: Any, tmp_path: Path) -> None:
    made = computed(tmp_path, confusions(plugin, methods=["naive", "panel-assignment"], seeds=1), workers=1)
    assert not made.failed
    with Store(tmp_path) as store:
        records = [store.record(key) or {} for key in made.keys]
    assert [REFUSED in record for record in records] == [False, True]


@pytest.mark.slow
def test_other_processes_make_the_same(plugin: Any, tmp_path: Path) -> None:
    here = computed(tmp_path / "here", confusions(plugin), workers=1)
    there = computed(tmp_path / "there", confusions(plugin), launcher=Processes(workers=2))
    assert here.keys == there.keys
    assert here.done == there.done
    with Store(tmp_path / "here") as first, Store(tmp_path / "there") as second:
        for key in here.keys:
            one, other = first.get(key), second.get(key)
            assert one is not None
            assert other is not None
            np.testing.assert_array_equal(one.arrays["counts"], other.arrays["counts"])


def test_its_code_is_part_of_its_key(plugin: Any, tmp_path: Path) -> None:
    before = Keys().of(confusions(plugin)[0])
    edited = tmp_path / PLUGIN.name
    edited.write_text(PLUGIN.read_text().replace('"right": float(', '"right": 1.0 * float('))
    from w2sg.graph import code
    from w2sg.graph import keys as keys_module

    for known in (code._path, code._imports, code._closure, code._source_digest, keys_module._code):
        known.cache_clear()
    sys.modules.pop("w2sg_plugin_confusion_step")
    registry._entries["steps"].pop("confusion")
    module = registry.load_plugin(edited)
    try:
        assert Keys().of(confusions(module)[0]) != before
    finally:
        for known in (code._path, code._imports, code._closure, code._source_digest, keys_module._code):
            known.cache_clear()
        sys.modules.pop(module.__name__)
        registry._entries["steps"].pop("confusion")


def test_it_is_shown_in_a_report(plugin: Any, tmp_path: Path) -> None:
    computed(tmp_path, confusions(plugin, seeds=1, methods=["naive"]), workers=1)
    (result,) = results(tmp_path)
    document = plugin.confusion_document(tmp_path, result)
    with Store(tmp_path) as store:
        artifact = store.get(result.key)
    assert artifact is not None
    assert int(artifact.arrays["counts"].sum()) == 88
    page = html_page(document)
    assert all(name in page for name in ("answered class_0", "class_2", "True and answered classes"))
    headings, rows = terminal_table(document.tables["confusion"])
    assert headings[0] == "true class"
    assert [[int(cell) for cell in row[1:]] for row in rows] == artifact.arrays["counts"].tolist()
    assert document.to_dict()["tables"]["confusion"]["rows"][0]["class"] == {"value": "class_0"}
    assert write_document(document, tmp_path / "confusion.html").read_text() == page
