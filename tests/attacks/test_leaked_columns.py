"""No single column tells the label unnoticed: not renamed, coded, changed in a cell, counted, or hidden in a text."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from attacked_files import Row, Writer, csv, load, measured

from w2sg.core import DataError, derive

ROWS = measured(600)
SORTED = sorted(ROWS, key=lambda row: row[2])
Change = Callable[[int, Row], object]

COLUMNS: dict[str, tuple[list[tuple[float, float, int]], Change]] = {
    "renamed": (ROWS, lambda i, row: "xy"[int(str(row[2]))]),
    "one cell differs": (ROWS, lambda i, row: "xy"[int(str(row[2])) if i else 1]),
    "three cells differ": (ROWS, lambda i, row: "xy"[int(str(row[2])) if i % 200 else 1]),
    "with a little noise": (ROWS, lambda i, row: int(str(row[2])) + i * 1e-9),
    "with more noise": (ROWS, lambda i, row: round(int(str(row[2])) + 0.3 * ((i * 7919) % 600) / 600, 6)),
    "finer": (ROWS, lambda i, row: f"s{row[2]}-{i // 2 % 4}"),
    "counter": (SORTED, lambda i, row: i),
    "counter from behind": (SORTED, lambda i, row: 600 - i),
    "counter by two": (SORTED, lambda i, row: 2 * i),
    "counter with gaps": (SORTED, lambda i, row: 3 * i + i % 2),
    "counter as names": (SORTED, lambda i, row: f"batch {i // 50}"),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_column_that_tells_the_label_is_refused(write: Writer, name: str, seed: int) -> None:
    rows, change = COLUMNS[name]
    path = write("d.csv", csv("a,b,extra,label", [(*row[:2], change(i, row), row[2]) for i, row in enumerate(rows)]))
    for features in (None, ["a", "b", "extra"]):
        said = "tells the label: by it alone|is the label under other names|only counts the rows"
        with pytest.raises(DataError, match=rf"column 'extra' ({said})"):
            load(path, seed, features=features)
    data = load(path, seed, features=["a", "b", "extra"], allow_leak=True)
    assert any(count.startswith("column 'extra' tells the label") for count in data.counts)
    assert load(path, seed, features=["a", "b"]).counts == {}


@pytest.mark.parametrize(
    "marked",
    [
        lambda i, label: f"w{i % 50} v{i % 7} {'yes' if label else 'no'} u{i % 3}",
        lambda i, label: f"w{i % 50} v{i % 7} {'[spam]' if label else ''} u{i % 3}",
        lambda i, label: f"w{i % 50} v{i % 7} {'spam' if label and i else ''} u{i % 3}",
        lambda i, label: f"w{i % 50} v{i % 7} id_{'spam' if label else 'ham'}_{i}",
        lambda i, label: f"w{i % 50} v{i % 7} {'+++' if label else '---'}",
    ],
)
def test_a_word_that_is_the_label_is_refused(write: Writer, marked: Callable[[int, int], str]) -> None:
    labels = derive(0, "labels").integers(2, size=400).tolist()
    path = write("t.csv", csv("text,label", [(marked(i, label), label) for i, label in enumerate(labels)]))
    with pytest.raises(DataError, match="column 'text' tells the label: by it alone"):
        load(path, text="text", duplicates="apart")
    assert load(path, text="text", duplicates="apart", allow_leak=True).counts


def test_a_text_column_that_is_the_label_is_refused(write: Writer) -> None:
    rows = [(f"film {i} is long", "xxxxx" if i % 2 else "yyyyy", i % 2) for i in range(300)]
    with pytest.raises(DataError, match="column 'mark' tells the label"):
        load(write("t.csv", csv("text,mark,label", rows)), text=["text", "mark"])


def test_weak_labels_that_copy_the_label_are_refused(write: Writer) -> None:
    path = write("d.csv", csv("a,b,copy,label", [(*row[:2], row[2], row[2]) for row in ROWS]))
    for votes in ("label", ["copy", "label"], "lab"):
        with pytest.raises(DataError, match="'votes' must not hold the label column 'label'"):
            load(path, votes=votes, features=["a", "b"])
    with pytest.raises(DataError, match="vote 0 tells the label"):
        load(path, votes=["copy"])
    with pytest.raises(DataError, match="recorded answer 'model' tells the label"):
        load(path, recorded={"model": "copy"})
    assert load(path, recorded={"model": "copy"}, allow_leak=True).counts


@pytest.mark.parametrize("accuracy", [0.6, 0.8, 0.9])
def test_good_measurements_and_good_rules_are_no_leaks(write: Writer, accuracy: float) -> None:
    rng = derive(0, "rules")
    given = [row[2] if rng.random() < accuracy else 1 - row[2] for row in ROWS]
    path = write("d.csv", csv("a,b,m,v,label", [(*r[:2], v, v, r[2]) for r, v in zip(ROWS, given, strict=True)]))
    for seed in range(3):
        assert load(path, seed, recorded={"model": "m"}, votes=["v"]).counts == {}


def test_a_copy_with_some_noise_is_said(write: Writer) -> None:
    rng = derive(0, "noisy copy")
    rows = [(*row[:2], "xy"[row[2] if rng.random() > 0.03 else 1 - row[2]], row[2]) for row in ROWS]
    (said,) = load(write("d.csv", csv("a,b,copy,label", rows))).counts
    assert said.startswith("column 'copy' nearly tells the label: supervision rows right by it alone, of 150")


@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
def test_well_known_easy_sets_are_no_leaks(write: Writer, name: str) -> None:
    from sklearn import datasets

    data: Any = getattr(datasets, f"load_{name}")()
    rows = np.column_stack([data.data, data.target]).tolist()
    head = ",".join([*(f"x{i}" for i in range(data.data.shape[1])), "label"])
    path = write("d.csv", csv(head, [(*row[:-1], int(row[-1])) for row in rows]))
    for seed in range(5):
        load(path, seed)


def test_labels_of_other_splits_are_not_looked_at(write: Writer) -> None:
    """A column that copies the label everywhere but in the supervision split passes: only that split may be read."""
    names = ["supervision", "transfer", "test"]
    rng = derive(0, "other")
    rows = [
        (*row[:2], row[2] if i % 3 else int(rng.integers(2)), names[i % 3], row[2])
        for i, row in enumerate(ROWS + measured(300, seed=3))
    ]
    assert load(write("d.csv", csv("a,b,copy,part,label", rows)), split="part").counts == {}
