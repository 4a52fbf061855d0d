"""A league: the methods of a study ranked over its tasks, from the study's result and nothing else."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from w2sg.core import InputError
from w2sg.lab.arenas import ALPHA, Arena, arenas_of
from w2sg.lab.results import LEVEL, REFERENCE, StudyResult
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

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


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
        versions: Library versions of the runs.
    """

    study: str
    reference: str
    level: float
    alpha: float
    n_runs: int
    seeds: tuple[int, ...]
    arenas: tuple[Arena, ...]
    standings: tuple[Standing, ...]
    ranking: Ranking
    halves: Halves
    left_out: tuple[str, ...]
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
        found = next((one for one in self.standings if one.method == method), None)
        if found is None:
            raise InputError(f"no method {method!r} in this league: {', '.join(one.method for one in self.standings)}")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the document of `w2sg league --json`; an infinite statistic is null."""
        plain: dict[str, Any] = _finite({**vars(self), "versions": dict(self.versions)})
        return plain


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
    arenas, left_out = arenas_of(study.results, reference)
    if not arenas:
        raise InputError(
            f"study {study.name!r} has no league: it needs the method {reference!r} and another one under the same "
            f"seeds on a task; it has {', '.join(dict.fromkeys(one.label['method'] for one in study.results))}"
        )
    configs = {one.config for arena in arenas for one in arena.entrants}
    kept = [result for result in study.results if result.config in configs]
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


def _halves(arenas: Sequence[Arena], ranking: Ranking, rng: np.random.Generator | None) -> Halves:
    tasks = sorted({arena.task for arena in arenas})
    if rng is not None:
        tasks = [tasks[index] for index in rng.permutation(len(tasks))]
    choose, test = tuple(sorted(tasks[::2])), tuple(sorted(tasks[1::2]))
    rule = FIXED_RULE if rng is None else RANDOM_RULE
    if not test:
        return Halves(choose, test, rule, reason=f"one task ({tasks[0]}): it cannot be halved")
    reference = arenas[0].reference.method
    candidates = [reference, *(method for method in ranking.methods if method != reference)]
    ours = [arena for arena in arenas if arena.task in choose]
    found = {method: recovery_of(ours, method) for method in candidates}
    if found[reference].mean.estimate is None:
        reason = f"nothing to choose by: on {', '.join(choose)} no gap is large enough for a PGR"
        return Halves(choose, test, rule, reason=reason)
    chosen = max(candidates, key=lambda method: found[method].mean.estimate or 0.0)
    tested = recovery_of([arena for arena in arenas if arena.task in test], chosen)
    untested = f"nothing to test on: on {', '.join(test)} no gap is large enough for a PGR"
    return Halves(choose, test, rule, chosen, found[chosen], tested, untested if tested.mean.estimate is None else None)


def _finite(value: Any) -> Any:
    """Return plain data, with None for numbers that JSON does not know."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: _finite(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
