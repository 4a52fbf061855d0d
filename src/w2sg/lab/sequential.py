"""Seeds until it is decided: a study adds seeds until each method is better, worse or equivalent, or there are enough.

Looking again and again makes ordinary intervals too narrow. Those here hold at all looks at once.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from w2sg.core import AnyArray
from w2sg.lab.outcomes import Run
from w2sg.lab.setup import PARTS, TEST, Setup, names_of
from w2sg.measure import Interval, anytime_t

if TYPE_CHECKING:
    from w2sg.lab.runs import MadeRuns

FIRST_SEEDS = 4
"""Of the first look; each further look has a quarter more."""
PLACE = tuple(part for part in PARTS if part != "method")
Decision = Literal["better", "worse", "equivalent", "undecided"]
Make = Callable[[Sequence[Setup], Sequence[int]], "MadeRuns"]


@dataclass(frozen=True)
class DecisionRule:
    """When it is decided.

    Attributes:
        reference: The method that others are compared with.
        most_seeds: The maximum.
        margin: Differences of less accuracy are equivalent.
        alpha: With at most this probability any decision of a place is wrong, whenever it is looked at.
    """

    reference: str
    most_seeds: int
    margin: float
    alpha: float


@dataclass(frozen=True)
class Decided:
    """How a method differs from the reference, by seeds that were added until it was clear.

    Attributes:
        place: Task, supervisor and student.
        method: The method.
        decision: What became clear.
        seeds: After how many seeds; where nothing did, how many there were.
        difference: Its accuracy minus the reference's, the mean over seeds of this pool: all intervals up to this look
            hold at once, and this is what they have in common.
    """

    place: str
    method: str
    decision: Decision
    seeds: int
    difference: Interval


@dataclass(frozen=True)
class Stopped:
    """A place, how many seeds it took, and why no more were added."""

    place: str
    seeds: int
    reason: str


@dataclass(frozen=True)
class SeedStopping:
    """What came of adding seeds until it was decided.

    Attributes:
        rule: When it was decided.
        places: Where it stopped, and why.
        decided: The methods.
    """

    rule: DecisionRule
    places: tuple[Stopped, ...]
    decided: tuple[Decided, ...]


def until_decided(
    setups: Sequence[Setup], make: Make, rule: DecisionRule, titles: Mapping[str, str]
) -> "tuple[MadeRuns, SeedStopping]":
    """Make runs under more and more seeds, place by place, until each method is decided or there are enough.

    A place is a task, a supervisor and a student. All its methods have the same seeds, so that they can be paired.

    Args:
        setups: What to try.
        make: Makes the runs of some setups under some seeds that are not there yet, and returns them all.
        rule: When it is decided.
        titles: Names to show for parts, by the digest of the part.
    """
    places: dict[tuple[str, ...], list[Setup]] = {}
    for setup in setups:
        places.setdefault(tuple(getattr(setup, part).digest() for part in PLACE), []).append(setup)
    found: list[dict[str, Decided]] = [{} for _ in places]
    groups, spent = list(places.values()), [0] * len(places)
    done: Counter[str] = Counter()
    going, n = list(range(len(groups))), min(FIRST_SEEDS, rule.most_seeds)
    while going:
        outcome = make([setup for place in going for setup in groups[place]], range(n))
        done += outcome.done
        for place in going:
            spent[place], found[place] = n, _look(outcome.runs, groups[place], found[place], rule, titles)
        going = [
            p for p in going if n < rule.most_seeds and any(one.decision == "undecided" for one in found[p].values())
        ]
        n = min(n + max(1, n // 4), rule.most_seeds)
    # All of these are in the store by now: places that took as many seeds are read back together.
    whole = [
        make([setup for group, took in zip(groups, spent, strict=True) if took == n for setup in group], range(n))
        for n in sorted(set(spent))
    ]
    runs, refused, failed = (
        tuple(one for outcome in whole for one in getattr(outcome, name)) for name in ("runs", "refused", "failed")
    )
    stopped = tuple(
        Stopped(_title(group, titles), took, _reason(list(known.values()), rule.most_seeds))
        for group, took, known in zip(groups, spent, found, strict=True)
    )
    decided = tuple(one for known in found for one in known.values())
    return replace(whole[0], runs=runs, refused=refused, failed=failed, done=done), SeedStopping(rule, stopped, decided)


def _look(
    runs: Sequence[Run],
    setups: Sequence[Setup],
    before: Mapping[str, Decided],
    rule: DecisionRule,
    titles: Mapping[str, str],
) -> dict[str, Decided]:
    """Return what is known of each method of a place after these runs, by its setup; what was decided stays so."""
    right: dict[str, dict[int, AnyArray]] = {}
    for run in runs:
        right.setdefault(run.setup.digest(), {})[run.seed] = run.evidence[f"{TEST}.student"]
    base = _reference(setups, rule.reference)
    rivals = [setup for setup in setups if setup is not base]
    # All methods of the place share its alpha, decided or not: how many there are was known before any seed.
    level = 1 - rule.alpha / max(len(rivals), 1)
    found = dict(before)
    for setup in rivals:
        known = before.get(setup.digest())
        ours, theirs = right.get(setup.digest(), {}), right.get(base.digest(), {})
        seeds = sorted(set(ours) & set(theirs))
        if not seeds or (known is not None and known.decision != "undecided"):
            continue
        differences = [ours[seed].mean() - theirs[seed].mean() for seed in seeds]
        # One example more or less is the least by which two seeds can differ.
        now = anytime_t(differences, level, least_deviation=1 / len(ours[seeds[0]]))
        method = setup.label(titles)["method"]
        found[setup.digest()] = _decide(_title(setups, titles), method, len(seeds), _common(now, known), rule.margin)
    return found


def _decide(place: str, method: str, seeds: int, difference: Interval, margin: float) -> Decided:
    low, high = difference.low, difference.high
    decision: Decision = "undecided"
    if low > 0 or high < 0:
        decision = "better" if low > 0 else "worse"
    elif -margin <= low <= high <= margin:
        decision = "equivalent"
    return Decided(place, method, decision, seeds, difference)


def _common(now: Interval, known: Decided | None) -> Interval:
    """Return what this look's interval has in common with those of all earlier ones, for all hold at once."""
    if known is None:
        return now
    low, high = max(now.low, known.difference.low), min(now.high, known.difference.high)
    # They can be disjoint only where one of them fails; the newest then stands alone.
    return now if low > high else Interval(now.estimate, low, high, now.level, now.method)


def _reference(setups: Sequence[Setup], reference: str) -> Setup:
    """Return the setup that others are compared with, by the rule of all comparisons."""
    for name in (reference, setups[0].task.default_method):
        for setup in setups:
            if names_of(setup)["method"] == name:
                return setup
    return setups[0]


def _reason(decided: Sequence[Decided], most_seeds: int) -> str:
    open_ones = [one.method for one in decided if one.decision == "undecided"]
    if not decided:
        return "there is no other method to decide on"
    if not open_ones:
        return "every method is decided"
    return f"the maximum of {most_seeds} seeds; undecided: {', '.join(open_ones)}"


def _title(setups: Sequence[Setup], titles: Mapping[str, str]) -> str:
    label = setups[0].label(titles)
    return " / ".join(label[part] for part in PLACE)
