"""Text data sets from the hub: what is asked of it, what its rows become, what is said where it cannot be read."""

import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from nlp_samples import Row, expected, rows
from task_data import make

from w2sg.core import DataError, MissingExtraError, derive
from w2sg.tasks.nlp import Nlp, sources

SPLITS = {"train": rows("boolq", 0, 40), "validation": rows("boolq", 40, 20)}


class Published:
    """Rows with the part of a hub data set's interface that is used."""

    def __init__(self, found: Sequence[Row]) -> None:
        self.found = list(found)

    def __len__(self) -> int:
        return len(self.found)

    def select(self, chosen: Sequence[int]) -> "Published":
        return Published([self.found[i] for i in chosen])

    def to_list(self) -> list[Row]:
        return self.found


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    sources._hub.cache_clear()
    yield
    sources._hub.cache_clear()


def stub(monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> list[tuple[Any, ...]]:
    """Put a library in place that answers with the rows above, or fails; return what it was asked."""
    asked: list[tuple[Any, ...]] = []

    def load_dataset(hub: str, config: str | None, *, split: str, revision: str) -> Published:
        asked.append((hub, config, split, revision))
        if error is not None:
            raise error
        return Published(SPLITS[split])

    library = ModuleType("datasets")
    library.load_dataset = load_dataset  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", library)
    return asked


def task(**more: Any) -> Nlp:
    made = make({"kind": "boolq", "revision": "abc", **more})
    assert isinstance(made, Nlp)
    return made


def test_published_splits_are_read_at_the_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = stub(monkeypatch)
    data = task().load(derive(0, "split"))
    assert asked == [("google/boolq", None, split, "abc") for split in ("train", "validation")]
    assert set(data.tests["test"].inputs.values) == {expected("boolq", i)[0] for i in range(40, 60)}
    gold = data.vault.release("score", "test")
    number = [int(text.split("q")[-1]) for text in data.tests["test"].inputs.values]
    np.testing.assert_array_equal(gold, np.array(number) % 2)


def test_the_fingerprint_is_of_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    stub(monkeypatch)
    first = task().fingerprint()
    assert first == task().fingerprint() != task(limit=10).fingerprint()
    assert task(limit=10).counts()["rows"] == 20
    monkeypatch.setitem(SPLITS, "train", rows("boolq", 1, 40))
    sources._hub.cache_clear()
    assert task().fingerprint() != first


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("Couldn't reach the Hub\nTraceback"),
        RuntimeError("Dataset scripts are no longer supported, but found boolq.py"),
        ValueError("Unknown split 'train'"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_hub_says_is_given_in_one_line_with_what_to_do(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(monkeypatch, error)
    with pytest.raises(DataError) as raised:
        task().load(derive(0, "split"))
    said = str(raised.value)
    assert said.startswith("google/boolq (train, revision 'abc') could not be read from the hub: " + str(error)[:20])
    assert "let 'path' name a folder with the files" in said
    assert "read with revision 'refs/convert/parquet'" in said
    assert "\n" not in said


def test_without_path_and_revision_it_says_what_to_set() -> None:
    with pytest.raises(
        DataError, match=r"task 'boolq' needs its data: let 'path' name a folder or a file of google/boo"
    ):
        task(revision=None).load(derive(0, "split"))


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"datasets is not installed: run pip install 'w2sg\[lm\]'"):
        task().load(derive(0, "split"))


def test_the_real_library_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        DataError, match=r"google/boolq \(train, revision 'abc'\) could not be read.*let 'path'"
    ) as said:
        task().load(derive(0, "split"))
    assert "\n" not in str(said.value)


def test_rows_of_the_real_library(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(
        datasets,
        "load_dataset",
        lambda hub, config, split, revision: datasets.Dataset.from_list([dict(row) for row in SPLITS[split]]),
    )
    made = task(limit=30)
    assert made.counts()["rows"] == 50
    assert made.load(derive(0, "split")).question.names == ("no", "yes")
