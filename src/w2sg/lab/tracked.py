"""What experiment trackers are: they are told of runs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from w2sg.core import TrainingCurve


@dataclass(frozen=True, eq=False)
class TrackedRun:
    """A run as trackers are told of it.

    Attributes:
        id: The run's id.
        study: The study that it is of.
        seed: Its seed.
        names: The names of its task, supervisor, student and method.
        config: Every field of its setup, by dotted path.
        metrics: Numbers: accuracies and others by test set and whose they are, seconds, and the run's own PGR.
        curves: How the student and the ceiling were trained, where it was by gradient.
        result: All that the store says of it, as JSON.
    """

    id: str
    study: str
    seed: int
    names: Mapping[str, str]
    config: Mapping[str, Any]
    metrics: Mapping[str, float]
    curves: Mapping[str, TrainingCurve] = field(default_factory=dict)
    result: str = "{}"

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{' / '.join(self.names.values())} seed {self.seed}"


class Tracker(ABC):
    """Where runs are told of: MLflow, TensorBoard, Weights & Biases."""

    @abstractmethod
    def known(self) -> set[str]:
        """Return the ids of the runs that it has been told of, wholly, now or by another process."""

    @abstractmethod
    def log(self, run: TrackedRun) -> None:
        """Tell it of a run; one that was told of in part is told of again."""
