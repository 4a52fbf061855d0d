"""How often a specification's verdict is wrong, and what it costs in labels.

    python benchmarks/desiderata.py guarantee --studies 2000
    python benchmarks/desiderata.py labels --store FOLDER

`guarantee` draws test sets from universes in which every requirement is true or false by a hair, so that a wrong
verdict is as likely as it can be, and decides specifications of 1, 3 and 10 requirements by labels that are bought one
after the other. `labels` decides `specs/minimal.toml` on stored runs, and says how many labels a sample of fixed size,
drawn at random from all inputs, needs for the same verdict at the same delta.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from w2sg.core import BoolArray, FloatArray, IntArray, derive
from w2sg.desiderata import RunFacts, Specification, buy_until_decided, facts_of_run
from w2sg.desiderata.facts import Who
from w2sg.desiderata.formulas import Formula, Verdict, formula_of
from w2sg.graph import Result, Store
from w2sg.lab import Run, names_of, score_of
from w2sg.measure import Betting, exact_interval
from w2sg.theory import share_of_look

Cells = np.ndarray[Any, np.dtype[np.float64]]
Right = dict[Who, BoolArray]
GROUPS = 4
INPUTS, BUDGET = 600, 300
SIZES = sorted({round(10 * 1.05**step) for step in range(120)})


def universe(rng: np.random.Generator) -> Cells:
    """Return the probabilities of a group, and there of who is right: shape (groups, weak, student, ceiling)."""
    shares = rng.dirichlet(np.full(GROUPS, 5.0))
    cells = rng.dirichlet(np.array([4, 0.5, 1.5, 1.0, 1.0, 0.5, 2.0, 10.0]), GROUPS)
    return (shares[:, None] * cells).reshape(GROUPS, 2, 2, 2)


def drawn(cells: Cells, n: int, rng: np.random.Generator) -> tuple[RunFacts, Right]:
    """Return a test set of two classes drawn from a universe, and who is right."""
    codes = rng.choice(cells.size, size=n, p=cells.ravel())
    group, weak, student, ceiling = np.unravel_index(codes, cells.shape)
    right: Right = {"weak": weak == 1, "student": student == 1, "ceiling": ceiling == 1}
    unknown = np.zeros(n, dtype=np.bool_)
    facts = RunFacts(
        name="test",
        ids=np.arange(n),
        answers={who: flags.astype(np.int64) for who, flags in right.items()},
        n_answers=2,
        columns={"group": group.astype(str)},
        copied=right["weak"] == right["student"],
        right={who: unknown for who in right},
        known=unknown,
    )
    return facts, right


def truths(cells: Cells) -> dict[str, float]:
    """Return what requirements speak of, exactly."""
    _, weak, student, ceiling = (np.asarray(one) for one in np.indices(cells.shape))
    within = cells / cells.sum(axis=(1, 2, 3), keepdims=True)
    known = {
        "gain": float((cells * (student - weak)).sum()),
        "accuracy": float((cells * student).sum()),
        "shortfall": float((cells * (ceiling - student)).sum()),
        "copied-errors": float((cells * (1 - weak) * ((student == weak) - 0.8)).sum()),
    }
    known |= {f"gain {g}": float((within[g] * (student - weak)[g]).sum()) for g in range(GROUPS)}
    return known | {f"accuracy {g}": float((within[g] * student[g]).sum()) for g in range(GROUPS)}


def atom(name: str, known: Mapping[str, float], met: bool, hair: float) -> dict[str, Any]:
    """Return a requirement that is met, or violated, by a hair."""
    quantity, _, group = name.partition(" ")
    on = {"group": group} if group else {}
    return {"kind": "requirement", "quantity": quantity, "above": known[name] + (-hair if met else hair), "on": on}


def specification(size: int, known: Mapping[str, float], met: Sequence[bool], hair: float) -> dict[str, Any]:
    """Return a tree of 1, 3 or 10 requirements, of which some are met."""
    names = list(known)[:size]
    atoms = [atom(name, known, flag, hair) for name, flag in zip(names, met, strict=True)]
    if size == 1:
        return atoms[0]
    if size == 3:
        return {"kind": "all", "of": atoms}
    some = {"kind": "at-least", "count": 2, "of": atoms[4:7]}
    then = {"kind": "implies", "premise": atoms[7], "then": {"kind": "not", "what": atoms[8]}}
    return {"kind": "all", "of": [*atoms[:4], some, {"kind": "at-least", "count": 1, "of": [then, atoms[9]]}]}


def truth_of(given: Specification, facts: RunFacts, met: Mapping[float, bool]) -> Verdict:
    """Return the verdict that the truth has; each requirement is known by its threshold."""

    def of_leaf(leaf: Formula) -> Verdict:
        assert leaf.atom is not None
        return "met" if met[leaf.atom.threshold] else "violated"

    return formula_of(given.require, {"test": facts}).verdict(of_leaf)


def guarantee(size: int, studies: int, looks: int, hair: float) -> dict[str, Any]:
    """Return how often a specification of this size got a wrong verdict, and any.

    With `looks` above 1 the same test set is decided anew, by other orders of its labels, and any wrong verdict counts:
    what the ledger's shares of delta allow.
    """
    wrong = decided = 0
    for study in range(studies):
        rng = derive(study, "guarantee", str(size))
        cells = universe(rng)
        known = truths(cells)
        # In turn all true, all false, and each of them true or false by chance.
        flags = [True] * size if study % 3 == 0 else [False] * size if study % 3 == 1 else list(rng.random(size) < 0.5)
        table = specification(size, known, flags, hair)
        given = Specification.from_table({"name": "one", "require": table})
        facts, right = drawn(cells, INPUTS, rng)
        leaves = [leaf.atom for leaf in formula_of(given.require, {"test": facts}).leaves()]
        met = {one.threshold: bool(flag) for one, flag in zip(leaves, flags, strict=True) if one is not None}
        truth = truth_of(given, facts, met)

        def ask(test: str, rows: IntArray, right: Right = right) -> Mapping[Who, BoolArray]:
            return {who: flags[rows] for who, flags in right.items()}

        verdicts = [
            buy_until_decided(given, {"test": facts}, ask, BUDGET, rng, delta=given.delta * share_of_look(look)).verdict
            if looks > 1
            else buy_until_decided(given, {"test": facts}, ask, BUDGET, rng).verdict
            for look in range(1, looks + 1)
        ]
        decided += any(verdict != "undecided" for verdict in verdicts)
        wrong += any(verdict not in ("undecided", truth) for verdict in verdicts)
    interval = exact_interval(wrong, studies)
    return {
        "requirements": size,
        "hair": hair,
        "looks": looks,
        "studies": studies,
        "wrong": wrong / studies,
        "interval": [interval.low, interval.high],
        "decided": decided / studies,
    }


def labels_of_run(result: Result, store: Path, draws: int) -> dict[str, Any]:
    """Return how many labels a run's verdict takes, one after the other and by fixed random samples."""
    given = Specification.read("specs/minimal.toml")
    score = score_of(result)
    with Store(store) as opened:
        artifact = opened.get(result.key)
    assert artifact is not None
    run = Run(result.key, score.setup, result.seed, artifact.record, artifact.arrays)
    found = facts_of_run(run)["test"]
    if found.units is not None:  # examples that belong together are no independent draws: one of each stands for it
        found = found.take(np.unique(found.units, return_index=True)[1])
    facts = unlabelled(found)
    right = {who: found.right[who] for who in facts.answers}
    n = len(facts)

    def ask(test: str, rows: IntArray) -> Mapping[Who, BoolArray]:
        return {who: flags[rows] for who, flags in right.items()}

    one_by_one = [buy_until_decided(given, {"test": facts}, ask, n, derive(draw, "labels")) for draw in range(draws)]
    verdicts = [one.verdict for one in one_by_one]
    verdict = max(set(verdicts), key=verdicts.count)
    difference = right["student"].astype(float) - right["weak"]
    return {
        "setup": " / ".join(names_of(score.setup).values()),
        "seed": result.seed,
        "n": n,
        "disagreements": float((~facts.same_answers()).mean()),
        "gain": float(right["student"].mean() - right["weak"].mean()),
        "verdict": verdict,
        "labels": float(np.median([one.n_labels for one in one_by_one])),
        "fixed": fixed_sample(difference, verdict, given.delta, draws),
        "fixed_among_disagreements": fixed_sample(difference[~facts.same_answers()], verdict, given.delta, draws),
    }


def unlabelled(found: RunFacts) -> RunFacts:
    """Return the facts before labels: who agrees is known, as two answers that are the same or not."""
    answers: dict[Who, IntArray] = {
        "weak": np.zeros(len(found), dtype=np.int64),
        "student": np.where(found.same_answers(), 0, 1),
    }
    unknown = np.zeros(len(found), dtype=np.bool_)
    return replace(found, answers=answers, right={who: unknown for who in answers}, known=unknown)


def fixed_sample(difference: FloatArray, verdict: Verdict, delta: float, draws: int) -> int | None:
    """Return the least size of a random sample from some inputs that decides the gain in half of the draws.

    It is the rival at its best: its size is the one that turns out to suffice, its bounds are aimed at it and made
    once, each with all of delta, and the second requirement costs it nothing. None where all inputs do not suffice.
    """
    n = len(difference)
    orders = [derive(draw, "fixed").permutation(n) for draw in range(draws)]

    def suffices(size: int) -> bool:
        bound = Betting(horizon=size)
        hits = [
            bound.rules_out(difference[order[:size]], 0.0, delta, (-1.0, 1.0), upper=verdict == "violated")
            for order in orders
        ]
        return float(np.mean(hits)) >= 0.5

    sizes = [size for size in SIZES if size < n] + [n]
    return next((size for size in sizes if suffices(size)), None)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a part of the benchmark, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("guarantee", "labels"))
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=25)
    parser.add_argument("--hair", type=float, default=0.002, help="how far the truth is from what is required")
    parser.add_argument("--looks", type=int, default=1)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--runs", type=int, default=10)
    given = parser.parse_args(arguments)
    if given.part == "guarantee":
        found = [guarantee(size, given.studies, given.looks, given.hair) for size in (1, 3, 10)]
    else:
        with Store(given.store) as opened:
            results = [one for one in opened.results() if one.step == "score"][: given.runs]
        found = [labels_of_run(one, given.store, given.draws) for one in results]
    json.dump(found, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
