"""Results made from chosen accuracies, without training anything."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from w2sg.lab import SetupResult, StudyResult, TestSet, compare_methods, make_setup
from w2sg.measure import Interval, Paired, pgr

SEEDS, N_TEST = 6, 400


def evidence(weak: float, student: float, ceiling: float, seeds: int = SEEDS, n: int = N_TEST, luck: int = 0) -> Paired:
    """Return evidence in which an example that a worse predictor gets right is nearly always right for a better one."""
    columns: dict[str, list[Any]] = {"ids": [], "weak": [], "student": [], "ceiling": []}
    for seed in range(seeds):
        rng = np.random.default_rng([7, seed])
        ease, own = rng.random(n), np.random.default_rng([8, seed, luck])
        columns["ids"].append(np.arange(n) + seed * n)
        for who, accuracy in (("weak", weak), ("student", student), ("ceiling", ceiling)):
            noise = 0.01 * own.standard_normal(n) if who == "student" else 0.0
            columns[who].append(ease + noise < accuracy)
    return Paired(tuple(range(seeds)), *(tuple(part) for part in columns.values()))


def scored(
    name: str, found: Paired, breakdown: Mapping[str, Any] | None = None, direct: Paired | None = None
) -> TestSet:
    means = {
        "n": found.n_test,
        "student": {"ece": 0.05, "auroc": 0.9},
        "agreement": 0.8,
        "errors_copied": None,
        "breakdown": breakdown or {},
    }
    share = pgr(found)
    check = None if share.low is None or share.high is None else Interval(0.0, share.low, share.high, 0.95, "bca")
    return TestSet(name, share, check, means, found, None if direct is None else found.with_student(direct.student))


def result(
    method: str | Mapping[str, Any] = "naive",
    student: float = 0.7,
    *,
    weak: float = 0.6,
    ceiling: float = 0.9,
    seeds: int = SEEDS,
    model: str | Mapping[str, Any] = "linear",
    task: str | Mapping[str, Any] = "gaussian",
    others: Sequence[str] = (),
    breakdown: Mapping[str, Any] | None = None,
    direct: float | None = None,
) -> SetupResult:
    setup = make_setup(task, student=model, method=method)
    found = evidence(weak, student, ceiling, seeds, luck=int(setup.method.digest()[:6], 16))
    gold = None if direct is None else evidence(weak, direct, ceiling, seeds, luck=1)
    tests = {"test": scored("test", found, breakdown, gold)}
    tests |= {name: scored(name, evidence(weak - 0.1, student - 0.1, ceiling - 0.1, seeds)) for name in others}
    return SetupResult(
        setup=setup,
        label=setup.label(),
        seeds=tuple(range(seeds)),
        tests=tests,
        run_ids=tuple(f"{seed:02d}{setup.digest()[:62]}" for seed in range(seeds)),
        weak_label_accuracy=weak,
        train_s=1.5,
        gold=({"purpose": "score", "split": "test", "n": N_TEST, "times": seeds},),
        versions={"python": "3.11", "numpy": "2.0"},
    )


def study(*results: SetupResult, name: str = "made") -> StudyResult:
    return StudyResult(name, results, tuple(compare_methods(results)), {"student": 3}, 12.5)


def labelled(given: SetupResult, **names: str) -> SetupResult:
    return replace(given, label={**given.label, **names})


def ladder(*counts: int, methods: Sequence[str] = ("naive", "confidence")) -> list[SetupResult]:
    return [
        result(
            method,
            0.65 + 0.03 * step + 0.02 * place,
            model={"kind": "linear", "features": {"kind": "nystroem", "count": count}},
        )
        for step, count in enumerate(counts)
        for place, method in enumerate(methods)
    ]
