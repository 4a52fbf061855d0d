"""Running a multiverse: a study in every world, and its claims in each."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from w2sg.batteries.multiverse.catalogue import known_choices
from w2sg.batteries.multiverse.claims import claims_of
from w2sg.batteries.multiverse.contract import Analysis, AnalystChoice
from w2sg.batteries.multiverse.results import AnalystWorld, Multiverse
from w2sg.batteries.multiverse.worlds import declared, in_world, open_choices
from w2sg.core import RunError, registry
from w2sg.graph import Progress, expect
from w2sg.isolation import loading_again
from w2sg.lab import (
    Comparison,
    FailedRun,
    Setup,
    SetupResult,
    Study,
    default_store,
    entrants_of,
    make_runs,
    scores_of_setups,
    study,
    summarise,
)

PLACE = ("task", "supervisor", "student")
NOT_ONE_PLACE = "this choice does not fit it as it fits the reference"
Made = Mapping[Analysis, SetupResult]


def run_multiverse(
    given: Study,
    *,
    choices: Sequence[str | Mapping[str, Any] | AnalystChoice] = (),
    full: bool = False,
    worlds: int = 0,
    store: str | Path | None = None,
    workers: int | None = None,
    yes: bool = False,
    progress: Progress | None = None,
) -> Multiverse:
    """Run a study in every world, and say in how many of them each of its claims stands.

    In each world one choice is made otherwise than in the study. The runs are ordinary ones: they are kept in the store
    like those of any study, and none is made twice.

    Args:
        given: The study.
        choices: What could have been chosen otherwise: names, tables or components; empty takes all that are known.
        full: Whether to try all combinations too.
        worlds: How many combinations to try that are drawn at random, always the same ones.
        store: The store's folder; None is the usual one.
        workers: Processes; None chooses.
        yes: Go on although the study has over a million runs.
        progress: Told how many runs are done, of how many.

    Raises:
        InputError: If the study breaks a rule, no choice fits it, or there are too many worlds.
        CapabilityError: If a method does not fit its data, unless the study's `incapable` is `skip`.
        RunError: If runs of the study as it is failed.
    """
    started, folder = time.perf_counter(), Path(store or default_store())
    seeds, setups = tuple(sorted(given.seed_list())), given.setups()
    named = [registry.build(AnalystChoice, one) for one in choices or known_choices()]
    found = open_choices(named, [Analysis(setup, seeds) for setup in setups])
    each = declared(found, full=full, drawn=worlds)
    analyses = [{setup: in_world(Analysis(setup, seeds), found, chosen) for setup in setups} for chosen in each]
    asked = _by_seeds(analyses)
    others = [score for some, of in asked.items() for score in scores_of_setups(of, some)]
    expect([*scores_of_setups(setups, seeds), *others], folder, workers)
    n_base, n_others = len(setups) * len(seeds), sum(len(of) * len(some) for of, some in asked.items())
    counting = _Counting(progress, n_base + n_others)
    base = study(given, store=folder, workers=workers, yes=yes, progress=counting.part(n_base))
    if base.failed:
        raise RunError(base.failures())
    made, failed, done = _make(asked, given, folder, workers, counting)
    made |= {Analysis(result.setup, seeds): result for result in base.results}
    found_worlds = tuple(
        AnalystWorld(chosen, *_compared(base.comparisons, of, made)) for chosen, of in zip(each, analyses, strict=True)
    )
    return Multiverse(
        study=base,
        choices=found,
        worlds=found_worlds,
        claims=claims_of(found_worlds),
        n_runs=sum(len(result.seeds) for result in made.values()),
        failed=failed,
        steps_done=dict(done + Counter(base.steps_done)),
        wall_s=time.perf_counter() - started,
    )


def _by_seeds(worlds: Sequence[Mapping[Setup, Analysis]]) -> dict[tuple[int, ...], list[Setup]]:
    """Return what is tried in other worlds than the first and not in that one, each once, by the seeds."""
    base, *others = worlds
    groups: dict[tuple[int, ...], list[Setup]] = {}
    known = set(base.values())
    for one in dict.fromkeys(one for world in others for one in world.values()):
        if one not in known:
            groups.setdefault(one.seeds, []).append(one.setup)
    return groups


class _Counting:
    """Progress of several rounds of runs as one."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.before = progress, total, 0

    def part(self, size: int) -> Progress | None:
        """Return the progress of the next round of so many runs."""
        before = self.before
        self.before += size
        progress = self.progress
        return None if progress is None else lambda done, _: progress(before + done, self.total)


def _make(
    asked: Mapping[tuple[int, ...], Sequence[Setup]],
    given: Study,
    folder: Path,
    workers: int | None,
    counting: _Counting,
) -> tuple[dict[Analysis, SetupResult], tuple[FailedRun, ...], Counter[str]]:
    """Make all runs; return what came of each analysis that was made whole, what failed, and the steps done."""
    made: dict[Analysis, SetupResult] = {}
    failed: list[FailedRun] = []
    done: Counter[str] = Counter()
    for seeds, setups in asked.items():
        outcome = make_runs(
            setups,
            seeds,
            store=folder,
            workers=workers,
            prepare=loading_again(given.plugins),
            progress=counting.part(len(setups) * len(seeds)),
        )
        done += outcome.done
        failed += [*outcome.refused, *outcome.failed]
        whole = [result for result in summarise(outcome.runs, given.titles()) if len(result.seeds) == len(set(seeds))]
        made |= {Analysis(result.setup, seeds): result for result in whole}
    return made, tuple(failed), done


def _compared(
    base: Sequence[Comparison], analyses: Mapping[Setup, Analysis], made: Made
) -> tuple[tuple[Comparison, ...], dict[tuple[str, str], str]]:
    """Return the comparisons of a study in a world, and why methods are missing in it, by place and method."""
    comparisons: list[Comparison] = []
    missing: dict[tuple[str, str], str] = {}
    for comparison in base:
        first = analyses[comparison.reference.result.setup]
        methods: dict[str, SetupResult] = {}
        for entrant in comparison.entrants:
            own = analyses[entrant.result.setup]
            if not _together(own, first):
                missing[comparison.place, entrant.method] = NOT_ONE_PLACE
            elif own not in made or first not in made:
                missing[comparison.place, entrant.method] = "its runs could not be made"
            else:
                methods[entrant.method] = made[own]
        if comparison.reference.method in methods:
            result = methods.pop(comparison.reference.method)
            entrants = entrants_of(comparison.reference.method, result, methods)
            comparisons.append(
                Comparison(comparison.place, comparison.task, comparison.supervisor, comparison.student, entrants)
            )
    return tuple(comparisons), missing


def _together(one: Analysis, other: Analysis) -> bool:
    """Return whether two analyses are at one place: a choice may fit one method's setup and not another's."""
    same = all(getattr(one.setup, part) == getattr(other.setup, part) for part in PLACE)
    return same and one.seeds == other.seeds
