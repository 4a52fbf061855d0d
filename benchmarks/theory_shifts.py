"""Which predictor of the gain keeps its coverage under which shift, on the development tasks of theory.

    python benchmarks/theory_shifts.py [studies/theory-development.toml] [--store DIR] [--json]

Runs are made by the laboratory (the data sets lie in a folder `data`). Deployment is then shifted by leaving test
inputs out, alike on the half that theories look at and on the half where the gain is measured:

- `covariate`: inputs far out on the first principal component of the student's features stay more often;
- `label`: of half of the classes, drawn by lot, one in `KEPT` inputs stays;
- `group`: of one group, one in `KEPT` stays; where a task names no groups they are the two sides of the second
  principal component;
- `easy-to-hard`: the half that most students of the place get wrong stays, so that supervision is easier.

For each predictor stands how many runs it speaks of, on how many it abstains, how often the measured gain lies in its
intervals of 90 % where it answers (with a 95 % interval over tasks and supervisors), how often it would have where it
abstains, the mean width, and the mean error.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from w2sg.core import (
    BoolArray,
    FloatArray,
    IntArray,
    Observables,
    Quantity,
    TaskData,
    Theory,
    derive,
    one_hot,
    registry,
)
from w2sg.graph import Keys, Store
from w2sg.lab import Score, Study, scores_of_setups, study_runs
from w2sg.theory.observing import ObservedRun
from w2sg.theory.observing.measuring import judged_gains
from w2sg.theory.observing.observed import KnownGroups
from w2sg.theory.observing.rehearsing import rehearsed_gains
from w2sg.theory.observing.risks import differs
from w2sg.theory.observing.runs import TEST, RunAnswers, TaskObserver, body_digest
from w2sg.theory.observing.shifts import class_shift, group_shift, input_shift, seen_to_shift
from w2sg.theory.observing.unsupervised import agreement_on_the_line
from w2sg.theory.scoreboard.resampling import Clusters, percentile_interval
from w2sg.theory.steps import Observation

SHIFTS = ("none", "covariate", "label", "group", "easy-to-hard")
KEPT = 4
THEORIES = (
    *("judged-gain", "rehearsed-gain", "class-weighted-gain", "group-weighted-gain"),
    "agreement-on-the-line",
)
CHECKS = ("shift_auroc", "shift_ess", "class_shift_p", "class_inputs_p", "class_weight_ess")
"""Quantities by which theories abstain."""
LEVEL = 0.9


@dataclass(frozen=True)
class Outcome:
    """What a predictor said of one run under one shift, and what was measured there."""

    shift: str
    theory: str
    task: str
    cluster: str
    abstains: bool
    error: float
    half: float

    @property
    def covered(self) -> bool:
        """Whether the measured gain lies in the interval that it gives, or would have given."""
        return abs(self.error) <= self.half


def kept_rows(
    data: TaskData, runs: Sequence[RunAnswers], groups: FloatArray, first: FloatArray
) -> dict[str, BoolArray]:
    """Return for each shift which rows of the test set stay, `(n,)`."""
    gold = data.vault.buy(TEST, np.arange(len(first)), purpose="score", asked_by="benchmark")
    rng = derive(len(gold), "shifts")
    k = len(data.question.names)
    rare = np.isin(gold, rng.permutation(k)[: k // 2])
    wrong = np.mean([differs(run.student[TEST], one_hot(gold, k)) for run in runs], axis=0)
    # Equally hard inputs are told apart by lot.
    wrong = wrong + 1e-6 * rng.random(len(gold))
    thinned = rng.random(len(gold)) < 1 / KEPT
    return {
        "none": np.ones(len(gold), dtype=bool),
        "covariate": rng.random(len(gold)) < expit(2 * first / first.std()),
        "label": ~rare | thinned,
        "group": (groups > 0) | thinned,
        "easy-to-hard": wrong >= np.median(wrong),
    }


def groups_and_first(data: TaskData, run: RunAnswers) -> tuple[dict[str, FloatArray], FloatArray]:
    """Return the groups, as signs, of the supervision split and of the test set, and the test set's first component."""
    parts = {"supervision": data.supervision, TEST: data.tests[TEST]}
    rows = [np.asarray(run.setup.student.embed(data.corpus, part.inputs)) for part in parts.values()]
    features = np.concatenate(rows)
    features = features - features.mean(axis=0)
    components = features @ np.linalg.svd(features, full_matrices=False)[2][:2].T
    named = [part.metadata.get("group") for part in parts.values()]
    signs = components[:, 1]
    if all(one is not None for one in named):
        values = np.concatenate([np.asarray(one) for one in named])
        signs = np.where(values == values[0], 1.0, -1.0)
    cut = len(rows[0])
    return {"supervision": np.sign(signs[:cut]), TEST: np.sign(signs[cut:])}, components[cut:, 0]


def measured(seen: ObservedRun, rows: IntArray, apart: Mapping[str, Quantity]) -> Observables:
    """Return what the predictors that are asked here look at, where only some of the fresh inputs are there."""
    judged, groups = seen.validation, seen.groups
    assert judged is not None
    assert groups is not None
    judged = replace(judged, judge_fresh=judged.judge_fresh[rows])
    there = replace(seen, weak=seen.weak[rows], student=seen.student[rows])
    line = agreement_on_the_line(
        np.stack([judged.weak.argmax(axis=1), judged.student.argmax(axis=1)], axis=1),
        judged.labels.argmax(axis=1),
        np.stack([there.weak.argmax(axis=1), there.student.argmax(axis=1)], axis=1),
    )
    quantities = {
        **apart,
        **judged_gains("judged", judged, there, seen_to_shift(apart)),
        **rehearsed_gains(judged, seen.n_supervision),
        **class_shift(judged, there.weak, there.student),
        **group_shift(judged, KnownGroups(groups.labelled, groups.fresh[rows])),
        "line_gain": Quantity(line.gain, line.se, len(rows), "one pair, slope 1"),
    }
    return Observables(seen.run, seen.setting, quantities, dict(seen.facts))


def outcomes_of(name: str, scores: Sequence[Score], store: Store) -> Iterator[Outcome]:
    """Yield what predictors say of the runs of one place under each shift."""
    keys, steps = Keys(), [Observation(student=score.student, seed=score.seed) for score in scores]
    found = [{part: store.get(keys.of(step)) for part, step in one.inputs().items()} for one in steps]
    made = [
        one.answers({part: artifact for part, artifact in given.items() if artifact is not None})
        for one, given in zip(steps, found, strict=True)
    ]
    data = steps[0].data
    observer = TaskObserver(data, steps[0].seed)
    observer.train_again(made)
    groups, first = groups_and_first(data, made[0])
    kept = kept_rows(data, made, groups[TEST], first)
    theories = [registry.build(Theory, one) for one in THEORIES]
    features: dict[tuple[str, str], dict[str, Quantity]] = {}
    looked, scored = observer.halves
    for run, score in zip(made, scores, strict=True):
        seen = replace(observer.seen(run), groups=KnownGroups(groups["supervision"], groups[TEST][looked]))
        if seen.validation is None or seen.student_space is None:
            continue
        for shift, stays in kept.items():
            rows = scored[stays[scored]]
            truth = _gain(data, run, rows)
            looked_at = np.flatnonzero(stays[looked])
            # What features say is the same for all runs with one body.
            key = shift, body_digest(score.setup.student)
            if key not in features:
                features[key] = input_shift(replace(seen.student_space, fresh=seen.student_space.fresh[looked_at]))
            there = measured(seen, looked_at, features[key])
            for theory in theories:
                # Asked without what it would abstain by, so that abstaining can be judged.
                unchecked = {one: value for one, value in there.quantities.items() if one not in CHECKS}
                said = theory.predict(Observables(there.run, there.setting, unchecked, there.facts), LEVEL)
                if said.mean is None or said.high is None:
                    continue
                abstains = theory.predict(there, LEVEL).mean is None
                noise = float(norm.ppf(0.5 + LEVEL / 2)) * float(truth.std(ddof=1)) / len(truth) ** 0.5
                error = said.mean - float(truth.mean())
                cluster = f"{score.setup.supervisor.digest()[:8]} {score.seed}"
                yield Outcome(
                    shift, theory.name, name, cluster, abstains, error, float(np.hypot(said.high - said.mean, noise))
                )


def _gain(data: TaskData, run: RunAnswers, rows: IntArray) -> FloatArray:
    gold = data.vault.buy(TEST, rows, purpose="score", asked_by="benchmark")
    labels = one_hot(gold, len(data.question.names))
    return differs(run.weak[TEST][rows], labels) - differs(run.student[TEST][rows], labels)


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return one predictor's figures under one shift."""
    answered = [one for one in outcomes if not one.abstains]
    row: dict[str, Any] = {"runs": len(outcomes), "abstains": 1 - len(answered) / len(outcomes)}
    silent = [one.covered for one in outcomes if one.abstains]
    row["would_cover"] = float(np.mean(silent)) if silent else None
    if not answered:
        return row | {"coverage": None, "low": None, "high": None, "width": None, "mean_error": None}
    covered = np.array([one.covered for one in answered], dtype=np.float64)
    clusters = Clusters(np.array([one.task for one in answered]), np.array([one.cluster for one in answered]))
    draws = [covered[rows].mean() for rows, _ in clusters.resamples(derive(0, "shifts", "bootstrap"))]
    interval = percentile_interval(float(covered.mean()), np.array(draws), 0.95)
    return row | {
        "coverage": float(covered.mean()),
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "width": float(np.mean([2 * one.half for one in answered])),
        "mean_error": float(np.mean([one.error for one in answered])),
    }


def table(figures: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| shift | predictor | runs | abstains | coverage | would have covered | width | mean error |",
        "|" + "---|" * 8,
    ]
    for (shift, theory), row in figures.items():
        covers = "–" if row["coverage"] is None else f"{row['coverage']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
        would = "–" if row["would_cover"] is None else f"{row['would_cover']:.2f}"
        rest = "– | –" if row["width"] is None else f"{row['width']:.3f} | {row['mean_error']:+.3f}"
        lines.append(f"| {shift} | {theory} | {row['runs']} | {row['abstains']:.2f} | {covers} | {would} | {rest} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", nargs="?", default="studies/theory-development.toml")
    parser.add_argument("--store", type=Path, default=Path(".w2sg"))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    study = Study.read(arguments.study)
    study_runs(study, store=arguments.store, yes=True, scored=False)
    places: dict[tuple[str, int], list[Score]] = defaultdict(list)
    titles = study.titles()
    for score in scores_of_setups(study.setups(), study.seed_list()):
        digest = score.setup.task.digest()
        places[titles.get(digest, digest[:8]), score.seed].append(score)
    with Store(arguments.store) as store:
        outcomes = [one for (task, _), scores in places.items() for one in outcomes_of(task, scores, store)]
    groups: dict[tuple[str, str], list[Outcome]] = {(shift, theory): [] for shift in SHIFTS for theory in THEORIES}
    for one in outcomes:
        groups[one.shift, one.theory].append(one)
    figures = {key: summary(group) for key, group in groups.items() if group}
    if arguments.json:
        print(
            json.dumps([{"shift": shift, "predictor": name, **row} for (shift, name), row in figures.items()], indent=2)
        )
    else:
        print(table(figures))


if __name__ == "__main__":
    main()
