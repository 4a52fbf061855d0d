"""Which results belong together: groups that share task, supervisor and student; students that differ in strength."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from w2sg.core.component import canonical_json
from w2sg.lab import Contest, SetupResult, StudyResult
from w2sg.report import formatting as fmt

PARTS = ("task", "supervisor", "student", "method")
REFERENCE = "naive"


MOST_LETTERS = 48


class Names:
    """The names of parts: short enough to be read, with the hash's beginning where two parts would have one name."""

    def __init__(self, results: Sequence[SetupResult]) -> None:
        self._names: dict[tuple[str, str], str] = {}
        for part in PARTS:
            labels = {digest_of(result, part): fmt.shortened(result.label[part], MOST_LETTERS) for result in results}
            used = list(labels.values())
            for digest, label in labels.items():
                self._names[part, digest] = label if used.count(label) == 1 else f"{label} {digest[:6]}"

    def of(self, result: SetupResult, part: str) -> str:
        """Return the name of a result's part."""
        return self._names[part, digest_of(result, part)]

    def different(self, part: str) -> list[str]:
        """Return all names of a part, in the order of the results."""
        return [name for (of, _), name in self._names.items() if of == part]


@dataclass(frozen=True, eq=False)
class Group:
    """Results of one task, supervisor and student, which differ by their method.

    Attributes:
        task: The task's name.
        supervisor: The weak supervisor's name.
        student: The student's name.
        results: The results by the name of their method, in the order of the study.
        reference: The method that others are compared with.
        contest: The comparisons; None where there is nothing to compare.
    """

    task: str
    supervisor: str
    student: str
    results: Mapping[str, SetupResult]
    reference: str
    contest: Contest | None = None

    @property
    def title(self) -> str:
        """Task, supervisor and student as one line."""
        return f"{self.task} / {self.supervisor} / {self.student}"

    @property
    def first(self) -> SetupResult:
        """The result of the reference method."""
        return self.results[self.reference]


def groups_of(results: Sequence[SetupResult]) -> list[Group]:
    """Return the groups in the order in which they first appear."""
    names = Names(results)
    found: dict[tuple[str, ...], list[SetupResult]] = {}
    for result in results:
        found.setdefault(tuple(digest_of(result, part) for part in PARTS[:3]), []).append(result)
    return [_group(members, names) for members in found.values()]


def groups_with_contests(study: StudyResult) -> list[Group]:
    """Return the groups of a study, each with its comparisons."""
    waiting = list(study.contests)
    groups = []
    for group in groups_of(study.results):
        label = {part: group.first.label[part] for part in PARTS[:3]}
        contest = next((one for one in waiting if dict(one.label) == label), None) if len(group.results) > 1 else None
        if contest is not None:
            waiting.remove(contest)
        groups.append(replace(group, contest=contest))
    return groups


@dataclass(frozen=True, eq=False)
class Ladder:
    """Groups that differ only in one field of the student, which changes its strength.

    Attributes:
        field: The field's path in the student, such as `features.count`.
        groups: The groups, the weakest student first.
    """

    field: str
    groups: tuple[Group, ...]

    @property
    def strengths(self) -> list[float]:
        """The strengths of the students."""
        return [strength_of(group) for group in self.groups]

    @property
    def methods(self) -> list[str]:
        """The methods that at least two of the students have."""
        names = dict.fromkeys(name for group in self.groups for name in group.results)
        return [name for name in names if sum(name in group.results for group in self.groups) > 1]


def ladders_of(results: Sequence[SetupResult]) -> list[Ladder]:
    """Return the ladders of at least two strengths: the x-axes of Burns et al. 2023 (arXiv 2312.09390)."""
    found: dict[str, tuple[str, list[Group]]] = {}
    for group in groups_of(results):
        setup = group.first.setup
        if setup.student.strength is None:
            continue
        rest = [setup.task.digest(), setup.supervisor.digest()]
        fields = dict(_leaves(setup.student.model_dump(mode="json")))
        for path in fields:
            others = {name: value for name, value in fields.items() if name != path}
            found.setdefault(canonical_json([*rest, path, others]), (path, []))[1].append(group)
    ladders = [Ladder(path, tuple(sorted(groups, key=strength_of))) for path, groups in found.values()]
    return [one for one in ladders if len(set(one.strengths)) == len(one.groups) > 1 and one.methods]


def strength_of(group: Group) -> float:
    """Return the strength of a group's student; 0 where it has none."""
    return group.first.setup.student.strength or 0.0


def digest_of(result: SetupResult, part: str) -> str:
    """Return the hash of one part of a result's setup."""
    digest: str = getattr(result.setup, part).digest()
    return digest


def _group(members: Sequence[SetupResult], names: Names) -> Group:
    methods = {names.of(result, "method"): result for result in members}
    reference = next((name for name, result in methods.items() if result.label["method"] == REFERENCE), None)
    parts = [names.of(members[0], part) for part in PARTS[:3]]
    return Group(parts[0], parts[1], parts[2], methods, reference or next(iter(methods)))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def by_task_and_supervisor(groups: Sequence[Group]) -> list[list[Group]]:
    """Return the groups that differ only by their student, together."""
    found = defaultdict(list)
    for group in groups:
        found[group.task, group.supervisor].append(group)
    return list(found.values())
