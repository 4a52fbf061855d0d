"""A league: the methods of a study ranked over its tasks, from the study's result and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2sg.core import InputError, plain, registry
from w2sg.lab.comparisons import ALPHA, PLACE, REFERENCE, Comparison, Names, by_place, compare_methods, result_of_method
from w2sg.lab.results import LEVEL, SetupResult, StudyResult
from w2sg.lab.setup import name_of
from w2sg.lab.standings import Ranking, Recovery, Standing, ranking_of, recovery_of, standings_of

FIXED_RULE = "tasks sorted by name, every other one, the first to choose on"
RANDOM_RULE = "tasks halved at random"


@dataclass(frozen=True)
class Halves:
    """A method chosen on one half of the tasks, and what it is worth on the other half.

    Attributes:
        choose: The tasks on which the method with the highest mean PGR was chosen.
        test: The tasks that had no say in it.
        rule: How the tasks were halved.
        chosen: The method, or None.
        chosen_on: Its PGR on the tasks it was chosen on: too high, because it was chosen for it.
        tested_on: Its PGR on the other tasks.
        reason: Why nothing was chosen or tested; None where something was.
    """

    choose: tuple[str, ...]
    test: tuple[str, ...]
    rule: str
    chosen: str | None = None
    chosen_on: Recovery | None = None
    tested_on: Recovery | None = None
    reason: str | None = None


@dataclass(frozen=True)
class League:
    """The methods of a study over its tasks.

    Attributes:
        study: The study's name.
        reference: The method that all others are compared with.
        level: The confidence level of all intervals.
        alpha: The level of the verdicts.
        n_runs: The number of runs behind it.
        seeds: All seeds.
        arenas: The arenas, in the order of the study.
        standings: The methods: those in the ranking first, in its order, then the others.
        ranking: The ranks, and whether they differ.
        halves: What comes of choosing a method on half of the tasks, by the fixed rule.
        left_out: Arenas and methods that could not be compared, and why.
        trust: Methods that were not made by the package's own code alone, each with where it was made.
        versions: Library versions of the runs.
    """

    study: str
    reference: str
    level: float
    alpha: float
    n_runs: int
    seeds: tuple[int, ...]
    arenas: tuple[Comparison, ...]
    standings: tuple[Standing, ...]
    ranking: Ranking
    halves: Halves
    left_out: tuple[str, ...]
    trust: tuple[tuple[str, str], ...]
    versions: Mapping[str, str]

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


def league_of(study: StudyResult, reference: str = REFERENCE) -> League:
    """Return the league of a study.

    An arena is a task, a supervisor and a student; in each, methods are compared with the reference on the same
    runs, with Holm's correction. Over arenas, methods that all of them have and that buy no ground-truth labels are
    ranked by accuracy (Friedman, Nemenyi; Demsar 2006), and PGRs are averaged over the arenas whose gap is large
    enough for one; tasks are the sampling units of both.

    Args:
        study: The study's result.
        reference: The method that others are compared with, by its name in the study.

    Raises:
        InputError: If no arena has the reference and another method.
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
    ranking = ranking_of(arenas)
    return League(
        study=study.name,
        reference=arenas[0].reference.method,
        level=LEVEL,
        alpha=ALPHA,
        n_runs=sum(len(result.seeds) for result in kept),
        seeds=tuple(sorted({seed for result in kept for seed in result.seeds})),
        arenas=tuple(arenas),
        standings=standings_of(arenas, ranking),
        ranking=ranking,
        halves=_halves(arenas, ranking, None),
        left_out=tuple(left_out),
        trust=tuple(dict.fromkeys((names.of(one, "method"), one.trust) for one in kept if one.trust != "T0")),
        versions=dict(kept[0].versions),
    )


def halves(league: League, rng: np.random.Generator | None = None) -> Halves:
    """Choose the method with the highest mean PGR on half of the tasks, and say what it is worth on the other half.

    Only methods in the ranking can be chosen, the reference among them. Without `rng` the halves are fixed
    before any run: the tasks sorted by name, every other one, the first to choose on.

    Args:
        league: The league.
        rng: Halves at random; None takes the fixed rule.
    """
    return _halves(league.arenas, league.ranking, rng)


def _halves(arenas: Sequence[Comparison], ranking: Ranking, rng: np.random.Generator | None) -> Halves:
    # Sorted by name before they are halved: the order of the study could be chosen after its results were seen.
    tasks = sorted({arena.task for arena in arenas})
    if rng is not None:
        tasks = [tasks[index] for index in rng.permutation(len(tasks))]
    choose, test = tuple(sorted(tasks[::2])), tuple(sorted(tasks[1::2]))
    rule = FIXED_RULE if rng is None else RANDOM_RULE
    if not test:
        return Halves(choose, test, rule, reason=f"one task ({tasks[0]}): it cannot be halved")
    reference = arenas[0].reference.method
    # The reference comes first and wins ties: another method is chosen only where it is better.
    candidates = [reference, *(method for method in ranking.methods if method != reference)]
    ours = [arena for arena in arenas if arena.task in choose]
    recoveries = {method: recovery_of(ours, method) for method in candidates}
    if recoveries[reference].mean.estimate is None:
        reason = f"nothing to choose by: on {', '.join(choose)} no gap is large enough for a PGR"
        return Halves(choose, test, rule, reason=reason)
    chosen = max(candidates, key=lambda method: recoveries[method].mean.estimate or 0.0)
    tested = recovery_of([arena for arena in arenas if arena.task in test], chosen)
    untested = f"nothing to test on: on {', '.join(test)} no gap is large enough for a PGR"
    missing = untested if tested.mean.estimate is None else None
    return Halves(choose, test, rule, chosen, recoveries[chosen], tested, missing)


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
