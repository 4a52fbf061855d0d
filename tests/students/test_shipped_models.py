"""The models that come with the package: checked, loaded like any other, and what the fact world is there to show."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from w2sg.core import DataError, UnknownNameError
from w2sg.graph import Artifact
from w2sg.lab import make_runs, make_setup, summarise
from w2sg.worlds import (
    DIALLED,
    DIALS,
    LADDER,
    Corpus,
    FactWorld,
    Pretraining,
    manifest,
    name_of_model,
    score_differences,
    shipped_model,
    shipped_trainings,
)
from w2sg.worlds.facts import shipped
from w2sg.worlds.facts.shipped import check_files

pytest.importorskip("transformers")
from w2sg.students.language.loading import SHIPPED, fingerprint, layer_parameters, load

MOST_BYTES = 8_000_000
NAMES = sorted(manifest())


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The models in a folder that may be changed."""
    folder = tmp_path / "models"
    shutil.copytree(shipped.MODELS, folder)
    monkeypatch.setattr(shipped, "MODELS", folder)
    shipped_model.cache_clear()
    manifest.cache_clear()
    yield folder
    shipped_model.cache_clear()
    manifest.cache_clear()


def test_the_manifest_names_what_the_ladder_is_made_of() -> None:
    trainings = shipped_trainings()
    assert set(trainings) == set(manifest())
    for name, training in trainings.items():
        known = manifest()[name]
        assert {"kind": "pretraining", **known["training"]} == json.loads(training.canonical())
        assert known["corpus"] == Corpus(training.world).digest
    assert {name_of_model(width) for width in LADDER} < set(NAMES)
    assert {name_of_model(DIALLED, **{dial: value}) for dial, values in DIALS.items() for value in values} < set(NAMES)


def test_names_are_told_apart_without_the_room_of_worlds() -> None:
    assert SHIPPED == shipped.PREFIX


def test_all_together_are_small() -> None:
    assert sum(path.stat().st_size for path in shipped.MODELS.rglob("*") if path.is_file()) < MOST_BYTES
    assert not [path for path in shipped.MODELS.rglob("*") if path.suffix in (".bin", ".pt", ".pkl")]


@pytest.mark.parametrize("name", NAMES)
def test_every_model_loads_and_knows_the_words_of_its_world(name: str) -> None:
    loaded = load(name, words=True)
    width = int(name.removeprefix("facts:").split("+")[0])
    assert (loaded.width, loaded.causal, len(loaded.tokenizer)) == (width, True, len(FactWorld().words))
    text = FactWorld().statement(0, 5, 1, 7)
    assert loaded.tokenizer(text)["input_ids"] == [FactWorld().words.index(word) for word in text.split()]
    counted = layer_parameters(name)
    assert counted is not None
    assert counted[0] == 4


@pytest.mark.parametrize("damage", ["changed", "cut", "missing", "added"])
def test_a_file_that_is_not_the_packages_is_refused(damage: str, copied: Path) -> None:
    file = copied / "24" / "model.safetensors"
    content = file.read_bytes()
    if damage == "changed":
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "missing":
        file.unlink()
    else:
        (copied / "24" / "pytorch_model.bin").write_bytes(b"anything")
    for use in (load, fingerprint):
        with pytest.raises(DataError, match="w2sg world train"):
            use("facts:24")
    assert load("facts:16").width == 16


def test_an_unknown_model_suggests_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="facts:24"):
        load("facts:25")


def test_no_file_beside_the_named_ones_passes(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    with pytest.raises(DataError, match="b is missing"):
        check_files(tmp_path, {"a": shipped.hash_of(tmp_path / "a"), "b": ""})


def test_the_larger_rungs_recall_all_facts_and_the_smallest_do_not() -> None:
    recall = [manifest()[name_of_model(width)]["scores"]["recall"] for width in LADDER]
    assert recall[0] < 0.99
    assert min(recall[4:]) > 0.99


@pytest.mark.slow
def test_probes_recover_most_of_the_gap_and_gold_does_the_work_unless_it_is_of_the_head(tmp_path: Path) -> None:
    """Three seeds of what the page on the empirical framework shows with ten."""
    anywhere = {"kind": "facts", "supervision": 0.25, "shifts": []}
    strong = {"kind": "language-model", "model": "facts:64", "mode": "probe"}
    setups = {
        (place, method): make_setup(task, None, student, method)
        for place, task, student in (("anywhere", anywhere, strong), ("head", "facts", None))
        for method in ("naive", "direct")
    }
    made = make_runs(setups.values(), range(3), store=tmp_path / "store", workers=1)
    made.raise_first_problem()
    pgr = {key: next(r for r in summarise(made.runs) if r.setup == setup).pgr for key, setup in setups.items()}
    assert (pgr["anywhere", "naive"].estimate or 0) > 0.6
    assert (pgr["anywhere", "direct"].estimate or 0) > 0.95
    assert pgr["head", "naive"].gap.low > 0.05
    assert pgr["head", "direct"].student.estimate < pgr["head", "naive"].student.estimate


def test_it_is_told_how_far_a_new_training_is_off() -> None:
    training = shipped_trainings(["facts:12"])["facts:12"]
    scores = dict(manifest()["facts:12"]["scores"])
    assert score_differences({"facts:12": (training, Artifact({}, {"scores": scores}))}) == {"facts:12": 0.0}
    scores["recall"] += 0.25
    off = score_differences({"facts:12": (training, Artifact({}, {"scores": scores}))})
    assert off == pytest.approx({"facts:12": 0.25})
    with pytest.raises(UnknownNameError, match="facts:12"):
        shipped_trainings(["facts:13"])


@pytest.mark.slow
def test_a_small_training_is_decided_by_its_seed(tmp_path: Path) -> None:
    training = Pretraining(width=8, layers=1, steps=3, documents=8)
    one, again = (training.compute({}) for _ in range(2))
    other = training.model_copy(update={"seed": 1}).compute({})
    assert one.record == again.record
    for name, array in one.arrays.items():
        np.testing.assert_array_equal(array, again.arrays[name])
        assert array.dtype == np.float16
    assert any(not np.array_equal(array, other.arrays[name]) for name, array in one.arrays.items())
