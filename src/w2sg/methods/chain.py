"""Chains: through which stages or intermediate students the labels go."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field, field_validator

from w2sg.core import (
    AnyArray,
    AnyMethod,
    ClassProbabilities,
    Fit,
    FloatArray,
    InformationTier,
    Inputs,
    Predictor,
    Student,
    Training,
    WeakSplit,
    WeakView,
    register,
)
from w2sg.methods.parts import Chain, Stage
from w2sg.methods.views import labelled_by, taken, with_probabilities


@register()
class Direct(Chain):
    """From the supervisor straight to the student."""

    kind: Literal["direct"] = "direct"

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train one stage."""
        return (yield from stage(view, student, rng))


@register(paper="2312.09390")
class Bootstrap(Chain):
    """Through intermediate students of growing size: each learns from the labels of the one before.

    The supervisor labels for the smallest, which labels for the next, up to the student itself.
    """

    kind: Literal["bootstrap"] = "bootstrap"
    scales: tuple[float, ...] = Field(
        (0.25, 0.5), min_length=1, description="sizes of the students between, as fractions"
    )

    @property
    def requires(self) -> frozenset[str]:
        """The student must have smaller versions of itself."""
        return frozenset({"scale"})

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train the students in order of size."""
        for scale in self.scales:
            # Each student has the labels of the one before and never the supervisor's: the gap that labels have to
            # bridge is small at every step.
            between = yield from stage(view, student.scaled(scale), rng)
            view = labelled_by(view, between)
        return (yield from stage(view, student, rng))


@register()
class StrongToStrong(Chain):
    """The student's soft predictions become the labels of a fresh student of the same size, again and again.

    Transfer and validation labels are replaced `rounds` times, so `rounds + 1` students are trained; selection,
    relabeling, objective and stopping are the same in each (EleutherAI's strong-to-strong iterations).
    """

    kind: Literal["strong-to-strong"] = "strong-to-strong"
    rounds: int = Field(2, ge=1, description="how often a student's labels go to a fresh student")

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train a student on the weak labels, then one on each student's labels."""
        trained = yield from stage(view, student, rng)
        for _ in range(self.rounds):
            view = labelled_by(view, trained)
            trained = yield from stage(view, student, rng)
        return trained


@register()
class Stages(Chain):
    """Stages with parts of their own: each is a method, and learns from the labels of the student before.

    So every stage has its own selection, relabeling, objective and stopping rule, and may have a chain. The composition
    that has this chain is the last stage.
    """

    kind: Literal["stages"] = "stages"
    stages: tuple[AnyMethod, ...] = Field(
        default=("naive",), validate_default=True, min_length=1, description="the methods before the last, in order"
    )

    @field_validator("stages")
    @classmethod
    def _of_classes(cls, stages: tuple[AnyMethod, ...]) -> tuple[AnyMethod, ...]:
        for stage in stages:
            if stage.signal is not ClassProbabilities:
                raise ValueError(f"stages must be methods of class probabilities, got {stage.kind!r}")
        return stages

    @property
    def requires(self) -> frozenset[str]:
        """What any stage needs of the student."""
        return frozenset().union(*(stage.requires for stage in self.stages))

    @property
    def needs(self) -> frozenset[str]:
        """What any stage needs of task and supervisor."""
        return frozenset().union(*(stage.needs for stage in self.stages))

    @property
    def audits(self) -> int:
        """The most labels that a stage buys: they share them."""
        return max(stage.audits for stage in self.stages)

    @property
    def tier(self) -> InformationTier:
        """The highest of the stages'."""
        return max((stage.tier for stage in self.stages), key=list(InformationTier).index)

    @property
    def rehearsals(self) -> int:
        """The most parts that a stage asks for: they share them."""
        return max(stage.rehearsals for stage in self.stages)

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train stage by stage, handing the labels on."""
        for method in self.stages:
            view = labelled_by(view, (yield from method.train(view, student, rng)))
        return (yield from stage(view, student, rng))


@register(paper="2312.09390")
class LpFt(Chain):
    """Probe, then all: the last layer alone first, then everything from there.

    The two halves of training see the same examples, labels, objective and stopping rule; the second starts from the
    first, with its schedule begun anew. Linear probing then fine-tuning is due to Kumar et al. (arXiv:2202.10054).
    """

    kind: Literal["lp-ft"] = "lp-ft"

    @property
    def requires(self) -> frozenset[str]:
        """The student's last layer must be trainable alone."""
        return frozenset({"parts"})

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train one stage in two parts."""
        return (yield from stage(view, student, rng, ("head", "all")))


class EnsemblePredictor(Predictor):
    """Several trained students that answer with the mean of their probabilities."""

    def __init__(self, members: Sequence[Predictor]) -> None:
        self.members = tuple(members)
        steps = [member.steps for member in members if member.steps is not None]
        self.steps = sum(steps) if len(steps) == len(members) else None

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return the mean of the members' class probabilities, `(n, k)`."""
        return np.asarray(np.mean([member.predict_proba(inputs) for member in self.members], axis=0))


@register()
class Ensemble(Chain):
    """Students on bootstrap resamples of the examples; their probabilities are averaged.

    Bagging (Breiman 1996): each student learns from `n` examples drawn with replacement from the `n`.
    """

    kind: Literal["ensemble"] = "ensemble"
    members: int = Field(5, ge=2, description="number of students")

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train the members in step, each with randomness of its own."""
        n = len(view.transfer)
        # Generators of their own, so that what one member draws does not depend on how the others are trained.
        streams = rng.spawn(self.members)
        # Whole courses and not only fits run side by side: a filter or a stopping rule inside a stage trains students
        # too, and those share a batch as well.
        courses = [stage(taken(view, own.integers(n, size=n)), student, own) for own in streams]
        return EnsemblePredictor((yield from in_step(courses)))


@register()
class PanelAssignment(Chain):
    """Several specialised supervisors: each example is taught by the one that the growing student finds most plausible.

    In the manner of co-supervised learning (Liu and Alahi, arXiv:2402.15505), where training the student and assigning
    supervisors alternate through a hierarchy of ever more specialised supervisors, and inconsistent annotations are
    left out; but this is not theirs: the panel is flat, and the rules are ours. With the student's probabilities `f`
    and the members' labels `w_j`, example `i` gets the supervisor of the largest `sum_c f_ic w_jic`, the probability
    that a draw from each agrees. Of the rules of consistency, both about classes, `student` keeps an example only if
    the assigned label names the student's own class, `panel` only if it names the class of the combined label, `both`
    asks for both, `none` keeps all.
    """

    kind: Literal["panel-assignment"] = "panel-assignment"
    rounds: int = Field(2, ge=1, description="how often supervisors are assigned anew")
    consistency: Literal["student", "panel", "both", "none"] = Field(
        "student", description="with which class the assigned label must agree for its example to count"
    )

    @property
    def needs(self) -> frozenset[str]:
        """The labels of each supervisor."""
        return frozenset({"members"})

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train on the combined labels, then on those of the supervisors assigned to the examples."""
        trained = yield from stage(view, student, rng)
        for _ in range(self.rounds):
            trained = yield from stage(self._assigned(view, trained), student, rng)
        return trained

    def _assigned(self, view: WeakView, student: Predictor) -> WeakView:
        """Return the view on the consistent examples with the labels of their supervisors; on all if none is."""
        weak, said = self._assign(view.transfer, student)
        kept = np.flatnonzero(self._consistent(weak, said, view.transfer.weak.probabilities))
        # Where nothing is consistent, as with a student that answers one class, all examples stay: a training needs
        # some.
        rows = kept if len(kept) else np.arange(len(weak))
        held = view.validation
        if held is not None and held.weak.members is not None:
            # The watched labels come from the assigned supervisors too, or stopping would look for agreement with
            # labels that are no longer taught.
            held = with_probabilities(held, self._assign(held, student)[0])
        return replace(taken(view, rows, weak[rows]), validation=held)

    def _assign(self, split: WeakSplit, student: Predictor) -> tuple[FloatArray, FloatArray]:
        """Return the label of each example's most plausible supervisor, and what the student says, both `(n, k)`."""
        said = student.predict_proba(split.inputs)
        members = split.weak.members
        assert members is not None
        # The supervisor whose label a draw from the student agrees with most often.
        best = (members * said).sum(axis=2).argmax(axis=0)
        return members[best, np.arange(len(split))], said

    def _consistent(self, weak: FloatArray, said: FloatArray, combined: FloatArray) -> AnyArray:
        kept = np.ones(len(weak), dtype=np.bool_)
        if self.consistency in ("student", "both"):
            kept &= weak.argmax(axis=1) == said.argmax(axis=1)
        if self.consistency in ("panel", "both"):
            kept &= weak.argmax(axis=1) == combined.argmax(axis=1)
        return kept


def in_step(courses: Sequence[Training]) -> Generator[Sequence[Fit], list[Predictor], list[Predictor]]:
    """Run several courses at once: what they ask for at the same time is asked for as one batch."""
    ended: dict[int, Predictor] = {}
    # A generator is started by sending None; from then on each is sent the students it asked for.
    answers: dict[int, list[Predictor] | None] = dict.fromkeys(range(len(courses)))
    while answers:
        asked: dict[int, list[Fit]] = {}
        for index, answer in answers.items():
            try:
                asked[index] = list(courses[index].send(answer))  # type: ignore[arg-type]
            except StopIteration as stop:
                ended[index] = stop.value
        # Courses end at different times; those that go on ask for their next students together.
        if asked:
            trained = iter((yield [fit for fits in asked.values() for fit in fits]))
            answers = {index: [next(trained) for _ in fits] for index, fits in asked.items()}
        else:
            answers = {}
    return [ended[index] for index in range(len(courses))]
