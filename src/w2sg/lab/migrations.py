"""Stores of version 0.1 (schema 1): their runs, studies and cached features are taken over.

Weak labels and students are not: they were made by other code, so that no step would ask for them again.
"""

import hashlib
import io
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np

from w2sg.core import AnyArray, InputError, StoreError
from w2sg.graph import CACHED, MIGRATIONS, REFUSED, Artifact, Finished, Result, Store
from w2sg.lab.scoring import TEST, shown_metrics
from w2sg.lab.setup import Setup, names_of

_HASH = re.compile(r"[0-9a-f]{64}")
_UNREADABLE = (
    *(ValueError, TypeError, OSError, EOFError, LookupError, ArithmeticError, MemoryError, RuntimeError, SyntaxError),
    *(TokenError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""What reading an archive of arrays raises that was made by hand."""
_OLD_TABLES = ("artifacts", "runs", "studies", "members")


def from_first_schema(store: Store) -> list[Path]:
    """Bring a store of schema 1 to schema 2, inside a transaction; return the files that are not needed any more.

    Raises:
        StoreError: If a row is damaged, or a file is there and may not be read; the store stays what it was.
    """
    try:
        _take_over(store)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(
            f"store {store.root} of schema 1 has a damaged row and stays as it is: {type(error).__name__}: {error}: "
            "choose another --store"
        ) from error
    files = (store.root / "objects").glob("??/*.npz")
    return sorted(
        path for path in files if _HASH.fullmatch(path.stem) and not (path.is_dir() or path.parent.is_symlink())
    )


def _take_over(store: Store) -> None:
    database = store.database
    database.execute("DROP INDEX artifacts_by_object")
    for table in _OLD_TABLES:
        database.execute(f"ALTER TABLE {table} RENAME TO first_{table}")
    store.create_tables()
    evidence = dict(database.execute("SELECT key, object FROM first_artifacts WHERE step IN ('score', 'features')"))
    for run, setup, seed, result, created in database.execute(
        "SELECT * FROM first_runs ORDER BY created, id"
    ).fetchall():
        about, plain = json.loads(setup), json.loads(result)
        arrays = _arrays(store.root, evidence.pop(run)) if run in evidence else {}
        record = {
            **{name: value for name, value in plain.items() if name != "steps"},
            "first_steps": plain.get("steps"),
        }
        store.write(Finished(run, "score", Artifact(arrays or {}, record)))
        store.insert_result(Result(run, "score", about, seed, _shown(about, plain), created))
    for key, name in evidence.items():  # what is left are features
        features = _arrays(store.root, name)
        if features is not None:
            store.write(Finished(key, CACHED, Artifact(features)))
    for name, definition, created in database.execute("SELECT * FROM first_studies").fetchall():
        database.execute(
            "INSERT INTO collections (name, definition, created) VALUES (?, ?, ?)", [name, definition, created]
        )
    members = "SELECT collections.id, run FROM first_members JOIN collections ON collections.name = first_members.study"
    rows = [(place, bytes.fromhex(run)) for place, run in database.execute(members).fetchall()]
    database.executemany("INSERT OR IGNORE INTO members VALUES (?, ?)", rows)
    for table in _OLD_TABLES:
        database.execute(f"DROP TABLE first_{table}")


def _arrays(root: Path, name: str) -> Mapping[str, AnyArray] | None:
    """Return the arrays of a file of schema 1, or None where it is missing or damaged.

    Raises:
        OSError: If it is there and may not be read: what is in it is then not given up.
    """
    path = root / "objects" / name[:2] / f"{name}.npz"
    # The name is a row's: it must be a hash, and the file the store's own, before anything is opened.
    if not _HASH.fullmatch(name) or path.is_symlink() or path.parent.is_symlink() or not path.is_file():
        return None
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != name:
        return None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {array: arrays[array] for array in arrays.files}
    except _UNREADABLE:
        return None  # it has its hash and yet is no file of arrays: made by hand


def _shown(about: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    try:
        names = names_of(Setup.parse(about))
    except InputError:  # a plugin's component, or a field that is no more
        names = {part: str(about[part]["kind"]) for part in ("task", "supervisor", "student", "method")}
    return {**names, **({REFUSED: result[REFUSED]} if REFUSED in result else shown_metrics(result["metrics"][TEST]))}


MIGRATIONS[1] = from_first_schema
