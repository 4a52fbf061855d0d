"""Code of plugins that tries to reach gold or to spoil numbers: in a worker none of it may succeed."""

import os
from pathlib import Path
from typing import Any

import pytest
from lab_data import SMALL, WINE, small_study

from conftest import forgetting
from w2sg.core import InputError, registry
from w2sg.graph import Store
from w2sg.isolation import load_plugins
from w2sg.isolation.sandbox import why_no_sandbox
from w2sg.isolation.session import isolation_tier
from w2sg.lab import StudyResult, result_of, study, study_document

THIEVES = Path(__file__).parent / "plugins" / "thieves.py"
METHODS = (
    *("bases", "gc", "release", "buys", "reload", "library", "store", "file", "libc", "memory", "cache", "referrers"),
    *("memo", "pools", "understates", "noise", "frames", "network", "program", "fork", "kills", "spoils", "objective"),
)
BELOW_PYTHON = ("libc", "memory", "fork")
"""What goes past Python's own guard: only the system's sandbox stops it."""
SEEDS = 2


@pytest.fixture(scope="module", params=["T1", "T2"])
def tier(request: pytest.FixtureRequest) -> Any:
    """Without the system's sandbox, and with it."""
    if request.param == "T2" and isolation_tier() != "T2":
        pytest.skip(f"this system has no sandbox: {why_no_sandbox()}")
    with pytest.MonkeyPatch.context() as patched, forgetting():
        if request.param == "T1":
            patched.setattr("w2sg.isolation.session.why_no_sandbox", lambda: "switched off for a test")
        yield request.param


@pytest.fixture(scope="module")
def thieves(tier: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A study of all thieves beside naive, and one of naive alone; what a thief is after lies where it is said to."""
    folder = tmp_path_factory.mktemp("thieves")
    secret = folder / "gold.csv"
    secret.write_text("1,2,3")
    known = {"store": str(folder / "s"), "file": str(secret), "pid": os.getpid(), "task": dict(WINE)}
    plugin = folder / f"thieves_{tier}.py"
    kinds = THIEVES.read_text().replace("thief-", f"{tier.lower()}-")
    plugin.write_text(kinds.replace("FORBIDDEN: dict[str, Any] = {}", f"FORBIDDEN = {known!r}"))
    honest = study(small_study(methods=["naive"], seeds=SEEDS), store=folder / "s", workers=1)
    names = [f"{tier.lower()}-{name}" for name in METHODS if tier == "T2" or name not in BELOW_PYTHON]
    given = small_study(methods=["naive", *names], plugins=[str(plugin)], seeds=SEEDS)
    found = study(given, store=folder / "t", workers=1)
    return honest, found, folder / "t", str(plugin)


def of(found: StudyResult, name: str) -> Any:
    (result,) = (result for result in found.results if result.label["method"].endswith(f"-{name}"))
    return result


@pytest.mark.parametrize("name", METHODS)
def test_a_thief_in_a_worker_steals_nothing_and_says_so(name: str, tier: str, thieves: Any) -> None:
    if tier == "T1" and name in BELOW_PYTHON:
        pytest.skip("only the system's sandbox stops what goes past Python")
    honest, found, folder, _ = thieves
    assert found.failed == ()
    result = of(found, name)
    assert result.trust == tier
    naive = honest.results[0]
    assert result.pgr.ceiling.estimate == naive.pgr.ceiling.estimate
    assert result.pgr.weak.estimate == naive.pgr.weak.estimate
    if name == "spoils":
        return  # it spoiled its own inputs, and its own student only
    assert result.pgr.student.estimate == pytest.approx(naive.pgr.student.estimate, abs=1e-12)
    with Store(folder) as store:
        for run_id in result.run_ids:
            notes = result_of(store, run_id, store.record(run_id) or {})["steps"]["student"].get("notes", {})
            assert notes.get("stolen", 0) == 0, notes


def test_rivals_and_ceilings_are_not_spoiled(thieves: Any) -> None:
    honest, found, *_ = thieves
    assert found.results[0].pgr == honest.results[0].pgr
    assert found.results[0].trust == "T0"


def test_audits_are_those_that_were_declared_once_and_stand_in_the_ledger(thieves: Any) -> None:
    found = thieves[1]
    bought = {name: [line for line in of(found, name).gold if line["purpose"] == "audit"] for name in METHODS[:1]}
    assert bought == {"bases": []}
    assert [(line["n"], line["times"]) for line in of(found, "understates").gold if line["purpose"] == "audit"] == [
        (50, SEEDS)
    ]
    assert [(line["n"], line["times"]) for line in of(found, "pools").gold if line["purpose"] == "audit"] == [
        (10, SEEDS)
    ]


def test_a_student_sees_no_other_training_of_its_batch(tier: str, thieves: Any, tmp_path: Path) -> None:
    """The ceiling trains the same student on gold; it does so in a worker of its own."""
    peeks = {"kind": f"{tier.lower()}-peeks"}
    given = small_study(methods=["naive", "naive-hard"], students=[peeks], plugins=[thieves[3]], seeds=1)
    found = study(given, store=tmp_path, workers=1)
    plain = study(small_study(methods=["naive", "naive-hard"], students=[SMALL], seeds=1), store=tmp_path, workers=1)
    assert [result.trust for result in found.results] == [tier, tier]
    assert [r.pgr.student.estimate for r in found.results] == [r.pgr.student.estimate for r in plain.results]
    assert found.results[0].pgr.ceiling.estimate == plain.results[0].pgr.ceiling.estimate


PATCHES = {
    "scorer": (
        "import numpy as np\nimport w2sg.measure as measure\nfrom w2sg.core import Classes\n"
        "Classes.correct = lambda self, signal, gold: np.ones(len(gold), dtype=bool)\n"
    ),
    "vault": "from w2sg.core import Vault\nVault._write_down = lambda self, release: None\n",
    "registry": "from w2sg.core import InputError, registry\nregistry._entries['methods'].clear()\n",
}


@pytest.mark.parametrize("name", PATCHES)
def test_what_a_plugin_patches_when_it_is_loaded_stays_in_its_worker(name: str, tier: str, tmp_path: Path) -> None:
    plugin = tmp_path / f"patch_{name}.py"
    plugin.write_text(PATCHES[name])
    plain = study(small_study(methods=["naive"], seeds=1), store=tmp_path / "a", workers=1)
    patched = study(small_study(methods=["naive"], seeds=1, plugins=[str(plugin)]), store=tmp_path / "b", workers=1)
    assert patched.results[0].pgr == plain.results[0].pgr
    assert patched.results[0].gold == plain.results[0].gold
    assert patched.results[0].run_ids == plain.results[0].run_ids


def test_a_trusted_plugin_is_named_beside_every_number(tmp_path: Path) -> None:
    """In the laboratory's process nothing keeps it from gold; so the record says that it was there."""
    plugin = tmp_path / "beside_me.py"
    plugin.write_text(
        "from w2sg.core import preset\nfrom w2sg.methods import Composition\n"
        "preset('beside-me', Composition, 'For a test.')\n"
    )
    given = small_study(methods=["beside-me"], seeds=1, plugins=[f"trusted:{plugin}"])
    found = study(given, store=tmp_path / "s", workers=1)
    try:
        assert "beside_me" in found.results[0].trust
        assert found.results[0].trust.startswith("T0 beside ")
        remarks = [finding.text for finding in study_document(found).findings]
        assert any("Foreign code ran beside ground truth while numbers of 1 of 1 setup were made" in r for r in remarks)
        with Store(tmp_path / "s") as store:
            (row,) = store.results()
            assert "beside_me" in str(row.shown["trust"])
    finally:
        registry._entries["methods"].pop("beside-me")


def test_plugins_that_hold_gold_by_nature_must_be_trusted(tmp_path: Path) -> None:
    plugin = tmp_path / "task.py"
    plugin.write_text(
        "from typing import Literal\nfrom w2sg.core import register, Task\n\n"
        "@register()\nclass Mine(Task):\n    kind: Literal['my-own-task'] = 'my-own-task'\n"
        "    def load(self, rng):\n        return None\n"
    )
    with pytest.raises(InputError, match=r"brings tasks that cannot be kept from ground truth: if you have read its"):
        load_plugins([str(plugin)])
    assert "my-own-task" not in registry.names("tasks")
