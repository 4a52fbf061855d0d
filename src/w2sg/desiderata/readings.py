"""How far inside a requirement one finished run is, and which examples say so: what effects over runs are made of."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from w2sg.core import CapabilityError
from w2sg.desiderata.contract import Desideratum
from w2sg.desiderata.facts import RunFacts, facts_of_run
from w2sg.desiderata.formulas import TEST, Formula, formula_of, on_populations
from w2sg.desiderata.populations import Population
from w2sg.desiderata.tree import Requirement
from w2sg.measure import Reading, ScoredMean

if TYPE_CHECKING:
    from w2sg.lab import Run


def reading_of(desideratum: Desideratum, run: "Run", test: str = TEST) -> Reading:
    """Return how far inside (above 0) or outside what is required a finished run is.

    Of several requirements it is the reading of the one that decides: the least of `all`, the largest of `any`. That is
    exactly the margin of the run, and what an example changes in it is what it changes in that one: the derivative
    where no two margins are equal. A minimum of noisy margins lies below the minimum of true ones (an expectation of a
    minimum is at most the minimum of expectations), the more so the nearer they are to each other.

    Args:
        desideratum: What is required.
        run: The run.
        test: The test set that is read in the place of the one in distribution.

    Raises:
        CapabilityError: If it is not defined there; the message says why.
    """
    facts = facts_of_run(run)

    def elsewhere(on: Population) -> Population:
        return on.model_copy(update={"test": test}) if on.test == TEST else on

    return _binding(formula_of(on_populations(desideratum, elsewhere), facts), facts)


def margin_of(desideratum: Desideratum, run: "Run") -> float | None:
    """Return how far inside (above 0) or outside what is required a finished run is; None where it cannot be said."""
    try:
        return reading_of(desideratum, run).value
    except CapabilityError:
        return None


def _binding(formula: Formula, facts: Mapping[str, RunFacts]) -> Reading:
    """Return the reading that decides: of at least m of n that with the m-th largest value."""
    if not formula.parts:
        if formula.atom is None:
            raise CapabilityError(formula.untestable)
        return _of_atom(formula.atom, facts)
    parts = [_binding(part, facts) for part in formula.parts]
    return sorted(parts, key=lambda one: one.value)[-formula.count] if formula.count else -parts[0]


def _of_atom(atom: Requirement, facts: Mapping[str, RunFacts]) -> Reading:
    parts = tuple(_mean(atom, on, facts, sign) for sign, on in atom.terms)
    inside = Reading(-atom.threshold, parts)
    return inside if atom.sign > 0 else -inside


def _mean(atom: Requirement, on: Population, facts: Mapping[str, RunFacts], sign: Literal[1, -1]) -> ScoredMean:
    if on.test not in facts:
        raise CapabilityError(f"there is no test set {on.test!r}: there are {', '.join(facts)}")
    quantity, here = atom.quantity, facts[on.test]
    if missing := quantity.about - set(here.right):
        raise CapabilityError(f"needs the answers of {', '.join(sorted(missing))}, which are not there")
    score = quantity.score(here)
    rows = np.flatnonzero(on.rows(here) & ~np.isnan(score.constant))
    if len(rows) < 2:
        raise CapabilityError(f"only {len(rows)} inputs of test set {on.test!r} are there to read {quantity.title} on")
    return ScoredMean(sign, (here.ids if here.units is None else here.units)[rows], score.of(here.right, rows))
