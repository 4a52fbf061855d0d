"""Files of language models that were damaged: one message that names the file."""

import json
from pathlib import Path

import pytest

from w2sg.core import InputError
from w2sg.students.language.loading import layer_parameters

HEADER = json.dumps({"h.0.w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()


def weights(header: bytes, length: int | None = None) -> bytes:
    return (len(header) if length is None else length).to_bytes(8, "little") + header


BAD = {
    "nothing": b"",
    "no length": b"abc",
    "no JSON": weights(b"{no json"),
    "no text": weights(b"\xff\xfe\x00"),
    "no table": weights(b"[1]"),
    "a tensor without a shape": weights(b'{"h.0.w": {}}'),
    "a tensor that is a list": weights(b'{"h.0.w": [1]}'),
    "a shape of words": weights(b'{"h.0.w": {"shape": ["x"]}}'),
    "a header nested deep": weights(b"[" * 100_000),
    "a header of exabytes": weights(HEADER, 2**63),
    "a header longer than the file": weights(HEADER[:20], 1000),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text('{"n_layer": 2}')
    (tmp_path / "model.safetensors").write_bytes(weights(HEADER))
    layer_parameters.cache_clear()
    return tmp_path


@pytest.mark.parametrize("name", BAD)
def test_a_header_that_cannot_be_read_is_said(name: str, folder: Path) -> None:
    assert layer_parameters(str(folder)) == (2, 3)
    layer_parameters.cache_clear()
    (folder / "model.safetensors").write_bytes(BAD[name])
    with pytest.raises(InputError, match=r"model\.safetensors has no header of safetensors that can be read"):
        layer_parameters(str(folder))


@pytest.mark.parametrize("text", ["", "{no json", "[1]", '{"n_layer": "many"}', '{"n_layer": {}}', "[" * 100_000])
def test_a_configuration_that_cannot_be_read_is_said(text: str, folder: Path) -> None:
    (folder / "config.json").write_text(text)
    if text == "[1]":
        assert layer_parameters(str(folder)) is None
        return
    with pytest.raises(InputError, match=r"its config\.json cannot be read"):
        layer_parameters(str(folder))
