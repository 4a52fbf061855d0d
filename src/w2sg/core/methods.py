"""The contract of a method, and how methods are run: alone, or many in step with what they ask for in one batch."""

import time
from abc import abstractmethod
from collections.abc import Generator, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Generic, TypeAlias, final

import numpy as np
from pydantic import SerializeAsAny

from w2sg.core.component import Component
from w2sg.core.errors import CapabilityError, DivergedError
from w2sg.core.registry import component_field, contract
from w2sg.core.signals.base import Signal
from w2sg.core.signals.classes import ClassProbabilities, S
from w2sg.core.students import Fit, Predictor, Student, T, Trained, TrainingRequest
from w2sg.core.tiers import InformationTier
from w2sg.core.views import WeakView

Training: TypeAlias = Generator[Sequence[Fit], list[Predictor], Predictor]
"""The course of a method of classes: it yields students to train, receives the trained ones, and returns one."""
AnyTraining: TypeAlias = Generator[Sequence[Any], list[Any], T]
"""The course of a method of any variant: it yields requests of training and receives what was trained."""

UNKNOWN: Mapping[str, str] = MappingProxyType({"loss": "unknown", "stopping": "unknown", "labels": "unknown"})
"""The training facts of a method that declares none."""


@contract("methods")
class Method(Component, Generic[S, T]):
    """How the student learns from weak labels.

    A method is written as a generator that asks for students to be trained. So the laboratory can run many methods in
    step and train what they ask for as one batch, and no method has to know of it.
    """

    signal: ClassVar[type[Signal]] = ClassProbabilities

    @property
    def requires(self) -> frozenset[str]:
        """The capabilities that the student must have."""
        return frozenset()

    @property
    def needs(self) -> frozenset[str]:
        """What the task and supervisor must give: `pairs` (two texts to an input, two classes), `members` (a panel)."""
        return frozenset()

    @property
    def tier(self) -> InformationTier:
        """What it knows beside inputs and weak labels; the view then has it, and the ledger an entry."""
        return InformationTier.WEAK_LABELS

    @property
    def audits(self) -> int:
        """How many gold labels of the transfer split this method buys; where it is not 0 the view has an audit."""
        return 0

    @property
    def rehearsals(self) -> int:
        """In how many parts the supervision split is dealt, without each of which the weak supervisor is taught again.

        The aggregates then say how often and where the supervisor errs on what it did not learn from, and a method of
        the tier `SUPERVISION_GOLD` has those supervisors' labels. A method of weak labels alone gets nothing by it.
        """
        return 0

    @property
    def alone(self) -> bool:
        """Whether students are trained by it one after the other, and not in a batch with those of other methods."""
        return False

    @property
    def names_only(self) -> bool:
        """Whether weak labels only name the classes of what is found without them."""
        return False

    @property
    def training_facts(self) -> Mapping[str, str]:
        """What theories may take for granted of how the student is trained.

        `loss` is the name of the objective's loss, `stopping` is `none` or `early`, and `labels` says whether the
        student learns from the weak labels as they are (`soft`), from their most likely classes (`hard`), or from
        something else (`other`). No hypothesis holds of what is `unknown`.
        """
        return UNKNOWN

    @abstractmethod
    def train(self, view: WeakView[S], student: Student[Any, Any], rng: np.random.Generator) -> AnyTraining[T]:
        """Yield students to train and return the trained one to use."""

    @final
    def check(self, student: Student[Any, Any]) -> None:
        """Raise CapabilityError if the student lacks what this method needs."""
        missing = sorted(self.requires - student.capabilities)
        if missing:
            have = ", ".join(sorted(student.capabilities)) or "none"
            raise CapabilityError(
                f"method needs {', '.join(map(repr, missing))}, student {student.kind!r} has {have}: choose another one"
            )

    @final
    def fit(self, view: WeakView[S], student: Student[Any, Any], rng: np.random.Generator) -> T:
        """Train by this method alone."""
        self.check(student)
        return run_together([self.train(view, student, rng)])[0]


AnyMethod = Annotated[SerializeAsAny[Method[Any, Any]], *component_field(Method, "a method")]


def run_together(courses: Sequence[AnyTraining[T]]) -> list[T]:
    """Run several methods in step: what they ask for at the same time is trained as one batch per student.

    Raises:
        CapabilityError: If a student or the data do not fit one of the methods.
        DivergedError: If the training of a student diverges.
    """
    # Here a refusal ends everything: whoever wants to go on without the method that refused calls `run_timed`.
    results, _ = run_timed(courses)
    trained: list[T] = []
    for result in results:
        if isinstance(result, CapabilityError | DivergedError):
            raise result
        trained.append(result)
    return trained


def run_timed(courses: Sequence[AnyTraining[T]]) -> tuple[list[T | CapabilityError | DivergedError], list[float]]:
    """Run several methods in step and return, beside the trained students, the seconds that each took.

    A method that raises CapabilityError, because student or data do not fit it, gives that error in the place of its
    student and the others go on. So does one of whose students the training diverged: this is raised where it asked. A
    method's own work counts for it alone; the time of a batch is divided evenly among the students trained in it.
    """
    seconds = [0.0] * len(courses)
    results: dict[int, T | CapabilityError | DivergedError] = {}
    # What each course that still runs is sent next: nothing at first, then the students that it asked for.
    answers: dict[int, list[Trained[Any] | DivergedError] | None] = dict.fromkeys(range(len(courses)))
    while answers:
        asked: list[tuple[int, TrainingRequest]] = []
        for index in list(answers):
            started = time.perf_counter()
            try:
                asked.extend((index, fit) for fit in _go_on(courses[index], answers[index]))
            except StopIteration as stop:
                results[index] = stop.value
                del answers[index]
            except (CapabilityError, DivergedError) as error:
                results[index] = error
                del answers[index]
            seconds[index] += time.perf_counter() - started
        made: dict[int, Trained[Any] | DivergedError] = {}
        # Equal students are one batch, whichever methods asked for them: students of one configuration share features,
        # and heads on the same features share nearly all of their work.
        for student in dict.fromkeys(fit.student for _, fit in asked):
            group = [place for place, (_, fit) in enumerate(asked) if fit.student == student]
            started = time.perf_counter()
            made.update(zip(group, student.fit_many([asked[place][1] for place in group]), strict=True))
            for place in group:
                # Students of one batch share their work, and nothing says whose part of it was whose.
                seconds[asked[place][0]] += (time.perf_counter() - started) / len(group)
        # A method that asks for several students at once gets them in the order in which it asked.
        answers = {index: [] for index in answers}
        for place, (index, _) in enumerate(asked):
            answers[index].append(made[place])  # type: ignore[union-attr]
    return [results[index] for index in range(len(courses))], seconds


def _go_on(course: AnyTraining[T], answers: Sequence[Trained[Any] | DivergedError] | None) -> Sequence[TrainingRequest]:
    """Send a course what it asked for, and return what it asks for next; a training that diverged is raised in it."""
    diverged = next((answer for answer in answers or () if isinstance(answer, DivergedError)), None)
    return course.send(answers) if diverged is None else course.throw(diverged)  # type: ignore[arg-type]
