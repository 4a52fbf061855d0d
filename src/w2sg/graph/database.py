"""The store's SQLite file: its tables, its transactions, and how an older one is brought to today's form."""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from logging import getLogger
from pathlib import Path
from typing import Any, Self

from w2sg.core import InputError, StoreError

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

COSTS = "CREATE TABLE IF NOT EXISTS costs (label TEXT PRIMARY KEY, n INTEGER NOT NULL, seconds REAL NOT NULL)"
"""How long steps took, by what they are like: it foretells how long others will take, and no result depends on it."""
MEMORY = 32
"""A mean of them counts the last so many steps like it, about: machines and their load change."""

MEMORY = 32
"""A mean of seconds counts the last so many steps of a label, about: machines and their load change."""

LISTED = ("task", "supervisor", "student", "method", "pgr", "student_accuracy", "weak_accuracy", "ceiling_accuracy")
"""What results are often filtered and sorted by: these names have an index."""

_log = getLogger(__name__)


class Database:
    """The folder and its SQLite file, brought to today's tables.

    A store that may only be read is read: whoever writes to it is told.
    """

    def __init__(self, root: str | Path) -> None:
        """Open the store, making the folder if it is new and bringing an older store to today's form.

        Raises:
            StoreError: If the folder cannot be written and holds no store, the file is not a store, or a newer version
                wrote it.
        """
        self.root = Path(root)
        with self.errors():
            self.root.mkdir(parents=True, exist_ok=True)
            self._check_own_parts()
            file = self.root / "store.db"
            if any(self.root.glob("objects/*")) and not (file.exists() and file.stat().st_size):
                raise StoreError(
                    f"store {self.root}: store.db is lost, and with it the ledger of gold that was handed out: "
                    "put a copy back, or choose another --store"
                )
            self.readonly = file.exists() and not (_writable(self.root) and _writable(file))
            self._db = _read_only(file) if self.readonly else _read_and_written(file)
            # Bytes that are no text are marked, for `verify` to find; SQLite would refuse to read the row.
            self._db.text_factory = lambda content: content.decode("utf-8", "replace")
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _check_own_parts(self) -> None:
        """Raise StoreError if a part of the store is a link or no file of its own: a store names nothing outside."""
        for name in ("store.db", "objects", "training"):
            path = self.root / name
            right = path.is_file if name == "store.db" else path.is_dir
            if path.is_symlink() or (path.exists() and not right()):
                kind = "file" if name == "store.db" else "folder"
                raise StoreError(f"store {self.root}: {name} is no plain {kind} of its own: choose another --store")

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
        if not self.readonly and not self._tables():
            with self.transaction():
                if not self._tables():  # no other process was faster
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
            self._bring_up(version)

    def _bring_up(self, version: int) -> None:
        """Bring an older store to today's form."""
        migrate = MIGRATIONS.get(version)
        if migrate is None:
            raise StoreError(
                f"store {self.root} was written by an older w2sg (schema {version}): open it by a command that "
                "lists runs, such as 'w2sg runs', or choose another --store"
            )
        if self.readonly:
            raise StoreError(
                f"store {self.root} is of schema {version} and may only be read, so it cannot be brought to schema "
                f"{SCHEMA_VERSION}: copy it to a folder that may be written"
            )
        done_with: list[Path] = []
        with self.transaction():
            if self._version() == version:  # no other process was faster
                _log.warning("store %s is brought from schema %d to %d", self.root, version, SCHEMA_VERSION)
                done_with = migrate(self)
        for path in done_with:
            path.unlink(missing_ok=True)

    def _tables(self) -> int:
        return int(self._db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0])

    def _version(self) -> int | None:
        if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            return None
        row = self._db.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
        return int(row[0]) if row and re.fullmatch("[0-9]{1,9}", str(row[0])) else None

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
        """Write all that is written inside, or nothing.

        Raises:
            StoreError: If the store may only be read, or cannot be written.
        """
        if self.readonly:
            raise StoreError(
                f"store {self.root} may only be read: get the right to write it, or choose another --store"
            )
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
        """Return the rows of a question.

        Raises:
            InputError: If a value is none that a row could have, such as a number beyond 64 bits.
        """
        with self.errors():
            try:
                return self._db.execute(sql, values).fetchall()
            except (OverflowError, UnicodeEncodeError) as error:
                raise InputError(f"no row of a store has such a value: {error}") from error


MIGRATIONS: dict[int, Callable[[Any], list[Path]]] = {}
"""How an older schema is brought to today's, by its version, and which files are then not needed any more.
Entered by the room whose tables it had."""


def _writable(path: Path) -> bool:
    # Asked for who this process acts as, which is what decides whether it may write.
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _read_and_written(file: Path) -> sqlite3.Connection:
    # Made like any new file: SQLite would give it rights of its own, and the store's other files have the usual ones.
    # One that is there is never opened past SQLite, whose locks would go when it is closed.
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666))
    database = sqlite3.connect(file, timeout=60, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
    except BaseException:
        database.close()
        raise
    return database


def _read_only(file: Path) -> sqlite3.Connection:
    """Open a database that cannot be written, perhaps in a folder where SQLite cannot make the files that it wants."""
    log = file.with_name(f"{file.name}-wal")
    # Without a log nobody is writing, and all there is stands in the file itself. With one, SQLite needs its help file
    # beside it, and says so where there is none.
    unchanging = not log.exists() or not log.stat().st_size
    uri = f"{file.absolute().as_uri()}?{'immutable=1' if unchanging and not _writable(file.parent) else 'mode=ro'}"
    return sqlite3.connect(uri, uri=True, timeout=60, isolation_level=None)


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
