"""`w2sg battery` and `w2sg world train`: one page, the same numbers as JSON, and clear refusals."""

from pathlib import Path

import pytest
from cli_data import Command

ONLY = ("battery", "--task", "digits", "--seeds", "2", "--only", "error-structure", "--workers", "1")


def test_a_battery_prints_its_verdicts_and_writes_a_page(w2sg: Command, tmp_path: Path) -> None:
    done = w2sg(*ONLY, "-o", str(tmp_path / "battery.html"))
    assert done.code == 0
    assert "Error structure" in done.out
    page = (tmp_path / "battery.html").read_text(encoding="utf-8")
    assert "Error structure" in page
    assert "<svg" in page


def test_json_has_every_setting_with_its_rival(w2sg: Command) -> None:
    found = w2sg(*ONLY, "--json").document
    (test,) = found["disanalogies"].values()
    assert [setting["name"] for setting in test["settings"]][0] == "uniform"
    assert all(setting["direct"]["student"]["estimate"] > 0.5 for setting in test["settings"])
    assert len(test["effects"]) == len(test["settings"]) - 1
    assert found["leap_of_faith"] is None
    assert found["deception"] is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--task", "digits", "--only", "imitation-saliency"), "needs a pretraining corpus of our own"),
        (("--task", "digits", "--only", "deception"), "needs task 'facts' and a language model"),
        (("--task", "digits", "--only", "imitation-salience"), "did you mean 'imitation-saliency'"),
        (("--task", "digits", "--seeds", "1"), "2"),
        (("--task", "digits", "-o", "page.pdf"), "page.pdf"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...], told: str, w2sg: Command) -> None:
    done = w2sg("battery", *arguments)
    assert done.code == 2
    assert told in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--ladder", "--set", "width=8"), "leave out --set"),
        (("--ladder", "--only", "facts:13"), "facts:12"),
        (("--set", "width=9"), "width"),
        (("--set", "world.saliency=2"), "world.saliency"),
        (("--set", "depth=2"), "depth"),
    ],
)
def test_trainings_that_cannot_be_are_refused(arguments: tuple[str, ...], told: str, w2sg: Command) -> None:
    done = w2sg("world", "train", "--to", "somewhere", *arguments)
    assert done.code == 2
    assert told in done.err


@pytest.mark.slow
def test_a_trained_model_is_a_student(w2sg: Command, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    folder = tmp_path / "mine"
    tiny = [f"--set={text}" for text in ("width=8", "layers=1", "steps=4", "documents=8", "world.saliency=0.5")]
    found = w2sg("world", "train", "--to", str(folder), "--workers", "1", "--json", *tiny).document
    assert set(found["models"]["model"]["scores"]) >= {"recall", "verdicts_asked"}
    assert {path.name for path in folder.iterdir()} >= {"model.safetensors", "config.json", "tokenizer.json"}
    ran = w2sg(
        "run",
        "--task",
        "facts",
        "--seeds",
        "1",
        "--set",
        f"student.model={folder}",
        "--set",
        "task.transfer=80",
        "--json",
    )
    assert ran.code == 0
    assert ran.document["n_test"] > 0
