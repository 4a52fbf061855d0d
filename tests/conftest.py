"""Fixtures that several test files use."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cli_data import Command, Outcome


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """Forget what a test registered: names of one test are none of another's."""
    from w2sg.core import registry

    for sort in registry.contracts():
        registry.names(sort)
    before = {sort: dict(entries) for sort, entries in registry._entries.items()}
    yield
    for sort, entries in before.items():
        registry._entries[sort].clear()
        registry._entries[sort].update(entries)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file into the test's folder; a name that ends in .gz is compressed."""

    def put(name: str, content: str | bytes) -> Path:
        data = content if isinstance(content, bytes) else content.encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return put


@pytest.fixture
def w2sg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Command":
    """Run the command line in this process, in an empty folder."""
    from cli_data import Outcome

    from w2sg.cli.main import app, main

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("W2SG_STORE", raising=False)

    def command(*arguments: str) -> "Outcome":
        monkeypatch.setattr("sys.argv", ["w2sg", *arguments])
        app.registered_commands.clear()  # main adds them, once in the life of a process
        app.registered_groups.clear()
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        code = end.value.code or 0
        assert isinstance(code, int)
        return Outcome(code, out, err)

    return command
