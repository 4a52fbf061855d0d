"""Copies of rows do not make a result surer than their originals: they are found, dealt together, and said."""

import json
import unicodedata
from typing import Any

import numpy as np
import pytest
from attacked_files import Writer, csv, gold_of, load, measured, noise

import w2sg
from w2sg.core import DataError, Task, derive, registry
from w2sg.tasks.duplicates import units_of

REPEATS = "rows that repeat the inputs of another"
LEFT_OUT = "left out of test sets: inputs of a training split"
CONTRADICT = "rows of equal inputs with contradicting labels"


def texts(*rows: str | tuple[str, str]) -> Any:
    values = np.empty(len(rows) if isinstance(rows[0], str) else (len(rows), 2), dtype=object)
    values[:] = rows
    return values


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        ("A dog.", "a  DOG", True),
        ("Is it?", "is it", True),
        ("caf\u00e9", unicodedata.normalize("NFD", "caf\u00e9"), True),
        ("\u201cYes\u201d, he said", '"yes" he said', True),
        ("\uff21 dog", "a dog", True),
        ("one\ntwo", "one two", True),
        ("3.5 + 2", "35 + 2", False),
        ("2 - 1", "2 + 1", False),
        ("a dog", "a cat", False),
        ("...", "???", False),
        (("left", "right"), ("Right.", "left"), True),
        (("left", "right"), ("left", "wrong"), False),
    ],
)
def test_texts_that_are_all_but_the_same_are_one_unit(first: Any, second: Any, equal: bool) -> None:
    units = units_of(texts(first, second))
    assert (units[0] == units[1]) == equal


@pytest.mark.parametrize("jitter", [0.0, 1e-7, 1e-6, 1e-5, 1e-4])
def test_numbers_that_are_all_but_the_same_are_one_unit(jitter: float) -> None:
    rng = derive(0, "numbers")
    plain = np.tile(rng.standard_normal((60, 4)), (10, 1))
    units = units_of((plain + jitter * rng.standard_normal(plain.shape)).astype(np.float32)).reshape(10, 60)
    assert len(np.unique(units)) == 60
    assert (units == units[0]).all()


def test_rows_that_lie_densely_are_no_chain_of_copies() -> None:
    line = derive(0, "line").standard_normal(5000)
    units = units_of(np.stack([line, line**2, np.sin(line)], axis=1).astype(np.float32))
    assert np.bincount(units).max() <= 10


@pytest.mark.parametrize("columns", [1, 2, 8])
def test_different_measurements_seldom_share_a_unit(columns: int) -> None:
    values = derive(0, "fresh").standard_normal((5000, columns)).astype(np.float32)
    assert len(np.unique(units_of(values))) >= 4998


def test_minus_zero_is_zero_and_images_are_compared_exactly() -> None:
    assert units_of(np.array([[0.0], [-0.0], [1.0]], dtype=np.float32)).tolist() == [0, 0, 1]
    images = np.zeros((3, 2, 2), dtype=np.float32)
    images[2, 0, 0] = 1e-6
    assert units_of(images).tolist() == [0, 0, 1]


def test_noise_that_is_repeated_is_noise(write: Writer) -> None:
    """Sixty rows of noise, twenty times each, were given a ceiling of .875 that was sure of itself."""
    path = write("noise.csv", csv("a,b,c,d,label", noise(60) * 20))
    result = w2sg.run(task={"kind": "files", "path": str(path)}, seeds=5, store=None)
    ceiling = result.pgr.ceiling
    assert ceiling.low < 0.5 < ceiling.high
    assert ceiling.high - ceiling.low > 0.15
    assert result.counts["different inputs"] == (60, 60)
    assert result.counts[REPEATS] == (1140, 1140)
    assert "there are " in result.pgr.note
    assert int(result.pgr.note.split("there are ")[1].split()[0]) <= 60


@pytest.mark.parametrize("seed", range(3))
def test_copies_come_into_one_split(write: Writer, seed: int) -> None:
    data = load(write("d.csv", csv("a,b,label", measured(100) * 3)), seed)
    splits = {"supervision": data.supervision, **data.labelled_by_supervisor()}
    seen: dict[int, str] = {}
    for name, examples in splits.items():
        for original in (examples.ids % 100).tolist():
            assert seen.setdefault(original, name) == name
    assert data.counts["different inputs"] == 100
    assert (data.tests["test"].metadata["together"] >= 0).all()


def test_rows_that_are_given_up_are_counted(write: Writer) -> None:
    data = load(write("d.csv", csv("a,b,label", measured(100) * 3)), supervision=50, transfer=100)
    sizes = [len(examples) for examples in (data.supervision, data.transfer, data.tests["test"])]
    assert sizes[:2] == [50, 100]
    assert data.counts["left out: rows of units that a full split has begun"] == 300 - sum(sizes) > 0


def test_a_file_without_copies_is_dealt_as_ever(write: Writer) -> None:
    data = load(write("d.csv", csv("a,b,label", measured())))
    assert data.counts == {}
    assert "together" not in data.transfer.metadata
    assert len(data.supervision) + len(data.transfer) + len(data.tests["test"]) == 400


def test_labels_that_contradict_each_other_are_counted(write: Writer) -> None:
    rows = measured(100)
    flipped = [(a, b, 1 - label) for a, b, label in rows[:30]]
    counts = load(write("d.csv", csv("a,b,label", [*rows, *flipped, *rows[30:40]]))).counts
    assert counts["rows"] == 140
    assert counts[REPEATS] == 40
    assert counts[CONTRADICT] == 60


def test_test_rows_that_were_trained_on_are_left_out_and_said(write: Writer) -> None:
    train, test = measured(200), measured(80, seed=1)
    paths = {
        "train": str(write("train.csv", csv("a,b,label", train))),
        "test": str(write("test.csv", csv("a,b,label", test + train[:20]))),
        "far": str(write("far.csv", csv("a,b,label", measured(40, seed=2) + train[:10]))),
    }
    data = load(None, paths=paths)
    assert len(data.tests["test"]) == len(gold_of(data, "test")) == 80
    assert len(data.tests["far"]) == 40
    assert data.counts[LEFT_OUT] == 30
    apart = load(None, paths=paths, duplicates="apart")
    assert len(apart.tests["test"]) == 100
    assert apart.counts == {}


def test_copies_in_another_domain_are_left_out(write: Writer) -> None:
    rows = [(*row, "near") for row in measured(200)]
    far = [(*row, "far") for row in (*measured(50, seed=1), *measured(200))]
    path = write("d.csv", csv("a,b,label,from", rows + far))
    data = load(path, domain="from", shifts=[{"kind": "domain", "source": ["near"]}])
    said = data.counts["left out of shifted test sets: inputs of a training split"]
    assert said >= 150
    assert len(data.tests["far"]) == 250 - said
    trained = {*data.supervision.metadata["together"].tolist(), *data.transfer.metadata["together"].tolist()}
    assert trained.isdisjoint(data.tests["far"].metadata["together"].tolist())


def test_a_test_set_of_copies_alone_is_refused(write: Writer) -> None:
    path = str(write("d.csv", csv("a,b,label", measured(200))))
    with pytest.raises(DataError, match=r"test set 'test' must hold inputs that no training split has, all its 200"):
        load(None, paths={"train": path, "test": path})


def test_ready_training_splits_stay_and_what_they_share_is_said(write: Writer) -> None:
    rows = measured(300)
    paths = {
        "supervision": str(write("s.csv", csv("a,b,label", rows[:100]))),
        "transfer": str(write("t.csv", csv("a,b,label", rows[80:200]))),
        "test": str(write("e.csv", csv("a,b,label", rows[200:]))),
    }
    data = load(None, paths=paths)
    assert [len(data.supervision), len(data.transfer), len(data.tests["test"])] == [100, 120, 100]
    assert data.counts["transfer rows with inputs of the supervision split"] == 20


def test_too_few_different_inputs_say_what_can_be_done(write: Writer) -> None:
    rows = [(i // 2 % 2, i % 2) for i in range(200)]
    path = write("d.csv", csv("a,label", rows))
    with pytest.raises(DataError, match=r"of 200 rows \d have different inputs: .* duplicates = 'apart'"):
        load(path)
    assert len(load(path, duplicates="apart").tests["test"]) == 50


def test_copies_are_found_in_published_sets_too(write: Writer) -> None:
    rows = [
        {"sentence": f"Film number {i // 2}{'!' if i % 4 > 1 else ''}", "label": i % 2, "idx": i} for i in range(200)
    ]
    path = write("sst2.jsonl", "\n".join(map(json.dumps, rows)))
    task = registry.build("tasks", {"kind": "nlp", "dataset": "sst2", "path": str(path)})
    assert isinstance(task, Task)
    counts = task.load(derive(0, "task")).counts
    assert (counts["different inputs"], counts[REPEATS], counts[CONTRADICT]) == (100, 100, 200)
