"""From a tree to a formula over atoms: `for-all` is written out, and delta is dealt to both errors of every atom.

Every node is *at least m of n* of its parts: `all` is n of n, `any` is 1 of n. The verdict of a node is Kleene's: met
if m parts are, violated if more than n - m are, else undecided.

A node errs where it is said to be met and is not, or to be violated and is not. The truth is one of both, so each side
may use all of delta. **At least m of n is wrongly said to be met with probability at most a if each part is with at
most a / (n - m + 1).** Proof: let u < m parts be met in truth. Then n - u are not, and at least j = m - u of these must
be said to be met. Their expected number is at most (n - u) a / (n - m + 1), so by Markov's inequality j of them occur
with probability at most a (n - m + j) / ((n - m + 1) j), and n - m + j is at most (n - m) j + j. By symmetry each part
may be wrongly said to be violated with a / m. For a conjunction this is the union bound on one side, where weights may
be unequal, and nothing is divided on the other. Parts may depend on each other in any way, and since it holds for the
event that a part is *ever* said to be met, one may look after each label.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from w2sg.core import CapabilityError
from w2sg.desiderata.contract import Desideratum
from w2sg.desiderata.facts import CONSISTENCY, GROUP, RunFacts
from w2sg.desiderata.populations import Population
from w2sg.desiderata.tree import AtLeast, Conjunction, ForAll, Implies, Not, Over, Requirement, Untestable

Verdict = Literal["met", "violated", "undecided"]
OPPOSITE: Mapping[Verdict, Verdict] = {"met": "violated", "violated": "met", "undecided": "undecided"}
NO_STUDY: Mapping[Over, Sequence[str]] = {}
TEST = "test"
QUARTERS = ((0.0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0))


@dataclass(frozen=True)
class Margin:
    """How far inside (above 0) or outside what is required something is.

    Attributes:
        estimate: The point estimate; None where there is none.
        low: It is at least this, unless it is wrongly said to be met.
        high: It is at most this, unless it is wrongly said to be violated.
    """

    estimate: float | None
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """What the limits decide."""
        return "met" if self.low > 0 else "violated" if self.high <= 0 else "undecided"


UNKNOWN = Margin(None, float("-inf"), float("inf"))


@dataclass(frozen=True, eq=False)
class Formula:
    """A node with its budget: an atom, the opposite of its one part, or at least `count` of its parts.

    Attributes:
        source: The desideratum that it was made of.
        met: How often it may be wrongly said to be met.
        violated: How often it may be wrongly said to be violated.
        where: Which of the things that a `for-all` went through it stands for, in words.
        atom: The requirement of a leaf.
        parts: What is joined.
        count: How many parts must be met; 0 for the opposite of one part.
        seed: The one seed that a leaf speaks of; empty is the run, or the mean over seeds.
        other: The supervisor of the other setup that a leaf speaks of, or empty.
        untestable: Why a leaf cannot be tested, or empty.
    """

    source: Desideratum
    met: float = 0.0
    violated: float = 0.0
    where: str = ""
    atom: Requirement | None = None
    parts: "tuple[Formula, ...]" = ()
    count: int = 1
    seed: str = ""
    other: str = ""
    untestable: str = ""

    def leaves(self) -> "list[Formula]":
        """Return the atoms, from left to right."""
        return [leaf for part in self.parts for leaf in part.leaves()] if self.parts else [self]

    def verdict(self, of_leaf: "Callable[[Formula], Verdict]") -> Verdict:
        """Return the verdict by Kleene's strong logic."""
        if not self.parts:
            return of_leaf(self)
        verdicts = [part.verdict(of_leaf) for part in self.parts]
        if not self.count:
            return OPPOSITE[verdicts[0]]
        if verdicts.count("met") >= self.count:
            return "met"
        return "violated" if verdicts.count("violated") > len(verdicts) - self.count else "undecided"

    def margin(self, of_leaf: "Callable[[Formula], Margin]") -> Margin:
        """Return how far inside it is: of at least m of n the m-th largest margin, of a negation the negative."""
        if not self.parts:
            return of_leaf(self)
        margins = [part.margin(of_leaf) for part in self.parts]
        if not self.count:
            (one,) = margins
            return Margin(None if one.estimate is None else -one.estimate, -one.high, -one.low)
        known = [one.estimate for one in margins if one.estimate is not None]
        estimate = sorted(known)[-self.count] if len(known) == len(margins) else None
        low, high = (sorted(getattr(one, end) for one in margins)[-self.count] for end in ("low", "high"))
        return Margin(estimate, low, high)

    def dealt(self, met: float, violated: float) -> "Formula":
        """Return the formula with the budget of both errors dealt to its parts."""
        own = replace(self, met=met, violated=violated)
        if not self.parts:
            return own
        if not self.count:
            return replace(own, parts=(self.parts[0].dealt(violated, met),))
        n = len(self.parts)
        to_be_met, to_be_violated = _shares(self.parts, n - self.count + 1), _shares(self.parts, self.count)
        dealt = zip(self.parts, to_be_met, to_be_violated, strict=True)
        return replace(own, parts=tuple(part.dealt(met * a, violated * b) for part, a, b in dealt))


def _shares(parts: Sequence[Formula], divisor: int) -> list[float]:
    """Return the share of each part: unequal by weight only where all parts share, which is the union bound."""
    if divisor < len(parts):
        return [1 / divisor] * len(parts)
    weights = [part.atom.weight if part.atom is not None else 1.0 for part in parts]
    return [weight / sum(weights) for weight in weights]


def formula_of(
    desideratum: Desideratum, tests: Mapping[str, RunFacts], study: Mapping[Over, Sequence[str]] = NO_STUDY
) -> Formula:
    """Return the formula that a desideratum comes to on these test sets, without budgets.

    A `for-all` over nothing, such as groups where inputs have none, is one untestable leaf: it stays undecided.

    Args:
        desideratum: What is required.
        tests: What is known of each test set.
        study: What a study has beside one run: its seeds, and the setups with worse and with equal supervisors.
    """
    if isinstance(desideratum, Requirement):
        return Formula(desideratum, atom=desideratum)
    if isinstance(desideratum, ForAll):
        try:
            parts = _everywhere(desideratum, tests, study)
        except CapabilityError as reason:
            return Formula(desideratum, untestable=str(reason))
        return Formula(desideratum, parts=parts, count=len(parts))
    if isinstance(desideratum, Untestable):
        return Formula(desideratum, untestable=desideratum.why)
    parts = tuple(formula_of(child, tests, study) for child in desideratum.children)
    if isinstance(desideratum, Not):
        return Formula(desideratum, parts=parts, count=0)
    if isinstance(desideratum, Implies):
        premise, then = parts
        opposite = Formula(Not(what=desideratum.premise), parts=(premise,), count=0)
        return Formula(desideratum, parts=(opposite, then), count=1)
    assert isinstance(desideratum, Conjunction | AtLeast)
    count = len(parts) if isinstance(desideratum, Conjunction) else desideratum.count
    return Formula(desideratum, parts=parts, count=count)


def _everywhere(
    node: ForAll, tests: Mapping[str, RunFacts], study: Mapping[Over, Sequence[str]]
) -> tuple[Formula, ...]:
    """Return the requirement everywhere that a `for-all` goes.

    Raises:
        CapabilityError: If there is nowhere to go, or what decides it is not known.
    """
    if node.over in ("seeds", "worse supervisors", "equal supervisors"):
        found = study.get(node.over, ())
        if not found:
            raise CapabilityError(f"needs a study with several seeds or supervisors: there are no {node.over} here")
        return tuple(_in_study(formula_of(node.require, tests, study), node.over, each) for each in found)
    return tuple(
        replace(formula_of(on_populations(node.require, _narrowed(fields)), tests, study), where=where)
        for where, fields in _places(node.over, tests, _test_of(node.require))
    )


def _narrowed(fields: Mapping[str, object]) -> Callable[[Population], Population]:
    return lambda on: Population.parse({**on.model_dump(), **fields})


def _in_study(formula: Formula, over: Over, which: str) -> Formula:
    parts = tuple(_in_study(part, over, which) for part in formula.parts)
    if over == "seeds":
        return replace(formula, parts=parts, where=formula.where or f"seed {which}", seed=which)
    return replace(formula, parts=parts, where=formula.where or f"against {which}", other=which)


def _places(over: Over, tests: Mapping[str, RunFacts], test: str) -> list[tuple[str, dict[str, object]]]:
    """Return the places that a `for-all` goes through: each in words, and the fields of its populations."""
    if over == "rewordings":
        names = [name for name, facts in tests.items() if CONSISTENCY in facts.columns]
        if not names:
            raise CapabilityError("needs test sets that ask the same rows otherwise, such as the shift 'order-swap'")
        return [(name, {"test": name}) for name in names]
    if over in ("shifts", "tests"):
        names = [name for name in tests if name != TEST or over == "tests"]
        if not names:
            raise CapabilityError("needs test sets under a shift: the task has none")
        return [(name, {"test": name}) for name in names]
    if test not in tests:
        raise CapabilityError(f"there is no test set {test!r}: there are {', '.join(tests)}")
    if over == "groups":
        return [(name, {"group": name}) for name in sorted(set(tests[test].column(GROUP).tolist()))]
    column = over.removeprefix("quarters of ")
    tests[test].column(column)
    return [(f"{column} {low:.0%} to {high:.0%}", {"column": column, "band": (low, high)}) for low, high in QUARTERS]


def _test_of(desideratum: Desideratum) -> str:
    """Return the test set that the first requirement of a tree speaks of."""
    return next((part.on.test for part in desideratum.walk() if isinstance(part, Requirement)), TEST)


def on_populations(desideratum: Desideratum, change: Callable[[Population], Population]) -> Desideratum:
    """Return a tree in which every requirement speaks of another population."""
    if isinstance(desideratum, Requirement):
        return desideratum.model_copy(update={"on": change(desideratum.on)})
    changed = {
        name: tuple(on_populations(one, change) for one in value)
        if isinstance(value, tuple)
        else on_populations(value, change)
        for name in type(desideratum).model_fields
        if isinstance(value := getattr(desideratum, name), Desideratum | tuple)
    }
    return desideratum.model_copy(update=changed)
