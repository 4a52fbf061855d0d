"""What an atom comes to on one test set of one run: which inputs matter, and bounds on its mean from their labels.

A quantity like accuracy is decided by labels alone, and its mean v is bounded by betting, which allows to look after
each label and to stop. Of a quantity like the gain a label decides the score of some inputs only, the disagreements,
and all others score 0. Its mean is D v, with D the share of the former and v the mean among them: labels are bought
there only. Where requirements speak of deployment, D is a rate of which the test set is a sample, and is bounded too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from w2sg.core import BoolArray, CapabilityError, FloatArray, InputError, IntArray
from w2sg.desiderata.contract import LinearScore, RunQuantity
from w2sg.desiderata.facts import RunFacts, least_and_most
from w2sg.desiderata.formulas import Formula, Margin
from w2sg.desiderata.populations import Population
from w2sg.desiderata.specification import SpeaksOf
from w2sg.measure import Betting, ClopperPearson

FOR_SHARE = 0.1
"""The part of delta that bounds the share of inputs that labels decide; labels have the rest."""
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

    facts: RunFacts
    score: LinearScore
    rows: IntArray
    matter: BoolArray
    fixed: FloatArray

    @classmethod
    def of(cls, quantity: RunQuantity, population: Population, facts: RunFacts, order: IntArray) -> "MeanOnPopulation":
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
        fixed = np.where(matter, 0.0, low[rows])
        if score.decided_by_label == "some" and np.any(np.abs(fixed) > FEW):
            raise InputError(f"quantity {quantity.kind!r} must be 0 for inputs whose score no label decides")
        return cls(facts, score, rows, matter, fixed)

    @cached_property
    def asked(self) -> IntArray:
        """The inputs that matter, in the order in which their labels are to be bought."""
        return np.asarray(self.rows[self.matter])

    def values(self, facts: RunFacts) -> FloatArray:
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

    def rules_out(self, values: FloatArray, mean: float, delta: float, speaks_of: SpeaksOf, *, upper: bool) -> bool:
        """Return whether the upper bound is below a mean, or the lower one above it, without a search for the bound."""
        bet, for_labels = self._betting(delta, speaks_of)
        if self.score.decided_by_label == "none" or not len(values):
            bound = self._bound(values, delta, speaks_of, upper=upper)
            return bound < mean if upper else bound > mean
        least, most = self._share(delta, speaks_of)
        share = most if (mean > 0) == upper else least
        if share == 0:
            return False
        v = mean / share
        return bet.rules_out(values, v, for_labels, self.score.span, upper=upper)

    def _bound(self, values: FloatArray, delta: float, speaks_of: SpeaksOf, upper: bool) -> float:
        span, bet_and_delta = self.score.span, self._betting(delta, speaks_of)
        if self.score.decided_by_label == "none":
            whole = float(self.fixed.mean())
            return whole if speaks_of == "these inputs" else _mean_bound(Betting(), self.fixed, delta, span, upper)
        v = span[1] if upper else span[0]
        if len(values):
            v = _mean_bound(bet_and_delta[0], values, bet_and_delta[1], span, upper)
        # The end of the share that makes the bound wider: a positive upper bound grows with the share.
        least, most = self._share(delta, speaks_of)
        return (most if (v > 0) == upper else least) * v

    def _betting(self, delta: float, speaks_of: SpeaksOf) -> tuple[Betting, float]:
        """Return what bounds the mean among inputs that labels decide, and its part of delta."""
        fresh = speaks_of == "deployment"
        pool = None if fresh or not len(self.asked) else len(self.asked)
        sampled = fresh and self.score.decided_by_label == "some"
        return Betting(without_replacement_of=pool), delta * (1 - FOR_SHARE if sampled else 1.0)

    def _share(self, delta: float, speaks_of: SpeaksOf) -> tuple[float, float]:
        """Return bounds of the share of inputs that labels decide, each with its part of delta."""
        if speaks_of == "these inputs" or self.score.decided_by_label == "all":
            return self.share, self.share
        if delta not in self.known_shares:
            exact, matter = ClopperPearson(), self.matter.astype(np.float64)
            self.known_shares[delta] = exact.low(matter, delta * FOR_SHARE), exact.high(matter, delta * FOR_SHARE)
        return self.known_shares[delta]

    @cached_property
    def share(self) -> float:
        """The share of these inputs that labels decide."""
        return float(self.matter.mean())

    @cached_property
    def known_shares(self) -> dict[float, tuple[float, float]]:
        """Bounds of the share by delta: no label changes them."""
        return {}

    def estimate(self, values: FloatArray) -> float | None:
        """Return the point estimate; None as long as an input matters and no label is known."""
        if not len(values) and len(self.asked):
            return None
        decided = float(self.share * values.mean()) if len(values) else 0.0
        return float(self.fixed.mean()) + decided


def _mean_bound(
    certifier: Betting | ClopperPearson, values: FloatArray, delta: float, span: tuple[float, float], upper: bool
) -> float:
    return certifier.high(values, delta, span) if upper else certifier.low(values, delta, span)


class Atom:
    """An atom of a formula on one run: its means, and how far inside it is by the labels that are known."""

    def __init__(self, leaf: Formula, tests: Mapping[str, RunFacts], orders: Mapping[str, IntArray]) -> None:
        assert leaf.atom is not None
        self.leaf, self.atom = leaf, leaf.atom
        self.means = [
            (sign, population.test, self._mean(population, tests, orders)) for sign, population in self.atom.terms
        ]

    def _mean(
        self, population: Population, tests: Mapping[str, RunFacts], orders: Mapping[str, IntArray]
    ) -> MeanOnPopulation:
        name = population.test
        if name not in tests:
            raise CapabilityError(f"there is no test set {name!r}: there are {', '.join(tests)}")
        return MeanOnPopulation.of(self.atom.quantity, population, tests[name], orders[name])

    def margin(self, tests: Mapping[str, RunFacts], speaks_of: SpeaksOf) -> Margin:
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

    def may_be_decided(self, tests: Mapping[str, RunFacts], speaks_of: SpeaksOf) -> bool:
        """Return whether its margin is worth being made: that of one mean is cheaply seen to decide nothing yet."""
        if len(self.means) > 1:
            return True
        ((_, name, mean),) = self.means
        values, threshold = self._values(tests[name], mean), self.atom.threshold
        below, above = (self.leaf.met, self.leaf.violated)[:: self.atom.sign]
        return mean.rules_out(values, threshold, below, speaks_of, upper=False) or mean.rules_out(
            values, threshold, above, speaks_of, upper=True
        )

    def estimate(self, tests: Mapping[str, RunFacts]) -> float | None:
        """Return the point estimate of how far inside it is; None as long as there is none."""
        total = -self.atom.threshold
        for sign, name, mean in self.means:
            found = mean.estimate(self._values(tests[name], mean))
            if found is None:
                return None
            total += sign * found
        return self.atom.sign * total

    def _values(self, facts: RunFacts, mean: MeanOnPopulation) -> FloatArray:
        values = mean.values(facts)
        # What is to be judged from all labels is judged from all or none.
        return values[:0] if self.atom.information == "S2" and len(values) < len(mean.asked) else values
