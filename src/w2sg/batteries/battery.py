"""Running a battery: every disanalogy that applies to a setup, setting by setting, and what it does to PGR."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from w2sg.batteries.contract import Disanalogy
from w2sg.batteries.deception.running import deception_tests, run_deceptions
from w2sg.batteries.faith import LEAP, candidates_of, leap_of_faith
from w2sg.batteries.results import LEVEL, MARGIN, Battery, TestedDial, TestedSetting, Verdict
from w2sg.core import CapabilityError, Component, InputError, attempt, registry
from w2sg.graph import Progress, Step, expect
from w2sg.isolation import loading_again
from w2sg.lab import (
    DIRECT,
    MadeRuns,
    Setting,
    Setup,
    SetupResult,
    changed,
    default_store,
    make_runs,
    scores_of_setups,
    summarise,
)
from w2sg.measure import Interval, accuracies_by_seed, pgr_contrast

Found = TypeVar("Found")
DECEPTION = "deception"
"""The name by which the deception tests are asked for."""
DECEPTION_SEEDS = 2
"""Deceivers are taught under so many of the seeds: each takes half a minute, and their scores differ little."""


def disanalogies(names: Sequence[str] = ()) -> list[Disanalogy]:
    """Return the disanalogies of these names, or all that are registered; `LEAP` and `DECEPTION` are none of them."""
    asked = [name for name in names if name not in (LEAP, DECEPTION)]
    if not names:
        asked = [entry.name for entry in registry.entries(Disanalogy)]
    return [registry.build(Disanalogy, name) for name in asked]


def run_battery(
    setup: Setup,
    seeds: Sequence[int],
    *,
    only: Sequence[str] = (),
    store: str | Path | None = None,
    workers: int | None = None,
    plugins: Sequence[str] = (),
    progress: Progress | None = None,
) -> Battery:
    """Run every disanalogy that applies to a setup, and say what each does to PGR.

    The runs are ordinary ones: they are kept in the store like those of any study, and none is made twice.

    Args:
        setup: What is tested.
        seeds: Under which seeds, at least 2: intervals of effects are over seeds.
        only: The names of some disanalogies, `leap-of-faith` and `deception`; empty takes all.
        store: The store's folder; None is the usual one.
        workers: Processes; None chooses.
        plugins: The plugins that the setup names: other processes load them.
        progress: Told how many runs are done, of how many.

    Raises:
        InputError: If there are fewer than 2 seeds, or nothing applies.
        RunError: If runs failed.
    """
    if len(seeds) < 2:
        raise InputError(f"a battery needs at least 2 seeds, got {len(seeds)}: intervals of effects are over seeds")
    asked, refused = _applicable(setup, only)
    candidates = candidates_of(setup) if not only or LEAP in only else {}
    folder, prepare = Path(store or default_store()), loading_again(plugins)
    setups = dict.fromkeys([one for _, parts in asked for part in parts for one in part.setups])
    setups |= dict.fromkeys(candidates.values())
    some = list(seeds)[:DECEPTION_SEEDS] if not only or DECEPTION in only else []
    expect([*scores_of_setups(setups, seeds), *_deceptions(setup, some)], folder, workers)
    made = make_runs(setups, seeds, store=folder, workers=workers, prepare=prepare, progress=progress)
    found = _whole(made, seeds)
    tested = []
    for disanalogy, parts in asked:
        if missing := [part.setting.setup for part in parts if part.setting.setup not in found]:
            refused[disanalogy.title] = _why_refused(made, missing[0])
        else:
            tested.append(_tested(disanalogy, [part.found(found) for part in parts]))
    more: dict[str, Any] = {}
    if candidates:
        runs = {name: [run for run in made.runs if run.setup == one] for name, one in candidates.items()}
        more["faith"] = _or_why_not(
            refused,
            "leap of faith",
            lambda: leap_of_faith(runs, seeds, store=folder, workers=workers, prepare=prepare),
        )
    if some:
        more["deception"] = _or_why_not(
            refused, DECEPTION, lambda: run_deceptions(setup, some, store=folder, workers=workers, progress=progress)
        )
    if not tested and not any(more.values()):
        reasons = "; ".join(f"{title}: {reason}" for title, reason in refused.items())
        raise InputError(f"no disanalogy applies to this setup: {reasons}")
    return Battery(setup, tuple(seeds), tuple(tested), not_applicable=refused, **more)


def _deceptions(setup: Setup, seeds: Sequence[int]) -> list[Step]:
    """Return the deception tests of a setup; none where they do not apply, which is said when they are made."""
    tests = attempt(lambda: deception_tests(setup, seeds)) if seeds else {}
    return [] if isinstance(tests, Exception) else list(tests.values())


def _or_why_not(refused: dict[str, str], title: str, test: Callable[[], Found]) -> Found | None:
    """Return what a test gives; where it does not apply None, and the reason under its title."""
    try:
        return test()
    except CapabilityError as reason:
        refused[title] = str(reason)
        return None


def _applicable(setup: Setup, only: Sequence[str]) -> "tuple[list[tuple[Disanalogy, list[_Asked]]], dict[str, str]]":
    """Return the disanalogies that apply with what they ask for, and why others do not, by title."""
    asked, refused = [], {}
    for disanalogy in disanalogies(only):
        try:
            asked.append((disanalogy, [_asked(disanalogy, setting) for setting in disanalogy.settings(setup)]))
        except CapabilityError as reason:
            refused[disanalogy.title] = str(reason)
    return asked, refused


def _whole(made: MadeRuns, seeds: Sequence[int]) -> dict[Component, SetupResult]:
    """Return the results of the setups that have a run under every seed.

    Raises:
        InputError: If runs failed because something given breaks a rule.
        RunError: If runs failed.
    """
    # A method that does not fit its data keeps one dial from being turned, and no others.
    replace(made, refused=()).raise_first_problem()
    return {result.setup: result for result in summarise(made.runs) if len(result.seeds) == len(set(seeds))}


def _why_refused(made: MadeRuns, setup: Setup) -> str:
    """Return why a setup has not all its runs."""
    label = setup.label()
    reasons = [f"{run.label['method']}: {run.reason}" for run in made.refused if run.label == label]
    return reasons[0] if reasons else "its runs were refused"


@dataclass(frozen=True)
class _Asked:
    """The setups that one setting asks for."""

    setting: Setting
    direct: Setup | None
    mended: Setup | None

    @property
    def setups(self) -> list[Setup]:
        return [one for one in (self.setting.setup, self.direct, self.mended) if one is not None]

    def found(self, results: Mapping[Component, SetupResult]) -> TestedSetting:
        direct, mended = (None if one is None else results.get(one) for one in (self.direct, self.mended))
        return TestedSetting(self.setting, results[self.setting.setup], direct, mended)


def _asked(disanalogy: Disanalogy, setting: Setting) -> _Asked:
    try:
        direct: Setup | None = changed(setting.setup, method=DIRECT)
    except CapabilityError:
        direct = None  # of written answers there is no such rival
    return _Asked(setting, direct, disanalogy.mend(setting.setup))


def _tested(disanalogy: Disanalogy, settings: Sequence[TestedSetting]) -> TestedDial:
    first, *others = settings
    effects = tuple(
        _difference(other.result, first.result, other.setting.test, _level(len(others))) for other in others
    )
    level = _level(sum(each.mended is not None for each in settings))
    mends = tuple(_difference(each.mended, each.result, each.setting.test, level) for each in settings)
    return TestedDial(disanalogy, tuple(settings), effects, mends, verdict_of(effects))


def _level(count: int) -> float:
    """Return the level of each of some intervals that hold together at the level of all (Bonferroni)."""
    return 1 - (1 - LEVEL) / max(1, count)


def verdict_of(effects: Sequence[Interval | None], margin: float = MARGIN) -> Verdict:
    """Return whether PGR moves by more than a margin along a dial.

    `fragile`: at some setting the whole interval is beyond the margin. `robust`: at every setting it is within. Else
    `undecided`, as where a gap is too small for a PGR. Where the intervals hold together at a level, a verdict of
    either kind is wrong with at most the rest of it.

    >>> verdict_of([Interval(-0.3, -0.4, -0.2, 0.95)]), verdict_of([Interval(-0.3, -0.6, -0.05, 0.95)])
    ('fragile', 'undecided')
    """
    known = [effect for effect in effects if effect is not None]
    if any(effect.low > margin or effect.high < -margin for effect in known):
        return "fragile"
    within = all(-margin < effect.low and effect.high < margin for effect in known)
    return "robust" if known and within and len(known) == len(effects) else "undecided"


def _difference(result: SetupResult | None, reference: SetupResult, test: str, level: float) -> Interval | None:
    """Return one PGR minus another, on the same seeds; None where one of them is refused, or there is none."""
    if result is None or any(one.tests[test].pgr.estimate is None for one in (result, reference)):
        return None
    tables = [accuracies_by_seed(one.tests[test].evidence) for one in (reference, result)]
    return pgr_contrast(tables, [-1, 1], level)
