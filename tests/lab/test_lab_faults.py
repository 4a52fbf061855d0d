"""Disks that are full, read-only or broken: a stated error, nothing lost, and a re-run completes."""

import errno
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from lab_data import SMALL, WINE, accuracies, run_small

from w2sg.core import StoreError
from w2sg.graph import Store, artifacts, objects
from w2sg.lab import run

ONE = {"seeds": 1, "methods": ["naive", "naive-hard"]}
MOST_WRITES = 60
"""More files and commits than the small study makes."""


@pytest.fixture
def in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every array in a file of its own, as large ones are."""
    monkeypatch.setattr(artifacts, "LARGE", 0)


@pytest.mark.usefixtures("in_files")
def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = run_small(tmp_path, **ONE)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(StoreError, match="No space left on device: free space or choose another --store"):
            run_small(tmp_path, seeds=2, methods=["naive"])
    with Store(tmp_path) as store:
        assert not any(store.verify().values())
        assert len(store.results()) == 2
    assert accuracies(run_small(tmp_path, **ONE)) == accuracies(before)


def test_a_file_size_limit_is_exit_code_3_and_a_message(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "w2sg", "run", "--task", "wine", "--seeds", "1", "--store", str(tmp_path / "s")]
    limit = (20_000, 20_000)
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="check the disk and its rights, or choose another --store"):
            Store(tmp_path / "store")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a read-only disk, also where root runs the tests: root ignores the rights of folders."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match="Read-only file system: check the disk and its rights"):
        Store(tmp_path / "store")


def test_a_database_that_becomes_read_only_is_said(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.database.execute("PRAGMA query_only=ON")
        with pytest.raises(StoreError, match="readonly database"):
            store.put_collection("s", {}, [])
        with pytest.raises(StoreError, match="readonly database"):
            store.forget(["00"])


def test_a_store_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"store .*file: .*File exists.* choose another --store"):
        Store(tmp_path / "file")


def test_a_database_that_is_none_is_said_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"this is no database at all, it is a text" * 50)
    content = (tmp_path / "store.db").read_bytes()
    with pytest.raises(StoreError, match="file is not a database"):
        Store(tmp_path)
    assert (tmp_path / "store.db").read_bytes() == content


def test_a_truncated_database_is_said(tmp_path: Path) -> None:
    run_small(tmp_path, **ONE)
    with Store(tmp_path) as store:
        store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = (tmp_path / "store.db").read_bytes()
    (tmp_path / "store.db").write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError, match="malformed"):
        run_small(tmp_path, **ONE)


@pytest.mark.parametrize("value", ["99", "x"])
def test_a_store_of_another_kind_is_refused(value: str, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.database.execute("UPDATE meta SET value = ? WHERE name = 'schema'", [value])
    message = r"written by a newer w2sg \(schema 99" if value == "99" else "its store.db is not of w2sg"
    with pytest.raises(StoreError, match=message):
        Store(tmp_path)


def test_a_store_of_another_program_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.db") as other:
        other.execute("CREATE TABLE meta (name TEXT, value TEXT)")
    other.close()
    with pytest.raises(StoreError, match=r"its store.db is not of w2sg"):
        Store(tmp_path)


def test_a_locked_store_is_waited_for_and_then_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **given: connect(path, **{**given, "timeout": 0.05}))
    with Store(tmp_path) as first, Store(tmp_path) as second:
        first.database.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="database is locked"):
            second.put_collection("s", {}, [])
        first.database.execute("ROLLBACK")
        second.put_collection("s", {}, [])
        assert first.collections() == ["s"]


class Countdown:
    """Lets the n-th write fail, before or after it is done."""

    def __init__(self, n: int, *, after: bool) -> None:
        self.left, self.after, self.failed = n, after, False

    def around(self, write: Callable[[], Any]) -> Any:
        self.left -= 1
        if self.left:
            return write()
        self.failed = True
        if self.after:
            write()
        raise OSError(errno.EIO, "Input/output error")


@contextmanager
def failing(countdown: Countdown, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Count every file put in its place and every commit, and let one fail."""
    replace = os.replace
    transaction = Store.transaction

    @contextmanager
    def counted(self: Store) -> Iterator[None]:
        with self.errors():
            if countdown.after:
                with transaction(self):
                    yield
                countdown.around(lambda: None)
            else:
                with transaction(self):
                    yield
                    countdown.around(lambda: None)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", lambda one, two: countdown.around(lambda: replace(one, two)))
        patched.setattr(Store, "transaction", counted)
        yield


@pytest.mark.usefixtures("in_files")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whichever_write_fails_the_store_is_clean_and_a_second_try_completes(
    after: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One method has every kind of step; a second one would only have more of them.
    one = {**ONE, "methods": ["naive"]}
    expected = accuracies(run_small(tmp_path / "whole", **one))
    for n in range(1, MOST_WRITES):
        folder = tmp_path / f"{n}"
        countdown = Countdown(n, after=after)
        with failing(countdown, monkeypatch), suppress(StoreError):
            run_small(folder, **one)
        with Store(folder) as store:
            found = store.verify()
            assert not found["damaged"]
            assert not found["database"]
            assert not found["leftovers"]
            acknowledged = {result.key for result in store.results()}
        again = run_small(folder, **one)
        assert not again.failed
        assert accuracies(again) == expected
        assert acknowledged <= {key for result in again.results for key in result.run_ids}
        if not countdown.failed:
            break
    else:
        pytest.fail(f"the study makes more than {MOST_WRITES} writes")
    assert n > 8


@pytest.mark.usefixtures("in_files")
def test_a_half_written_file_is_a_leftover_and_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        os.link(_[0], f"{_[0]}.kept.part")  # type: ignore[arg-type]
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", stop)
        with pytest.raises(StoreError, match="Input/output error"):
            run_small(tmp_path, **ONE)
    with Store(tmp_path) as store:
        assert len(store.verify()["leftovers"]) == 1
        assert store.collect_garbage()["n_files"] == 1
        assert not any(store.verify().values())


@pytest.mark.usefixtures("in_files")
def test_runs_whose_files_are_removed_as_fast_as_they_are_made_end_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = objects.ArrayFiles.write

    def vanish(self: objects.ArrayFiles, array: Any) -> tuple[bytes, int]:
        digest, size = write(self, array)
        self.remove(digest)
        return digest, size

    monkeypatch.setattr(objects.ArrayFiles, "write", vanish)
    with pytest.raises(StoreError, match="1 runs were made twice and cannot be read"):
        run(WINE, student=SMALL, seeds=1, store=tmp_path)


def test_memory_that_is_exhausted_is_a_failed_run_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from w2sg.students import Linear

    def short(*_: object) -> None:
        raise MemoryError("Unable to allocate 80 GiB")

    both = {"students": [SMALL, "knn"], "supervisors": ["simulated-uniform"], "seeds": 1, "methods": ["naive"]}
    with monkeypatch.context() as patched:
        patched.setattr(Linear, "fit_many", short)
        found = run_small(tmp_path, **both)
    assert [result.label["student"] for result in found.results] == ["knn"]
    (failure,) = found.failed
    assert failure.label["student"] == "nystroem(count=12)"
    assert failure.reason == ("memory is exhausted (Unable to allocate 80 GiB): use fewer workers, or smaller data")
    whole = run_small(tmp_path, **both)
    assert whole.steps_done == {"student": 1 + 1, "ceiling": 1, "score": 1}, "and the direct student"
    assert not whole.failed


def test_a_file_that_is_broken_under_one_task_ends_only_its_runs(tmp_path: Path) -> None:
    """It is named by its own setup, and what was given is said to be at fault."""
    (tmp_path / "rows.csv").write_text("label,a\nyes,1\nno,broken\nyes,3\nno,4\n")
    broken = {"kind": "files", "path": str(tmp_path / "rows.csv"), "students": ["linear"]}
    gone = {"kind": "files", "path": str(tmp_path / "gone.csv"), "students": ["linear"]}
    found = run_small(tmp_path / "store", tasks=[WINE, broken, gone], seeds=1, methods=["naive"])
    assert [result.label["task"] for result in found.results] == ["wine(supervision=30, transfer=60)"]
    assert [failure.bad_input for failure in found.failed] == [True, True]
    assert "rows.csv" in str(found.failed[0])
    assert "gone.csv" in str(found.failed[1])
    assert accuracies(found) == accuracies(run_small(tmp_path / "alone", seeds=1, methods=["naive"]))
