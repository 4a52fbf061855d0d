"""Does a search that learns from outcomes find better settings than points that fill the space?

    python benchmarks/adaptive.py studies/factors-adaptive.toml --searches 5 --store FOLDER

The study is tried with its adaptive design and with Latin hypercubes of as many points and of twice as many, by other
draws of each. The best point of each search looks better than it is, so it is tried again under seeds that no search
saw, on the same tasks. What is told is the outcome there: the mean over families, and over searches with Student's 95 %
interval; differences are paired by search.
"""

import argparse
from pathlib import Path

import numpy as np

from w2sg.core import FloatArray
from w2sg.factors import FactorStudy, run_factors
from w2sg.factors.designs import Adaptive, FactorDesign, LatinHypercube
from w2sg.factors.running import base_setups, over_families, try_points
from w2sg.measure import Interval, t_interval

FRESH = tuple(range(1000, 1004))
"""Seeds under which the best points are tried again."""


def worth(study: FactorStudy, design: FactorDesign, outcome: str, store: Path) -> tuple[float, float]:
    """Return what the best point of a design seemed to be worth, and what it is under fresh seeds."""
    found = run_factors(study.model_copy(update={"design": design}), store=store)
    values = found.responses[outcome]
    best = int(np.nanargmax(values))
    bases, _ = base_setups(study)
    again = try_points(bases, study.factors, found.points[[best]], study.outcomes(), FRESH, store=store)
    return float(values[best]), float(over_families(again, outcome)[0])


def mean(values: FloatArray) -> Interval:
    """Return the mean over searches."""
    return t_interval(float(values.mean()), float(values.var(ddof=1)) / len(values), len(values) - 1)


def main() -> None:
    """Print what each design finds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("study", type=Path)
    parser.add_argument("--searches", type=int, default=5)
    parser.add_argument("--store", type=Path, required=True)
    asked = parser.parse_args()
    study = FactorStudy.read(asked.study)
    adaptive = study.design
    if not isinstance(adaptive, Adaptive):
        parser.error("the study's design must be adaptive")
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in range(asked.searches):
        designs: dict[str, FactorDesign] = {
            f"adaptive, {adaptive.count}": adaptive.model_copy(update={"seed": seed}),
            f"Latin hypercube, {adaptive.count}": LatinHypercube(count=adaptive.count, seed=seed + 100),
            f"Latin hypercube, {2 * adaptive.count}": LatinHypercube(count=2 * adaptive.count, seed=seed + 200),
        }
        for name, design in designs.items():
            found.setdefault(name, []).append(worth(study, design, adaptive.outcome, asked.store))
    first = np.array(next(iter(found.values())))[:, 1]
    for name, pairs in found.items():
        seemed, fresh = np.array(pairs).T
        told = f"seemed {seemed.mean():+.3f}, fresh seeds {mean(fresh)}, adaptive over it {mean(first - fresh)}"
        print(f"{name:24} {told}", flush=True)


if __name__ == "__main__":
    main()
