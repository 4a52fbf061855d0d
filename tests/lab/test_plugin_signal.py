"""A variant of signal written outside the package goes through a study: PGR, cache, resume, ledger, report."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab_data import accuracies, lines_of_code

import w2sg
from w2sg.core import CapabilityError, registry
from w2sg.graph import Keys, Store, code
from w2sg.graph import keys as keys_module
from w2sg.lab import Study, StudyResult, make_setup, named_methods, recall, result_of, scores_of_setups, study_document
from w2sg.report import html_page

PLUGINS = [Path(__file__).parent / "plugins" / name for name in ("numbers_signal.py", "numbers_parts.py")]


@pytest.fixture(autouse=True)
def plugin() -> Any:
    """The module of the parts, which has the signal too; both are loaded as every command loads them."""
    for path in PLUGINS:
        sys.modules.pop(f"w2sg_plugin_{path.stem}", None)
        registry.load_plugin(path)
    return sys.modules["w2sg_plugin_numbers_parts"]


def sines(folder: Path, *, workers: int = 1, **fields: Any) -> StudyResult:
    given = {"name": "sines", "seeds": 3, "tasks": ["sines"], "plugins": [str(path) for path in PLUGINS], **fields}
    return w2sg.study(Study.parse(given), store=folder, workers=workers)


def test_it_is_short() -> None:
    assert all(lines_of_code(path) < 60 for path in PLUGINS)


def test_an_edit_of_the_signal_changes_the_keys_of_what_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Although it stands in another plugin."""

    def keys() -> list[str]:
        (score,) = scores_of_setups([make_setup("sines")], [0])
        known = Keys()
        return [known.of(step) for step in (*score.inputs().values(), score)]

    before = keys()
    assert keys() == before
    real = code._source_digest
    edited = "w2sg_plugin_numbers_signal"
    monkeypatch.setattr(code, "_source_digest", lambda name: "edited" if name == edited else real(name))
    monkeypatch.setattr(keys_module, "_code", keys_module._code.__wrapped__)
    assert not set(before) & set(keys())


def test_it_goes_through_a_study_with_a_pgr(tmp_path: Path) -> None:
    found = sines(tmp_path, students=[{"kind": "polynomial", "grid": {"degree": [1, 5]}}])
    assert found.steps_done == {"labels": 3, "student": 6, "ceiling": 6, "score": 6}
    straight, curved = found.results
    assert curved.pgr.ceiling.estimate == 1.0
    assert curved.pgr.weak.estimate < 0.8
    assert curved.pgr.estimate == pytest.approx(0, abs=0.05), "a polynomial through a straight line is that line"
    assert straight.pgr.estimate is None, "a straight ceiling is no better than the weak supervisor"
    assert set(curved.tests["test"].means["student"]) == {"accuracy"}
    assert curved.tests["test"].means["agreement"] > 0.95


def test_it_is_cached_resumed_and_recalled(plugin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit_many = plugin.Polynomial.fit_many

    def fails(self: Any, fits: Any) -> Any:
        if self.degree == 4:
            raise ZeroDivisionError("not this degree")
        return fit_many(self, fits)

    fields = {"students": [{"kind": "polynomial", "grid": {"degree": [3, 4]}}], "seeds": 2}
    with monkeypatch.context() as patched:
        patched.setattr(plugin.Polynomial, "fit_many", fails)
        broken = sines(tmp_path, **fields)
    assert [failure.label["student"] for failure in broken.failed] == 2 * ["polynomial(degree=4)"]
    assert len(broken.results) == 1
    mended = sines(tmp_path, **fields)
    assert mended.steps_done == {"student": 2, "ceiling": 2, "score": 2}
    assert accuracies(mended)[:1] == accuracies(broken)
    assert not sines(tmp_path, **fields).steps_done
    assert accuracies(recall("sines", store=tmp_path)) == accuracies(mended)


def test_its_gold_and_labels_are_kept_as_numbers(plugin: Any, tmp_path: Path) -> None:
    found = sines(tmp_path, seeds=1)
    with Store(tmp_path) as store:
        (run_id,) = found.results[0].run_ids
        record = result_of(store, run_id, store.record(run_id) or {})
        labels = store.get(record["steps"]["labels"]["key"])
    assert [(line["purpose"], line["n"], line["asked_by"]) for line in record["gold"]] == [
        ("supervision", 100, "straight"),
        ("ceiling", 300, "ceiling"),
        ("score", 200, "score"),
        ("score", 300, "score"),
    ]
    assert labels is not None
    kept = plugin.Numbers.from_arrays({"values": labels.arrays["transfer/values"]})
    assert kept.values.dtype == np.float64
    assert len(kept) == 300
    assert np.unique(kept.values).size == 300, "gold that was rounded to class numbers would have given steps"


@pytest.mark.slow
def test_other_processes_make_the_same(tmp_path: Path) -> None:
    here, there = sines(tmp_path / "here"), sines(tmp_path / "there", workers=2)
    assert accuracies(here) == accuracies(there)
    assert [result.run_ids for result in here.results] == [result.run_ids for result in there.results]


def test_it_fits_no_other_variant(plugin: Any) -> None:
    with pytest.raises(CapabilityError, match="task 'sines' asks for 'numbers', and method 'composition' is for 'cl"):
        make_setup("sines", method="naive")
    with pytest.raises(CapabilityError, match="task 'wine' asks for 'classes', and student 'polynomial' is for 'num"):
        make_setup("wine", student="polynomial")
    assert named_methods(plugin.Numbers) == []


def test_it_is_shown_in_a_report(tmp_path: Path) -> None:
    found = sines(tmp_path, students=["polynomial", {"kind": "polynomial", "degree": 3}])
    document = study_document(found)
    page = html_page(document)
    assert all(word in page for word in ("sines", "straight", "polynomial", "fit-numbers"))
    assert "nan" not in page.lower().split()
    assert document.to_dict()["n_runs"] == 6
