"""Folders and names that hold no usable model, said in one line each."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from language_data import causal, encoder, request, reviews, saved, tokenizer

from w2sg.core import InputError, Inputs
from w2sg.students import LanguageModel

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("causal"), causal())


@pytest.fixture(scope="module")
def looking_ahead(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("encoder"), encoder())


def copied(folder: str, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to


def test_a_folder_without_weights_says_so(folder: str, tmp_path: Path) -> None:
    bare = copied(folder, tmp_path / "bare")
    (bare / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"has no weights: a file \*.safetensors is needed beside config.json"):
        _train(str(bare))


def test_a_folder_with_a_pickle_only_is_refused_unread(folder: str, tmp_path: Path) -> None:
    pickled = copied(folder, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(
        InputError, match=r"weights only as pytorch_model.bin, which can run code when they are read: save"
    ):
        _train(str(pickled))


def test_a_folder_that_is_no_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is a folder without config.json: give the folder of a saved model"):
        _train(str(tmp_path))


def test_a_vocabulary_that_does_not_fit_is_refused(folder: str, tmp_path: Path) -> None:
    wide = copied(folder, tmp_path / "wide")
    words = tokenizer()
    words.add_tokens(["more", "words"])
    words.save_pretrained(wide)
    with pytest.raises(
        InputError, match=r"its tokenizer has \d+ tokens, its embeddings have \d+ rows: they do not belong"
    ):
        _train(str(wide))


def test_a_folder_without_a_tokenizer_is_refused(folder: str, tmp_path: Path) -> None:
    bare = copied(folder, tmp_path / "bare")
    for file in bare.glob("*token*"):
        file.unlink()
    with pytest.raises(InputError, match=r"has no tokenizer, or one without words: save the tokenizer into the folder"):
        _train(str(bare))


def test_weights_that_do_not_fit_the_configuration_are_refused(folder: str, tmp_path: Path) -> None:
    other = copied(folder, tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "n_embd": 64}))
    with pytest.raises(InputError, match=r"cannot be loaded: .*: give the folder of a saved model with its tokenizer"):
        _train(str(other))


def test_a_hub_name_without_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(
        InputError, match=r"'nobody/nothing' is no local folder, was not fetched before, and there is no"
    ):
        _train("nobody/nothing")


def test_a_path_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such folder"):
        _train(str(tmp_path / "absent"))


def test_numbers_are_refused(folder: str) -> None:
    inputs = Inputs.of(np.zeros((4, 3)))
    student = LanguageModel(model=folder)
    with pytest.raises(InputError, match="read text, and the inputs are numbers: choose another student"):
        student.fit(request(student, inputs, np.array([0, 1, 0, 1])))


def test_too_many_layers_are_refused(folder: str) -> None:
    with pytest.raises(InputError, match="layers must be at most the 2 layers of"):
        _train(folder, layers=3)


def _train(folder: str, **fields: Any) -> None:
    student = LanguageModel(model=folder, **fields)
    student.fit(request(student, *reviews(8)))
