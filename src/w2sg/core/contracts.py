"""The contracts: what a task, a weak supervisor, a student and a method must do.

Rooms never import each other; they meet here, and the laboratory puts them together.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, final

import numpy as np
from pydantic import BeforeValidator, SerializeAsAny, WithJsonSchema

from w2sg.core import registry
from w2sg.core.arrays import FloatArray, IntArray
from w2sg.core.component import Component
from w2sg.core.errors import CapabilityError
from w2sg.core.examples import Examples, Inputs
from w2sg.core.registry import contract
from w2sg.core.vault import Vault, WeakView

if TYPE_CHECKING:
    Array = Any
    """An array of any library that follows the array-API standard."""

Output = Literal["classes", "texts"]
"""What answers are: class probabilities `(n, k)`, or written texts `(n,)`. The parts of a setup must agree."""
Scorer = Literal["exact", "number"]
"""When two written answers are the same: equal texts but for case and spacing, or the same final number."""


@dataclass(frozen=True, eq=False)
class TaskData:
    """What a task gives under one seed.

    Attributes:
        classes: The names of the `k` classes; none where answers are written.
        supervision: The weak supervisor's training split.
        transfer: The split that the supervisor labels for the student.
        validation: Inputs that get weak labels only, for stopping and selection; None if there are none.
        tests: Named test sets; `test` is the one in distribution and comes first.
        corpus: All inputs that a student may see without labels.
        vault: The gold of all splits, under `supervision`, `transfer`, `validation` and the names of the test sets.
        counts: What became of the rows that were read (dropped, cut, balanced), for the run's record.
        scorer: When a written answer is right, as in `WrittenView`; None where answers are classes.
    """

    classes: tuple[str, ...]
    supervision: Examples
    transfer: Examples
    validation: Examples | None
    tests: Mapping[str, Examples]
    corpus: Inputs
    vault: Vault
    counts: Mapping[str, int] = field(default_factory=dict)
    scorer: Scorer | None = None

    def labelled_by_supervisor(self) -> dict[str, Examples]:
        """Return every split that the weak supervisor labels, by name."""
        splits = {"transfer": self.transfer}
        if self.validation is not None:
            splits["validation"] = self.validation
        return {**splits, **self.tests}


@contract("tasks")
class Task(Component):
    """A distribution of examples with ground truth, its splits and its test sets."""

    output: ClassVar[Output] = "classes"

    @property
    def default_supervisor(self) -> str:
        """The name of the weak supervisor where a setup names none."""
        return "fewer-labels"

    @property
    def default_student(self) -> str:
        """The name of the student where a setup names none."""
        return "linear"

    @property
    def default_method(self) -> str:
        """The name of the method where a setup names none."""
        return "naive"

    @abstractmethod
    def load(self, rng: np.random.Generator) -> TaskData:
        """Return the splits of one seed; `rng` decides who is in which split."""


class Labeller(ABC):
    """A weak supervisor after its training."""

    @abstractmethod
    def label(self, examples: Examples, gold: IntArray | None, rng: np.random.Generator) -> FloatArray:
        """Return soft labels `(n, k)` whose rows sum to 1.

        Args:
            examples: What to label.
            gold: Class numbers `(n,)`, only for supervisors that declare `simulates`; otherwise None.
            rng: Randomness of the labels themselves.
        """

    def members(self, examples: Examples, gold: IntArray | None, rng: np.random.Generator) -> FloatArray | None:
        """Return the soft labels `(s, n, k)` of each of a panel's supervisors, with the arguments of `label`.

        None for a single supervisor.
        """
        return None


@contract("supervisors")
class WeakSupervisor(Component):
    """Anything that labels the transfer split."""

    output: ClassVar[Output] = "classes"

    @property
    def simulates(self) -> bool:
        """Whether the labels are made by corrupting gold, so that the vault must hand gold out for labelling."""
        return False

    @abstractmethod
    def fit(
        self, supervision: Examples, gold: IntArray, corpus: Inputs, n_classes: int, rng: np.random.Generator
    ) -> Labeller:
        """Learn from the supervision split and its gold `(n,)`."""


@contract("objectives")
class Objective(Component):
    """What pulls the student at each step: a value and its gradient with respect to the logits.

    Written once against the array-API standard. Shapes: `weak` and `logits` are `(..., n, k)` for one batch or several;
    `progress` is the fraction of training done, in [0, 1). A moving target is held fixed inside the gradient.
    """

    only_classes: ClassVar[int | None] = None
    """The one number of classes it is defined for; None is any."""

    @property
    def moving(self) -> bool:
        """Whether the target depends on the student, so that the student must be trained by gradient."""
        return False

    @property
    def settles_at(self) -> float:
        """The progress from which on nothing depends on progress any more; training may stop early only after it."""
        return 0.0

    @property
    def curvature(self) -> float:
        """An upper bound of the loss's second derivatives, in units of cross-entropy's; at least 1.

        A trainer that takes the longest safe step for cross-entropy divides its step by this.
        """
        return 1.0

    @abstractmethod
    def value(self, weak: "Array", logits: "Array", progress: float) -> "Array":
        """Return the loss of each example in nats, `(..., n)`."""

    @abstractmethod
    def gradient(self, weak: "Array", logits: "Array", progress: float) -> "Array":
        """Return the gradient of each example's loss with respect to its logits, `(..., n, k)`."""


@contract("stoppings")
class Stopping(Component):
    """When training ends. `score` ranks the steps by what they give on weak validation labels."""

    @property
    def watches(self) -> float:
        """The share of the transfer split it needs to watch where a task has no validation split; 0 if none."""
        return 0.0

    @property
    def gives_up_after(self) -> int | None:
        """How many looks in a row without a better score end the training; None goes on to the end."""
        return None

    @property
    def audits(self) -> int:
        """How many gold labels of the transfer split it watches in place of weak labels; only an oracle does."""
        return 0

    def score(self, weak: FloatArray, logits: FloatArray) -> FloatArray:
        """Return how good a step is (higher is better) from weak labels and logits `(..., n, k)`; shape `(...,)`."""
        raise CapabilityError(f"stopping {self.kind!r} does not watch validation examples")


@dataclass(frozen=True, eq=False)
class Fit:
    """One student to train.

    Attributes:
        student: What to train.
        inputs: `n` training inputs.
        targets: Soft labels `(n, k)`.
        weights: `(n,)` non-negative example weights, or None for all 1.
        corpus: Unlabelled inputs for the feature map.
        objective: What pulls the student.
        stopping: When to stop.
        watched: Inputs and weak labels that `stopping` watches, or None.
        rng: Randomness of initialisation and order.
        steps: Train exactly this many steps, or None for the student's own number.
        start: A trained student of the same configuration to go on from, or None for a new one (capability `parts`).
        part: Train `all` of the student, or only its last layer, the `head` (capability `parts`).
    """

    student: "Student"
    inputs: Inputs
    targets: FloatArray
    corpus: Inputs
    objective: Objective
    stopping: Stopping
    rng: np.random.Generator
    weights: FloatArray | None = None
    watched: tuple[Inputs, FloatArray] | None = None
    steps: int | None = None
    start: "Predictor | None" = None
    part: Literal["all", "head"] = "all"


class Predictor(ABC):
    """A trained student.

    Attributes:
        steps: How many steps the training took, where the student is trained in steps.
        notes: What else the run's record should say of the training, such as how many texts were cut.
    """

    steps: int | None = None
    notes: Mapping[str, Any] = MappingProxyType({})

    @abstractmethod
    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities `(n, k)`."""

    def represent(self, inputs: Inputs) -> FloatArray:
        """Return the features that the last layer reads, `(n, d)`."""
        raise CapabilityError(f"{type(self).__name__} has no representation: choose a student with 'represent'")


@contract("students")
class Student(Component):
    """The model that learns from weak labels.

    Capabilities: `gradient` (trained in steps by an objective, which may move with the student), `represent` (features
    of its last layer), `embed` (features before any training), `scale` (smaller versions of itself exist), `parts` (its
    last layer can be trained alone, and training can go on from a trained student).
    """

    output: ClassVar[Output] = "classes"

    @property
    def capabilities(self) -> frozenset[str]:
        """What this student can do, in this configuration."""
        return frozenset()

    @property
    def alone(self) -> bool:
        """Whether it is so large that the students of several methods are trained, and kept, one after the other."""
        return False

    @abstractmethod
    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        """Train several students of this configuration; those that share features may share work."""

    @final
    def fit(self, fit: Fit) -> Predictor:
        """Train one student."""
        return self.fit_many([fit])[0]

    @property
    def strength(self) -> float | None:
        """A number that grows with capability (features, units, trees), or None if there is none."""
        return None

    def embed(self, corpus: Inputs, inputs: Inputs) -> FloatArray:
        """Return what the student's body makes of inputs before any training on labels, `(n, d)`."""
        raise CapabilityError(f"student {self.kind!r} has no features before training ('embed'): choose another")

    def scaled(self, fraction: float) -> "Student":
        """Return a version of this student with `fraction` of its strength."""
        raise CapabilityError(f"student {self.kind!r} has no smaller versions of itself ('scale')")


Training = Generator[Sequence[Fit], list[Predictor], Predictor]
"""The course of a method: it yields students to train, receives the trained ones, and returns one of them."""


@contract("methods")
class Method(Component):
    """How the student learns from weak labels.

    A method is written as a generator that asks for students to be trained. So the laboratory can run many methods in
    step and train what they ask for as one batch, and no method has to know of it.
    """

    output: ClassVar[Output] = "classes"

    @property
    def requires(self) -> frozenset[str]:
        """The capabilities that the student must have."""
        return frozenset()

    @property
    def audits(self) -> int:
        """How many gold labels of the transfer split this method buys; where it is not 0 the view is an AuditedView."""
        return 0

    @property
    def needs(self) -> frozenset[str]:
        """What the task and supervisor must give: `pairs` (two texts to an input, two classes), `members` (a panel)."""
        return frozenset()

    @abstractmethod
    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Yield students to train and return the predictor to use."""

    @final
    def check(self, student: Student) -> None:
        """Raise CapabilityError if the student lacks what this method needs."""
        missing = sorted(self.requires - student.capabilities)
        if missing:
            have = ", ".join(sorted(student.capabilities)) or "none"
            raise CapabilityError(
                f"method needs {', '.join(map(repr, missing))}, student {student.kind!r} has {have}: choose another one"
            )

    @final
    def fit(self, view: WeakView, student: Student, rng: np.random.Generator) -> Predictor:
        """Train by this method alone."""
        self.check(student)
        return run_together([self.train(view, student, rng)])[0]


def run_together(courses: Sequence[Training]) -> list[Predictor]:
    """Run several methods in step: what they ask for at the same time is trained as one batch per student."""
    results, _ = run_timed(courses)
    for result in results:
        if isinstance(result, CapabilityError):
            raise result
    return [result for result in results if isinstance(result, Predictor)]


def run_timed(courses: Sequence[Training]) -> tuple[list[Predictor | CapabilityError], list[float]]:
    """Run several methods in step and return, beside the predictors, the seconds that each took.

    A method that raises CapabilityError, because student or data do not fit it, gives that error in the place of its
    predictor and the others go on. A method's own work counts for it alone; the time of a batch is divided evenly among
    the students trained in it.
    """
    seconds = [0.0] * len(courses)
    results: dict[int, Predictor | CapabilityError] = {}
    answers: dict[int, list[Predictor] | None] = dict.fromkeys(range(len(courses)))
    while answers:
        asked: list[tuple[int, Fit]] = []
        for index in list(answers):
            started = time.perf_counter()
            try:
                asked.extend((index, fit) for fit in courses[index].send(answers[index]))  # type: ignore[arg-type]
            except StopIteration as stop:
                results[index] = stop.value
                del answers[index]
            except CapabilityError as refusal:
                results[index] = refusal
                del answers[index]
            seconds[index] += time.perf_counter() - started
        answers = {index: [] for index in answers}
        for student in dict.fromkeys(fit.student for _, fit in asked):
            group = [(index, fit) for index, fit in asked if fit.student == student]
            started = time.perf_counter()
            for (index, _), predictor in zip(group, student.fit_many([fit for _, fit in group]), strict=True):
                answers[index].append(predictor)  # type: ignore[union-attr]
            for index, _ in group:
                seconds[index] += (time.perf_counter() - started) / len(group)
    return [results[index] for index in range(len(courses))], seconds


def component_field(of: type[Component], what: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """Return the annotations of a field that holds a component: a name, a table with `kind`, or the component itself.

    Use as `Annotated[SerializeAsAny[Base], *component_field(Objective, "an objective")]`.
    """
    schema = {"anyOf": [{"type": "string"}, {"type": "object", "required": ["kind"]}], "description": what}
    return BeforeValidator(lambda spec: registry.build(of, spec)), WithJsonSchema(schema)


AnyTask = Annotated[SerializeAsAny[Task], *component_field(Task, "a task: its name, or a table with 'kind'")]
AnySupervisor = Annotated[SerializeAsAny[WeakSupervisor], *component_field(WeakSupervisor, "a weak supervisor")]
AnyStudent = Annotated[SerializeAsAny[Student], *component_field(Student, "a student")]
AnyMethod = Annotated[SerializeAsAny[Method], *component_field(Method, "a method")]
AnyObjective = Annotated[SerializeAsAny[Objective], *component_field(Objective, "an objective")]
AnyStopping = Annotated[SerializeAsAny[Stopping], *component_field(Stopping, "a stopping rule")]
