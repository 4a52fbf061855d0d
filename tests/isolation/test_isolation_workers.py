"""Workers that misbehave: they end, they take too long, they take too much, they say what they should not."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from isolation_data import HEAD, TARGET, plugin

from w2sg.core import ConfigError, Fit, InputError, Inputs, Method, RunError, Student, derive, registry
from w2sg.isolation import load_plugins
from w2sg.isolation.allowance import allowance_for
from w2sg.isolation.foreign import plugins_of
from w2sg.isolation.session import Session, isolation_tier
from w2sg.isolation.sources import Plugin, plugin_file, plugin_module
from w2sg.methods import CrossEntropy

if TYPE_CHECKING:
    from cli_data import Command

pytestmark = pytest.mark.usefixtures("own_names_only")


def test_a_component_of_a_plugin_is_known_by_what_a_worker_says_of_it(tmp_path: Path) -> None:
    load_plugins([plugin(tmp_path, TARGET.format(name="well-known"))])
    method = registry.build(Method, {"kind": "well-known", "objective": {"weight": 2}})
    assert method.model_dump()["objective"] == {"kind": "well-known", "weight": 2.0}
    assert method.requires == {"gradient"}
    assert method.trust_tier == isolation_tier()
    assert registry.build(Method, method.model_dump()) == method
    entry = registry.lookup("objectives", "well-known")
    assert entry.summary == "A target of one's own."
    assert entry.cls.model_json_schema()["properties"]["weight"]["type"] == "number"
    assert "w2sg_plugin_mine" not in registry.foreign_code()
    with pytest.raises(ConfigError, match=r"^objective.weight: input should be a valid number"):
        registry.build(Method, {"kind": "well-known", "objective": {"weight": "much"}})
    with pytest.raises(ConfigError, match=r"^objective.wait: no such field"):
        registry.build(Method, {"kind": "well-known", "objective": {"wait": 1}})
    with pytest.raises(InputError, match="is code of a plugin and runs in workers only"):
        registry.build("objectives", "well-known").value(None, None, 0.0)  # type: ignore[attr-defined]


def test_it_is_listed_and_described_with_its_defaults(w2sg: "Command", tmp_path: Path) -> None:
    path = plugin(tmp_path, TARGET.format(name="told-of"))
    assert "A target of one's own." in w2sg("list", "objectives", "--plugin", path).out
    described = w2sg("describe", "objectives", "told-of", "--plugin", path, "--json").document
    assert described["values"] == {"kind": "told-of", "weight": 1.0}
    assert described["schema"]["properties"]["weight"]["default"] == 1.0


def test_an_edit_is_another_identity_and_so_is_one_of_a_helper(tmp_path: Path) -> None:
    """Both gave stale results once."""

    def fingerprint() -> str:
        path = plugin(tmp_path, "import helper\n" + TARGET.format(name="edited"))
        load_plugins([path])
        return registry.build(Method, "edited").fingerprint()

    (tmp_path / "helper.py").write_text("FACTOR = 1\n")
    first = fingerprint()
    assert fingerprint() == first
    (tmp_path / "helper.py").write_text("FACTOR = 2\n")
    assert fingerprint() != first


def test_two_plugins_of_one_name_are_two(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        load_plugins([plugin(tmp_path / folder, TARGET.format(name=f"in-{folder}"))])
    a, b = (registry.build(Method, f"in-{folder}") for folder in ("a", "b"))
    assert plugins_of(a)[0].digest != plugins_of(b)[0].digest
    (tmp_path / "c").mkdir()
    third = plugin(tmp_path / "c", TARGET.format(name="in-a"))
    with pytest.raises(InputError, match="already has the name 'in-a'"):
        load_plugins([third])


def test_a_plugin_has_the_same_identity_wherever_it_lies(tmp_path: Path) -> None:
    digests = set()
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        digests.add(plugin_file(plugin(tmp_path / folder, TARGET.format(name="moved"))).digest)
    assert len(digests) == 1


def test_names_of_the_package_are_not_to_be_had(tmp_path: Path) -> None:
    again = "preset('naive', Composition, 'Mine now.', objective='product')\n"
    with pytest.raises(InputError, match=r"methods already has the name 'naive' \(w2sg"):
        load_plugins([plugin(tmp_path, again)])
    whole = "@register()\nclass Mine(Method):\n    kind: Literal['composition'] = 'composition'\n"
    with pytest.raises(InputError, match="methods already has the name 'composition'"):
        load_plugins([plugin(tmp_path, whole, "whole.py")])
    quietly = "from w2sg.core import registry\nregistry._entries['methods'].pop('naive')\n" + again
    with pytest.raises(InputError, match=r"methods already has the name 'naive' \(w2sg"):
        load_plugins([plugin(tmp_path, quietly, "quietly.py")])
    assert registry.build(Method, "naive").model_dump()["objective"]["kind"] == "cross-entropy"


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        ("1 / 0", InputError, "plugin .*broken.py cannot be loaded: ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(0)", InputError, "plugin .*broken.py cannot be loaded: SystemExit: 0"),
        ("import os\nos._exit(0)", RunError, "a worker ended while it ran code of a plugin"),
        ("import nowhere_at_all", InputError, "No module named 'nowhere_at_all'"),
        ("raise KeyboardInterrupt", RunError, "a worker ended"),
        ("def (", InputError, "broken.py cannot be read as Python"),
        ("\0", InputError, "broken.py cannot be read as Python"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_named(
    code: str, error: type[Exception], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "broken.py"
    path.write_text(code)
    with pytest.raises(error, match=message) as raised:
        load_plugins([str(path)])
    assert tempfile.gettempdir() + "/w2sg-worker" not in str(raised.value)


@pytest.mark.parametrize("name", ["no.py", ".", "text.txt", "fifo.py"])
def test_what_is_no_python_file_is_no_plugin(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("x = 1")
    os.mkfifo(tmp_path / "fifo.py")
    with pytest.raises(InputError, match="no such Python file"):
        load_plugins([name])


def test_an_answer_that_does_not_come_ends_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("W2SG_WORKER_SECONDS", "0.5")
    started = time.monotonic()
    with pytest.raises(RunError, match=r"took more than 0.5 s: set W2SG_WORKER_SECONDS"):
        load_plugins([plugin(tmp_path, "while True:\n    pass\n")])
    assert time.monotonic() - started < 20


@pytest.mark.skipif(isolation_tier() != "T2", reason="the sandbox sets the limit")
def test_memory_is_limited_where_a_limit_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("W2SG_WORKER_MEMORY_GIB", "4")
    with pytest.raises(InputError, match="cannot be loaded: MemoryError"):
        load_plugins([plugin(tmp_path, "x = bytearray(5 * 2**30)\n")])


@pytest.mark.parametrize("text", ["x", "0", "-1", "nan", "inf", ""])
@pytest.mark.parametrize("name", ["W2SG_WORKER_MEMORY_GIB", "W2SG_WORKER_SECONDS"])
def test_a_limit_that_is_none_is_refused(name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(InputError, match=f"{name} must be a number above 0, got "):
        load_plugins([plugin(tmp_path, "")])


def test_code_that_changes_while_a_command_runs_is_not_run(tmp_path: Path) -> None:
    path = Path(plugin(tmp_path, TARGET.format(name="changing")))
    known = plugin_file(path)
    path.write_text(path.read_text() + "\n1 / 0\n")
    with pytest.raises(InputError, match="has changed since this command read it"):
        Session([known])


def test_the_files_of_a_plugin_are_found_without_running_it(tmp_path: Path) -> None:
    (tmp_path / "pack" / "deep").mkdir(parents=True)
    (tmp_path / "pack" / "__init__.py").write_text("from .near import a\n")
    (tmp_path / "pack" / "near.py").write_text("from .deep import b\nfrom pack.deep import c\n")
    (tmp_path / "pack" / "deep" / "__init__.py").write_text("from ..other import x\n")
    (tmp_path / "pack" / "deep" / "c.py").write_text("")
    (tmp_path / "pack" / "other.py").write_text("")
    (tmp_path / "unused.py").write_text("1 / 0")
    (tmp_path / "main.py").write_text(
        "def f():\n    import pack.near\nimport numpy\nfrom w2sg.core import derive\n1 / 0"
    )
    found: Plugin = plugin_file(tmp_path / "main.py")
    assert sorted(found.files) == ["main", "pack", "pack.deep", "pack.deep.c", "pack.near", "pack.other"]
    assert found.uses == {"w2sg.core:derive"}


def test_a_link_beside_a_plugin_does_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    """A table of labels reads as Python, and would be copied for the worker like a helper."""
    (tmp_path / "gold.csv").write_text("1,2,3")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "gold.py").symlink_to(tmp_path / "gold.csv")
    path = plugin(tmp_path / "in", "import gold\n")
    assert list(plugin_file(path).files) == ["mine"]
    with pytest.raises(InputError, match="No module named 'gold'"):
        load_plugins([path])


def test_a_module_of_an_installed_package_is_found_without_importing_it() -> None:
    sys.modules.pop("this", None)
    found = plugin_module("this")
    assert list(found.files) == ["this"]
    assert "this" not in sys.modules
    with pytest.raises(InputError, match="is not installed"):
        plugin_module("nowhere_at_all")


SCRIPT = """
import sys
import w2sg.lab
from w2sg.core import Method, registry
method = registry.build(Method, "from-a-package")
assert method.trust_tier != "T0", method
assert "offering" not in sys.modules and registry.foreign_code() == []
assert registry.build(Method, "naive").trust_tier == "T0"
print(method.model_dump()["objective"]["kind"])
"""


def test_an_installed_package_that_offers_methods_is_not_imported_here(tmp_path: Path) -> None:
    code = HEAD + TARGET.format(name="from-a-package").replace("self.weight", "near.FACTOR")
    (tmp_path / "offering").mkdir()
    (tmp_path / "offering" / "__init__.py").write_text("from offering import near\n" + code)
    (tmp_path / "offering" / "near.py").write_text("FACTOR = 1.0\n")
    metadata = tmp_path / "offering-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: offering\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[w2sg.methods]\nmine = offering\n[w2sg.objectives]\nmine = offering\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "from-a-package\n"), done.stderr


def test_what_makes_labels_is_not_to_be_read(tmp_path: Path) -> None:
    import sklearn

    import w2sg

    allowed = allowance_for([], tmp_path, "T2")
    package = Path(w2sg.__file__).parent
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    shown = {room for room in rooms if allowed.may_read(str(package / room / "__init__.py"))}
    assert shown == {"core", "isolation", "graph", "measure", "students", "methods"}, "a new room is hidden"
    for path in (package / "tasks" / "gaussian.py", package / "lab" / "steps.py", package / "api" / "studies.py"):
        assert path.exists()
        assert not allowed.may_read(str(path))
    data = Path(sklearn.__file__).parent / "datasets" / "data" / "wine_data.csv"
    assert data.exists()
    assert not allowed.may_read(str(data))
    assert not allowed.may_read(str(Path.home()))
    assert not allowed.may_read(str(Path.cwd()))
    assert allowed.may_read(str(package / "core" / "vault.py"))
    assert allowed.may_write(str(tmp_path / "x"))
    assert not allowed.may_write(str(package / "core" / "vault.py"))


def test_nothing_of_a_worker_is_left(tmp_path: Path) -> None:
    before = set(Path(tempfile.gettempdir()).glob("w2sg-worker-*"))
    path = plugin(tmp_path, TARGET.format(name="left"))
    session = Session([plugin_file(path)])
    process: Any = session._process
    pid = process.pid
    assert process.is_alive()
    session.close()
    assert set(Path(tempfile.gettempdir()).glob("w2sg-worker-*")) <= before
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_unknown_name_is_unknown_in_a_worker_too(tmp_path: Path) -> None:
    load_plugins([plugin(tmp_path, TARGET.format(name="named"))])
    with pytest.raises(ConfigError, match="stopping: unknown stopping 'nevr'"):
        registry.build(Method, {"kind": "named", "stopping": "nevr"})


NYSTROEM = {"kind": "nystroem", "count": 10}


def test_a_student_of_a_plugin_gives_what_it_gives_here(tmp_path: Path) -> None:
    """Fits, starts, features, smaller versions: all go through a worker."""
    code = """
from w2sg.students import Linear
@register()
class Grown(Linear):
    "A student of the package under another name."
    kind: Literal["grown"] = "grown"
"""
    load_plugins([plugin(tmp_path, code)])
    rng = derive(0, "x")
    x = Inputs.of(rng.normal(size=(60, 3)).astype(np.float32))
    y = np.eye(2, dtype=np.float32)[(x.values[:, 0] > 0).astype(int)]
    here = registry.build(Student, {"kind": "linear", "features": NYSTROEM})
    there = registry.build(Student, {"kind": "grown", "features": NYSTROEM})
    assert there.capabilities == here.capabilities
    assert there.alone

    def fitted(student: Student) -> Any:
        known = {"inputs": x, "targets": y, "corpus": x, "objective": CrossEntropy(), "stopping": fixed}
        return student.fit(Fit(student=student, rng=derive(0, "y"), **known))

    fixed = registry.build("stoppings", "fixed")
    np.testing.assert_array_equal(fitted(there).predict_proba(x), fitted(here).predict_proba(x))
    np.testing.assert_array_equal(fitted(there).represent(x), fitted(here).represent(x))
    np.testing.assert_array_equal(there.embed(x, x), here.embed(x, x))
    assert there.scaled(0.5).model_dump()["features"] == here.scaled(0.5).model_dump()["features"]
