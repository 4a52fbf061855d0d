"""Work that is spread over launchers: all of it is done, failures come back as what they were, and nobody is lost."""

import os
from pathlib import Path

import pytest
from lab_data import SMALL, STEPS, WINE, accuracies, largest_difference, small_study

from w2sg.core import ConfigError, InputError, RunError, UnknownNameError, registry
from w2sg.graph import InProcess, Launcher, Processes
from w2sg.lab import run, study

PLUGIN = """
import os
from typing import Literal

from w2sg.core import InputError, Method, register
from w2sg.methods import Composition


class _Naive(Method):
    def train(self, view, student, rng):
        self.harm()
        return (yield from Composition().train(view, student, rng))


@register()
class Divides(_Naive):
    kind: Literal["divides"] = "divides"

    def harm(self):
        raise ZeroDivisionError("nothing to divide by")


@register()
class Refuses(_Naive):
    kind: Literal["refuses-this"] = "refuses-this"

    def harm(self):
        raise InputError("not this")


@register()
class Ends(_Naive):
    \"\"\"Ends its process, as the system does where memory is short.\"\"\"

    kind: Literal["ends"] = "ends"

    def harm(self):
        if os.getpid() != PARENT:
            os._exit(9)


PARENT = int(os.environ["W2SG_TEST_PARENT"])
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("W2SG_TEST_PARENT", str(os.getpid()))
    path = tmp_path / "launched.py"
    path.write_text(PLUGIN)
    registry.load_plugin(path)
    return str(path)


def test_launchers_are_components_that_are_chosen_by_name(tmp_path: Path) -> None:
    assert set(registry.names(Launcher)) >= {"in-process", "processes"}
    assert registry.build(Launcher, {"kind": "processes", "workers": 2}) == Processes(workers=2)
    given = small_study(methods=["naive", "confidence"])
    here = study(given, store=tmp_path / "here", launcher="in-process")
    there = study(given, store=tmp_path / "there", launcher=Processes(workers=2))
    assert here.steps_done == there.steps_done
    assert accuracies(here) == accuracies(there)
    for step in STEPS:
        assert largest_difference(tmp_path / "here", tmp_path / "there", step) == 0
    with pytest.raises(UnknownNameError, match="unknown launcher 'proceses': did you mean 'processes'"):
        study(given, store=tmp_path / "here", launcher="proceses")
    with pytest.raises(ConfigError, match="workers"):
        registry.build(Launcher, {"kind": "processes", "workers": 0})


@pytest.mark.parametrize("launcher", [InProcess(), Processes(workers=2)], ids=lambda launcher: launcher.kind)
def test_errors_come_out_as_what_they_were(launcher: Launcher, plugin: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="ZeroDivisionError: nothing to divide by"):
        run(WINE, student=SMALL, method="divides", seeds=2, store=tmp_path / "s", launcher=launcher, plugins=[plugin])
    with pytest.raises(InputError, match="^not this$"):
        run(
            WINE,
            student=SMALL,
            method="refuses-this",
            seeds=2,
            store=tmp_path / "s",
            launcher=launcher,
            plugins=[plugin],
        )


@pytest.mark.slow
def test_a_step_that_ends_its_worker_fails_alone(plugin: str, tmp_path: Path) -> None:
    """Whatever else was with the pool is done again, and is as it always was."""
    given = small_study(methods=["naive", "ends", "confidence"], plugins=[plugin])
    found = study(given, store=tmp_path / "s", workers=2)
    assert [result.label["method"] for result in found.results] == ["naive", "confidence"]
    assert all(len(result.seeds) == 2 for result in found.results)
    assert [(failure.label["method"], failure.seed) for failure in found.failed] == [
        ("ends", 0),
        ("ends", 1),
    ]
    assert all(
        failure.reason == "a worker process ended before its work: if memory is short, use fewer workers"
        for failure in found.failed
    )
    assert not study(small_study(methods=["naive", "confidence"]), store=tmp_path / "s").steps_done
    alone = study(small_study(methods=["naive", "confidence"]), store=tmp_path / "alone", workers=1)
    assert accuracies(found) == accuracies(alone)
    mended = study(given, store=tmp_path / "s", workers=1)  # in this process it does no harm
    assert mended.steps_done == {"student": 2, "score": 2}
    assert not mended.failed
