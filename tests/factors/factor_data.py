"""Made-up results of a factor study, of which the truth is known."""

from collections.abc import Mapping, Sequence

import numpy as np

from w2sg.core import FloatArray, registry
from w2sg.factors import Factor
from w2sg.factors.running import BaseSetup, Tried
from w2sg.lab import make_setup
from w2sg.measure import Reading, ScoredMean


def switches(count: int) -> list[Factor]:
    """Return factors with two levels, 0 and 1."""
    fields = {"kind": "field", "group": "data", "path": "student.c", "levels": [0, 1]}
    return [registry.build(Factor, {**fields, "title": f"factor {place}"}) for place in range(count)]


def reading(scores: FloatArray, units: Sequence[int] | None = None) -> Reading:
    """Return a reading of some scores, of examples numbered from 0 where nothing else is said."""
    return Reading(0.0, (ScoredMean(1, np.arange(len(scores)) if units is None else np.array(units), scores),))


def tried(
    rng: np.random.Generator, points: FloatArray, effects: FloatArray, task: int, *, seeds: int = 2, noise: float = 0.3
) -> Tried:
    """Return what a task with these effects gives: examples are shared by all points, seeds and the rest are luck."""
    base = rng.standard_normal(60)
    readings: list[Mapping[str, tuple[Reading, ...]]] = [
        {
            "gain": tuple(
                reading(float(np.nansum(effects * point)) + base + noise * rng.standard_normal(60))
                for _ in range(seeds)
            )
        }
        for point in points
    ]
    name = f"task {task}"
    return Tried(BaseSetup(name, name, make_setup("wine"), task), tuple(readings), (), frozenset())
