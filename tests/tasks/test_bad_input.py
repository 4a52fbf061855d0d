"""Bad files end in a message that says file, row, rule and what to do."""

import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from task_data import Writer, files

from w2sg.core import DataError, MissingExtraError, derive

GOOD = "text,x,label\n" + "".join(f"t{i},{i % 7},{i % 2}\n" for i in range(40))


def refused(path: Path | None, message: str, **fields: Any) -> None:
    """Loading must fail with a message that names the file and matches."""
    with pytest.raises(DataError) as caught:
        files(path, **fields).load(derive(0, "split"))
    text = str(caught.value)
    assert re.search(message, text), text
    if path is not None:
        assert str(path) in text


def changed(row: int, line: str) -> str:
    """Return the good file with another line as row number `row`, from 1."""
    lines = GOOD.splitlines()
    lines[row] = line
    return "\n".join(lines) + "\n"


def test_missing_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.csv", "'path' must name a file, there is none")


def test_missing_file_of_a_split(tmp_path: Path) -> None:
    refused(None, "none.csv: 'paths.test' must name a file, there is none", paths={"test": str(tmp_path / "none.csv")})


def test_folder(tmp_path: Path) -> None:
    refused(tmp_path, "must name a file, this is a folder")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.parquet"])
def test_empty_file(write: Writer, name: str) -> None:
    refused(write(name, b""), r"the file is empty \(0 bytes")


@pytest.mark.parametrize(("name", "content"), [("a.csv", "text,label\n"), ("a.json", "[]"), ("a.jsonl", "\n\n")])
def test_no_rows(write: Writer, name: str, content: str) -> None:
    refused(write(name, content), "the file has no rows")


def test_unknown_ending(write: Writer) -> None:
    refused(write("a.xlsx", "x"), "the ending '.xlsx' says no format: set 'format'")


def test_not_utf8(write: Writer) -> None:
    refused(write("a.csv", b"text,label\ncaf\xe9,1\n"), r"must be UTF-8, byte 14 \(0xe9\) is not: convert it")


@pytest.mark.parametrize(("line", "got"), [("t,1", 2), ("t,1,0,9", 4)])
def test_ragged_row(write: Writer, line: str, got: int) -> None:
    refused(write("a.csv", changed(5, line)), rf"row 5 \(line 6\): expected 3 cells, got {got}: check")


def test_open_quote(write: Writer) -> None:
    refused(write("a.csv", changed(5, '"t,1,0')), r"row 5 \(line 41\): not CSV")


def test_same_column_twice(write: Writer) -> None:
    refused(write("a.csv", "a,label,a\n1,2,3\n"), "the header has 'a' twice: rename one")


def test_duplicate_ids(write: Writer) -> None:
    path = write("a.csv", changed(7, "t2,0,1"))
    refused(path, "row 7: ids must differ, 't2' is already the id of .*a.csv, row 3: drop one", id="text")


def test_one_class(write: Writer) -> None:
    refused(write("a.csv", "x,label\n1,a\n2,a\n1,a\n"), "need at least 2 classes, all 3 rows have 'a': check the label")


@pytest.mark.parametrize("cell", ["nan", "inf", "-Infinity", ""])
def test_features_must_be_finite(write: Writer, cell: str) -> None:
    path = write("a.csv", changed(9, f"t,{cell},1"))
    got = repr(cell) if cell else "nothing"
    refused(path, rf"row 9: column 'x' \(features\) must hold finite numbers, got {got}: fill it", features=["x"])


def test_json_nan(write: Writer) -> None:
    rows = [json.dumps({"x": float("nan") if i == 3 else i % 7, "label": i % 2}) for i in range(40)]
    refused(write("a.jsonl", "\n".join(rows)), r"row 4: column 'x' \(features\) must hold finite numbers, got nan")


def test_difficulty_must_be_a_number(write: Writer) -> None:
    refused(write("a.csv", GOOD), r"row 1: column 'text' \(difficulty\) must hold finite numbers", difficulty="text")


def test_missing_label(write: Writer) -> None:
    refused(write("a.csv", changed(11, "t,1,")), r"row 11: 'label' \(label\) must be a name or a number, it is missing")


def test_label_is_a_list(write: Writer) -> None:
    refused(write("a.json", '[{"t": "a", "label": [1]}]'), r"row 1: 'label' \(label\) .* it is a list", text="t")


def test_label_outside_classes(write: Writer) -> None:
    path = write("a.csv", changed(4, "t,1,maybe"))
    refused(path, r"row 4: label 'maybe' is not in 'classes' \['0', '1'\]: add it", classes=["0", "1"])


def test_label_with_too_many_values(write: Writer) -> None:
    path = write("a.csv", "t,label\n" + "".join(f"t,{i}\n" for i in range(1500)))
    refused(path, "label column 'label' has 1500 different values, at most 1000", text="t")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": "txet"}, "text names a column 'txet' that is not there: did you mean 'text'"),
        ({"label": "answer"}, "label names a column 'answer' that is not there: it has 'text', 'x', 'label'"),
        ({"features": ["y"]}, "features names a column 'y'"),
        ({"group": "sex"}, "group names a column 'sex'"),
        ({"votes": "lf_"}, "votes names a column 'lf_'"),
        ({"split": "splt"}, "split names a column 'splt'"),
        ({"pair": ["a", "b"]}, "pair names a column 'a'"),
    ],
)
def test_unknown_column(write: Writer, fields: dict[str, Any], message: str) -> None:
    refused(write("a.csv", GOOD), message, **fields)


def test_unknown_nested_column(write: Writer) -> None:
    path = write("a.json", '[{"data": {"text": "a"}, "label": 1}]')
    refused(path, "'data.txt' that is not there: did you mean 'data.text'", text="data.txt")


def test_a_column_that_only_one_file_has(write: Writer) -> None:
    paths = {"train": str(write("a.csv", GOOD)), "test": str(write("b.csv", "body,label\na,1\nb,0\n"))}
    refused(None, "b.csv: text names a column 'text' that is not there", paths=paths, text="text")


def test_text_must_be_text(write: Writer) -> None:
    path = write("a.json", '[{"t": "a", "label": 1}, {"t": null, "label": 0}]')
    refused(path, r"row 2: column 't' \(text\) must hold text, got nothing: fill it", text="t")


def test_votes_must_be_classes(write: Writer) -> None:
    refused(write("a.csv", GOOD), r"row 3: votes must be -1 \(abstain\) or a class of \['0', '1'\], got '2'", votes="x")


def test_votes_of_different_length(write: Writer) -> None:
    path = write("a.json", '[{"t": "a", "v": [1, 0], "label": 1}, {"t": "b", "v": [1], "label": 0}]')
    refused(path, "row 2: every row needs the same number of votes, row 1 has 2, got 1", text="t", votes="v")


def test_too_few_rows(write: Writer) -> None:
    refused(write("a.csv", GOOD), "split 'transfer' needs 100 rows, 30 of 40 are left for it", transfer=100)


def test_nothing_left_for_features(write: Writer) -> None:
    refused(write("a.csv", "label\na\nb\n"), "no column is left for features: name 'text'")


def test_a_row_counter_is_not_a_feature(write: Writer) -> None:
    path = write("a.csv", "row,label\n" + "".join(f"{i},{int(i > 20)}\n" for i in range(40)))
    refused(path, "column 'row' only counts the rows, which can tell their labels: declare it as 'id'")


def test_a_copy_of_the_label_is_not_a_feature(write: Writer) -> None:
    path = write("a.csv", "x,name,label\n" + "".join(f"{i % 7},{'ny'[i % 2]},{i % 2}\n" for i in range(40)))
    refused(path, "column 'name' is the label under other names: drop it")


@pytest.mark.parametrize("cut", [8, 40])
def test_gzip_cut_off(write: Writer, cut: int) -> None:
    path = write("a.csv.gz", GOOD)
    path.write_bytes(path.read_bytes()[:-cut])
    refused(path, "the gzip file is damaged or cut off .*: fetch it again")


def test_gzip_damaged(write: Writer) -> None:
    path = write("a.csv.gz", GOOD)
    data = bytearray(path.read_bytes())
    data[20:40] = b"\0" * 20
    path.write_bytes(bytes(data))
    refused(path, "the gzip file is damaged")


def test_not_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_text(GOOD)
    refused(path, "the gzip file is damaged or cut off")


def test_bad_json_line(write: Writer) -> None:
    path = write("a.jsonl", '{"text": "a", "label": 1}\n\n{"text": "b", label: 1}\n')
    refused(path, "line 3, column 15: not valid JSON .*: mend the line or drop it", text="text")


def test_bad_json(write: Writer) -> None:
    refused(write("a.json", '[\n{"a": 1},\n{"a" 2}]'), "line 3, column 6: not valid JSON")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", "[1, 2]\n", "line 1: each row must be a JSON object, got list"),
        ("a.json", '[{"a": 1}, 3]', "row 2: each row must be a JSON object, got int"),
        ("a.json", '"text"', "must be a JSON list of objects or an object of objects, got str"),
        ("a.json", '{"a": [1, 2]}', "the JSON object must hold one object per row"),
        ("a.parquet", "PAR1 but not really", "not a Parquet file or damaged"),
    ],
)
def test_wrong_shape_of_content(write: Writer, name: str, content: str, message: str) -> None:
    refused(write(name, content), message)


def test_parquet_without_its_package(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pyarrow is not installed: run pip install 'w2sg\[parquet\]'"):
        files(write("a.parquet", "x")).load(derive(0, "split"))


IMAGES = b"\0\0\x08\x03" + b"\0\0\0\x02" * 3 + bytes(8)
LABELS = b"\0\0\x08\x01" + b"\0\0\0\x02" + bytes([0, 1])


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (b"\x89PNG" + IMAGES, LABELS, "wrong IDX magic number 0x89504e47, expected 0x00000801"),
        (b"\0\0\x0d\x03" + IMAGES[4:], LABELS, "wrong IDX magic number 0x00000d03"),
        (IMAGES[:-1], LABELS, r"wrong size: shape \(2, 2, 2\) needs 24 bytes, got 23: fetch it again"),
        (IMAGES[:9], LABELS, "wrong size: the header needs 16 bytes, got 9"),
        (LABELS, LABELS, "must hold images .* got 1 axes: is this the label file"),
        (IMAGES, LABELS[:7] + b"\1\0", "2 images need as many labels, the label file has shape"),
        (IMAGES, IMAGES, "2 images need as many labels"),
        (IMAGES, b"\0\0\x08\x01\0", "wrong size: the header needs 8 bytes"),
        (IMAGES, None, "IDX images need their label file: set 'labels'"),
    ],
)
def test_bad_images(write: Writer, images: bytes, labels: bytes | None, message: str) -> None:
    file = None if labels is None else str(write("labels-idx1-ubyte", labels))
    refused(write("images-idx3-ubyte", images), message, labels=file)


def test_labels_are_for_images_only(write: Writer) -> None:
    refused(write("a.csv", GOOD), "'labels' is for IDX images, this is csv", labels=str(write("l.idx", LABELS)))


def test_good_file_is_good(write: Writer) -> None:
    assert len(files(write("a.csv", gzip.compress(GOOD.encode())), text="text").load(derive(0, "split")).corpus) == 40
