"""Labels one after the other, until a specification is decided: which to buy next, and when to stop.

Every atom has its inputs in a random order of its own test set, and its bounds hold at all lengths of that order at
once. So it does not matter why the next label is bought: whoever buys may look at all that came so far, go on with the
atom that seems nearest to a verdict, and stop as soon as the tree is decided. A label that was bought for one atom is
there for all others, which use it once the labels before it in their order are there too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from w2sg.core import BoolArray, CapabilityError, IntArray
from w2sg.desiderata.atoms import Atom
from w2sg.desiderata.facts import RunFacts, Who
from w2sg.desiderata.formulas import UNKNOWN, Formula, Margin, Verdict, formula_of
from w2sg.desiderata.specification import SpeaksOf, Specification

Ask = Callable[[str, IntArray], Mapping[Who, BoolArray]]
"""Buys labels: a test set and rows of it in, who is right there out."""
AT_ONCE = 0.05
"""Labels are bought so many at a time, as a share of those that the atom has: bounds need not be made after each."""
PRIOR_VARIANCE, PRIOR_DISTANCE = 0.25, 0.1
"""What is supposed of an atom without a label, to guess how many it needs."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """What labels decided.

    Attributes:
        specification: What was required.
        formula: What it came to, with budgets.
        margins: How far inside each leaf is, in order.
        untestable: Why a leaf could not be tested, by its place among the leaves.
        n_labels: How many labels were bought.
        n_used: How many of them each leaf could use.
        bought: The rows that were bought, by test set, in order.
    """

    specification: Specification
    formula: Formula
    margins: tuple[Margin, ...]
    untestable: Mapping[int, str]
    n_labels: int = 0
    n_used: tuple[int, ...] = ()
    bought: Mapping[str, IntArray] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The verdict on the whole."""
        return self.formula.verdict(lambda leaf: self.of_leaf[leaf].verdict)

    @property
    def margin(self) -> Margin:
        """How far inside the whole is."""
        return self.formula.margin(lambda leaf: self.of_leaf[leaf])

    @cached_property
    def of_leaf(self) -> Mapping[Formula, Margin]:
        """How far inside each leaf is."""
        return dict(zip(self.formula.leaves(), self.margins, strict=True))


class _Leaf:
    """A leaf while labels come: its bounds so far, and what is decided stays decided."""

    def __init__(self, leaf: Formula, tests: Mapping[str, RunFacts], orders: Mapping[str, IntArray]) -> None:
        self.leaf, self.margin, self.atom, self.why = leaf, UNKNOWN, None, leaf.untestable
        try:
            self.atom = None if self.why else Atom(leaf, tests, orders)
        except CapabilityError as reason:
            self.why = str(reason)

    def look(self, tests: Mapping[str, RunFacts], speaks_of: SpeaksOf, *, last: bool = False) -> None:
        """Make the bounds where they may decide, or where it is the last look."""
        if self.atom is None or self.verdict != "undecided":
            return
        if last or self.atom.may_be_decided(tests, speaks_of):
            self.margin = self.atom.margin(tests, speaks_of)

    @property
    def verdict(self) -> Verdict:
        return self.margin.verdict

    def n_used(self, tests: Mapping[str, RunFacts]) -> int:
        """Return how many labels its bounds rest on."""
        means = () if self.atom is None else self.atom.means
        used = {(name, row) for _, name, mean in means for row in mean.asked[: len(mean.values(tests[name]))].tolist()}
        return len(used)

    def next_rows(self, tests: Mapping[str, RunFacts], most: int) -> tuple[str, IntArray] | None:
        """Return which labels it would have next, at most so many; None where it may have no more."""
        if self.atom is None or self.atom.atom.information == "S0":
            return None
        found = [(len(mean.values(tests[name])), name, mean) for _, name, mean in self.atom.means]
        found = [one for one in found if one[0] < len(one[2].asked)]
        if not found:
            return None
        # Of two populations the one with fewer labels: their bounds are added.
        used, name, mean = min(found, key=lambda one: one[0])
        wanted = min(most, max(1, round(AT_ONCE * used)))
        if self.atom.atom.information == "S2":
            wanted = most
        rows = mean.asked[used:]
        return name, rows[~tests[name].known[rows]][:wanted]

    def still_needed(self, tests: Mapping[str, RunFacts]) -> float:
        """Return a guess of how many labels it still needs: those of a mean at its distance from the threshold."""
        assert self.atom is not None
        budget = max(min(self.leaf.met, self.leaf.violated), 1e-9)
        values = np.concatenate([mean.values(tests[name]) for _, name, mean in self.atom.means])
        n = len(values)
        share = max(mean.matter.mean() for _, _, mean in self.atom.means)
        variance = (PRIOR_VARIANCE + float(((values - values.mean()) ** 2).sum() if n else 0.0)) / (n + 1)
        estimate = self.atom.estimate(tests)
        # One imaginary label at a usual distance keeps the first guesses from being extreme.
        distance = PRIOR_DISTANCE if estimate is None else (PRIOR_DISTANCE + n * abs(estimate) / share) / (n + 1)
        return float(2 * variance * np.log(1 / budget) / max(distance, 1e-3) ** 2) - n


def buy_until_decided(
    specification: Specification,
    tests: Mapping[str, RunFacts],
    ask: Ask,
    most: int,
    rng: np.random.Generator,
    *,
    delta: float | None = None,
) -> Judgement:
    """Buy labels until a specification is decided on a run, or there are no more to buy.

    Args:
        specification: What is required.
        tests: What is known of the run's test sets.
        ask: Buys labels.
        most: The budget.
        rng: Decides the order in which labels are bought.
        delta: How often the verdict may be wrong; None is the specification's.
    """
    wrong = specification.delta if delta is None else delta
    formula = formula_of(specification.require, tests).dealt(wrong, wrong)
    orders = {name: rng.permutation(len(facts)) for name, facts in tests.items()}
    leaves = [_Leaf(leaf, tests, orders) for leaf in formula.leaves()]
    by_leaf = {id(one.leaf): one for one in leaves}
    now, spent, bought = dict(tests), 0, dict[str, list[IntArray]]()

    def root() -> Verdict:
        return formula.verdict(lambda leaf: by_leaf[id(leaf)].verdict)

    for one in leaves:
        one.look(now, specification.speaks_of)
    while root() == "undecided" and spent < most:
        open_leaves = [by_leaf[id(leaf)] for leaf in _open(formula, lambda leaf: by_leaf[id(leaf)].verdict)]
        wanted = [(one, more) for one in open_leaves if (more := one.next_rows(now, most - spent))]
        if not wanted:
            break
        name, rows = min(wanted, key=lambda pair: pair[0].still_needed(now))[1]
        now[name] = now[name].with_labels(rows, ask(name, rows))
        bought.setdefault(name, []).append(rows)
        spent += len(rows)
        for one in open_leaves:
            one.look(now, specification.speaks_of)
    for one in leaves:
        one.look(now, specification.speaks_of, last=True)
    return Judgement(
        specification,
        formula,
        tuple(one.margin for one in leaves),
        {place: one.why for place, one in enumerate(leaves) if one.why},
        n_labels=spent,
        n_used=tuple(one.n_used(now) for one in leaves),
        bought={name: np.concatenate(rows) for name, rows in bought.items()},
    )


def _open(formula: Formula, of_leaf: Callable[[Formula], Verdict]) -> list[Formula]:
    """Return the undecided leaves that can still matter: none of what is above them is decided."""
    if formula.verdict(of_leaf) != "undecided":
        return []
    return [leaf for part in formula.parts for leaf in _open(part, of_leaf)] if formula.parts else [formula]
