"""A league: the methods of a study ranked over its tasks, from the study's result and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from w2sg.core import InputError, plain, registry, wording
from w2sg.lab.comparisons import PLACE, REFERENCE, Comparison, Names, by_place, compare_methods, result_of_method
from w2sg.lab.families import Family, families_of
from w2sg.lab.held_out import HeldOutFamilies, held_out_of
from w2sg.lab.notebooks import Showable
from w2sg.lab.results import ALPHA, LEVEL, MARGIN, SetupResult, StudyResult
from w2sg.lab.setup import name_of
from w2sg.lab.standings import Ranking, Standing, ranking_of, standings_of


@dataclass(frozen=True, repr=False)
class League(Showable):
    """The methods of a study over its tasks.

    Attributes:
        study: The study's name.
        reference: The method that all others are compared with.
        level: The confidence level of all intervals.
        alpha: The level of the verdicts.
        margin: Mean differences of less accuracy are equivalent.
        n_runs: The number of runs behind it.
        seeds: All seeds.
        arenas: The arenas, in the order of the study.
        families: Which tasks are one unit of evidence: those of the same files, or of one name in the study.
        standings: The methods: those in the ranking first, in its order, then the others.
        ranking: The ranks, and whether they differ.
        held_out: What a method is worth on the family that had no say in choosing it.
        left_out: Arenas and methods that could not be compared, and why.
        trust: Methods that were not made by the package's own code alone, each with where it was made.
        versions: Library versions of the runs.
        looked: Whether seeds were added by looking at the results: p-values and intervals are then too narrow.
    """

    study: str
    reference: str
    level: float
    alpha: float
    margin: float
    n_runs: int
    seeds: tuple[int, ...]
    arenas: tuple[Comparison, ...]
    families: tuple[Family, ...]
    standings: tuple[Standing, ...]
    ranking: Ranking
    held_out: HeldOutFamilies
    left_out: tuple[str, ...]
    trust: tuple[tuple[str, str], ...]
    versions: Mapping[str, str]
    looked: bool = False

    def __repr__(self) -> str:
        counts = ((len(self.standings), "method"), (len(self.tasks), "task"), (self.n_runs, "run"))
        return f"League({self.study}, {', '.join(wording.quantity(n, noun) for n, noun in counts)})"

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks, in the order of the study."""
        return tuple(dict.fromkeys(arena.task for arena in self.arenas))

    def standing(self, method: str) -> Standing:
        """Return a method's standing.

        Raises:
            InputError: If the method is not in the league.
        """
        standings = {standing.method: standing for standing in self.standings}
        if method not in standings:
            raise InputError(f"no method {method!r} in this league: {', '.join(standings)}")
        return standings[method]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; an infinite statistic is null."""
        arenas = [
            {**arena.to_dict(), "entrants": [entrant.to_dict() for entrant in arena.entrants]} for arena in self.arenas
        ]
        data: dict[str, Any] = plain({**vars(self), "arenas": arenas}, sparse=False)
        return data


def league_of(study: StudyResult, reference: str = REFERENCE, *, margin: float = MARGIN) -> League:
    """Return the league of a study.

    An arena is a task, a supervisor and a student; in each, methods are compared with the reference on the same
    runs, with Holm's correction. Families of tasks (those made of the same files) are the sampling units of all that is
    said over arenas. Each method is compared with the reference by a random-effects model of its differences in
    accuracy, which are defined everywhere, and in PGR, where the gap is large enough. It is better or worse where the
    model and Wilcoxon's signed ranks both say so, after Holm's correction over all methods; equivalent where its mean
    difference is within the margin for sure. Methods that all arenas have and that know no more than the reference are
    ranked by accuracy (Friedman; Demsar 2006).

    Args:
        study: The study's result.
        reference: The method that others are compared with, by its name in the study.
        margin: Mean differences of less accuracy are equivalent.

    Raises:
        InputError: If no arena has the reference and another method, or `margin` is not above 0.
    """
    names = Names(study.results)
    left_out: list[str] = []
    # Who may take part is decided before anything is compared, so Holm counts only methods that do.
    kept = [result for group in by_place(study.results) for result in _eligible(group, reference, names, left_out)]
    if not kept:
        raise InputError(
            f"study {study.name!r} has no league: it needs the method {reference!r} and another one under the same "
            f"seeds on a task; it has {', '.join(dict.fromkeys(result.label['method'] for result in study.results))}"
        )
    arenas = compare_methods(kept, reference, names)
    families = families_of(arenas, study.families)
    ranking = ranking_of(arenas, families)
    return League(
        study=study.name,
        reference=arenas[0].reference.method,
        level=LEVEL,
        alpha=ALPHA,
        margin=margin,
        n_runs=sum(len(result.seeds) for result in kept),
        seeds=tuple(sorted({seed for result in kept for seed in result.seeds})),
        arenas=tuple(arenas),
        families=families,
        standings=standings_of(arenas, families, ranking, margin),
        ranking=ranking,
        held_out=held_out_of(arenas, families, ranking, margin),
        left_out=tuple(left_out),
        trust=tuple(dict.fromkeys((names.of(one, "method"), one.trust) for one in kept if one.trust != "T0")),
        versions=dict(kept[0].versions),
        looked=study.stopping is not None,
    )


def _eligible(group: Sequence[SetupResult], reference: str, names: Names, left_out: list[str]) -> list[SetupResult]:
    """Return the reference and the methods of a place that an honest league can pair with it; say who is left out.

    Left out are oracles, which read more gold than an honest method could; methods under other seeds than the
    reference, because they cannot be paired with it; and places without the reference or without a rival.
    """
    title = " / ".join(names.of(group[0], part) for part in PLACE)
    first = result_of_method(group, reference)
    if first is None:
        left_out.append(f"{title}: has no {reference}")
        return []
    # Each exclusion is told with its reason: a league that silently drops methods cannot be checked.
    eligible = [first]
    for result in (result for result in group if result is not first):
        if registry.lookup("methods", name_of("methods", result.setup.method).partition("(")[0]).oracle:
            left_out.append(f"{title}: {names.of(result, 'method')} is an oracle")
        elif result.seeds != first.seeds:
            left_out.append(f"{title}: {names.of(result, 'method')} has other seeds than {reference}")
        else:
            eligible.append(result)
    if len(eligible) == 1:
        left_out.append(f"{title}: nothing to compare with {reference}")
        return []
    return eligible
