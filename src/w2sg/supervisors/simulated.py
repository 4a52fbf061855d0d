"""Simulated annotators: gold, corrupted to a chosen accuracy with a chosen structure of errors."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field, ValidationInfo, field_validator, model_validator

from w2sg.core import (
    AnyArray,
    ClassProbabilities,
    Examples,
    InputError,
    Labeller,
    Supervision,
    WeakSupervisor,
    preset,
    register,
)
from w2sg.supervisors.geometry import fit_geometry
from w2sg.supervisors.structures import NEEDS_GEOMETRY, NEEDS_GROUPS, STRUCTURES, State, StructureName, groups_of

OVERCONFIDENT = 0.99
"""The probability that an overconfident annotator gives its label."""
LEAD = 0.01
"""A given label is at least this far above chance, so that it stays the most likely one."""


def n_errors(accuracy: float, n: int) -> int:
    """Return how many of `n` labels are wrong at an accuracy.

    >>> n_errors(0.8, 10)
    2
    """
    return round((1 - accuracy) * n)


@register(paper="2312.09390")
class Simulated(WeakSupervisor):
    """An annotator of a chosen accuracy whose errors have a chosen structure.

    On every split exactly `round((1 - accuracy) n)` labels are wrong, whatever the structure, so structures compare at
    equal accuracy. What a structure chooses (the class map, the region, the margin rule) is fixed on the supervision
    split and holds for all splits. The supervision split's gold only shapes the errors: nothing is learned from it.

    >>> from w2sg.core import Classes, Inputs
    >>> supervisor = Simulated(accuracy=0.75)
    >>> x, gold = np.zeros((4, 1)), np.array([0, 1, 0, 1])
    >>> examples = Examples(np.arange(4), Inputs.of(x))
    >>> shown = Supervision(examples, gold, Classes(("no", "yes")), examples.inputs)
    >>> labeller = supervisor.fit(shown, np.random.default_rng(0))
    >>> weak = labeller.label(examples, gold, np.random.default_rng(1)).probabilities
    >>> int((weak.argmax(axis=1) != gold).sum()), float(weak.max())
    (1, 0.75)
    """

    kind: Literal["simulated"] = "simulated"
    accuracy: float = Field(default=0.8, gt=0, le=1, description="share of labels that are right, on every split")
    structure: StructureName = Field(
        default="uniform",
        description="where the errors are: uniform (anywhere, any wrong class), confusion (anywhere, one fixed wrong "
        "class per class), difficulty (on harder examples), region (everything in a half-space), overconfident "
        "(uniform, at confidence 0.99), adversarial (on the most typical examples of each class), systematic (on whole "
        "groups of 'column'), sycophantic (says the last class to some groups of 'column')",
    )
    column: str | None = Field(
        default=None, min_length=1, description="for systematic and sycophantic: the metadata column; none: group"
    )
    confidence: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="probability of the given label, the rest spread evenly; none: calibrated (the accuracy, and at "
        "least 0.01 above chance), 0.99 for overconfident",
    )
    confuse: tuple[int, ...] | None = Field(
        default=None,
        description="for confusion and region: the class that each class is mistaken for; none: drawn at random",
    )

    @field_validator("confuse")
    @classmethod
    def _never_itself(cls, value: tuple[int, ...] | None, info: ValidationInfo) -> tuple[int, ...] | None:
        structure = info.data.get("structure", "confusion")
        if value is not None and structure not in ("confusion", "region"):
            raise ValueError(f"must be left out unless structure is 'confusion' or 'region', got {structure!r}")
        for label, instead in enumerate(value or ()):
            if instead == label or not 0 <= instead < len(value or ()):
                raise ValueError(
                    f"must give each class one other class from 0 to {len(value or ()) - 1}, got {instead} for {label}"
                )
        return value

    @model_validator(mode="after")
    def _by_group(self) -> Self:
        if self.column is not None and self.structure not in NEEDS_GROUPS:
            raise ValueError(f"'column' goes with structures {sorted(NEEDS_GROUPS)}, got {self.structure!r}")
        return self

    @property
    def simulates(self) -> bool:
        """Labels are made by corrupting gold."""
        return True

    def fit(self, supervision: Supervision, rng: np.random.Generator) -> Labeller:
        """Fix the structure of the errors on the supervision split and its gold `(n,)`.

        Raises:
            InputError: If there is one class only, or `confuse` or `confidence` do not fit the number of classes.
        """
        n_classes = supervision.n_classes
        if n_classes < 2:
            raise InputError(f"a simulated annotator needs at least 2 classes to err, got {n_classes}")
        if self.confuse is not None and len(self.confuse) != n_classes:
            raise InputError(
                f"confuse must give one class for each of the {n_classes} classes, got {len(self.confuse)}"
            )
        # Drawn even where `confuse` is given, so that what is drawn afterwards is the same with and without it. A shift
        # by 1 to k - 1 is never the class itself.
        drawn = (np.arange(n_classes) + rng.integers(1, n_classes, size=n_classes)) % n_classes
        instead = drawn if self.confuse is None else np.array(self.confuse, dtype=np.int64)
        needs = self.structure in NEEDS_GEOMETRY
        if needs and not len(supervision):
            raise InputError(f"structure {self.structure!r} needs supervision examples, got none: choose 'uniform'")
        geometry = fit_geometry(supervision, rng) if needs else None
        column = self.column or "group"
        grouped = self.structure in NEEDS_GROUPS
        # In random order, so that no group is the one that is erred on; drawn last, so that nothing else moves.
        known = np.unique(groups_of(supervision.examples, column)) if grouped else np.array([], dtype=str)
        groups = tuple(map(str, rng.permutation(known)))
        state = State(
            n_classes, instead, geometry, "difficulty" in supervision.examples.metadata, column=column, groups=groups
        )
        return SimulatedLabeller(self, state, self._probability(n_classes))

    def _probability(self, n_classes: int) -> float:
        """Return the probability of the given label."""
        if self.confidence is None:
            usual = OVERCONFIDENT if self.structure == "overconfident" else self.accuracy
            # Calibrated: who is right on a share of the examples says so. Below chance the given label would not be the
            # likeliest any more, and the accuracy of the labels would be another.
            return max(usual, min(1 / n_classes + LEAD, 1.0))
        if self.confidence <= 1 / n_classes:
            raise InputError(
                f"confidence must be above chance (1/{n_classes}), or another class would be the label, "
                f"got {self.confidence}: raise it, or leave it out for calibrated labels"
            )
        return self.confidence


@dataclass(frozen=True, eq=False)
class SimulatedLabeller(Labeller):
    """A simulated annotator whose structure of errors is fixed.

    Attributes:
        supervisor: Its configuration.
        state: What was fixed on the supervision split.
        confidence: The probability of the given label.
    """

    supervisor: Simulated
    state: State
    confidence: float

    def label(self, examples: Examples, gold: AnyArray | None, rng: np.random.Generator) -> ClassProbabilities:
        """Return soft labels `(n, k)` of the chosen accuracy.

        Raises:
            InputError: If gold `(n,)` is missing or of another length.
        """
        if gold is None or gold.shape != (len(examples),):
            got = "none" if gold is None else f"shape {gold.shape}"
            raise InputError(
                f"a simulated annotator needs the gold of the {len(examples)} examples it labels, got {got}: release "
                "it from the vault for the purpose 'simulate'"
            )
        # A fixed number and no coin for each example: at small splits the spread of accuracy would hide the structure.
        n_wrong = n_errors(self.supervisor.accuracy, len(gold))
        wrong, instead = STRUCTURES[self.supervisor.structure](examples, gold, n_wrong, rng, self.state)
        given = np.where(wrong, instead, gold)
        k = self.state.n_classes
        # What is left is spread evenly, so that the probabilities tell nothing of which class the error replaced.
        weak = np.full((len(gold), k), (1 - self.confidence) / (k - 1), dtype=np.float32)
        weak[np.arange(len(gold)), given] = self.confidence
        return ClassProbabilities(weak)


_SUMMARIES: dict[StructureName, str] = {
    "uniform": "Right on 80%; errors anywhere, with any wrong class.",
    "confusion": "Right on 80%; each class is mistaken for one fixed other class.",
    "difficulty": "Right on 80%; errors on the harder examples.",
    "region": "Right on 80%; everything in a half-space of the inputs is wrong.",
    "overconfident": "Right on 80% and 99% sure of every label.",
    "adversarial": "Right on 80%; errors on the most typical examples of each class.",
    "systematic": "Right on 80%; everything in some groups is wrong.",
    "sycophantic": "Right on 80%; says the last class to some groups, whatever they ask.",
}
for _structure, _summary in _SUMMARIES.items():
    preset(f"simulated-{_structure}", Simulated, _summary, accuracy=0.8, structure=_structure)
