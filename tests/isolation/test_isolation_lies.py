"""Workers that lie: about what they offer, what they declare, what they are, and by the bytes that they send."""

import tempfile
from pathlib import Path

import pytest
from isolation_data import TARGET, plugin

from w2sg.core import InputError, Method, RunError, Student, registry
from w2sg.isolation import load_plugins
from w2sg.isolation.declarations import notes_of

pytestmark = pytest.mark.usefixtures("own_names_only")


LIES = {
    "audits = -1": "declares breaks its contract",
    "audits = 2.5": "declares breaks its contract",
    "audits = 'many'": "declares breaks its contract",
    "tier = 'all'": "declares breaks its contract",
    "requires = 5": "declares breaks its contract",
    "audits = property(lambda self: 1 / 0)": "ZeroDivisionError",
}


@pytest.mark.parametrize("lie", LIES)
def test_what_a_plugin_declares_is_checked(lie: str, tmp_path: Path) -> None:
    code = f"""
@register()
class Liar(Method):
    kind: Literal["liar"] = "liar"
    def train(self, view, student, rng):
        yield from ()
Liar.{lie}
"""
    load_plugins([plugin(tmp_path, code)])
    with pytest.raises((InputError, RunError), match=LIES[lie]):
        registry.build(Method, "liar")


DEEP = "{'a': " * 20000 + "1" + "}" * 20000


@pytest.mark.parametrize("lie", ["{'kind': 'composition'}", "{'kind': 'poser'}", "[]", DEEP])
def test_a_plugin_cannot_pass_for_something_else(lie: str, tmp_path: Path) -> None:
    """With the configuration of `naive` it would be listed and compared as `naive`."""
    code = f"""
import w2sg.isolation.worker as worker
@register()
class Poser(Method):
    kind: Literal["poser"] = "poser"
    weight: float = 1.0
    def train(self, view, student, rng):
        yield from ()
real = worker._Answers.build
def build(self, contract, table):
    said = real(self, contract, table)
    return {{**said, "config": {lie.replace("'", '"')!r}}}
worker._Answers.build = build
"""
    load_plugins([plugin(tmp_path, code)])
    if lie == "{'kind': 'poser'}":
        assert registry.build(Method, "poser").kind == "poser"
        return
    with pytest.raises(InputError, match="what a plugin gives as configuration of 'poser'"):
        registry.build(Method, "poser")


def test_a_class_cannot_go_by_the_kind_of_one_of_the_package(tmp_path: Path) -> None:
    """Registered under another name only, it would stand in records as the package's."""
    code = """
class Fake(Method):
    kind: Literal["naive"] = "naive"
    def train(self, view, student, rng):
        yield from ()
preset("another-name", Fake, "Mine.")
"""
    with pytest.raises(InputError, match="the class of kind 'naive' is not registered"):
        load_plugins([plugin(tmp_path, code)])
    also = (
        "import w2sg.isolation.worker as worker\n"
        + code
        + """
real = worker._Answers.describe
worker._Answers.describe = lambda self: [*real(self), {**real(self)[0], "name": "naive"}]
"""
    )
    with pytest.raises(InputError, match="methods already has the name 'naive'"):
        load_plugins([plugin(tmp_path, also, "also.py")])


@pytest.mark.parametrize("lie", ['{"kind": "linear"}', '{"kind": "language-model", "model": "/somewhere"}', "[]", "{"])
def test_a_smaller_student_is_one_of_the_plugins(lie: str, tmp_path: Path) -> None:
    """One of the package would be trained in the laboratory's process, and read files of the plugin's choice."""
    code = f"""
from w2sg.students import Linear
import w2sg.isolation.worker as worker
@register()
class Shrinking(Linear):
    "A student of the package under another name."
    kind: Literal["shrinking"] = "shrinking"
worker._Answers.scaled = lambda self, student, fraction: {lie!r}
"""
    load_plugins([plugin(tmp_path, code)])
    with pytest.raises(InputError, match="what a plugin gives "):
        registry.build(Student, "shrinking").scaled(0.5)


OFFERS = {
    "'version': 1e999": "cannot be read",
    "'version': 'x'": "cannot be read",
    "'kind': ''": "cannot be read",
    "'name': '../../etc/x'": "cannot be read",
    "'name': 'a\\x1b[2J'": "cannot be read",
    "'doc': 'x' * 10**6": "cannot be read",
    "'defaults': '[1]'": "cannot be read",
    "'fields': '[1]'": "cannot be read",
    "'defaults': '{\"parts\": 1}'": "cannot be read",
    "'needed': ['digest']": "cannot be read",
    "'schema_text': '[' * 10**5": "cannot be read",
    "'contract': 'nothing'": "cannot be kept from ground truth",
    "'more': 1": "cannot be read",
}


@pytest.mark.parametrize("lie", OFFERS)
def test_what_a_plugin_offers_is_checked(lie: str, tmp_path: Path) -> None:
    code = (
        TARGET.format(name="offered")
        + f"""
import w2sg.isolation.worker as worker
real = worker._Answers.describe
worker._Answers.describe = lambda self: [{{**said, {lie}}} for said in real(self)]
"""
    )
    with pytest.raises(InputError, match=OFFERS[lie]):
        load_plugins([plugin(tmp_path, code)])
    assert "offered" not in registry.names("methods")


@pytest.mark.parametrize(
    "notes", ['{"x": NaN}', '{"x": 1e999}', "[]", "{", "{" * 10**5, '{"x": "' + "y" * 2**20 + '"}']
)
def test_notes_that_a_record_cannot_hold_are_refused(notes: str) -> None:
    with pytest.raises(InputError, match="notes of a trained student must be"):
        notes_of(notes)


def test_a_message_whose_plain_part_is_huge_is_not_read(tmp_path: Path) -> None:
    code = """
import w2sg.isolation.worker as worker
worker._Answers.describe = lambda self: "x" * 2**26
"""
    with pytest.raises(InputError, match="its plain part has"):
        load_plugins([plugin(tmp_path, code)])


def test_folders_nested_deeper_than_python_goes_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A folder of its own: in that of the system other tests have workers at the same time.
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    load_plugins([plugin(tmp_path, "import os\nfor _ in range(1500):\n    os.mkdir('d')\n    os.chdir('d')\n")])
    assert not list((tmp_path / "temporary").glob("w2sg-worker-*"))


def test_an_answer_that_stops_in_its_middle_ends_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
import gc, os, struct, time
from multiprocessing.connection import Connection
for found in gc.get_objects():
    if isinstance(found, Connection):
        os.write(found.fileno(), struct.pack("!i", 1000) + b"half")
        time.sleep(1000)
"""
    monkeypatch.setenv("W2SG_WORKER_SECONDS", "1")
    with pytest.raises(RunError, match="took more than 1 s"):
        load_plugins([plugin(tmp_path, code)])


def test_bytes_of_a_worker_are_read_as_data_only(tmp_path: Path) -> None:
    """A worker that takes over its own side of the connection can send anything; none of it is run."""
    code = """
import gc, pickle
from multiprocessing.connection import Connection
class Bomb:
    def __reduce__(self):
        return print, ("run in the laboratory",)
for found in gc.get_objects():
    if isinstance(found, Connection):
        found.send(Bomb())
"""
    with pytest.raises(InputError, match="a message between processes cannot be read"):
        load_plugins([plugin(tmp_path, code)])


@pytest.mark.parametrize("name", ["elsewhere.inner", "w2sg", "w2sg.", "w2sg..x", "w2sg.core:x", "w2sg.core\n", "../x"])
def test_a_worker_cannot_have_the_laboratory_look_for_a_module(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To find where `elsewhere.inner` is, Python would import `elsewhere`."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "__init__.py").write_text("raise AssertionError('imported in the laboratory')\n")
    code = f"""
import w2sg.isolation.worker as worker
real = worker._Answers.build
worker._Answers.build = lambda self, contract, table: {{**real(self, contract, table), "modules": [{name!r}]}}
"""
    load_plugins([plugin(tmp_path, TARGET.format(name="leading-astray") + code)])
    with pytest.raises(InputError, match="declares breaks its contract"):
        registry.build(Method, "leading-astray")
