"""The contract of a task: a distribution of examples with ground truth, its splits, and its question."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import SerializeAsAny

from w2sg.core.component import Component
from w2sg.core.errors import InputError
from w2sg.core.examples import Examples, Inputs
from w2sg.core.registry import component_field, contract
from w2sg.core.signals.base import Question, Signal
from w2sg.core.signals.classes import ClassProbabilities
from w2sg.core.tiers import InformationTier
from w2sg.core.vault import Vault
from w2sg.core.views import LabelledExamples, Rehearsed, WeakSplit, WeakView


@dataclass(frozen=True, eq=False)
class TaskData:
    """What a task gives under one seed.

    Attributes:
        question: What is asked of each example, and how answers are scored.
        supervision: The weak supervisor's training split.
        transfer: The split that the supervisor labels for the student.
        validation: Inputs that get weak labels only, for stopping and selection; None if there are none.
        tests: Named test sets; `test` is the one in distribution and comes first.
        corpus: All inputs that a student may see without labels.
        vault: The gold of all splits, under `supervision`, `transfer`, `validation` and the names of the test sets.
        counts: What became of the rows that were read (dropped, cut, balanced), for the run's record.
    """

    question: Question[Any]
    supervision: Examples
    transfer: Examples
    validation: Examples | None
    tests: Mapping[str, Examples]
    corpus: Inputs
    vault: Vault
    counts: Mapping[str, int] = field(default_factory=dict)

    def labelled_by_supervisor(self) -> dict[str, Examples]:
        """Return every split that the weak supervisor labels, by name."""
        splits = {"transfer": self.transfer}
        if self.validation is not None:
            splits["validation"] = self.validation
        return {**splits, **self.tests}

    def view(
        self,
        weak: Mapping[str, Signal],
        *,
        tier: InformationTier = InformationTier.WEAK_LABELS,
        audits: int = 0,
        rng: np.random.Generator | None = None,
        rehearsed: Rehearsed[Any] | None = None,
        asked_by: str = "",
    ) -> WeakView[Any]:
        """Return what a method sees: the weak signal, and what its tier and audits add, each told to the ledger.

        Args:
            weak: The weak supervisor's signal of the splits `transfer` and, if there is one, `validation`.
            tier: What the method declares that it knows.
            audits: How many labels of the transfer split it buys.
            rng: Decides which; needed where it buys any.
            rehearsed: What came of teaching the supervisor again without parts of its split, for a method that declares
                rehearsals: its figures are aggregates, the rest is for the tier that may see gold.
            asked_by: The method, for the ledger.

        Raises:
            InputError: If labels are bought without `rng`, or more than the split has.
        """
        if audits and rng is None:
            raise InputError(f"{audits} audited labels are drawn at random: give 'rng'")
        # The vault tells the ledger of everything that it hands out here, so nothing may be asked of it that the method
        # did not declare.
        told, gold = tier.includes(InformationTier.AGGREGATES), tier.includes(InformationTier.SUPERVISION_GOLD)
        k, vault = len(self.question.names), self.vault
        released = vault.release("information", "supervision", asked_by=asked_by) if gold else None
        aggregates = vault.aggregates("supervision", k, asked_by=asked_by) if told else None
        if aggregates is not None and rehearsed is not None:
            aggregates = replace(aggregates, supervisor_accuracy=rehearsed.accuracy, confusion=rehearsed.confusion)
        return WeakView(
            transfer=WeakSplit(self.transfer.inputs, weak["transfer"]),
            validation=None if self.validation is None else WeakSplit(self.validation.inputs, weak["validation"]),
            corpus=self.corpus,
            question=self.question,
            audit=None if rng is None or not audits else vault.audit("transfer", audits, rng, asked_by=asked_by),
            aggregates=aggregates,
            supervision=None if released is None else LabelledExamples(self.supervision.inputs, released),
            rehearsals=rehearsed.parts if gold and rehearsed is not None else (),
        )

    def gold_view(self, *, asked_by: str = "ceiling") -> WeakView[Any]:
        """Return the view of the ceiling: gold of the transfer split in the place of weak labels."""
        gold = self.vault.release("ceiling", "transfer", asked_by=asked_by)
        split = WeakSplit(self.transfer.inputs, self.question.truth(gold))
        return WeakView(split, None, self.corpus, self.question)


@contract("tasks")
class Task(Component):
    """A distribution of examples with ground truth, its splits and its test sets."""

    signal: ClassVar[type[Signal]] = ClassProbabilities
    """The variant of signal that it asks for; supervisor, student and method of a setup have the same."""

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
        """The name of the method where a setup names none; with gold for weak labels it trains the ceiling."""
        return "naive"

    @property
    def sources(self) -> frozenset[str]:
        """What its rows are from: tasks that share one are one family, and say less together than two of their own."""
        return frozenset({self.kind})

    def asked_otherwise(self, inputs: Inputs) -> Sequence[Inputs]:
        """Return the same questions in other words, each way for all `n` inputs; empty where none is known."""
        return ()

    def answered(self, inputs: Inputs) -> Sequence[Inputs]:
        """Return the inputs with each class as their answer in words, class by class; empty where none is known."""
        return ()

    def under(self, seed: int) -> "Task":
        """Return the task as it is loaded under a seed: itself, unless each seed has rows of its own."""
        return self

    @abstractmethod
    def load(self, rng: np.random.Generator) -> TaskData:
        """Return the splits of one seed; `rng` decides who is in which split."""


AnyTask = Annotated[SerializeAsAny[Task], *component_field(Task, "a task: its name, or a table with 'kind'")]
