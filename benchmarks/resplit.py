"""Coverage where all seeds re-split one pool: for new data, on worlds in which the truth is known by drawing data anew.

A world draws examples of two classes; the weak supervisor learns from gold of a few rows, student and ceiling from its
labels or from gold; the rival student learns from its labels made hard. In each repetition a pool is drawn and S seeds
split it into supervision, transfer and test. The truth is the mean over data sets of the same size. *Before* clusters
by seed and by test example, knows of no shared training rows, and has the interval of today in all else. A PGR counts
where there is one: where the gap's interval is above 0.

The constants of `w2sg.measure.accuracies` were chosen on six worlds of ridge rules: `curved` is one of them, and
`small`, `middle` and `large` are like others and were in view. `clusters` had no say: its students are neighbours and
not linear, and it was made after the constants.

    python benchmarks/resplit.py --repetitions 300 --json
"""

import argparse
import json
import os
from dataclasses import dataclass
from functools import cache
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from w2sg.measure import Paired, compare_all, pgr

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


@dataclass(frozen=True)
class Clusters:
    """Clusters of either class in `d` dimensions, of whose rows a few have the wrong class.

    The supervisor knows two dimensions and asks which class mean is nearer; students ask the nearest `k` rows.
    """

    d: int
    count: int
    k: int
    noise: float
    seed: int
    pool: int
    supervision: int
    transfer: int

    def draw(self, rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        """Return inputs `(n, d)` and classes -1 and 1 `(n,)`."""
        fixed = np.random.default_rng(self.seed)
        centres = 1.5 * fixed.normal(size=(self.count, self.d))
        classes = np.sign(centres[:, 0] + centres[:, 1] + fixed.normal(size=self.count))
        cluster = rng.integers(self.count, size=n)
        flipped = np.where(rng.random(n) < self.noise, -1.0, 1.0)
        return centres[cluster] + rng.normal(size=(n, self.d)), classes[cluster] * flipped

    def answers(self, x: Floats, y: Floats, supervision: Any, transfer: Any, asked: Floats) -> Floats:
        """Return what weak, student, ceiling and the rival answer, `(m, 4)`."""
        known, gold = x[supervision, :2], y[supervision]
        means = [known[gold == one].mean(axis=0) for one in (-1, 1)]

        def weak(points: Floats) -> Floats:
            far = [np.linalg.norm(points[:, :2] - mean, axis=1) for mean in means]
            return np.asarray(np.clip(far[0] - far[1], -1, 1))

        taught = x[transfer]
        said = weak(taught)
        squares = (taught**2).sum(axis=1) - 2 * asked @ taught.T
        near = np.argpartition(squares, self.k, axis=1)[:, : self.k]
        targets = np.stack([said, y[transfer], np.sign(said)], axis=1)
        # the mean over neighbours is moved by less than any vote, so that a tie is never 0
        return np.column_stack([weak(asked), targets[near].mean(axis=1) + 1e-9])


WORLDS: dict[str, World | Clusters] = {
    "small": World(13, 3, 1.5, 3, 178, 40, 70),
    "middle": World(20, 4, 1.35, 2, 570, 60, 250),
    "large": World(30, 6, 1.6, 4, 1797, 400, 800),
    "curved": World(12, 3, 1.5, 24, 180, 40, 80, curve=0.8),
    "clusters": Clusters(8, 12, 9, 0.05, 41, 400, 60, 180),
}
CASES = (
    *(("small", s) for s in (8, 20)),
    *(("middle", s) for s in (8, 20, 50)),
    ("large", 20),
    *(("curved", s) for s in (8, 20)),
    *(("clusters", s) for s in (8, 20)),
)


def main() -> None:
    """Print the coverage of every quantity in every case, each as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--world", choices=tuple(WORLDS), help="only this one")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for name, n_seeds in CASES:
        if options.world in (None, name):
            row = coverage(name, n_seeds, options.repetitions)
            print(json.dumps(row) if options.json else row, flush=True)


def coverage(name: str, n_seeds: int, repetitions: int) -> dict[str, Any]:
    """Return how often intervals hold the truth, before and after."""
    world, rng = WORLDS[name], np.random.default_rng(8)
    truth = true_values(world)
    before, after = [], []
    for _ in range(repetitions):
        evidence, rival = one_pool(world, rng, n_seeds)
        unaware = Paired(
            evidence.seeds, evidence.ids, evidence.weak, evidence.student, evidence.ceiling, shared_training=0
        )
        before.append(_held(unaware, rival, truth))
        after.append(_held(evidence, rival, truth))
    return {
        "world": name,
        "pool": world.pool,
        "seeds": n_seeds,
        "repetitions": repetitions,
        "truth": {n: round(float(value), 4) for n, value in zip(NAMES, truth, strict=True)},
        "before": _shares(before),
        "after": _shares(after),
    }


def _shares(held: list[Floats]) -> dict[str, float | None]:
    """Return how often each interval held the truth, and how often there was a PGR; NaN says that there was none."""
    rows = np.array(held)
    given = ~np.isnan(rows)
    shares = {
        n: float(column[there].mean()) if there.any() else None
        for n, column, there in zip(NAMES, rows.T, given.T, strict=True)
    }
    return {**shares, "pgr given": float(given[:, NAMES.index("pgr")].mean())}


@cache
def true_values(world: World | Clusters, draws: int = 1000) -> Floats:
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


def one_pool(world: World | Clusters, rng: np.random.Generator, n_seeds: int) -> tuple[Paired, tuple[Any, ...]]:
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
    pairs = zip((found.weak, found.student, found.ceiling, found.gain, found.gap), truth, strict=False)
    held = [float(one.low <= value <= one.high) for one, value in pairs]
    ratio = float(found.low <= truth[5] <= found.high) if found.low is not None and found.high is not None else np.nan
    return np.array([*held, ratio, float(difference.low <= truth[6] <= difference.high)])


def _ridge(x: Floats, y: Floats) -> Floats:
    design = np.column_stack([x, np.ones(len(x))])
    penalty = np.append(np.ones(x.shape[1]), 1e-3)
    return np.asarray(np.linalg.solve(design.T @ design + np.diag(penalty), design.T @ y))


def _apply(rule: Floats, x: Floats) -> Floats:
    return np.asarray(x @ rule[:-1] + rule[-1])


if __name__ == "__main__":
    main()
