from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from w2sg.core import Component, InputError, Method, Stopping, UnknownNameError, preset, register, registry
from w2sg.methods import Composition
from w2sg.students import Linear


@pytest.fixture
def clean() -> Iterator[None]:
    """Forget what a test registers."""
    before = {contract: dict(entries) for contract, entries in registry._entries.items()}
    yield
    for contract, entries in before.items():
        registry._entries[contract].clear()
        registry._entries[contract].update(entries)


@pytest.mark.parametrize(
    ("contract", "name", "message"),
    [
        ("methods", "confidense", "unknown method 'confidense': did you mean 'confidence'"),
        ("students", "nystrom", "unknown student 'nystrom': did you mean 'nystroem'"),
        ("stoppings", "zzz", "unknown stopping 'zzz': known: "),
        ("method", "naive", "unknown kind of thing 'method': did you mean 'methods'"),
    ],
)
def test_an_unknown_name_suggests_near_ones(contract: str, name: str, message: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        registry.lookup(contract, name)
    assert str(caught.value).startswith(message)
    assert isinstance(caught.value, InputError)
    assert isinstance(caught.value, KeyError)


def student(spec: Any) -> dict[str, Any]:
    built = registry.build("students", spec)
    assert isinstance(built, Linear)
    return built.features.model_dump()


def test_a_preset_is_its_kind_with_fields_set() -> None:
    assert registry.lookup("students", "nystroem").preset
    assert not registry.lookup("students", "linear").preset
    assert student("nystroem-digits") == {"kind": "nystroem", "count": 400, "seed": 0, "gamma": 0.3}
    assert registry.build("students", "nystroem").kind == "linear"


def test_one_field_of_a_presets_part_can_be_set_alone() -> None:
    changed = student({"kind": "nystroem-digits", "features": {"count": 50}})
    assert changed == {"kind": "nystroem", "count": 50, "seed": 0, "gamma": 0.3}
    changed = student({"kind": "nystroem-digits", "features": {"kind": "nystroem", "count": 50}})
    assert changed["gamma"] == 0.3


def test_another_kind_drops_the_old_fields() -> None:
    assert student({"kind": "nystroem-digits", "features": "pca"}) == {"kind": "pca", "count": 20, "seed": 0}
    changed = student({"kind": "nystroem-digits", "features": {"kind": "pca", "count": 3}})
    assert changed == {"kind": "pca", "count": 3, "seed": 0}


def test_a_default_part_can_be_set_in_part() -> None:
    built = registry.build("methods", {"kind": "naive", "objective": {"labels": "hard"}})
    assert built == registry.build("methods", "naive-hard")
    built = registry.build("methods", {"kind": "confidence", "objective": {"weight": 0.75}})
    assert isinstance(built, Composition)
    assert built.objective.model_dump()["weight"] == 0.75


def test_a_component_and_its_dump_are_specifications_too() -> None:
    built = registry.build("methods", "bootstrapping")
    assert registry.build("methods", built) is built
    assert registry.build("methods", built.model_dump()) == built


def test_merged_keeps_its_arguments() -> None:
    base = {"a": {"kind": "x", "b": 1}, "c": 1}
    assert registry.merged(base, {"a": {"b": 2}}) == {"a": {"kind": "x", "b": 2}, "c": 1}
    assert registry.merged(base, {"a": {"kind": "y"}}) == {"a": {"kind": "y"}, "c": 1}
    assert registry.merged({"a": "x"}, {"a": {"b": 2}}) == {"a": {"kind": "x", "b": 2}}
    assert base == {"a": {"kind": "x", "b": 1}, "c": 1}


@pytest.mark.usefixtures("clean")
def test_a_name_is_taken_once() -> None:
    class Mine(Method):
        kind: Literal["naive"] = "naive"

    Mine.__module__ = "somewhere.else"
    with pytest.raises(InputError, match=r"methods already has the name 'naive' \(w2sg.methods.catalogue.burns\)"):
        register()(Mine)


def test_what_fills_no_contract_is_not_registered() -> None:
    class Loose(Component):
        kind: Literal["loose"] = "loose"

    with pytest.raises(InputError, match=r"Loose fills no contract of w2sg: derive it from one"):
        register()(Loose)


@pytest.mark.usefixtures("clean")
def test_summary_is_the_first_line_of_the_docstring() -> None:
    @register(paper="1234.56789")
    class Never(Stopping):
        """Train for ever.

        Not advised.
        """

        kind: Literal["never"] = "never"

    entry = registry.lookup("stoppings", "never")
    assert (entry.summary, entry.paper, entry.cls) == ("Train for ever.", "1234.56789", Never)
    preset("at-once", Never, "Train not at all.")
    assert registry.names("stoppings")[-2:] == ["never", "at-once"]


PLUGIN = """
from w2sg.core import preset
from w2sg.methods import Composition

preset("from-plugin", Composition, "Comes from a file.", objective="product")
"""


@pytest.mark.usefixtures("clean")
def test_a_plugin_file_registers_and_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN)
    registry.load_plugin(file)
    assert registry.build("methods", "from-plugin") == registry.build("methods", "product")
    file.write_text("raise AssertionError('read twice')")
    registry.load_plugin(str(file))


@pytest.mark.usefixtures("clean")
def test_a_plugin_that_would_run_the_helper_of_another_is_refused(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "plugged_in.py").write_text("from helper_of_mine import FOLDER\n")
        (tmp_path / folder / "helper_of_mine.py").write_text(f"FOLDER = {folder!r}\n")
    assert registry.load_plugin(tmp_path / "one" / "plugged_in.py").FOLDER == "one"
    with pytest.raises(InputError, match="imports 'helper_of_mine', which is .*one.helper_of_mine.py and not the file"):
        registry.load_plugin(tmp_path / "other" / "plugged_in.py")


def test_a_missing_plugin_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"plugin .*nowhere.py: no such Python file"):
        registry.load_plugin(tmp_path / "nowhere.py")


@pytest.mark.usefixtures("own_names_only")
def test_every_sort_has_names_and_every_name_a_summary() -> None:
    for contract in registry.contracts():
        assert registry.names(contract)
        for name in registry.names(contract):
            assert registry.lookup(contract, name).summary, f"{contract} {name}"
