"""From a run's answers to what is observed of it, and to its ground truth: two doors, and nothing goes through both.

The test set in distribution is cut in halves. Observables look at the inputs of the first half, and audited labels are
bought there; the truth is measured on the second. So no label serves on both sides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from w2sg.core import (
    AnyArray,
    CapabilityError,
    ClassProbabilities,
    Examples,
    FloatArray,
    InputError,
    Observables,
    Quantity,
    Student,
    TaskData,
    derive,
    one_hot,
)
from w2sg.lab import Setup
from w2sg.theory.observing.facts import facts_of, penalties_of
from w2sg.theory.observing.measuring import mean_of, observe, of_features
from w2sg.theory.observing.observed import AuditedLabels, FeatureSpace, KnownGroups, ObservedRun
from w2sg.theory.observing.retraining import Retraining
from w2sg.theory.observing.risks import losses

TEST, TRANSFER = "test", "transfer"
GROUP = "group"
"""The column of metadata that says which group an example belongs to."""


@dataclass(frozen=True, eq=False)
class RunAnswers:
    """A run's answers to each split: class probabilities `(n, k)` of the weak supervisor and of the student."""

    setup: Setup
    weak: Mapping[str, FloatArray]
    student: Mapping[str, FloatArray]


class TaskObserver:
    """A task's data under one seed, from which its runs are observed; refits and features are shared by them."""

    def __init__(self, data: TaskData, seed: int, *, shuffled: bool = False) -> None:
        """Take the data; `shuffled` deals the gold of the supervision split out anew, see `Observation`.

        Raises:
            CapabilityError: If the task asks for anything but class probabilities.
        """
        if data.question.signal is not ClassProbabilities:
            raise CapabilityError(
                f"theory speaks of class probabilities: this task asks for {data.question.signal.variant!r}"
            )
        self.data, self.seed, self.shuffled = data, seed, shuffled
        self._spaces: dict[str, FeatureSpace | str] = {}
        self._features: dict[tuple[str, str], dict[str, Quantity]] = {}

    @cached_property
    def _again(self) -> Retraining:
        return Retraining(self.data, self.seed, self._fresh, shuffled=self.shuffled)

    @cached_property
    def halves(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the test set that are seen, and those that are scored; examples that belong together stay so."""
        examples = self.data.tests[TEST]
        units = examples.metadata.get("together", examples.ids)
        names, unit = np.unique(units, return_inverse=True)
        first = derive(self.seed, "theory", "halves").permutation(len(names))[: len(names) // 2]
        seen = np.isin(unit, first)
        return np.flatnonzero(seen), np.flatnonzero(~seen)

    def observe(self, run: RunAnswers, audits: Sequence[AuditedLabels] = ()) -> dict[int, Observables]:
        """Return the observables of a run; what features say is found once for each weak supervisor and body."""
        seen, setup = self.seen(run), run.setup
        key = setup.supervisor.digest(), body_digest(setup.student)
        if key not in self._features:
            self._features[key] = of_features(seen)
        return observe(seen, audits, self._features[key])

    def seen(self, run: RunAnswers) -> ObservedRun:
        """Return what is seen of a run.

        Raises:
            InputError: If the test set is too small for two halves.
        """
        data, setup = self.data, run.setup
        rows, _ = self.halves
        if not len(rows):
            raise InputError(f"the test set has {len(data.tests[TEST])} examples: theory needs at least 2")
        parts = {
            "refits": self._again.refits(setup.supervisor),
            "weak_space": self._space(setup.supervisor.model),
            "student_space": self._space(setup.student),
            "student_held_out": self._again.student_held_out(setup),
            "validation": self._again.validation(setup),
            "strict": self._again.strict(setup),
            "groups": self._groups,
        }
        return ObservedRun(
            run=setup.digest(),
            setting="classification",
            weak=run.weak[TEST][rows],
            student=run.student[TEST][rows],
            weak_training=run.weak[TRANSFER],
            student_training=run.student[TRANSFER],
            n_supervision=setup.supervisor.labels_used(len(data.supervision)),
            facts=facts_of(setup, len(data.question.names)),
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
        data = self.data
        return AuditedLabels(
            drawn, one_hot(data.vault.buy(TEST, rows[drawn], asked_by="theory"), len(data.question.names))
        )

    def train_again(self, runs: Sequence[RunAnswers]) -> None:
        """Train what is needed to judge runs by labels of the supervision split; see `Retraining`."""
        self._again.train(runs)

    @property
    def _fresh(self) -> Examples:
        return self.data.tests[TEST].take(self.halves[0])

    @property
    def _groups(self) -> KnownGroups | str:
        labelled, fresh = (examples.metadata.get(GROUP) for examples in (self.data.supervision, self._fresh))
        if labelled is None or fresh is None:
            return f"the task has no column {GROUP!r}"
        return KnownGroups(labelled, fresh)

    def _space(self, student: Student[Any, Any] | None) -> FeatureSpace | str:
        if student is None:
            return "the supervisor is no model with features"
        key = body_digest(student)
        if key not in self._spaces:
            data = self.data
            sets = (data.supervision.inputs, data.transfer.inputs, self._fresh.inputs)
            try:
                self._spaces[key] = FeatureSpace(*(np.asarray(student.embed(data.corpus, inputs)) for inputs in sets))
            except CapabilityError as reason:
                self._spaces[key] = str(reason)
        return self._spaces[key]


def body_digest(student: Student[Any, Any]) -> str:
    """Return what two students share whose features before training are the same."""
    return (student.body or student).digest()


def truth_of_run(weak: AnyArray, student: AnyArray, ceiling: AnyArray, gold: AnyArray) -> dict[str, Quantity]:
    """Return what really happened on some inputs, by `target unit`: risks of the three, and their differences.

    Args:
        weak: The weak supervisor's class probabilities, `(n, k)`.
        student: The student's.
        ceiling: The ceiling's.
        gold: Class numbers, `(n,)`.
    """
    labels = one_hot(gold, weak.shape[1])
    risks = {
        who: losses(probabilities, labels, "classification")
        for who, probabilities in (("weak", weak), ("student", student), ("ceiling", ceiling))
    }
    values: dict[str, Quantity] = {}
    for unit in risks["weak"]:
        weak_risk, student_risk, ceiling_risk = (risks[who][unit] for who in ("weak", "student", "ceiling"))
        values |= {
            f"gain {unit}": mean_of(weak_risk - student_risk),
            f"shortfall {unit}": mean_of(student_risk - ceiling_risk),
            f"gap {unit}": mean_of(weak_risk - ceiling_risk),
            f"weak_risk {unit}": mean_of(weak_risk),
            f"student_risk {unit}": mean_of(student_risk),
        }
        # Where the gap may be 0 the ratio has no mean, and its error by the delta method would be wrong.
        gap = values[f"gap {unit}"]
        if gap.value > 2 * gap.se:
            values[f"pgr {unit}"] = _ratio(weak_risk - student_risk, weak_risk - ceiling_risk)
    return values


def _ratio(gain: FloatArray, gap: FloatArray) -> Quantity:
    """Return the ratio of two paired means with its standard error by the delta method."""
    ratio = float(gain.mean() / gap.mean())
    rows = (gain - ratio * gap) / gap.mean()
    return Quantity(ratio, float(rows.std(ddof=1) / np.sqrt(len(rows))), len(rows), "ratio of paired means")
