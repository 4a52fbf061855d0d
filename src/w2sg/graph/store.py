"""The store: SQLite for what is known of artifacts, results and releases of ground truth; arrays packed by hash."""

import json
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from logging import getLogger
from pathlib import Path
from typing import Any

from w2sg.core import AnyArray, InputError, StoreError, canonical_json
from w2sg.graph.objects import LARGE, DamagedObjectError, Files, decoded, digest_of, encoded
from w2sg.graph.steps import Artifact, Listing

SCHEMA_VERSION = 2
OBJECT = "object "
"""What a report of `verify` calls an array inside the database; its number follows."""
CACHED = "cached"
"""The step of arrays that any later work may use, such as features of a costly body; they are never stale."""

SCHEMA = """
CREATE TABLE objects (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, bytes INTEGER NOT NULL, content BLOB);
CREATE TABLE artifacts (
    key BLOB PRIMARY KEY, step TEXT NOT NULL, arrays TEXT NOT NULL, record BLOB NOT NULL, created TEXT NOT NULL
    ) WITHOUT ROWID;
CREATE TABLE failures (key BLOB PRIMARY KEY, step TEXT NOT NULL, reason TEXT NOT NULL, created TEXT NOT NULL
    ) WITHOUT ROWID;
CREATE TABLE subjects (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, config TEXT NOT NULL);
CREATE TABLE results (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, step TEXT NOT NULL, subject INTEGER NOT NULL,
    seed INTEGER NOT NULL, shown TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE collections (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, definition TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE members (
    collection INTEGER NOT NULL, key BLOB NOT NULL, PRIMARY KEY (collection, key)) WITHOUT ROWID;
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT, place TEXT NOT NULL, split TEXT NOT NULL, purpose TEXT NOT NULL,
    n INTEGER NOT NULL, chosen INTEGER, asked_by TEXT NOT NULL, step BLOB NOT NULL, kind TEXT NOT NULL,
    created TEXT NOT NULL);
CREATE INDEX ledger_by_step ON ledger (step);
CREATE INDEX ledger_by_labels ON ledger (place, split);
CREATE TRIGGER ledger_is_not_rewritten BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_is_not_shortened BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""
"""`results` are artifacts that people list; what they are about stands once in `subjects`, whatever the seed. The
arrays of an artifact are named in `artifacts.arrays` with the ids of their objects, so an id is never given twice: an
artifact whose object is gone must find nothing, and not another array. An object without content is a file."""

LISTED = ("task", "supervisor", "student", "method", "pgr", "student_accuracy", "weak_accuracy", "ceiling_accuracy")
"""What results are often filtered and sorted by: these names have an index."""

_log = getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """A finished step that people list, as the store has it.

    Attributes:
        key: Its key.
        step: The kind of step.
        about: What was tried, as plain data.
        seed: The seed.
        shown: Short texts and numbers by name.
        created: When, in UTC.
    """

    key: str
    step: str
    about: Mapping[str, Any]
    seed: int
    shown: Mapping[str, Any]
    created: str = ""


@dataclass(frozen=True)
class LedgerEntry:
    """A line of the ledger: one release of ground truth for one step.

    Attributes:
        place: The data that the labels belong to.
        split: Which split.
        purpose: What for.
        n: How many labels.
        rows: Their positions; None for all of the split.
        asked_by: Who was given them.
        step: The key of the step that was computed with them.
        kind: The kind of this step.
        created: When, in UTC.
    """

    place: str
    split: str
    purpose: str
    n: int
    rows: tuple[int, ...] | None
    asked_by: str
    step: str
    kind: str
    created: str = ""


@dataclass(frozen=True, eq=False)
class Finished:
    """An artifact to be written, with its key, its step and how it is listed."""

    key: str
    step: str
    artifact: Artifact
    seed: int = 0
    listing: Listing | None = field(default=None)


class Store:
    """A folder with `store.db` and `objects/`.

    Thread-safety and ownership: a Store belongs to the thread that made it; every process and thread opens its own on
    the same folder. Any number may read and write at once: writes are immediate transactions with full synchronisation,
    so what was acknowledged survives `kill -9` and a power cut; a large array's file that a power cut spoils is noticed
    by its hash and made again. The folder must be on a local disk.
    """

    def __init__(self, root: str | Path) -> None:
        """Open the store, making the folder if it is new and bringing an older store to today's form.

        Raises:
            StoreError: If the folder cannot be written, the file is not a store, or a newer version wrote it.
        """
        self.root = Path(root)
        self.files = Files(self.root / "objects")
        with self._errors():
            self.root.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.root / "store.db", timeout=60, isolation_level=None)
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def _prepare(self) -> None:
        if self._version() == SCHEMA_VERSION:
            return
        with self.transaction():
            if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                self.create_tables()
        version = self._version()
        if version is None:
            raise StoreError(f"store {self.root}: its store.db is not of w2sg: choose another --store")
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"store {self.root} was written by a newer w2sg (schema {version}, this one knows {SCHEMA_VERSION}): "
                "upgrade w2sg or choose another --store"
            )
        if version < SCHEMA_VERSION:
            migrate = MIGRATIONS.get(version)
            if migrate is None:
                raise StoreError(
                    f"store {self.root} was written by an older w2sg (schema {version}): open it by a command that "
                    "lists runs, such as 'w2sg runs', or choose another --store"
                )
            done_with: list[Path] = []
            with self.transaction():
                if self._version() == version:  # no other process was faster
                    _log.warning("store %s is brought from schema %d to %d", self.root, version, SCHEMA_VERSION)
                    done_with = migrate(self)
            for path in done_with:
                path.unlink(missing_ok=True)

    def _version(self) -> int | None:
        if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            return None
        row = self._db.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
        return int(row[0]) if row and str(row[0]).isdigit() else None

    @property
    def database(self) -> sqlite3.Connection:
        """The database, for migrations."""
        return self._db

    def create_tables(self) -> None:
        """Make today's tables, inside a transaction."""
        self._db.execute("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        for statement in _statements(SCHEMA):
            self._db.execute(statement)
        for name in LISTED:
            self._db.execute(f"CREATE INDEX results_by_{name} ON results (json_extract(shown, '$.{name}'))")
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", [str(SCHEMA_VERSION)])

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"store {self.root}: {error}: check the disk and its rights, or choose another --store"
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all that is written inside, or nothing."""
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _query(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        with self._errors():
            return self._db.execute(sql, values).fetchall()

    # artifacts

    def put(self, finished: Iterable[Finished]) -> None:
        """Write artifacts: first the large arrays as files, then everything else in one transaction."""
        contents = [(one, self._contents(one.artifact)) for one in finished]
        with self.transaction():
            for one, arrays in contents:
                self._write(one, arrays)

    def write(self, finished: Finished) -> None:
        """Write an artifact inside a transaction."""
        self._write(finished, self._contents(finished.artifact))

    def _write(self, finished: Finished, contents: Mapping[str, tuple[bytes, int, bytes | None]]) -> None:
        places = {name: self._object(*content) for name, content in contents.items()}
        key = bytes.fromhex(finished.key)
        self._db.execute(
            "INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?, ?, ?)",
            [key, finished.step, canonical_json(places), squeezed(finished.artifact.record), _now()],
        )
        self._db.execute("DELETE FROM failures WHERE key = ?", [key])
        if (listing := finished.listing) is not None:
            about = listing.about.model_dump(mode="json")
            self.insert_result(Result(finished.key, finished.step, about, finished.seed, listing.shown, _now()))

    def _contents(self, artifact: Artifact) -> dict[str, tuple[bytes, int, bytes | None]]:
        """Return the coded arrays of an artifact; large ones are files by then, and have no content here."""
        return {name: self._content(array) for name, array in artifact.arrays.items()}

    def _content(self, array: AnyArray) -> tuple[bytes, int, bytes | None]:
        if array.nbytes >= LARGE:
            return *self.files.write(array), None
        content = encoded(array)
        return digest_of(content), len(content), content

    def _object(self, digest: bytes, size: int, content: bytes | None) -> int:
        """Return the id of a content, which is written again if what is there was damaged."""
        row = self._db.execute("SELECT id, content FROM objects WHERE hash = ?", [digest]).fetchone()
        if row is None:
            cursor = self._db.execute(
                "INSERT INTO objects (hash, bytes, content) VALUES (?, ?, ?)", [digest, size, content]
            )
            return int(cursor.lastrowid or 0)
        if row[1] != content:
            self._db.execute("UPDATE objects SET content = ?, bytes = ? WHERE id = ?", [content, size, row[0]])
        return int(row[0])

    def insert_result(self, result: Result) -> None:
        """Write one result, inside a transaction."""
        config = canonical_json(dict(result.about))
        digest = digest_of(config.encode())
        self._db.execute("INSERT OR IGNORE INTO subjects (digest, config) VALUES (?, ?)", [digest, config])
        (subject,) = self._db.execute("SELECT id FROM subjects WHERE digest = ?", [digest]).fetchone()
        self._db.execute(
            "INSERT OR REPLACE INTO results (key, step, subject, seed, shown, created) VALUES (?, ?, ?, ?, ?, ?)",
            [
                bytes.fromhex(result.key),
                result.step,
                subject,
                result.seed,
                canonical_json(dict(result.shown)),
                result.created,
            ],
        )

    def get(self, key: str, *, mapped: bool = False) -> Artifact | None:
        """Return an artifact, or None if there is none or an array is damaged (which is logged, and forgotten).

        Args:
            key: Its key.
            mapped: Leave large arrays in their files, read-only, until they are looked at.
        """
        rows = self._query("SELECT arrays, record FROM artifacts WHERE key = ?", [bytes.fromhex(key)])
        if not rows:
            return None
        try:
            arrays = {name: self._array(place, mapped) for name, place in json.loads(rows[0][0]).items()}
            return Artifact(arrays, unsqueezed(rows[0][1]))
        except DamagedObjectError as error:
            _log.warning("damaged artifact, it will be made again: %s", error)
            self.forget([key])
            return None

    def record(self, key: str) -> Mapping[str, Any] | None:
        """Return what is said of an artifact, without its arrays; None if there is none."""
        rows = self._query("SELECT record FROM artifacts WHERE key = ?", [bytes.fromhex(key)])
        return unsqueezed(rows[0][0]) if rows else None

    def _array(self, place: int, mapped: bool) -> AnyArray:
        rows = self._query("SELECT hash, content FROM objects WHERE id = ?", [place])
        if not rows:
            raise DamagedObjectError(f"object {place} of {self.root} is missing")
        digest, content = rows[0]
        if content is None:
            return self.files.read(digest, mapped=mapped)
        if digest_of(content) != digest:
            raise DamagedObjectError(f"object {place} of {self.root}: the content does not have its hash")
        return decoded(content)

    def having(self, keys: Iterable[str]) -> set[str]:
        """Return those of some keys under which there is an artifact."""
        return {key for key in keys if self._query("SELECT 1 FROM artifacts WHERE key = ?", [bytes.fromhex(key)])}

    def forget(self, keys: Iterable[str]) -> None:
        """Remove artifacts and how they are listed; `collect_garbage` removes those of their arrays that none has.

        A damaged array stays until then, too: whoever makes it again heals it for all that have it.
        """
        doomed = [[bytes.fromhex(key)] for key in keys]
        with self.transaction():
            self._db.executemany("DELETE FROM artifacts WHERE key = ?", doomed)
            self._db.executemany("DELETE FROM results WHERE key = ?", doomed)

    def artifact_rows(self) -> list[dict[str, Any]]:
        """Return key, step, objects, bytes and creation time of every artifact."""
        sizes = dict(self._query("SELECT id, bytes FROM objects"))
        rows = self._query("SELECT key, step, arrays, created FROM artifacts ORDER BY key")
        return [
            {
                "key": key.hex(),
                "step": step,
                "objects": (places := list(json.loads(arrays).values())),
                "bytes": sum(sizes.get(place, 0) for place in places),
                "created": created,
            }
            for key, step, arrays, created in rows
        ]

    # failures

    def put_failure(self, key: str, step: str, reason: str) -> None:
        """Write down why a step could not be computed; it is tried again when it is next asked for."""
        with self.transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)", [bytes.fromhex(key), step, reason, _now()]
            )

    def failures(self) -> dict[str, tuple[str, str]]:
        """Return kind and reason of the steps that failed and were not made since, by key."""
        return {key.hex(): (step, why) for key, step, why in self._query("SELECT key, step, reason FROM failures")}

    # results

    def results(
        self,
        keys: Iterable[str] | None = None,
        *,
        where: Mapping[str, str | float] | None = None,
        sort: str | None = None,
        limit: int | None = None,
        step: str = "score",
        without: str | None = None,
    ) -> list[Result]:
        """Return results: those of some keys, or those of a kind of step that fit, the newest or the largest first.

        Args:
            keys: Only these, in their order.
            where: What `shown` must hold, by name; `seed` is the seed.
            sort: Sort by this name, the largest first; what has none is left out. None sorts by age, newest first.
            limit: At most so many.
            step: The kind of step.
            without: Leave out those that show something under this name.

        Raises:
            InputError: If a name is no name.
        """
        select = (
            "SELECT results.key, results.step, subjects.config, results.seed, results.shown, results.created "
            "FROM results JOIN subjects ON subjects.id = results.subject"
        )
        if keys is not None:
            rows = [row for key in keys for row in self._query(f"{select} WHERE key = ?", [bytes.fromhex(key)])]
            return [_result(row) for row in rows]
        conditions, values = ["results.step = ?"], [step]
        for name, value in (where or {}).items():
            if name == "seed" or not isinstance(value, str):
                conditions.append("results.seed = ?" if name == "seed" else f"{_shown(name)} = ?")
                values.append(value)  # type: ignore[arg-type]
            else:
                # A name stands for all its settings: `digits` is `digits` and `digits(test=200)`. Both are ranges of
                # the index, for ')' comes right after '('.
                conditions.append(f"({_shown(name)} = ? OR ({_shown(name)} >= ? AND {_shown(name)} < ?))")
                values += [value, f"{value}(", f"{value})"]
        if without is not None:
            conditions.append(f"{_shown(without)} IS NULL")
        order = "results.id DESC"
        if sort is not None:
            conditions.append(f"{_shown(sort)} IS NOT NULL")
            order = f"{_shown(sort)} DESC"
        sql = f"{select} WHERE {' AND '.join(conditions)} ORDER BY {order}"
        return [_result(row) for row in self._query(f"{sql} LIMIT ?", [*values, -1 if limit is None else limit])]

    def find(self, prefix: str) -> Result | None:
        """Return the result whose key starts with `prefix` (hexadecimal), or None if there is not exactly one."""
        if not prefix or any(letter not in "0123456789abcdef" for letter in prefix):
            return None
        low = bytes.fromhex(prefix + "0" * (len(prefix) % 2))
        high = bytes.fromhex(prefix + "f" * (len(prefix) % 2)) + b"\xff" * 32
        rows = self._query("SELECT key FROM results WHERE key BETWEEN ? AND ? LIMIT 2", [low, high])
        return self.results([rows[0][0].hex()])[0] if len(rows) == 1 else None

    # collections

    def put_collection(self, name: str, definition: Mapping[str, Any], keys: Iterable[str]) -> None:
        """Write a named collection and which results it has; an older definition of the same name is replaced."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO collections (name, definition, created) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE "
                "SET definition = excluded.definition, created = excluded.created",
                [name, json.dumps(definition), _now()],
            )
            (place,) = self._db.execute("SELECT id FROM collections WHERE name = ?", [name]).fetchone()
            self._db.execute("DELETE FROM members WHERE collection = ?", [place])
            rows = [(place, bytes.fromhex(key)) for key in keys]
            self._db.executemany("INSERT OR IGNORE INTO members VALUES (?, ?)", rows)

    def collection(self, name: str) -> dict[str, Any] | None:
        """Return the definition of a collection, or None."""
        rows = self._query("SELECT definition FROM collections WHERE name = ?", [name])
        return dict(json.loads(rows[0][0])) if rows else None

    def collections(self) -> list[str]:
        """Return the names of all collections."""
        return [row[0] for row in self._query("SELECT name FROM collections ORDER BY name")]

    # ledger

    def append(self, entries: Iterable[LedgerEntry]) -> None:
        """Append to the ledger; nothing in it is ever changed or removed."""
        with self.transaction():
            for entry in entries:
                chosen = None
                if entry.rows is not None:
                    content = encoded(_positions(entry.rows))
                    chosen = self._object(digest_of(content), len(content), content)
                self._db.execute(
                    "INSERT INTO ledger (place, split, purpose, n, chosen, asked_by, step, kind, created) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [entry.place, entry.split, entry.purpose, entry.n, chosen, entry.asked_by]
                    + [bytes.fromhex(entry.step), entry.kind, _now()],
                )

    def ledger(
        self,
        *,
        steps: Iterable[str] | None = None,
        place: str | None = None,
        split: str | None = None,
        last: int | None = None,
    ) -> list[LedgerEntry]:
        """Return the ledger in the order of release: all of it or its end, for some steps, or of some labels."""
        select = "SELECT place, split, purpose, n, chosen, asked_by, step, kind, created, id FROM ledger"
        if steps is not None:
            rows = [row for key in steps for row in self._query(f"{select} WHERE step = ?", [bytes.fromhex(key)])]
            rows.sort(key=lambda row: row[-1])
        elif place is not None:
            only = " AND split = ?" if split is not None else ""
            given = [place, *([split] if split is not None else [])]
            rows = self._query(f"{select} WHERE place = ?{only} ORDER BY id", given)
        else:
            rows = self._query(f"{select} ORDER BY id DESC LIMIT ?", [-1 if last is None else last])[::-1]
        return [self._entry(row) for row in rows]

    def ledger_size(self) -> int:
        """Return how many lines the ledger has."""
        return int(self._query("SELECT COUNT(*) FROM ledger")[0][0])

    def _entry(self, row: Sequence[Any]) -> LedgerEntry:
        place, split, purpose, n, chosen, asked_by, step, kind, created, _ = row
        rows = None if chosen is None else tuple(self._array(chosen, mapped=False).tolist())
        return LedgerEntry(place, split, purpose, n, rows, asked_by, step.hex(), kind, created)

    # care

    def verify(self) -> dict[str, list[str]]:
        """Check the database and every array; return what is wrong: `database`, `damaged`, `orphans`, `leftovers`."""
        database = [row[0] for row in self._query("PRAGMA integrity_check") if row[0] != "ok"]
        bad = {place for (place,) in self._query("SELECT id FROM objects") if not self._whole(place)}
        present = {place for (place,) in self._query("SELECT id FROM objects")}
        used = {place for (place,) in self._query("SELECT chosen FROM ledger WHERE chosen IS NOT NULL")}
        lost = sorted(place for place in used if place in bad or place not in present)
        database += [f"{OBJECT}{place}: the ledger's positions of released labels are damaged" for place in lost]
        damaged = []
        for row in self.artifact_rows():
            used.update(row["objects"])
            if any(place in bad or place not in present for place in row["objects"]):
                damaged.append(row["key"])
        files = {digest for (digest,) in self._query("SELECT hash FROM objects WHERE content IS NULL")}
        orphans = [f"{OBJECT}{place}" for place in sorted(present - used)]
        orphans += [str(self.files.path(digest)) for digest in self.files.digests() if digest not in files]
        leftovers = [str(path) for path in self.files.leftovers()]
        return {"database": database, "damaged": damaged, "orphans": orphans, "leftovers": leftovers}

    def _whole(self, place: int) -> bool:
        try:
            self._array(place, mapped=True)
        except DamagedObjectError:
            return False
        return True

    @property
    def trainings(self) -> Path:
        """The folder in which long trainings save how far they are."""
        return self.root / "training"

    def collect_garbage(self, *, stale: bool = False) -> dict[str, int]:
        """Remove damaged artifacts, arrays and files without an owner, and half-written files.

        Half-written files may belong to a writer at work, so do not run this while a study runs.

        Args:
            stale: Also remove artifacts that no result was made from, and what interrupted trainings saved.

        Returns:
            `n_files` (arrays and files) and `bytes` removed.
        """
        removed = {"n_files": 0, "bytes": 0}

        def unlink(path: Path) -> None:
            removed["n_files"] += 1
            removed["bytes"] += path.stat().st_size
            path.unlink()

        wrong = self.verify()
        doomed = set(wrong["damaged"])
        if stale:
            needed = self._needed()
            doomed |= {row["key"] for row in self.artifact_rows() if row["key"] not in needed and row["step"] != CACHED}
            for path in sorted(self.trainings.glob("*/*")):
                unlink(path)
            shutil.rmtree(self.trainings, ignore_errors=True)
        self.forget(doomed)
        for path in map(Path, wrong["leftovers"]):
            unlink(path)
        for name in self.verify()["orphans"]:
            if not name.startswith(OBJECT):
                unlink(Path(name))
                continue
            place = int(name.removeprefix(OBJECT))
            ((digest, size, content),) = self._query("SELECT hash, bytes, content FROM objects WHERE id = ?", [place])
            if content is None:
                self.files.remove(digest)
            with self.transaction():
                self._db.execute("DELETE FROM objects WHERE id = ?", [place])
            removed["n_files"] += 1
            removed["bytes"] += size
        return removed

    def _needed(self) -> set[str]:
        """Return the keys of all results and of what they were made from."""
        needed: set[str] = set()
        todo = [key.hex() for (key,) in self._query("SELECT key FROM results")]
        while todo:
            key = todo.pop()
            if key not in needed:
                needed.add(key)
                todo += (self.record(key) or {}).get("inputs", {}).values()
        return needed


MIGRATIONS: dict[int, Callable[[Store], list[Path]]] = {}
"""How an older schema is brought to today's, by its version, and which files are then not needed any more.
Entered by the room whose tables it had."""


def _statements(schema: str) -> Iterator[str]:
    """Yield the statements of a schema; those of a trigger hold semicolons of their own."""
    pending = ""
    for piece in schema.split(";"):
        pending += piece + ";"
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def _shown(name: str) -> str:
    if not name.isidentifier():
        raise InputError(f"results are filtered and sorted by names such as {', '.join(LISTED[:5])}, got {name!r}")
    return f"json_extract(results.shown, '$.{name}')"


def _result(row: Sequence[Any]) -> Result:
    return Result(row[0].hex(), row[1], json.loads(row[2]), row[3], json.loads(row[4]), row[5])


def squeezed(record: Mapping[str, Any]) -> bytes:
    """Return plain data as compressed JSON."""
    return zlib.compress(json.dumps(dict(record), separators=(",", ":")).encode(), 6)


def unsqueezed(content: bytes) -> dict[str, Any]:
    """Return the plain data of what `squeezed` gave."""
    return dict(json.loads(zlib.decompress(content)))


def _positions(rows: Sequence[int]) -> AnyArray:
    import numpy as np

    return np.asarray(rows, dtype=np.int32)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
