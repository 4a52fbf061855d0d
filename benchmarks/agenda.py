"""Does the agenda choose well? Four ways to spend one budget, replayed over one pool of runs with measured costs.

`python -m benchmarks.agenda make --store POOL` makes every run of every claim at every site under `SEEDS` seeds for
each of `REPETITIONS`, in a folder with the data sets in `data`. `python -m benchmarks.agenda replay --store POOL` then
lets each way choose: an experiment's missing steps are charged with the seconds that were measured in the pool, and
nothing else of the pool is known to who chooses. Repetitions have seeds of their own. Claims that are false by
construction are held against the same runs.

`agenda` is how `w2sg agenda` ranks, which was chosen on the repetitions `CHOSEN_ON`; all others are held out.
`information` takes what promises most bits per second.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from w2sg.agenda import (
    Agenda,
    Costs,
    Knowledge,
    Measurement,
    PlannedExperiment,
    Planner,
    Region,
    ResearchClaim,
    RunCatalogue,
    ScoredRun,
    Trial,
    effect_of,
    scored_run,
    scores_of,
)
from w2sg.agenda.planning import LEAST_S
from w2sg.core import derive
from w2sg.graph import Keys, Step, Store
from w2sg.lab import Run, Score, make_runs
from w2sg.measure import t_interval

SITES = Path(__file__).parent / "agenda-sites.toml"
SEEDS, REPETITIONS = 3, 5
ALL_MINUTES = 180.0
"""Costs are scaled so that all runs of a repetition cost as much: 30 core-minutes then buy a sixth of them."""
BUDGETS = (7.5, 15.0, 30.0, 60.0)
"""In scaled core-minutes."""
WAYS = ("agenda", "information", "cheapest", "random")
CHOSEN_ON = (0, 1)


@dataclass(eq=False)
class Pool:
    """All runs, in memory: runs and seconds by the `id` of the catalogue's steps."""

    agenda: Agenda
    catalogue: RunCatalogue
    runs: dict[int, Run]
    seconds: dict[int, float]
    _measured: dict[tuple[int, tuple[int, ...]], Measurement] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "Pool":
        """Read a pool from its store."""
        agenda = Agenda.read(None, [SITES])
        catalogue = RunCatalogue(agenda, range(SEEDS * REPETITIONS))
        keys, runs, seconds = Keys(), {}, {}
        with Store(folder) as store:
            for score in catalogue.scores:
                artifact = store.get(keys.of(score))
                if artifact is None:
                    sys.exit(f"{score.title()} is not in the pool: make it first")
                runs[id(score)] = Run("", score.setup, score.seed, artifact.record, artifact.arrays)
                for step in Costs().missing([score]):
                    if id(step) not in seconds:
                        seconds[id(step)] = float((store.record(keys.of(step)) or {}).get("seconds", 0.0))
        return cls(agenda, catalogue, runs, seconds)

    def measured(self, trial: Trial, seeds: Sequence[int]) -> Measurement:
        """Return what a trial shows under some seeds."""
        key = id(trial), tuple(seeds)
        if key not in self._measured:
            one = effect_of(self.arms(trial, seeds), [arm.weight for arm in trial.claim.arms])
            found = Measurement(trial.claim.name, trial.site.name, one.estimate, one.variance, len(seeds))
            self._measured[key] = found
        return self._measured[key]

    def arms(self, trial: Trial, seeds: Sequence[int]) -> list[list[ScoredRun]]:
        """Return the outcome of each arm under each seed."""
        scores, n = self.catalogue.scores_of(trial, seeds), len(seeds)
        runs = [
            scored_run(self.runs[id(score)], trial.claim.measured, trial.tests[place // n])
            for place, score in enumerate(scores)
        ]
        return [runs[start : start + n] for start in range(0, len(runs), n)]

    def cost(self, scores: Sequence[Score], costs: Costs) -> float:
        """Charge the missing steps of some runs."""
        missing = costs.missing(scores)
        for step in missing:
            costs.saw(step, self.seconds[id(step)])
        return sum(self.seconds[id(step)] for step in missing)


@dataclass(frozen=True)
class Point:
    """After an experiment: seconds charged, claims decided, experiments made."""

    spent: float
    decided: int
    experiments: int


def seeds_of(repetition: int) -> range:
    """Return the seeds of a repetition."""
    return range(SEEDS * repetition, SEEDS * (repetition + 1))


def replay(pool: Pool, repetition: int, way: str, budget: float) -> tuple[list[Point], Knowledge]:
    """Spend a budget in one way; return the points on the way, and what was known at the end."""
    seeds, rng = seeds_of(repetition), derive(repetition, "agenda", "random")
    planner, costs, known = Planner(pool.catalogue, seeds), Costs(), Knowledge(pool.agenda, ())
    spent, points = 0.0, [Point(0.0, len(known.decided), 0)]
    while True:
        possible = planner.candidates(known, costs) if way == "agenda" else planner.possible(known, costs)
        affordable = [one for one in possible if spent + one.seconds <= budget]
        if not affordable:
            return points, known
        chosen = _chosen(affordable, way, rng)
        found = []
        for trial in chosen.together:
            one = pool.measured(trial, seeds)
            expected = planner.expected(trial, chosen.n_seeds, known)
            found.append(replace(one, shown=expected.scored(one.estimate)))
        spent += pool.cost(pool.catalogue.scores_of(chosen.trial, seeds), costs)
        known = known.after(found)
        if spent <= budget:
            points.append(Point(spent, len(known.decided), len(known.measurements)))


def _chosen(affordable: Sequence[PlannedExperiment], way: str, rng: np.random.Generator) -> PlannedExperiment:
    if way == "agenda":
        return affordable[0]
    if way == "information":
        return min(affordable, key=lambda one: (-one.bits / max(one.seconds, LEAST_S), one.title))
    if way == "cheapest":
        return min(affordable, key=lambda one: (one.seconds, one.title))
    return affordable[int(rng.integers(len(affordable)))]


def overall(pool: Pool) -> Knowledge:
    """Return what all runs of the pool tell together."""
    every = range(SEEDS * REPETITIONS)
    return Knowledge(pool.agenda, [pool.measured(trial, every) for trial in pool.agenda.trials])


def placebos(pool: Pool) -> dict[str, object]:
    """Return what becomes of claims that are false by construction, on the runs of each repetition.

    `same arm`: an arm against itself, said to differ by more than a point. `coin`: the sign of each site's effect is
    dealt by a coin, so that its mean over sites is 0, and a claim says that it is above 0. `parity`: one arm under
    all even seeds against all odd ones, said to be above 0.
    """
    one_sided = [c for c in pool.agenda.claims.values() if c.region is not None and 0.0 in c.region.ends]
    coin, parity, same = [], [], []
    for repetition in range(REPETITIONS):
        seeds, rng = seeds_of(repetition), derive(repetition, "agenda", "coin")
        for claim in one_sided:
            trials = [trial for trial in pool.agenda.trials if trial.claim is claim]
            found = [pool.measured(trial, seeds) for trial in trials]
            coin.append(_credence(pool, claim, [replace(m, estimate=m.estimate * rng.choice([-1, 1])) for m in found]))
        claim = pool.agenda.claims["naive-gains"].model_copy(update={"region": Region(low=0.01)})
        trials = [trial for trial in pool.agenda.trials if trial.claim.name == claim.name]
        arms = [pool.arms(trial, seeds)[0] for trial in trials]
        found = [_against(trial, arm, arm) for trial, arm in zip(trials, arms, strict=True)]
        same.append(_credence(pool, claim, found))
    for claim in one_sided:
        trials = [trial for trial in pool.agenda.trials if trial.claim is claim]
        parity.append(_credence(pool, claim, [m for trial in trials for m in _parity(pool, trial)]))
    return {name: _shares(values) for name, values in (("same arm", same), ("coin", coin), ("parity", parity))}


def _credence(pool: Pool, claim: ResearchClaim, found: Sequence[Measurement]) -> float:
    agenda = Agenda({claim.name: claim.model_copy(update={"presupposes": (), "credence": 0.5})}, {}, pool.agenda.sites)
    return Knowledge(agenda, found).credences[claim.name]


def _parity(pool: Pool, trial: Trial) -> list[Measurement]:
    """Return the difference of the first arm between even and odd seeds; nothing where they share no test example."""
    pairs = SEEDS * REPETITIONS // 2
    even, odd = (pool.arms(trial, [2 * pair + rest for pair in range(pairs)])[0] for rest in (0, 1))
    if not all(np.intersect1d(a.units, b.units).size for a, b in zip(even, odd, strict=True)):
        return []
    return [_against(trial, even, odd)]


def _against(trial: Trial, one: Sequence[ScoredRun], other: Sequence[ScoredRun]) -> Measurement:
    effect = effect_of([one, other], [1.0, -1.0])
    return Measurement(trial.claim.name, trial.site.name, effect.estimate, effect.variance, len(one))


def _shares(credences: Sequence[float]) -> dict[str, float]:
    values = np.array(credences)
    return {"n": len(values), "above .95": float((values > 0.95).mean()), "below .05": float((values < 0.05).mean())}


def report(pool: Pool) -> dict[str, object]:
    """Replay all ways in all repetitions, and return every number."""
    whole = overall(pool)
    held_out = [number for number in range(REPETITIONS) if number not in CHOSEN_ON]
    total = [sum(pool.seconds[id(step)] for step in _steps(pool, repetition)) for repetition in range(REPETITIONS)]
    rows: dict[str, list[list[tuple[int, int]]]] = {way: [] for way in WAYS}
    decided: dict[str, np.ndarray[tuple[int, int], np.dtype[np.float64]]] = {}
    ends: dict[str, list[Knowledge]] = {way: [] for way in WAYS}
    for way in WAYS:
        for repetition in range(REPETITIONS):
            minute = total[repetition] / ALL_MINUTES
            points, known = replay(pool, repetition, way, max(BUDGETS) * minute)
            ends[way].append(known)
            within = [[point for point in points if point.spent <= budget * minute][-1] for budget in BUDGETS]
            rows[way].append([(point.decided, point.experiments) for point in within])
        decided[way] = np.array([[count for count, _ in row] for row in rows[way]], dtype=np.float64)
    ahead = {way: (decided["agenda"] - decided[way]).T for way in WAYS[1:]}
    return {
        "testable claims": len(pool.agenda.claims) - len(pool.agenda.untested),
        "trials": len(pool.agenda.trials),
        "seconds of all runs, by repetition": total,
        "budgets, in scaled minutes": BUDGETS,
        "decided on average": {way: decided[way].mean(axis=0).tolist() for way in WAYS},
        "decided on average, held out": {way: decided[way][held_out].mean(axis=0).tolist() for way in WAYS},
        "decided and experiments, each": rows,
        "agenda ahead of": {way: [_interval(one) for one in by_budget] for way, by_budget in ahead.items()},
        "agenda ahead of, held out": {way: [_interval(one[held_out]) for one in of] for way, of in ahead.items()},
        "reversed": {way: [_reversed(known, whole) for known in ends[way]] for way in WAYS},
        "forecasts": {way: [asdict(s) for known in ends[way] if (s := scores_of(known.measurements))] for way in WAYS},
        "all runs": {name: round(credence, 3) for name, credence in whole.credences.items() if whole.sites_of(name)},
        "decided by all runs": whole.decided,
        "placebos": placebos(pool),
    }


def _steps(pool: Pool, repetition: int) -> list[Step]:
    seeds = set(seeds_of(repetition))
    return Costs().missing([score for score in pool.catalogue.scores if score.seed in seeds])


def _reversed(known: Knowledge, whole: Knowledge) -> list[str]:
    """Return the decided claims that all runs together decide the other way."""
    both = set(known.decided) & set(whole.decided)
    return sorted(name for name in both if (known.credences[name] > 0.5) != (whole.credences[name] > 0.5))


def _interval(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    found = t_interval(float(values.mean()), float(values.var(ddof=1)) / len(values), len(values) - 1, 0.95)
    return [found.estimate, found.low, found.high]


def make(folder: Path) -> None:
    """Make the pool: a study of some thousand runs."""
    agenda = Agenda.read(None, [SITES])
    setups = {setup.digest(): setup for trial in agenda.trials for setup in trial.setups}
    made = make_runs(setups.values(), range(SEEDS * REPETITIONS), store=folder, workers=2)
    print(f"{len(made.runs)} runs, {len(made.refused)} refused, {len(made.failed)} failed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("make", "replay"))
    parser.add_argument("--store", type=Path, required=True)
    given = parser.parse_args()
    if given.what == "make":
        make(given.store)
    else:
        print(json.dumps(report(Pool.read(given.store)), indent=1))
