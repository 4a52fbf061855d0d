"""What the steps of a run do: labels, students, ceilings, scores. Pure functions of data, configs and a seed.

The weak supervisor learns from the gold of the supervision split and labels everything else; a method sees only what it
labelled; the ceiling is the same student trained on the gold of the transfer split with plain cross-entropy.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from w2sg import measure
from w2sg.core import (
    AnyArray,
    AuditedView,
    BoolArray,
    CapabilityError,
    Examples,
    FloatArray,
    Inputs,
    IntArray,
    Method,
    Predictor,
    Release,
    Student,
    Task,
    TaskData,
    WeakSplit,
    WeakSupervisor,
    WeakView,
    check_soft_labels,
    derive,
    one_hot,
    registry,
    run_timed,
)

Arrays = dict[str, AnyArray]
TRANSFER, VALIDATION, MEMBERS = "transfer", "validation", "members."


@dataclass(frozen=True, eq=False)
class Made:
    """What a step made, with what it cost and the gold it was handed."""

    arrays: Arrays
    record: dict[str, Any]


class Bench:
    """One task under one seed, loaded when first needed."""

    plain: ClassVar[str] = "naive"
    """The method of the ceiling, with gold in the place of weak labels."""

    def __init__(self, task: Task, seed: int) -> None:
        self.task, self.seed = task, seed
        self._data: TaskData | None = None

    @property
    def data(self) -> TaskData:
        """The splits of this seed."""
        if self._data is None:
            self._data = self.task.load(derive(self.seed, "task"))
        return self._data

    def labels(self, supervisor: WeakSupervisor) -> Made:
        """Train the weak supervisor and return its soft labels `(n, k)` of every split but its own."""

        def work() -> Arrays:
            data, rng = self.data, derive(self.seed, "supervisor")
            gold = data.vault.release("supervision", "supervision")
            labeller = supervisor.fit(data.supervision, gold, data.corpus, len(data.classes), rng)
            labels: Arrays = {}
            for split, examples in data.labelled_by_supervisor().items():
                known = data.vault.release("simulate", split) if supervisor.simulates else None
                made = labeller.label(examples, known, derive(self.seed, "label", split))
                labels[split] = check_soft_labels(made, len(examples), len(data.classes))
                members = labeller.members(examples, known, derive(self.seed, "label", split))
                if members is not None:
                    labels[f"{MEMBERS}{split}"] = np.asarray(members, dtype=np.float32)
            return labels

        return self.timed(work)

    def students(
        self, student: Student, methods: Sequence[Method], labels: Sequence[Arrays], ceiling: bool
    ) -> list[Made]:
        """Train one student by several methods, each on its own weak labels, as one batch; the ceiling comes last.

        Returns:
            For each method, and for the ceiling if asked, class probabilities `(n, k)` of every split but supervision;
            for a method that these data do not fit no arrays, and the reason in the record under `refused`.
        """
        vault = self.data.vault
        released = [len(vault.record)]
        courses = []
        for method, made in zip(methods, labels, strict=True):
            courses.append(method.train(self._view(made, method.audits), student, derive(self.seed, "student")))
            released.append(len(vault.record))
        if ceiling:
            courses.append(_gold_course(student, self.data, self.seed))
            released.append(len(vault.record))
        results = []
        for index, (predictor, seconds) in enumerate(zip(*run_timed(courses), strict=True)):
            gold = [plain_handout(handout) for handout in vault.record[released[index] : released[index + 1]]]
            record: dict[str, Any] = {"seconds": seconds, "gold": gold}
            if isinstance(predictor, CapabilityError):
                results.append(Made({}, {**record, "refused": str(predictor)}))
            else:
                predictions = self._predictions(predictor)
                notes = {"notes": dict(predictor.notes)} if predictor.notes else {}
                results.append(Made(predictions, {**record, "steps": predictor.steps, **notes}))
        return results

    def score(self, labels: Arrays, student: Arrays, ceiling: Arrays) -> tuple[dict[str, Any], Arrays]:
        """Return the metrics of each test set, and per-example correctness of weak, student and ceiling."""
        metrics: dict[str, Any] = {}
        evidence: Arrays = {}
        for name, examples in self.data.tests.items():
            gold = self.data.vault.release("score", name)
            metrics[name], correct = _score_set(examples, gold, labels[name], student[name], ceiling[name])
            evidence.update(evidence_of(name, examples, correct))
        gold = self.data.vault.release("score", TRANSFER)
        weak = labels[TRANSFER].argmax(axis=1)
        metrics[TRANSFER] = {
            "n": len(gold),
            "weak_accuracy": measure.accuracy(weak, gold),
            "agreement": measure.agreement(student[TRANSFER].argmax(axis=1), weak),
        }
        return metrics, evidence

    def _view(self, labels: Mapping[str, FloatArray], audits: int) -> WeakView:
        def split(name: str, examples: Examples) -> WeakSplit:
            return WeakSplit(examples.inputs, labels[name], labels.get(f"{MEMBERS}{name}"))

        data = self.data
        validation = None if data.validation is None else split(VALIDATION, data.validation)
        transfer = split(TRANSFER, data.transfer)
        if not audits:
            return WeakView(transfer, validation, data.corpus)
        rows, gold = data.vault.audit(TRANSFER, audits, derive(self.seed, "audit"))
        return AuditedView(transfer, validation, data.corpus, rows, gold)

    def _predictions(self, predictor: Predictor) -> Arrays:
        def proba(inputs: Inputs) -> FloatArray:
            return check_soft_labels(
                predictor.predict_proba(inputs), len(inputs), len(self.data.classes), "predictions"
            )

        return {split: proba(examples.inputs) for split, examples in self.data.labelled_by_supervisor().items()}

    def timed(self, work: Callable[[], Arrays]) -> Made:
        """Return what work makes, with its time and the gold it was handed."""
        vault = self.data.vault
        started, released = time.perf_counter(), len(vault.record)
        arrays = work()
        handed = [plain_handout(handout) for handout in vault.record[released:]]
        return Made(arrays, {"seconds": time.perf_counter() - started, "gold": handed})


def _gold_course(student: Student, data: TaskData, seed: int) -> Any:
    """Return the course of the ceiling: plain training, on gold in the place of weak labels."""
    gold = one_hot(data.vault.release("ceiling", TRANSFER), len(data.classes))
    naive = registry.build("methods", Bench.plain)
    assert isinstance(naive, Method)
    view = WeakView(WeakSplit(data.transfer.inputs, gold), None, data.corpus)
    return naive.train(view, student, derive(seed, "student"))


def _score_set(
    examples: Examples, gold: IntArray, weak: FloatArray, student: FloatArray, ceiling: FloatArray
) -> tuple[dict[str, Any], dict[str, BoolArray]]:
    found: dict[str, Any] = {"n": len(gold)}
    correct: dict[str, BoolArray] = {}
    for who, proba in (("weak", weak), ("student", student), ("ceiling", ceiling)):
        named = proba.argmax(axis=1)
        correct[who] = np.asarray(named == gold)
        found[who] = {
            "accuracy": measure.accuracy(named, gold),
            "balanced_accuracy": measure.balanced_accuracy(named, gold),
            "auroc": measure.auroc(proba, gold),
            "ece": measure.expected_calibration_error(proba, gold),
        }
    weak_named, student_named = weak.argmax(axis=1), student.argmax(axis=1)
    found["agreement"] = measure.agreement(student_named, weak_named)
    found["errors_copied"] = measure.errors_copied(student_named, weak_named, gold)
    found["breakdown"] = breakdowns(examples, correct)
    return found, correct


def evidence_of(name: str, examples: Examples, correct: Mapping[str, BoolArray]) -> Arrays:
    """Return the per-example evidence of a test set: ids, groups if there are any, and who was right."""
    groups = {f"{name}.groups": examples.metadata["together"]} if "together" in examples.metadata else {}
    return {f"{name}.ids": examples.ids, **groups, **{f"{name}.{who}": hits for who, hits in correct.items()}}


def breakdowns(examples: Examples, correct: Mapping[str, BoolArray]) -> dict[str, Any]:
    """Return accuracy by group and by quarter of difficulty, where the examples say them."""
    columns: dict[str, AnyArray] = {}
    if "group" in examples.metadata:
        columns["group"] = examples.metadata["group"].astype(str)
    if "difficulty" in examples.metadata:
        columns["difficulty"] = measure.difficulty_bins(examples.metadata["difficulty"].astype(float))
    return {
        name: {
            who: {str(label): {"n": cell.n, "accuracy": cell.accuracy} for label, cell in cells.items()}
            for who, cells in ((who, measure.breakdown(hits, column)) for who, hits in correct.items())
        }
        for name, column in columns.items()
    }


def plain_handout(handout: Release) -> dict[str, Any]:
    """Return a hand-out of gold as plain data."""
    return {"purpose": handout.purpose, "split": handout.split, "n": handout.n}
