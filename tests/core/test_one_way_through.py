"""A run without a laboratory: the same lines for every variant of signal."""

from typing import Any

import numpy as np
import pytest

from w2sg.core import (
    CapabilityError,
    DivergedError,
    Method,
    Student,
    Supervision,
    Task,
    WeakSupervisor,
    derive,
    pack_signals,
    registry,
    run_timed,
    unpack_signals,
)
from w2sg.testing import Rote

ROTE: Any = {"kind": "trained-writer", "student": "rote", "labels": 30, "samples": 2}


@pytest.mark.parametrize(
    ("task", "supervisor", "student", "methods"),
    [
        ("digits", "fewer-labels", "linear", ["naive", "confidence", "trusted-mix"]),
        ({"kind": "sums", "rows": 200, "supervision": 50, "transfer": 100}, ROTE, "rote", ["written-naive"]),
    ],
    ids=["classes", "texts"],
)
def test_labels_students_ceiling_and_scores(task: Any, supervisor: Any, student: Any, methods: list[str]) -> None:
    registry.register()(Rote)
    seed, source = 0, registry.build(Task, task)
    data = source.load(derive(seed, "task"))
    weak_supervisor = registry.build(WeakSupervisor, supervisor)
    gold = data.vault.release("supervision", "supervision", asked_by=weak_supervisor.kind)
    shown = Supervision(data.supervision, gold, data.question, data.corpus)
    labeller = weak_supervisor.fit(shown, derive(seed, "supervisor"))
    weak = {
        split: data.question.checked(
            labeller.label(examples, None, derive(seed, "label", split)), len(examples), "weak labels"
        )
        for split, examples in data.labelled_by_supervisor().items()
    }
    weak = unpack_signals(data.question.signal, pack_signals(weak))

    learner, ways = registry.build(Student, student), [registry.build(Method, name) for name in methods]
    views = [
        data.view(weak, tier=way.tier, audits=way.audits, rng=derive(seed, "audit"), asked_by=way.kind) for way in ways
    ]
    courses = [way.train(view, learner, derive(seed, "student")) for way, view in zip(ways, views, strict=True)]
    naive = registry.build(Method, source.default_method)
    courses.append(naive.train(data.gold_view(), learner, derive(seed, "student")))
    trained, seconds = run_timed(courses)
    assert len(seconds) == len(trained) == len(methods) + 1

    scored = data.vault.release("score", "test", asked_by="score")
    right = {}
    for name, result in zip([*methods, "ceiling"], trained, strict=True):
        assert not isinstance(result, CapabilityError | DivergedError)
        answers = data.question.checked(result.answer(data.tests["test"].inputs), len(scored), "answers")
        right[name] = data.question.correct(answers, scored).mean()
        assert data.question.same(answers, weak["test"]).shape == (len(scored),)
    purposes = [release.purpose for release in data.vault.record]
    bought = ["audit"] * sum(way.audits > 0 for way in ways)
    assert purposes == ["supervision", *bought, "ceiling", "score"]
    assert all(np.isfinite(share) for share in right.values())
    if source.signal.variant == "classes":
        assert right["ceiling"] > data.question.correct(weak["test"], scored).mean() - 0.05
