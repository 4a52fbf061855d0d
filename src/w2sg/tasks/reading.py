"""Read a file of rows: CSV, TSV, JSONL, JSON, Parquet or IDX images, plain or gzipped, with messages that say where."""

import csv
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from w2sg.core import AnyArray, DataError, MissingExtraError, near_names
from w2sg.tasks.opening import unzipped

Format = Literal["csv", "tsv", "jsonl", "json", "parquet", "idx"]
KEY = "_key"
"""The column that holds the keys of a JSON object of objects."""
_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".idx": "idx",
}
_IDX_UBYTE = 0x08
_IDX_MAX_AXES = 3
MOST_LETTERS = 10_000_000
"""The longest cell of a table: a long book has a few millions of letters, and a quote that nothing closes has more."""
MOST_NESTED = 3
"""Objects inside objects whose names messages list; a name may reach deeper."""
DELIMITERS = (",", ";", "\t", "|")
"""What stands between the cells of the tables that people have."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True, eq=False)
class Sheet:
    """The rows of one file.

    Attributes:
        file: The file, for messages.
        records: One mapping from column to value per row; nested objects are reached by dotted names.
        images: `(n, h, w)` floats in [0, 1] if the file holds images, else None.
    """

    file: str
    records: list[Mapping[str, Any]]
    images: AnyArray | None = None

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def names(self) -> list[str]:
        """All column names of the top level, in order of appearance."""
        return list(dict.fromkeys(name for record in self.records for name in record))

    def has(self, name: str) -> bool:
        """Whether any row has a value under a name, which may be dotted."""
        return any(_get(record, name) is not None for record in self.records)

    def column(self, name: str, user: str) -> list[Any]:
        """Return the values of a column; None where a row has none.

        Raises:
            DataError: If no row has the column; near names are suggested.
        """
        values = [_get(record, name) for record in self.records]
        known = self.names
        # A column of nulls is there and may be wanted; one that no row has is a wrong name, for which near names help.
        if name not in known and all(value is None for value in values):
            near = near_names(name, self.paths)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {_some(self.paths)}"
            raise DataError(f"{self.file}: {user} names a column {name!r} that is not there: {hint}")
        return values

    @cached_property
    def paths(self) -> list[str]:
        """The column names, each followed by the dotted names of what the first filled cell holds inside."""
        return [path for name in self.names for path in (name, *_inside(name, self._first(name)))]

    def _first(self, name: str) -> Any:
        return next((record[name] for record in self.records if record.get(name) is not None), None)


def _inside(name: str, value: Any, depth: int = MOST_NESTED) -> list[str]:
    """Return the dotted names of what an object, or the first object of a list, holds."""
    inner = value[0] if isinstance(value, list) and value else value
    if not isinstance(inner, Mapping) or not depth:
        return []
    own = [(f"{name}.{key}", held) for key, held in inner.items()]
    return [path for dotted, held in own for path in (dotted, *_inside(dotted, held, depth - 1))]


def _get(record: Mapping[str, Any], name: str) -> Any:
    # A column whose own name has a dot goes before a path into nested objects.
    if name in record or "." not in name:
        return record.get(name)
    value: Any = record
    for part in name.split("."):
        value = _step(value, part)
    return value


def _step(value: Any, part: str) -> Any:
    """Return what a part of a dotted name stands for: a key; in a list a place from 0, or a key of each object."""
    if isinstance(value, Mapping):
        return value.get(part)
    if not isinstance(value, list):
        return None
    if part.isdecimal():
        return value[int(part)] if int(part) < len(value) else None
    held = [item.get(part) if isinstance(item, Mapping) else None for item in value]
    return held if any(item is not None for item in held) else None


def _some(names: list[str]) -> str:
    return ", ".join(map(repr, names[:20])) + (", ..." if len(names) > 20 else "")


def format_of(path: str) -> Format:
    """Return the format that a file name stands for.

    Raises:
        DataError: If the name has no known ending.

    >>> format_of("a/train.jsonl.gz"), format_of("t10k-images-idx3-ubyte.gz")
    ('jsonl', 'idx')
    """
    name = Path(path).name.lower().removesuffix(".gz")
    if "idx" in name and name.endswith("ubyte"):
        return "idx"
    suffix = Path(name).suffix
    if suffix not in _SUFFIXES:
        known = ", ".join(_SUFFIXES)
        raise DataError(
            f"{path}: the ending {suffix!r} says no format: set 'format', or use one of {known} (or .gz of it)"
        )
    return _SUFFIXES[suffix]


def read_sheet(
    path: str,
    data: bytes,
    form: Format | None,
    header: tuple[str, ...],
    labels: bytes | None,
    delimiter: str | None = None,
) -> Sheet:
    """Parse the bytes of a file.

    Args:
        path: The file, for its format and for messages.
        data: Its bytes.
        form: Its format; None reads it from the name.
        header: Column names of a CSV or TSV file without a header line; empty if it has one.
        labels: The bytes of the label file of IDX images.
        delimiter: What stands between the cells of a CSV or TSV file; None is the format's own.

    Raises:
        DataError: If the content breaks a rule of its format.
    """
    form = form or format_of(path)
    data = unzipped(path, data)
    if form == "idx":
        return _read_idx(path, data, labels)
    if labels is not None:
        raise DataError(f"{path}: 'labels' is for IDX images, this is {form}: name the label column by 'label'")
    if form == "parquet":
        records = _read_parquet(path, data)
    else:
        text = _decoded(path, data)
        if form in ("csv", "tsv"):
            records = _read_csv(path, text, form, header, delimiter)
        else:
            records = _read_jsonl(path, text) if form == "jsonl" else _read_json(path, text)
    if not records:
        raise DataError(f"{path}: the file has no rows: give a file with rows")
    return Sheet(path, records)


def _decoded(path: str, data: bytes) -> str:
    try:
        # The byte-order mark of some spreadsheets would become part of the first column's name.
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: the text must be UTF-8, byte {error.start} (0x{data[error.start]:02x}) is not: "
            f"convert it, for example with iconv -f latin1 -t utf-8"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path}, line {line}: a text file has no NUL byte, this one does: is it another format?")
    return text


def _read_csv(
    path: str, text: str, form: Format, header: tuple[str, ...], delimiter: str | None
) -> list[Mapping[str, Any]]:
    # The reader's own limit, 131,072 letters, is below what texts have. It holds for the process and is only raised.
    csv.field_size_limit(max(csv.field_size_limit(), MOST_LETTERS))
    stream = (line.group() for line in _LINE.finditer(text))
    if form == "csv":
        # Strict: a stray quote is refused with its line, where the lenient reader would swallow rows until the next
        # quote.
        reader = csv.reader(stream, delimiter=delimiter or ",", strict=True)
    else:
        # TSV has no quoting of its own: a quote in a text is a quote.
        reader = csv.reader(stream, delimiter=delimiter or "\t", quoting=csv.QUOTE_NONE)
    names = list(header)
    records: list[Mapping[str, Any]] = []
    try:
        for cells in reader:
            if not cells:
                continue
            if not names:
                names = _checked_header(path, cells)
                continue
            if len(cells) != len(names):
                raise DataError(
                    f"{path}, row {len(records) + 1} (line {reader.line_num}): expected {len(names)} cells, got "
                    f"{len(cells)}: check delimiters and quotes{_header_hint(header)}"
                )
            records.append(dict(zip(names, cells, strict=True)))
    except csv.Error as error:
        raise DataError(
            f"{path}, row {len(records) + 1} (line {reader.line_num}): not {form.upper()} ({error})"
        ) from None
    return records


def _header_hint(header: tuple[str, ...]) -> str:
    return " and the names in 'columns'" if header else ""


def _checked_header(path: str, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    other = next((mark for mark in DELIMITERS if len(cells) == 1 and mark in cells[0]), None)
    if other is not None:
        raise DataError(
            f"{path}: the header is one cell, {cells[0]!r:.60}: if {other!r} stands between cells, set delimiter = "
            f"{json.dumps(other)}"
        )
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise DataError(f"{path}: column names must differ, the header has {twice!r} twice: rename one")
    return names


def _read_jsonl(path: str, text: str) -> list[Mapping[str, Any]]:
    records: list[Mapping[str, Any]] = []
    # Not splitlines, which also breaks at characters that may stand inside a JSON text, such as U+2028.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            records.append(_json_object(_parsed(path, line, number), path, f"line {number}"))
    return records


def _read_json(path: str, text: str) -> list[Mapping[str, Any]]:
    value = _parsed(path, text, 1)
    if isinstance(value, dict):
        tables = [inner for inner in value.values() if _is_table(inner)]
        # Published sets often wrap their rows in an object with notes beside them; with two lists nobody can tell which
        # is meant.
        if len(tables) == 1:
            value = tables[0]
    if isinstance(value, dict):
        if not all(isinstance(row, dict) for row in value.values()):
            raise DataError(
                f"{path}: the JSON object must hold one object per row (id to row), or one list of them: use a list of "
                "objects"
            )
        return [{KEY: key, **row} for key, row in value.items()]
    if not isinstance(value, list):
        raise DataError(f"{path}: must be a JSON list of objects or an object of objects, got {type(value).__name__}")
    return [_json_object(row, path, f"row {number}") for number, row in enumerate(value, start=1)]


def _is_table(value: object) -> bool:
    """Whether a value beside notes in a JSON object is its rows: a list of objects."""
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _parsed(path: str, text: str, first_line: int) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno + first_line - 1}, column {error.colno}"
        raise DataError(f"{path}, {where}: not valid JSON ({error.msg}): mend the line or drop it") from None
    except RecursionError:
        raise DataError(f"{path}: the JSON is nested too deeply: flatten it") from None
    except ValueError as error:  # a key twice, or a whole number of thousands of digits
        raise DataError(f"{path}, from line {first_line} on: not usable JSON ({error}): mend it") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of some keys and values; of two values under one key nobody can tell which is meant."""
    record = dict(pairs)
    if len(record) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return record


def _json_object(value: Any, path: str, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{path}, {where}: each row must be a JSON object, got {type(value).__name__}")
    return value


def _read_parquet(path: str, data: bytes) -> list[Mapping[str, Any]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet") from None
    try:
        rows: list[Mapping[str, Any]] = pq.read_table(pa.BufferReader(data)).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a Parquet file or damaged ({_line(error)})") from None
    return rows


def _line(error: Exception) -> str:
    return " ".join(str(error).split("\n")[0].split())


def _read_idx(path: str, data: bytes, labels: bytes | None) -> Sheet:
    images = parse_idx(path, data)
    if images.ndim != 3:
        raise DataError(f"{path}: must hold images (3 axes), got {images.ndim} axes: is this the label file?")
    if not images.size:
        raise DataError(f"{path}: must hold images with pixels, got shape {images.shape}: fetch it again")
    if labels is None:
        raise DataError(f"{path}: IDX images need their label file: set 'labels'")
    numbers = parse_idx(f"labels of {path}", unzipped(f"labels of {path}", labels))
    if numbers.shape != images.shape[:1]:
        raise DataError(f"{path}: {len(images)} images need as many labels, the label file has shape {numbers.shape}")
    return Sheet(path, [{"label": int(number)} for number in numbers], (images / 255).astype(np.float32))


def parse_idx(path: str, data: bytes) -> AnyArray:
    """Return the array of an IDX file of unsigned bytes: a 4-byte magic, one big-endian length per axis, the values.

    Raises:
        DataError: If the magic number or the size is wrong.
    """
    # Magic and sizes are checked first: a cut or wrong file would otherwise give images of shifted bytes.
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != _IDX_UBYTE or not 1 <= data[3] <= _IDX_MAX_AXES:
        raise DataError(
            f"{path}: wrong IDX magic number 0x{data[:4].hex()}, expected 0x00000801 (labels) or 0x00000803 (images)"
        )
    start = 4 + 4 * data[3]
    if len(data) < start:
        raise DataError(f"{path}: wrong size: the header needs {start} bytes, got {len(data)}: fetch it again")
    shape = tuple(int(axis) for axis in np.frombuffer(data[4:start], ">u4"))
    expected = start + math.prod(shape)
    if len(data) != expected:
        raise DataError(f"{path}: wrong size: shape {shape} needs {expected} bytes, got {len(data)}: fetch it again")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
