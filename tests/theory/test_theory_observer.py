"""Observing runs of a task: facts are what components declare, and nothing depends on the truth that is scored."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pytest
from observer_data import recorded, tried, wine

from w2sg.core import (
    FloatArray,
    InformationTier,
    Inputs,
    Method,
    Observables,
    Predictor,
    Student,
    TaskData,
    Theory,
    Trained,
    registry,
)
from w2sg.lab import Setup
from w2sg.theory.answering import theories
from w2sg.theory.observing.facts import UNKNOWN, facts_of, penalties_of
from w2sg.theory.observing.runs import TaskObserver, body_digest, truth_of_run


class Mute(Student):
    """A student of a plugin: it learns as another one does, and declares nothing of itself."""

    kind: Literal["mute"] = "mute"

    def fit_many(self, fits: Sequence[Any]) -> list[Predictor]:
        inner = registry.build(Student, {"kind": "ridge", "penalty": 0.0})
        return [Copy(inner.fit(fit)) for fit in fits]

    def embed(self, corpus: Inputs, inputs: Inputs) -> FloatArray:
        return registry.build(Student, "ridge").embed(corpus, inputs)


class Copy(Predictor):
    """What another student predicts."""

    def __init__(self, inner: Trained[Any]) -> None:
        self.inner = inner

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        probabilities: FloatArray = self.inner.answer(inputs).probabilities
        return probabilities


@pytest.fixture(scope="module")
def data() -> TaskData:
    return wine()


def observed(data: TaskData, setup: Setup) -> Observables:
    observer = TaskObserver(data, 0)
    run = recorded(data, setup)
    observer.train_again([run])
    return observer.observe(run)[0]


def test_facts_are_what_components_declare() -> None:
    plain, ridge = {"kind": "ridge", "penalty": 0.0}, {"kind": "ridge", "penalty": 0.5}
    assert facts_of(tried(student=plain), 3) == {
        "student_class": "linear-least-squares",
        "supervisor_class": "logit-linear",
        "features": "frozen",
        "classes": "3",
        "loss": "squared",
        "stopping": "none",
        "labels": "soft",
    }
    assert facts_of(tried(student="mlp"), 2)["features"] == "trained"
    assert facts_of(tried(student="linear", method="early-stopping"), 2)["stopping"] == "early"
    assert facts_of(tried("simulated-region"), 2)["supervisor_class"] == UNKNOWN
    assert penalties_of(tried(student=ridge)) == {"ridge_strong": 0.5}
    assert body_digest(tried(student=ridge).student) == body_digest(tried(student=plain).student)
    assert body_digest(tried(student=ridge).student) != body_digest(tried(student="pca").student)


def test_nothing_is_known_of_a_student_that_declares_nothing() -> None:
    facts = facts_of(tried(student=Mute(), method=Silent()), 2)
    assert {name: facts[name] for name in ("student_class", "features", "loss", "stopping", "labels")} == dict.fromkeys(
        ("student_class", "features", "loss", "stopping", "labels"), UNKNOWN
    )
    assert body_digest(Mute()) == Mute().digest()


class Silent(Method):
    """A method of a plugin that declares nothing."""

    kind: Literal["silent"] = "silent"

    def train(self, view: Any, student: Any, rng: np.random.Generator) -> Any:
        return registry.build(Method, "naive").train(view, student, rng)


class Told(Silent):
    """A method that asks for the supervision split with its gold."""

    kind: Literal["told"] = "told"  # type: ignore[assignment]

    @property
    def tier(self) -> InformationTier:
        return InformationTier.SUPERVISION_GOLD


def test_no_hypothesis_on_a_student_holds_for_one_that_declares_nothing(data: TaskData) -> None:
    """The same functions, once declared and once not: what rested on the declaration is then untestable."""
    known = observed(data, tried(student={"kind": "ridge", "penalty": 0.0}))
    unknown = observed(data, tried(student=Mute(), method=Silent()))
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
    seen = observed(data, tried())
    assert seen.value("refitted_gain_error") == pytest.approx(0, abs=0.5)
    assert seen["weak_error"].estimator == "cross-fitted"
    simulated = observed(data, tried("simulated-region"))
    assert "the supervisor is simulated" in simulated.missing["weak_error"]
    assert "the supervisor is no model with features" in simulated.missing["d_weak"]


def test_observables_do_not_change_with_the_ground_truth_of_the_scored_half(data: TaskData) -> None:
    """The labels of the half that is scored are shuffled: nothing that a theory reads changes."""
    setup = tried({"kind": "fewer-labels", "labels": 12}, "linear", "confidence")
    run = recorded(data, setup)

    def seen(task: TaskData) -> dict[int, Observables]:
        observer = TaskObserver(task, 0)
        observer.train_again([run])
        return observer.observe(run, [observer.audit(20)])

    before = seen(data)
    rows, scored = TaskObserver(data, 0).halves
    assert not set(rows) & set(scored)
    other = wine()
    gold = other.vault._Vault__gold["test"].copy()  # type: ignore[attr-defined]
    gold[scored] = np.random.default_rng(0).permutation(gold[scored])
    other.vault._Vault__gold["test"] = gold  # type: ignore[attr-defined]
    after = seen(other)
    assert {labels: found.quantities for labels, found in after.items()} == {
        labels: found.quantities for labels, found in before.items()
    }
    weak, student = run.weak["test"][scored], run.student["test"][scored]
    assert truth_of_run(weak, student, student, gold[scored]) != truth_of_run(
        weak, student, student, data.vault.release("score", "test")[scored]
    )


def test_gold_is_asked_for_what_it_is_for(data: TaskData) -> None:
    setup = tried()
    run = recorded(data, setup)
    own = wine()
    observer = TaskObserver(own, 0)
    observer.train_again([run])
    observer.observe(run, [observer.audit(10)])
    assert {(release.purpose, release.split, release.n) for release in own.vault.record} == {
        ("supervision", "supervision", len(own.supervision)),
        ("audit", "test", 10),
    }


def test_a_method_that_knows_the_supervision_split_is_not_trained_again(data: TaskData) -> None:
    """It would know the labels that judge its student."""
    setup = tried(method=Told())
    seen = observed(data, setup)
    assert "more of the supervision split than a refit may" in seen.missing["refitted_gain_error"]
    assert "weak_error" in seen
