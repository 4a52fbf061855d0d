"""From a stored run to what was seen of it, and to its ground truth: two doors, and nothing goes through both.

The test set in distribution is cut in halves. Observables look at the inputs of the first half, and audited labels are
bought there; the truth is measured on the second. So no label serves on both sides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from w2sg.core import (
    CapabilityError,
    Component,
    Examples,
    FloatArray,
    InputError,
    Labeller,
    Student,
    Training,
    WeakSplit,
    WeakView,
    derive,
    one_hot,
    run_timed,
)
from w2sg.lab import Setup
from w2sg.lab.plan import Job
from w2sg.lab.protocol import TRANSFER, Arrays, Bench
from w2sg.supervisors import Trained
from w2sg.theory.cases import Truth
from w2sg.theory.observables import Observables, Quantity
from w2sg.theory.observing.facts import facts_of, penalties_of
from w2sg.theory.observing.measuring import mean_of, observe, of_features
from w2sg.theory.observing.observed import AuditedLabels, FeatureSpace, ObservedRun, Refits
from w2sg.theory.observing.risks import losses

TEST = "test"
FOLDS = 5


@dataclass(frozen=True, eq=False)
class Stored:
    """A run's stored arrays by split: soft labels of the supervisor, predictions of student and ceiling."""

    job: Job
    labels: Arrays
    student: Arrays
    ceiling: Arrays


class TaskObserver:
    """One task under one seed, from which its runs are observed; refits and features are shared by them."""

    def __init__(self, setup: Setup, seed: int) -> None:
        self.bench = Bench(setup.task, seed)
        self.seed = seed
        self._refits: dict[str, Refits | str] = {}
        self._spaces: dict[str, FeatureSpace | str] = {}
        self._labellers: dict[str, list[Labeller]] = {}
        self._students: dict[str, FloatArray | str] = {}
        self._features: dict[tuple[str, str], dict[str, Quantity]] = {}

    @cached_property
    def halves(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the test set that are seen, and those that are scored; examples that belong together stay so."""
        examples = self.bench.data.tests[TEST]
        units = examples.metadata.get("together", examples.ids)
        names, unit = np.unique(units, return_inverse=True)
        first = derive(self.seed, "theory", "halves").permutation(len(names))[: len(names) // 2]
        seen = np.isin(unit, first)
        return np.flatnonzero(seen), np.flatnonzero(~seen)

    def observe(self, stored: Stored, audits: Sequence[AuditedLabels] = ()) -> dict[int, Observables]:
        """Return the observables of a run; what features say is found once for each supervisor and body."""
        seen, setup = self.seen(stored), stored.job.setup
        key = setup.supervisor.digest(), body_digest(setup.student)
        if key not in self._features:
            self._features[key] = of_features(seen)
        return observe(seen, audits, self._features[key])

    def seen(self, stored: Stored) -> ObservedRun:
        """Return what is seen of a run.

        Raises:
            InputError: If the test set is too small for two halves.
        """
        data, setup = self.bench.data, stored.job.setup
        rows, _ = self.halves
        if not len(rows):
            raise InputError(f"the test set has {len(data.tests[TEST])} examples: theory needs at least 2")
        parts = {
            "refits": self._refit(setup),
            "weak_space": self._space(body_of(setup)),
            "student_space": self._space(setup.student),
            "student_held_out": self._students.get(stored.job.run, "students were not trained again"),
        }
        return ObservedRun(
            run=stored.job.run,
            setting="classification",
            weak=stored.labels[TEST][rows],
            student=stored.student[TEST][rows],
            weak_training=stored.labels[TRANSFER],
            student_training=stored.student[TRANSFER],
            n_supervision=label_count(setup, len(data.supervision)),
            facts=facts_of(setup, len(data.classes)),
            known=penalties_of(setup),
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
        data = self.bench.data
        return AuditedLabels(drawn, one_hot(data.vault.buy(TEST, rows[drawn]), len(data.classes)))

    def train_again(self, jobs: Sequence[Job]) -> None:
        """Train the students of runs again, on the labels of each refit of their supervisors.

        What is then known of a student is how it does on the supervision labels that its supervisor did not see. All
        students train in step, as in a study.
        """
        for job in jobs:
            self._refit(job.setup)
        todo = [job for job in jobs if self._unfit(job) is None]
        self._students |= {job.run: why for job in jobs if (why := self._unfit(job)) is not None}
        data = self.bench.data
        made = {job.run: np.zeros((len(data.supervision), len(data.classes))) for job in todo}
        for index in range(FOLDS):
            out = data.supervision.take(np.flatnonzero(self.fold == index))
            courses = [self._course(job, index) for job in todo]
            for job, predictor in zip(todo, run_timed(courses)[0], strict=True):
                if isinstance(predictor, CapabilityError):
                    self._students[job.run] = str(predictor)
                else:
                    made[job.run][self.fold == index] = predictor.predict_proba(out.inputs)
        self._students |= {run: found for run, found in made.items() if run not in self._students}

    def _unfit(self, job: Job) -> str | None:
        """Return why the student of a run is not trained again, or None."""
        refits = self._refit(job.setup)
        if isinstance(refits, str):
            return refits
        if job.setup.method.audits:
            return "the method buys labels"
        return "the student is too costly to train again" if job.setup.student.alone else None

    def _course(self, job: Job, index: int) -> Training:
        """Return the training of a run's student on the labels of a refit of its supervisor."""
        data, labeller = self.bench.data, self._labellers[job.setup.supervisor.digest()][index]
        rng = derive(self.seed, "theory", "student", str(index))

        def split(examples: Examples) -> WeakSplit:
            members = labeller.members(examples, None, rng)
            return WeakSplit(examples.inputs, labeller.label(examples, None, rng), members)

        validation = None if data.validation is None else split(data.validation)
        view = WeakView(split(data.transfer), validation, data.corpus)
        return job.setup.method.train(view, job.setup.student, rng)

    def truth(self, stored: Stored) -> Truth:
        """Open the ground truth of the scored half: risks of weak, student and ceiling, and their differences."""
        data = self.bench.data
        _, rows = self.halves
        gold = one_hot(data.vault.release("score", TEST)[rows], len(data.classes))
        risks = {
            who: losses(arrays[TEST][rows], gold, "classification")
            for who, arrays in (("weak", stored.labels), ("student", stored.student), ("ceiling", stored.ceiling))
        }
        values: dict[str, Quantity] = {}
        for unit in risks["weak"]:
            weak, student, ceiling = (risks[who][unit] for who in ("weak", "student", "ceiling"))
            values |= {
                f"gain {unit}": mean_of(weak - student),
                f"shortfall {unit}": mean_of(student - ceiling),
                f"gap {unit}": mean_of(weak - ceiling),
                f"weak_risk {unit}": mean_of(weak),
                f"student_risk {unit}": mean_of(student),
            }
            gap = values[f"gap {unit}"]
            if gap.value > 2 * gap.se:
                values[f"pgr {unit}"] = _ratio(weak - student, weak - ceiling)
        return Truth(stored.job.run, values)

    def _refit(self, setup: Setup) -> Refits | str:
        key = setup.supervisor.digest()
        if key not in self._refits:
            self._refits[key] = self._refits_of(setup)
        return self._refits[key]

    @cached_property
    def fold(self) -> np.ndarray:
        """The fold of each supervision example; examples that belong together are in one."""
        supervision = self.bench.data.supervision
        _, unit = np.unique(supervision.metadata.get("together", np.arange(len(supervision))), return_inverse=True)
        folds = derive(self.seed, "theory", "folds").permutation(unit.max(initial=0) + 1) % FOLDS
        return np.asarray(folds[unit])

    def _refits_of(self, setup: Setup) -> Refits | str:
        supervisor, data = setup.supervisor, self.bench.data
        body = body_of(setup)
        if supervisor.simulates:
            return "the supervisor is simulated"
        if body is not None and body.alone:
            return "the supervisor is too costly to train again"
        n, k = len(data.supervision), len(data.classes)
        if n < 2 * FOLDS:
            return f"the supervisor has {n} labels, {2 * FOLDS} are needed"
        gold = data.vault.release("supervision", "supervision")
        size = n - int(np.bincount(self.fold, minlength=FOLDS).max())
        count = min(label_count(setup, n), size)
        if isinstance(supervisor, Trained) and supervisor.labels is not None:
            supervisor = supervisor.model_copy(update={"labels": count})
        held_out, fresh = np.zeros((n, k)), []
        for index in range(FOLDS):
            rest, out = np.flatnonzero(self.fold != index), np.flatnonzero(self.fold == index)
            rng = derive(self.seed, "theory", "refit", str(index))
            labeller = supervisor.fit(data.supervision.take(rest), gold[rest], data.corpus, k, rng)
            held_out[out] = labeller.label(data.supervision.take(out), None, rng)
            fresh.append(labeller.label(self._fresh, None, rng))
            self._labellers.setdefault(setup.supervisor.digest(), []).append(labeller)
        overlap = (FOLDS - 2) / (FOLDS - 1) * count / size
        return Refits(held_out, one_hot(gold, k).astype(np.float64), np.stack(fresh), count, overlap)

    @property
    def _fresh(self) -> Examples:
        return self.bench.data.tests[TEST].take(self.halves[0])

    def _space(self, student: Student | None) -> FeatureSpace | str:
        if student is None:
            return "the supervisor is no model with features"
        key = body_digest(student)
        if key not in self._spaces:
            data = self.bench.data
            sets = (data.supervision.inputs, data.transfer.inputs, self._fresh.inputs)
            try:
                self._spaces[key] = FeatureSpace(*(np.asarray(student.embed(data.corpus, one)) for one in sets))
            except CapabilityError as reason:
                self._spaces[key] = str(reason)
        return self._spaces[key]


def body_of(setup: Setup) -> Student | None:
    """Return the model inside of a supervisor, if it is one."""
    inner = getattr(setup.supervisor, "student", None)
    return inner if isinstance(inner, Student) else None


def body_digest(student: Student) -> str:
    """Return what two students share whose features before training are the same."""
    features = getattr(student, "features", None)
    return (features if isinstance(features, Component) else student).digest()


def label_count(setup: Setup, available: int) -> int:
    """Return how many labels trained the supervisor."""
    labels = getattr(setup.supervisor, "labels", None)
    return min(labels, available) if isinstance(labels, int) else available


def _ratio(gain: FloatArray, gap: FloatArray) -> Quantity:
    """Return the ratio of two paired means with its standard error by the delta method."""
    ratio = float(gain.mean() / gap.mean())
    rows = (gain - ratio * gap) / gap.mean()
    return Quantity(ratio, float(rows.std(ddof=1) / np.sqrt(len(rows))), len(rows), "ratio of paired means")
