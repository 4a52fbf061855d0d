"""Telling experiment trackers of runs: what the store holds is handed on, each run once, while and after it is made."""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from w2sg.core import canonical_json
from w2sg.graph import REFUSED, Keys, Progress, Store
from w2sg.lab.runs import default_store, result_of, scores_of_setups
from w2sg.lab.scoring import pgr_of_run
from w2sg.lab.setup import Setup, leaves, names_of
from w2sg.lab.steps import CURVE, TRANSFER, curve_of
from w2sg.lab.studies import Study, known_study
from w2sg.lab.tracked import TrackedRun, Tracker
from w2sg.lab.trackers import tracker_of

EVERY_S = 15.0
"""Seconds between two looks at the store while runs are made."""
WHO = ("weak", "student", "ceiling", "direct")


class Tracking:
    """Tells a tracker of the runs of a study as they come into the store; it is the progress of making them, too.

    Attributes:
        told: How many runs the tracker was told of.
    """

    def __init__(self, tracker: Tracker, study: Study, store: Path, progress: Progress | None = None) -> None:
        self.tracker, self.study, self.store, self.progress = tracker, study, store, progress
        self.told = 0
        self._known = set(tracker.known())
        self._looked = time.monotonic()
        self._keys: list[str] | None = None

    def __call__(self, done: int, total: int) -> None:
        """Hand progress on, and look for new runs from time to time."""
        if self.progress is not None:
            self.progress(done, total)
        # Of seeds that are still being decided nobody knows the runs; they are told of at the end.
        if time.monotonic() - self._looked >= EVERY_S and not isinstance(self.study.seeds, str):
            self.look()
            self._looked = time.monotonic()

    def look(self, keys: Iterable[str] | None = None) -> None:
        """Tell of those of some runs, or of all that the study plans, that are finished and were not told of."""
        with Store(self.store) as store:
            for key in self._planned() if keys is None else keys:
                if key not in self._known and (run := _tracked(store, key, self.study.name)) is not None:
                    self.tracker.log(run)
                    self._known.add(key)
                    self.told += 1

    def _planned(self) -> list[str]:
        if self._keys is None:
            keys = Keys()
            self._keys = [keys.of(score) for score in scores_of_setups(self.study.setups(), self.study.seed_list())]
        return self._keys


def track(study: str, target: str, *, store: str | Path | None = None, plugins: Sequence[str] = ()) -> int:
    """Tell a tracker of all runs of a study that the store holds and that it was not told of before.

    Args:
        study: The study's name.
        target: As `w2sg study --track` takes it: `mlflow:FOLDER`, `tensorboard:FOLDER` or `wandb`.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        plugins: Python files that register components.

    Returns:
        How many runs it was told of.

    Raises:
        InputError: If the store has no such study, or there is no such tracker.
        MissingExtraError: If the tracker's package is not installed.
    """
    tracking = Tracking(
        tracker_of(target, study), known_study(study, store=store, plugins=plugins), Path(store or default_store())
    )
    tracking.look()
    return tracking.told


def _tracked(store: Store, key: str, study: str) -> TrackedRun | None:
    """Return a stored run as trackers are told of it; None if it is not there, or was refused."""
    listed, artifact = store.results([key]), store.get(key)
    if not listed or artifact is None or REFUSED in artifact.record:
        return None
    (listing,) = listed
    setup, told = Setup.parse(listing.about), result_of(store, key, artifact.record)
    curves = {part: curve_of(artifact.arrays, f"{CURVE}/{part}") for part in WHO}
    return TrackedRun(
        id=key,
        study=study,
        seed=listing.seed,
        names=names_of(setup),
        config=dict(leaves(setup.model_dump(mode="json"))),
        metrics=_metrics(told, pgr_of_run(listing)),
        curves={part: curve for part, curve in curves.items() if curve is not None and len(curve)},
        result=canonical_json(told),
    )


def _metrics(told: Mapping[str, Any], pgr: Any) -> dict[str, float]:
    """Return the numbers of a run by name, such as `test/student/accuracy`."""
    found: dict[str, float] = {} if pgr is None else {"pgr": float(pgr)}
    for name, test in told["metrics"].items():
        if name == TRANSFER:
            found |= {f"{TRANSFER}/{key}": float(value) for key, value in test.items()}
            continue
        for who in WHO:
            found |= {f"{name}/{who}/{key}": value for key, value in test.get(who, {}).items() if _is_number(value)}
        found |= {f"{name}/{key}": test[key] for key in ("agreement", "errors_copied") if _is_number(test.get(key))}
    return found | {f"seconds/{part}": step["seconds"] for part, step in told["steps"].items() if "seconds" in step}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)
