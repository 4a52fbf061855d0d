"""Outcomes: what factors are to move. A quantity of a run, or how far inside a requirement the run is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from w2sg.core import CapabilityError
from w2sg.desiderata import Requirement, RunFacts, RunQuantity, facts_of_run
from w2sg.lab import TEST
from w2sg.measure import Reading, ScoredMean

if TYPE_CHECKING:
    from w2sg.lab import Run


@dataclass(frozen=True, eq=False)
class FactorOutcome:
    """A quantity, or the margin of a requirement: how far inside (above 0) or outside what is required a run is.

    Attributes:
        name: What it is called.
        requirement: The requirement; of a quantity that it is above 0.
        is_margin: Whether it is the margin of a requirement.
    """

    name: str
    requirement: Requirement
    is_margin: bool = True

    @classmethod
    def of_quantity(cls, name: str, quantity: RunQuantity) -> "FactorOutcome":
        """Return a quantity as an outcome."""
        return cls(name, Requirement(quantity=quantity, above=0.0), is_margin=False)

    def read(self, run: "Run", test: str = TEST) -> Reading:
        """Read the outcome of a run.

        Args:
            run: The run.
            test: The test set that is read in the place of the one in distribution.

        Raises:
            CapabilityError: If it is not defined there; the message says why.
        """
        one, facts = self.requirement, facts_of_run(run)
        if one.on.test == TEST != test:
            one = one.model_copy(update={"on": one.on.model_copy(update={"test": test})})
        parts = [_part(one, facts, one.sign)]
        if one.than is not None:
            parts.append(_part(one.model_copy(update={"on": one.than}), facts, -one.sign))
        return Reading(-one.sign * one.threshold, tuple(parts))


def _part(requirement: Requirement, facts: Mapping[str, RunFacts], sign: int) -> ScoredMean:
    quantity, on = requirement.quantity, requirement.on
    if on.test not in facts:
        raise CapabilityError(f"there is no test set {on.test!r}: there are {', '.join(facts)}")
    here = facts[on.test]
    if missing := quantity.about - set(here.right):
        raise CapabilityError(f"needs the answers of {', '.join(sorted(missing))}, which are not there")
    score = quantity.score(here)
    rows = np.flatnonzero(on.rows(here) & ~np.isnan(score.constant))
    if len(rows) < 2:
        raise CapabilityError(f"only {len(rows)} inputs of test set {on.test!r} are there to read {quantity.title} on")
    return ScoredMean(sign, (here.ids if here.units is None else here.units)[rows], score.of(here.right, rows))
