"""From a recorded run to what is observed of it, and to its ground truth: two doors, and nothing goes through both.

The test set in distribution is cut in halves. Observables look at the inputs of the first half, and audited labels are
bought there; the truth is measured on the second. So no label serves on both sides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from w2sg.core import (
    AnyTraining,
    CapabilityError,
    Examples,
    FloatArray,
    InformationTier,
    InputError,
    IntArray,
    Labeller,
    Method,
    Predictor,
    Supervision,
    TaskData,
    WeakSupervisor,
    derive,
    one_hot,
    run_timed,
)
from w2sg.theory.cases import Truth
from w2sg.theory.observables import Observables, Quantity
from w2sg.theory.observing.facts import AnyStudent, body_digest, facts_of, penalties_of
from w2sg.theory.observing.measuring import mean_of, observe, of_features
from w2sg.theory.observing.observed import AuditedLabels, FeatureSpace, ObservedRun, Refits
from w2sg.theory.observing.risks import losses

TEST, TRANSFER = "test", "transfer"
"""The splits that theory looks at."""
FOLDS = 5
ASKED_BY = "theory"
"""Who asks for gold here, as the ledger has it."""
BySplit = Mapping[str, FloatArray]
"""Class probabilities `(n, k)` by the name of the split."""


@dataclass(frozen=True)
class RunParts:
    """What learns in a run: runs of one task under one seed differ in these alone."""

    supervisor: WeakSupervisor
    student: AnyStudent
    method: Method


@dataclass(frozen=True, eq=False)
class RecordedRun:
    """A run as it was kept.

    Attributes:
        id: The run's id.
        parts: What learned in it.
        weak: The weak labels.
        student: What the student predicts.
        ceiling: What the ceiling predicts.
    """

    id: str
    parts: RunParts
    weak: BySplit
    student: BySplit
    ceiling: BySplit


class TaskObserver:
    """One task under one seed, from which its runs are observed; refits and features are shared by them."""

    def __init__(self, data: TaskData, seed: int) -> None:
        self.data = data
        self.seed = seed
        self._refits: dict[str, Refits | str] = {}
        self._spaces: dict[str, FeatureSpace | str] = {}
        self._labellers: dict[str, list[Labeller]] = {}
        self._held_out: dict[str, FloatArray | str] = {}
        self._features: dict[tuple[str, str], dict[str, Quantity]] = {}

    @cached_property
    def halves(self) -> tuple[IntArray, IntArray]:
        """Rows of the test set that are seen, and those that are scored; examples that belong together stay so."""
        examples = self.data.tests[TEST]
        names, unit = np.unique(examples.metadata.get("together", examples.ids), return_inverse=True)
        first = derive(self.seed, "theory", "halves").permutation(len(names))[: len(names) // 2]
        seen = np.isin(unit, first)
        return np.flatnonzero(seen), np.flatnonzero(~seen)

    def observe(self, run: RecordedRun, audits: Sequence[AuditedLabels] = ()) -> dict[int, Observables]:
        """Return the observables of a run; what features say is computed once for each supervisor and body."""
        observed = self.observed(run)
        key = run.parts.supervisor.digest(), body_digest(run.parts.student)
        if key not in self._features:
            self._features[key] = of_features(observed)
        return observe(observed, audits, self._features[key])

    def observed(self, run: RecordedRun) -> ObservedRun:
        """Return what is seen of a run.

        Raises:
            InputError: If the test set is too small for two halves.
        """
        learners, (rows, _) = run.parts, self.halves
        if not len(rows):
            raise InputError(f"the test set has {len(self.data.tests[TEST])} examples: theory needs at least 2")
        parts = {
            "refits": self._refit(learners),
            "weak_space": self._space(learners.supervisor.model),
            "student_space": self._space(learners.student),
            "student_held_out": self._held_out.get(run.id, "students were not trained again"),
        }
        return ObservedRun(
            run=run.id,
            setting="classification",
            weak=run.weak[TEST][rows],
            student=run.student[TEST][rows],
            weak_training=run.weak[TRANSFER],
            student_training=run.student[TRANSFER],
            n_supervision=learners.supervisor.labels_used(len(self.data.supervision)),
            facts=facts_of(learners.supervisor, learners.student, learners.method, self._n_classes),
            known=penalties_of(learners.supervisor, learners.student),
            why_not={name: part for name, part in parts.items() if isinstance(part, str)},
            **{name: part for name, part in parts.items() if not isinstance(part, str)},  # type: ignore[arg-type]
        )

    def audit(self, labels: int) -> AuditedLabels:
        """Buy labels of the seen half, drawn at random; a larger audit holds the smaller ones.

        Raises:
            InputError: If the half has fewer examples.
        """
        rows, _ = self.halves
        if labels > len(rows):
            raise InputError(f"an audit takes at most the {len(rows)} examples of the seen half, got {labels}")
        drawn = derive(self.seed, "theory", "audit").permutation(len(rows))[:labels]
        return AuditedLabels(drawn, one_hot(self.data.vault.buy(TEST, rows[drawn], asked_by=ASKED_BY), self._n_classes))

    def train_again(self, runs: Mapping[str, RunParts]) -> None:
        """Train the students of runs again, on the labels of each refit of their supervisors.

        What is then known of a student is how it does on the supervision labels that its supervisor did not see. All
        students train in step, as in a study: which runs are trained together moves the last bits of what they say.

        Args:
            runs: What learned in each run, by the run's id.
        """
        data, held_out = self.data, {}
        for run, parts in runs.items():
            refused = self._refused(parts)
            if refused is None:
                held_out[run] = np.zeros((len(data.supervision), self._n_classes))
            else:
                self._held_out[run] = refused
        for index in range(FOLDS):
            out = self.fold == index
            inputs = data.supervision.take(np.flatnonzero(out)).inputs
            courses = [self._course(runs[run], index) for run in held_out]
            for run, predictor in zip(held_out, run_timed(courses)[0], strict=True):
                if isinstance(predictor, CapabilityError):
                    self._held_out[run] = str(predictor)
                else:
                    held_out[run][out] = predictor.predict_proba(inputs)
        self._held_out |= {run: predicted for run, predicted in held_out.items() if run not in self._held_out}

    def truth(self, run: RecordedRun) -> Truth:
        """Open the ground truth of the scored half: risks of weak, student and ceiling, and their differences."""
        _, rows = self.halves
        gold = one_hot(self.data.vault.release("score", TEST, asked_by=ASKED_BY)[rows], self._n_classes)
        weak, student, ceiling = (
            losses(predicted[TEST][rows], gold, "classification") for predicted in (run.weak, run.student, run.ceiling)
        )
        values: dict[str, Quantity] = {}
        for unit in weak:
            gain, gap = weak[unit] - student[unit], weak[unit] - ceiling[unit]
            values |= {
                f"gain {unit}": mean_of(gain),
                f"shortfall {unit}": mean_of(student[unit] - ceiling[unit]),
                f"gap {unit}": mean_of(gap),
                f"weak_risk {unit}": mean_of(weak[unit]),
                f"student_risk {unit}": mean_of(student[unit]),
            }
            # Where the gap may be 0 the ratio has no mean, and its error by the delta method would be wrong.
            if values[f"gap {unit}"].value > 2 * values[f"gap {unit}"].se:
                values[f"pgr {unit}"] = _ratio(gain, gap)
        return Truth(run.id, values)

    @cached_property
    def fold(self) -> IntArray:
        """The fold of each supervision example; examples that belong together are in one."""
        supervision = self.data.supervision
        _, unit = np.unique(supervision.metadata.get("together", np.arange(len(supervision))), return_inverse=True)
        folds = derive(self.seed, "theory", "folds").permutation(unit.max(initial=0) + 1) % FOLDS
        return np.asarray(folds[unit])

    @property
    def _n_classes(self) -> int:
        return len(self.data.question.names)

    def _refused(self, parts: RunParts) -> str | None:
        """Return why the student of a run is not trained again, or None."""
        refits = self._refit(parts)
        if isinstance(refits, str):
            return refits
        if parts.method.audits:
            return "the method buys labels"
        if parts.method.tier is not InformationTier.WEAK_LABELS:
            return "the method knows labels that a refit's supervisor must not have seen"
        return "the student is too costly to train again" if parts.student.alone else None

    def _course(self, parts: RunParts, index: int) -> AnyTraining[Predictor]:
        """Return the training of a run's student on the labels of a refit of its supervisor."""
        data, labeller = self.data, self._labellers[parts.supervisor.digest()][index]
        rng = derive(self.seed, "theory", "student", str(index))
        splits = {TRANSFER: data.transfer} | ({} if data.validation is None else {"validation": data.validation})
        weak = {name: labeller.label(examples, None, rng) for name, examples in splits.items()}
        return parts.method.train(data.view(weak), parts.student, rng)

    def _refit(self, parts: RunParts) -> Refits | str:
        """Return the refits of a run's supervisor, or why there are none; each supervisor is trained again once."""
        key = parts.supervisor.digest()
        if key not in self._refits:
            self._refits[key] = self._refits_of(parts)
        return self._refits[key]

    def _refits_of(self, parts: RunParts) -> Refits | str:
        data, model = self.data, parts.supervisor.model
        if parts.supervisor.simulates:
            return "the supervisor is simulated"
        if model is not None and model.alone:
            return "the supervisor is too costly to train again"
        n, k = len(data.supervision), self._n_classes
        if n < 2 * FOLDS:
            return f"the supervisor has {n} labels, {2 * FOLDS} are needed"
        gold = data.vault.release("supervision", "supervision", asked_by=ASKED_BY)
        supervision = Supervision(data.supervision, gold, data.question, data.corpus)
        # A supervisor that uses some of the labels uses as many of what the largest fold leaves over, so that refits
        # differ from it, and from each other, in which labels they saw and as little as can be in how many.
        size = n - int(np.bincount(self.fold, minlength=FOLDS).max())
        count = min(parts.supervisor.labels_used(n), size)
        supervisor = parts.supervisor.with_labels(count)
        held_out, fresh, labellers = np.zeros((n, k)), [], []
        for index in range(FOLDS):
            rest, out = np.flatnonzero(self.fold != index), np.flatnonzero(self.fold == index)
            rng = derive(self.seed, "theory", "refit", str(index))
            labeller = supervisor.fit(supervision.take(rest), rng)
            held_out[out] = labeller.label(data.supervision.take(out), None, rng).probabilities
            fresh.append(labeller.label(self._fresh, None, rng).probabilities)
            labellers.append(labeller)
        self._labellers[parts.supervisor.digest()] = labellers
        # Two refits without different folds share all but two folds, of the all but one that each has.
        overlap = (FOLDS - 2) / (FOLDS - 1) * count / size
        return Refits(held_out, one_hot(gold, k).astype(np.float64), np.stack(fresh), count, overlap)

    @property
    def _fresh(self) -> Examples:
        return self.data.tests[TEST].take(self.halves[0])

    def _space(self, student: AnyStudent | None) -> FeatureSpace | str:
        if student is None:
            return "the supervisor is no model with features"
        key = body_digest(student)
        if key not in self._spaces:
            sets = (self.data.supervision.inputs, self.data.transfer.inputs, self._fresh.inputs)
            try:
                features = [np.asarray(student.embed(self.data.corpus, inputs)) for inputs in sets]
                self._spaces[key] = FeatureSpace(*features)
            except CapabilityError as reason:
                self._spaces[key] = str(reason)
        return self._spaces[key]


def _ratio(gain: FloatArray, gap: FloatArray) -> Quantity:
    """Return the ratio of two paired means with its standard error by the delta method."""
    ratio = float(gain.mean() / gap.mean())
    rows = (gain - ratio * gap) / gap.mean()
    return Quantity(ratio, float(rows.std(ddof=1) / np.sqrt(len(rows))), len(rows), "ratio of paired means")
