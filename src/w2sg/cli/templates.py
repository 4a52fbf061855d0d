"""What `w2sg new` writes for each part: a component that runs and passes its contract, to be changed to an idea."""

from dataclasses import dataclass
from string import Template


@dataclass(frozen=True)
class Start:
    """How a part begins.

    Attributes:
        registry: The contract's name in the registry.
        tested_by: The contract test that it must pass.
        source: The source file, with `$name` and `$cls`.
        tried_by: How the command line tries it, with `$name` and `$file`.
    """

    registry: str
    tested_by: str
    source: Template
    tried_by: str


_SELECTION = '''"""The selection `$name`: say in one line which weak-labelled examples it keeps."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import Student, WeakView, register
from w2sg.methods.parts import Course, Selection


@register()
class $cls(Selection):
    """The examples on which the supervisor is surest: change this to your idea."""

    kind: Literal["$name"] = "$name"
    share: float = Field(0.8, gt=0, le=1, description="share of the examples kept")

    def weights(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return a non-negative weight for each transfer example, `(n,)`; 0 leaves it out."""
        yield from ()  # or: (trained,) = yield [Fit(...)], to train a student first
        sure = view.transfer.weak.probabilities.max(axis=1)
        return np.asarray(sure >= np.quantile(sure, 1 - self.share), dtype=np.float32)
'''
_RELABELING = '''"""The relabeling `$name`: say in one line what the weak labels become."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import Student, WeakView, one_hot, register
from w2sg.methods.parts import Course, Relabeling


@register()
class $cls(Relabeling):
    """The weak labels mixed with their most likely class: change this to your idea."""

    kind: Literal["$name"] = "$name"
    share: float = Field(0.5, ge=0, le=1, description="weight of the most likely class")

    def relabel(self, view: WeakView, student: Student, rng: np.random.Generator) -> Course:
        """Return soft labels for the transfer examples, `(n, k)`."""
        yield from ()  # or: (trained,) = yield [Fit(...)], to train a student first
        weak = view.transfer.weak
        return (1 - self.share) * weak.probabilities + self.share * one_hot(weak.named, weak.n_classes)
'''
_CHAIN = '''"""The chain `$name`: say in one line through which students the labels go."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import Student, Training, WeakView, register
from w2sg.methods.parts import Chain, Stage
from w2sg.methods.views import labelled_by


@register()
class $cls(Chain):
    """A student on the weak labels, then one on each student's own labels: change this to your idea."""

    kind: Literal["$name"] = "$name"
    rounds: int = Field(1, ge=1, description="how often a student's labels go to a fresh student")

    def train(self, stage: Stage, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        """Train stage by stage, and return the last student; each stage selects, relabels and trains."""
        trained = yield from stage(view, student, rng)
        for _ in range(self.rounds):
            trained = yield from stage(labelled_by(view, trained), student, rng)
        return trained
'''
_STOPPING = '''"""The stopping rule `$name`: say in one line when training ends."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import FloatArray, Stopping, register


@register()
class $cls(Stopping):
    """Keep the step whose classes agree best with weak labels of examples not trained on: change this to your idea."""

    kind: Literal["$name"] = "$name"
    held_out: float = Field(0.2, gt=0, lt=1, description="share of transfer lent where there is no validation split")

    @property
    def watches(self) -> float:
        """The share of the transfer split that it needs to watch."""
        return self.held_out

    def score(self, weak: FloatArray, logits: FloatArray) -> FloatArray:
        """Return how good a step is, `(...,)`, from weak labels and logits `(..., n, k)`; higher is better."""
        return np.asarray((weak.argmax(axis=-1) == logits.argmax(axis=-1)).mean(axis=-1))
'''
_STUDENT = '''"""The student `$name`: say in one line what learns from the weak labels."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import Fit, FloatArray, Inputs, Predictor, Student, register


class ${cls}Predictor(Predictor):
    """A trained student."""

    def __init__(self, means: FloatArray, shares: FloatArray, spread: float) -> None:
        self.means, self.shares, self.spread = means, shares, spread

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities `(n, k)`."""
        x = inputs.values.reshape(len(inputs), -1)
        distance = ((x[:, None] - self.means) ** 2).sum(axis=2)
        scores = np.log(np.maximum(self.shares, 1e-9)) - distance / (2 * self.spread)
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))


@register()
class $cls(Student):
    """The nearest mean of a class, on the input's own numbers: change this to your idea."""

    kind: Literal["$name"] = "$name"
    spread: float = Field(1.0, gt=0, description="variance around a mean, in units of the inputs' own")

    def fit_many(self, fits: Sequence[Fit]) -> list[Predictor]:
        """Train several students of this configuration; those that share work may do it once."""
        return [self._trained(fit) for fit in fits]

    def _trained(self, fit: Fit) -> Predictor:
        x = fit.inputs.values.reshape(len(fit.inputs), -1)
        # Soft labels count with their probability; an objective may ask for the most likely class alone.
        targets = fit.targets
        if fit.objective.hard_labels:
            targets = np.eye(targets.shape[1])[targets.argmax(axis=1)]
        weights = targets if fit.weights is None else targets * fit.weights[:, None]
        counts = weights.sum(axis=0)
        means = weights.T @ x / np.maximum(counts, 1e-9)[:, None]
        return ${cls}Predictor(means, counts / counts.sum(), self.spread * float(x.var(axis=0).mean() + 1e-9))
'''
_SUPERVISOR = '''"""The weak supervisor `$name`: say in one line what labels the transfer split."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import (
    AnyArray,
    ClassProbabilities,
    Examples,
    FloatArray,
    InputError,
    Labeller,
    Supervision,
    WeakSupervisor,
    register,
)


@dataclass(frozen=True, eq=False)
class ${cls}Labeller(Labeller):
    """The mean of each class on the columns that the supervisor sees, `(k, d)`."""

    means: FloatArray
    sharpness: float

    def label(self, examples: Examples, gold: AnyArray | None, rng: np.random.Generator) -> ClassProbabilities:
        """Return class probabilities; `gold` is None unless the supervisor declares `simulates`."""
        distance = ((_seen(examples, self.means.shape[1])[:, None] - self.means) ** 2).sum(axis=2)
        raised = np.exp(-self.sharpness * (distance - distance.min(axis=1, keepdims=True)))
        return ClassProbabilities(raised / raised.sum(axis=1, keepdims=True))


@register()
class $cls(WeakSupervisor):
    """The nearest mean of a class, on a part of the columns: change this to your idea."""

    kind: Literal["$name"] = "$name"
    share: float = Field(0.5, gt=0, le=1, description="share of the columns that it sees, the first ones")
    sharpness: float = Field(0.5, gt=0, description="how fast its doubt falls with the distance to a mean")

    def fit(self, supervision: Supervision, rng: np.random.Generator) -> Labeller:
        """Learn from gold of the supervision split."""
        width = supervision.examples.inputs.values.reshape(len(supervision), -1).shape[1]
        seen = _seen(supervision.examples, max(1, round(self.share * width)))
        means = []
        for label in range(supervision.n_classes):
            rows = seen[supervision.gold == label]
            # A class without examples is nowhere: its mean is that of all.
            means.append(rows.mean(axis=0) if len(rows) else seen.mean(axis=0))
        return ${cls}Labeller(np.stack(means), self.sharpness)


def _seen(examples: Examples, width: int) -> FloatArray:
    values = examples.inputs.values
    if values.dtype == object:
        raise InputError("supervisor '$name' reads numbers, and the inputs are text: choose another one")
    return np.asarray(values.reshape(len(values), -1)[:, :width], dtype=np.float64)
'''
_TASK = '''"""The task `$name`: say in one line what is to be told apart."""

from typing import Literal

import numpy as np
from pydantic import Field

from w2sg.core import register
from w2sg.tasks import SplitTask, Table


@register()
class $cls(SplitTask):
    """Two clouds of points, drawn anew under each seed: change this to your data."""

    kind: Literal["$name"] = "$name"
    rows: int = Field(600, ge=50, description="rows drawn, which are dealt to the splits")
    columns: int = Field(8, ge=1, description="columns")

    @property
    def default_supervisor(self) -> str:
        """The weak supervisor where a setup names none."""
        return "few-features"

    def table(self, rng: np.random.Generator) -> Table:
        """Return all rows: inputs, class numbers and the names of the classes; dealing them is not yours to do."""
        gold = rng.integers(2, size=self.rows)
        values = rng.normal(size=(self.rows, self.columns)) + np.where(gold, 0.7, -0.7)[:, None]
        return Table.of(values.astype(np.float32), gold, ("low", "high"), f"task {self.kind!r}")
'''

STARTS: dict[str, Start] = {
    "selection": Start(
        "selections",
        "SelectionContract",
        Template(_SELECTION),
        "w2sg run --method composition --set method.select=$name --plugin $file",
    ),
    "relabeling": Start(
        "relabelings",
        "RelabelingContract",
        Template(_RELABELING),
        "w2sg run --method composition --set method.relabel=$name --plugin $file",
    ),
    "chain": Start(
        "chains",
        "ChainContract",
        Template(_CHAIN),
        "w2sg run --method composition --set method.chain=$name --plugin $file",
    ),
    "stopping": Start(
        "stoppings",
        "StoppingContract",
        Template(_STOPPING),
        "w2sg run --method composition --set method.stopping=$name --plugin $file",
    ),
    "student": Start("students", "StudentContract", Template(_STUDENT), "w2sg run --student $name --plugin $file"),
    "supervisor": Start(
        "supervisors",
        "SupervisorContract",
        Template(_SUPERVISOR),
        "w2sg run --supervisor $name --plugin trusted:$file",
    ),
    "task": Start("tasks", "TaskContract", Template(_TASK), "w2sg run --task $name --plugin trusted:$file"),
}
"""The parts that `w2sg new` starts, beside methods, by the words for them."""
TEST = Template('''"""The contract that the $part `$name` must keep."""

from pathlib import Path

from w2sg.core import registry
from w2sg.testing import $contract

registry.load_plugin(Path(__file__).with_name("$module.py"))


class Test$cls($contract):
    spec = "$name"
''')
