"""What an atom comes to on one test set of one run: which inputs matter, and bounds on its mean from their labels.

The mean over a population is `K + D v`: K what inputs add whose score no label can change (mostly nothing), D the share
of the inputs whose score a label decides, v the mean score of these. So labels are bought among the latter only: for a
gain, among disagreements. v is bounded by betting, which allows to look after each label and to stop. Where
requirements speak of deployment, D and K are means over inputs that were drawn from it, and are bounded as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from w2sg.core import BoolArray, CapabilityError, FloatArray, IntArray
from w2sg.desiderata.contract import LinearScore, RunQuantity
from w2sg.desiderata.facts import Facts, least_and_most
from w2sg.desiderata.formulas import Formula, Margin
from w2sg.desiderata.populations import Population
from w2sg.desiderata.specification import SpeaksOf
from w2sg.measure import UNIT, Betting, ClopperPearson

FOR_SHARES = 0.1
"""The part of delta that bounds the share of inputs that matter, and again what others add; labels have the rest."""
FEW = 1e-12


@dataclass(frozen=True, eq=False)
class MeanOnPopulation:
    """The mean of a quantity over the inputs of a population, as far as labels are known.

    Attributes:
        facts: What is known of the test set.
        score: The score of each of its inputs.
        rows: The population, in the order in which labels are to be bought, shape (m,).
        matter: Which of these a label decides, shape (m,).
        fixed: What the others score, 0 for those that matter, shape (m,).
    """

    facts: Facts
    score: LinearScore
    rows: IntArray
    matter: BoolArray
    fixed: FloatArray

    @classmethod
    def of(cls, quantity: RunQuantity, population: Population, facts: Facts, order: IntArray) -> "MeanOnPopulation":
        """Return the mean of a quantity, with the labels that are known so far.

        Args:
            quantity: Which.
            population: Over which inputs.
            facts: What is known of them.
            order: A random order of the inputs of the test set, which no label had a part in, shape (n,).

        Raises:
            CapabilityError: If somebody did not answer, or something about the inputs is not known.
        """
        if missing := quantity.about - set(facts.right):
            raise CapabilityError(f"needs the answers of {', '.join(sorted(missing))}, which are not there")
        score = quantity.score(facts)
        inside = population.rows(facts) & ~np.isnan(score.constant)
        rows = order[inside[order]]
        if facts.answers:
            low, high = least_and_most(facts, score.constant, score.weights)
        else:  # all labels are known, and who would have been right by others is not
            decides = np.any([weight != 0 for weight in score.weights.values()], axis=0) | np.zeros(len(facts), bool)
            low, high = score.constant, score.constant + decides
        matter = (high - low > FEW)[rows]
        return cls(facts, score, rows, matter, np.where(matter, 0.0, low[rows]))

    @cached_property
    def asked(self) -> IntArray:
        """The inputs that matter, in the order in which their labels are to be bought."""
        return np.asarray(self.rows[self.matter])

    def values(self, facts: Facts) -> FloatArray:
        """Return the scores of the inputs that matter, up to the first whose label is not known."""
        known = facts.known[self.asked]
        return self.score.of(facts.right, self.asked[: len(known) if known.all() else int(known.argmin())])

    def bounds(self, values: FloatArray, below: float, above: float, speaks_of: SpeaksOf) -> tuple[float, float]:
        """Return bounds of the mean, each wrong with at most its own delta, whenever labels are looked at.

        Args:
            values: The scores that labels decided so far, in order, shape (t,).
            below: Delta of the lower bound.
            above: Delta of the upper bound.
            speaks_of: Of all inputs like these, or of these alone.
        """
        low = self._bound(values, below, speaks_of, upper=False)
        return low, self._bound(values, above, speaks_of, upper=True)

    def _bound(self, values: FloatArray, delta: float, speaks_of: SpeaksOf, upper: bool) -> float:
        share, n_asked, span = float(self.matter.mean()), len(self.asked), self.score.span
        others_add = bool(np.any(self.fixed != 0))
        fresh = speaks_of == "deployment"
        # What is the same for every input like these, because no label can change it, needs no part of delta.
        for_share = delta * FOR_SHARES * (fresh and 0 < share < 1)
        for_others = delta * FOR_SHARES * (fresh and others_add and share > 0)
        rest = delta - for_share - for_others
        fixed = float(self.fixed.mean())
        if fresh and others_add:
            fixed = _mean_bound(Betting(), self.fixed, for_others if share > 0 else rest, span, upper)
        if not n_asked:
            return fixed
        pool = None if fresh else n_asked
        end = span[1] if upper else span[0]
        v = _mean_bound(Betting(without_replacement_of=pool), values, rest, span, upper) if len(values) else end
        if for_share:
            # The end of the share that makes the bound wider: a positive upper bound grows with the share.
            matter = self.matter.astype(np.float64)
            share = _mean_bound(ClopperPearson(), matter, for_share, UNIT, upper == (v > 0))
        return fixed + share * v

    def estimate(self, values: FloatArray) -> float | None:
        """Return the point estimate; None as long as an input matters and no label is known."""
        if not len(values) and len(self.asked):
            return None
        decided = float(self.matter.mean() * values.mean()) if len(values) else 0.0
        return float(self.fixed.mean()) + decided


def _mean_bound(
    certifier: Betting | ClopperPearson, values: FloatArray, delta: float, span: tuple[float, float], upper: bool
) -> float:
    return certifier.high(values, delta, span) if upper else certifier.low(values, delta, span)


class Atom:
    """An atom of a formula on one run: its means, and how far inside it is by the labels that are known."""

    def __init__(self, leaf: Formula, tests: Mapping[str, Facts], orders: Mapping[str, IntArray]) -> None:
        assert leaf.atom is not None
        self.leaf, self.atom = leaf, leaf.atom
        self.means = [
            (sign, population.test, self._mean(population, tests, orders)) for sign, population in self.atom.terms
        ]

    def _mean(
        self, population: Population, tests: Mapping[str, Facts], orders: Mapping[str, IntArray]
    ) -> MeanOnPopulation:
        name = population.test
        if name not in tests:
            raise CapabilityError(f"there is no test set {name!r}: there are {', '.join(tests)}")
        return MeanOnPopulation.of(self.atom.quantity, population, tests[name], orders[name])

    def margin(self, tests: Mapping[str, Facts], speaks_of: SpeaksOf) -> Margin:
        """Return how far inside it is."""
        requirement, n = self.atom, len(self.means)
        # Whether a large quantity is wanted decides which of its bounds tells 'met' from not.
        deltas = (self.leaf.met, self.leaf.violated)[:: requirement.sign]
        low = high = -requirement.threshold
        for sign, name, mean in self.means:
            below, above = (deltas[0] / n, deltas[1] / n)[::sign]
            ends = mean.bounds(self._values(tests[name], mean), below, above, speaks_of)[::sign]
            low, high = low + sign * ends[0], high + sign * ends[1]
        if requirement.sign < 0:
            low, high = -high, -low
        return Margin(self.estimate(tests), low, high)

    def estimate(self, tests: Mapping[str, Facts]) -> float | None:
        """Return the point estimate of how far inside it is; None as long as there is none."""
        total = -self.atom.threshold
        for sign, name, mean in self.means:
            found = mean.estimate(self._values(tests[name], mean))
            if found is None:
                return None
            total += sign * found
        return self.atom.sign * total

    def _values(self, facts: Facts, mean: MeanOnPopulation) -> FloatArray:
        values = mean.values(facts)
        # What is to be judged from all labels is judged from all or none.
        return values[:0] if self.atom.information == "S2" and len(values) < len(mean.asked) else values
