"""The store: what is known of artifacts, results, failures and releases of ground truth, and its care."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from logging import getLogger
from pathlib import Path
from typing import Any

import numpy as np

from w2sg.core import AnyArray, InputError
from w2sg.graph.artifacts import ArtifactStore
from w2sg.graph.database import CACHED, LISTED, now
from w2sg.graph.entries import LedgerEntry, Result
from w2sg.graph.objects import DamagedObjectError, UnreadableObjectError, digest_of, encoded
from w2sg.graph.packing import table_of
from w2sg.graph.rows import wrong_rows

_log = getLogger(__name__)

MOST = 2**63 - 1
"""SQLite knows no larger number."""

OBJECT = "object "
"""What a report of `verify` calls an array inside the database; its number follows."""


class Store(ArtifactStore):
    """A folder with `store.db` and `objects/`.

    Thread-safety and ownership: a Store belongs to the thread that made it; every process and thread opens its own on
    the same folder. Any number may read and write at once: writes are immediate transactions with full synchronisation,
    so what was acknowledged survives `kill -9` and a power cut; a large array's file that a power cut spoils is noticed
    by its hash and made again. The folder must be on a local disk.
    """

    # failures

    def put_failure(self, key: str, step: str, reason: str) -> None:
        """Write down why a step could not be computed; it is tried again when it is next asked for."""
        with self.transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)", [bytes.fromhex(key), step, reason, now()]
            )

    def failures(self) -> dict[str, tuple[str, str]]:
        """Return kind and reason of the steps that failed and were not made since, by key."""
        return {key.hex(): (step, why) for key, step, why in self.query("SELECT key, step, reason FROM failures")}

    # results

    def results(
        self,
        keys: Iterable[str] | None = None,
        *,
        where: Mapping[str, str | float] | None = None,
        also: Mapping[str, Sequence[str]] | None = None,
        member_of: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        step: str = "score",
        without: str | None = None,
    ) -> list[Result]:
        """Return results: those of some keys, or those of a kind of step that fit, the newest or the largest first.

        Args:
            keys: Only these, in their order.
            where: What `shown` must hold, by name; `seed` is the seed.
            also: By a name of `where`, digests of what results may be about instead of holding its text.
            member_of: Only those of this collection.
            sort: Sort by this name, the largest first; what has none is left out. None sorts by age, newest first.
            limit: At most so many.
            step: The kind of step.
            without: Leave out those that show something under this name.

        Raises:
            InputError: If a name is no name.
            StoreError: If a row of them is damaged.
        """
        select = (
            "SELECT results.key, results.step, subjects.config, results.seed, results.shown, results.created "
            "FROM results JOIN subjects ON subjects.id = results.subject"
        )
        if keys is not None:
            rows = [row for key in keys for row in self.query(f"{select} WHERE key = ?", [bytes.fromhex(key)])]
            return [self._result(row) for row in rows]
        conditions, values = ["results.step = ?"], [step]
        for name, value in (where or {}).items():
            condition, needed = _condition(name, value, (also or {}).get(name, ()))
            conditions.append(condition)
            values += needed
        if member_of is not None:
            conditions.append(
                "results.key IN "
                "(SELECT key FROM members WHERE collection = (SELECT id FROM collections WHERE name = ?))"
            )
            values.append(member_of)
        if without is not None:
            conditions.append(f"{_shown(without)} IS NULL")
        order = "results.id DESC"
        if sort is not None:
            conditions.append(f"{_shown(sort)} IS NOT NULL")
            order = f"{_shown(sort)} DESC"
        sql = f"{select} WHERE {' AND '.join(conditions)} ORDER BY {order}"
        return [
            self._result(row)
            for row in self.query(f"{sql} LIMIT ?", [*values, -1 if limit is None else min(limit, MOST)])
        ]

    def find(self, prefix: str) -> Result | None:
        """Return the run whose key starts with `prefix` (hexadecimal), or None if there is not exactly one."""
        if not prefix or any(letter not in "0123456789abcdef" for letter in prefix):
            return None
        low = bytes.fromhex(prefix + "0" * (len(prefix) % 2))
        high = bytes.fromhex(prefix + "f" * (len(prefix) % 2)) + b"\xff" * 32
        rows = self.query("SELECT key FROM results WHERE step = 'score' AND key BETWEEN ? AND ? LIMIT 2", [low, high])
        found = self.results([rows[0][0].hex()]) if len(rows) == 1 else []
        return found[0] if found else None

    # collections

    def put_collection(self, name: str, definition: Mapping[str, Any], keys: Iterable[str]) -> None:
        """Write a named collection and which results it has; an older definition of the same name is replaced.

        Where it stands there already nothing is written, so that a store that may only be read can be asked again.
        """
        said, members = json.dumps(definition), sorted({bytes.fromhex(key) for key in keys})
        held = self.query(
            "SELECT members.key FROM members JOIN collections ON collections.id = collection "
            "WHERE name = ? AND definition = ? ORDER BY members.key",
            [name, said],
        )
        if members and [key for (key,) in held] == members:
            return
        with self.transaction():
            self._db.execute(
                "INSERT INTO collections (name, definition, created) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE "
                "SET definition = excluded.definition, created = excluded.created",
                [name, said, now()],
            )
            (place,) = self._db.execute("SELECT id FROM collections WHERE name = ?", [name]).fetchone()
            self._db.execute("DELETE FROM members WHERE collection = ?", [place])
            self._db.executemany("INSERT INTO members VALUES (?, ?)", [(place, key) for key in members])

    def collection(self, name: str) -> dict[str, Any] | None:
        """Return the definition of a collection, or None.

        Raises:
            DamagedObjectError: If its row is damaged.
        """
        rows = self.query("SELECT definition FROM collections WHERE name = ?", [name])
        with self._naming(f"study {name!r}"):
            return table_of(rows[0][0]) if rows else None

    def collections(self) -> list[str]:
        """Return the names of all collections."""
        return [row[0] for row in self.query("SELECT name FROM collections ORDER BY name")]

    def collections_of(self, key: str) -> list[str]:
        """Return the names of the collections that have a result, the newest first."""
        rows = self.query(
            "SELECT name FROM collections WHERE EXISTS "
            "(SELECT 1 FROM members WHERE collection = collections.id AND key = ?) ORDER BY created DESC, id DESC",
            [bytes.fromhex(key)],
        )
        return [name for (name,) in rows]

    # ledger

    def append(self, entries: Iterable[LedgerEntry]) -> None:
        """Append to the ledger; nothing in it is ever changed or removed."""
        with self.transaction():
            for entry in entries:
                chosen = None
                if entry.rows is not None:
                    content = encoded(_positions(entry.rows))
                    chosen = self.object_id(digest_of(content), len(content), content)
                self._db.execute(
                    "INSERT INTO ledger (place, split, purpose, n, chosen, asked_by, step, kind, created) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [entry.place, entry.split, entry.purpose, entry.n, chosen, entry.asked_by]
                    + [bytes.fromhex(entry.step), entry.kind, now()],
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
            rows = [row for key in steps for row in self.query(f"{select} WHERE step = ?", [bytes.fromhex(key)])]
            rows.sort(key=lambda row: row[-1])
        elif place is not None:
            only = " AND split = ?" if split is not None else ""
            given = [place, *([split] if split is not None else [])]
            rows = self.query(f"{select} WHERE place = ?{only} ORDER BY id", given)
        else:
            rows = self.query(f"{select} ORDER BY id DESC LIMIT ?", [-1 if last is None else min(last, MOST)])[::-1]
        return [self._entry(row) for row in rows]

    def ledger_size(self) -> int:
        """Return how many lines the ledger has."""
        return int(self.query("SELECT COUNT(*) FROM ledger")[0][0])

    def _entry(self, row: Sequence[Any]) -> LedgerEntry:
        place, split, purpose, n, chosen, asked_by, step, kind, created, line = row
        # A line whose parts are damaged stays a line: leaving it out would hide a look at the labels.
        if not isinstance(step, bytes) or not isinstance(n, int):
            _log.warning("line %d of the ledger is damaged: see 'w2sg cache verify'", line)
        n, key = n if isinstance(n, int) else 0, step.hex() if isinstance(step, bytes) else ""
        try:
            rows = None if chosen is None else tuple(self.array(chosen).tolist())
        except (DamagedObjectError, UnreadableObjectError) as error:
            _log.warning("the ledger no longer says which labels were chosen in line %d: %s", line, error)
            rows = ()
        return LedgerEntry(place, split, purpose, n, rows, asked_by, key, kind, created)

    # care

    def verify(self) -> dict[str, list[str]]:
        """Check the database, every row and every array; return what is wrong.

        Returns:
            `database`: what cannot be made again, in words. `damaged`: keys of artifacts that have to be made again.
            `unreadable`: files that are there and may not be read, of which nothing is known. `orphans`: arrays and
            files that nothing needs. `leftovers`: half-written files.
        """
        database = [row[0] for row in self.query("PRAGMA integrity_check") if row[0] != "ok"]
        bad, unreadable = self._bad_objects()
        present = {place for (place,) in self.query("SELECT id FROM objects")}
        used = {place for (place,) in self.query("SELECT chosen FROM ledger WHERE chosen IS NOT NULL")}
        lost = sorted(place for place in used if place in bad or place not in present)
        database += [f"{OBJECT}{place}: the ledger's positions of released labels are damaged" for place in lost]
        with self.errors():
            wrong = list(wrong_rows(self._db))
        database += [row.reason for row in wrong if not row.key]
        damaged = {row.key for row in wrong if row.key}
        for row in self.artifact_rows():
            used.update(row["objects"])
            if any(place in bad or place not in present for place in row["objects"]):
                damaged.add(row["key"])
        # What is no hash names no file.
        files = {digest for (digest,) in self.query("SELECT hash FROM objects WHERE content IS NULL")}
        orphans = [f"{OBJECT}{place}" for place in sorted(present - used - unreadable.keys())]
        orphans += [str(self.files.path(digest)) for digest in self.files.digests() if digest not in files]
        leftovers = [str(path) for path in self.files.leftovers()]
        return {
            "database": database,
            "damaged": sorted(damaged),
            "unreadable": sorted(unreadable.values()),
            "orphans": orphans,
            "leftovers": leftovers,
        }

    def _bad_objects(self) -> tuple[set[int], dict[int, str]]:
        """Return the arrays that are damaged, and those of which it is not known, with the reason."""
        bad: set[int] = set()
        unreadable: dict[int, str] = {}
        for (place,) in self.query("SELECT id FROM objects"):
            try:
                self.array(place, mapped=True)
            except DamagedObjectError:
                bad.add(place)
            except UnreadableObjectError as error:
                unreadable[place] = str(error)
        return bad, unreadable

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
            with self.errors():
                size = path.lstat().st_size
                path.unlink()
            removed["n_files"] += 1
            removed["bytes"] += size

        wrong = self.verify()
        self.forget(wrong["damaged"])
        self._forget_nameless()
        if stale:
            needed = self._needed()
            self.forget(
                row["key"] for row in self.artifact_rows() if row["key"] not in needed and row["step"] != CACHED
            )
            for path in sorted(self.trainings.glob("*/*")):
                if not path.parent.is_symlink() and not path.is_dir():
                    unlink(path)
            shutil.rmtree(self.trainings, ignore_errors=True)
        for path in map(Path, wrong["leftovers"]):
            unlink(path)
        for name in self.verify()["orphans"]:
            if not name.startswith(OBJECT):
                unlink(Path(name))
                continue
            place = int(name.removeprefix(OBJECT))
            ((digest, size, content),) = self.query("SELECT hash, bytes, content FROM objects WHERE id = ?", [place])
            if content is None and isinstance(digest, bytes):
                with self.errors():
                    self.files.remove(digest)
            with self.transaction():
                self._db.execute("DELETE FROM objects WHERE id = ?", [place])
            removed["n_files"] += 1
            removed["bytes"] += size
        return removed

    def _forget_nameless(self) -> None:
        """Remove results that do not say whose they are, and what is then listed nowhere: both are made anew."""
        nameless = "typeof(key) != 'blob' OR length(key) != 32"
        steps = [step for (step,) in self.query(f"SELECT DISTINCT step FROM results WHERE {nameless}")]
        if not steps:
            return
        with self.transaction():
            self._db.execute(f"DELETE FROM results WHERE {nameless}")
        listed = {key.hex() for (key,) in self.query("SELECT key FROM results")}
        self.forget(row["key"] for row in self.artifact_rows() if row["step"] in steps and row["key"] not in listed)

    def _needed(self) -> set[str]:
        """Return the keys of all results and of what they were made from."""
        needed: set[str] = set()
        todo = [key.hex() for (key,) in self.query("SELECT key FROM results")]
        while todo:
            key = todo.pop()
            if key not in needed:
                needed.add(key)
                todo += (self.record(key) or {}).get("inputs", {}).values()
        return needed

    def _result(self, row: Sequence[Any]) -> Result:
        with self._naming("a run"):
            if not isinstance(row[0], bytes) or not isinstance(row[3], int):
                raise DamagedObjectError("its key or its seed is none")
            return Result(row[0].hex(), row[1], table_of(row[2]), row[3], table_of(row[4]), row[5])

    @contextmanager
    def _naming(self, what: str) -> Iterator[None]:
        """Say of what is damaged where it is, and what to do."""
        try:
            yield
        except DamagedObjectError as error:
            raise DamagedObjectError(
                f"store {self.root}: {what} is damaged: {error}: 'w2sg cache verify' lists what is, "
                "and 'w2sg cache gc' removes it"
            ) from error


def _shown(name: str) -> str:
    if not name.isidentifier():
        raise InputError(f"results are filtered and sorted by names such as {', '.join(LISTED[:5])}, got {name!r}")
    return f"json_extract(results.shown, '$.{name}')"


def _condition(name: str, value: str | float, about: Sequence[str]) -> tuple[str, list[Any]]:
    """Return what a result must fulfil that shows a value under a name, or is about something of these digests."""
    if name == "seed":
        return "results.seed = ?", [value]
    if not isinstance(value, str):
        return f"{_shown(name)} = ?", [value]
    # A name stands for all its settings: `digits` is `digits` and `digits(test=200)`. Both are ranges of the index, for
    # ')' comes right after '('.
    condition = f"{_shown(name)} = ? OR ({_shown(name)} >= ? AND {_shown(name)} < ?)"
    values = [value, f"{value}(", f"{value})"]
    if about:
        condition += " OR lower(hex(subjects.digest)) IN (SELECT value FROM json_each(?))"
        values.append(json.dumps(about))
    return f"({condition})", values


def _positions(rows: Sequence[int]) -> AnyArray:
    return np.asarray(rows, dtype=np.int32)
