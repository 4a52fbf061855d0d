"""Stores that may only be read, or not even that: what can be read is shown, and nothing is taken for damaged."""

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pytest
from attack_data import STUDY
from cli_data import Command

from w2sg.cli import console
from w2sg.core import InputError, StoreError
from w2sg.graph import Artifact, Finished, Store, artifacts
from w2sg.graph import database as database_module
from w2sg.lab import Study, study
from w2sg.report import page_target

KEY = "11" * 32
NOBODY = 65534

Unprivileged = Callable[[], AbstractContextManager[None]]


@contextmanager
def as_nobody() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def unprivileged() -> Unprivileged:
    """Act as somebody whom the rights of files stop: root becomes another user for a while."""
    return as_nobody if os.getuid() == 0 else nullcontext


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that others may look into: those of pytest are for their owner alone."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    for path in made.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    shutil.rmtree(made)


@pytest.fixture
def kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with an array in a file."""
    monkeypatch.setattr(artifacts, "LARGE", 0)
    with Store(folder / "s") as store:
        store.put([Finished(KEY, "s", Artifact({"x": np.arange(5)}, {"n": 1}))])
    return folder / "s"


def test_all_files_of_a_store_have_the_mode_of_new_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "LARGE", 0)
    before = os.umask(0o027)
    try:
        with Store(folder / "s") as store:
            store.put([Finished(KEY, "s", Artifact({"x": np.arange(5)}))])
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.root.rglob("*") if path.is_file()}
    finally:
        os.umask(before)
    assert len(modes) == 4
    assert set(modes.values()) == {0o640}


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_that_may_not_be_read_is_not_damaged_and_stays(
    what: str, kept: Path, unprivileged: Unprivileged
) -> None:
    (file,) = kept.glob("objects/??/*.npy")
    (file if what == "file" else file.parent).chmod(0o000)
    with unprivileged(), Store(kept) as store:
        with pytest.raises(StoreError, match="cannot be read: Permission denied: it is left as it is"):
            store.get(KEY)
        found = store.verify()
        assert len(found.pop("unreadable")) == 1
        assert not any(found.values())
        assert store.having([KEY])
    file.parent.chmod(0o755)
    assert file.exists()
    with Store(kept) as store:
        file.chmod(0o644)
        assert store.get(KEY) is not None


def test_garbage_collection_leaves_what_may_not_be_read(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a disk answers with errors for a while."""
    (file,) = kept.glob("objects/??/*.npy")
    opened = Path.open

    def refuse(self: Path, *given: object, **named: object) -> object:
        if self == file:
            raise OSError(5, "Input/output error")
        return opened(self, *given, **named)  # type: ignore[call-overload]

    with Store(kept) as store:
        store.put([Finished("22" * 32, "s", Artifact({"gone": np.arange(3)}))])
        with monkeypatch.context() as patched:
            patched.setattr(Path, "open", refuse)
            assert store.collect_garbage()["n_files"] == 0
            store.forget([KEY])
            assert store.collect_garbage()["n_files"] == 0
        assert file.exists()
        assert store.collect_garbage()["n_files"] == 1


@pytest.mark.parametrize("log", ["folded", "open", "without its help file"])
@pytest.mark.parametrize("mode", [0o555, 0o755], ids=["folder too", "file alone"])
def test_a_store_that_may_only_be_read_is_read(log: str, mode: int, kept: Path, unprivileged: Unprivileged) -> None:
    writer = Store(kept)
    writer.put([Finished("22" * 32, "s", Artifact({"y": np.arange(3)}))])
    if log == "folded":
        writer.close()
    if log == "without its help file":
        (kept / "store.db-shm").unlink()
    (kept / "store.db").chmod(0o444)
    kept.chmod(mode)
    with unprivileged(), Store(kept) as store:
        for key in (KEY, "22" * 32):
            assert store.get(key) is not None
        assert not any(store.verify().values())
        with pytest.raises(StoreError, match=r"may only be read: get the right to write it"):
            store.forget([KEY])
        with pytest.raises(StoreError, match=r"may only be read: get the right to write it"):
            store.put_collection("s", {}, [KEY])
    kept.chmod(0o755)
    writer.close()


def test_damage_in_a_store_that_may_only_be_read_is_said(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = kept.glob("objects/??/*.npy")
    file.write_bytes(b"x")
    monkeypatch.setattr(database_module, "_writable", lambda path: False)
    with Store(kept) as store, pytest.raises(StoreError, match="does not have the hash in its name"):
        store.get(KEY)
    with Store(kept) as store:
        assert store.verify()["damaged"] == [KEY]
        with pytest.raises(StoreError, match="may only be read"):
            store.collect_garbage()


def test_an_older_store_that_may_only_be_read_is_said_and_stays(kept: Path, unprivileged: Unprivileged) -> None:
    with Store(kept) as store:
        store.database.execute("UPDATE meta SET value = '1'")
    kept.chmod(0o555)
    with unprivileged(), pytest.raises(StoreError, match="of schema 1 and may only be read.*copy it to a folder"):
        Store(kept)


def test_folders_that_cannot_be_looked_into_are_said(folder: Path, unprivileged: Unprivileged) -> None:
    (folder / "closed").mkdir(mode=0o700)
    with unprivileged():
        with pytest.raises(InputError, match="cannot be looked at: Permission denied: choose another --store"):
            console.existing_store(folder / "closed" / "s")
        with pytest.raises(InputError, match="cannot be looked at: Permission denied: choose another path"):
            page_target(folder / "closed" / "s" / "r.html")


@pytest.mark.parametrize("command", ["runs", "show", "ledger", "report", "study", "league"])
def test_commands_that_look_work_on_it(
    command: str, folder: Path, w2sg: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A study that is complete is shown too, because nothing of it has to be written."""
    (folder / "s.toml").write_text(STUDY.replace('"audited-trust"', '"confidence"'))
    made = study(Study.read(folder / "s.toml"), store=folder / ".w2sg", workers=1)
    run = made.results[0].run_ids[0]
    monkeypatch.chdir(folder)
    monkeypatch.setattr(database_module, "_writable", lambda path: path.name not in (".w2sg", "store.db"))
    files = {path: path.read_bytes() for path in (folder / ".w2sg").rglob("*") if path.is_file()}
    given = {
        "runs": ["--json"],
        "show": [run[:12], "--json"],
        "ledger": [run[:12], "--json"],
        "report": ["s", "-o", "r.html"],
        "study": ["s.toml", "--json"],
        "league": ["s"],
    }
    assert w2sg(command, *given[command]).code == 0
    assert {path: path.read_bytes() for path in files} == files


def test_a_study_that_lacks_runs_says_that_they_cannot_be_kept(
    folder: Path, w2sg: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "s.toml").write_text(STUDY)
    Store(folder / ".w2sg").close()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(database_module, "_writable", lambda path: False)
    done = w2sg("study", "s.toml", "--json")
    assert (done.code, done.out) == (3, "")
    assert "may only be read: get the right to write it, or choose another --store" in done.err


def test_a_store_that_another_process_locks_is_read(kept: Path) -> None:
    other = sqlite3.connect(kept / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Store(kept) as store:
        assert store.get(KEY) is not None
        assert not any(store.verify().values())
    other.execute("ROLLBACK")
    other.close()
