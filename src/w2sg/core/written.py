"""Written answers: what a method may see of them, and the contracts of those who write.

A task of written answers has texts in the place of classes, from the gold in its vault to what a student writes. Its
supervisor, student and method are those of this file; everything else about them is as for classes.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn, final

import numpy as np

from w2sg.core.arrays import AnyArray, BoolArray, FloatArray, IntArray, frozen
from w2sg.core.component import Component
from w2sg.core.contracts import Fit, Labeller, Method, Output, Predictor, Scorer, Student, Training, WeakSupervisor
from w2sg.core.errors import CapabilityError, InputError
from w2sg.core.examples import Examples, Inputs
from w2sg.core.vault import WeakView


def check_texts(texts: Any, shape: tuple[int, ...], name: str) -> AnyArray:
    """Return texts as a read-only array of `shape`, dtype object.

    Raises:
        InputError: If the shape is another, or a value is no text.
    """
    found = np.asarray(texts, dtype=object)
    if found.shape != shape:
        raise InputError(f"{name} must have shape {shape}, got {found.shape}")
    wrong = next((text for text in found.ravel() if not isinstance(text, str)), None)
    if wrong is not None:
        raise InputError(f"{name} must be texts, got {wrong!r:.80}")
    return frozen(found)


@dataclass(frozen=True, eq=False)
class WrittenLabels:
    """What a weak supervisor wrote.

    Attributes:
        answers: Its answer to each example, `(n,)` texts.
        samples: Further answers to each, drawn at random, `(n, s)`; None if there are none.
    """

    answers: AnyArray
    samples: AnyArray | None = None


@dataclass(frozen=True, eq=False)
class WrittenSplit:
    """Prompts and their weak answers: there is no field for gold, ids or metadata.

    Attributes:
        inputs: The `n` prompts.
        weak: Weak answers, `(n,)` texts.
        samples: Further answers of the supervisor, `(n, s)` texts; None if it gave one answer only.
    """

    inputs: Inputs
    weak: AnyArray
    samples: AnyArray | None = None

    def __post_init__(self) -> None:
        n = len(self.inputs)
        object.__setattr__(self, "weak", check_texts(self.weak, (n,), "weak answers"))
        if self.samples is not None:
            if self.samples.ndim != 2 or not self.samples.shape[1]:
                raise InputError(f"weak samples must have shape ({n}, s) with s at least 1, got {self.samples.shape}")
            object.__setattr__(self, "samples", check_texts(self.samples, (n, self.samples.shape[1]), "weak samples"))

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def prompts(self) -> list[str]:
        """The prompts as texts."""
        return [str(text) for text in self.inputs.values]


@dataclass(frozen=True, eq=False)
class WrittenView:
    """All that a method of written answers may see.

    Attributes:
        transfer: The prompts to learn from, with weak answers.
        validation: Other prompts with weak answers; None if the task has none.
        corpus: All prompts that a student may see without answers.
        scorer: When two answers of this task are the same.
    """

    transfer: WrittenSplit
    validation: WrittenSplit | None
    corpus: Inputs
    scorer: Scorer


@dataclass(frozen=True, eq=False)
class Written:
    """What a writer wrote.

    Attributes:
        texts: The answers `(n, samples)`, without the end token.
        ended: Whether the writer ended an answer by itself, `(n, samples)`; others were cut.
        notes: How many prompts were too long or empty, where there are such.
    """

    texts: AnyArray
    ended: BoolArray
    notes: Mapping[str, int] = field(default_factory=dict)


class WritingPredictor(ABC):
    """A trained writer.

    Attributes:
        steps: How many steps the training took, where it is trained in steps.
        notes: What else the run's record should say of the training; a method adds to it.
    """

    steps: int | None = None
    notes: Mapping[str, Any] = MappingProxyType({})

    @abstractmethod
    def write(
        self,
        prompts: Sequence[str],
        samples: int = 1,
        temperature: float = 0.0,
        *,
        rng: np.random.Generator | None = None,
    ) -> Written:
        """Write answers to prompts `(n,)`; which prompts are asked together changes none of them.

        Args:
            prompts: What to continue.
            samples: Answers to each.
            temperature: Of the draws; 0 takes the likeliest and needs no `rng`.
            rng: Decides the draws.
        """


class WritingStudent(Student):
    """A student that learns written answers.

    Capabilities: `write` (all), `preferences` (it learns which of two answers is preferred).
    """

    output: ClassVar[Output] = "texts"

    @property
    def capabilities(self) -> frozenset[str]:
        """It writes."""
        return frozenset({"write"})

    @property
    def alone(self) -> bool:
        """Writers are trained, and kept, one after the other."""
        return True

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        """Refuse: a writer learns texts.

        Raises:
            CapabilityError: Always.
        """
        raise CapabilityError(
            f"student {self.kind!r} learns written answers, not classes: call fit_texts, or choose 'language-model'"
        )

    @abstractmethod
    def published(self) -> WritingPredictor:
        """Return the writer before any training, to ask what it writes by itself."""

    @abstractmethod
    def fit_texts(
        self,
        prompts: Sequence[str],
        answers: Sequence[str],
        rng: np.random.Generator,
        *,
        weights: FloatArray | None = None,
        start: WritingPredictor | None = None,
    ) -> WritingPredictor:
        """Train on prompts `(n,)` and their answers `(n,)`, from the writer as published or from a trained one."""

    def fit_preferences(
        self,
        prompts: Sequence[str],
        first: Sequence[str],
        second: Sequence[str],
        preferred: FloatArray,
        rng: np.random.Generator,
        *,
        weights: FloatArray | None = None,
        start: WritingPredictor | None = None,
    ) -> WritingPredictor:
        """Train on the probability `preferred`, `(n,)`, that the first of two answers to each prompt is the better."""
        raise CapabilityError(f"student {self.kind!r} does not learn from 'preferences': choose 'policy'")


class WritingLabeller(ABC):
    """A weak supervisor of written answers after its training."""

    @abstractmethod
    def label(self, examples: Examples, rng: np.random.Generator) -> WrittenLabels:
        """Return its answers to examples; `rng` decides what is drawn."""


class WritingSupervisor(WeakSupervisor):
    """A weak supervisor that answers in writing. None is made from the gold of what it labels."""

    output: ClassVar[Output] = "texts"

    @final
    def fit(
        self, supervision: Examples, gold: IntArray, corpus: Inputs, n_classes: int, rng: np.random.Generator
    ) -> Labeller:
        """Refuse: this supervisor gives texts."""
        _refuse("supervisor", self, "labels classes")

    @abstractmethod
    def fit_texts(self, supervision: Examples, gold: AnyArray, rng: np.random.Generator) -> WritingLabeller:
        """Learn from the supervision split and its gold answers, `(n,)` texts."""


class WritingMethod(Method):
    """How a student learns from weak written answers.

    A plain function where methods of classes are generators: writers are large, and are trained one after the other.
    """

    output: ClassVar[Output] = "texts"

    @property
    def requires(self) -> frozenset[str]:
        """The student must write."""
        return frozenset({"write"})

    @property
    @final
    def audits(self) -> int:
        """None of them buys gold."""
        return 0

    @final
    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Refuse: this method learns texts."""
        _refuse("method", self, "trains on classes")

    @abstractmethod
    def learn(self, view: WrittenView, student: WritingStudent, rng: np.random.Generator) -> WritingPredictor:
        """Train the student on weak answers and return the writer to use."""


def _refuse(part: str, component: Component, what: str) -> NoReturn:
    raise CapabilityError(f"{part} {component.kind!r} is for written answers, it never {what}: choose another {part}")
