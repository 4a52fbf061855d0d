"""The contracts of training: what pulls a student, when it stops, what it is asked to learn, and the student itself."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, final

import numpy as np
from pydantic import SerializeAsAny
from typing_extensions import TypeVar

from w2sg.core.arrays import FloatArray
from w2sg.core.component import Component
from w2sg.core.curves import TrainingCurve
from w2sg.core.errors import CapabilityError, DivergedError
from w2sg.core.examples import Inputs
from w2sg.core.registry import component_field, contract
from w2sg.core.saving import SavedStudent
from w2sg.core.signals.base import Signal
from w2sg.core.signals.classes import ClassProbabilities, S
from w2sg.core.tiers import InformationTier

if TYPE_CHECKING:
    from w2sg.core.views import WeakView

    Array = Any
    """An array of any library that follows the array-API standard."""


@contract("objectives")
class Objective(Component):
    """What pulls the student at each step: a value and its gradient with respect to the logits.

    Written once against the array-API standard. Shapes: `weak` and `logits` are `(..., n, k)` for one batch or several;
    `progress` is the fraction of training done, in [0, 1). A moving target is held fixed inside the gradient.
    """

    only_classes: ClassVar[int | None] = None
    """The one number of classes it is defined for; None is any."""
    peers: ClassVar[int] = 0
    """How many other students are trained beside it on the same batches.

    Where there are any, `logits` are `(..., 1 + peers, n, k)` with the student's own first, and so are value and
    gradient; the student must be able to have `peers`.
    """
    remembers: ClassVar[bool] = False
    """Whether it keeps something of each example from one look at it to the next.

    Where it does, `weak` is `(..., 2, n, k)`: the labels, and what is kept of the examples after this look. The student
    must have `memory`: it holds `(n, k)` for its training, 0 at first, and asks for `remembered` before `gradient`.
    """

    @property
    def loss(self) -> str:
        """The name of the loss, for theories that hold for some losses only."""
        return self.kind

    @property
    def hard_labels(self) -> bool:
        """Whether only the most likely class of each weak label counts."""
        return False

    @property
    def moving(self) -> bool:
        """Whether the target depends on the student, so that the student must be trained by gradient."""
        return False

    @property
    def settles_at(self) -> float:
        """The progress from which on nothing depends on progress any more; training may stop early only after it."""
        return 0.0

    @property
    def tier(self) -> InformationTier:
        """What it knows beside weak labels, as in `Method.tier`."""
        return InformationTier.WEAK_LABELS

    @property
    def rehearsals(self) -> int:
        """In how many parts the supervision split is dealt for what it knows, as in `Method.rehearsals`."""
        return 0

    def knowing(self, view: "WeakView[Any]") -> "Objective":
        """Return the objective with what it asks the view for: itself, unless its tier tells it something."""
        return self

    @property
    def curvature(self) -> float:
        """An upper bound of the loss's second derivatives, in units of cross-entropy's; at least 1.

        A trainer that takes the longest safe step for cross-entropy divides its step by this.
        """
        return 1.0

    def remembered(self, memory: "Array", logits: "Array") -> "Array":
        """Return what is kept of examples after a look at them, from what was kept before, both `(..., n, k)`."""
        raise CapabilityError(f"objective {self.kind!r} remembers nothing of its examples")

    @abstractmethod
    def value(self, weak: "Array", logits: "Array", progress: float) -> "Array":
        """Return the loss of each example in nats, `(..., n)`."""

    @abstractmethod
    def gradient(self, weak: "Array", logits: "Array", progress: float) -> "Array":
        """Return the gradient of each example's loss with respect to its logits, `(..., n, k)`."""

    def value_and_gradient(self, weak: "Array", logits: "Array", progress: float) -> "tuple[Array, Array]":
        """Return both; an objective whose two share most of their work says so here."""
        return self.value(weak, logits, progress), self.gradient(weak, logits, progress)


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


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainingRequest:
    """One student to train; what it learns from is said by the kinds of request.

    Attributes:
        student: What to train.
        rng: Randomness of initialisation and order.
    """

    student: "Student[Any, Any]"
    rng: np.random.Generator


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit(TrainingRequest):
    """A student of class probabilities to train.

    Attributes:
        inputs: `n` training inputs.
        targets: Soft labels `(n, k)`.
        corpus: Unlabelled inputs for the feature map.
        objective: What pulls the student.
        stopping: When to stop.
        weights: `(n,)` non-negative example weights, or None for all 1.
        watched: Inputs and weak labels that `stopping` watches, or None.
        steps: Train exactly this many steps, or None for the student's own number.
        start: A trained student of the same configuration to go on from, or None for a new one (capability `parts`).
        part: Train `all` of the student, or only its last layer, the `head` (capability `parts`).
    """

    inputs: Inputs
    targets: FloatArray
    corpus: Inputs
    objective: Objective
    stopping: Stopping
    weights: FloatArray | None = None
    watched: tuple[Inputs, FloatArray] | None = None
    steps: int | None = None
    start: "Predictor | None" = None
    part: Literal["all", "head"] = "all"


class Trained(ABC, Generic[S]):
    """A student after training, of any variant of signal.

    Attributes:
        steps: How many steps the training took, where the student is trained in steps.
        curve: Losses, learning rates and norms of gradients, where it is trained by gradient and writes them down.
        notes: What else the run's record should say of training and answering, such as how many texts were cut. Read it
            after the answers: answering may add to it.
    """

    steps: int | None = None
    curve: TrainingCurve | None = None
    notes: Mapping[str, Any] = MappingProxyType({})

    @abstractmethod
    def answer(self, inputs: Inputs) -> S:
        """Return its answers to inputs."""

    def saved(self) -> SavedStudent:
        """Return all that it answers with, as plain arrays.

        Raises:
            CapabilityError: If it cannot be written so.
        """
        raise CapabilityError(
            f"{type(self).__name__} is not made of arrays alone, and would need a pickle, which runs code when it is "
            "read: choose a linear, ridge, mlp or language-model student, and a method that returns one of them"
        )


class Predictor(Trained[ClassProbabilities]):
    """A trained student that gives class probabilities."""

    @final
    def answer(self, inputs: Inputs) -> ClassProbabilities:
        """Return its class probabilities as a signal."""
        return ClassProbabilities(self.predict_proba(inputs))

    @abstractmethod
    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities `(n, k)`."""

    def represent(self, inputs: Inputs) -> FloatArray:
        """Return the features that the last layer reads, `(n, d)`."""
        raise CapabilityError(f"{type(self).__name__} has no representation: choose a student with 'represent'")

    @property
    def depth(self) -> int:
        """How many layers have states to read; 1 where there is only what the last layer reads."""
        return 1

    def represent_at(self, inputs: Inputs, layer: int, *, mean: bool = False) -> FloatArray:
        """Return the states after a layer, `(n, d)`, from 1 to `depth`: those that the head would read, or their mean.

        Where there is one layer, and one state of each input, both are what `represent` gives.
        """
        return self.represent(inputs)


F = TypeVar("F", bound=TrainingRequest, default=Fit)
"""What a student is asked to learn; where none is named it is class probabilities."""
T = TypeVar("T", bound=Trained[Any], default=Predictor)
"""What a student is after training; where none is named it predicts class probabilities."""


@contract("students")
class Student(Component, Generic[F, T]):
    """The model that learns from weak labels.

    Capabilities: `gradient` (trained in steps by an objective, which may move with the student), `represent` (features
    of its last layer), `embed` (features before any training), `scale` (smaller versions of itself exist), `parts` (its
    last layer can be trained alone, and training can go on from a trained student), `peers` (several that differ in
    their first weights can be trained on the same batches), `memory` (it keeps what an objective remembers).
    """

    signal: ClassVar[type[Signal]] = ClassProbabilities

    @property
    def capabilities(self) -> frozenset[str]:
        """What this student can do, in this configuration."""
        return frozenset()

    @property
    def alone(self) -> bool:
        """Whether it is so large that the students of several methods are trained, and kept, one after the other."""
        return False

    @property
    def function_class(self) -> str:
        """The class of functions that a trained student is chosen from, such as `logit-linear`.

        Theories that hold for some classes only read it. What a component does not declare is `unknown`, and no
        hypothesis holds of it.
        """
        return "unknown"

    @property
    def body_frozen(self) -> bool | None:
        """Whether the features that the last layer reads are the same before and after training; None if unknown."""
        return None

    @property
    def ridge_penalty(self) -> float | None:
        """The penalty of a student that is ridge regression, in units of a feature's mean variance; None for others.

        A student with a penalty minimises squared error, whatever the objective.
        """
        return None

    @property
    def body(self) -> Component | None:
        """The component that makes its features before training; students with equal bodies have equal features.

        None where the student itself makes them.
        """
        return None

    @abstractmethod
    def fit_many(self, fits: Sequence[F]) -> Sequence[T | DivergedError]:
        """Train several students of this configuration; those that share features may share work.

        Where the training of one diverges, the error stands in its place, and the others are what they are without it.
        """

    @final
    def fit(self, fit: F) -> T:
        """Train one student.

        Raises:
            DivergedError: If the training diverges.
        """
        trained = self.fit_many([fit])[0]
        if isinstance(trained, DivergedError):
            raise trained
        return trained

    def restored(self, saved: SavedStudent) -> T:
        """Return the trained student that `Trained.saved` wrote down."""
        raise CapabilityError(f"student {self.kind!r} cannot be restored from arrays")

    @property
    def strength(self) -> float | None:
        """A number that grows with capability (features, units, trees), or None if there is none."""
        return None

    def embed(self, corpus: Inputs, inputs: Inputs) -> FloatArray:
        """Return what the student's body makes of inputs before any training on labels, `(n, d)`."""
        raise CapabilityError(f"student {self.kind!r} has no features before training ('embed'): choose another")

    def penalised(self, factor: float) -> "Student[F, T] | None":
        """Return this student with `factor` times the penalty on its weights; None where it has none to turn."""
        return None

    def scaled(self, fraction: float) -> "Student[F, T]":
        """Return a version of this student with `fraction` of its strength."""
        raise CapabilityError(f"student {self.kind!r} has no smaller versions of itself ('scale')")


AnyStudent = Annotated[SerializeAsAny[Student[Any, Any]], *component_field(Student, "a student")]
AnyObjective = Annotated[SerializeAsAny[Objective], *component_field(Objective, "an objective")]
AnyStopping = Annotated[SerializeAsAny[Stopping], *component_field(Stopping, "a stopping rule")]
