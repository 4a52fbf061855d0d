"""Whatever happens to a store: one message or the same numbers again, never another number, and `verify` finds it.

Each damage is looked at in the same way. `cache verify` must find it; what lists and shows must give the numbers of the
whole store or say what is wrong; and the study must come out as it was, or say why it cannot.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attack_data import FREE, STUDY, Damaged, npy_of, packed, pickled, record, swapped
from cli_data import Command

from w2sg.graph import Store, artifacts
from w2sg.lab import Study, study

IN_FILES = 150
"""Arrays of so many bytes are files here, so that a small study has some of both kinds."""
SHOWN = ("weak_accuracy", "student_accuracy", "ceiling_accuracy", "pgr")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """A store with a study, and what its runs show."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "s.toml").write_text(STUDY)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(artifacts, "LARGE", IN_FILES)
        study(Study.read(folder / "s.toml"), store=folder / ".w2sg", workers=1)
        with Store(folder / ".w2sg") as store:
            runs = [{"id": run.key, "seed": run.seed, **run.shown} for run in store.results()]
            assert not any(store.verify().values())
        assert len(runs) == 4
        yield folder, sorted(runs, key=lambda run: str(run["id"]))


@pytest.fixture
def store(whole: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> Damaged:
    """A copy of it where commands look for one."""
    shutil.copytree(whole[0], tmp_path, dirs_exist_ok=True)
    return Damaged(tmp_path / ".w2sg")


Damage = Callable[[Damaged], object]
AGAIN: dict[str, Damage] = {
    "record is no bytes": lambda s: s.sql("UPDATE artifacts SET record = 'text' WHERE step = 'score'"),
    "record cannot be unpacked": lambda s: s.sql("UPDATE artifacts SET record = x'0102' WHERE step = 'score'"),
    "arrays of an artifact are no JSON": lambda s: s.sql("UPDATE artifacts SET arrays = 'x' WHERE step = 'score'"),
    "arrays of an artifact are nested deep": lambda s: s.sql(
        ("UPDATE artifacts SET arrays = ? WHERE step = 'score'", ["[" * 100_000])
    ),
    "an artifact names a path": lambda s: s.sql(
        """UPDATE artifacts SET arrays = '{"x": "../../etc/passwd"}' WHERE step = 'score'"""
    ),
    "an artifact names an array that is not there": lambda s: s.sql(
        """UPDATE artifacts SET arrays = '{"x": 99999}' WHERE step = 'score'"""
    ),
    "an artifact names a number beyond 64 bits": lambda s: s.sql(
        f"""UPDATE artifacts SET arrays = '{{"x": {10**30}}}' WHERE step = 'score'"""
    ),
    "small arrays are zeros": lambda s: s.sql("UPDATE objects SET content = zeroblob(40) WHERE content IS NOT NULL"),
    "small arrays are texts": lambda s: s.sql("UPDATE objects SET content = 'abc' WHERE content IS NOT NULL"),
    "a bit of small arrays is flipped": lambda s: s.sql(
        "UPDATE objects SET content = substr(content, 1, length(content) - 1) || x'07' WHERE content IS NOT NULL"
    ),
    "small arrays are gone": lambda s: s.sql("DELETE FROM objects WHERE content IS NOT NULL"),
    "small arrays are said to be files": lambda s: s.sql("UPDATE objects SET content = NULL"),
    "contents of small arrays are exchanged": lambda s: s.sql(
        "UPDATE objects SET content = (SELECT other.content FROM objects AS other WHERE other.id != objects.id AND "
        "other.content IS NOT NULL ORDER BY other.id DESC LIMIT 1) WHERE content IS NOT NULL"
    ),
    "hashes are texts that name a path": lambda s: s.sql("UPDATE objects SET hash = '../../' || id"),
    "hashes are short": lambda s: s.sql("UPDATE objects SET hash = CAST(id AS BLOB)"),
    "a small array of objects made by hand": lambda s: s.by_hand(packed(b"|O", 2), in_file=False),
    "a small array that says it is huge": lambda s: s.by_hand(packed(b"<f8", 2**40, 2**20), in_file=False),
    "a small array of negative size": lambda s: s.by_hand(packed(b"<f8", -1, -2), in_file=False),
    "a small array of no dtype": lambda s: s.by_hand(packed(b"<f8,(9)O", 2), in_file=False),
    "a small array that is cut": lambda s: s.by_hand(packed(b"<f8", 3), in_file=False),
    "a file is cut": lambda s: s.file().write_bytes(s.file().read_bytes()[:100]),
    "a bit of a file is flipped": lambda s: s.file().write_bytes(s.file().read_bytes()[:-1] + b"\x07"),
    "a file is empty": lambda s: s.file().write_bytes(b""),
    "a file is gone": lambda s: s.file().unlink(),
    "two files are exchanged": lambda s: swapped(s.file(0), s.file(1)),
    "a file is a link to the same content outside": lambda s: s.linked(s.file()),
    "a file is a link to itself": lambda s: s.instead(s.file(), lambda file: file.symlink_to(file)),
    "a file is a link to a device": lambda s: s.instead(s.file(), lambda file: file.symlink_to("/dev/zero")),
    "a file is a pipe": lambda s: s.instead(s.file(), os.mkfifo),
    "a file of objects made by hand": lambda s: s.by_hand(pickled(), in_file=True),
    "a file that says it is huge": lambda s: s.by_hand(npy_of("(1099511627776, 1048576)"), in_file=True),
    "a file whose header runs on": lambda s: s.by_hand(npy_of("(" * 90), in_file=True),
    "a file that is no array": lambda s: s.by_hand(b"PK\x03\x04" + bytes(100), in_file=True),
    "all files are gone": lambda s: shutil.rmtree(s.objects),
}
"""What is made again when it is asked for."""

FOUND: dict[str, Damage] = {
    "record of a student is no JSON": lambda s: s.sql(record("no json")),
    "record of a student is a list": lambda s: s.sql(record("[1]")),
    "record of a student names a path as its input": lambda s: s.sql(record('{"inputs": {"labels": "../x"}}')),
    "a result has no artifact": lambda s: s.sql("DELETE FROM artifacts WHERE step = 'score'"),
    "a result has no subject": lambda s: s.sql("DELETE FROM subjects"),
    "a subject is no JSON": lambda s: s.sql("UPDATE subjects SET config = 'x'"),
    "a subject was changed": lambda s: s.sql("UPDATE subjects SET config = replace(config, '12', '13')"),
    "a result's key is a text": lambda s: s.sql("UPDATE results SET key = hex(key)"),
    "a seed is a text": lambda s: s.sql("UPDATE results SET seed = 'x'"),
    "a time is bytes that are no text": lambda s: s.sql("UPDATE results SET created = CAST(x'ff' AS TEXT)"),
    "a study is no JSON": lambda s: s.sql("UPDATE collections SET definition = 'x'"),
    "a member's key is a text": lambda s: s.sql("UPDATE members SET key = hex(key)"),
    "positions in the ledger are gone": lambda s: s.sql(FREE, "UPDATE ledger SET chosen = 9999 WHERE chosen NOT NULL"),
    "positions in the ledger are a text": lambda s: s.sql(FREE, "UPDATE ledger SET chosen = 'x' WHERE chosen NOT NULL"),
    "a number in the ledger is a text": lambda s: s.sql(FREE, "UPDATE ledger SET n = 'many' WHERE id = 1"),
    "a step in the ledger is a text": lambda s: s.sql(FREE, "UPDATE ledger SET step = 'x' WHERE id = 1"),
    "a file is a folder": lambda s: s.instead(s.file(), Path.mkdir),
    "an artifact's key is a text": lambda s: s.sql("UPDATE artifacts SET key = hex(key) WHERE step = 'labels'"),
}
"""What nobody needs for the numbers of the study: it is found, and reading says so or goes on."""

TOLD: dict[str, tuple[Damage, str]] = {
    "empty database": (lambda s: s.rewritten(lambda old: b""), "store.db is lost"),
    "database gone": (lambda s: s.db.unlink(), "store.db is lost"),
    "database of 100 bytes": (lambda s: s.rewritten(lambda old: old[:100]), "malformed|not a database|disk image"),
    "half a database": (lambda s: s.rewritten(lambda old: old[: len(old) // 2]), "malformed"),
    "no database": (lambda s: s.rewritten(lambda old: b"text" * 999), "not a database"),
    "header of zeros": (lambda s: s.rewritten(lambda old: bytes(100) + old[100:]), "not a database"),
    "pages of zeros": (lambda s: s.rewritten(lambda old: old[:4096] + bytes(40960) + old[45056:]), "malformed"),
    "newer schema": (lambda s: s.sql("UPDATE meta SET value = '99'"), "written by a newer w2sg"),
    "schema is a word": (lambda s: s.sql("UPDATE meta SET value = 'x'"), "is not of w2sg"),
    "schema is a raised digit": (lambda s: s.sql("UPDATE meta SET value = '²'"), "is not of w2sg"),
    "schema has 5000 digits": (lambda s: s.sql(f"UPDATE meta SET value = '{'9' * 5000}'"), "is not of w2sg"),
    "schema 0": (lambda s: s.sql("UPDATE meta SET value = '0'"), "written by an older w2sg"),
    "schema 1 without its tables": (lambda s: s.sql("UPDATE meta SET value = '1'"), "no such (index|table)"),
    "no schema": (lambda s: s.sql("DELETE FROM meta"), "is not of w2sg"),
    "another program's database": (lambda s: s.sql("DROP TABLE meta"), "is not of w2sg"),
    "no artifacts": (lambda s: s.sql("DROP TABLE artifacts"), "no such table"),
    "no ledger": (lambda s: s.sql("DROP TABLE ledger"), "no such table"),
    "database is a folder": (lambda s: s.instead(s.db, Path.mkdir), "store.db is no plain file|store.db is lost"),
    "database is a pipe": (lambda s: s.instead(s.db, os.mkfifo), "store.db is no plain file"),
    "database is a link": (lambda s: s.linked(s.db), "store.db is no plain file"),
    "objects is a file": (lambda s: s.instead(s.objects, Path.touch), "objects is no plain folder"),
    "objects is a link": (lambda s: s.linked(s.objects), "objects is no plain folder"),
    "training is a link": (lambda s: (s.folder / "training").symlink_to(s.outside), "training is no plain folder"),
    "the store is a file": (lambda s: s.instead(s.folder, Path.touch), "File exists|no store"),
}
"""What nobody can make again: the study says so, in words that name it."""


def numbers(found: Any) -> list[dict[str, Any]]:
    return sorted(({name: run[name] for name in ("id", "seed", *SHOWN)} for run in found), key=lambda run: run["id"])


def look(w2sg: Command, runs: list[dict[str, Any]]) -> None:
    """List, show and read the ledger: the numbers of the whole store, or a message."""
    listed = w2sg("runs", "--json")
    assert listed.code in (0, 2, 3)
    if listed.code == 0:
        assert all(run in numbers(runs) for run in numbers(json.loads(listed.out)))
    for done in (
        listed,
        w2sg("show", str(runs[0]["id"])[:12], "--json"),
        w2sg("ledger", str(runs[0]["id"])[:12]),
        w2sg("ledger"),
        w2sg("report", "s"),
    ):
        assert done.code in (0, 2, 3)
        assert "Traceback" not in done.err
        assert done.code == 0 or done.err.removeprefix("WARNING ").lstrip().startswith(("error: ", "damaged artifact"))


def study_again(w2sg: Command, runs: list[dict[str, Any]]) -> None:
    """Make the study again: it has the numbers of the whole store."""
    done = w2sg("study", "s.toml", "--workers", "1", "--json")
    assert done.code == 0, done.err
    assert numbers(w2sg("runs", "--json").document) == numbers(runs)


def files_of(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and "store.db" not in path.name}


@pytest.mark.parametrize("name", AGAIN)
def test_what_can_be_made_again_is_and_gives_the_same(
    name: str, store: Damaged, whole: tuple[Path, list[dict[str, Any]]], w2sg: Command
) -> None:
    AGAIN[name](store)
    kept = files_of(store.outside)
    found = w2sg("cache", "verify")
    assert found.code == 1, found.err
    look(w2sg, whole[1])
    study_again(w2sg, whole[1])
    assert w2sg("cache", "gc").code == 0
    assert w2sg("cache", "verify").code == 0 or name.startswith(("hashes", "small arrays", "contents"))
    assert files_of(store.outside) == kept
    study_again(w2sg, whole[1])


@pytest.mark.parametrize("name", FOUND)
def test_what_is_beside_the_numbers_is_found(
    name: str, store: Damaged, whole: tuple[Path, list[dict[str, Any]]], w2sg: Command
) -> None:
    FOUND[name](store)
    found = w2sg("cache", "verify")
    assert found.code == 1, found.err
    look(w2sg, whole[1])
    w2sg("study", "s.toml", "--workers", "1", "--json")
    assert w2sg("cache", "gc").code == 0
    study_again(w2sg, whole[1])


@pytest.mark.parametrize("name", TOLD)
def test_what_cannot_be_made_again_is_said_and_left_alone(
    name: str, store: Damaged, whole: tuple[Path, list[dict[str, Any]]], w2sg: Command
) -> None:
    damage, message = TOLD[name]
    damage(store)
    kept = files_of(store.folder) | files_of(store.outside)
    assert w2sg("cache", "verify").code in (1, 2, 3)
    look(w2sg, whole[1])
    done = w2sg("study", "s.toml", "--workers", "1", "--json")
    assert (done.code, done.out) == (3, ""), done.err
    assert re.search(message, done.err), done.err
    assert w2sg("cache", "gc").code in (0, 2, 3)
    assert kept <= files_of(store.folder) | files_of(store.outside)
