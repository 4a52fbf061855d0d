"""Head training against scikit-learn fit by fit, on the league's own tasks: the same features, labels and penalty.

For each task of the league and each seed, the task's own student is trained by a few methods and on gold, as one batch
of heads, with features already made; then `LogisticRegression` is fitted to the same ones one by one: on hard labels
as they are, on soft ones as replicated rows with weights, which is the same problem. A method that moves its targets,
which scikit-learn cannot fit, counts as one fit on the weak labels. Both have one thread. `--batch league` trains every
method that differs from naive in the objective alone, as a league does; `--tolerance` is scikit-learn's, and errors are
against its fits at `NEARLY_EXACT`. Needs the league's data, and takes from the store what it has of the sentence
encoder's features.

    python benchmarks/league_heads.py --seeds 2 --json
"""

import argparse
import json
import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from w2sg.core import (
    AnyArray,
    CapabilityError,
    DivergedError,
    FloatArray,
    Method,
    Supervision,
    derive,
    one_hot,
    registry,
    run_timed,
)
from w2sg.graph import Store, working_with
from w2sg.lab import Setup, Study, default_store, named_methods, task_data
from w2sg.methods import Composition
from w2sg.students import Linear, features

STUDY = "studies/league.toml"
FEW = ("naive", "confidence", "naive-hard")
HARD = "naive-hard"
"""What learns from hard labels, beside the ceiling."""
CONVEX = ("naive", HARD, "ceiling")
"""What both solve to the same optimum."""
NEARLY_EXACT = 1e-10
"""The tolerance of the fits that errors are measured against."""


def main() -> None:
    """Print seconds a fit and their ratio for each task and over all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--batch", choices=("few", "league"), default="few")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    league = Study.read(STUDY)
    setups = league.model_copy(update={"methods": ("naive",)}).setups()
    titles = league.titles()
    methods = FEW if options.batch == "few" else objectives()
    with Store(default_store()) as store, working_with(store):
        tasks = {
            setup.label(titles)["task"]: compared(setup, methods, options.seeds, options.tolerance) for setup in setups
        }
    sums = {key: sum(one[key] for one in tasks.values()) for key in ("n_fits", "ours_s", "sklearn_s")}
    found = {
        "methods": methods,
        "tolerance": options.tolerance,
        "tasks": tasks,
        **sums,
        "ratio": sums["sklearn_s"] / sums["ours_s"],
    }
    found["ratio_geometric_mean"] = float(np.exp(np.mean([np.log(one["ratio"]) for one in tasks.values()])))
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, one in tasks.items():
        print(
            f"{name}: {one['ratio']:.1f} ({one['ours_s']:.3f} s against {one['sklearn_s']:.3f} s, {one['n_fits']} fits)"
        )
    print(f"over all: {found['ratio']:.1f}; geometric mean over tasks: {found['ratio_geometric_mean']:.1f}")


def objectives() -> tuple[str, ...]:
    """Return the methods that differ from naive in the objective alone, naive among them."""
    built = {name: registry.build("methods", name) for name in named_methods()}
    naive = built["naive"]
    assert isinstance(naive, Composition)
    plain = {"objective": naive.objective}
    return tuple(
        name for name, one in built.items() if isinstance(one, Composition) and one.model_copy(update=plain) == naive
    )


def compared(setup: Setup, names: Sequence[str], n_seeds: int, tolerance: float) -> dict[str, Any]:
    """Return the seconds of both on one task, and their largest mean errors in probabilities on the test set."""
    student = setup.student
    assert isinstance(student, Linear)
    assert isinstance(student.c, float), "scikit-learn is given the same penalty"
    ours_s, theirs_s, n_fits, errors = 0.0, 0.0, 0, [(0.0, 0.0)]
    for seed in range(n_seeds):
        data = task_data(setup.task, seed)
        known = data.vault.release("supervision", "supervision")
        supervision = Supervision(data.supervision, known, data.question, data.corpus)
        labeller = setup.supervisor.fit(supervision, derive(seed, "supervisor"))
        labels = {
            split: labeller.label(examples, None, derive(seed, "label", split))
            for split, examples in data.labelled_by_supervisor().items()
        }
        x, x_test = (
            features(student.features, data.corpus, inputs).astype(np.float64)
            for inputs in (data.transfer.inputs, data.tests["test"].inputs)
        )
        methods = [registry.build(Method, name) for name in names]
        views = [*(data.view(labels) for _ in methods), data.gold_view()]
        plain = registry.build(Method, "naive")
        courses = [
            method.train(view, student, derive(seed, "student"))
            for method, view in zip([*methods, plain], views, strict=True)
        ]
        weak, gold = labels["transfer"].probabilities, data.vault.release("ceiling", "transfer")
        hard = {HARD: weak.argmax(axis=1), "ceiling": gold}
        for name, trained, ours in zip((*names, "ceiling"), *run_timed(courses), strict=True):
            if isinstance(trained, CapabilityError | DivergedError):
                continue
            targets = one_hot(hard[name], len(data.question.names)) if name in hard else weak
            if (targets.sum(axis=0) > 0).sum() < 2:
                continue  # a supervisor that names one class only: scikit-learn refuses to fit
            seconds, proba = _fitted(x, targets, student.c, x_test, tolerance)
            theirs_s += seconds
            ours_s += ours
            n_fits += 1
            if name in CONVEX:
                _, exact = _fitted(x, targets, student.c, x_test, NEARLY_EXACT)
                answered = trained.answer(data.tests["test"].inputs).probabilities
                errors.append((float(np.abs(answered - exact).mean()), float(np.abs(proba - exact).mean())))
    return {
        "n": len(x),
        "d": x.shape[1],
        "k": len(data.question.names),
        "n_fits": n_fits,
        "ours_s": ours_s,
        "sklearn_s": theirs_s,
        "ratio": theirs_s / ours_s,
        "ours_error": max(ours for ours, _ in errors),
        "sklearn_error": max(theirs for _, theirs in errors),
    }


def _fitted(
    x: FloatArray, targets: AnyArray, c: float, x_test: FloatArray, tolerance: float
) -> tuple[float, FloatArray]:
    """Return the seconds of one fit, and probabilities `(n, k)` of the test set.

    With two classes scikit-learn penalises one vector where a softmax has two: its C is then twice ours.
    """
    k = targets.shape[1]
    rows, classes = np.nonzero(targets)
    model = LogisticRegression(C=2 * c if k == 2 else c, max_iter=1000, tol=tolerance)
    replicated, weights = (x, None) if len(rows) == len(x) else (x[rows], targets[rows, classes])
    started = time.perf_counter()
    model.fit(replicated, classes, sample_weight=weights)
    seconds = time.perf_counter() - started
    proba = np.zeros((len(x_test), k))
    proba[:, model.classes_] = model.predict_proba(x_test)
    return seconds, proba


if __name__ == "__main__":
    main()
