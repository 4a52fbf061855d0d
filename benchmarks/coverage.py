"""Coverage of the PGR's interval, on `gaussian` where the truth is known in closed form.

Each repetition is a study as a user would run it: fresh data for every seed, a linear weak supervisor trained on few
labels, a student that sees only the coordinates that matter most, its ceiling, and the PGR with its Fieller interval.
Supervisor, student and ceiling are linear rules, so the error of each is known exactly from its weights (`error_of`);
the true PGR is the ratio of the means of these errors over all repetitions and seeds.

    python benchmarks/coverage.py --repetitions 1000 --json
"""

import argparse
import json
import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from w2sg.core import (
    ClassProbabilities,
    Examples,
    FloatArray,
    Inputs,
    Method,
    Student,
    Supervision,
    WeakSupervisor,
    derive,
    registry,
)
from w2sg.measure import Paired, pgr
from w2sg.tasks import Gaussian

SUPERVISOR = {"kind": "trained", "student": "linear"}
STUDENT = {"kind": "linear", "features": {"kind": "columns", "listed": [0, 1, 2, 3, 4, 5]}}
DESIGNS = ("fresh test examples", "shared test examples")


def main() -> None:
    """Print the coverage for both designs of the test set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {design: coverage(design, options.repetitions, options.seeds) for design in DESIGNS}
    print(json.dumps(found, indent=2) if options.json else "\n".join(f"{k}: {v}" for k, v in found.items()))


def coverage(design: str, repetitions: int, n_seeds: int, workers: int = 2) -> dict[str, Any]:
    """Return how often the interval held the true PGR, with the truth and the widths."""
    shared = design == DESIGNS[1]
    blocks = np.array_split(np.arange(repetitions), workers)
    with ProcessPoolExecutor(workers) as pool:
        parts = pool.map(_block, [[int(r) for r in block] for block in blocks], [n_seeds] * workers, [shared] * workers)
        rows = [row for part in parts for row in part]
    weak, student, ceiling = np.mean([row["errors"] for row in rows], axis=0)
    truth = float((weak - student) / (weak - ceiling))
    limits = np.array([row["limits"] for row in rows if row["limits"] is not None])
    held = (limits[:, 0] <= truth) & (truth <= limits[:, 1])
    gaps = np.array([row["gap"] for row in rows])
    return {
        "repetitions": repetitions,
        "seeds": n_seeds,
        "true_errors": {"weak": float(weak), "student": float(student), "ceiling": float(ceiling)},
        "true_pgr": truth,
        "refused": repetitions - len(limits),
        "coverage": float(held.mean()),
        "coverage_standard_error": float(np.sqrt(held.mean() * (1 - held.mean()) / len(held))),
        "below": float((limits[:, 1] < truth).mean()),
        "above": float((limits[:, 0] > truth).mean()),
        "median_width": float(np.median(limits[:, 1] - limits[:, 0])),
        "gap_coverage": float(((gaps[:, 0] <= weak - ceiling) & (weak - ceiling <= gaps[:, 1])).mean()),
    }


def _block(repetitions: Iterable[int], n_seeds: int, shared: bool) -> list[dict[str, Any]]:
    return [_repetition(repetition, n_seeds, shared) for repetition in repetitions]


def _repetition(repetition: int, n_seeds: int, shared: bool) -> dict[str, Any]:
    task = Gaussian(supervision=30, transfer=400, test=600, decay=2.0)
    fixed = task.load(derive(repetition, "fixed test")) if shared else None
    seeds = [_seed(task, n_seeds * repetition + seed, fixed) for seed in range(n_seeds)]
    ids, weak, student, ceiling = zip(*(correct for correct, _ in seeds), strict=True)
    found = pgr(Paired(tuple(range(n_seeds)), ids, weak, student, ceiling))
    return {
        "errors": np.mean([errors for _, errors in seeds], axis=0).tolist(),
        "limits": None if found.low is None else (found.low, found.high),
        "gap": (found.gap.low, found.gap.high),
    }


def _seed(task: Gaussian, seed: int, fixed: Any) -> tuple[tuple[Any, ...], list[float]]:
    """Return correctness on the test set and exact errors of weak, student and ceiling."""
    data = task.load(derive(seed, "task"))
    test = (fixed or data).tests["test"]
    gold = (fixed or data).vault.release("score", "test")
    supervisor: WeakSupervisor = registry.build(WeakSupervisor, SUPERVISOR)
    student: Student = registry.build(Student, STUDENT)
    method: Method = registry.build(Method, "naive")
    known = data.vault.release("supervision", "supervision")
    supervision = Supervision(data.supervision, known, data.question, data.corpus)
    labeller = supervisor.fit(supervision, derive(seed, "supervisor"))

    def label(examples: Examples) -> ClassProbabilities:
        return labeller.label(examples, None, derive(seed, "label"))

    def weak(examples: Examples) -> FloatArray:
        return label(examples).probabilities

    naive = method.fit(data.view({"transfer": label(data.transfer)}), student, derive(seed, "student"))
    ceiling = method.fit(data.gold_view(), student, derive(seed, "student"))
    rules = (weak, lambda e: naive.predict_proba(e.inputs), lambda e: ceiling.predict_proba(e.inputs))
    correct = [np.asarray(rule(test).argmax(axis=1) == gold) for rule in rules]
    return (test.ids, *correct), [_exact_error(task, rule) for rule in rules]


def _exact_error(task: Gaussian, rule: Any) -> float:
    """Return the exact error of a linear rule, whose weights are read off its log-odds at 0 and at the unit vectors."""
    d = task.dimension
    points = np.vstack([np.zeros(d), np.eye(d)]).astype(np.float32)
    probabilities = rule(Examples(np.arange(d + 1), Inputs.of(points))).astype(np.float64)
    odds = np.log(probabilities[:, 1]) - np.log(probabilities[:, 0])
    return float(task.error_of(odds[1:] - odds[0], odds[0]))


if __name__ == "__main__":
    main()
