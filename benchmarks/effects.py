"""What intervals over tasks hold: the random-effects model, verdicts over families, and seeds until it is decided.

Each repetition draws true effects of families (mean 0, standard deviation .02 of accuracy) and their estimates, whose
standard errors differ (.002 to .012). Effects are normal, of skewness 1 or 2 (gamma), of skewness -1 or -2 (a method
that rarely does much harm), or all 0. `mean` is how often the interval holds the mean effect, `prediction` how often a
new family's effect lies in the prediction interval; `false verdict` how often any of the methods, of which none differs
in the mean, is called better or worse after Holm's correction: by the mean alone, by signed ranks alone, and by both as
a league does; `false better` the part of the last that praises. `looks` are differences of seeds at which one looks
after each seed: how often the anytime interval ever excludes the truth, and how often the fixed-sample t interval does.
With `--league FILE` (what `w2sg league STUDY --json` printed) families are drawn from the effects of that league's
methods, each centred at its mean.

    python benchmarks/effects.py --repetitions 2000 --json
"""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from w2sg.measure import anytime_t, holm, random_effects, signed_rank_p, t_interval

Draw = Callable[[np.random.Generator, int], np.ndarray]
FAMILIES = (5, 8, 12, 20)
SPREAD, ERRORS, METHODS, ALPHA = 0.02, (0.002, 0.012), 10, 0.05
SEEDS = 50


def gamma(skewness: float) -> Draw:
    """Return draws of mean 0 and standard deviation `SPREAD` from a gamma distribution, mirrored where negative."""
    shape = (2 / skewness) ** 2
    sign = np.sign(skewness)
    return lambda rng, k: np.asarray(sign * SPREAD * (rng.gamma(shape, size=k) - shape) / shape**0.5)


EFFECTS: dict[str, Draw] = {
    "normal": lambda rng, k: np.asarray(SPREAD * rng.normal(size=k)),
    "skewness 1": gamma(1.0),
    "skewness 2": gamma(2.0),
    "skewness -1": gamma(-1.0),
    "skewness -2": gamma(-2.0),
    "all 0": lambda rng, k: np.zeros(k),
}
LOOKS: dict[str, Draw] = {
    "normal": EFFECTS["normal"],
    "6 of 200 examples differ": lambda rng, k: np.asarray(
        (rng.binomial(200, 0.03, k) - rng.binomial(200, 0.03, k)) / 200
    ),
    "skewness 1": EFFECTS["skewness 1"],
    "skewness 2": EFFECTS["skewness 2"],
}


def main() -> None:
    """Print what held."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--league", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    draws = {**EFFECTS, **(drawn_from(options.league) if options.league else {})}
    found: dict[str, Any] = {
        name: {k: over_families(draw, k, options.repetitions) for k in FAMILIES} for name, draw in draws.items()
    }
    found["looks"] = {name: at_all_looks(draw, options.repetitions) for name, draw in LOOKS.items()}
    print(json.dumps(found, indent=2) if options.json else "\n".join(f"{k}: {v}" for k, v in found.items()))


def over_families(draw: Draw, k: int, repetitions: int) -> dict[str, float]:
    """Return what held over so many families; verdicts are simulated in a tenth as many repetitions."""
    rng = np.random.default_rng(k)
    mean, prediction = 0, 0
    for _ in range(repetitions):
        model = random_effects(*estimates(draw, rng, k))
        assert model.mean is not None
        assert model.prediction is not None
        mean += model.mean.low <= 0 <= model.mean.high
        prediction += model.prediction.low <= float(draw(rng, 1)[0]) <= model.prediction.high
    verdicts = np.mean([false_verdicts(draw, rng, k) for _ in range(repetitions // METHODS)], axis=0)
    names = ("false verdict by the mean", "false verdict by ranks", "false verdict", "false better")
    return {
        "mean": mean / repetitions,
        "prediction": prediction / repetitions,
        **dict(zip(names, map(float, verdicts), strict=True)),
    }


def false_verdicts(draw: Draw, rng: np.random.Generator, k: int) -> tuple[bool, bool, bool, bool]:
    """Return whether any of `METHODS` methods without a mean effect gets a verdict, by each rule."""
    given = [estimates(draw, rng, k) for _ in range(METHODS)]
    models = [random_effects(y, v) for y, v in given]
    by_mean = np.array([model.p_value for model in models], dtype=np.float64)
    by_ranks = np.array([signed_rank_p(y) for y, _ in given])
    both = holm(np.maximum(by_mean, by_ranks)) < ALPHA
    better = both & (np.array([model.estimate for model in models]) > 0)
    return bool(holm(by_mean).min() < ALPHA), bool(holm(by_ranks).min() < ALPHA), bool(both.any()), bool(better.any())


def estimates(draw: Draw, rng: np.random.Generator, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return estimated effects of k families with their variances."""
    errors = rng.uniform(*ERRORS, k)
    return draw(rng, k) + errors * rng.normal(size=k), errors**2


def at_all_looks(draw: Draw, repetitions: int) -> dict[str, float]:
    """Return how often intervals that are looked at after each of `SEEDS` seeds ever exclude the truth."""
    rng, anytime, fixed = np.random.default_rng(0), 0, 0
    for _ in range(repetitions // 2):
        x = draw(rng, SEEDS)
        looks = range(4, SEEDS + 1)
        anytime += any(not holds(anytime_t(x[:n], least_deviation=1 / 200)) for n in looks)
        fixed += any(not holds(t_interval(x[:n].mean(), x[:n].var(ddof=1) / n, n - 1)) for n in looks)
    return {"anytime": anytime / (repetitions // 2), "fixed t": fixed / (repetitions // 2)}


def holds(interval: Any) -> bool:
    """Return whether an interval holds 0."""
    return bool(interval.low <= 0 <= interval.high)


def drawn_from(path: Path) -> dict[str, Draw]:
    """Return draws with replacement from the effects of a league's methods, drawn to the mean and centred."""
    league = json.loads(path.read_text(encoding="utf-8"))
    shrunken = {one["method"]: one["effects"]["shrunken"] for one in league["standings"] if one["effects"]}
    centred = [np.array(list(effects.values())) - np.mean(list(effects.values())) for effects in shrunken.values()]

    def draw(rng: np.random.Generator, k: int) -> np.ndarray:
        return np.asarray(rng.choice(centred[rng.integers(len(centred))], k))

    return {f"effects of {path.name}": draw}


if __name__ == "__main__":
    main()
