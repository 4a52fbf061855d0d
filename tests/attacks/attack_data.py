"""What the attacks share: a small store with a ledger, and how it is damaged by hand."""

import io
import os
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from w2sg.graph.objects import digest_of

STUDY = """
seeds = 2
tasks = [{kind = "wine", supervision = 30, transfer = 60}]
students = [{kind = "nystroem", features = {count = 12}}]
methods = ["naive", "audited-trust"]
"""
FREE = "DROP TRIGGER ledger_is_not_rewritten"
"""Who can write the file can write anything into it."""


class Damaged:
    """The store of a test, to be damaged."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.db = folder, folder / "store.db"
        self.objects = folder / "objects"
        self.outside = folder.parent / "outside"
        self.outside.mkdir()

    def sql(self, *statements: str | tuple[str, list[Any]]) -> list[Any]:
        """Change rows, and return those that the last statement gives."""
        database = sqlite3.connect(self.db, isolation_level=None)
        try:
            for statement in statements:
                rows = database.execute(*((statement,) if isinstance(statement, str) else statement)).fetchall()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return rows
        finally:
            database.close()

    def rewritten(self, change: Callable[[bytes], bytes]) -> None:
        """Change the bytes of the database."""
        self.sql("SELECT 1")
        self.db.write_bytes(change(self.db.read_bytes()))

    def file(self, place: int = 0) -> Path:
        """A large array's file."""
        return sorted(self.objects.glob("??/*.npy"))[place]

    def instead(self, path: Path, put: Callable[[Path], object]) -> None:
        """Put something else in the place of a file or folder, which is kept outside."""
        shutil.move(path, self.outside / "kept")
        put(path)

    def linked(self, path: Path) -> None:
        """Put a link in the place of a file or folder, to where it is kept outside."""
        self.instead(path, lambda place: place.symlink_to(self.outside / "kept"))

    def by_hand(self, content: bytes, *, in_file: bool) -> None:
        """Write an array made by hand, with its right hash, in the place of another one."""
        digest = digest_of(content)
        kind = f"content IS {'' if in_file else 'NOT '}NULL"
        kind += " AND id NOT IN (SELECT chosen FROM ledger WHERE chosen NOT NULL)"
        ((place,),) = self.sql(f"SELECT MIN(id) FROM objects WHERE {kind}")  # noqa: S608
        self.sql(
            ("UPDATE objects SET hash = ?, content = ? WHERE id = ?", [digest, None if in_file else content, place])
        )
        if in_file:
            path = self.objects / digest.hex()[:2] / f"{digest.hex()}.npy"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)


def record(text: str) -> str:
    """A statement that writes a record of the student's step."""
    return f"UPDATE artifacts SET record = x'{zlib.compress(text.encode()).hex()}' WHERE step = 'student'"


def pickled() -> bytes:
    """A file of an array of objects, which cannot be read without running what it says."""
    file = io.BytesIO()
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return file.getvalue()


def npy_of(shape: str) -> bytes:
    """A file that says it holds an array of a shape, and holds 16 bytes."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(16)


def packed(name: bytes, *shape: int, body: bytes = bytes(16), coding: int = 0) -> bytes:
    """A packed array made by hand."""
    head = bytes([coding, len(name), len(shape)])
    return head + name + b"".join(n.to_bytes(8, "little", signed=True) for n in shape) + body


def swapped(first: Path, second: Path) -> None:
    """Exchange two files."""
    between = first.with_suffix(".between")
    os.rename(first, between)
    os.rename(second, first)
    os.rename(between, second)
