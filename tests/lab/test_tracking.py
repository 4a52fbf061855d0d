"""Trackers are told of each run once, whatever was done before and however a study was stopped."""

import json
import struct
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from lab_data import run_small, small_study

import w2sg
from w2sg.core import InputError, MissingExtraError
from w2sg.lab import TrackedRun, Tracker, Tracking, tracker_of, tracking

METHODS = {"methods": ["naive", "confidence"], "seeds": 2}


class Listening(Tracker):
    def __init__(self, known: set[str]) -> None:
        self.runs: list[TrackedRun] = []
        self._known = known

    def known(self) -> set[str]:
        return self._known

    def log(self, run: TrackedRun) -> None:
        self.runs.append(run)


def test_runs_are_told_of_once_while_they_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "EVERY_S", 0.0)
    study = small_study(**METHODS)
    first, seen = Listening(set()), []
    told = Tracking(first, study, tmp_path, lambda done, total: seen.append((done, total)))
    result = w2sg.study(study, store=tmp_path, progress=told)
    ids = {run for setup in result.results for run in setup.run_ids}
    assert {run.id for run in first.runs} == ids, "all were told of before the end"
    assert seen[-1] == (4, 4)
    before = min(ids)
    again = Listening({before})
    resumed = Tracking(again, study, tmp_path)
    resumed.look()
    resumed.look()
    assert sorted(run.id for run in again.runs) == sorted(ids - {before})
    assert resumed.told == 3
    run = first.runs[0]
    assert run.metrics["test/student/accuracy"] == pytest.approx(
        next(r for r in result.results if run.id in r.run_ids).tests["test"].evidence.student[run.seed].mean()
    )
    assert set(run.curves) == {"student", "ceiling", "direct"}
    assert run.config["student.features.count"] == 12


def test_event_files_hold_metrics_and_curves(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    run_small(tmp_path / "store", **METHODS)
    target = f"tensorboard:{tmp_path / 'board'}"
    assert w2sg.track("small", target, store=tmp_path / "store") == 4
    assert w2sg.track("small", target, store=tmp_path / "store") == 0
    folders = sorted((tmp_path / "board" / "small").iterdir())
    assert len(folders) == 4
    values = dict(_scalars(next(folders[0].glob("events.*")).read_bytes()))
    assert 0 < values["test/student/accuracy"] <= 1
    assert values["curve/student/loss"] > 0


def _scalars(content: bytes) -> Iterator[tuple[str, float]]:
    from tensorboardX.proto import event_pb2

    start = 0
    while start < len(content):
        (length,) = struct.unpack_from("<Q", content, start)
        event = event_pb2.Event.FromString(content[start + 12 : start + 12 + length])
        yield from ((value.tag.removesuffix("/scalar"), value.simple_value) for value in event.summary.value)
        start += 16 + length


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own, beside today's SQLAlchemy
def test_mlflow_has_parameters_metrics_and_curves_of_each_run_once(tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow")
    run_small(tmp_path / "store", **METHODS)
    target = f"mlflow:{tmp_path / 'runs'}"
    assert w2sg.track("small", target, store=tmp_path / "store") == 4
    assert w2sg.track("small", target, store=tmp_path / "store") == 0
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'runs' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("small")
    runs = client.search_runs([experiment.experiment_id])
    assert len(runs) == 4
    assert runs[0].data.params["student.features.count"] == "12"
    assert 0 < runs[0].data.metrics["test/student/accuracy"] <= 1
    steps = [point.step for point in client.get_metric_history(runs[0].info.run_id, "curve/student/loss")]
    assert steps == sorted(set(steps))


def test_wandb_is_told_of_each_run_under_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is faked at the boundary: it needs a network or a server of its own."""
    begun: list[Mapping[str, Any]] = []

    class Begun:
        def __init__(self, **given: Any) -> None:
            self.summary: dict[str, float] = {}
            self.logged: list[Mapping[str, float]] = []
            begun.append({**given, "run": self})

        def __enter__(self) -> "Begun":
            return self

        def __exit__(self, *_: object) -> None: ...

        def define_metric(self, name: str, step_metric: str) -> None: ...

        def log(self, numbers: Mapping[str, float]) -> None:
            self.logged.append(numbers)

    fake = ModuleType("wandb")
    fake.init = Begun  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", fake)
    run_small(tmp_path / "store", **METHODS)
    target = f"wandb:{tmp_path / 'board'}"
    assert w2sg.track("small", target, store=tmp_path / "store") == 4
    assert w2sg.track("small", target, store=tmp_path / "store") == 0
    assert len({one["id"] for one in begun}) == 4
    assert begun[0]["project"] == "small"
    assert 0 < begun[0]["run"].summary["test/student/accuracy"] <= 1
    assert begun[0]["run"].logged[0]["curve/student/step"] == 1


def test_a_tracker_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for target in ("mlflow", "board:here", "tensorboard:"):
        with pytest.raises(InputError, match="--track takes mlflow:FOLDER, tensorboard:FOLDER or wandb, got"):
            tracker_of(target, "small")
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'w2sg\[track\]'"):
        tracker_of("tensorboard:here", "small")


def test_a_study_is_tracked_and_a_student_exported_on_the_command_line(w2sg: Any, tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    pytest.importorskip("safetensors")
    (tmp_path / "wine.toml").write_text('name = "wine"\ntasks = ["wine"]\nmethods = ["naive"]\nseeds = 2\n')
    first = w2sg("study", "wine.toml", "--track", "tensorboard:board")
    assert (first.code, "told of 2 runs" in first.err) == (0, True)
    again = w2sg("study", "wine.toml", "--track", "tensorboard:board")
    assert (again.code, "told of 0 runs" in again.err) == (0, True)
    refused = w2sg("study", "wine.toml", "--track", "board")
    assert (refused.code, "--track takes mlflow:FOLDER" in refused.err) == (2, True)
    run = json.loads(w2sg("runs", "--json").out)[0]["id"]
    made = w2sg("export-model", run[:12], "-o", "student", "--json")
    assert (made.code, json.loads(made.out)["run"]) == (0, run)
    twice = w2sg("export-model", run[:12], "-o", "student")
    assert (twice.code, "is there already" in twice.err) == (2, True)
