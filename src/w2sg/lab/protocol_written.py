"""The steps of a run whose answers are written: the same as in `protocol.py`, with texts for class probabilities.

Between steps texts are bytes and offsets, so that the store keeps plain numbers.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from w2sg import measure
from w2sg.core import (
    AnyArray,
    BoolArray,
    CapabilityError,
    Examples,
    Method,
    Scorer,
    Student,
    WeakSupervisor,
    WritingMethod,
    WritingPredictor,
    WritingStudent,
    WritingSupervisor,
    WrittenSplit,
    WrittenView,
    check_texts,
    derive,
    registry,
)
from w2sg.lab.protocol import (
    TRANSFER,
    VALIDATION,
    Arrays,
    Bench,
    Made,
    breakdowns,
    evidence_of,
    plain_handout,
)
from w2sg.lab.texts import packed, unpacked

SAMPLES = "samples."


class WrittenBench(Bench):
    """One task of written answers under one seed."""

    plain: ClassVar[str] = "written-naive"

    def labels(self, supervisor: WeakSupervisor) -> Made:
        """Train the weak supervisor and return what it writes for every split but its own."""
        assert isinstance(supervisor, WritingSupervisor)

        def work() -> Arrays:
            data = self.data
            gold = data.vault.release("supervision", "supervision")
            labeller = supervisor.fit_texts(data.supervision, gold, derive(self.seed, "supervisor"))
            texts: dict[str, AnyArray] = {}
            for split, examples in data.labelled_by_supervisor().items():
                wrote = labeller.label(examples, derive(self.seed, "label", split))
                texts[split] = check_texts(wrote.answers, (len(examples),), "weak answers")
                if wrote.samples is not None:
                    texts[f"{SAMPLES}{split}"] = wrote.samples
            return packed(texts)

        return self.timed(work)

    def students(
        self, student: Student, methods: Sequence[Method], labels: Sequence[Arrays], ceiling: bool
    ) -> list[Made]:
        """Train a writer by each method on its weak answers; the ceiling, on gold answers, comes last.

        Returns:
            For each what it writes for every split but supervision; for a method that these data do not fit no arrays,
            and the reason in the record under `refused`.
        """
        assert isinstance(student, WritingStudent)
        made = [
            self._taught(student, method, unpacked(weak), gold=False)
            for method, weak in zip(methods, labels, strict=True)
        ]
        if ceiling:
            made.append(self._taught(student, registry.build("methods", self.plain), {}, gold=True))
        return made

    def score(self, labels: Arrays, student: Arrays, ceiling: Arrays) -> tuple[dict[str, Any], Arrays]:
        """Return the metrics of each test set, and per-example correctness of weak, student and ceiling.

        What needs probabilities (AUROC, calibration) is absent.
        """
        weak, taught, best = unpacked(labels), unpacked(student), unpacked(ceiling)
        metrics: dict[str, Any] = {}
        evidence: Arrays = {}
        for name, examples in self.data.tests.items():
            gold = self.data.vault.release("score", name)
            answers = {"weak": weak[name], "student": taught[name], "ceiling": best[name]}
            metrics[name], correct = self._score_set(examples, gold, answers)
            evidence.update(evidence_of(name, examples, correct))
        gold = self.data.vault.release("score", TRANSFER)
        metrics[TRANSFER] = {
            "n": len(gold),
            "weak_accuracy": float(self._right(weak[TRANSFER], gold).mean()),
            "agreement": float(self._same(taught[TRANSFER], weak[TRANSFER]).mean()),
        }
        return metrics, evidence

    def _taught(self, student: WritingStudent, method: Any, weak: Mapping[str, AnyArray], gold: bool) -> Made:
        """Train by one method, on gold if it is the ceiling, and let the writer write."""
        assert isinstance(method, WritingMethod)
        vault, released = self.data.vault, len(self.data.vault.record)
        view = self._gold_view() if gold else self._view_of(weak)
        handed = [plain_handout(handout) for handout in vault.record[released:]]
        started = time.perf_counter()
        try:
            writer = method.learn(view, student, derive(self.seed, "student"))
        except CapabilityError as refusal:
            return Made({}, {"seconds": time.perf_counter() - started, "gold": handed, "refused": str(refusal)})
        record: dict[str, Any] = {"seconds": time.perf_counter() - started, "gold": handed, "steps": writer.steps}
        arrays, cut = self._written(writer)
        return Made(arrays, {**record, "notes": {**writer.notes, "cut_answers": cut}})

    def _view_of(self, weak: Mapping[str, AnyArray]) -> WrittenView:
        def split(name: str, examples: Examples) -> WrittenSplit:
            return WrittenSplit(examples.inputs, weak[name], weak.get(f"{SAMPLES}{name}"))

        data = self.data
        held = None if data.validation is None else split(VALIDATION, data.validation)
        return WrittenView(split(TRANSFER, data.transfer), held, data.corpus, self._scorer)

    def _gold_view(self) -> WrittenView:
        data = self.data
        gold = data.vault.release("ceiling", TRANSFER)
        return WrittenView(WrittenSplit(data.transfer.inputs, gold), None, data.corpus, self._scorer)

    def _written(self, writer: WritingPredictor) -> tuple[Arrays, int]:
        """Return what a writer writes for every split but supervision, and how many answers had no end."""
        texts: dict[str, AnyArray] = {}
        cut = 0
        for split, examples in self.data.labelled_by_supervisor().items():
            wrote = writer.write([str(text) for text in examples.inputs.values])
            texts[split] = check_texts(wrote.texts, (len(examples), 1), "answers")[:, 0]
            cut += int((~wrote.ended).sum())
        return packed(texts), cut

    def _score_set(
        self, examples: Examples, gold: AnyArray, answers: Mapping[str, AnyArray]
    ) -> tuple[dict[str, Any], dict[str, BoolArray]]:
        correct = {who: self._right(texts, gold) for who, texts in answers.items()}
        copied = self._same(answers["student"], answers["weak"])
        wrong = ~correct["weak"]
        found: dict[str, Any] = {who: {"accuracy": float(hits.mean())} for who, hits in correct.items()}
        found |= {
            "n": len(gold),
            "agreement": float(copied.mean()),
            "errors_copied": float(copied[wrong].mean()) if wrong.any() else None,
            "breakdown": breakdowns(examples, correct),
        }
        return found, correct

    @property
    def _scorer(self) -> Scorer:
        assert self.data.scorer is not None
        return self.data.scorer

    def _right(self, answers: AnyArray, gold: AnyArray) -> BoolArray:
        return np.asarray(measure.SCORERS[self._scorer](answers, gold))

    def _same(self, one: AnyArray, other: AnyArray) -> BoolArray:
        return np.asarray(measure.same_answer(one, other, measure.KEYS[self._scorer]))
