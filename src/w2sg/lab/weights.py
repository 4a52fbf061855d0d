"""The weights of a run's student: trained again from the run's own key, and held against the answers that were kept.

Runs keep what students answer, and not what they consist of: a study has thousands of them. Whoever wants one to use
has it trained again, by the same step under the same seed.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from w2sg.core import AnyArray, RunError, SavedStudent, Task, register, run_together
from w2sg.graph import Artifact, Inputs, Step
from w2sg.lab.evidence import KEPT_BITS
from w2sg.lab.steps import OnData, TrainedStudent, answers_of, asked

KEPT = 2.0 ** (1 - KEPT_BITS)
"""The largest share by which a probability and another one that is a hair off may differ as they are kept."""
CLOSE = 1e-4
"""Two probabilities that differ by less are taken to be one: heads that were trained in a batch differ in last bits."""
MODEL, NAMES = "model", "classes"


@register()
class StudentWeights(OnData):
    """The weights of a trained student, and how far its answers are from those that were kept."""

    kind: Literal["weights"] = "weights"
    student: TrainedStudent

    @property
    def on(self) -> Task:
        """The task."""
        return self.student.on

    def inputs(self) -> Mapping[str, Step]:
        """Return the student's answers, and what it learned from."""
        return {**self.student.inputs(), "student": self.student}

    def compute(self, inputs: Inputs) -> Artifact:
        """Train the student again, and compare.

        Raises:
            CapabilityError: If the student is not made of arrays alone.
            RunError: If it answers otherwise than it did.
        """
        (trained,) = run_together([self.student.course(inputs)])
        saved = trained.saved()
        again = answers_of(self.data, Artifact(asked(self.student, trained)))
        differs = 0.0
        for split, kept in answers_of(self.data, inputs["student"]).items():
            differs = max(differs, _difference(kept.arrays(), again[split].arrays(), split))
        facts = {"student": dict(saved.student), "facts": dict(saved.facts)}
        return Artifact(saved.arrays, {MODEL: facts, NAMES: list(self.data.question.names), "differs": differs})


def saved_student(artifact: Artifact) -> SavedStudent:
    """Return the trained student from the artifact of `StudentWeights`."""
    model = artifact.record[MODEL]
    return SavedStudent(model["student"], artifact.arrays, model["facts"])


def _difference(kept: Mapping[str, AnyArray], again: Mapping[str, AnyArray], split: str) -> float:
    """Return the largest difference between answers, beyond what rounding leaves open.

    Raises:
        RunError: If there is one.
    """
    largest = 0.0
    for name, one in kept.items():
        apart = np.abs(np.asarray(one, dtype=np.float64) - again[name])
        if (apart > KEPT * np.maximum(one, 1 - np.asarray(one)) + CLOSE).any():
            raise RunError(
                f"the student that was trained again answers otherwise on {int((apart > CLOSE).any(-1).sum())} of "
                f"{len(one)} examples of split {split!r}, by up to {apart.max():.3g}: was it made by another number of "
                "threads, or on another device? Make the run again, in a store of its own, and export that"
            )
        largest = max(largest, float(apart.max(initial=0.0)))
    return largest
