"""A task, a weak supervisor, a student and a method of the signal that another plugin brings: of numbers."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from w2sg_plugin_numbers_signal import HowMuch, Numbers

from w2sg import core


class OfNumbers:
    """What every part of a setup says."""

    signal: ClassVar[type[core.Signal]] = Numbers


@core.register()
class Sines(OfNumbers, core.Task):
    """The sine of a number."""

    kind: Literal["sines"] = "sines"
    default_supervisor: ClassVar[str] = "straight"  # type: ignore[misc]
    default_student: ClassVar[str] = "polynomial"  # type: ignore[misc]
    default_method: ClassVar[str] = "fit-numbers"  # type: ignore[misc]

    def load(self, rng: np.random.Generator) -> core.TaskData:
        x, bounds = rng.uniform(-3, 3, (600, 1)), {"supervision": (0, 100), "transfer": (100, 400), "test": (400, 600)}
        corpus = core.Inputs.of(x)
        split = {name: core.Examples(corpus.rows[a:b], corpus.take(slice(a, b))) for name, (a, b) in bounds.items()}
        vault = core.Vault({name: np.sin(x[a:b, 0]) for name, (a, b) in bounds.items()})
        test = {"test": split["test"]}
        return core.TaskData(HowMuch(), split["supervision"], split["transfer"], None, test, corpus, vault)


@dataclass
class Curve(core.Trained[Numbers], core.Labeller[Numbers]):
    """A fitted polynomial, as a student and as a labeller."""

    weights: Any

    def answer(self, inputs: core.Inputs) -> Numbers:
        return Numbers(np.polyval(self.weights, inputs.values[:, 0]))

    def label(self, examples: core.Examples, gold: Any, rng: np.random.Generator) -> Numbers:
        return self.answer(examples.inputs)


@core.register()
class Straight(OfNumbers, core.WeakSupervisor):
    """A straight line through gold."""

    kind: Literal["straight"] = "straight"

    def fit(self, supervision: core.Supervision, rng: np.random.Generator) -> Curve:
        return Curve(np.polyfit(supervision.examples.inputs.values[:, 0], supervision.gold, 1))


@core.register()
class Polynomial(OfNumbers, core.Student):
    """A polynomial."""

    kind: Literal["polynomial"] = "polynomial"
    degree: int = 5

    def fit_many(self, fits: Any) -> list[Curve]:
        return [Curve(np.polyfit(fit.inputs.values[:, 0], fit.weak.values, self.degree)) for fit in fits]


@core.register()
class FitNumbers(OfNumbers, core.Method):
    """Learn the numbers as they are."""

    kind: Literal["fit-numbers"] = "fit-numbers"

    def train(self, view: Any, student: Any, rng: np.random.Generator) -> Any:
        yield []
        return student.fit(view.transfer)
