"""Results with exactly the accuracies that are asked for, without training anything."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from w2sg.lab import SetupResult, StudyResult, TestSet, compare_methods, make_setup
from w2sg.measure import Paired, pgr

N_TEST = 200


def result(
    method: str | Mapping[str, Any] = "naive",
    student: float = 0.7,
    *,
    task: str | Mapping[str, Any] = "gaussian",
    model: str = "linear",
    weak: float = 0.6,
    ceiling: float = 0.9,
    seeds: Sequence[int] = (0, 1, 2, 3),
    label: str | None = None,
    train_s: float = 2.0,
    gold: int = 0,
) -> SetupResult:
    """Return a result; an example that a worse predictor gets right is right for every better one."""
    setup = make_setup(task, student=model, method=method)
    orders = [np.random.default_rng([3, seed]).permutation(N_TEST) for seed in seeds]
    right = {
        who: tuple(order < round(accuracy * N_TEST) for order in orders)
        for who, accuracy in (("weak", weak), ("student", student), ("ceiling", ceiling))
    }
    ids = tuple(np.arange(N_TEST) + seed * N_TEST for seed in seeds)
    found = Paired(tuple(seeds), ids, right["weak"], right["student"], right["ceiling"])
    names = setup.label()
    return SetupResult(
        setup=setup,
        label={**names, "method": label or names["method"]},
        seeds=tuple(seeds),
        tests={"test": TestSet("test", pgr(found), None, {}, found)},
        run_ids=tuple(f"{seed:02d}{setup.digest()[:62]}" for seed in seeds),
        weak_label_accuracy=weak,
        train_s=train_s,
        gold=({"purpose": "audit", "split": "transfer", "n": gold, "times": len(seeds)},) if gold else (),
        versions={"python": "3.11"},
    )


def table(
    rows: Mapping[str, Sequence[float | None]], tasks: Sequence[str] = ("gaussian", "wine", "digits"), **given: Any
) -> StudyResult:
    """Return a study from accuracies by method, one for each task; None where the method was not run."""
    results = [
        result(method, accuracy, task=task, **given)
        for index, task in enumerate(tasks)
        for method, accuracies in rows.items()
        if (accuracy := accuracies[index]) is not None
    ]
    return study(*results)


def study(*results: SetupResult) -> StudyResult:
    return StudyResult("made", results, tuple(compare_methods(results)))
