"""What weak supervisors share that are a student of the package, taught gold of the supervision split."""

from typing import Any, Self, TypeVar

import numpy as np
from pydantic import Field

from w2sg.core import AnyStudent, InputError, SeenLabels, Signal, Student, Supervision, WeakSupervisor

S = TypeVar("S", bound=Signal)


class TaughtSupervisor(WeakSupervisor[S]):
    """A model that learns from gold of some supervision examples."""

    student: AnyStudent = Field(description="the model that is trained")
    labels: int | None = Field(
        default=None, ge=1, description="train on so many supervision examples, drawn at random; none: on all"
    )

    @property
    def model(self) -> Student[Any, Any]:
        """The model that is trained."""
        return self.student

    def labels_used(self, available: int) -> int:
        """Return `labels`, or all where there are fewer."""
        return available if self.labels is None else min(self.labels, available)

    def with_labels(self, count: int) -> Self:
        """Return the supervisor that learns from `count` labels, where it does not learn from all."""
        return self if self.labels is None else self.model_copy(update={"labels": count})

    @property
    def without_handicap(self) -> Self:
        """The supervisor that learns from all that it is given."""
        return self.model_copy(update={"labels": None})

    def shown(self, supervision: Supervision, rng: np.random.Generator) -> Supervision:
        """Return the examples that the model learns from, with what it takes for their gold.

        Raises:
            InputError: If the split has fewer examples than `labels`, or none.
        """
        seen = self.sees(supervision, rng)
        taken = supervision.take(seen.rows)
        return Supervision(taken.examples, seen.labels, taken.question, taken.corpus)

    def sees(self, supervision: Supervision, rng: np.random.Generator) -> SeenLabels:
        """Return the labels that the model learns from.

        Raises:
            InputError: If the split has fewer examples than `labels`, or none.
        """
        n = len(supervision)
        if n < (self.labels or 1):
            raise InputError(
                f"labels must be at most the {n} examples of the supervision split, got {self.labels or 'all'}: "
                "lower it, or give the task a larger supervision split"
            )
        # A permutation, cut: under the same generator a smaller number of labels is part of a larger one, so that
        # learning curves do not compare different draws.
        rows = rng.permutation(n)[: self.labels]
        return SeenLabels(rows, supervision.gold[rows])
