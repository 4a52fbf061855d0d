"""Head training against the same fits done one by one with scikit-learn: times and test accuracies, in one run.

Runs the study all methods x 3 students x 20 seeds on `digits` from an empty store. Then fits what its steps trained,
one after the other, with `LogisticRegression` on the same features and splits: `hard` counts every fit at the price of
one on hardened labels, the cheapest that scikit-learn can do; `same_labels` at the price of the labels that were used,
soft ones as replicated rows with weights, which is the same problem. Moving targets, which scikit-learn cannot fit,
count as one fit on the weak labels for each head trained.

    python benchmarks/heads.py --seeds 20 --json
"""

import argparse
import json
import os
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

import w2sg
from w2sg.core import AnyArray, FloatArray, IntArray, Student, Supervision, Task, WeakSupervisor, derive, registry
from w2sg.lab import Run, make_runs, make_setup, task_data
from w2sg.students import Linear, features

STUDENTS = ("nystroem-digits", "random-relu", "random-fourier")
METHODS = ("naive", "naive-hard", "confidence", "product", "confident-only", "early-stopping", "bootstrapping")
HARD_FITS, SOFT_FITS = 2, 9
"""Heads trained for one seed and student: naive-hard and the ceiling on hard labels; naive, confidence, product,
confident-only, two for early stopping and three for bootstrapping on soft ones."""


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {**ours(options.seeds), **theirs(options.seeds)}
    per_core = found["train_core_s"] / (options.seeds * len(STUDENTS) * (HARD_FITS + SOFT_FITS))
    found["ours_ms_per_fit_per_core"] = 1e3 * per_core
    found["n_fits"] = options.seeds * len(STUDENTS) * (HARD_FITS + SOFT_FITS)
    for kind in ("hard", "same_labels"):
        theirs_s = found[f"sklearn_{kind}_s_per_seed_and_student"] * options.seeds * len(STUDENTS)
        found[f"sklearn_{kind}_s"] = theirs_s
        found[f"ratio_{kind}"] = theirs_s / found["train_s"]
    print(json.dumps(found, indent=2) if options.json else "\n".join(f"{k}: {v}" for k, v in found.items()))


def ours(n_seeds: int) -> dict[str, Any]:
    """Run the study from an empty store; `train_s` is the training steps' share of the two workers' wall time."""
    methods = list(METHODS)
    setups = [make_setup("digits", None, student, method) for student in STUDENTS for method in methods]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        records = make_runs(setups, range(n_seeds), store=Path(folder), workers=2).runs
        wall = time.perf_counter() - started
        started = time.perf_counter()
        done = make_runs(setups, range(n_seeds), store=Path(folder), workers=2).done
        rerun = time.perf_counter() - started
    trained = [record.result["steps"][name] for record in records for name in ("student", "ceiling")]
    steps = {step["key"]: step["seconds"] for step in trained}
    named = {name: [r for r in records if r.setup.label()["method"] == name] for name in ("naive", "naive-hard")}
    accuracy = {name: float(np.mean([_accuracy(r, "student") for r in rs])) for name, rs in named.items()}
    return {
        "methods": methods,
        "n_runs": len(records),
        "study_wall_s": wall,
        "study_again_s": rerun,
        "steps_again": sum(done.values()),
        "train_core_s": sum(steps.values()),
        "train_s": sum(steps.values()) / 2,
        "ours_naive_soft": accuracy["naive"],
        "ours_naive_hard": accuracy["naive-hard"],
        "ours_ceiling": float(np.mean([_accuracy(r, "ceiling") for r in named["naive"]])),
        "version": w2sg.__version__,
    }


def _accuracy(record: Run, who: str) -> float:
    return float(record.result["metrics"]["test"][who]["accuracy"])


def theirs(n_seeds: int) -> dict[str, Any]:
    """Fit with scikit-learn, one by one; its fastest number of threads here is one."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    hard_s, soft_s = [], []
    scores: dict[str, list[float]] = {"naive_soft": [], "naive_hard": [], "ceiling": []}
    for seed in range(n_seeds):
        data = task_data(registry.build(Task, "digits"), seed)
        known = data.vault.release("supervision", "supervision")
        supervision = Supervision(data.supervision, known, data.question, data.corpus)
        labeller = registry.build(WeakSupervisor, "pooled-pixels").fit(supervision, derive(seed, "supervisor"))
        weak = labeller.label(data.transfer, None, derive(seed, "label", "transfer")).probabilities
        gold, gold_test = data.vault.release("ceiling", "transfer"), data.vault.release("score", "test")
        for name in STUDENTS:
            student = registry.build(Student, name)
            assert isinstance(student, Linear)
            x = features(student.features, data.corpus, data.transfer.inputs).astype(np.float64)
            x_test = features(student.features, data.corpus, data.tests["test"].inputs).astype(np.float64)
            for labels, kind in ((weak.argmax(axis=1), "naive_hard"), (gold, "ceiling")):
                seconds, score = _hard(x, labels, x_test, gold_test)
                hard_s.append(seconds)
                scores[kind].append(score)
            seconds, score = _soft(x, weak, x_test, gold_test)
            soft_s.append(seconds)
            scores["naive_soft"].append(score)
    hard, soft = float(np.mean(hard_s)), float(np.mean(soft_s))
    return {
        "sklearn_hard_ms_per_fit": 1e3 * hard,
        "sklearn_soft_ms_per_fit": 1e3 * soft,
        "sklearn_hard_s_per_seed_and_student": (HARD_FITS + SOFT_FITS) * hard,
        "sklearn_same_labels_s_per_seed_and_student": HARD_FITS * hard + SOFT_FITS * soft,
        **{f"sklearn_{kind}": float(np.mean(values)) for kind, values in scores.items()},
    }


def _hard(x: FloatArray, labels: IntArray, x_test: FloatArray, gold: IntArray) -> tuple[float, float]:
    model = LogisticRegression(C=1.0, max_iter=1000)
    started = time.perf_counter()
    model.fit(x, labels)
    return time.perf_counter() - started, float(model.score(x_test, gold))


def _soft(x: FloatArray, weak: AnyArray, x_test: FloatArray, gold: IntArray) -> tuple[float, float]:
    n, k = weak.shape
    model = LogisticRegression(C=1.0, max_iter=1000)
    started = time.perf_counter()
    model.fit(np.repeat(x, k, axis=0), np.tile(np.arange(k), n), sample_weight=weak.ravel())
    return time.perf_counter() - started, float(model.score(x_test, gold))


if __name__ == "__main__":
    main()
