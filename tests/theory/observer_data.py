"""Runs on wines as the laboratory would keep them, for tests of what is observed."""

from collections.abc import Mapping
from typing import Any

from w2sg.core import FloatArray, Supervision, Task, TaskData, Trained, derive, registry
from w2sg.lab import Setup
from w2sg.theory.observing.runs import RunAnswers

FEW: Mapping[str, object] = {"kind": "fewer-labels", "labels": 20}


def tried(supervisor: object = FEW, student: object = "ridge", method: object = "naive") -> Setup:
    return Setup.parse({"task": "wine", "supervisor": supervisor, "student": student, "method": method})


def wine() -> TaskData:
    """Return the wines, loaded anew."""
    return registry.build(Task, "wine").load(derive(0, "task"))


def recorded(data: TaskData, setup: Setup) -> RunAnswers:
    """Return a run as the laboratory would keep it."""
    gold = data.vault.release("supervision", "supervision")
    rng = data.vault.generator(0, "supervisor")
    supervision = Supervision(data.supervision, gold, data.question, data.corpus)
    simulates = setup.supervisor.simulates
    labeller = setup.supervisor.fit(supervision, rng)
    weak = {
        split: labeller.label(examples, data.vault.release("simulate", split) if simulates else None, rng)
        for split, examples in data.labelled_by_supervisor().items()
    }
    student = setup.method.fit(data.view(weak), setup.student, derive(0, "student"))
    inputs = {"transfer": data.transfer.inputs, "test": data.tests["test"].inputs}

    def predicted(trained: Trained[Any]) -> Mapping[str, FloatArray]:
        return {split: trained.answer(rows).probabilities for split, rows in inputs.items()}

    given = {split: signal.probabilities for split, signal in weak.items()}
    return RunAnswers(setup, given, predicted(student))
