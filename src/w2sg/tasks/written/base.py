"""What every task of written answers is: prompts with gold texts, and a rule for which answers are right."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np

from w2sg.core import AnyArray, Scorer, Signal, Texts, WrittenAnswers, as_texts
from w2sg.tasks.splits import SplitTask
from w2sg.tasks.table import Table

RECORDED = "written."
"""What the names of metadata columns with recorded texts begin with; the name of who wrote them follows."""


class WrittenTask(SplitTask):
    """Prompts whose answers are texts."""

    signal: ClassVar[type[Signal]] = Texts

    @property
    @abstractmethod
    def scored_by(self) -> Scorer:
        """When an answer is right: `exact` or `number`."""

    @final
    def question(self, table: Table) -> WrittenAnswers:
        """Return what is asked of each prompt: its answer, in writing."""
        return WrittenAnswers(self.scored_by)

    @property
    def default_supervisor(self) -> str:
        """A writer trained on the supervision split."""
        return "trained-writer"

    @property
    def default_student(self) -> str:
        """A writer."""
        return "writer"

    @property
    def default_method(self) -> str:
        """Plain training on weak answers."""
        return "written-naive"

    @final
    def as_table(
        self,
        prompts: list[str],
        gold: list[str],
        source: str,
        columns: Mapping[str, AnyArray],
        split: AnyArray | None = None,
    ) -> Table:
        """Return the table of prompts and their gold answers: each different text stands as a class of its own."""
        # Tables and splits know gold as class numbers; every different text is a class here, and becomes the text again
        # where the task is put together.
        texts, numbers = np.unique(np.array(gold, dtype=object), return_inverse=True)
        return Table.of(as_texts(prompts), numbers, tuple(texts.tolist()), source, columns=columns, split=split)
