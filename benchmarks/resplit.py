"""Coverage where all seeds re-split one pool: for new data, on worlds in which the truth is known by drawing data anew.

A world draws examples of two classes; the weak supervisor is a ridge rule on a few features, student and ceiling are
ridge rules on others, taught by its labels or by gold; the rival student learns from its labels made hard. In each
repetition a pool is drawn and S seeds split it into supervision, transfer and test. The truth is the mean over data
sets of the same size. *Before* clusters by seed and by test example and knows of no shared training rows.

    python benchmarks/resplit.py --seeds 20 --repetitions 400 --json
"""

import argparse
import json
import os
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from w2sg.measure import Interval, Paired, compare_all, pgr

Floats = NDArray[np.float64]
NAMES = ("weak", "student", "ceiling", "gain", "gap", "pgr", "difference")


@dataclass(frozen=True)
class World:
    """Two classes in `d` dimensions, and the sizes of a pool and of what supervisor and student learn from.

    `own` features are the supervisor's; with `curve` they bend with others, and the student sees all of them.
    """

    d: int
    own: int
    distance: float
    seed: int
    pool: int
    supervision: int
    transfer: int
    curve: float = 0.0

    def draw(self, rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        """Return inputs `(n, d)` and classes -1 and 1 `(n,)`."""
        fixed = np.random.default_rng(self.seed)
        direction = fixed.normal(size=self.d)
        scales = np.exp(0.4 * fixed.normal(size=self.d))
        y = np.asarray(rng.integers(0, 2, n) * 2 - 1, dtype=np.float64)
        x = 0.77 * scales * rng.standard_t(5, size=(n, self.d))
        x += y[:, None] * direction * self.distance / np.linalg.norm(direction)
        x[:, : self.own] += self.curve * np.sin(1.3 * x[:, -self.own :])
        return x, y

    def answers(self, x: Floats, y: Floats, supervision: Any, transfer: Any, asked: Floats) -> Floats:
        """Return what weak, student, ceiling and the rival answer, `(m, 4)`."""
        seen = slice(0 if self.curve else self.own - 1, None)
        weak = _ridge(x[supervision, : self.own], y[supervision])
        said = np.clip(_apply(weak, x[transfer, : self.own]), -1, 1)
        taught = [_ridge(x[transfer, seen], target) for target in (said, y[transfer], np.sign(said))]
        columns = [_apply(weak, asked[:, : self.own]), *(_apply(rule, asked[:, seen]) for rule in taught)]
        return np.stack(columns, axis=1)


WORLDS = {
    "small": World(13, 3, 1.5, 3, 178, 40, 70),
    "middle": World(20, 4, 1.35, 2, 570, 60, 250),
    "curved": World(12, 3, 1.5, 24, 180, 40, 80, curve=0.8),
}


def main() -> None:
    """Print the coverage of every quantity in every world."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [coverage(name, options.seeds, options.repetitions) for name in WORLDS]
    print(json.dumps(rows, indent=2) if options.json else "\n".join(map(str, rows)))


def coverage(name: str, n_seeds: int, repetitions: int, draws: int = 2000) -> dict[str, Any]:
    """Return how often intervals hold the truth, before and after."""
    world, rng = WORLDS[name], np.random.default_rng(8)
    truth = true_values(world, draws)
    before, after = np.zeros(len(NAMES)), np.zeros(len(NAMES))
    for _ in range(repetitions):
        evidence, rival = one_pool(world, rng, n_seeds)
        after += _held(evidence, rival, truth)
        unaware = Paired(
            evidence.seeds, evidence.ids, evidence.weak, evidence.student, evidence.ceiling, shared_training=0
        )
        before += _held(unaware, rival, truth)
    shares = {n: (float(b), float(a)) for n, b, a in zip(NAMES, before / repetitions, after / repetitions, strict=True)}
    return {"world": name, "pool": world.pool, "seeds": n_seeds, "repetitions": repetitions, "before, after": shares}


def true_values(world: World, draws: int) -> Floats:
    """Return the true values of `NAMES` over data sets of this size."""
    rng, total = np.random.default_rng(77), np.zeros(4)
    a, b = np.arange(world.supervision), world.supervision + np.arange(world.transfer)
    for _ in range(draws):
        x, y = world.draw(rng, world.supervision + world.transfer + 2000)
        fresh = slice(world.supervision + world.transfer, None)
        total += (np.sign(world.answers(x, y, a, b, x[fresh])) == y[fresh, None]).mean(axis=0)
    weak, student, ceiling, rival = total / draws
    gain, gap = student - weak, ceiling - weak
    return np.array([weak, student, ceiling, gain, gap, gain / gap, rival - student])


def one_pool(world: World, rng: np.random.Generator, n_seeds: int) -> tuple[Paired, tuple[Any, ...]]:
    """Return the evidence of seeds that split one pool, and who of the rivals was right."""
    x, y = world.draw(rng, world.pool)
    ids, right = [], []
    for _ in range(n_seeds):
        order = rng.permutation(world.pool)
        a, b, c = np.split(order, [world.supervision, world.supervision + world.transfer])
        ids.append(c)
        right.append(np.sign(world.answers(x, y, a, b, x[c])) == y[c, None])
    columns = [tuple(one[:, place] for one in right) for place in range(4)]
    return Paired(tuple(range(n_seeds)), tuple(ids), *columns[:3]), columns[3]


def _held(evidence: Paired, rival: tuple[Any, ...], truth: Floats) -> Floats:
    found = pgr(evidence, minimum_gap=0.0)
    difference = compare_all(evidence, {"rival": rival}, minimum_gap=0.0)["rival"].difference
    # an unbounded set of ratios is counted as one that holds
    bounds = (-np.inf, np.inf) if found.low is None or found.high is None else (found.low, found.high)
    ratio = Interval(0.0, *bounds, found.level)
    intervals = (found.weak, found.student, found.ceiling, found.gain, found.gap, ratio, difference)
    return np.array([one.low <= value <= one.high for one, value in zip(intervals, truth, strict=True)])


def _ridge(x: Floats, y: Floats) -> Floats:
    design = np.column_stack([x, np.ones(len(x))])
    penalty = np.append(np.ones(x.shape[1]), 1e-3)
    return np.asarray(np.linalg.solve(design.T @ design + np.diag(penalty), design.T @ y))


def _apply(rule: Floats, x: Floats) -> Floats:
    return np.asarray(x @ rule[:-1] + rule[-1])


if __name__ == "__main__":
    main()
