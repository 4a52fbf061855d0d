"""What the tests of the text data sets on safety share: files of made-up rows, and real folders."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from nlp_samples import rows
from task_data import DATA, make

from w2sg.core import TaskData, derive
from w2sg.tasks import Nlp

Row = Mapping[str, Any]


def write(path: Path, found: Sequence[Row]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(row) for row in found))
    return str(path)


def distribution(folder: Path, start: int, train: int = 40, test: int = 12) -> str:
    """Write a distribution of GENIES, whose files are lists."""
    folder.mkdir(parents=True)
    (folder / "train.json").write_text(json.dumps(rows("genies", start, train)))
    (folder / "test.json").write_text(json.dumps(rows("genies", start + train, test)))
    (folder / "metadata.json").write_text(json.dumps({"id": folder.name}))
    return str(folder)


def task(name: str, **fields: Any) -> Nlp:
    made = make({"kind": name, **fields})
    assert isinstance(made, Nlp)
    return made


def load(made: Nlp, seed: int = 0) -> TaskData:
    return made.load(derive(seed, "split"))


def texts(data: TaskData, name: str) -> list[Any]:
    return list(data.tests[name].inputs.values.tolist())


def question(shown: str | list[str]) -> int:
    """Return the number of the row that a text, or a pair of texts, is of."""
    text = shown if isinstance(shown, str) else shown[0]
    return int(text.split("q")[1].split()[0])


def real_folder(name: str) -> str:
    if not (DATA / name).is_dir():
        pytest.skip(f"no {DATA / name}")
    return str(DATA / name)
