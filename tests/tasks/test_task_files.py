"""Every format and every field of the task `files`, on small files."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from task_data import Writer, files

from w2sg.core import AnyArray, ConfigError, Examples, Inputs, IntArray, TaskData, derive
from w2sg.tasks import CountedTable, Files

N = 60
COLOURS = ["red", "green", "blue"]
RECORDS = [
    {
        "x": i % 7 + i * i / 1000,
        "colour": COLOURS[i % 3],
        "label": "spam" if i % 2 else "ham",
        "text": f'message "{i}", caf\u00e9\x85',
        "data": {"inner": f"deep {i}", "n": i % 5},
        "votes": [i % 2, -1, 1],
    }
    for i in range(N)
]


def idx(array: AnyArray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(int(axis).to_bytes(4, "big") for axis in array.shape)
    return head + array.astype(np.uint8).tobytes()


def load(path: Path | None, seed: int = 0, **fields: Any) -> TaskData:
    return files(path, **fields).load(derive(seed, "split"))


def in_file_order(data: TaskData) -> tuple[AnyArray, IntArray, Examples]:
    """Inputs, gold and examples of all splits, sorted by row number."""
    parts = {"supervision": data.supervision, **data.labelled_by_supervisor()}
    ids = np.concatenate([part.ids for part in parts.values()])
    rows = np.concatenate([part.inputs.rows for part in parts.values()])
    gold = np.concatenate([data.vault.release("score", name) for name in parts])
    columns = {
        name: np.concatenate([part.metadata[name] for part in parts.values()]) for name in data.transfer.metadata
    }
    order = np.argsort(ids)
    every = Examples(ids, Inputs(data.corpus.pool, rows), columns).take(order)
    return every.inputs.values, gold[order], every


def write_records(write: Writer, form: str, packed: bool) -> Path:
    flat = [{key: row[key] for key in ("x", "colour", "label", "text")} for row in RECORDS]
    end = ".gz" if packed else ""
    if form == "csv":
        cells = [
            f'{row["x"]},{row["colour"]},{row["label"]},"{str(row["text"]).replace(chr(34), chr(34) * 2)}"'
            for row in flat
        ]
        return write("rows.csv" + end, "\ufeffx,colour,label,text\r\n" + "\r\n".join(cells))
    if form == "tsv":
        cells = ["\t".join(map(str, row.values())) for row in flat]
        return write("rows.tsv" + end, "x\tcolour\tlabel\ttext\n" + "\n".join(cells) + "\n")
    if form == "jsonl":
        return write("rows.jsonl" + end, "\n\n".join(map(json.dumps, flat)) + "\n")
    if form == "json":
        return write("rows.json" + end, json.dumps(flat))
    if form == "object":
        return write("rows.json" + end, json.dumps({f"row {i}": row for i, row in enumerate(flat)}))
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(flat), sink)
    return write("rows.parquet" + end, sink.getvalue().to_pybytes())


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "json", "object", "parquet"])
def test_every_format_gives_the_same_rows(write: Writer, form: str, packed: bool) -> None:
    path = write_records(write, form, packed)
    values, gold, every = in_file_order(load(path, text="text"))
    assert values.tolist() == [row["text"] for row in RECORDS]
    assert gold.tolist() == [i % 2 for i in range(N)]
    assert every.ids.tolist() == list(range(N))
    features, gold, _ = in_file_order(load(path, features=["x", "colour"]))
    x = np.array([float(str(row["x"])) for row in RECORDS])
    np.testing.assert_allclose(features[:, 0], (x - x.mean()) / x.std(), rtol=1e-5, atol=1e-6)
    assert features.shape == (N, 4)
    np.testing.assert_array_equal(
        features[:, 1:], [[row["colour"] == name for name in sorted(COLOURS)] for row in RECORDS]
    )


def test_label_and_metadata_never_become_features_by_default(write: Writer) -> None:
    lines = [f"{i % 7 + i / 100},{i % 2},{i % 3},{i % 5},{'ab'[i % 2]},k{i},{i % 4}" for i in range(N)]
    path = write("t.csv", "x,label,g,d,dom,key,other\n" + "\n".join(lines))
    data = load(path, group="g", difficulty="d", domain="dom", id="key")
    assert data.corpus.values.shape == (N, 2)
    values, _, every = in_file_order(data)
    assert set(every.metadata) == {"group", "difficulty", "domain", "id"}
    assert every.metadata["group"].tolist() == [str(i % 3) for i in range(N)]
    assert every.metadata["difficulty"].tolist() == [i % 5 for i in range(N)]
    assert every.metadata["id"].tolist() == [f"k{i}" for i in range(N)]
    assert len(np.unique(values[:, 0])) == len({i % 7 + i / 100 for i in range(N)})
    assert load(path, features=["x", "d"], difficulty="d").corpus.values.shape == (N, 2)


def test_keys_of_a_json_object_are_identities_not_features(write: Writer) -> None:
    path = write("t.json", json.dumps({f"k{i}": {"x": i % 7, "label": i % 2} for i in range(N)}))
    data = load(path, id="_key")
    assert data.corpus.values.shape == (N, 1)
    assert in_file_order(data)[2].metadata["id"][5] == "k5"
    assert load(path).corpus.values.shape == (N, 1)


def test_rare_categories_share_no_coordinate(write: Writer) -> None:
    lines = [f"{'a' if i < 30 else 'b' if i < 50 else f'rare{i}'},{i % 2}" for i in range(N)]
    values, _, _ = in_file_order(
        load(write("t.csv", "c,label\n" + "\n".join(lines)), max_categories=2, duplicates="apart")
    )
    assert values.shape == (N, 2)
    np.testing.assert_array_equal(values.sum(axis=1), [1] * 50 + [0] * 10)


def test_texts_are_joined_and_reached_by_dotted_names(write: Writer) -> None:
    path = write("t.jsonl", "\n".join(map(json.dumps, RECORDS)))
    values, _, _ = in_file_order(load(path, text=["data.inner", "colour", "data.n"]))
    assert values[4] == "deep 4\ngreen\n4"
    assert load(path, text="text", group="data.n").transfer.metadata["group"].dtype.kind == "U"


def test_pairs_are_balanced_and_gold_points_at_the_preferred_text(write: Writer) -> None:
    n = 400
    path = write("p.jsonl", "\n".join(json.dumps({"chosen": f"good {i}", "rejected": f"bad {i}"}) for i in range(n)))
    data = load(path, pair=["chosen", "rejected"])
    values, gold, _ = in_file_order(data)
    assert data.question.names == ("first", "second")
    assert values.shape == (n, 2)
    assert [values[i, gold[i]] for i in range(n)] == [f"good {i}" for i in range(n)]
    assert [values[i, 1 - gold[i]] for i in range(n)] == [f"bad {i}" for i in range(n)]
    assert abs(gold.mean() - 0.5) < 4 * 0.5 / np.sqrt(n)
    np.testing.assert_array_equal(gold, in_file_order(load(path, 1, pair=["chosen", "rejected"]))[1])


@pytest.mark.parametrize("votes", ["votes", ["votes"]])
def test_votes_from_a_column_of_lists(write: Writer, votes: object) -> None:
    path = write("t.jsonl", "\n".join(map(json.dumps, RECORDS)))
    every = in_file_order(load(path, text="text", votes=votes))[2]
    assert every.metadata["votes"].tolist() == [[i % 2, -1, 1] for i in range(N)]
    assert every.metadata["votes"].dtype == np.int64


@pytest.mark.parametrize("votes", ["lf_", ["lf_a", "lf_b"]])
def test_votes_from_columns_of_class_names(write: Writer, votes: object) -> None:
    lines = [f"t{i},{'no' if i % 2 else 'yes'},{'yes' if i % 3 else ''},{'no' if i % 4 else '-1'}" for i in range(N)]
    every = in_file_order(load(write("t.csv", "text,label,lf_a,lf_b\n" + "\n".join(lines)), text="text", votes=votes))[
        2
    ]
    assert every.metadata["votes"].tolist() == [[1 if i % 3 else -1, 0 if i % 4 else -1] for i in range(N)]


def test_votes_are_no_features(write: Writer) -> None:
    path = write("t.csv", "x,label,lf1,lf2\n" + "\n".join(f"{i % 9},{i % 2},{i % 2},-1" for i in range(N)))
    assert load(path, votes="lf").corpus.values.shape == (N, 1)


def test_classes_are_sorted_or_as_given(write: Writer) -> None:
    path = write("t.csv", "text,label\n" + "\n".join(f"t{i},{[10, 9, 2][i % 3]}" for i in range(N)))
    assert load(path, text="text").question.names == ("2", "9", "10")
    data = load(path, text="text", classes=["9", "10", "2"])
    assert in_file_order(data)[1][:3].tolist() == [1, 0, 2]


def test_ready_splits_by_column(write: Writer) -> None:
    names = ["supervision", "transfer", "valid", "test", "other", ""]
    path = write("t.csv", "text,label,part\n" + "\n".join(f"t{i},{i // 6 % 2},{names[i % 6]}" for i in range(120)))
    one, two = (load(path, seed, text="text", split="part") for seed in (0, 1))
    assert one.validation is not None
    assert {name: len(part) for name, part in one.tests.items()} == {"test": 20, "other": 20}
    assert [len(one.supervision), len(one.transfer), len(one.validation)] == [20, 20, 20]
    assert set((one.transfer.ids % 6).tolist()) == {1}
    assert set(one.transfer.ids.tolist()) == set(two.transfer.ids.tolist())
    assert one.transfer.ids.tolist() != two.transfer.ids.tolist()
    assert len(load(path, text="text", split="part", transfer=10).transfer) == 10


def test_ready_splits_by_file_and_rows_to_deal(write: Writer) -> None:
    def part(name: str, n: int) -> str:
        return str(write(f"{name}.csv", "text,label\n" + "\n".join(f"{name} {i},{i % 2}" for i in range(n))))

    paths = {"train": part("a", 100), "test": part("b", 40), "far": part("c", 30)}
    data = load(None, text="text", paths=paths)
    assert [len(data.supervision), len(data.transfer)] == [25, 75]
    assert {name: len(rows) for name, rows in data.tests.items()} == {"test": 40, "far": 30}
    assert all(text.startswith("b ") for text in data.tests["test"].inputs.values)
    assert len(data.corpus) == 170
    again = files(text="text", paths=dict(reversed(paths.items())))
    assert again.fingerprint() == files(text="text", paths=paths).fingerprint()


def test_file_without_header(write: Writer) -> None:
    path = write("t.txt", "\n".join(f'"a {i}\t{i % 2}' for i in range(N)))
    assert in_file_order(load(path, columns=["text", "label"], text="text"))[0][3] == '"a 3'


def test_limit_is_a_fixed_choice(write: Writer) -> None:
    path = write("t.csv", "text,label\n" + "\n".join(f"t{i},{i % 2}" for i in range(100)))
    one, two = (in_file_order(load(path, seed, text="text", limit=50))[2].ids.tolist() for seed in (0, 1))
    assert one == two
    assert len(one) == 50
    assert max(one) > 60


def test_images_with_labels(write: Writer) -> None:
    images = np.arange(N * 12).reshape(N, 3, 4) % 256
    path = write("t-images-idx3-ubyte.gz", idx(images))
    labels = write("t-labels-idx1-ubyte.gz", idx(np.arange(N) % 3))
    task = files(path, labels=str(labels), shifts=["noise"])
    values, gold, _ = in_file_order(files(path, labels=str(labels)).load(derive(0, "split")))
    np.testing.assert_array_equal(values, (images / 255).astype(np.float32))
    assert gold.tolist() == [i % 3 for i in range(N)]
    assert list(task.load(derive(0, "split")).tests) == ["test", "noise"]
    assert (task.default_supervisor, task.default_student) == ("pooled-pixels", "nystroem")
    both = files(
        paths={"train": str(path), "test": str(path)},
        labels={"train": str(labels), "test": str(labels)},
        duplicates="apart",
    )
    assert len(both.load(derive(0, "split")).tests["test"]) == N


def test_defaults_fit_the_inputs(write: Writer) -> None:
    path = write("t.csv", "a,label\n1,2\n")
    assert (files(path).default_supervisor, files(path).default_student) == ("few-features", "nystroem")
    assert (files(path, text="a").default_supervisor, files(path, text="a").default_student) == ("few-words", "tfidf")


def test_a_table_is_parsed_once_and_again_when_the_bytes_change(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("t.csv", "text,label\n" + "\n".join(f"t{i},{i % 2}" for i in range(N)))
    times: list[str] = []
    read = Files.read

    def counted(task: Files, expected: str) -> CountedTable:
        times.append(expected)
        return read(task, expected)

    monkeypatch.setattr(Files, "read", counted)
    pools = [load(path, seed, text="text", test=5 + seed).corpus.pool for seed in range(3)]
    assert len(times) == 1
    assert pools[0] is pools[2]
    path.write_text(path.read_text() + "\nnew,1\n")
    assert len(load(path, text="text").corpus) == N + 1
    assert len(times) == 2
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert len(load(path, text="text").corpus) == N + 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "needs 'path'"),
        ({"path": "a.csv", "text": "a", "pair": ["a", "b"]}, "one of 'text', 'pair' and 'features'"),
        ({"path": "a.csv", "features": ["x", "label"]}, "'features' must not hold the label column 'label'"),
        ({"path": "a.csv", "text": ["x", "label"]}, "'text' must not hold the label column 'label'"),
        ({"path": "a.csv", "text": []}, "need at least one column"),
        ({"path": "a.csv", "paths": {"train": "b.csv"}}, "both give rows to be dealt"),
        ({"path": "a.csv", "classes": ["a"]}, "at least 2 different names"),
        ({"path": "a.csv", "max_categories": 0}, "max_categories: input should be greater"),
        ({"path": "a.csv", "lable": "x"}, "lable: no such field"),
    ],
)
def test_fields_that_contradict_each_other(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        files(**fields)
