"""What the tests of methods share."""

from collections.abc import Generator, Sequence
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np

from w2sg.core import (
    AnyArray,
    Audit,
    ClassProbabilities,
    Fit,
    FloatArray,
    Inputs,
    IntArray,
    Method,
    Predictor,
    Student,
    WeakSplit,
    WeakView,
    derive,
    registry,
)
from w2sg.methods import Relabeling, Selection
from w2sg.testing import numbered_classes


class Fake(Predictor):
    """Answers with fixed shares, and says how many steps it took."""

    def __init__(self, shares: FloatArray, steps: int | None) -> None:
        self.shares, self.steps = shares, steps

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        return np.tile(self.shares, (len(inputs), 1))


class Recorder(Student):
    """Writes down what it is asked to train; a student of size s answers with its size in the first class."""

    kind: Literal["recorder"] = "recorder"
    size: float = 1.0
    best: int = 17
    asked: ClassVar[list[Fit]] = []
    batches: ClassVar[list[int]] = []

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset({"gradient", "scale"})

    @property
    def strength(self) -> float:
        return self.size

    def scaled(self, fraction: float) -> "Recorder":
        return self.model_copy(update={"size": self.size * fraction})

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        self.asked.extend(fits)
        self.batches.append(len(fits))
        k = fits[0].targets.shape[1]
        shares = np.array([self.size, *[(1 - self.size) / (k - 1)] * (k - 1)])
        return [Fake(shares, self.best if fit.steps is None else fit.steps) for fit in fits]


def recorder(**fields: Any) -> Recorder:
    """Return a recorder with an empty record."""
    Recorder.asked.clear()
    Recorder.batches.clear()
    return Recorder(**fields)


def method(spec: Any) -> Method:
    return registry.build(Method, spec)


def composed(**parts: Any) -> Method:
    return method({"kind": "composition", **parts})


T = TypeVar("T")


def outcome(course: Generator[Sequence[Fit], list[Predictor], T]) -> T:
    """Run a course to its end, training what it asks for, and return what it ends in."""
    answer: Any = None
    while True:
        try:
            asked = course.send(answer)
        except StopIteration as stop:
            ended: T = stop.value
            return ended
        answer = [fit.student.fit(fit) for fit in asked]


def blobs(n: int = 200, k: int = 3, seed: int = 0) -> tuple[FloatArray, IntArray]:
    """Overlapping classes `(n, 5)` and their gold."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(k, size=n)
    return (2.0 * np.eye(k, 5)[gold] + rng.normal(size=(n, 5))).astype(np.float32), gold


def weak_labels(n: int, k: int = 3, seed: int = 0) -> FloatArray:
    """Soft labels `(n, k)`, none like another."""
    return np.random.default_rng(seed).dirichlet(np.ones(k), size=n).astype(np.float32)


def split_of(inputs: Inputs, weak: FloatArray, members: FloatArray | None = None) -> WeakSplit:
    """Return inputs with weak labels `(n, k)`, and those of a panel's members if there are any."""
    return WeakSplit(inputs, ClassProbabilities(weak, members))


def joined(transfer: WeakSplit, held: WeakSplit | None, corpus: Inputs, audit: Audit | None = None) -> WeakView:
    """Return the view of splits, whose classes have numbers for names."""
    return WeakView(transfer, held, corpus, numbered_classes(transfer.weak.n_classes), audit)


def audit_of(view: WeakView) -> Audit:
    """Return the labels that a view has."""
    assert view.audit is not None
    return view.audit


def view_of(weak: FloatArray, validation: FloatArray | None = None) -> WeakView:
    """Return a view on inputs that are the numbers 0 to n - 1, then those of validation."""
    n = len(weak)
    everyone = Inputs.of(np.arange(n + (0 if validation is None else len(validation)), dtype=np.float32)[:, None])
    held = None if validation is None else split_of(everyone.take(np.arange(n, len(everyone))), validation)
    return joined(split_of(everyone.take(np.arange(n)), weak), held, everyone)


def part(contract: str, spec: Any) -> Any:
    """Return a selection or relabeling."""
    return registry.build(contract, spec)


def student(spec: Any = "linear") -> Student:
    """Return a student, by default a linear head on the inputs' own numbers."""
    return registry.build(Student, spec)


def view_on(values: AnyArray, weak: FloatArray, audit: tuple[IntArray, IntArray] | None = None) -> WeakView:
    """Return a view on input values, and the bought labels (positions and gold) if there are any."""
    inputs = Inputs.of(values)
    split = split_of(inputs, weak)
    return joined(split, None, inputs, None if audit is None else Audit(*audit))


def decided(spec: Any, view: WeakView, by: Student | None = None, seed: int = 0) -> FloatArray:
    """Return the weights of a selection, or the labels of a relabeling given as a component."""
    component = part("selections", spec)
    learner = student() if by is None else by
    if isinstance(component, Selection):
        return outcome(component.weights(view, learner, derive(seed, "filters")))
    assert isinstance(component, Relabeling)
    return outcome(component.relabel(view, learner, derive(seed, "filters")))


def flipped(gold: IntArray, k: int, share: float = 0.2, seed: int = 0, sure: float = 0.8) -> FloatArray:
    """Soft labels `(n, k)` that name a wrong class for exactly a share of the examples; no two are equal."""
    rng = np.random.default_rng(seed)
    wrong = rng.permutation(len(gold)) < round(share * len(gold))
    named = np.where(wrong, (gold + rng.integers(1, k, size=len(gold))) % k, gold)
    weak = (1 - sure) * rng.dirichlet(np.ones(k), size=len(gold)) + sure * np.eye(k)[named]
    return weak.astype(np.float32)
