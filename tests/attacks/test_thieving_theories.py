"""Theories of plugins that try to read the truth: in a worker none may, and a trusted one is named beside numbers."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_data import WINE

from conftest import forgetting
from w2sg.core import Theory, registry
from w2sg.graph import Store
from w2sg.isolation import load_plugins
from w2sg.isolation.sandbox import why_no_sandbox
from w2sg.isolation.session import isolation_tier
from w2sg.lab import run
from w2sg.theory import ObservedStudy, SealedPredictions, observe_run, predict_observed

THIEVES = Path(__file__).parent / "plugins" / "thief_theories.py"
WAYS = ("store", "file", "memory", "task", "rooms")
CAUGHT = -0.125


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A store with one run that was scored, the run's gain on the test set, and the thieves, who know of all of it."""
    folder = tmp_path_factory.mktemp("thieving")
    with forgetting():  # components that other tests registered here would be named beside the numbers
        run(WINE, method="naive", seeds=1, store=folder / "store", workers=1)
    with Store(folder / "store") as store:
        (result,) = store.results()
    known = {"store": str(folder / "store"), "task": dict(WINE), "run": result.key}
    code = THIEVES.read_text().replace("FORBIDDEN: dict[str, Any] = {}", f"FORBIDDEN = {known!r}")
    # A plugin's file is admitted once in a process, and a store keeps what was predicted.
    for tier in ("T0", "T1", "T2"):
        shutil.copytree(folder / "store", folder / tier / "store")
        (folder / tier / THIEVES.name).write_text(code)
    gain = result.shown["student_accuracy"] - result.shown["weak_accuracy"]
    return folder, result, gain


@pytest.fixture(params=["T1", "T2"])
def tier(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Without the system's sandbox, and with it."""
    if request.param == "T2" and isolation_tier() != "T2":
        pytest.skip(f"this system has no sandbox: {why_no_sandbox()}")
    if request.param == "T1":
        monkeypatch.setattr("w2sg.isolation.session.why_no_sandbox", lambda: "switched off for a test")
    with forgetting():
        yield request.param


def asked(observed: ObservedStudy, *theories: Any) -> SealedPredictions:
    return predict_observed(observed, [registry.build(Theory, theory) for theory in theories], workers=1)


def test_a_thief_in_a_worker_reads_nothing(tier: str, stored: Any) -> None:
    folder, result, gain = stored
    observed = observe_run(result, store=folder / tier / "store", plugins=[str(folder / tier / THIEVES.name)])
    made = asked(observed, *({"kind": "thief-theory", "way": way} for way in WAYS), "thief-name")
    assert [answer.mean for answer in made.answers] == [CAUGHT] * (len(WAYS) + 1), made.answers
    assert {answer.run for answer in made.answers} == {result.key}, "the right name is put back"
    assert gain != CAUGHT
    (seal,) = made.seals
    assert seal.trust == tier
    assert seal.late, "it was scored before, and that is said whatever the worker is kept from"


def test_a_trusted_thief_reads_the_score_and_is_named_beside_the_number(stored: Any) -> None:
    folder, result, gain = stored
    with forgetting():
        load_plugins([f"trusted:{folder / 'T0' / THIEVES.name}"])
        observed = observe_run(result, store=folder / "T0" / "store")
        made = asked(observed, "thief-theory", "thief-name")
    assert [answer.mean for answer in made.answers] == [pytest.approx(gain), CAUGHT]
    (seal,) = made.seals
    assert seal.trust == "T0 beside thief_theories"
    assert seal.late
