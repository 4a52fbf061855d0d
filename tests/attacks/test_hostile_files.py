"""Files that are damaged, huge, endless or misleading are loaded rightly or refused with a message, and soon."""

import gzip
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attacked_files import Writer, csv, gold_of, load, measured
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from w2sg.core import ConfigError, DataError, InputError, Task, derive, registry
from w2sg.tasks.cells import is_number, number_of

GOOD = csv("a,b,label", measured())
JSONL = "\n".join(json.dumps({"a": a, "b": b, "label": label}) for a, b, label in measured(60))
SOON_S = 10


def changed(cell: object, row: int = 5) -> str:
    """Return the good file with another number in column `a` of a row."""
    return csv("a,b,label", [(cell if i == row else a, b, label) for i, (a, b, label) in enumerate(measured())])


def built(kind: str, **fields: Any) -> Task:
    """Return a task."""
    task = registry.build("tasks", {"kind": kind, **fields})
    assert isinstance(task, Task)
    return task


def in_order(path: Path, **fields: Any) -> Any:
    """Return the first feature of all rows in the order of the file."""
    data = load(path, **fields)
    splits = [data.supervision, data.transfer, data.tests["test"]]
    ids = np.concatenate([part.ids for part in splits])
    return np.concatenate([part.inputs.values[:, 0] for part in splits])[np.argsort(ids)], data


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", GOOD.replace("0.", "0\x00.", 3), "a text file has no NUL byte"),
        ("a.csv", GOOD.encode("utf-16"), "the text must be UTF-8"),
        ("a.csv", csv(",,label", measured()), "the header has '' twice"),
        ("a.csv", changed("N/A"), r"row 6: column 'a' .* must hold finite numbers, got 'N/A': .*\(1 such cells"),
        ("a.csv", changed("3;14"), "must hold finite numbers, got '3;14'"),
        ("a.csv", changed('"3,14"'), "must hold finite numbers, got '3,14'"),
        ("a.csv", changed("1_000"), "must hold finite numbers, got '1_000'"),
        ("a.csv", changed("1e400"), "must hold finite numbers, got '1e400'"),
        ("a.csv", changed("1e308"), r"must hold numbers below 3.4e\+38, got 1e\+308"),
        ("a.csv", changed("9" * 400), "must hold finite numbers, got '9999"),
        ("a.csv", changed("\u0663"), "must hold finite numbers"),
        ("a.csv.gz", GOOD + "x", "expected 3 cells, got 1"),
        (
            "a.jsonl",
            JSONL.replace('"a": ', '"a": ' + "9" * 5000 + ', "c": ', 1),
            r"from line 1 on: not usable JSON \(Exceeds",
        ),
        ("a.jsonl", JSONL + '\n{"a": %s, "b": 1, "label": 0}' % ("9" * 400), "row 61: .* must hold finite numbers"),
        ("a.jsonl", JSONL.replace('"b"', '"a"'), "the key 'a' stands twice in one object"),
        ("a.jsonl", '{"a":' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ("a.json", "[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ("a.jsonl", JSONL + '\n{"a": [1], "b": 1, "label": 0}', "row 61: column 'a' .* got a list: mend it"),
        ("a.jsonl", JSONL + '\n{"a": 1, "b": 1, "label": "\\ud800"}', "row 61: 'label' .* UTF-8 can hold"),
        ("a.jsonl", JSONL + '\n{"a": 1, "b": 1, "label": Infinity}', "label 'inf' reads like a missing value"),
        ("a-idx3-ubyte", b"\0\0\x08\x03" + b"\0\0\0\0" + b"\0\0\0\x04" * 2, r"with pixels, got shape \(0, 4, 4\)"),
        ("a-idx3-ubyte", b"\0\0\x08\x03" + b"\0\0\0\x04\0\0\0\0\0\0\0\x04", r"with pixels, got shape \(4, 0, 4\)"),
        ("a-idx3-ubyte", b"\0\0\x08\x03" + b"\xff" * 12, "wrong size"),
    ],
)
def test_a_file_that_says_nothing_certain_is_refused(
    write: Writer, name: str, content: str | bytes, message: str
) -> None:
    started = time.process_time()
    with pytest.raises(DataError, match=message):
        load(write(name, content))
    assert time.process_time() - started < SOON_S


@pytest.mark.parametrize("cells", [["", ""], ["", "  "]])
def test_texts_that_are_all_empty_are_refused(write: Writer, cells: list[str]) -> None:
    path = write("a.csv", csv("t,label", [(cells[i % 2], i % 2) for i in range(100)]))
    with pytest.raises(DataError, match=r"all 100 texts are empty \(text\)"):
        load(path, text="t")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("~nosuchuser/x.csv", "must be a path that can be read"),
        ("a" * 5000 + ".csv", r"aaa \.\.\. aaa.*\(5004 characters\): 'path' must be a path that can be read"),
        ("/dev/zero", "must name a plain file, this is a pipe or a device"),
        ("/dev/null", "must name a plain file"),
    ],
)
def test_a_path_that_names_no_file_is_refused(path: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(Path(path), format="csv")


@pytest.mark.parametrize("path", ["a\0b.csv", "a\udcff.csv"])
def test_a_path_that_is_no_text_is_refused(path: str) -> None:
    for fields in ({"path": path}, {"paths": {"test": path}}, {"path": "a.csv", "labels": path}):
        with pytest.raises(ConfigError, match="a path must be text that UTF-8 can hold, without NUL"):
            registry.build("tasks", {"kind": "files", **fields})


@pytest.mark.parametrize("path", ["a\0b", "a\udcff", "~nosuchuser/x", "a" * 5000, "/dev/zero", "no/such"])
@pytest.mark.parametrize(
    ("kind", "field"),
    [("files", "path"), ("nlp", "path"), ("recorded-answers", "folder"), ("gsm8k", "folder")],
)
def test_every_task_that_reads_refuses_paths_that_are_none(kind: str, field: str, path: str) -> None:
    more = {"nlp": {"dataset": "sst2"}, "recorded-answers": {"source": "mmlu"}, "files": {"format": "csv"}}
    with pytest.raises(InputError):
        built(kind, **{field: path}, **more.get(kind, {})).load(derive(0, "task"))


def test_text_that_cannot_be_stored_is_refused_in_every_field() -> None:
    with pytest.raises(InputError, match=r"UTF-8 can hold it, got .*ud800"):
        built("files", path="a.csv", label="a\ud800").digest()


def test_a_pipe_and_a_loop_of_links_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    with pytest.raises(DataError, match="this is a pipe or a device: save it to a file"):
        load(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="the file cannot be read"):
        load(tmp_path / "loop.csv")


def test_an_archive_that_fills_memory_is_refused_early(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    packed = io.BytesIO()
    with gzip.open(packed, "wb", 9) as file:
        file.write(b"a,b,label\n")
        for _ in range(300):
            file.write(b"0" * 1_000_000)
    path.write_bytes(packed.getvalue())
    started = time.process_time()
    with pytest.raises(DataError, match=r"must unpack to at most 200 times its \d+ bytes, or to 100000000"):
        load(path)
    assert time.process_time() - started < SOON_S


def test_a_line_without_an_end_is_refused(write: Writer) -> None:
    path = write("long.csv", "a,b,label\n" + "0" * 30_000_000)
    started = time.process_time()
    with pytest.raises(DataError, match=r"not CSV \(field larger than field limit"):
        load(path)
    assert time.process_time() - started < SOON_S


@pytest.mark.parametrize("letters", [131_073, 1_000_000])
def test_a_long_text_is_a_text(write: Writer, letters: int) -> None:
    rows = [
        (f"word{label} {i} " + "x" * (letters if i == 3 else 1), label) for i, (_, _, label) in enumerate(measured())
    ]
    data = load(write("t.csv", csv("t,label", rows)), text="t", allow_leak=True)
    assert max(len(text) for text in data.corpus.values) > letters


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1,000", 1000.0),
        (" 12.5 ", 12.5),
        ("-1,234,567.5", -1234567.5),
        ("+3e-2", 0.03),
        (".5", 0.5),
        ("5.", 5.0),
        (True, 1.0),
        (7, 7.0),
    ],
)
def test_what_a_number_is(cell: object, number: float) -> None:
    assert number_of(cell) == number


@pytest.mark.parametrize(
    "cell", ["1_0", "3,14", "1,00", "12 kg", "45%", "$3", "nan", "inf", "", "0x10", "\u0661", None]
)
def test_what_no_number_is(cell: object) -> None:
    assert not is_number(cell)


def test_commas_between_digits_are_read_and_counted(write: Writer) -> None:
    plain, _ = in_order(write("a.csv", changed("1000")))
    grouped, data = in_order(write("b.csv", changed('"1,000"')))
    np.testing.assert_array_equal(plain, grouped)
    assert data.counts["column 'a': numbers with commas between their digits"] == 1


@pytest.mark.parametrize("far", ["999999999999", "-1e30", "3e38"])
def test_one_extreme_number_does_not_make_the_others_equal(write: Writer, far: str) -> None:
    plain, _ = in_order(write("a.csv", GOOD))
    extreme, data = in_order(write("b.csv", changed(far)))
    others = np.arange(400) != 5
    # The scale changes by the one number that stayed far out, the order and the distances do not.
    assert np.corrcoef(plain[others], extreme[others])[0, 1] > 0.9999
    assert extreme[others].std() > 0.1
    assert data.counts["column 'a': numbers beyond 100 typical distances from the median, moved there"] == 1


def test_a_column_of_names_that_look_like_numbers(write: Writer) -> None:
    rows = [(f"{i % 5:02d}", b, label) for i, (_, b, label) in enumerate(measured())]
    path = write("a.csv", csv("code,b,label", rows))
    assert load(path).corpus.values.shape == (400, 2)
    assert load(path, categories=["code"]).corpus.values.shape == (400, 6)
    mixed = write("m.csv", csv("code,b,label", [("X" if i % 20 == 0 else c, b, y) for i, (c, b, y) in enumerate(rows)]))
    with pytest.raises(DataError, match=r"row 1: column 'code' .*20 such cells among numbers.* 'categories'"):
        load(mixed)
    assert load(mixed, categories=["code"]).corpus.values.shape == (400, 7)


def test_categories_without_a_coordinate_are_counted(write: Writer) -> None:
    rows = [(f"c{i % 50}", b, label) for i, (_, b, label) in enumerate(measured())]
    counts = load(write("a.csv", csv("c,b,label", rows)), max_categories=30).counts
    assert counts["column 'c': cells whose category has no coordinate"] == 160


@pytest.mark.parametrize(
    "name", ["Test", "TEST", "Train", "valid ", "Supervision", "a\x00b", "a\nb", "x" * 101, "\u202e x"]
)
def test_names_of_test_sets_that_mislead_are_refused(write: Writer, name: str) -> None:
    path, more = (str(write(f"{part}.csv", csv("a,b,label", measured(100, i)))) for i, part in enumerate("pq"))
    with pytest.raises(InputError, match="must not be named like the split|must be printable text"):
        load(Path(path), paths={name: more})


NAMES = [
    "file",
    "self",
    "transfer.npy",
    "a/b",
    "../x",
    "test.weak",
    "test.ids",
    "members.test",
    "arr_0",
    "test/top",
    ".",
]


def test_test_sets_with_names_of_files_and_arrays_are_kept_apart(write: Writer) -> None:
    import w2sg

    rows = [(a, b, NAMES[i // 20] if i < 20 * len(NAMES) else "", y) for i, (a, b, y) in enumerate(measured(600))]
    path = write("d.csv", csv("a,b,part,label", rows))
    task = {"kind": "files", "path": str(path), "split": "part"}
    kept = [w2sg.run(task=task, student="linear", seeds=1, store=store) for store in (None, str(path.parent / "store"))]
    kept.append(w2sg.run(task=task, student="linear", seeds=1, store=str(path.parent / "store")))
    assert list(kept[0].tests) == ["test", *sorted(NAMES)]
    for result in kept:
        for name, test in result.tests.items():
            assert test.pgr.n_test == (20 if name in NAMES else kept[0].tests["test"].pgr.n_test)
            assert test.pgr.weak.estimate == kept[0].tests[name].pgr.weak.estimate


@pytest.mark.parametrize(
    "fields", [{"features": ["a", "a"]}, {"pair": ["a", "a"]}, {"classes": ["0", "0"]}, {"allow_leak": "perhaps"}]
)
def test_fields_that_mean_nothing_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        registry.build("tasks", {"kind": "files", "path": "a.csv", **fields})


def mutations(seed: bytes) -> st.SearchStrategy[bytes]:
    """Return strategies of bytes that begin as a good file and are cut, changed and lengthened."""
    edit = st.tuples(st.integers(0, len(seed) - 1), st.integers(0, 40), st.binary(max_size=12))

    def edited(edits: list[tuple[int, int, bytes]]) -> bytes:
        data = seed
        for start, length, put in edits:
            data = data[:start] + put + data[start + length :]
        return data

    return st.lists(edit, min_size=1, max_size=4).map(edited)


def parquet() -> bytes:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([{"a": a, "b": b, "label": y} for a, b, y in measured(60)]), sink)
    return bytes(sink.getvalue().to_pybytes())


IDX = b"\0\0\x08\x03\0\0\0\x3c\0\0\0\x02\0\0\0\x02" + bytes(range(240))
LABELS = b"\0\0\x08\x01\0\0\0\x3c" + bytes(i % 2 for i in range(60))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.csv", csv("a,b,label", measured(60)).encode()),
        ("m.tsv", csv("a,b,label", measured(60)).replace(",", "\t").encode()),
        ("m.jsonl", JSONL.encode()),
        ("m.json", json.dumps([json.loads(line) for line in JSONL.splitlines()]).encode()),
        ("m.parquet", None),
        ("m.csv.gz", gzip.compress(csv("a,b,label", measured(60)).encode())),
        ("m-idx3-ubyte", IDX),
    ],
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_are_loaded_or_refused(tmp_path: Path, name: str, content: bytes | None, data: Any) -> None:
    path = tmp_path / name
    path.write_bytes(data.draw(mutations(parquet() if content is None else content)))
    fields: dict[str, Any] = {}
    if name.endswith("ubyte"):
        (tmp_path / "labels").write_bytes(LABELS)
        fields["labels"] = str(tmp_path / "labels")
    try:
        loaded = load(path, **fields)
    except InputError:
        return
    values = loaded.corpus.values
    assert np.isfinite(values).all()
    assert len(gold_of(loaded, "test")) == len(loaded.tests["test"]) > 0
