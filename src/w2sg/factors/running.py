"""Trying a study's setups at the points of a design: ordinary runs, which the store keeps, and what they say."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from w2sg.core import BoolArray, CapabilityError, FloatArray, InputError, canonical_json
from w2sg.graph import Progress
from w2sg.isolation import loading_again
from w2sg.lab import TEST, Run, Setup, default_store, families_of_tasks, make_runs

if TYPE_CHECKING:
    from w2sg.factors.contract import Factor
    from w2sg.factors.outcomes import FactorOutcome
    from w2sg.factors.study import FactorStudy
    from w2sg.measure import Reading


@dataclass(frozen=True)
class BaseSetup:
    """A setup of the study, which is tried at every point.

    Attributes:
        name: Its task, and what else tells it from the others.
        task: Its task's name.
        setup: The setup as the study has it.
        family: The number of its task's family: what was sampled.
    """

    name: str
    task: str
    setup: Setup
    family: int


@dataclass(frozen=True, eq=False)
class Tried:
    """What came of trying a setup at the points of a design.

    Attributes:
        base: The setup as the study has it.
        readings: For each point and outcome its readings by seed; an outcome that is not known there is absent.
        missing: Why factors, points or outcomes are missing, each reason once.
        run_ids: The runs.
    """

    base: BaseSetup
    readings: "tuple[Mapping[str, tuple[Reading, ...]], ...]"
    missing: tuple[str, ...]
    run_ids: frozenset[str]

    def has(self, outcome: str) -> BoolArray:
        """Return at which points an outcome is known, `(m,)`."""
        return np.array([outcome in point for point in self.readings])

    def values(self, outcome: str) -> FloatArray:
        """Return the outcome at the points where it is known, the mean over seeds, `(p,)`."""
        known = [point[outcome] for point in self.readings if outcome in point]
        return np.array([np.mean([reading.value for reading in by_seed]) for by_seed in known])

    def and_then(self, more: "Tried") -> "Tried":
        """Return what came of these points and of more."""
        missing = tuple(dict.fromkeys((*self.missing, *more.missing)))
        return Tried(self.base, (*self.readings, *more.readings), missing, self.run_ids | more.run_ids)


def over_families(tried: "Sequence[Tried]", outcome: str) -> FloatArray:
    """Return an outcome at each point, `(m,)`: the mean over families, which weigh alike; NaN where one lacks it.

    Families that have it at no point at all do not count: points are compared on the same ones.
    """
    by_family: dict[int, list[FloatArray]] = {}
    for one in tried:
        known = one.has(outcome)
        if known.any():
            values = np.full(len(known), np.nan)
            values[known] = one.values(outcome)
            by_family.setdefault(one.base.family, []).append(values)
    if not by_family:
        return np.full(len(tried[0].readings), np.nan)
    return np.asarray(np.mean([np.mean(of, axis=0) for of in by_family.values()], axis=0))


def base_setups(study: "FactorStudy") -> tuple[list[BaseSetup], list[str]]:
    """Return the setups of a study, and the names of the families of their tasks."""
    titles, setups = study.titles(), study.setups()
    labels = [setup.label(titles) for setup in setups]
    by_task: dict[str, list[Mapping[str, str]]] = {}
    for label in labels:
        by_task.setdefault(label["task"], []).append(label)
    # beside the task only what tells setups of one task apart
    shown = [
        part
        for part in ("supervisor", "student", "method")
        if any(len({label[part] for label in of}) > 1 for of in by_task.values())
    ]
    tasks = {label["task"]: setup.task for label, setup in zip(labels, setups, strict=True)}
    families = families_of_tasks(tasks, study.families())
    number = {task: place for place, family in enumerate(families) for task in family.tasks}
    bases = [
        BaseSetup(" / ".join(label[part] for part in ("task", *shown)), label["task"], setup, number[label["task"]])
        for label, setup in zip(labels, setups, strict=True)
    ]
    return bases, [family.name for family in families]


def turned_to(setup: Setup, factors: "Sequence[Factor]", point: FloatArray) -> Setup:
    """Return a setup at a point of a design.

    Raises:
        CapabilityError: If a factor does not fit it.
    """
    for factor, place in zip(factors, point.tolist(), strict=True):
        if not np.isnan(place):
            setup = factor.turned(setup, factor.at(place))
    return setup


def check_commuting(setup: Setup, factors: "Sequence[Factor]") -> None:
    """Check that factors can be turned in any order, so that a point is one setup.

    Raises:
        InputError: If two of them undo each other.
    """
    for first, second in itertools.combinations(factors, 2):
        try:
            one_way, other_way = (turned_to(setup, pair, np.ones(2)) for pair in ((first, second), (second, first)))
        except CapabilityError:
            continue  # said where the points are made
        if one_way != other_way:
            raise InputError(
                f"factors {first.name!r} and {second.name!r} undo each other: where several are turned at once each "
                "must keep what the others set; leave one of them out, or turn one at a time"
            )


def try_points(
    bases: Sequence[BaseSetup],
    factors: "Sequence[Factor]",
    points: FloatArray,
    outcomes: "Sequence[FactorOutcome]",
    seeds: Sequence[int],
    *,
    store: str | Path | None = None,
    workers: int | None = None,
    plugins: Sequence[str] = (),
    progress: Progress | None = None,
) -> list[Tried]:
    """Try every setup at every point, and read the outcomes.

    Args:
        bases: The setups as the study has them.
        factors: What is turned, k of them.
        points: `(m, k)`.
        outcomes: What is read.
        seeds: Under which seeds.
        store: The store's folder; None is the usual one.
        workers: Processes; None chooses.
        plugins: Files that register components: other processes load them.
        progress: Told how many runs are done, of how many.

    Raises:
        InputError: If no point fits any of the setups.
        RunError: If runs failed by accident.
    """
    asked = [_OfSetup(base, factors, points) for base in bases]
    setups = dict.fromkeys(setup for one in asked for setup in one.setups.values())
    if not setups:
        reasons = dict.fromkeys(reason for one in asked for reason in one.missing)
        raise InputError(f"no factor fits any setup of the study: {'; '.join(reasons)}")
    whole, why = whole_runs(setups, seeds, store=store, workers=workers, plugins=plugins, progress=progress)
    return [one.tried(whole, why, outcomes) for one in asked]


def whole_runs(
    setups: Iterable[Setup],
    seeds: Sequence[int],
    *,
    store: str | Path | None = None,
    workers: int | None = None,
    plugins: Sequence[str] = (),
    progress: Progress | None = None,
) -> tuple[dict[Setup, list[Run]], dict[str, str]]:
    """Return the runs of the setups that have one under every seed, and why others have not, by their labels.

    The arguments and errors are those of `try_points`.
    """
    folder, wanted = Path(store or default_store()), dict.fromkeys(setups)
    made = make_runs(wanted, seeds, store=folder, workers=workers, prepare=loading_again(plugins), progress=progress)
    # A setup that does not fit its data is told where it belongs; what failed by accident ends everything.
    accidents = tuple(failure for failure in made.failed if not failure.bad_input)
    replace(made, refused=(), failed=accidents).raise_first_problem()
    runs: dict[Setup, list[Run]] = {setup: [] for setup in wanted}
    for run in sorted(made.runs, key=lambda run: run.seed):
        runs[run.setup].append(run)
    whole = {setup: of for setup, of in runs.items() if len(of) == len(set(seeds))}
    return whole, {_key(one.label): one.reason for one in (*made.refused, *made.failed)}


class _OfSetup:
    """A setup with its points, while they are made."""

    def __init__(self, base: BaseSetup, factors: "Sequence[Factor]", points: FloatArray) -> None:
        self.base, self.factors, self.points = base, factors, points
        self.setups: dict[int, Setup] = {}
        self.missing: dict[str, None] = {}
        for number, point in enumerate(points):
            try:
                self.setups[number] = turned_to(base.setup, factors, point)
            except CapabilityError as reason:
                self._tell(point, str(reason))

    def tried(
        self, runs: Mapping[Setup, Sequence[Run]], why: Mapping[str, str], outcomes: "Sequence[FactorOutcome]"
    ) -> Tried:
        readings, used = [], set()
        for number, point in enumerate(self.points):
            setup = self.setups.get(number)
            own = runs.get(setup, ()) if setup is not None else ()
            if setup is not None and not own:
                self._tell(point, why.get(_key(setup.label()), "its runs were refused"))
            readings.append(self._read(own, outcomes, point))
            used |= {run.id for run in own}
        return Tried(self.base, tuple(readings), tuple(self.missing), frozenset(used))

    def _read(
        self, runs: Sequence[Run], outcomes: Sequence["FactorOutcome"], point: FloatArray
    ) -> dict[str, tuple["Reading", ...]]:
        test = next((factor.read_on for factor in self._turned(point) if factor.read_on != TEST), TEST)
        found: dict[str, tuple[Reading, ...]] = {}
        for outcome in outcomes if runs else ():
            try:
                found[outcome.name] = tuple(outcome.read(run, test) for run in runs)
            except CapabilityError as reason:
                self.missing[f"{outcome.name}: {reason}"] = None
        return found

    def _turned(self, point: FloatArray) -> "list[Factor]":
        return [factor for factor, place in zip(self.factors, point, strict=True) if not np.isnan(place)]

    def _tell(self, point: FloatArray, reason: str) -> None:
        """Remember why a point is missing, with the factor where it turns one alone."""
        turned = self._turned(point)
        self.missing[f"{turned[0].name}: {reason}" if len(turned) == 1 else reason] = None


def _key(label: Mapping[str, str]) -> str:
    return canonical_json(dict(label))
