"""A specification on the runs of one setup: the mean over seeds, with the intervals of all accuracies.

Here all labels are known, and the statement is about the setup: about students that are trained anew, on new data. So
an atom is the mean over seeds of its score, and its bounds are those of `w2sg.measure.accuracy_means`, which allow for
seeds, test examples and training rows that seeds share. They are asymptotic; what they cover is measured there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from w2sg.core import CapabilityError, InputError
from w2sg.desiderata.buying import Judgement
from w2sg.desiderata.contract import RunQuantity
from w2sg.desiderata.facts import RunFacts, facts_of_run
from w2sg.desiderata.formulas import TEST, UNKNOWN, Formula, Margin, formula_of
from w2sg.desiderata.populations import Population
from w2sg.desiderata.quantities import of_all_seeds
from w2sg.desiderata.specification import Specification
from w2sg.desiderata.tree import Over
from w2sg.measure import MeanEstimate, Paired, accuracy_means, mean_overlap

if TYPE_CHECKING:
    from w2sg.lab import Run


SCORE = (0.0, 0.0, 0.0, 1.0)
"""The mean that is meant, beside those of weak, student and ceiling."""
AS_GOOD = 0.02
"""Supervisors whose accuracies on the test set differ by at most this are equally often right."""
OverSeeds = Mapping[str, Sequence[RunFacts]]
"""The facts of every test set, seed by seed."""
LEAST_UNITS = 2
LEAST_LEVEL = 0.01
"""Of an interval: a delta of a half and more asks for no more than the estimate."""


def judged(
    specification: Specification, runs: "Sequence[Run]", others: "Mapping[str, Sequence[Run]] | None" = None
) -> Judgement:
    """Judge the runs of one setup by a specification.

    Args:
        specification: What is required.
        runs: The setup's runs, one for each seed.
        others: The runs of setups that differ from this one in their supervisor alone, by the name of that.

    Raises:
        InputError: If there is no run, or they are of several setups.
    """
    if not runs or len({run.setup.digest() for run in runs}) > 1:
        raise InputError(f"a specification is judged on the runs of one setup, got {len(runs)} runs of several or none")
    ordered = sorted(runs, key=lambda run: run.seed)
    seeds = [str(run.seed) for run in ordered]
    by_seed = [facts_of_run(run) for run in ordered]
    tests = {name: of_all_seeds([facts[name] for facts in by_seed]) for name in by_seed[0]}
    beside = {"": tests} | {
        name: found for name, theirs in (others or {}).items() if (found := _beside(tests, seeds, theirs))
    }
    study: dict[Over, list[str]] = {"seeds": seeds if len(seeds) > 1 else []}
    for name in list(beside)[1:]:
        better_by = _supervisor_accuracy(runs) - _supervisor_accuracy((others or {})[name])
        if better_by > -AS_GOOD:
            study.setdefault("worse supervisors" if better_by > AS_GOOD else "equal supervisors", []).append(name)
    whole = formula_of(specification.require, {name: facts[0] for name, facts in tests.items()}, study)
    formula = whole.dealt(specification.delta, specification.delta)
    margins, why = [], {}
    for place, leaf in enumerate(formula.leaves()):
        try:
            margins.append(_margin(leaf, beside[leaf.other], seeds))
        except CapabilityError as reason:
            margins.append(UNKNOWN)
            why[place] = str(reason)
    return Judgement(specification, formula, tuple(margins), why)


def _supervisor_accuracy(runs: "Sequence[Run]") -> float:
    return float(np.mean([run.evidence[f"{TEST}.weak"].mean() for run in runs]))


def _beside(tests: OverSeeds, seeds: Sequence[str], theirs: "Sequence[Run]") -> OverSeeds:
    """Return the facts with another setup's student as `other`; nothing where it was not run under all these seeds."""
    runs = {str(run.seed): facts_of_run(run) for run in theirs}
    if not set(seeds) <= set(runs):
        return {}
    return {
        name: [
            replace(one, right={**one.right, "other": runs[seed][name].right["student"]})
            for one, seed in zip(facts, seeds, strict=True)
        ]
        for name, facts in tests.items()
    }


def _margin(leaf: Formula, tests: OverSeeds, seeds: Sequence[str]) -> Margin:
    """Return how far inside a leaf is, over seeds or for its one seed."""
    if leaf.atom is None:
        raise CapabilityError(leaf.untestable)
    atom = leaf.atom
    kept = [place for place, seed in enumerate(seeds) if leaf.seed in ("", seed)]
    low = high = estimate = -atom.threshold
    deltas = (leaf.met, leaf.violated)[:: atom.sign]
    for sign, population in atom.terms:
        if population.test not in tests:
            raise CapabilityError(f"there is no test set {population.test!r}: there are {', '.join(tests)}")
        facts = [tests[population.test][place] for place in kept]
        mean = mean_over_seeds(atom.quantity, population, facts)
        # Two populations of one run share its luck, which a bound for each of them allows for whatever it is.
        below, above = (deltas[0] / len(atom.terms), deltas[1] / len(atom.terms))[::sign]
        ends = _limits(mean, below, above)[::sign]
        low, high = low + sign * ends[0], high + sign * ends[1]
        estimate += sign * mean.value(SCORE)
    return Margin(estimate, low, high) if atom.sign > 0 else Margin(-estimate, -high, -low)


def _limits(mean: MeanEstimate, low: float, high: float) -> tuple[float, float]:
    """Return one-sided limits, each wrong with its own delta: one end of the interval at level 1 - 2 delta."""
    below, above = (mean.interval(SCORE, max(1 - 2 * delta, LEAST_LEVEL)) for delta in (low, high))
    return below.low, above.high


def mean_over_seeds(quantity: RunQuantity, population: Population, seeds: Sequence[RunFacts]) -> MeanEstimate:
    """Return the mean over seeds of a quantity on a population, as the last of four means; see `accuracy_means`.

    Raises:
        CapabilityError: If somebody did not answer, or the population is empty or too small under a seed.
    """
    scores, kept = [], []
    for facts in seeds:
        if missing := quantity.about - set(facts.right):
            raise CapabilityError(f"needs the answers of {', '.join(sorted(missing))}, which are not there")
        score = quantity.score(facts)
        inside = np.flatnonzero(population.rows(facts) & ~np.isnan(score.constant))
        if len(inside) < LEAST_UNITS:
            raise CapabilityError(f"only {len(inside)} inputs of test set {facts.name!r} are there to judge by")
        scores.append(score.of(facts.right, inside))
        kept.append(facts.take(inside))
    training = [one.training for one in seeds if one.training is not None]
    units = [one.units for one in kept if one.units is not None]
    evidence = Paired(
        tuple(range(len(kept))),
        tuple(one.ids for one in kept),
        tuple(one.right["weak"] for one in kept),
        tuple(one.right["student"] for one in kept),
        tuple(one.right["ceiling"] for one in kept),
        groups=tuple(units) if units else None,
        shared_training=mean_overlap(training) if training else None,
    )
    return accuracy_means(evidence, [scores])
