"""Old stores that were damaged: they are taken over without what is lost, or stay whole and say why not."""

import hashlib
import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from w2sg import lab  # noqa: F401 - it knows how old stores are taken over
from w2sg.core import StoreError
from w2sg.graph import Store

OLD = Path(__file__).parents[1] / "lab" / "stores" / "v1" / "store.zip"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with zipfile.ZipFile(OLD) as packed:
        packed.extractall(tmp_path / "old")
    return tmp_path / "old"


def sql(folder: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(folder / "store.db") as database:
        database.execute(statement, values)
    database.close()


def runs_of(folder: Path) -> int:
    with Store(folder) as store:
        assert not any(store.verify().values())
        return len(store.results())


def by_hand(folder: Path, content: bytes) -> None:
    """Name a file made by hand, with its right hash, as the evidence of all runs."""
    name = hashlib.sha256(content).hexdigest()
    path = folder / "objects" / name[:2] / f"{name}.npz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    sql(folder, "UPDATE artifacts SET object = ? WHERE step = 'score'", name)


def archive(array: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, x=np.asarray(array, dtype=object))
    return file.getvalue()


def bent(change: Callable[[bytes], bytes]) -> bytes:
    file = io.BytesIO()
    np.savez(file, x=np.arange(3))
    return change(file.getvalue())


MADE = {
    "objects": archive([{"a": 1}]),
    "nothing": b"",
    "no archive": b"PK\x03\x04" + bytes(50),
    "half an archive": bent(lambda content: content[: len(content) // 2]),
    "a header that runs on": bent(lambda content: content.replace(b"(3,)", b"((((")),
    "a header of a number": bent(lambda content: content.replace(b"'<i8'", b"'<08'")),
    "another way to pack": bent(lambda content: content.replace(b"PK\x01\x02\x2d\x03\x2d", b"PK\x01\x02\x2d\x03\xff")),
}


@pytest.mark.parametrize("name", MADE)
def test_evidence_made_by_hand_is_left_out_and_the_runs_are_kept(name: str, folder: Path) -> None:
    by_hand(folder, MADE[name])
    assert runs_of(folder) == 5
    with Store(folder) as store:
        assert all(not made.arrays for key in store.results() if (made := store.get(key.key)) is not None)


@pytest.mark.parametrize("name", ["../../outside", "/dev/zero", "..", "", "0" * 64])
def test_a_row_names_no_file_outside(name: str, folder: Path) -> None:
    outside = folder.parent / "outside.npz"
    outside.write_bytes(b"mine")
    sql(folder, "UPDATE artifacts SET object = ? WHERE step = 'score'", name)
    assert runs_of(folder) == 5
    assert outside.read_bytes() == b"mine"


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_plain_file_is_left_out(kind: str, folder: Path) -> None:
    """And what a link stands for stays."""
    outside = folder.parent / "outside"
    outside.mkdir()
    for place, file in enumerate(sorted(folder.rglob("*.npz"))):
        kept = file.rename(outside / f"{place}.npz")
        if kind == "link":
            file.symlink_to(kept)
        elif kind == "pipe":
            os.mkfifo(file)
        else:
            file.mkdir()
    n_files = len(list(outside.iterdir()))
    assert runs_of(folder) == 5
    assert len(list(outside.iterdir())) == n_files


def test_files_behind_a_linked_folder_stay(folder: Path) -> None:
    inner = sorted((folder / "objects").glob("??"))[0]
    kept = inner.rename(folder.parent / "kept")
    inner.symlink_to(kept)
    assert runs_of(folder) == 5
    assert list(kept.glob("*.npz"))


ROWS = {
    "a setup is no JSON": ("UPDATE runs SET setup = 'x'",),
    "a setup is a list": ("UPDATE runs SET setup = '[1]'",),
    "a result is a number": ("UPDATE runs SET result = '1'",),
    "a result has no metrics": ("UPDATE runs SET result = '{}'",),
    "a run's id is no hash": ("UPDATE runs SET id = 'xyz' WHERE id = (SELECT MIN(id) FROM runs)",),
    "a result has a number for its metrics": ("UPDATE runs SET result = ?", json.dumps({"metrics": 1})),
    "a table is gone": ("DROP TABLE studies",),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_damaged_row_is_said_and_the_store_stays_what_it_was(name: str, folder: Path) -> None:
    sql(folder, *ROWS[name])
    files = sorted(folder.rglob("*.npz"))
    with pytest.raises(StoreError, match="has a damaged row and stays as it is|no such table"):
        Store(folder)
    assert sorted(folder.rglob("*.npz")) == files
    with sqlite3.connect(folder / "store.db") as database:
        assert database.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone() == ("1",)
    database.close()


def test_evidence_that_may_not_be_read_is_not_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    files = sorted(folder.rglob("*.npz"))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refuse)
        with pytest.raises(StoreError, match="Permission denied"):
            Store(folder)
    assert sorted(folder.rglob("*.npz")) == files
    assert runs_of(folder) == 5
