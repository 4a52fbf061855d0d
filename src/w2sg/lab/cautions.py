"""What makes a setup's figures mean little, whatever they are: supervisors and ceilings that know nothing, odd classes.

Cautions are read from results alone, so those of a study are those that a preflight of two of its seeds gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2sg.core import wording
from w2sg.lab.results import SetupResult
from w2sg.lab.setup import TEST
from w2sg.measure import Interval, t_interval

PLACE = ("task", "supervisor", "student")
"""What cautions are about: methods share them."""
CONSTANT = 0.98
"""A supervisor that names one class for so large a share of test examples tells the student nothing but that class."""
ENOUGH_SEEDS = 4
"""From so many seeds on intervals over seeds are narrow enough to judge a setup by."""
FEW_LABELS = 25
"""With so few labels a supervisor knows little of most tasks, and of most of them something."""
UNBALANCED = 0.8
"""With so large a share of one class, accuracy says little of the others."""


@dataclass(frozen=True)
class Caution:
    """Something to know before a figure is believed; a serious one leaves it without meaning."""

    name: str
    text: str
    serious: bool = True


def cautions_of(result: SetupResult) -> list[Caution]:
    """Return what is to be known of a setup's results: of all it can be on the test set in distribution."""
    test, known = result.tests[TEST], known_of(result)
    named, majority = test.means.get("weak", {}).get("most_named"), test.means.get("majority")
    floor = None if majority is None else max(majority, test.means["chance"])
    found = []
    if named is not None and named >= CONSTANT:
        text = f"the weak supervisor names one class for {_percent(named)} of the test examples"
        found.append(Caution("constant supervisor", f"{text}: {_better(result)}"))
    elif floor is not None and known["weak"].low <= floor:
        found.append(
            Caution(
                "chance supervisor",
                f"the weak supervisor, right on {wording.interval(known['weak'])}, is not shown to beat naming "
                f"the most frequent class, {wording.number(floor)}: {_better(result)}",
            )
        )
    if floor is not None and known["ceiling"].low <= floor:
        found.append(
            Caution(
                "ceiling at the majority class",
                f"the ceiling, right on {wording.interval(known['ceiling'])}, is not shown to beat naming the "
                f"most frequent class, {wording.number(floor)}: it cannot learn the task from what it sees, "
                "or copies of test inputs have other labels where it trains",
            )
        )
    if known["gap"].low <= 0:
        below = "is below" if known["gap"].high < 0 else "is not shown to be above"
        text = f"the ceiling {below} the weak supervisor (gap {wording.difference(known['gap'])})"
        # Who knows nothing already cannot be made weaker: then the student is what is in the way.
        weaker = "" if found else _weaker(result)
        found.append(Caution("no gap", f"{text}: take {weaker}a stronger student, or more rows"))
    found += [caution for name in result.tests if name != TEST for caution in _elsewhere(result, name)]
    if majority is not None and majority >= UNBALANCED:
        text = f"{_percent(majority)} of the test examples are of one class"
        advice = "accuracy says little of the others, balanced accuracy and AUROC say more"
        found.append(Caution("unbalanced classes", f"{text}: {advice}", serious=False))
    return found


def _elsewhere(result: SetupResult, name: str) -> list[Caution]:
    """Return what is to be known of a further test set: there labels may stand the other way round."""
    means = result.tests[name].means
    if means.get("majority") is None:
        return []
    floor, ceiling = max(means["majority"], means["chance"]), known_of(result, name)["ceiling"]
    if ceiling.low > floor:
        return []
    said = f"on test set {name!r} the ceiling is right on {wording.interval(ceiling)}"
    if ceiling.high < min(means["chance"], 1 - floor):
        text = f"{said}, which is surely below chance: are its labels the opposite of those that were trained on?"
    else:
        text = f"{said}, not shown to beat naming the most frequent class, {wording.number(floor)}"
    return [Caution(f"ceiling on {name}", text)]


def _better(result: SetupResult) -> str:
    """Return what makes a supervisor better that knows too little."""
    few = isinstance(getattr(result.setup.supervisor, "labels", None), int)
    return "give it more labels, or a better view" if few else "give it a better view"


def _weaker(result: SetupResult) -> str:
    """Return what makes the supervisor weaker, where it is one that learns from a number of labels."""
    supervisor = result.setup.supervisor
    labels = getattr(supervisor, "labels", 0)  # None takes all that there are
    has_dial = labels is None or (isinstance(labels, int) and labels > FEW_LABELS)
    return f"a weaker supervisor, such as one with labels = {FEW_LABELS}, " if has_dial else ""


def known_of(result: SetupResult, test: str = TEST) -> dict[str, Interval]:
    """Return how often supervisor, student and ceiling are right, and the gap: what there is to judge a setup by.

    With few seeds intervals over seeds are so wide that they would warn of every setup: there the test examples alone
    are counted, those that belong together as one.
    """
    share, evidence = result.tests[test].pgr, result.tests[test].evidence
    if len(result.seeds) >= ENOUGH_SEEDS:
        return {who: getattr(share, who) for who in ("weak", "student", "ceiling", "gap")}
    counted = evidence.ids if evidence.groups is None else evidence.groups
    n = len(np.unique(np.concatenate(counted)))
    right = {who: np.concatenate(getattr(evidence, who)).astype(float) for who in ("weak", "student", "ceiling")}
    right["gap"] = right["ceiling"] - right["weak"]
    return {who: t_interval(float(each.mean()), float(each.var() / n), np.inf) for who, each in right.items()}


def shared_cautions(results: Sequence[SetupResult]) -> list[tuple[str, Caution]]:
    """Return the cautions of each task, supervisor and student of some results, each once, with its place."""
    found: dict[tuple[str, str], Caution] = {}
    for result in results:
        place = " / ".join(result.label[part] for part in PLACE)
        for caution in cautions_of(result):
            found.setdefault((place, caution.name), caution)
    return [(place, caution) for (place, _), caution in found.items()]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
