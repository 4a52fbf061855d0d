"""Do the intervals of factors hold together? Simulated studies with known effects, few tasks and few seeds.

Each task has effects of its own around a mean, examples that are shared by all settings, and seeds that differ. Run:

    python benchmarks/factors.py --studies 2000
"""

import argparse
import itertools
from collections.abc import Mapping

import numpy as np

from w2sg.core import FloatArray, derive, registry
from w2sg.factors import Factor
from w2sg.factors.designs import FactorDesign
from w2sg.factors.effects import effects_of
from w2sg.factors.running import BaseSetup, Tried
from w2sg.factors.terms import terms_of
from w2sg.lab import make_setup
from w2sg.measure import Reading, ScoredMean

N_FACTORS, N_EXAMPLES = 12, 100
BETWEEN, SEED, EXAMPLE = 0.05, 0.02, 0.5
"""Standard deviations: of a task's effect, of a seed's luck at one setting, of an example's score at one setting."""
SHAPES = ("normal", "skewed", "none")
"""How tasks' effects lie around their mean; `none`: all tasks have the same effects."""


SETUP = make_setup("wine")
MEANS = np.linspace(-0.1, 0.1, N_FACTORS)


def effects_of_task(rng: np.random.Generator, shape: str) -> FloatArray:
    """Return the deviations of a task's effects from their means, `(k,)`."""
    if shape == "none":
        return np.zeros(N_FACTORS)
    drawn = rng.standard_normal(N_FACTORS) if shape == "normal" else rng.standard_exponential(N_FACTORS) - 1
    return BETWEEN * drawn


def tried(rng: np.random.Generator, points: FloatArray, shape: str, seeds: int, task: int) -> Tried:
    """Return what a task with an effect of its own around each mean gives at every point."""
    own = MEANS + effects_of_task(rng, shape)
    base = rng.standard_normal(N_EXAMPLES)
    readings: list[Mapping[str, tuple[Reading, ...]]] = []
    for point in points:
        level = float(np.nansum(own * point))
        by_seed = []
        for _ in range(seeds):
            luck = SEED * rng.standard_normal()
            scores = level + luck + base + EXAMPLE * rng.standard_normal(N_EXAMPLES)
            by_seed.append(Reading(0.0, (ScoredMean(1, np.arange(N_EXAMPLES), scores),)))
        readings.append({"gain": tuple(by_seed)})
    return Tried(BaseSetup(f"task {task}", f"task {task}", SETUP, task), tuple(readings), (), frozenset())


def main() -> None:
    """Print the coverage of single intervals and of all together, by design, shape and number of tasks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    factor = {"kind": "field", "group": "data", "path": "student.c", "levels": [0, 1]}
    factors = [registry.build(Factor, {**factor, "title": f"factor {place}"}) for place in range(N_FACTORS)]
    for kind, tasks, shape in itertools.product(("one-at-a-time", "plackett-burman"), (4, 8, 12), SHAPES):
        design = registry.build(FactorDesign, kind)
        points = design.points(factors)
        terms = terms_of(design, factors, points, interactions=True)
        inside = []
        for study in range(asked.studies):
            rng = derive(study, "factors", kind, shape, str(tasks))
            made = [tried(rng, points, shape, asked.seeds, task) for task in range(tasks)]
            effects = effects_of(made, terms, "gain", dict.fromkeys(range(tasks), 0.0))
            found = [one.interval for one in effects if one.term.sort == "effect" and one.interval]
            inside.append([one.low <= mean <= one.high for one, mean in zip(found, MEANS, strict=True)])
        each, together = np.mean(inside), np.mean(np.all(inside, axis=1))
        print(f"{kind:16} {tasks:3} tasks, effects {shape:7} each {each:.4f}, together {together:.3f}")


if __name__ == "__main__":
    main()
