"""Observing runs of a task: facts are what components declare, and nothing depends on the truth that is scored."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pytest

from w2sg.core import (
    FloatArray,
    Inputs,
    Method,
    Predictor,
    Student,
    Supervision,
    Task,
    TaskData,
    Trained,
    WeakSupervisor,
    derive,
    registry,
)
from w2sg.theory import Theory
from w2sg.theory.answering import theories
from w2sg.theory.observables import Observables
from w2sg.theory.observing.facts import UNKNOWN, body_digest, facts_of, penalties_of
from w2sg.theory.observing.runs import RecordedRun, RunParts, TaskObserver


class Mute(Student):
    """A student of a plugin: it learns as another one does, and declares nothing of itself."""

    kind: Literal["mute"] = "mute"

    def fit_many(self, fits: Sequence[Any]) -> list[Predictor]:
        inner = registry.build(Student, {"kind": "ridge", "penalty": 0.0})
        return [Copy(trained) for trained in inner.fit_many(fits)]

    def embed(self, corpus: Inputs, inputs: Inputs) -> FloatArray:
        return registry.build(Student, "ridge").embed(corpus, inputs)


class Copy(Predictor):
    """What another student predicts."""

    def __init__(self, inner: Trained[Any]) -> None:
        self.inner = inner

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        return self.inner.answer(inputs).probabilities


FEW: Mapping[str, object] = {"kind": "fewer-labels", "labels": 20}


def parts(supervisor: object = FEW, student: object = "ridge", method: object = "naive") -> RunParts:
    return RunParts(
        registry.build(WeakSupervisor, supervisor),  # type: ignore[arg-type]
        student if isinstance(student, Student) else registry.build(Student, student),  # type: ignore[arg-type]
        registry.build(Method, method),  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def data() -> TaskData:
    return registry.build(Task, "wine").load(derive(0, "task"))


def recorded(data: TaskData, learners: RunParts, name: str = "run") -> RecordedRun:
    """Return a run as the laboratory would keep it."""
    gold = data.vault.release("supervision", "supervision")
    rng = derive(0, "supervisor")
    supervision = Supervision(data.supervision, gold, data.question, data.corpus)
    simulates = learners.supervisor.simulates
    labeller = learners.supervisor.fit(supervision, rng)
    weak = {
        split: labeller.label(examples, data.vault.release("simulate", split) if simulates else None, rng)
        for split, examples in data.labelled_by_supervisor().items()
    }
    student = learners.method.fit(data.view(weak), learners.student, derive(0, "student"))
    ceiling = registry.build(Method, "naive").fit(data.gold_view(), learners.student, derive(0, "ceiling"))
    inputs = {"transfer": data.transfer.inputs, "test": data.tests["test"].inputs}

    def predicted(trained: Trained[Any]) -> Mapping[str, FloatArray]:
        return {split: trained.answer(rows).probabilities for split, rows in inputs.items()}

    given = {split: signal.probabilities for split, signal in weak.items()}
    return RecordedRun(name, learners, given, predicted(student), predicted(ceiling))


def observed(data: TaskData, learners: RunParts) -> Observables:
    observer = TaskObserver(data, 0)
    observer.train_again({"run": learners})
    return observer.observe(recorded(data, learners))[0]


def test_facts_are_what_components_declare() -> None:
    fewer = registry.build(WeakSupervisor, "fewer-labels")
    plain = registry.build(Student, {"kind": "ridge", "penalty": 0.0})
    ridge = registry.build(Student, {"kind": "ridge", "penalty": 0.5})
    early = registry.build(Method, "early-stopping")
    assert facts_of(fewer, plain, registry.build(Method, "naive"), 3) == {
        "student_class": "linear-least-squares",
        "supervisor_class": "logit-linear",
        "features": "frozen",
        "classes": "3",
        "loss": "squared",
        "stopping": "none",
        "labels": "soft",
    }
    assert facts_of(fewer, registry.build(Student, "mlp"), early, 2)["features"] == "trained"
    assert facts_of(fewer, registry.build(Student, "linear"), early, 2)["stopping"] == "early"
    assert penalties_of(fewer, ridge) == {"ridge_strong": 0.5}
    assert body_digest(ridge) == body_digest(plain)
    assert body_digest(ridge) != body_digest(registry.build(Student, "pca"))


def test_nothing_is_known_of_a_student_that_declares_nothing() -> None:
    facts = facts_of(parts().supervisor, Mute(), Silent(), 2)
    assert {name: facts[name] for name in ("student_class", "features", "loss", "stopping", "labels")} == dict.fromkeys(
        ("student_class", "features", "loss", "stopping", "labels"), UNKNOWN
    )
    assert body_digest(Mute()) == Mute().digest()


class Silent(Method):
    """A method of a plugin that declares nothing."""

    kind: Literal["silent"] = "silent"

    def train(self, view: Any, student: Any, rng: np.random.Generator) -> Any:
        return registry.build(Method, "naive").train(view, student, rng)


def test_no_hypothesis_on_a_student_holds_for_one_that_declares_nothing(data: TaskData) -> None:
    """The same functions, once declared and once not: what rested on the declaration is then untestable."""
    known = observed(data, parts(student={"kind": "ridge", "penalty": 0.0}))
    unknown = observed(data, RunParts(parts().supervisor, Mute(), Silent()))
    decided = 0
    for theory in theories():
        before, after = standings(theory, known), standings(theory, unknown)
        for hypothesis, status in before.items():
            if hypothesis in DECLARED:
                decided += status == "holds"
                assert after[hypothesis] == "untestable", (theory.name, hypothesis)
    assert decided >= 10


DECLARED = (
    "student is least squares",
    "student is ridge",
    "student is linear",
    "class is convex",
    "features are frozen",
    "student is converged",
    "labels are soft",
)
"""Hypotheses that a fact about student or method decides."""


def standings(theory: Theory, seen: Observables) -> dict[str, str]:
    return {hypothesis.name: hypothesis.judge(seen).status for hypothesis in theory.hypotheses}


def test_quantities_are_measured_or_missing_with_a_reason(data: TaskData) -> None:
    seen = observed(data, parts())
    assert seen.value("refitted_gain_error") == pytest.approx(0, abs=0.5)
    assert seen["weak_error"].estimator == "cross-fitted"
    simulated = observed(data, parts("simulated-region"))
    assert "the supervisor is simulated" in simulated.missing["weak_error"]
    assert "the supervisor is no model with features" in simulated.missing["d_weak"]


def test_observables_do_not_change_with_the_ground_truth_of_the_scored_half(data: TaskData) -> None:
    """The labels of the half that is scored are shuffled: nothing that a theory reads changes."""
    learners = parts({"kind": "fewer-labels", "labels": 12}, "linear", "confidence")
    run = recorded(data, learners)

    def seen(task: TaskData) -> dict[int, Observables]:
        observer = TaskObserver(task, 0)
        observer.train_again({"run": learners})
        return observer.observe(run, [observer.audit(20)])

    before, truth = seen(data), TaskObserver(data, 0).truth(run)
    rows, scored = TaskObserver(data, 0).halves
    assert not set(rows) & set(scored)
    other = registry.build(Task, "wine").load(derive(0, "task"))
    gold = other.vault._Vault__gold["test"].copy()  # type: ignore[attr-defined]
    gold[scored] = np.random.default_rng(0).permutation(gold[scored])
    other.vault._Vault__gold["test"] = gold  # type: ignore[attr-defined]
    after = seen(other)
    assert {labels: found.quantities for labels, found in after.items()} == {
        labels: found.quantities for labels, found in before.items()
    }
    assert TaskObserver(other, 0).truth(run).values != truth.values


def test_theory_asks_the_vault_by_its_name(data: TaskData) -> None:
    learners = parts()
    run = recorded(data, learners)
    own = registry.build(Task, "wine").load(derive(0, "task"))
    observer = TaskObserver(own, 0)
    observer.train_again({"run": learners})
    observer.observe(run, [observer.audit(10)])
    assert {(release.purpose, release.split) for release in own.vault.record} == {
        ("supervision", "supervision"),
        ("audit", "test"),
    }
    observer.truth(run)
    assert {release.asked_by for release in own.vault.record} == {"theory"}
    assert own.vault.record[-1].purpose == "score"
