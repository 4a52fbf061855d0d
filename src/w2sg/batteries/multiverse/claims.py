"""What a study claims, and in how many worlds each claim stands.

A claim is read from the comparisons of a world, by the same functions in every world: that a method beats the
reference or hurts, that its PGR is above 0, that the ceiling is above the weak supervisor, that a method is better
over the tasks.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from w2sg.batteries.multiverse.results import About, AnalystWorld, ClaimReading, StudyClaim, Verdict
from w2sg.measure import Interval, pooled_mean

if TYPE_CHECKING:
    from w2sg.lab import Comparison, Entrant, SetupResult

LEVEL = 0.95
TEST = "test"

Key = tuple[About, str, str]
"""What a claim is about, its place and its method."""

SAME_ANSWERS = "the method gives the same answers as the reference"


def claims_of(worlds: Sequence[AnalystWorld]) -> tuple[StudyClaim, ...]:
    """Return the claims of a study, the most stable first.

    Args:
        worlds: Its worlds, the study as it stands first.
    """
    readings = [readings_of(world.comparisons) for world in worlds]
    references = {one.place: one.reference.method for one in worlds[0].comparisons}
    found = [
        _claim(key, base, readings, worlds, references.get(key[1], worlds[0].comparisons[0].reference.method))
        for key, base in readings[0].items()
        # That there is no number is no claim.
        if base.verdict != "none"
    ]
    return tuple(sorted(found, key=lambda claim: tuple(-share for share in claim.stability)))


def _claim(
    key: Key,
    base: ClaimReading,
    readings: Sequence[Mapping[Key, ClaimReading]],
    worlds: Sequence[AnalystWorld],
    reference: str,
) -> StudyClaim:
    others: dict[int, ClaimReading] = {}
    missing: dict[int, str] = {}
    known = {base.rests_on}
    for number in range(1, len(worlds)):
        reading, reason = readings[number].get(key), _missing(key, reference, worlds[number])
        if reason:
            missing[number] = reason
        elif reading is not None and reading.rests_on not in known:
            known.add(reading.rests_on)
            # Where a choice makes the method into the reference there is nothing to compare, and so no verdict.
            if reading.reason == SAME_ANSWERS:
                missing[number] = reading.reason
            else:
                others[number] = reading
    return StudyClaim(*key, reference, base, others, missing)


def _missing(key: Key, reference: str, world: AnalystWorld) -> str:
    """Return why a claim cannot be read in a world; empty where it can."""
    about, place, method = key
    # A mean over other tasks than in the study would be another claim.
    reasons = [
        reason
        for (at, who), reason in world.missing.items()
        if who in (method, reference) and (about == "over tasks" or at == place)
    ]
    return next(iter(reasons), "")


def readings_of(comparisons: "Sequence[Comparison]") -> dict[Key, ClaimReading]:
    """Return what every claim comes to by the comparisons of one world."""
    found: dict[Key, ClaimReading] = {}
    for comparison in comparisons:
        first = comparison.reference
        found["gap", comparison.place, ""] = _shown(first.pgr.gap, frozenset({_gap_rests_on(first.result)}))
        for entrant in comparison.entrants:
            found["pgr", comparison.place, entrant.method] = _pgr(entrant)
            if entrant.difference is not None:
                found["difference", comparison.place, entrant.method] = _difference(entrant, first)
    if len({comparison.task for comparison in comparisons}) > 1:
        methods = dict.fromkeys(entrant.method for one in comparisons for entrant in one.entrants[1:])
        for method in methods:
            reading = over_tasks(comparisons, method)
            found |= {} if reading is None else {("over tasks", "", method): reading}
    return found


def over_tasks(comparisons: "Iterable[Comparison]", method: str) -> ClaimReading | None:
    """Return a method's mean difference from the reference over tasks; None where it is on fewer than two.

    Tasks are the sampling units, as in a league: places of one task are one cluster.
    """
    pairs = [
        (one, entrant) for one in comparisons if (entrant := one.entrant(method)) and entrant.difference is not None
    ]
    tasks = list(dict.fromkeys(one.task for one, _ in pairs))
    if len(tasks) < 2:
        return None
    values = [[entrant.difference.estimate] for _, entrant in pairs if entrant.difference is not None]
    mean = pooled_mean(values, [tasks.index(one.task) for one, _ in pairs]).interval((1,), LEVEL)
    return _shown(mean, _rests_on(part for one, entrant in pairs for part in (one.reference, entrant)))


def _difference(entrant: "Entrant", first: "Entrant") -> ClaimReading:
    assert entrant.difference is not None
    rests_on = _rests_on([entrant, first])
    students = (part.result.tests[TEST].evidence.student for part in (entrant, first))
    if all(np.array_equal(one, other) for one, other in zip(*students, strict=True)):
        return ClaimReading("none", None, rests_on, SAME_ANSWERS)
    # Holm's p-value decides and not the interval, which is for one comparison alone.
    verdicts: Mapping[str, Verdict] = {"beats": "above", "hurts": "below", "no difference": "open"}
    return ClaimReading(verdicts[entrant.verdict], entrant.difference, rests_on)


def _pgr(entrant: "Entrant") -> ClaimReading:
    share = entrant.pgr
    if share.estimate is None or share.low is None or share.high is None:
        return ClaimReading("none", None, _rests_on([entrant]), share.reason or "no PGR")
    return _shown(Interval(share.estimate, share.low, share.high, share.level), _rests_on([entrant]))


def _shown(effect: Interval, rests_on: frozenset[str]) -> ClaimReading:
    return ClaimReading("above" if effect.low > 0 else "below" if effect.high < 0 else "open", effect, rests_on)


def _rests_on(parts: "Iterable[Entrant]") -> frozenset[str]:
    return frozenset(f"{part.result.config} {part.result.seeds}" for part in parts)


def _gap_rests_on(result: "SetupResult") -> str:
    """Return what identifies a gap: all but the method, which neither weak supervisor nor ceiling knows of."""
    return " ".join([*(result.digest(part) for part in ("task", "supervisor", "student")), str(result.seeds)])
