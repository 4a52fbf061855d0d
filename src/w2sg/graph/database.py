"""The store's SQLite file: its tables, its transactions, and how an older one is brought to today's form."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from logging import getLogger
from pathlib import Path
from typing import Any, Self

from w2sg.core import StoreError

SCHEMA_VERSION = 2
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


class Database:
    """The folder and its SQLite file, brought to today's tables."""

    def __init__(self, root: str | Path) -> None:
        """Open the store, making the folder if it is new and bringing an older store to today's form.

        Raises:
            StoreError: If the folder cannot be written, the file is not a store, or a newer version wrote it.
        """
        self.root = Path(root)
        with self.errors():
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

    def __enter__(self) -> Self:
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
    def errors(self) -> Iterator[None]:
        """Let errors of SQLite and of the disk out as `StoreError`."""
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
        with self.errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def query(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Return the rows of a question."""
        with self.errors():
            return self._db.execute(sql, values).fetchall()


MIGRATIONS: dict[int, Callable[[Any], list[Path]]] = {}
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


def now() -> str:
    """Return the time in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
