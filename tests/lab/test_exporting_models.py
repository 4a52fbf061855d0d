"""The student of a run as a folder: it answers as the run did, and what cannot be written safely is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab_data import SMALL, WINE, run_small

import w2sg
from w2sg.core import CapabilityError, DataError, InputError, RunError
from w2sg.graph import Result, Store
from w2sg.lab import answers_of, evidence, export_model, score_of

pytest.importorskip("safetensors")

WHOLE = 24
"""With so many significant bits kept, the stored answers are those that were given."""
EQUAL = 1e-6
STUDENTS: tuple[Any, ...] = (
    SMALL,
    {"kind": "mlp", "epochs": 5, "features": {"kind": "pca", "count": 4}},
    {"kind": "ridge", "penalty": 0.1, "features": {"kind": "columns", "share": 0.5}},
    "knn",
)


def results(folder: Path, **names: str) -> list[Result]:
    with Store(folder) as store:
        return store.results(where=names)


def test_an_exported_student_answers_as_its_run_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "KEPT_BITS", WHOLE)
    run_small(tmp_path / "store", students=STUDENTS, methods=["naive"])
    made = [result for result in results(tmp_path / "store") if result.shown["student"] != "knn"]
    assert len(made) == 6
    for number, result in enumerate(made):
        folder = tmp_path / f"model {number}"
        about = export_model(result, folder, store=tmp_path / "store")
        model, score = w2sg.load_model(folder), score_of(result)
        assert model.classes == ("class_0", "class_1", "class_2")
        assert model.about["run"] == result.key
        assert about["differs"] <= EQUAL
        with Store(tmp_path / "store") as store:
            kept = store.get(store.record(result.key)["inputs"]["student"])  # type: ignore[index]
        assert kept is not None
        for split, answers in answers_of(score.data, kept).items():
            examples = score.data.labelled_by_supervisor()[split]
            np.testing.assert_allclose(model.predict_proba(examples.inputs.values), answers.probabilities, atol=EQUAL)
    card = (folder / "README.md").read_text()
    assert f"Run `{result.key}`" in card
    assert "Over 2 seeds" in card
    assert "| ceiling | transfer | 60 | ceiling |" in card


def test_what_cannot_be_exported_is_refused(tmp_path: Path) -> None:
    store, folder = tmp_path / "store", tmp_path / "model"
    run_small(store, students=[SMALL, "knn"], methods=["naive", "ensemble"], seeds=1, incapable="skip")
    (neighbours,) = results(store, student="knn", method="naive")
    with pytest.raises(
        CapabilityError, match="ClassicalPredictor is not made of arrays alone, and would need a pickle"
    ):
        export_model(neighbours, folder, store=store)
    (several,) = results(store, student="nystroem", method="ensemble")
    with pytest.raises(CapabilityError, match="EnsemblePredictor is not made of arrays alone"):
        export_model(several, folder, store=store)
    assert not folder.exists()
    (plain,) = results(store, student="nystroem", method="naive")
    stale = Result("0" * 64, plain.step, plain.about, plain.seed, plain.shown)
    with pytest.raises(InputError, match="was made by other code, data or libraries"):
        export_model(stale, folder, store=store)
    export_model(plain, folder, store=store)
    with pytest.raises(InputError, match="is there already"):
        export_model(plain, folder, store=store)
    about = json.loads((folder / "w2sg.json").read_text())
    (folder / "w2sg.json").write_text(json.dumps({**about, "format": 2}))
    with pytest.raises(DataError, match="of format 2, and this version of w2sg reads 1"):
        w2sg.load_model(folder)
    with pytest.raises(DataError, match="holds no model"):
        w2sg.load_model(tmp_path)


def test_a_student_that_answers_otherwise_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from w2sg.lab import steps, weights

    run_small(tmp_path, tasks=[WINE], methods=["naive"], seeds=1)
    (made,) = results(tmp_path)
    asked = steps.asked

    def other(*given: Any) -> Any:
        answers = asked(*given)
        return {name: array * 0.9 if name.endswith("/rest") else array for name, array in answers.items()}

    monkeypatch.setattr(weights, "asked", other)
    with pytest.raises(RunError, match="answers otherwise on .* examples of split"):
        export_model(made, tmp_path / "model", store=tmp_path)
