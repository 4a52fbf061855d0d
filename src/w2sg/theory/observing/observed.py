"""What was seen of a run, as arrays: the raw material of observables; no field is for ground truth of deployment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from w2sg.core import AnyArray, FloatArray, InputError, IntArray
from w2sg.theory.observing.algebra import basis
from w2sg.theory.observing.neighbours import MOST_ROWS, near


@dataclass(frozen=True, eq=False)
class Refits:
    """The supervisor trained again on parts of its supervision split, so that no label judges a model that it trained.

    Attributes:
        held_out: Predictions for the supervision inputs by refits that did not see their labels, `(n, k)`.
        labels: The labels of these inputs, `(n, k)`; one-hot where they are classes.
        fresh: Predictions of the `r` refits for the fresh inputs, `(r, m, k)`.
        size: How many labels trained each refit.
        overlap: The share of one refit's labels that another one has too.
    """

    held_out: FloatArray
    labels: FloatArray
    fresh: FloatArray
    size: int
    overlap: float


@dataclass(frozen=True, eq=False)
class FewerLabels:
    """What supervisors with fewer labels than a refit, and students of theirs, say of the inputs of `UnseenLabels`.

    Attributes:
        count: How many labels taught each supervisor.
        weak: The supervisors' predictions, `(r, k)`.
        student: The students', `(r, k)`.
    """

    count: int
    weak: FloatArray
    student: FloatArray


@dataclass(frozen=True, eq=False)
class UnseenLabels:
    """Labels of the supervision split that no model saw, and what supervisor, student and judge say of their inputs.

    The judge is the strong student trained on labels of the split directly; all three are cross-fitted where needed.

    Attributes:
        labels: One-hot, `(r, k)`.
        weak: The supervisor's predictions, `(r, k)`.
        student: The student's, `(r, k)`.
        judge: The judge's, `(r, k)`.
        judge_fresh: The judge's for the fresh inputs, `(m, k)`.
        noise: The share of these labels that is wrong by construction.
        rows: Positions of the labels in the supervision split, `(r,)`.
        count: How many labels taught the supervisor.
        retrained: Whether supervisor and student were trained again for it; otherwise they are those of the run.
        fewer: The same from fewer labels, the most first; empty where nothing was trained again for all of the split.
    """

    labels: FloatArray
    weak: FloatArray
    student: FloatArray
    judge: FloatArray
    judge_fresh: FloatArray
    noise: float
    rows: IntArray
    count: int
    retrained: bool
    fewer: tuple[FewerLabels, ...] = ()


@dataclass(frozen=True, eq=False)
class KnownGroups:
    """The group of each input: of the supervision inputs `(n,)`, and of the fresh ones `(m,)`."""

    labelled: AnyArray
    fresh: AnyArray


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """Features of one model.

    Attributes:
        labelled: Of the inputs whose labels trained the supervisor, `(n, d)`.
        training: Of the weakly labelled inputs, `(N, d)`.
        fresh: Of fresh unlabelled deployment inputs, `(m, d)`.
    """

    labelled: FloatArray
    training: FloatArray
    fresh: FloatArray

    def __post_init__(self) -> None:
        if len({part.shape[1] for part in (self.labelled, self.training, self.fresh)}) != 1:
            raise InputError("the features of one model must have the same number of columns on all inputs")

    @cached_property
    def training_basis(self) -> FloatArray:
        """Orthonormal columns that span the centred features of the training inputs, `(N, r)`."""
        return basis(self.training)

    @cached_property
    def neighbours(self) -> IntArray:
        """The nearest of the fresh inputs that neighbourhoods are looked at on, of each `(m, k)`."""
        return near(self.fresh[:MOST_ROWS])


@dataclass(frozen=True, eq=False)
class AuditedLabels:
    """Labels that were bought for fresh inputs drawn at random: their rows `(a,)` and the labels `(a, k)`."""

    rows: IntArray
    labels: FloatArray


@dataclass(frozen=True, eq=False)
class ObservedRun:
    """A run without its ground truth. Predictions are class probabilities, or values in regression.

    Attributes:
        run: The run's name.
        setting: What predictions are.
        weak: The supervisor's predictions for `m` fresh unlabelled inputs, `(m, k)`.
        student: The student's, `(m, k)`.
        weak_training: Weak labels of the `N` training inputs, `(N, k)`.
        student_training: The student's predictions for them, `(N, k)`.
        n_supervision: How many labels trained the supervisor.
        facts: What is known by construction.
        refits: The supervisor trained again, or None.
        weak_space: The supervisor's features, or None.
        student_space: The student's features, or None.
        student_held_out: Predictions for the supervision inputs by students of the refits that did not see their
            labels, `(n, k)`, or None.
        validation: Labels of the supervision split that judge the run, all of the split's allowed, or None.
        strict: Those among the labels that the supervisor learned from, as it saw them, or None.
        groups: The groups that inputs belong to, or None.
        known: Quantities of the catalogue that are known by construction, such as penalties, by name.
        why_not: Why a part is None, by its field's name.
    """

    run: str
    setting: Literal["classification", "regression"]
    weak: FloatArray
    student: FloatArray
    weak_training: FloatArray
    student_training: FloatArray
    n_supervision: int
    facts: Mapping[str, str] = field(default_factory=dict)
    refits: Refits | None = None
    weak_space: FeatureSpace | None = None
    student_space: FeatureSpace | None = None
    student_held_out: FloatArray | None = None
    validation: UnseenLabels | None = None
    strict: UnseenLabels | None = None
    groups: KnownGroups | None = None
    known: Mapping[str, float] = field(default_factory=dict)
    why_not: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Checked here, once: everything that is measured compares rows of both.
        for weak, student, what in (
            (self.weak, self.student, "fresh inputs"),
            (self.weak_training, self.student_training, "training inputs"),
        ):
            if weak.ndim != 2 or weak.shape != student.shape or not len(weak):
                raise InputError(
                    f"supervisor and student need predictions (n, k) for the same {what}, at least one, "
                    f"got {weak.shape} and {student.shape}"
                )
            if not (np.isfinite(weak).all() and np.isfinite(student).all()):
                raise InputError(f"predictions for the {what} must be finite numbers: this model has diverged")
