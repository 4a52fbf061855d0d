"""Answers that a model gave once, stored with the data: real weak labels without the model."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    ClassProbabilities,
    DataError,
    Examples,
    FloatArray,
    InputError,
    IntArray,
    Labeller,
    Supervision,
    UnknownNameError,
    WeakSupervisor,
    preset,
    register,
)
from w2sg.supervisors.combine import check_votes

PREFIX = "recorded."
"""What the names of metadata columns with recorded answers begin with; the name of who gave them follows."""


@register()
class Recorded(WeakSupervisor):
    """A model's recorded answers, made soft by how often they were right on the supervision split.

    The answers are those of the metadata column `recorded.<by>` `(n,)`: class numbers, -1 where there is none. The soft
    label of an answer is the share of each class among the supervision examples with that answer, after adding
    `prior_strength` examples spread by the shares of all gold. So labels are calibrated, and their most likely class
    need not be the answer. No answer, like one never given on the supervision split, says no more than those shares.
    """

    kind: Literal["recorded"] = "recorded"
    by: str = Field(min_length=1, description="whose answers: a name that the task gives its recorded answers")
    labels: Literal["posterior", "one-hot"] = Field(
        "posterior", description="class shares given the answer, from the supervision gold, or the answer for certain"
    )
    prior_strength: float = Field(
        1.0, gt=0, description="how many supervision examples the class shares count for, beside each answer's own"
    )

    def fit(self, supervision: Supervision, rng: np.random.Generator) -> Labeller:
        """Count which class each answer meant on the supervision split.

        Raises:
            DataError: If there are no recorded answers, or they are no classes.
            UnknownNameError: If others are recorded, but not these.
            InputError: If there is no supervision gold.
        """
        gold, n_classes = supervision.gold, supervision.n_classes
        answers = self.answers(supervision.examples, n_classes)
        if not len(gold):
            raise InputError("class shares need supervision gold, got none: give the supervision split some rows")
        shares = np.bincount(gold, minlength=n_classes) / len(gold)
        given = answers >= 0
        # Row `a` counts which classes were meant where the answer was `a`; the last row stands for no answer and is the
        # class shares themselves (index -1).
        counts = np.zeros((n_classes, n_classes))
        np.add.at(counts, (answers[given], gold[given]), 1)
        # An answer that was given once would otherwise mean its one class for certain.
        counts += self.prior_strength * shares
        meanings = counts / counts.sum(axis=1, keepdims=True) if self.labels == "posterior" else np.eye(n_classes)
        # No answer is -1, which as an index is the last row.
        return RecordedLabeller(self, np.vstack([meanings, shares]))

    def answers(self, examples: Examples, n_classes: int) -> IntArray:
        """Return the answers `(n,)`, -1 where there is none.

        Raises:
            DataError: If there are no recorded answers, or they are no classes.
            UnknownNameError: If others are recorded, but not these.
        """
        names = [name.removeprefix(PREFIX) for name in examples.metadata if name.startswith(PREFIX)]
        if not names:
            raise DataError(
                "supervisor 'recorded' needs recorded answers, the data have none: choose a task that stores them, or "
                "name their columns in 'recorded' of task 'files'"
            )
        if self.by not in names:
            raise UnknownNameError("recorded answers (supervisor 'recorded', by)", self.by, names)
        column = np.asarray(examples.metadata[PREFIX + self.by])
        if column.ndim != 1:
            raise DataError(f"metadata {PREFIX + self.by!r} must have shape (n,), got {column.shape}")
        return check_votes(column[:, None], n_classes, f"metadata {PREFIX + self.by!r}")[:, 0]


@dataclass(frozen=True, eq=False)
class RecordedLabeller(Labeller):
    """Recorded answers and what each of them means.

    Attributes:
        supervisor: The configuration.
        meanings: `(k + 1, k)` soft labels: of each answer, and at last of none.
    """

    supervisor: Recorded
    meanings: FloatArray

    def label(self, examples: Examples, gold: AnyArray | None, rng: np.random.Generator) -> ClassProbabilities:
        """Return soft labels `(n, k)`.

        Raises:
            DataError: If there are no recorded answers, or they are no classes.
        """
        return ClassProbabilities(self.meanings[self.supervisor.answers(examples, self.meanings.shape[1])])


preset(
    "as-recorded",
    Recorded,
    "The most likely classes that the task 'shown' has recorded of its supervisor, for certain.",
    by="supervisor",
    labels="one-hot",
)
