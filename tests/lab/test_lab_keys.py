"""A key changes exactly when the step's data, configuration, seed, code or libraries change."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lab_data import PARTS, SMALL, STEPS, WINE

from w2sg.core import registry
from w2sg.graph import Artifact, Keys, Step, Store, code, sharing
from w2sg.graph import keys as keys_module
from w2sg.graph.compute import _StoreCache
from w2sg.lab import Score, make_setup, scores_of_setups

CSV = "label,a,b\n" + "".join(f"{'yes' if i % 2 else 'no'},{i},{i * i % 7}\n" for i in range(60))


def score(seed: int = 0, **parts: Any) -> Score:
    """The last step of a run."""
    settings = parts.pop("settings", None)
    defaults: dict[str, Any] = {"task": WINE, "supervisor": "fewer-labels", "student": SMALL, "method": "naive"}
    (last,) = scores_of_setups([make_setup(**{**defaults, **parts}, settings=settings)], [seed])
    return last


def keys(seed: int = 0, **parts: Any) -> dict[str, str]:
    last, known = score(seed, **parts), Keys()
    return {"score": known.of(last), **{name: known.of(step) for name, step in last.inputs().items()}}


def changed(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {step for step in PARTS if one[step] != other[step]}


def test_a_run_is_four_steps_beside_a_direct_student_and_each_reads_what_it_says() -> None:
    last = score()
    assert set(keys()) == set(PARTS)
    steps = {"score": last, **last.inputs()}
    assert {name: set(step.inputs()) for name, step in steps.items()} == {
        "labels": set(),
        "student": {"labels"},
        "ceiling": set(),
        "direct": {"labels"},
        "score": {"labels", "student", "ceiling", "direct"},
    }
    assert {name: step.kind for name, step in steps.items()} == {**{kind: kind for kind in STEPS}, "direct": "student"}
    assert last.student.labels is last.inputs()["labels"]
    assert last.direct is not None
    assert last.direct.labels is last.inputs()["labels"]


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        ({}, set()),
        ({"seed": 1}, set(PARTS)),
        ({"task": {**WINE, "transfer": 61}}, set(PARTS)),
        ({"settings": {"supervisor.labels": 20}}, {"labels", "student", "direct", "score"}),
        ({"settings": {"student.c": 2.0}}, {"student", "ceiling", "direct", "score"}),
        ({"method": "confidence"}, {"student", "score"}),
        ({"settings": {"method.select": "confident"}}, {"student", "score"}),
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
    assert changed(before, keys(task=task)) == set(PARTS)


def test_another_version_of_a_library_changes_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys()
    versions = {**keys_module.versions(), "numpy": "0"}
    monkeypatch.setattr(keys_module, "versions", lambda: versions)
    assert changed(before, keys()) == set(PARTS)


def test_another_version_of_a_component_changes_what_it_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys(method="confidence")
    monkeypatch.setattr(registry.lookup("methods", "naive").cls, "version", 99)
    # The ceiling is trained by the plain method, which is a composition, too.
    assert changed(before, keys(method="confidence")) == {"student", "ceiling", "score"}


def test_a_ceiling_depends_on_all_fields_of_its_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever could give `naive` another meaning would give every later ceiling one, and be found in its key."""
    before = keys()
    named = registry.lookup("methods", "naive")
    monkeypatch.setitem(registry._entries["methods"], "naive", replace(named, fields={"objective": "product"}))
    assert changed(before, keys()) == {"student", "ceiling", "score"}


def test_what_is_kept_is_kept_under_the_code_that_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encodings and half-done trainings are no steps: their keys must know the code as well."""
    naive, product = (registry.build("methods", name) for name in ("naive", "product"))
    with Store(tmp_path) as store:
        cache = _StoreCache(store)
        before = {cache.key_of("x", by) for by in ([naive], [product], [naive, product])}
        assert cache.key_of("y", [naive]) not in before
        assert cache.key_of("x", [naive]) in before
        real = code._source_digest
        edited = "w2sg.methods.objectives.product"
        monkeypatch.setattr(code, "_source_digest", lambda name: "edited" if name == edited else real(name))
        after = {cache.key_of("x", by) for by in ([naive], [product], [naive, product])}
    assert len(before) == 2, "a product is what naive is, and one objective more"
    assert before & after == {cache.key_of("x", [naive])}


def test_the_order_of_a_table_does_not_matter() -> None:
    turned = dict(reversed(list(WINE.items())))
    assert keys(task=turned) == keys()


@pytest.mark.parametrize(
    "module",
    ["w2sg.core.vault", "w2sg.core.arrays", "w2sg.core.signals.classes", "w2sg.lab.steps", "w2sg.graph.steps"],
)
def test_what_every_step_depends_on_is_part_of_every_key(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys()
    fresh_code(monkeypatch, module)
    assert changed(before, keys()) == set(PARTS)


@pytest.mark.parametrize(
    ("module", "steps"),
    [
        ("w2sg.tasks.embedded", set(PARTS)),
        ("w2sg.tasks.splits", set(PARTS)),
        ("w2sg.students.heads", set(PARTS)),
        ("w2sg.methods.objectives.cross_entropy", set(PARTS)),
        ("w2sg.lab.evidence", set(PARTS)),
        ("w2sg.supervisors.trained", {"labels", "student", "direct", "score"}),
        ("w2sg.methods.composition", {"student", "ceiling", "score"}),
        ("w2sg.core.methods", set(PARTS)),
        ("w2sg.measure.metrics", {"score"}),
        ("w2sg.lab.scoring", {"score"}),
        ("w2sg.measure.pgr", set()),
        ("w2sg.supervisors.rules", set()),
        ("w2sg.students.classical", set()),
        ("w2sg.methods.catalogue.filters", set()),
        ("w2sg.cli.main", set()),
        ("w2sg.report.pages", set()),
        ("w2sg.lab.runs", set()),
        ("w2sg.lab.studies", set()),
        ("w2sg.graph.store", set()),
        ("w2sg.graph.objects", set()),
        ("w2sg.graph.ledger", set()),
        ("w2sg.graph.compute", set()),
        ("w2sg.graph.execute", set()),
        ("w2sg.graph.launchers", set()),
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
    assert code._path(edited) is not None
    real = code._source_digest
    monkeypatch.setattr(code, "_source_digest", lambda name: "edited" if name == edited else real(name))
    monkeypatch.setattr(keys_module, "_code", keys_module._code.__wrapped__)


@pytest.mark.usefixtures("own_names_only")
@pytest.mark.parametrize(
    "parts",
    [
        {"settings": {"supervisor.labels": 20}},
        {"supervisor": "simulated-region", "method": "confidence"},
        {"supervisor": "few-features", "method": "bootstrapping"},
        {"supervisor": "few-features", "method": "naive-hard", "student": "knn"},
        {"task": "gaussian", "student": "ridge", "method": "naive"},
        {"task": "gaussian", "student": "linear", "method": "confident-learning"},
    ],
    ids=str,
)
def test_no_step_runs_code_that_is_not_part_of_its_key(parts: dict[str, Any]) -> None:
    """Every module of w2sg in which a function ran while the step was computed."""
    last = score(**parts)
    held: dict[str, Artifact] = {}
    part_of: dict[str, set[str]] = {}
    with sharing():
        for name, step in (*last.inputs().items(), ("score", last)):
            inputs = step.inputs()
            with modules_at_work() as ran:
                held[name] = step.compute({inner: held[inner] for inner in inputs})
            part_of[name] = closure(step).union(*(part_of[inner] for inner in inputs))
            assert len(ran) > 5
            assert ran - part_of[name] == set()


@contextmanager
def modules_at_work() -> Iterator[set[str]]:
    """Collect the modules of w2sg whose functions are called."""
    ran: set[str] = set()

    def look(frame: Any, event: str, _: object) -> None:
        name = frame.f_globals.get("__name__", "")
        if event == "call" and name.startswith("w2sg.") and frame.f_code.co_name != "<module>":
            ran.add(name)

    sys.setprofile(look)
    try:
        yield ran
    finally:
        sys.setprofile(None)


def closure(step: Step) -> set[str]:
    """The modules whose source is part of a step's own key: what `code_digest` is asked for while it is made."""
    asked: list[frozenset[str]] = []
    fresh = Keys()
    real = keys_module._code

    def noted(modules: frozenset[str]) -> str:
        asked.append(modules)
        return real(modules)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keys_module, "_code", noted)
        fresh.of(step)
    return set(code._closure(asked[-1]))  # the keys of its inputs are made before its own, or beside it


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
from w2sg.graph import Keys
from w2sg.lab import make_setup, scores_of_setups

registry.load_plugin(sys.argv[1])
settings = json.loads(sys.argv[2])
for method in ("naive", "key-test"):
    (score,) = scores_of_setups([make_setup("wine", method=method, settings=settings)], [3])
    print(*map(Keys().of, [score.student.labels, score.student, score.ceiling, score]))
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


def test_what_a_trusted_plugin_imports_from_its_folder_is_part_of_its_keys(tmp_path: Path) -> None:
    """An edit of a helper gave stale results once, and so did a second plugin of the same name."""
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(PLUGIN.replace("from typing", "import near_me\nfrom typing"))
        (tmp_path / folder / "near_me.py").write_text("FACTOR = 1\n")
    first = keys_elsewhere(tmp_path / "one" / "mine.py", "0", tmp_path, {})
    assert keys_elsewhere(tmp_path / "other" / "mine.py", "0", tmp_path, {}) == first
    (tmp_path / "other" / "near_me.py").write_text("FACTOR = 2\n")
    edited = keys_elsewhere(tmp_path / "other" / "mine.py", "0", tmp_path, {})
    assert edited[0] == first[0]
    assert [one == other for one, other in zip(edited[1], first[1], strict=True)] == [True, False, True, False]


@pytest.mark.parametrize(
    ("statement", "modules"),
    [
        ("from w2sg import measure", {"w2sg.measure"}),
        ("from w2sg.core import (\n    Fit,\n    registry,\n)", {"w2sg.core.students", "w2sg.core.registry"}),
        ("from w2sg.core import Fit as F, derive  # both", {"w2sg.core.students", "w2sg.core.randomness"}),
        ("from w2sg.core import Classes", {"w2sg.core.signals.classes"}),
        ("from w2sg.measure import bounds", {"w2sg.measure.bounds"}),
        ("from w2sg.methods import Composition", {"w2sg.methods.composition"}),
        ("import w2sg.core.vault, w2sg.measure.pgr as p", {"w2sg.core.vault", "w2sg.measure.pgr"}),
        ("    from w2sg.lab.runs import Run", {"w2sg.lab.runs"}),
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
    assert code._imports.__wrapped__("own_package.method") == {"own_package.deep"}


def test_names_are_followed_to_the_file_that_defines_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through as many faces as hand them on; what a face defines itself is the face's."""
    package = tmp_path / "handing_package"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text(
        "from handing_package.inner import deep as known_as\nfrom .side import beside\nOWN = 1\n"
    )
    (package / "side.py").write_text("beside = 2\n")
    (package / "inner" / "__init__.py").write_text("from handing_package.inner.last import deep\n")
    (package / "inner" / "last.py").write_text("deep = 3\n")
    (package / "user.py").write_text(
        "from handing_package import known_as\nfrom handing_package import beside as b, OWN\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(code, "_path", code._path.__wrapped__)
    monkeypatch.setattr(code, "_face", code._face.__wrapped__)
    assert code._imports.__wrapped__("handing_package.user") == {
        "handing_package.inner.last",
        "handing_package.side",
        "handing_package",
    }


def test_code_without_a_source_file_is_refused(tmp_path: Path) -> None:
    """Such as a component of a notebook: an edit of its cell would be a cache hit."""
    script = (
        "from typing import Literal\nfrom w2sg.core import register\nfrom w2sg.methods import Relabeling\n"
        "import w2sg\n\n\n@register()\nclass Mine(Relabeling):\n    kind: Literal['m'] = 'm'\n\n"
        "    def relabel(self, view, rng):\n        return view.transfer.weak\n\n\n"
        "w2sg.run('wine', method={'kind': 'composition', 'relabel': 'm'}, seeds=1, store='unused')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "InputError: module '__main__' has no source file" in done.stderr
