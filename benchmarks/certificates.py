"""Coverage and width of every certificate, in worlds where the truth is known; and what an audit of disagreements buys.

A certificate is simulated `--repetitions` times for each number of labels and each rate. What a rate is differs by
world: of ones, of the student's errors among disagreements, of the supervisor's errors, and so on (see the functions).
A bound covers if it is on the right side of the truth; a procedure that certifies nothing covers. Distances are those
of bound and truth.

    python benchmarks/certificates.py --repetitions 2000 --json
"""

import argparse
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from w2sg import measure
from w2sg.core import Inapplicable, derive
from w2sg.theory import certificates as c

NUMBERS, RATES, DELTA = (50, 200, 1000), (0.02, 0.1, 0.4), 0.05
MANY = 5
"""Unlabelled inputs for each labelled one."""
ROUNDING = 1e-9
Rng = np.random.Generator
Floats = NDArray[np.float64]
Drawn = tuple[float | None, float, str]
"""A bound (None if nothing was certified), the truth, and on which side the bound is."""


@dataclass(frozen=True)
class Cell:
    """What was found for one certificate, number of labels and rate."""

    certificate: str
    n: int
    rate: float
    repetitions: int
    coverage: float
    p_value: float
    """Of so few successes if coverage is 1 - delta."""
    truth: float
    bound: float
    """Mean bound; NaN if nothing was ever certified."""
    distance: float


def cell(name: str, n: int, rate: float, bounds: Floats, truths: Floats, side: str) -> Cell:
    """Return coverage and distance; a bound that is NaN certifies nothing and covers."""
    none = np.isnan(bounds)
    right = none | ((bounds >= truths - ROUNDING) if side == "high" else (bounds <= truths + ROUNDING))
    p_value = binomtest(int(right.sum()), len(right), 1 - DELTA, alternative="less").pvalue
    some = ~none
    mean = float(bounds[some].mean()) if some.any() else math.nan
    apart = float(np.abs(bounds - truths)[some].mean()) if some.any() else math.nan
    return Cell(name, n, rate, len(right), float(right.mean()), float(p_value), float(truths.mean()), mean, apart)


def mean_bounds(n: int, rate: float, repetitions: int, rng: Rng) -> list[Cell]:
    """Simulate the bounds of a mean: independent 0 and 1, then draws without replacement from a pool of twice n."""
    samples = (rng.random((repetitions, n)) < rate).astype(np.float64)
    pool = np.zeros(2 * n)
    pool[: round(2 * n * rate)] = 1
    drawn = rng.permuted(np.tile(pool, (repetitions, 1)), axis=1)[:, :n]
    independent: dict[str, measure.Certifier] = {
        "clopper-pearson": measure.ClopperPearson(),
        "hoeffding": measure.Hoeffding(),
        "chernoff-kl": measure.ChernoffKl(),
        "maurer-pontil": measure.MaurerPontil(),
        "betting": measure.Betting(),
        "betting, horizon n": measure.Betting(horizon=n),
    }
    finite: dict[str, measure.Certifier] = {
        "clopper-pearson, pool": measure.ClopperPearson(without_replacement_of=2 * n),
        "betting, pool": measure.Betting(horizon=n, without_replacement_of=2 * n),
    }
    found = []
    for made, data, truth in ((independent, samples, rate), (finite, drawn, pool.mean())):
        truths = np.full(repetitions, truth)
        for name, one in made.items():
            found.append(cell(f"{name}, upper", n, rate, one.highs(data, DELTA), truths, "high"))
            found.append(cell(f"{name}, lower", n, rate, 1 - one.highs(1 - data, DELTA), truths, "low"))
    found.append(_stopping(n, rate, samples))
    return found


def _stopping(n: int, rate: float, samples: Floats) -> Cell:
    """Look after each label and stop at the first bound that is wrong, if there is one."""
    betting = measure.Betting()
    bets, truths = betting.bets(samples, DELTA), np.full(len(samples), rate)
    right = betting.log_capital(samples, bets, truths).max(axis=1) < -np.log(DELTA)
    found = cell("betting, all n at once, upper", n, rate, np.where(right, np.nan, -1.0), truths, "high")
    return replace(found, bound=math.nan, distance=math.nan)


def audit(n: int, rate: float, rng: Rng, classes: int) -> Drawn:
    """Audit n of the disagreements, which are 3 in 10; the student errs on a share `rate` of them (0.4 of three)."""
    size = MANY * n
    student = (rng.random(size) < 0.3).astype(int)
    rows = np.flatnonzero(student)[:n]
    chances = [rate, 1 - rate] if classes == 2 else [rate, 0.6, 0.4 - rate]
    labels = rng.choice(classes, size=len(rows), p=chances)
    found = c.gain_by_audit(np.zeros(size, dtype=int), student, rows, labels, DELTA, n_classes=classes)
    return found.low, 0.3 * (chances[1] - chances[0]), "low"


def pairs(n: int, rate: float, rng: Rng) -> Drawn:
    """Draw labels at random in the same world."""
    student, wrong = rng.random(n) < 0.3, rng.random(n) < rate
    found = c.gain_by_pairs(student & ~wrong, student & wrong, DELTA)
    return found.low, 0.3 * (1 - 2 * rate), "low"


def misfit(n: int, rate: float, rng: Rng, cross: bool) -> Drawn:
    """Draw labels of chance .2 or .8; the supervisor takes one for the other at the rate, the student half as often."""
    size = MANY * n
    truth = np.where(rng.random(size) < 0.5, 0.2, 0.8)
    weak = np.where(rng.random(size) < rate, 1 - truth, truth)
    student = np.where(rng.random(size) < rate / 2, 1 - truth, truth)
    labels = (rng.random(n) < truth[:n]).astype(float)
    gain = 0.36 * rate / 2
    apart = 0.36 * (rate * (1 - rate / 2) + (1 - rate) * rate / 2)
    if cross:
        term = c.cross_term(weak[:n], student[:n], labels, DELTA, side="high")
        return term.high, (gain - apart) / 2, "high"
    return c.gain_by_misfit(weak, student, np.arange(n), labels, DELTA).low, gain, "low"


def explicit(n: int, rate: float, rng: Rng) -> Drawn:
    """Project a supervisor onto constants; the truth is .48 or .52, the supervisor says .1 or .9 at the rate."""
    truth = np.where(rng.random(MANY * n) < 0.5, 0.48, 0.52)
    guess = np.where(rng.random(MANY * n) < 0.5, 0.1, 0.9)
    weak = np.where(rng.random(MANY * n) < rate, guess, truth)
    try:
        loss = (weak[:n] - truth[:n]) ** 2
        found = c.gain_by_explicit_misfit(loss, (weak - 0.5) ** 2, DELTA, approximation=0.0004)
    except Inapplicable:
        return None, 0.0, "low"
    return found.low, rate * 0.1604 - 0.0004, "low"


def identification(n: int, rate: float, rng: Rng, unit: Literal["error", "squared"]) -> Drawn:
    """Know n labels of a supervisor that is never wrong where it says .9, and wrong at twice the rate where it says .6.

    Half of the inputs are of either kind; the student is surer of the former, and contradicts the latter by .7.
    """

    def said(size: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        sure = rng.random(size) < 0.5
        weak, student = np.where(sure, 0.9, 0.6), np.where(sure, 0.99, 0.3)
        return np.stack([weak, 1 - weak], 1), np.stack([student, 1 - student], 1), sure

    weak, student, _ = said(MANY * n)
    held, _, sure = said(n)
    labels = (~sure & (rng.random(n) < 2 * rate)).astype(int)
    found = c.gain_by_identification(weak, student, held, labels, DELTA, unit=unit)
    if unit == "error":
        return found.low, (2 * rate - (1 - 2 * rate)) / 2, "low"
    unsure = 2 * rate * (0.72 - 0.18) + (1 - 2 * rate) * (0.32 - 0.98)
    return found.low, (0.02 - 0.0002 + unsure) / 2, "low"


def sandwich(n: int, rate: float, rng: Rng) -> Drawn:
    """Know n of the supervisor's losses; the student differs from it on a tenth of the inputs."""
    weak, other = np.zeros(MANY * n, dtype=int), (rng.random(MANY * n) < 0.1).astype(int)
    found = c.student_risk_by_agreement(weak, other, rng.random(n) < rate, DELTA)
    return found.high, 0.9 * rate + 0.1 * (1 - rate), "high"


def powered(n: int, rate: float, rng: Rng, finite: bool) -> Drawn:
    """Predict labels, ones at the rate, by something that is right nine times in ten."""
    labels = rng.random(n * (MANY + 1)) < rate
    predicted = np.where(rng.random(len(labels)) < 0.9, labels, ~labels)
    made = c.ppi_finite if finite else c.ppi
    try:
        found = made(labels[:n], predicted[:n], predicted[n:], DELTA, target="rate", side="high")
    except Inapplicable:
        return None, rate, "high"
    return found.high, rate, "high"


def stratified(n: int, rate: float, rng: Rng) -> Drawn:
    """Label half of n among a tenth of the inputs, where errors are twice as frequent (at most 8 in 10)."""
    hard = (rng.random(MANY * n) < 0.1).sum()
    flags = [rng.random(n // 2) < 2 * rate, rng.random(n // 2) < rate]
    return c.rate_by_strata(flags, [hard, MANY * n - hard], DELTA, side="high").high, 1.1 * rate, "high"


def judge(n: int, rate: float, rng: Rng) -> Drawn:
    """Judge n inputs, positive at the rate, by a judge that hits .85 and falsely alarms .05, measured on n / 2 each."""
    said = rng.random(n) < 0.85 * rate + 0.05 * (1 - rate)
    found = c.rate_by_judge(said, rng.random(n // 2) < 0.85, rng.random(n // 2) < 0.05, DELTA, side="high")
    return found.high, rate, "high"


def ruled_out(n: int, rate: float, rng: Rng) -> Drawn:
    """Rule out one of three wrong classes of four; the student errs at the rate."""
    truth, never = np.zeros(n, dtype=int), rng.integers(1, 4, size=n)
    answers = np.where(rng.random(n) < rate, rng.integers(1, 4, size=n), truth)
    return c.risk_by_ruled_out(answers, never, DELTA, n_classes=4).high, rate, "high"


def thresholds(n: int, rate: float, rng: Rng, procedure: str) -> Drawn:
    """Certify half the rate where errors above score t are rate (1 - t): thresholds below .5 must not pass."""
    scores = rng.random(n)
    wrong = rng.random(n) < 2 * rate * (1 - scores)
    grid = np.linspace(0, 0.95, 20)
    found = c.trusted_thresholds(scores, wrong, grid, DELTA, rate=rate / 2, procedure=procedure)  # type: ignore[arg-type]
    return found.threshold, 0.5 - 1e-9, "high"


def conformal(n: int, rate: float, rng: Rng) -> Drawn:
    """Cut uniform scores so that sets miss at the rate; a cut's coverage is itself."""
    found = c.split_conformal(rng.random(n), DELTA, miss=rate)
    return found.certificate.low, min(found.cut, 1.0), "low"


def head(n: int, rate: float, rng: Rng) -> Drawn:
    """Fit a head of 5 weights to signs that are flipped at the rate, and bound the risk of the noisy head."""
    features = rng.standard_normal((n, 5))
    labels = ((features[:, 0] > 0) ^ (rng.random(n) < rate)).astype(int)
    weights = np.linalg.solve(features.T @ features + np.eye(5), features.T @ (2.0 * labels - 1))
    weights *= 3 / np.linalg.norm(weights)
    noisy = weights + 0.5 * rng.standard_normal((400, 5))
    angle = np.arccos(noisy[:, 0] / np.linalg.norm(noisy, axis=1)).mean() / np.pi
    return c.head_risk(features, labels, weights, DELTA, scale=0.5).high, rate + (1 - 2 * rate) * angle, "high"


FINITE: dict[str, Callable[[int, float, Rng], Drawn]] = {
    "disagreement audit, 2 classes": partial(audit, classes=2),
    "disagreement audit, 3 classes": partial(audit, classes=3),
    "paired labels at random": pairs,
    "misfit + cross term": partial(misfit, cross=False),
    "cross term, upper": partial(misfit, cross=True),
    "explicit misfit bound": explicit,
    "identified, 0-1": partial(identification, unit="error"),
    "identified, squared": partial(identification, unit="squared"),
    "agreement sandwich": sandwich,
    "prediction-powered, finite": partial(powered, finite=True),
    "noisy judge": judge,
    "complementary labels": ruled_out,
    "thresholds, fixed sequence": partial(thresholds, procedure="fixed-sequence"),
    "thresholds, holm": partial(thresholds, procedure="holm"),
    "conformal coverage": conformal,
    "PAC-Bayes-kl head": head,
}
PROGRAMS = ("identified, 0-1", "identified, squared")
"""Those that solve linear programs: each simulation takes some ten times as long as one of the others."""
LIMITING: dict[str, Callable[[int, float, Rng], Drawn]] = {
    "prediction-powered, normal": partial(powered, finite=False),
    "stratified, normal": stratified,
}


def coverage(
    repetitions: int,
    numbers: Sequence[int] = NUMBERS,
    rates: Sequence[float] = RATES,
    *,
    limiting: bool = True,
    programs: int | None = None,
) -> list[Cell]:
    """Return a cell for each certificate, number of labels and rate; `programs` repetitions of those in PROGRAMS."""
    found = []
    for n in numbers:
        for rate in rates:
            found += mean_bounds(n, rate, repetitions, derive(n, "means", str(rate)))
            for name, world in {**FINITE, **(LIMITING if limiting else {})}.items():
                rng = derive(n, name, str(rate))
                times = programs if programs is not None and name in PROGRAMS else repetitions
                drawn = [world(n, rate, rng) for _ in range(times)]
                bounds = np.array([np.nan if bound is None else bound for bound, _, _ in drawn])
                found.append(cell(name, n, rate, bounds, np.array([truth for _, truth, _ in drawn]), drawn[0][2]))
    return found


def bought(repetitions: int) -> dict[str, dict[str, float]]:
    """Spend 200 labels on the gain where 600 of 5,000 inputs are disputed and the student is right on 7 in 10 of those.

    Returns mean lower bound and coverage by how the labels are spent; the gain is .048.
    """
    rng, truth = derive(0, "what labels buy"), 0.12 * 0.4
    student = (rng.random((repetitions, 5000)) < 0.12).astype(int)
    weak, bounds = np.zeros(5000, dtype=int), []
    for one in student:
        rows = np.flatnonzero(one)[:200]
        labels = (rng.random(200) < 0.7).astype(int)
        bounds.append(c.gain_by_audit(weak, one, rows, labels, DELTA, n_classes=2).low)
    right = np.where(rng.random((repetitions, 200)) < 0.7, 1.0, -1.0)
    values = student[:, :200] * right
    error = values.std(axis=1, ddof=1) / math.sqrt(200)
    by = {
        "disagreement audit": np.array(bounds, dtype=np.float64),
        "at random, normal": values.mean(axis=1) - 1.6448536 * error,
        "at random, betting": 1 - 2 * measure.Betting(horizon=200).highs((1 - values) / 2, DELTA),
        "at random, maurer-pontil": 1 - 2 * measure.MaurerPontil().highs((1 - values) / 2, DELTA),
    }
    return {k: {"bound": float(v.mean()), "coverage": float((v <= truth).mean())} for k, v in by.items()}


def markdown(cells: Sequence[Cell], value: Callable[[Cell], float]) -> str:
    """Return a table with a line for each certificate and a column for each number of labels and rate."""
    columns = list(dict.fromkeys((one.n, one.rate) for one in cells))
    at = {(one.certificate, one.n, one.rate): value(one) for one in cells}
    head = "| certificate | " + " | ".join(f"n {n}, {rate:g}" for n, rate in columns) + " |"
    lines = [head, "|---" * (len(columns) + 1) + "|"]
    for name in dict.fromkeys(one.certificate for one in cells):
        values = (at[name, n, rate] for n, rate in columns)
        lines.append(f"| {name} | " + " | ".join("none" if math.isnan(v) else f"{v:.3f}" for v in values) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print coverage, distance from the truth, and what the same labels buy."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cells, labels = coverage(options.repetitions), bought(options.repetitions)
    if options.json:
        rows = [{k: None if v != v else v for k, v in asdict(one).items()} for one in cells]  # NaN is no JSON
        print(json.dumps({"cells": rows, "gain": labels}, indent=2, allow_nan=False))
        return
    print(f"Coverage ({options.repetitions} repetitions, delta {DELTA}):\n\n{markdown(cells, lambda x: x.coverage)}\n")
    print(f"Mean distance of bound and truth:\n\n{markdown(cells, lambda x: x.distance)}\n")
    finite = [one for one in cells if one.certificate not in LIMITING]
    worst = min(finite, key=lambda one: one.p_value)
    print(f"Worst of {len(finite)} finite-sample cells: {worst}\n")
    print("| 200 labels for a gain of .048 | mean lower bound | coverage |\n|---|---|---|")
    for name, one in labels.items():
        print(f"| {name} | {one['bound']:.4f} | {one['coverage']:.4f} |")


if __name__ == "__main__":
    main()
