"""Comparisons: the methods of one task, weak supervisor and student, each compared with the reference on the same runs.

The study's page, the league and `--json` all rest on these.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from w2sg.core import Method, registry, wording
from w2sg.lab.results import ALPHA, LEVEL, SetupResult
from w2sg.lab.setup import DIRECT, TEST, names_of
from w2sg.measure import Interval, PairedDifference, Pgr, compare_all

REFERENCE = "naive"
PLACE = ("task", "supervisor", "student")

Verdict = Literal["reference", "beats", "hurts", "no difference", "not compared"]


@dataclass(frozen=True, eq=False)
class Entrant:
    """A method in a comparison.

    Attributes:
        method: Its name.
        result: What came out of it.
        paired: How it differs from the reference; None for the reference, and for a method under other seeds, which
            cannot be paired with it.
        is_reference: Whether it is the reference.
    """

    method: str
    result: SetupResult
    paired: PairedDifference | None = None
    is_reference: bool = False

    @property
    def verdict(self) -> Verdict:
        """What the adjusted p-value says."""
        if self.paired is None:
            return "reference" if self.is_reference else "not compared"
        # The adjusted p-value decides and not the interval, which is for one comparison alone.
        if self.paired.p_adjusted >= ALPHA:
            return "no difference"
        return "beats" if self.paired.difference.estimate > 0 else "hurts"

    @property
    def pgr(self) -> Pgr:
        """The PGR on the test set in distribution, or the reason why there is none."""
        return self.result.pgr

    @property
    def difference(self) -> Interval | None:
        """Accuracy minus the reference's, paired."""
        return self.paired.difference if self.paired else None

    @property
    def p_adjusted(self) -> float | None:
        """The two-sided p-value of no difference, adjusted by Holm over the comparison's methods."""
        return self.paired.p_adjusted if self.paired else None

    @property
    def cost_s(self) -> float:
        """Seconds of student training per run."""
        return self.result.train_s / len(self.result.seeds)

    @property
    def tier(self) -> str:
        """What its method knows beside inputs and weak labels."""
        return str(self.result.setup.method.tier)

    @property
    def gold(self) -> float:
        """Ground-truth labels of the transfer split that it buys per run, 0 for most methods."""
        audits = [release for release in self.result.gold if str(release["purpose"]).startswith("audit")]
        return float(sum(release["n"] * release["times"] for release in audits) / len(self.result.seeds))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "method": self.method,
            "accuracy": asdict(self.pgr.student),
            "pgr": asdict(self.pgr),
            "difference": asdict(self.difference) if self.difference else None,
            "p_value": self.paired.p_value if self.paired else None,
            "p_adjusted": self.p_adjusted,
            "cost_s": self.cost_s,
            "tier": self.tier,
            "gold": self.gold,
            "verdict": self.verdict,
            "config": self.result.config,
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """The methods of one place: a task, a weak supervisor and a student.

    Attributes:
        place: Its short name: the task, and what else is needed to tell it from the other places.
        task: The task's name.
        supervisor: The weak supervisor's name.
        student: The student's name.
        entrants: The reference, then the other methods in the order of the study.
    """

    place: str
    task: str
    supervisor: str
    student: str
    entrants: tuple[Entrant, ...]

    @property
    def title(self) -> str:
        """Task, supervisor and student as one line."""
        return f"{self.task} / {self.supervisor} / {self.student}"

    @property
    def reference(self) -> Entrant:
        """The reference method."""
        return self.entrants[0]

    @property
    def direct(self) -> PairedDifference | None:
        """How the student that is trained on supervision gold differs from the reference; None where there is none."""
        test = self.reference.result.tests[TEST]
        if test.direct is None:
            return None
        return compare_all(test.evidence, {DIRECT: test.direct.student}, level=LEVEL)[DIRECT]

    @property
    def faithful(self) -> bool | None:
        """Whether gold of the supervision split does not do the student's work: it is not shown to beat weak labels.

        Where it does, a method that uses this gold proves nothing by being better than the reference.
        """
        direct = self.direct
        return None if direct is None else direct.difference.low <= 0

    @property
    def rivals(self) -> dict[str, PairedDifference]:
        """How the methods that can be paired with the reference differ from it."""
        return {entrant.method: entrant.paired for entrant in self.entrants if entrant.paired is not None}

    def entrant(self, method: str) -> Entrant | None:
        """Return a method's entry, or None where it is not in this comparison."""
        return next((entrant for entrant in self.entrants if entrant.method == method), None)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; what came out of each entrant stands elsewhere."""
        direct = self.direct
        return {
            "place": self.place,
            **{part: getattr(self, part) for part in PLACE},
            "label": {part: name for part, name in self.reference.result.label.items() if part != "method"},
            "reference": self.reference.method,
            "n_seeds": len(self.reference.result.seeds),
            "direct": asdict(direct) if direct else None,
            "faithful": self.faithful,
            "comparisons": {name: asdict(paired) for name, paired in self.rivals.items()},
        }


class Names:
    """The names of parts, with the hash's beginning where two parts of these results would look alike."""

    def __init__(self, results: Iterable[SetupResult]) -> None:
        # Names of parts are told apart within their part only: a student and a method may have one name.
        self._labels = {
            (part, result.digest(part)): result.label[part] for result in results for part in (*PLACE, "method")
        }
        # What counts is how a name is shown: two long names that differ in their middle look alike when shortened.
        self._used = Counter(self._shown(part, label) for (part, _), label in self._labels.items())

    def of(self, result: SetupResult, part: str) -> str:
        """Return the name of a result's part."""
        return self._name(part, result.digest(part))

    def different(self, part: str) -> list[str]:
        """Return all names of a part, in the order of the results."""
        return [self._name(part, digest) for of, digest in self._labels if of == part]

    def _name(self, part: str, digest: str) -> str:
        label = self._labels[part, digest]
        return label if self._used[self._shown(part, label)] == 1 else f"{label} {digest[:6]}"

    @staticmethod
    def _shown(part: str, label: str) -> tuple[str, str]:
        return part, wording.shortened(label, wording.MOST_LETTERS)


def by_place(results: Iterable[SetupResult]) -> list[list[SetupResult]]:
    """Return results of the same task, supervisor and student together, in the order in which places first appear."""
    places: dict[tuple[str, ...], list[SetupResult]] = {}
    for result in results:
        places.setdefault(tuple(result.digest(part) for part in PLACE), []).append(result)
    return list(places.values())


def compare_methods(
    results: Sequence[SetupResult], reference: str = REFERENCE, names: Names | None = None
) -> list[Comparison]:
    """Return the paired comparisons: within each place, every method with the reference.

    The reference is the method of that name, or the task's default method, or the first where neither is there.
    Holm's correction runs over all methods of one place. Only methods under the reference's seeds are compared with it.

    Args:
        results: The setups' results.
        reference: The method that others are compared with.
        names: Names of parts; None takes them from the results.
    """
    names = names or Names(results)
    groups = by_place(results)
    parts = [[names.of(group[0], part) for part in PLACE] for group in groups]
    return [
        Comparison(place, titles[0], titles[1], titles[2], _entrants(group, reference, names))
        for group, titles, place in zip(groups, parts, _places(parts), strict=True)
    ]


def result_of_method(results: Sequence[SetupResult], name: str) -> SetupResult | None:
    """Return the first result of the method that a name is registered for, whatever title a study gave it.

    A study's own title counts only where no method is registered under it: a title changes nothing but text.
    """
    registered = (result for result in results if names_of(result.setup)["method"] == name)
    titled = (result for result in results if result.label["method"] == name)
    return next(registered, None if name in registry.names(Method) else next(titled, None))


def _entrants(group: Sequence[SetupResult], reference: str, names: Names) -> tuple[Entrant, ...]:
    # A place without the method that was asked for is compared with its task's own default, so that it is not lost.
    wanted = (reference, group[0].setup.task.default_method)
    first = next(filter(None, (result_of_method(group, name) for name in wanted)), group[0])
    methods = {names.of(result, "method"): result for result in group if result is not first}
    return entrants_of(names.of(first, "method"), first, methods)


def entrants_of(reference: str, first: SetupResult, methods: Mapping[str, SetupResult]) -> tuple[Entrant, ...]:
    """Return the reference and the methods of one place, each compared with it.

    Args:
        reference: The reference's name.
        first: Its result.
        methods: The results of the others, by name.
    """
    paired = differences(first, methods)
    entrants = [Entrant(name, result, paired.get(name)) for name, result in methods.items()]
    return (Entrant(reference, first, is_reference=True), *entrants)


def differences(
    reference: SetupResult, others: Mapping[str, SetupResult], test: str = TEST
) -> dict[str, PairedDifference]:
    """Return how others differ from a reference on a test set, by name, with Holm's correction over all of them.

    Args:
        reference: The reference.
        others: The results of the others, by name; those that cannot be paired with it are left out.
        test: The test set.
    """
    # Pairing needs the same seeds: only then are the same test examples met by the same splits.
    rivals = {
        name: result.tests[test].evidence.student
        for name, result in others.items()
        if result.seeds == reference.seeds and test in result.tests
    }
    return compare_all(reference.tests[test].evidence, rivals, level=LEVEL) if rivals else {}


def _places(parts: Sequence[Sequence[str]]) -> list[str]:
    """Return names that tell places apart: the task, and those of supervisor and student that vary within a task."""
    # The task is always said; supervisor and student only where some task has several of them.
    needed = [0]
    for index in (1, 2):
        by_task: dict[str, set[str]] = {}
        for names in parts:
            by_task.setdefault(names[0], set()).add(names[index])
        if any(len(different) > 1 for different in by_task.values()):
            needed.append(index)
    return [" / ".join(names[index] for index in needed) for names in parts]
