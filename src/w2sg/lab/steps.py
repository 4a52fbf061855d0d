"""What exactly happens in a run: four steps, from the weak supervisor's labels to the score.

The weak supervisor learns from the gold of the supervision split and labels everything else; a method sees only what it
labelled; the ceiling is the same student trained on the gold of the transfer split by the plain method. None of them
knows which variant of signal it moves about: the task's question does.
"""

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    AnyMethod,
    AnyStudent,
    AnySupervisor,
    AnyTask,
    AnyTraining,
    CapabilityError,
    DivergedError,
    Examples,
    Labeller,
    Rehearsal,
    Rehearsed,
    Signal,
    Supervision,
    Task,
    TaskData,
    Trained,
    TrainingCurve,
    attempt,
    derive,
    during,
    pack_signals,
    register,
    run_timed,
    unpack_signals,
)
from w2sg.graph import REFUSED, Artifact, Inputs, Step, on_behalf_of, shared
from w2sg.lab.evidence import pack_answers, unpack_answers

TRANSFER, OWN = "transfer", "supervision"
DEALT = "dealt"
"""The array that says in which part of the split each supervision example is."""
CURVE = "curve"
"""The array that says how the training of a student went."""
CONFUSION, ACCURACY = "confusion", "accuracy"
"""The array and the entry of the record that say how the supervisor errs on what it did not learn from."""


def place_of(task: Task, seed: int) -> str:
    """Return the name of a task's data under a seed: all that is computed on them happens in one place."""
    return hashlib.sha256(f"{seed} {task.canonical()}".encode()).hexdigest()[:16]


def task_data(task: Task, seed: int) -> TaskData:
    """Return the splits of a task under a seed, loaded once for all steps of one worker's unit of work."""

    def load() -> TaskData:
        with during("loading"):
            return task.under(seed).load(derive(seed, "task"))

    return shared(f"data {place_of(task, seed)}", load)


class OnData(Step):
    """A step on the data of a task under its seed."""

    @property
    @abstractmethod
    def on(self) -> Task:
        """The task."""

    @property
    def place(self) -> str:
        """The task's data under the seed."""
        return place_of(self.on, self.seed)

    @property
    def data(self) -> TaskData:
        """The splits of this seed."""
        return task_data(self.on, self.seed)


@register()
class WeakLabels(OnData):
    """The weak supervisor's signal of every split but its own."""

    kind: Literal["labels"] = "labels"
    task: AnyTask
    supervisor: AnySupervisor

    @property
    def on(self) -> Task:
        """The task."""
        return self.task

    def compute(self, inputs: Inputs) -> Artifact:
        """Train the weak supervisor on the supervision split, and let it label the others."""
        data, supervisor = self.data, self.supervisor
        gold = data.vault.release("supervision", "supervision", asked_by=supervisor.kind)
        supervision = Supervision(data.supervision, gold, data.question, data.corpus)
        labeller = supervisor.fit(supervision, data.vault.generator(self.seed, "supervisor"))
        labels: dict[str, Signal] = {}
        for split, examples in data.labelled_by_supervisor().items():
            known = data.vault.release("simulate", split, asked_by=supervisor.kind) if supervisor.simulates else None
            signal = labeller.label(examples, known, data.vault.generator(self.seed, "label", split))
            checked = data.question.checked(signal, len(examples), "weak labels")
            # What a tie is drawn with tells nothing of gold; a student's ties are drawn alike.
            labels[split] = checked.untied(derive(self.seed, "ties", split))
        return Artifact(pack_signals(labels))


@register()
class Rehearsals(OnData):
    """The weak supervisor taught again without each part of its split: its labels of the transfer split, its errors.

    A simulated supervisor is taught nothing by its split and errs on the part as it does elsewhere; recorded answers
    are there already, and what they mean is counted anew: so there is one way for all.
    """

    kind: Literal["rehearsals"] = "rehearsals"
    task: AnyTask
    supervisor: AnySupervisor
    folds: int = Field(ge=2, description="parts of the supervision split")

    @property
    def on(self) -> Task:
        """The task."""
        return self.task

    def compute(self, inputs: Inputs) -> Artifact:
        """Deal the supervision split; teach a supervisor without each part, ask it, and judge it on the part."""
        data, supervisor = self.data, self.supervisor
        gold = data.vault.release("supervision", "supervision", asked_by=supervisor.kind)
        known: dict[str, AnyArray] = {}
        if supervisor.simulates:
            known = {
                split: data.vault.release("simulate", split, asked_by=supervisor.kind) for split in (TRANSFER, OWN)
            }
        whole = Supervision(data.supervision, gold, data.question, data.corpus)
        folds = min(self.folds, len(whole))
        dealt = derive(self.seed, "rehearsals").permutation(len(whole)) % folds
        said: dict[str, Signal] = {}
        right, confusion = 0, dict[str, AnyArray]()
        for fold in range(folds):
            part, held_out = whole.take(dealt != fold), whole.take(dealt == fold)
            taught = supervisor.with_labels(supervisor.labels_used(len(part)))
            labeller = taught.fit(part, data.vault.generator(self.seed, "supervisor"))
            said[str(fold)] = self._asked(labeller, data.transfer, known.get(TRANSFER), TRANSFER)
            judged = self._asked(labeller, held_out.examples, held_out.gold if known else None, f"{OWN} {fold}")
            right += int(data.question.correct(judged, held_out.gold).sum())
            counts = data.question.confusion(judged, held_out.gold)
            if counts is not None:
                confusion[CONFUSION] = confusion.get(CONFUSION, 0) + counts
        return Artifact({**pack_signals(said), DEALT: dealt, **confusion}, {ACCURACY: right / len(whole)})

    def _asked(self, labeller: Labeller[Any], examples: Examples, gold: AnyArray | None, purpose: str) -> Signal:
        question = self.data.question
        signal = labeller.label(examples, gold, self.data.vault.generator(self.seed, "label", purpose))
        checked: Signal = question.checked(signal, len(examples), "weak labels")
        return checked.untied(derive(self.seed, "ties", purpose))


def rehearsed_of(data: TaskData, artifact: Artifact) -> Rehearsed[Any]:
    """Return what came of `Rehearsals` from its artifact."""
    arrays = dict(artifact.arrays)
    dealt, confusion = arrays.pop(DEALT), arrays.pop(CONFUSION, None)
    said = unpack_signals(data.question.signal, arrays)
    parts = tuple(Rehearsal(signal, np.flatnonzero(dealt == int(fold))) for fold, signal in said.items())
    return Rehearsed(parts, artifact.record[ACCURACY], confusion)


class _Training(OnData):
    """A student trained by a method; those of one student are trained as one batch."""

    student: AnyStudent
    method: AnyMethod

    @property
    def batch(self) -> str | None:
        """All students of one configuration on the same data; one that is large, or isolated, is trained by itself."""
        return None if self.student.alone or self.method.alone else f"{self.place} {self.student.digest()}"

    @abstractmethod
    def course(self, inputs: Inputs) -> AnyTraining:
        """Return the method at work on its view: a generator that asks for students to be trained."""

    def compute(self, inputs: Inputs) -> Artifact:
        """Train this student alone."""
        (outcome,) = type(self).compute_many([self], [inputs])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @classmethod
    def compute_many(cls, steps: Sequence[Any], inputs: Sequence[Inputs]) -> Sequence[Artifact | Exception]:
        """Train the students of a batch in step, and let each answer every split but supervision."""
        courses = []
        for step, given in zip(steps, inputs, strict=True):
            with on_behalf_of(step):  # what a view holds beyond weak labels is released for this student alone
                courses.append(step.course(given))
        outcomes: list[Artifact | Exception] = []
        for step, trained, seconds in zip(steps, *run_timed(courses), strict=True):
            if isinstance(trained, CapabilityError):
                outcomes.append(Artifact({}, {REFUSED: str(trained), "seconds": seconds}))
                continue
            if isinstance(trained, DivergedError):
                # A run has several students, and the message goes on to all runs that stand on this one.
                outcomes.append(DivergedError(f"{step.kind} by method {step.method.kind!r}: {trained}"))
                continue
            outcomes.append(attempt(partial(_answers, step, trained, seconds)))
        return outcomes


def _answers(step: _Training, trained: Trained[Any], seconds: float) -> Artifact:
    """Return what a trained student answers to every split but supervision."""
    answers = asked(step, trained)
    # Read after the answers: answering may add to the notes.
    notes = {"notes": dict(trained.notes)} if trained.notes else {}
    curve = {} if trained.curve is None else {CURVE: trained.curve.array()}
    return Artifact({**answers, **curve}, {"seconds": seconds, "steps": trained.steps, **notes})


def asked(step: _Training, trained: Trained[Any]) -> dict[str, AnyArray]:
    """Return the answers of a trained student to every split but supervision, as they are kept."""
    data, answers = step.data, {}
    for split, examples in data.labelled_by_supervisor().items():
        answer = data.question.checked(trained.answer(examples.inputs), len(examples), "predictions")
        # Drawn as the weak supervisor's ties are: a student that repeats them agrees with it.
        answers[split] = answer.untied(derive(step.seed, "ties", split))
    return pack_answers(answers)


@register()
class TrainedStudent(_Training):
    """The student that learned from weak labels: what it answers to every split but supervision."""

    kind: Literal["student"] = "student"
    labels: WeakLabels
    rehearsals: Rehearsals | None = None

    @property
    def on(self) -> Task:
        """The task."""
        return self.labels.task

    def inputs(self) -> Mapping[str, Step]:
        """Return the labels and, where the method rehearses, the rehearsals."""
        return {"labels": self.labels} | ({} if self.rehearsals is None else {"rehearsals": self.rehearsals})

    def course(self, inputs: Inputs) -> AnyTraining:
        """Return the method at work on the weak labels, and on what its tier and audits add."""
        method, data = self.method, self.data
        view = data.view(
            labels_of(data, inputs["labels"]),
            tier=method.tier,
            audits=method.audits,
            rng=data.vault.generator(self.seed, "audit"),
            rehearsed=rehearsed_of(data, inputs["rehearsals"]) if "rehearsals" in inputs else None,
            asked_by=method.kind,
        )
        return method.train(view, self.student, data.vault.generator(self.seed, "student"))


@register()
class Ceiling(_Training):
    """The same student trained by the plain method on ground truth in the place of weak labels."""

    kind: Literal["ceiling"] = "ceiling"
    task: AnyTask

    @property
    def on(self) -> Task:
        """The task."""
        return self.task

    def course(self, inputs: Inputs) -> AnyTraining:
        """Return the plain method at work on the gold of the transfer split."""
        view = self.data.gold_view(asked_by="ceiling")
        return self.method.train(view, self.student, self.data.vault.generator(self.seed, "student"))


def curve_of(arrays: Mapping[str, AnyArray], name: str = CURVE) -> TrainingCurve | None:
    """Return how the training of a student went, from the arrays of its step, or by name from those of a score."""
    return TrainingCurve.of(arrays[name]) if name in arrays else None


def labels_of(data: TaskData, artifact: Artifact) -> dict[str, Any]:
    """Return the weak labels of every split from the artifact of `WeakLabels`."""
    return unpack_signals(data.question.signal, artifact.arrays)


def answers_of(data: TaskData, artifact: Artifact) -> dict[str, Any]:
    """Return a student's answers to every split from the artifact of `TrainedStudent` or `Ceiling`."""
    return unpack_answers(data.question.signal, artifact.arrays)
