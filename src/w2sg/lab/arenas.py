"""Arenas: the methods of one task, supervisor and student, each compared with the reference on the same runs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from w2sg.core import registry
from w2sg.lab.results import LEVEL, TEST, SetupResult
from w2sg.lab.setup import name_of
from w2sg.measure import Comparison, Interval, Pgr, compare_all

ALPHA = 0.05
"""A method beats or hurts where its p-value, adjusted by Holm within the arena, is below this."""

PLACE = ("task", "supervisor", "student")
Verdict = Literal["reference", "beats", "hurts", "no difference"]


@dataclass(frozen=True)
class Entrant:
    """A method in an arena.

    Attributes:
        method: Its name.
        accuracy: The student's accuracy on the test set.
        pgr: The PGR, or the reason why there is none.
        difference: Accuracy minus the reference's, paired; None for the reference.
        p_value: Two-sided, of no difference; None for the reference.
        p_adjusted: The same adjusted by Holm over the arena's methods; None for the reference.
        cost_s: Seconds of student training per run.
        gold: Ground-truth labels of the transfer split that it buys per run, 0 for most methods.
        verdict: What the adjusted p-value says.
        config: The hash of the setup.
    """

    method: str
    accuracy: Interval
    pgr: Pgr
    difference: Interval | None
    p_value: float | None
    p_adjusted: float | None
    cost_s: float
    gold: float
    verdict: Verdict
    config: str


@dataclass(frozen=True)
class Arena:
    """A place of trial.

    Attributes:
        place: Its short name: the task, and what else is needed to tell it from the other arenas.
        task: The task's name.
        supervisor: The weak supervisor's name.
        student: The student's name.
        n_seeds: The seeds that every entrant has.
        entrants: The methods, in the order of the study; the first is the reference.
    """

    place: str
    task: str
    supervisor: str
    student: str
    n_seeds: int
    entrants: tuple[Entrant, ...]

    @property
    def title(self) -> str:
        """Task, supervisor and student as one line."""
        return f"{self.task} / {self.supervisor} / {self.student}"

    @property
    def reference(self) -> Entrant:
        """The reference method."""
        return self.entrants[0]

    def entrant(self, method: str) -> Entrant | None:
        """Return a method's entry, or None where it is not in this arena."""
        return next((one for one in self.entrants if one.method == method), None)


def arenas_of(results: Sequence[SetupResult], reference: str) -> tuple[list[Arena], list[str]]:
    """Return the arenas in the order in which they first appear, and what is left out and why.

    Left out are oracles, which read more gold than an honest method could; methods under other seeds than the
    reference, because they cannot be paired with it; and arenas without the reference or without a rival.

    Args:
        results: The setups' results.
        reference: The name of the method that others are compared with.
    """
    names = _Names(results)
    groups: dict[tuple[str, ...], list[SetupResult]] = {}
    for result in results:
        groups.setdefault(tuple(_digest(result, part) for part in PLACE), []).append(result)
    left_out: list[str] = []
    members = [_members(group, names, reference, left_out) for group in groups.values()]
    kept = [group for group in members if len(group) > 1]
    places = _places([[names.of(group[0], part) for part in PLACE] for group in kept])
    return [_arena(group, names, place) for group, place in zip(kept, places, strict=True)], left_out


class _Names:
    """The names of parts, with the hash's beginning where two parts have one name."""

    def __init__(self, results: Sequence[SetupResult]) -> None:
        self._labels = {(part, _digest(one, part)): one.label[part] for one in results for part in one.label}
        self._used = Counter((part, label) for (part, _), label in self._labels.items())

    def of(self, result: SetupResult, part: str) -> str:
        digest = _digest(result, part)
        label = self._labels[part, digest]
        return label if self._used[part, label] == 1 else f"{label} {digest[:6]}"


def _digest(result: SetupResult, part: str) -> str:
    digest: str = getattr(result.setup, part).digest()
    return digest


def _members(group: Sequence[SetupResult], names: _Names, reference: str, left_out: list[str]) -> list[SetupResult]:
    """Return the reference and the methods that can be paired with it."""
    title = " / ".join(names.of(group[0], part) for part in PLACE)
    first = next((result for result in group if result.label["method"] == reference), None)
    if first is None:
        left_out.append(f"{title}: has no {reference}")
        return []
    members = [first]
    for result in group:
        if result is first:
            continue
        if _oracle(result):
            left_out.append(f"{title}: {names.of(result, 'method')} is an oracle")
        elif result.seeds != first.seeds:
            left_out.append(f"{title}: {names.of(result, 'method')} has other seeds than {reference}")
        else:
            members.append(result)
    if len(members) == 1:
        left_out.append(f"{title}: nothing to compare with {reference}")
    return members


def _oracle(result: SetupResult) -> bool:
    name = name_of("methods", result.setup.method).partition("(")[0]
    return registry.lookup("methods", name).oracle


def _places(parts: Sequence[Sequence[str]]) -> list[str]:
    """Return names that tell arenas apart: the task, and those of supervisor and student that vary within a task."""
    needed = [0]
    for index in (1, 2):
        by_task: dict[str, set[str]] = {}
        for names in parts:
            by_task.setdefault(names[0], set()).add(names[index])
        if any(len(found) > 1 for found in by_task.values()):
            needed.append(index)
    return [" / ".join(names[index] for index in needed) for names in parts]


def _arena(members: Sequence[SetupResult], names: _Names, place: str) -> Arena:
    first, *rivals = members
    others = {names.of(one, "method"): one.tests[TEST].evidence.student for one in rivals}
    compared = compare_all(first.tests[TEST].evidence, others, level=LEVEL)
    entrants = tuple(_entrant(one, name := names.of(one, "method"), compared.get(name)) for one in members)
    task, supervisor, student = (names.of(first, part) for part in PLACE)
    return Arena(place, task, supervisor, student, len(first.seeds), entrants)


def _entrant(result: SetupResult, name: str, found: Comparison | None) -> Entrant:
    return Entrant(
        method=name,
        accuracy=result.pgr.student,
        pgr=result.pgr,
        difference=found.difference if found else None,
        p_value=found.p_value if found else None,
        p_adjusted=found.p_adjusted if found else None,
        cost_s=result.train_s / len(result.seeds),
        gold=sum(one["n"] * one["times"] for one in result.gold if _bought(one)) / len(result.seeds),
        verdict=_verdict(found) if found else "reference",
        config=result.config,
    )


def _bought(handout: Mapping[str, Any]) -> bool:
    return str(handout["purpose"]).startswith("audit")


def _verdict(found: Comparison) -> Verdict:
    if found.p_adjusted >= ALPHA:
        return "no difference"
    return "beats" if found.difference.estimate > 0 else "hurts"
