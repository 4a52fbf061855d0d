"""Where the rows of a text data set are read from: a folder or a file, or the Hugging Face hub."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from w2sg.core import DataError, MissingExtraError
from w2sg.tasks.encoding import limited
from w2sg.tasks.nlp.shapes import TextSet
from w2sg.tasks.opening import file_bytes, place_of
from w2sg.tasks.reading import Sheet, format_of, read_sheet
from w2sg.tasks.table import FREE

Parts = list[tuple[str, Sheet]]
"""Sheets, each with the split that it becomes."""

ALIASES: Mapping[str, tuple[str, ...]] = {"validation": ("validation", "valid", "val", "dev")}
"""Names that files of a published split go by; others go by the split's own name."""
FURTHER = "further_tests"
"""The field with the folders and files of further test sets."""
_SHARD = re.compile(r"-\d+-of-(\d+)$")
_SCRIPT_BRANCH = "refs/convert/parquet"
"""The branch of the hub that holds the Parquet files of sets which were published as a script."""


def local_files(path: str, text_set: TextSet, user: str = "path") -> list[tuple[str, str]]:
    """Return the files of a data set, each with the split that it becomes.

    One file is dealt. A folder, or in it the folder of the configuration, has a file for every published split:
    `train.jsonl`, `dev.csv.gz`, shards such as `data/test-00000-of-00002.parquet`, or all files of a subfolder `train`.

    Raises:
        DataError: If there is nothing at the path, no file or several files for a split, or a shard is missing.
    """
    folder = place_of(path, user)
    if not folder.is_dir():
        return [(FREE, path)]
    if text_set.config and (folder / text_set.config).is_dir():
        folder /= text_set.config
    files = sorted(file for pattern in ("*", "*/*") for file in folder.glob(pattern) if _readable(file))
    if not text_set.splits:
        raise DataError(
            f"{path}: {user!r} must name one file for task {text_set.name!r}, this is a folder: name a file in it, "
            f"there is {_shown(files, folder)}"
        )
    files_of_splits = []
    for split, becomes in text_set.splits.items():
        names = ALIASES.get(split, (split,))
        # A file belongs to a split by its own name, with the number of a shard taken off, or by its folder's.
        fitting = [file for file in files if _SHARD.sub("", _stem(file)) in names or _inside(file, folder) in names]
        if not fitting:
            raise DataError(
                f"{path}: task {text_set.name!r} needs a file for each of {', '.join(text_set.splits)}; none is named "
                f"{' or '.join(names)} (.jsonl, .json, .csv, .tsv, .parquet or .gz of it), there is "
                f"{_shown(files, folder)}: add it, or let {user!r} name one file, whose rows are then "
                f"{'dealt' if user == 'path' else 'the test set'}"
            )
        _check_one(fitting, folder, f"{path}: split {split!r} of task {text_set.name!r}")
        files_of_splits += [(becomes, str(file)) for file in fitting]
    return files_of_splits


def _shown(files: list[Path], folder: Path) -> str:
    """Return the first files of a folder as messages name them."""
    return ", ".join(str(file.relative_to(folder)) for file in files[:20]) or "no data file"


def further_files(name: str, path: str, text_set: TextSet) -> list[tuple[str, str]]:
    """Return the files of a further test set, each with its name: one file, or the test files of a folder.

    Raises:
        DataError: As in `local_files`.
    """
    tested = {split: name for split, becomes in text_set.splits.items() if becomes == "test"}
    return [(name, file) for _, file in local_files(path, replace(text_set, splits=tested), FURTHER)]


def _check_one(files: list[Path], folder: Path, what: str) -> None:
    """Check that files are one file, all shards of one, or all in one folder that is named after the split."""
    shards = [match for file in files if (match := _SHARD.search(_stem(file)))]
    alone = [file for file in files if file.parent == folder and not _SHARD.search(_stem(file))]
    if len(files) > 1 and (alone or len({file.parent for file in files}) > 1):
        several = " and ".join(str(file.relative_to(folder)) for file in files[:3])
        raise DataError(f"{what} has several files, {several}: keep one, or let 'path' name the folder of one")
    if shards and len(shards) != int(shards[0][1]):
        raise DataError(f"{what} has {len(shards)} of {int(shards[0][1])} shards: add the others")


def _readable(file: Path) -> bool:
    try:
        return file.is_file() and format_of(file.name) != "idx"
    except DataError:
        return False


def _stem(file: Path) -> str:
    return file.name.lower().split(".")[0]


def _inside(file: Path, folder: Path) -> str:
    return "" if file.parent == folder else file.parent.name.lower()


def contents(path: str, text_set: TextSet, further: Mapping[str, str]) -> tuple[str, list[tuple[str, str, bytes]]]:
    """Return the sha256 over all files with their splits, and for each its split, its path and its bytes.

    Args:
        path: The folder or the file of the data set.
        text_set: The data set.
        further: Folders or files of the same columns that become test sets, by the name of the test set.

    Raises:
        DataError: If a file is missing or cannot be read.
    """
    state = hashlib.sha256()
    files = []
    own = [(split, file, "path") for split, file in local_files(path, text_set)]
    # By name: tables of the same entries in another order are one configuration.
    others = [(*found, FURTHER) for name in sorted(further) for found in further_files(name, further[name], text_set)]
    for split, file, user in own + others:
        data = file_bytes(file, user)
        state.update(f"{split}\0{len(data)}\0".encode() + data)
        files.append((split, file, data))
    return state.hexdigest(), files


def local_parts(files: list[tuple[str, str, bytes]], limit: int | None) -> Parts:
    """Return the rows of files, of each at most `limit`: a fixed random choice.

    Raises:
        DataError: If a file breaks a rule of its format.
    """
    sheets = [(split, read_sheet(file, data, None, (), None)) for split, file, data in files]
    return [(split, Sheet(sheet.file, _kept(sheet.records, limit))) for split, sheet in sheets]


def _kept(records: list[Mapping[str, Any]], limit: int | None) -> list[Mapping[str, Any]]:
    return [record for record, kept in zip(records, limited(len(records), limit), strict=True) if kept]


@lru_cache(maxsize=2)
def _hub(hub: str, config: str | None, splits: tuple[str, ...], revision: str, limit: int | None) -> list[Sheet]:
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("datasets", "lm") from None
    sheets = []
    for split in splits:
        try:
            rows = datasets.load_dataset(hub, config, split=split, revision=revision)
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).strip().split("\n")[0][:200]
            raise DataError(
                f"{hub} ({split}, revision {revision!r}) could not be read from the hub: {reason}. Without network, or "
                f"with HF_HUB_OFFLINE set, let 'path' name a folder with the files; a set that was published as a "
                f"script is read with revision {_SCRIPT_BRANCH!r}"
            ) from None
        # Chosen before rows become Python objects: some sets have millions.
        kept = rows.select(np.flatnonzero(limited(len(rows), limit)))
        sheets.append(Sheet(f"{hub} ({split})", kept.to_list()))
    return sheets


def hub_parts(text_set: TextSet, revision: str | None, limit: int | None) -> tuple[str, Parts]:
    """Return the sha256 of the rows that are read from the hub, and the rows of every split.

    Raises:
        DataError: If no revision is given, or the hub cannot be read.
        MissingExtraError: If the library for it is not installed.
    """
    if revision is None:
        or_hub = ", or let 'revision' name a commit or tag of it on the hub" if text_set.hub else ""
        raise DataError(
            f"task {text_set.name!r} needs its data: let 'path' name a folder or a file of {text_set.published}{or_hub}"
        )
    sheets = _hub(text_set.hub, text_set.config, tuple(text_set.splits), revision, limit)
    state = hashlib.sha256(f"{text_set.hub}\0{text_set.config}\0{revision}".encode())
    for sheet in sheets:
        for record in sheet.records:
            # The rows and not the files: the hub's own file formats change while the revision's rows do not.
            state.update(json.dumps(record, sort_keys=True, default=str).encode())
    return state.hexdigest(), list(zip(text_set.splits.values(), sheets, strict=True))
