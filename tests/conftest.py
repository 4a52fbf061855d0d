"""Fixtures that several test files use."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from w2sg.core import registry

if TYPE_CHECKING:
    from cli_data import Command, Outcome


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order tests so that two cores end at the same time.

    Files with slow tests come first, so that none of them is left to one core at the end. Tests that share a fixture of
    their module stay on one core, which makes it once; it would be made on each core else.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        fixtures = item._fixtureinfo.name2fixturedefs.values() if isinstance(item, pytest.Function) else ()
        if any(definitions[-1].scope == "module" for definitions in fixtures):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.fixture
def own_names_only() -> Iterator[None]:
    """The package's own names, and no code of other tests beside it; what a test registers is forgotten after it."""
    with forgetting():
        yield


@contextmanager
def forgetting() -> Iterator[None]:
    before, adopters = {plural: dict(known) for plural, known in registry._entries.items()}, registry._adopters[:]
    for known in registry._entries.values():
        for name in [name for name, entry in known.items() if not entry.origin.startswith("w2sg.")]:
            del known[name]
    registry._adopters.clear()
    try:
        yield
    finally:
        for plural, known in registry._entries.items():
            known.clear()
            known.update(before.get(plural, {}))
        registry._adopters[:] = adopters


# They register components when they are imported: they are loaded as plugins, once.
collect_ignore = ["graph/toy_steps.py", "attacks/plugins/thieves.py", "attacks/plugins/thief_theories.py"]
collect_ignore_glob = ["lab/plugins/*"]  # so do these


@pytest.fixture(scope="module")
def toy() -> Iterator[Any]:
    """The module of toy steps, registered for the tests of one file."""
    from graph_data import TOYS, toys

    from w2sg.core import registry

    module = toys()
    for name in TOYS:
        registry.register()(getattr(module, name))
    yield module
    for name in TOYS:
        registry._entries["steps"].pop(registry.kind_of(getattr(module, name)), None)


@pytest.fixture
def calls(toy: Any) -> list[str]:
    """What toy steps were computed in this process, empty before each test."""
    toy.CALLS.clear()
    computed: list[str] = toy.CALLS
    return computed


@pytest.fixture(scope="session")
def all_components() -> None:
    """Import what installed packages register: looking for it in their metadata takes longer than most tests."""
    from w2sg.core import registry

    for plural in registry.contracts():
        registry.names(plural)


@pytest.fixture(autouse=True)
def registered(all_components: None) -> Iterator[None]:
    """Forget what a test registered: names of one test are none of another's."""
    from w2sg.core import registry

    before = {plural: dict(entries) for plural, entries in registry._entries.items()}
    yield
    for plural, entries in before.items():
        registry._entries[plural].clear()
        registry._entries[plural].update(entries)


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
