"""A kind of step as a plugin brings it: how a trained student's answers are spread over the true classes."""

from pathlib import Path
from typing import Literal

import numpy as np

from w2sg.core import Cell, DataTable, Document, Heading, Section, Task, register
from w2sg.graph import Artifact, Inputs, Listing, Result, Store
from w2sg.lab import OnData, TrainedStudent, answers_of


@register()
class Confusion(OnData):
    """Counts of test examples by true class and answered class."""

    kind: Literal["confusion"] = "confusion"
    student: TrainedStudent

    @property
    def on(self) -> Task:
        return self.student.labels.task

    def compute(self, inputs: Inputs) -> Artifact:
        gold = self.data.vault.release("score", "test", asked_by=self.kind)
        answered = answers_of(self.data, inputs["student"])["test"].named
        k = len(self.data.question.names)
        counts = np.bincount(k * gold + answered, minlength=k * k).reshape(k, k)
        return Artifact({"counts": counts}, {"names": list(self.data.question.names)})

    def listing(self, artifact: Artifact) -> Listing:
        counts = artifact.arrays["counts"]
        return Listing(self.student, {"right": float(np.trace(counts) / counts.sum()), "n_test": int(counts.sum())})


def confusion_document(store: Path, result: Result) -> Document:
    """Return the document of one confusion that the store has."""
    with Store(store) as opened:
        artifact = opened.get(result.key)
    assert artifact is not None
    names, counts = artifact.record["names"], artifact.arrays["counts"].tolist()
    columns = (Heading("class", "true class", style="text", key=True),)
    columns += tuple(Heading(name, f"answered {name}", style="count") for name in names)
    rows = tuple((Cell(name), *map(Cell, row)) for name, row in zip(names, counts, strict=True))
    table = DataTable("confusion", "True and answered classes", "Counts of test examples.", columns, rows)
    section = Section("confusion", table.title, tables=(table,))
    title = f"seed {result.seed}"
    return Document("confusion", "Confusion", title, "What was taken for what.", sections=(section,))
