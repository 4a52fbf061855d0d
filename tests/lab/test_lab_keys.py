"""A key changes exactly when the step's data, configuration, seed, code or libraries change."""

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from lab_data import SMALL, WINE
from w2sg.lab.plan import Job, Planner

from w2sg.core import registry
from w2sg.lab import code, make_setup, plan

STEPS = ("labels", "student", "ceiling", "run")
CSV = "label,a,b\n" + "".join(f"{'yes' if i % 2 else 'no'},{i},{i * i % 7}\n" for i in range(60))


def keys(seed: int = 0, **parts: Any) -> dict[str, str]:
    settings = parts.pop("settings", None)
    defaults: dict[str, Any] = {"task": WINE, "supervisor": "fewer-labels", "student": SMALL, "method": "naive"}
    job = Planner().job(make_setup(**{**defaults, **parts}, settings=settings), seed)
    return {step: getattr(job, step) for step in STEPS}


def changed(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {step for step in STEPS if one[step] != other[step]}


def test_a_job_is_a_setup_a_seed_and_its_keys() -> None:
    assert {field.name for field in fields(Job)} == {"setup", "seed", *STEPS}


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        ({}, set()),
        ({"seed": 1}, set(STEPS)),
        ({"task": {**WINE, "transfer": 61}}, set(STEPS)),
        ({"settings": {"supervisor.labels": 20}}, {"labels", "student", "run"}),
        ({"settings": {"student.c": 2.0}}, {"student", "ceiling", "run"}),
        ({"method": "confidence"}, {"student", "run"}),
        ({"settings": {"method.select": "confident"}}, {"student", "run"}),
    ],
)
def test_a_change_changes_the_keys_below_it_and_no_others(change: dict[str, Any], steps: set[str]) -> None:
    assert changed(keys(), keys(**change)) == steps


def test_a_data_file_is_its_content_not_its_time(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(CSV)
    task = {"kind": "files", "path": str(path)}
    before = keys(task=task)
    os.utime(path, (1, 1))
    assert keys(task=task) == before
    path.write_text(CSV.replace("no,4,", "yes,4,"))
    assert changed(before, keys(task=task)) == set(STEPS)


def test_another_version_of_a_library_changes_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys()
    versions = {**plan.versions(), "numpy": "0"}
    monkeypatch.setattr(plan, "versions", lambda: versions)
    assert changed(before, keys()) == set(STEPS)


def test_another_version_of_a_component_changes_what_it_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys(method="confidence")
    monkeypatch.setattr(registry.lookup("methods", "naive").cls, "version", 99)
    assert changed(before, keys(method="confidence")) == {"student", "run"}


def test_the_order_of_a_table_does_not_matter() -> None:
    turned = dict(reversed(list(WINE.items())))
    assert keys(task=turned) == keys()


@pytest.mark.parametrize(
    "module",
    ["w2sg.measure.metrics", "w2sg.measure.pgr", "w2sg.core.vault", "w2sg.core.arrays", "w2sg.lab.protocol"],
)
def test_what_every_step_depends_on_is_part_of_every_key(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys()
    fresh_code(monkeypatch, module)
    assert changed(before, keys()) == set(STEPS)


@pytest.mark.parametrize(
    ("module", "steps"),
    [
        ("w2sg.tasks.embedded", set(STEPS)),
        ("w2sg.supervisors.trained", {"labels", "student", "run"}),
        ("w2sg.methods.composition", set(STEPS)),
        ("w2sg.supervisors.rules", set()),
        ("w2sg.students.classical", set()),
        ("w2sg.methods.catalogue.filters", set()),
        ("w2sg.cli.main", set()),
        ("w2sg.lab.store", set()),
    ],
)
def test_edited_code_changes_the_keys_of_the_steps_that_use_it(
    module: str, steps: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys()
    fresh_code(monkeypatch, module)
    assert changed(before, keys()) == steps


def fresh_code(monkeypatch: pytest.MonkeyPatch, edited: str) -> None:
    """Let a module look as if its source had been edited."""
    real = code._source_digest.__wrapped__
    monkeypatch.setattr(code, "_source_digest", lambda name: "edited" if name == edited else real(name))
    monkeypatch.setattr(plan, "_code", plan._code.__wrapped__)


PLUGIN = """
from typing import Literal

from w2sg.core import preset, register
from w2sg.methods import Composition, TargetObjective


@register()
class Mine(TargetObjective):
    kind: Literal["key-test"] = "key-test"

    def target(self, weak, log_student, progress):
        return weak  # edit


preset("key-test", Composition, "For this test.", objective="key-test")
"""
SCRIPT = """
import json, sys
from w2sg.core import registry
from w2sg.lab import make_setup
from w2sg.lab.plan import Planner

registry.load_plugin(sys.argv[1])
settings = json.loads(sys.argv[2])
for method in ("naive", "key-test"):
    job = Planner().job(make_setup("wine", method=method, settings=settings), 3)
    print(job.labels, job.student, job.ceiling, job.run)
"""


def keys_elsewhere(plugin: Path, hash_seed: str, cwd: Path, settings: dict[str, object]) -> list[list[str]]:
    command = [sys.executable, "-c", SCRIPT, str(plugin), json.dumps(settings)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=True)
    return [line.split() for line in done.stdout.splitlines()]


def test_keys_do_not_depend_on_process_hash_seed_order_or_folder_but_on_plugin_code(tmp_path: Path) -> None:
    plugin = tmp_path / "keyed.py"
    plugin.write_text(PLUGIN)
    settings: dict[str, object] = {"task.transfer": 50, "student.c": 2.0}
    turned = dict(reversed(list(settings.items())))
    (tmp_path / "inside").mkdir()
    first = keys_elsewhere(plugin, "0", tmp_path, settings)
    assert keys_elsewhere(plugin, "123", tmp_path / "inside", turned) == first
    plugin.write_text(PLUGIN.replace("return weak  # edit", "return weak * 1"))
    edited = keys_elsewhere(plugin, "0", tmp_path, settings)
    assert edited[0] == first[0]
    assert [a == b for a, b in zip(edited[1], first[1], strict=True)] == [True, False, True, False]


@pytest.mark.parametrize(
    ("statement", "modules"),
    [
        ("from w2sg import measure", {"w2sg.measure"}),
        ("from w2sg.core import (\n    Fit,\n    registry,\n)", {"w2sg.core", "w2sg.core.registry"}),
        ("import w2sg.core.vault, w2sg.measure.pgr as p", {"w2sg.core.vault", "w2sg.measure.pgr"}),
        ("    from w2sg.lab.plan import Planner", {"w2sg.lab.plan"}),
        ("from w2sg import __version__", set()),
        ("import json, numpy", set()),
        ("# from w2sg.core import vault", set()),
    ],
)
def test_imports_are_found_in_every_form(
    statement: str, modules: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "importer_of_things.py").write_text(statement + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(code, "_path", code._path.__wrapped__)
    assert code._imports.__wrapped__("importer_of_things") == modules


def test_a_package_of_ones_own_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "own_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "deep.py").write_text("")
    (package / "method.py").write_text("from . import deep\nfrom own_package import deep as same\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(code, "_path", code._path.__wrapped__)
    assert code._imports.__wrapped__("own_package.method") == {"own_package", "own_package.deep"}


def test_code_without_a_source_file_is_refused() -> None:
    """Such as a component of a notebook: an edit of its cell would be a cache hit."""
    script = (
        "from typing import Literal\nfrom w2sg.core import register\nfrom w2sg.methods import Relabeling\n"
        "import w2sg\n\n\n@register('relabelings')\nclass Mine(Relabeling):\n    kind: Literal['m'] = 'm'\n\n"
        "    def relabel(self, view, rng):\n        return view.transfer.weak\n\n\n"
        "w2sg.run('wine', method={'kind': 'composition', 'relabel': 'm'}, seeds=1, store='unused')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "InputError: module '__main__' has no source file" in done.stderr
