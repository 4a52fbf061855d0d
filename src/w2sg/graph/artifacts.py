"""Artifacts in the store: what a step made, its arrays each kept once by the hash of their content."""

from collections.abc import Iterable, Mapping, Sequence
from logging import getLogger
from pathlib import Path
from typing import Any

from w2sg.core import AnyArray, canonical_json
from w2sg.graph.database import COSTS, MEMORY, Database, now
from w2sg.graph.entries import Finished, Result
from w2sg.graph.objects import LARGE, ArrayFiles, DamagedObjectError, decoded, digest_of, encoded
from w2sg.graph.packing import places_of, squeezed, unsqueezed
from w2sg.graph.steps import Artifact

_log = getLogger(__name__)


class ArtifactStore(Database):
    """Artifacts by key, and how they are listed."""

    def __init__(self, root: str | Path) -> None:
        """Open the store, making the folder if it is new; the errors are those of `Database`."""
        self.files = ArrayFiles(Path(root) / "objects")
        super().__init__(root)

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
        places = {name: self.object_id(*content) for name, content in contents.items()}
        key = bytes.fromhex(finished.key)
        self._db.execute(
            "INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?, ?, ?)",
            [key, finished.step, canonical_json(places), squeezed(finished.artifact.record), now()],
        )
        self._db.execute("DELETE FROM failures WHERE key = ?", [key])
        if finished.labels:
            self._remember(finished.labels, finished.artifact.record.get("took_s"))
        if (listing := finished.listing) is not None:
            about = listing.about.model_dump(mode="json")
            self.insert_result(Result(finished.key, finished.step, about, finished.seed, listing.shown, now()))

    def _remember(self, labels: Sequence[str], took_s: object) -> None:
        """Keep how long a step took, inside a transaction: a mean over the last ones like it."""
        if not isinstance(took_s, int | float):
            return
        self._db.execute(COSTS)  # a store of before has no such table
        self._db.executemany(
            "INSERT INTO costs VALUES (?, 1, ?) ON CONFLICT (label) DO UPDATE SET n = min(n + 1, ?), "
            "seconds = seconds + (excluded.seconds - seconds) / min(n + 1, ?)",
            [[label, float(took_s), MEMORY, MEMORY] for label in labels],
        )

    def costs(self, labels: Iterable[str]) -> dict[str, float]:
        """Return the mean seconds of steps of some labels, of those that were ever made here."""
        if not self.query("SELECT 1 FROM sqlite_master WHERE name = 'costs'"):
            return {}
        asked = "SELECT seconds FROM costs WHERE label = ? AND typeof(seconds) = 'real'"
        return {label: rows[0][0] for label in labels if (rows := self.query(asked, [label]))}

    def _contents(self, artifact: Artifact) -> dict[str, tuple[bytes, int, bytes | None]]:
        """Return the coded arrays of an artifact; large ones are files by then, and have no content here."""
        return {name: self._content(array) for name, array in artifact.arrays.items()}

    def _content(self, array: AnyArray) -> tuple[bytes, int, bytes | None]:
        if array.nbytes >= LARGE:
            return *self.files.write(array), None
        content = encoded(array)
        return digest_of(content), len(content), content

    def object_id(self, digest: bytes, size: int, content: bytes | None) -> int:
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
        self._db.execute(
            "INSERT INTO subjects (digest, config) VALUES (?, ?) ON CONFLICT (digest) DO UPDATE "
            "SET config = excluded.config WHERE config != excluded.config",  # one that was damaged is healed
            [digest, config],
        )
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

        Raises:
            StoreError: If a file is there and may not be read, or the store may only be read and is damaged here.
        """
        rows = self.query("SELECT arrays, record FROM artifacts WHERE key = ?", [bytes.fromhex(key)])
        if not rows:
            return None
        try:
            arrays = {name: self.array(place, mapped=mapped) for name, place in places_of(rows[0][0]).items()}
            return Artifact(arrays, unsqueezed(rows[0][1]))
        except DamagedObjectError as error:
            if self.readonly:
                raise
            _log.warning("damaged artifact, it will be made again: %s", error)
            self.forget([key])
            return None

    def record(self, key: str) -> Mapping[str, Any] | None:
        """Return what is said of an artifact, without its arrays; None if there is none.

        Raises:
            DamagedObjectError: If it is no record any more.
        """
        rows = self.query("SELECT record FROM artifacts WHERE key = ?", [bytes.fromhex(key)])
        try:
            return unsqueezed(rows[0][0]) if rows else None
        except DamagedObjectError as error:
            raise DamagedObjectError(
                f"store {self.root}: artifact {key[:12]} is damaged: {error}: 'w2sg cache gc' removes it, "
                "and the same command makes it again"
            ) from error

    def array(self, place: int, *, mapped: bool = False) -> AnyArray:
        """Return the array of an object.

        Raises:
            DamagedObjectError: If it is missing, or its content does not have its hash.
            UnreadableObjectError: If it is a file that may not be read.
        """
        rows = self.query("SELECT hash, content FROM objects WHERE id = ?", [place])
        if not rows:
            raise DamagedObjectError(f"object {place} of {self.root} is missing")
        digest, content = rows[0]
        if not isinstance(digest, bytes) or not isinstance(content, bytes | None):
            raise DamagedObjectError(f"object {place} of {self.root}: its row is damaged")
        if content is None:
            return self.files.read(digest, mapped=mapped)
        if digest_of(content) != digest:
            raise DamagedObjectError(f"object {place} of {self.root}: the content does not have its hash")
        return decoded(content)

    def having(self, keys: Iterable[str]) -> set[str]:
        """Return those of some keys under which there is an artifact."""
        return {key for key in keys if self.query("SELECT 1 FROM artifacts WHERE key = ?", [bytes.fromhex(key)])}

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
        sizes = dict(self.query("SELECT id, bytes FROM objects"))
        rows = self.query("SELECT key, step, arrays, created FROM artifacts ORDER BY key")
        return [
            {
                "key": key.hex(),
                "step": step,
                "objects": (places := _known_places(arrays)),
                "bytes": sum(sizes.get(place, 0) for place in places),
                "created": created,
            }
            for key, step, arrays, created in rows
            if isinstance(key, bytes)
        ]


def _known_places(arrays: object) -> list[int]:
    """Return the objects of an artifact; none where its row is damaged, which `verify` says."""
    try:
        return list(places_of(arrays).values())
    except DamagedObjectError:
        return []
