"""One thin adapter for each experiment tracker: MLflow, TensorBoard, Weights & Biases."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from w2sg.core import InputError, MissingExtraError, TrainingCurve
from w2sg.lab.tracked import TrackedRun, Tracker

EXTRA = "track"
RUN_TAG, STUDY_TAG = "w2sg.run", "w2sg.study"
MOST_METRICS, MOST_PARAMS = 1000, 100
"""What MLflow takes in one call."""
LONGEST = 500
"""Letters of a parameter's value that MLflow keeps whichever store it has."""
NUMBERS = ("loss", "rate", "gradient_norm")


def tracker_of(target: str, study: str) -> Tracker:
    """Return the tracker that a target names.

    Args:
        target: `mlflow:FOLDER` or the address of an MLflow server after `mlflow:`, `tensorboard:FOLDER`, or `wandb`,
            perhaps with a folder.
        study: The study's name: the experiment, the folder or the project in which runs stand.

    Raises:
        InputError: If there is no such tracker, or no folder.
        MissingExtraError: If its package is not installed.
    """
    kind, _, place = target.partition(":")
    if kind not in TRACKERS or not (place or kind == "wandb"):
        raise InputError(f"--track takes mlflow:FOLDER, tensorboard:FOLDER or wandb, got {target!r}")
    return TRACKERS[kind](place or ".", study)


class MlflowTracker(Tracker):
    """Runs of an MLflow experiment that has the study's name; a folder gets a local database."""

    def __init__(self, place: str, study: str) -> None:
        try:
            from mlflow import MlflowClient
        except ImportError:
            raise MissingExtraError("mlflow-skinny", EXTRA) from None
        made: dict[str, Any] = {}
        if "://" not in place:
            folder = Path(place).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            place, made = f"sqlite:///{folder / 'mlflow.db'}", {"artifact_location": (folder / "artifacts").as_uri()}
        self.client = MlflowClient(tracking_uri=place)
        known = self.client.get_experiment_by_name(study)
        self.experiment = known.experiment_id if known else self.client.create_experiment(study, **made)

    def known(self) -> set[str]:
        """Return the runs that were finished there."""
        return {run.data.tags[RUN_TAG] for run in self._found("attributes.status = 'FINISHED'")}

    def log(self, run: TrackedRun) -> None:
        """Make a run with parameters, metrics, curves and the result as a file."""
        from mlflow.entities import Metric, Param, RunTag

        for begun in self._found(f"tags.`{RUN_TAG}` = '{run.id}'"):
            self.client.delete_run(begun.info.run_id)
        tags = {RUN_TAG: run.id, STUDY_TAG: run.study, **{f"w2sg.{part}": name for part, name in run.names.items()}}
        made = self.client.create_run(self.experiment, run_name=run.title)
        name, now = made.info.run_id, made.info.start_time
        params = [Param("seed", str(run.seed)), *(Param(key, _short(value)) for key, value in run.config.items())]
        metrics = [Metric(key, value, now, 0) for key, value in run.metrics.items()]
        metrics += [
            Metric(f"curve/{part}/{what}", number, now, step)
            for part, curve in run.curves.items()
            for step, numbers in _points(curve)
            for what, number in numbers.items()
        ]
        self.client.log_batch(name, tags=[RunTag(key, value) for key, value in tags.items()])
        for start in range(0, len(params), MOST_PARAMS):
            self.client.log_batch(name, params=params[start : start + MOST_PARAMS])
        for start in range(0, len(metrics), MOST_METRICS):
            self.client.log_batch(name, metrics=metrics[start : start + MOST_METRICS])
        self.client.log_text(name, run.result, "result.json")
        self.client.set_terminated(name)

    def _found(self, which: str) -> list[Any]:
        found: list[Any] = []
        token = None
        while True:
            page = self.client.search_runs([self.experiment], filter_string=which, page_token=token)
            found += [run for run in page if RUN_TAG in run.data.tags]
            token = page.token
            if not token:
                return found


class TensorBoardTracker(Tracker):
    """Event files: for each run a folder below one of the study's name, which appears when it is whole."""

    def __init__(self, place: str, study: str) -> None:
        try:
            import tensorboardX  # noqa: F401 - whether it is there is to be known before anything is trained
        except ImportError:
            raise MissingExtraError("tensorboardX", EXTRA) from None
        self.folder = Path(place) / study

    def known(self) -> set[str]:
        """Return the runs that have a folder."""
        return {json.loads(file.read_text(encoding="utf-8"))["id"] for file in self.folder.glob("*/run.json")}

    def log(self, run: TrackedRun) -> None:
        """Write the folder of a run."""
        from tensorboardX import SummaryWriter

        name = "-".join([*run.names.values(), f"seed {run.seed}", run.id[:8]]).replace("/", "_")
        fresh = self.folder / f".{name}.part"
        shutil.rmtree(fresh, ignore_errors=True)
        with SummaryWriter(str(fresh)) as writer:
            for key, value in run.metrics.items():
                writer.add_scalar(key, value, 0)
            for part, curve in run.curves.items():
                for step, numbers in _points(curve):
                    for what, number in numbers.items():
                        writer.add_scalar(f"curve/{part}/{what}", number, step)
            writer.add_text("setup", f"```json\n{json.dumps(dict(run.config), indent=2)}\n```")
        about = {"id": run.id, "study": run.study, "seed": run.seed, "result": json.loads(run.result)}
        (fresh / "run.json").write_text(json.dumps(about), encoding="utf-8")
        fresh.rename(self.folder / name)


class WandbTracker(Tracker):
    """Runs of a Weights & Biases project that has the study's name; its own settings say where they go.

    What was told of is listed in a file beside W&B's own, for a project that is offline cannot be asked.
    """

    def __init__(self, place: str, study: str) -> None:
        try:
            import wandb
        except ImportError:
            raise MissingExtraError("wandb", EXTRA) from None
        self.wandb, self.folder, self.study = wandb, Path(place), study
        self.folder.mkdir(parents=True, exist_ok=True)
        self._told = self.folder / f"w2sg-wandb-{study}.txt"

    def known(self) -> set[str]:
        """Return the runs in the list."""
        return set(self._told.read_text(encoding="utf-8").split()) if self._told.exists() else set()

    def log(self, run: TrackedRun) -> None:
        """Make a run with its configuration, summary and curves."""
        with self.wandb.init(
            project=self.study,
            id=run.id,
            name=run.title,
            group=run.names["method"],
            config={"seed": run.seed, **run.config},
            dir=str(self.folder),
            resume="allow",
        ) as made:
            for part, curve in run.curves.items():
                made.define_metric(f"curve/{part}/*", step_metric=f"curve/{part}/step")
                for step, numbers in _points(curve):
                    told = {"step": step, **numbers}
                    made.log({f"curve/{part}/{what}": number for what, number in told.items()})
            made.summary.update(dict(run.metrics))
        with self._told.open("a", encoding="utf-8") as file:
            file.write(f"{run.id}\n")


def _points(curve: TrainingCurve) -> list[tuple[int, Mapping[str, float]]]:
    """Return the numbers of each step."""
    columns = [getattr(curve, name).tolist() for name in NUMBERS]
    return [
        (int(step), dict(zip(NUMBERS, numbers, strict=True)))
        for step, *numbers in zip(curve.step.tolist(), *columns, strict=True)
    ]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


TRACKERS: Mapping[str, Callable[[str, str], Tracker]] = {
    "mlflow": MlflowTracker,
    "tensorboard": TensorBoardTracker,
    "wandb": WandbTracker,
}
"""The trackers by the word before the colon."""
