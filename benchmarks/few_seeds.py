"""False verdicts at few seeds, and intervals of accuracies near 1: by older rules and by those in use.

First table: one place with 30 students of equal accuracy on one test set; 29 are compared with the first. A seed moves
each student by a normal effect of the given size on the logit scale. `family` is the share of repetitions with any
false verdict under Holm at .05. *Before* is the t test with Satterthwaite's degrees of freedom for all parts together.
`power` is the share of repetitions, one in five, in which one student that is better by .1 is found among the 29.

Second table: how often the interval of one accuracy of .99 holds it, with 68 test examples: one seed, and eight seeds
that are copies of each other. *Before* is the t interval.

    python benchmarks/few_seeds.py --repetitions 500 --json
"""

import argparse
import json
import os
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from w2sg.measure import MeanEstimate, Paired, accuracy_means, compare_all, holm, pgr, t_interval, t_p_value
from w2sg.measure.clustered import clustered_mean

SEEDS = (2, 3, 5, 8, 20)
SEED_EFFECTS = (0.4, 0.0)
STUDENTS, EXAMPLES = 30, 150
OWN_SHARE, BETTER = 0.15, 0.6
DIFFERENCE = (0.0, -1.0, 0.0, 1.0)
ACCURACY, TESTED = 0.99, 68


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for row in _rows(options.repetitions):
        print(json.dumps(row) if options.json else row, flush=True)


def _rows(repetitions: int) -> Iterator[dict[str, Any]]:
    for effect in SEED_EFFECTS:
        yield from (family(n_seeds, effect, repetitions) for n_seeds in SEEDS)
    yield from (near_one(n_seeds, ACCURACY, repetitions) for n_seeds in (1, 8))


def family(n_seeds: int, effect: float, repetitions: int) -> dict[str, Any]:
    """Return how often equal students are told apart, and how often a better one is found."""
    rng = np.random.default_rng(11)
    before = after = found_before = found_after = 0
    with_better = repetitions // 5
    for repetition in range(repetitions):
        better = BETTER if repetition < with_better else 0.0
        evidence, others = _place(rng, n_seeds, effect, better)
        old = holm(_before(evidence, list(others.values())))
        new = _after(evidence, others)
        if better:
            found_before += old[-1] < 0.05
            found_after += new[-1] < 0.05
        else:
            before += min(old) < 0.05
            after += min(new) < 0.05
    equal = repetitions - with_better
    return {
        "seeds": n_seeds,
        "seed_effect": effect,
        "repetitions": equal,
        "family_before": before / equal,
        "family_after": after / equal,
        "power_before": found_before / max(with_better, 1),
        "power_after": found_after / max(with_better, 1),
    }


def _after(evidence: Paired, others: dict[str, tuple[Any, ...]]) -> list[float]:
    """Return Holm's p-values as `compare_all` gives them, or 1 for all where none of them can be under .05.

    Holm's first step asks whether any interval at level 1 - .05 / m excludes 0, which costs far less than p-values.
    """
    means = accuracy_means(evidence, list(others.values()))
    level = 1 - 0.05 / len(others)
    intervals = [means.select((0, 1, 2, 3 + place)).interval(DIFFERENCE, level) for place in range(len(others))]
    if all(one.low <= 0 <= one.high for one in intervals):
        return [1.0] * len(others)
    return [one.p_adjusted for one in compare_all(evidence, others, minimum_gap=0.0).values()]


def _place(
    rng: np.random.Generator, n_seeds: int, effect: float, better: float
) -> tuple[Paired, dict[str, tuple[Any, ...]]]:
    """Return students that share an example's difficulty and most of its luck; the last one may be better."""
    difficulty, luck = 1 + 1.5 * rng.normal(size=(1, EXAMPLES)), rng.random((n_seeds, EXAMPLES))
    students = []
    for place in range(STUDENTS):
        own = np.where(rng.random(luck.shape) < OWN_SHARE, rng.random(luck.shape), luck)
        logit = difficulty + 0.6 * rng.normal(size=(1, EXAMPLES)) + effect * rng.normal(size=(n_seeds, 1))
        students.append(own < 1 / (1 + np.exp(-logit - better * (place == STUDENTS - 1))))
    weak, ceiling = (rng.random(luck.shape) < 1 / (1 + np.exp(-difficulty - up)) for up in (-1, 1))
    ids = np.tile(np.arange(EXAMPLES), (n_seeds, 1))
    evidence = Paired(tuple(range(n_seeds)), tuple(ids), tuple(weak), tuple(students[0]), tuple(ceiling))
    return evidence, {str(place): tuple(student) for place, student in enumerate(students[1:])}


def _before(evidence: Paired, others: list[tuple[Any, ...]]) -> list[float]:
    """Return p-values with Satterthwaite's degrees of freedom for the sum of all parts, negative ones included."""
    means = _clustered(evidence, others)
    p_values = []
    for place in range(len(others)):
        four = means.select((0, 1, 2, 3 + place))
        weights, value = np.array(DIFFERENCE), four.value(DIFFERENCE)
        worst = 0.0
        for parts in (four.parts, () if four.floor is None else (four.floor,)):
            variances = [float(weights @ part.covariance @ weights) for part in parts]
            spread = sum(v * v / part.degrees_of_freedom for v, part in zip(variances, parts, strict=True))
            df = max(sum(variances) ** 2 / spread, 1.0) if spread else EXAMPLES - 1
            worst = max(worst, t_p_value(value, max(sum(variances), 0.0), df) if parts else 0.0)
        p_values.append(worst)
    return p_values


def _clustered(evidence: Paired, others: list[tuple[Any, ...]]) -> MeanEstimate:
    columns = [np.concatenate(one) for one in (evidence.weak, evidence.student, evidence.ceiling, *others)]
    seeds = np.repeat(np.arange(evidence.n_seeds), EXAMPLES)
    return clustered_mean(np.stack(columns, axis=1), seeds, np.concatenate(evidence.ids))


def near_one(n_seeds: int, accuracy: float, repetitions: int, n: int = TESTED) -> dict[str, Any]:
    """Return how often the intervals of an accuracy hold it, by one seed or by copies of it."""
    rng = np.random.default_rng(3)
    before = after = 0
    for _ in range(repetitions):
        hits = rng.random(n) < accuracy
        copies = (hits,) * n_seeds
        evidence = Paired(tuple(range(n_seeds)), (np.arange(n),) * n_seeds, copies, copies, copies)
        means = accuracy_means(evidence)
        old = t_interval(float(hits.mean()), means.variance((1.0, 0.0, 0.0)), n - 1)
        new = pgr(evidence).weak
        before += old.low <= accuracy <= old.high
        after += new.low <= accuracy <= new.high
    shares = {"before": before / repetitions, "after": after / repetitions}
    return {"seeds": n_seeds, "n_test": n, "accuracy": accuracy, "repetitions": repetitions, **shares}


if __name__ == "__main__":
    main()
