"""A task from the user's own files."""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self, final

import numpy as np
from pydantic import Field, model_validator

from w2sg.core import AnyArray, DataError, IntArray, register
from w2sg.tasks.duplicates import belonging, marked
from w2sg.tasks.encoding import (
    METADATA,
    PAIR_CLASSES,
    RECORDED,
    Rows,
    encode_labels,
    encode_pairs,
    encode_recorded,
    encode_texts,
    encode_votes,
    limited,
    vote_columns,
)
from w2sg.tasks.features import default_features, encode_features
from w2sg.tasks.leaks import check_leaks
from w2sg.tasks.offers import encode_choices
from w2sg.tasks.opening import PathText, file_bytes
from w2sg.tasks.reading import Format, Sheet, format_of, read_sheet
from w2sg.tasks.splits import ALIASES, SPLITS, SplitTask
from w2sg.tasks.table import FREE, CountedTable, Table, learned_from

_MEMO = 4
LEFT_OUT = "rows left out: no two different answers were found in them"
USABLE = "usable"
"""Beside the columns of inputs: which rows can be asked."""
TOGETHER = "together"
"""The field, and the metadata column, of what rows have in common."""
_Encoded = tuple[AnyArray, IntArray, tuple[str, ...], dict[str, AnyArray], Mapping[str, int]]


@final
@register()
class Files(SplitTask):
    """Your own data: CSV, TSV, JSONL, JSON, Parquet (each also .gz) or IDX images."""

    kind: Literal["files"] = "files"
    path: PathText | None = Field(None, description="a file whose rows are dealt to the splits")
    paths: Mapping[str, PathText] = Field(
        default_factory=dict,
        description="ready splits: a file for each of supervision, transfer, validation, test; train is dealt like "
        "'path', any other name is a further test set",
    )
    labels: PathText | Mapping[str, PathText] | None = Field(
        None, description="label file of IDX images: of 'path', or for each name in 'paths'"
    )
    format: Format | None = Field(None, description="format of the files; by default from the file name")
    delimiter: str | None = Field(
        None,
        min_length=1,
        max_length=1,
        description="what stands between the cells of a CSV or TSV file, if not the usual",
    )
    columns: tuple[str, ...] = Field((), description="column names of a CSV or TSV file that has no header line")
    label: str = Field("label", description="column of the class; a dotted name reaches into nested JSON")
    classes: tuple[str, ...] = Field((), description="class names in order; by default all labels, sorted")
    merge: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="classes made of several labels: the labels of each, 'null' for an empty cell, '*' for all that no "
        "class names",
    )
    text: str | tuple[str, ...] | None = Field(
        None, description="column of the text, or columns joined by a newline; a list of texts is joined likewise"
    )
    pair: tuple[str, str] | None = Field(
        None, description="columns of two texts, the first preferred; no label is read"
    )
    choices: str | tuple[str, ...] | None = Field(
        None,
        description="multiple choice as pairs of the right and a wrong answer: the answers' columns, or one column of "
        "lists of answers, of texts with the answers in them ('(A) ... (B) ...'), or of objects {answer: score}; "
        "'label' names the right one by number, letter, column or text; 'text' goes before both",
    )
    mark: str | None = Field(
        None,
        description="regular expression of what stands before each answer in a text of 'choices', with one group "
        "around the answer's name; by default it is found",
    )
    unreadable: Literal["refuse", "leave-out"] = Field(
        "refuse",
        description="rows in which 'choices' finds no two different answers are refused, or left out and counted",
    )
    count_from: Literal[0, 1] | None = Field(
        None, description="number of the first answer, where 'label' numbers answers and both 0 and 1 would fit"
    )
    features: tuple[str, ...] | None = Field(
        None, description="feature columns (numbers standardised, others one-hot); by default all not used otherwise"
    )
    categories: tuple[str, ...] = Field(
        (), description="feature columns whose values are names although they look like numbers, such as postal codes"
    )
    missing: Literal["refuse", "fill"] = Field(
        "refuse",
        description="a column of numbers with empty cells is refused, or they are filled with its median, and a column "
        "more says where",
    )
    max_categories: int = Field(30, ge=1, description="values of a one-hot column that get a coordinate each")
    votes: str | tuple[str, ...] | None = Field(
        None, description="label-function votes: columns, their common prefix, or one column of lists; -1 abstains"
    )
    recorded: Mapping[str, str] = Field(
        default_factory=dict,
        description="answers that models gave once: a column for each name, of classes or class numbers, empty where "
        "there is none; the supervisor 'recorded' labels by one of them",
    )
    group: str | None = Field(None, description="column of the group of each row, for group-wise measures and shifts")
    difficulty: str | None = Field(None, description="column of numbers, higher is harder")
    domain: str | None = Field(None, description="column that says where a row is from")
    id: str | None = Field(None, description="column of identities; two rows with one id are an error")
    split: str | None = Field(None, description="column of ready splits, named as in 'paths'; empty: to be dealt")
    together: str | tuple[str, ...] | None = Field(
        None,
        description="column of what rows have in common (a user, a document, a text and its revisions), or several: "
        "rows that share a value of one of them are in one split and count once in intervals",
    )
    duplicates: Literal["together", "apart"] = Field(
        "together",
        description="rows with equal inputs are dealt into one split and count once in intervals; 'apart' takes each "
        "for an example of its own, as in tables of a few categories",
    )
    allow_leak: bool = Field(
        False, description="go on although one column tells the label; the columns that do are counted in the record"
    )
    limit: int | None = Field(None, ge=2, description="keep this many rows, a fixed random choice over all files")

    @property
    def default_supervisor(self) -> str:
        """The supervisor that fits the inputs."""
        return {"text": "few-words", "images": "pooled-pixels"}.get(self.inputs, "few-features")

    @property
    def default_student(self) -> str:
        """The student that fits the inputs."""
        return "tfidf" if self.inputs == "text" else "nystroem"

    @property
    def sources(self) -> frozenset[str]:
        """The files of rows, wherever in the working folder they were named from."""
        return frozenset(str(Path(path)) for path in self._files().values())

    @property
    def training_file(self) -> str:
        """The file whose rows are learned from, or else the first."""
        files = self._files()
        return files[learned_from(files)]

    @property
    def inputs(self) -> Literal["text", "images", "features"]:
        """What the inputs are: texts (or pairs of them), images or features."""
        if self.text is not None or self.pair is not None or self.choices is not None:
            return "text"
        form = self.format or format_of(next(iter(self._files().values())))
        return "images" if form == "idx" else "features"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.path is None and not self.paths:
            raise ValueError("needs 'path' (one file) or 'paths' (a file for each split)")
        if sum(value is not None for value in (self.text, self.pair, self.features)) > 1:
            raise ValueError("needs one of 'text', 'pair' and 'features', got several")
        few = isinstance(self.choices, tuple) and len(self.choices) < 2
        if self.choices is not None and (self.pair is not None or self.features is not None or few):
            raise ValueError(
                "'choices' needs two columns, or one that holds all answers; it goes with neither 'pair' nor 'features'"
            )
        if self.text == () or self.features == ():
            raise ValueError("'text' and 'features' need at least one column")
        if self.features and self.label in self.features:
            raise ValueError(f"'features' must not hold the label column {self.label!r}: it is the answer")
        texts = (self.text,) if isinstance(self.text, str) else self.text or ()
        if self.label in texts:
            raise ValueError(f"'text' must not hold the label column {self.label!r}: it is the answer")
        if self.path is not None and {"", "train"} & set(self.paths):
            raise ValueError("'path' and 'paths.train' both give rows to be dealt: use one")
        if len(set(self.classes)) < len(self.classes) or len(self.classes) == 1:
            raise ValueError(f"'classes' must be at least 2 different names, got {list(self.classes)}")
        return self

    @model_validator(mode="after")
    def _choices_are_told(self) -> Self:
        if self.mark is not None and not isinstance(self.choices, str):
            raise ValueError("'mark' goes with 'choices' of one column, whose texts hold the answers")
        try:
            groups = re.compile(self.mark or "()").groups
        except re.error as error:
            raise ValueError(f"'mark' must be a regular expression, {self.mark!r} is none: {error}") from None
        if groups != 1:
            raise ValueError(f"'mark' must have one group, around the answer's name, {self.mark!r} has {groups}")
        if self.count_from is not None and self.choices is None:
            raise ValueError("'count_from' goes with 'choices': it says how 'label' numbers them")
        labels = [label for merged in self.merge.values() for label in merged]
        if len(self.merge) == 1 or len(set(labels)) < len(labels):
            raise ValueError(
                f"'merge' needs two classes or more, and each label in one of them, got {dict(self.merge)}"
            )
        if self.merge and (self.pair is not None or self.choices is not None):
            raise ValueError("'merge' makes classes of 'label', it goes with neither 'pair' nor 'choices'")
        return self

    @model_validator(mode="after")
    def _recorded_are_answers(self) -> Self:
        if self.recorded and (self.pair is not None or self.choices is not None):
            raise ValueError("'recorded' holds classes of 'label', it goes with neither 'pair' nor 'choices'")
        if self.label in self.recorded.values():
            raise ValueError(f"'recorded' must not name the label column {self.label!r}: it is the right answer")
        return self

    @model_validator(mode="after")
    def _columns_differ(self) -> Self:
        if self.pair is not None and self.pair[0] == self.pair[1]:
            raise ValueError(f"'pair' must be two different columns, got {self.pair[0]!r} twice")
        if len(set(self.features or ())) < len(self.features or ()):
            raise ValueError(f"'features' must name each column once, got {list(self.features or ())}")
        return self

    def table(self, rng: np.random.Generator) -> Table:
        """Return all rows; a table that was parsed before from the same bytes is not parsed again."""
        return self._made().table

    def sheet(self) -> Sheet:
        """Return the rows of the training file as they stand there.

        Raises:
            DataError: If the file cannot be read.
        """
        path, labels = self.training_file, self._label_file(learned_from(self._files()))
        known = None if labels is None else file_bytes(labels, "labels")
        return read_sheet(path, file_bytes(path), self.format, self.columns, known, self.delimiter)

    def counts(self) -> Mapping[str, int]:
        """Return how many cells were read in an unusual form, and how."""
        return self._made().counts

    def checked(self, table: Table, dealt: Mapping[str, IntArray]) -> Mapping[str, int]:
        """Return which single columns tell the label.

        Raises:
            DataError: If one does, and 'allow_leak' is not set.
        """
        return check_leaks(table, dealt["supervision"], allowed=self.allow_leak)

    def _made(self) -> CountedTable:
        return _table(self.fingerprint(), self._reading())

    def fingerprint(self) -> str:
        """Return the sha256 over the bytes of all files, each with its split.

        Raises:
            DataError: If a file cannot be read.
        """
        return self._bytes()[0]

    def read(self, expected: str) -> CountedTable:
        """Read the files anew.

        Raises:
            DataError: If the files break a rule, or are no longer those with the fingerprint `expected`.
        """
        # The table is remembered under the fingerprint that was asked for; other bytes under that name would be a wrong
        # memory.
        fingerprint, contents = self._bytes()
        if fingerprint != expected:
            raise DataError(f"{next(iter(self._files().values()))}: the file changed while it was read: run again")
        sheets, split = [], []
        for name, path in self._files().items():
            labels = contents.get(self._label_file(name) or "")
            sheet = read_sheet(path, contents[path], self.format, self.columns, labels, self.delimiter)
            sheets.append(sheet)
            split.extend([name] * len(sheet))
        rows = Rows(sheets)
        self._check_votes(rows)
        values, gold, classes, parts, counts = self._encoded(rows)
        columns = {name: encode(rows, getattr(self, name)) for name, encode in METADATA.items() if getattr(self, name)}
        if self.votes is not None:
            columns["votes"] = encode_votes(rows, vote_columns(rows, self.votes), classes)
        if self.together is not None:
            columns[TOGETHER] = belonging([rows.column(name, TOGETHER) for name in self._together()])
        for name, column in self.recorded.items():
            columns[RECORDED + name] = encode_recorded(rows, column, classes)
        # After encoding, so that class names, categories and scales are those of the whole file and a limit changes
        # none.
        kept = np.flatnonzero(limited(len(rows), self.limit) & parts.pop(USABLE, np.True_))
        table = Table.of(
            values[kept],
            gold[kept],
            classes,
            ", ".join(self._files().values()),
            ids=kept,
            columns={name: column[kept] for name, column in columns.items()},
            split=self._splits(rows, split)[kept],
            parts={name: column[kept] for name, column in parts.items()},
        )
        return CountedTable(marked(table) if self.duplicates == "together" else table, counts)

    def _check_votes(self, rows: Rows) -> None:
        """Check that no weak label is read from the label column."""
        # A prefix such as 'l' finds the label column as well.
        if self.votes is not None and self.label in vote_columns(rows, self.votes):
            raise DataError(
                f"{rows.sheets[0].file}: 'votes' must not hold the label column {self.label!r}: it is the right answer"
            )

    def _encoded(self, rows: Rows) -> "_Encoded":
        """Return inputs `(N, ...)`, gold `(N,)`, class names, the columns `(N,)` of inputs, and counts of cells."""
        if self.pair is not None:
            return *encode_pairs(rows, *self.pair), PAIR_CLASSES, {}, {}
        texts = (self.text,) if isinstance(self.text, str) else self.text or ()
        if self.choices is not None:
            values, number, usable = encode_choices(
                *(rows, self.choices, self.label, texts),
                mark=self.mark,
                count_from=self.count_from,
                leave_out=self.unreadable == "leave-out",
            )
            left_out = {LEFT_OUT: int((~usable).sum())} if not usable.all() else {}
            return values, number, PAIR_CLASSES, {USABLE: usable}, left_out
        gold, classes = encode_labels(rows, self.label, self.classes, self.merge)
        if texts:
            parts = {name: encode_texts(rows, [name], "text", empty=True) for name in texts}
            return encode_texts(rows, texts, "text"), gold, classes, parts, {}
        images = [sheet.images for sheet in rows.sheets if sheet.images is not None]
        if images:
            if len({image.shape[1:] for image in images}) > 1 or len(images) < len(rows.sheets):
                raise DataError(f"{rows.sheets[0].file}: all files must hold images of one size")
            return np.concatenate(images), gold, classes, {}, {}
        names = self.features or default_features(rows, self._used(rows), gold)
        fill = self.missing == "fill"
        features, parts, counts = encode_features(rows, names, self.max_categories, self.categories, fill=fill)
        return features, gold, classes, parts, counts

    def _used(self, rows: Rows) -> set[str]:
        """Return the columns that are something else than features."""
        # Whatever was declared to be something else is no feature: a recorded answer or a vote would hand the weak
        # labels to the student.
        named = {self.label, self.group, self.difficulty, self.domain, self.id, self.split, *self.recorded.values()}
        named |= {None, *self._together()}
        named -= {None}
        return {str(name) for name in named} | set(vote_columns(rows, self.votes) if self.votes is not None else ())

    def _together(self) -> tuple[str, ...]:
        """Return the columns of what rows have in common."""
        return (self.together,) if isinstance(self.together, str) else self.together or ()

    def _splits(self, rows: Rows, by_file: list[str]) -> AnyArray:
        """Return the split of every row `(N,)`: of its file, or of the split column where the file leaves it open."""
        split = np.array([ALIASES.get(name, name) for name in by_file])
        if self.split is None:
            return split
        cells = rows.column(self.split, "split")
        own = np.array([FREE if cell is None else str(cell).strip() for cell in cells])
        own = np.array([ALIASES.get(name, name) for name in own.tolist()])
        # A file that is a split itself goes before a column that says otherwise.
        return np.where(split == FREE, own, split)

    def _files(self) -> dict[str, str]:
        """Return every file by its split, in alphabetical order; `path` comes first, under the name of free rows."""
        return {**({FREE: self.path} if self.path is not None else {}), **dict(sorted(self.paths.items()))}

    def _label_file(self, split: str) -> str | None:
        if isinstance(self.labels, str):
            return self.labels if split == next(iter(self._files())) else None
        return (self.labels or {}).get(split)

    def _bytes(self) -> tuple[str, dict[str, bytes]]:
        """Return the fingerprint and the bytes of all files."""
        state = hashlib.sha256()
        contents: dict[str, bytes] = {}
        for name, path in self._files().items():
            for file, user in ((path, f"paths.{name}" if name else "path"), (self._label_file(name), "labels")):
                if file is not None:
                    contents[file] = file_bytes(file, user)
                    # Names and lengths stand between the contents, or moving bytes from one file to the next would not
                    # be noticed.
                    state.update(f"{name}\0{user}\0{len(contents[file])}\0".encode() + contents[file])
        return state.hexdigest(), contents

    def _reading(self) -> str:
        """Return the JSON text of the fields that decide what is read, not how it is split."""
        # Tasks that differ in their splits only share one parsed table.
        dealing = {*SPLITS, "corpus", "shifts", "disjoint", "part", "allow_leak"}
        return json.dumps(self.model_dump(mode="json", exclude=dealing), sort_keys=True)


@lru_cache(maxsize=_MEMO)
def _table(fingerprint: str, reading: str) -> CountedTable:
    fields: dict[str, Any] = json.loads(reading)
    return Files.model_validate(fields).read(fingerprint)
