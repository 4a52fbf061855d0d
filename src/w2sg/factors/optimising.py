"""Which change makes meeting a specification most likely: chosen on some tasks, judged on others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from w2sg.core import CapabilityError, FloatArray, InputError, derive, plain
from w2sg.desiderata import Specification, judged
from w2sg.factors.contract import level_name
from w2sg.factors.running import BaseSetup, base_setups, whole_runs
from w2sg.factors.searching import Setting, search
from w2sg.graph import Progress
from w2sg.lab import Setup
from w2sg.measure import Interval, t_interval

if TYPE_CHECKING:
    from w2sg.desiderata import Judgement
    from w2sg.factors.contract import Factor
    from w2sg.factors.study import FactorStudy

Point = tuple[int, ...]
"""For each factor the number of its level, from 1; 0 leaves it as the setup has it."""
BATCH = 5
"""Points that are asked for at once: their runs share work, and Optuna learns from them together."""
WORST = -1.0
"""The margin of a setup that has none, or cannot be run: no accuracy can be further outside."""
LEAST_FAMILIES = 2
DEFAULTS, CHOSEN, SINGLE, RANDOM = "defaults", "chosen", "best single change", "random search"


@dataclass(frozen=True, eq=False)
class Settings:
    """Settings, and what they come to.

    Attributes:
        name: How they were found.
        point: The levels.
        settings: The same in words: level by factor, of those that are turned.
        n_points: How many points they were the best of.
        choosing: The mean margin on the choosing tasks; its lower limit is what was made large.
        left_out: The mean margin on the tasks left out.
        met: The share of families left out whose setups are shown to meet the specification.
        inside: The share of them whose point estimate is inside it.
        over_defaults: How much the margin is above that of the defaults on the tasks left out, paired by family.
        met_over_defaults: The same of the share that is shown to meet it.
        inside_over_defaults: The same of the share whose point estimate is inside it.
        verdicts: The verdict on each setup left out, by its name.
    """

    name: str
    point: Point
    settings: Mapping[str, str]
    n_points: int
    choosing: Interval
    left_out: Interval
    met: float
    inside: float
    over_defaults: Interval
    met_over_defaults: Interval
    inside_over_defaults: Interval
    verdicts: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Optimised:
    """What came of optimising: the defaults, what was chosen, and its rivals.

    Attributes:
        specification: What is to be met.
        study: Where it was tried.
        candidates: The defaults, what Optuna chose, the best single change, the best of as many random points.
        choosing: The names of the setups that settings were chosen on.
        left_out: The names of those that they were judged on.
        trials: How many points were tried.
        seed: Of the search.
    """

    specification: Specification
    study: "FactorStudy"
    candidates: tuple[Settings, ...]
    choosing: tuple[str, ...]
    left_out: tuple[str, ...]
    trials: int
    seed: int

    @property
    def defaults(self) -> Settings:
        """The setups as the study has them."""
        return self.candidates[0]

    @property
    def chosen(self) -> Settings:
        """What Optuna chose."""
        return self.candidates[1]

    @property
    def rivals(self) -> tuple[Settings, ...]:
        """The best single change, and the best of points drawn at random."""
        return self.candidates[2:]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the first part of `--json`."""
        return {
            "specification": self.specification.model_dump(mode="json"),
            "study": self.study.model_dump(mode="json"),
            "candidates": plain(list(self.candidates), sparse=False),
            "choosing": list(self.choosing),
            "left_out": list(self.left_out),
            "trials": self.trials,
            "seed": self.seed,
        }


def optimise(
    specification: Specification,
    study: "FactorStudy",
    *,
    trials: int = 30,
    seed: int = 0,
    store: str | Path | None = None,
    workers: int | None = None,
    progress: Callable[[str], Progress] | None = None,
) -> Optimised:
    """Choose settings of factors on the study's choosing tasks, and judge them on the tasks left out.

    Made large is the lower limit of the mean margin's 95 % interval over families of the choosing tasks. Points are
    proposed by Optuna's tree-structured Parzen estimator; beside it stand the best single change of one factor, and
    the best of as many points drawn at random. A factor that does not fit a setup is left there as it is. The tasks
    left out are run after all is chosen.

    Args:
        specification: What is to be met.
        study: The study; its `choosing` and `left_out` name its tasks.
        trials: How many points Optuna tries, and how many are drawn at random.
        seed: Of the search.
        store: The store's folder; None is the usual one.
        workers: Processes; None chooses.
        progress: Returns for the name of a stage who is told how many of its runs are done, of how many.

    Raises:
        InputError: If tasks are not named, or fewer than two families are on either side.
        MissingExtraError: If Optuna is not installed.
        RunError: If runs failed by accident.
    """
    if trials < 2 * BATCH:
        raise InputError(f"trials must be at least {2 * BATCH}, got {trials}: fewer are no search")
    bases, _ = base_setups(study)
    choosing = _named(bases, study.choosing, "choosing")
    left_out = _named(bases, study.left_out, "left_out")
    if {base.family for base in choosing} & {base.family for base in left_out}:
        raise InputError("choosing and left_out must share no family: such tasks are made of the same data or named so")
    desk = _Desk(specification, study, store, workers, progress)
    best = _chosen(desk, choosing, trials, seed)
    # Only now: nothing of the tasks left out was known when settings were chosen.
    desk.on("tasks left out", left_out, [point for point, _ in best.values()])
    candidates = [desk.settings(name, point, count, choosing, left_out) for name, (point, count) in best.items()]
    names = tuple(one.name for one in choosing), tuple(one.name for one in left_out)
    return Optimised(specification, study, tuple(candidates), *names, trials, seed)


def _chosen(desk: "_Desk", choosing: Sequence[BaseSetup], trials: int, seed: int) -> dict[str, tuple[Point, int]]:
    """Return the defaults, what Optuna chooses and its rivals, each with the number of points it is the best of."""
    factors = desk.study.factors
    default: Point = (0,) * len(factors)
    singles = [
        tuple(level * (place == turned) for place in range(len(factors)))
        for turned, factor in enumerate(factors)
        for level in range(1, len(factor.points) + 1)
    ]
    known = desk.on("single changes", choosing, [default, *singles])
    if set(known.values()) == {WORST}:
        raise InputError(
            f"specification {desk.specification.name!r} has no margin on any of the choosing tasks: w2sg check says why"
        )
    rng = derive(seed, "optimise", "random")
    drawn = [tuple(int(rng.integers(len(factor.points) + 1)) for factor in factors) for _ in range(trials)]
    searched = _search(factors, trials, seed, lambda points: desk.on("search", choosing, points))
    return {
        DEFAULTS: (default, 1),
        CHOSEN: (searched, trials),
        SINGLE: (_best(known), len(known)),
        RANDOM: (_best(desk.on("random points", choosing, drawn)), trials),
    }


def _named(bases: Sequence[BaseSetup], names: Sequence[str], field: str) -> list[BaseSetup]:
    known = {base.task for base in bases}
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"{field} must name tasks of the study, got {unknown[0]!r}: it has {', '.join(sorted(known))}")
    found = [base for base in bases if base.task in names]
    families = {base.family for base in found}
    if len(families) < LEAST_FAMILIES:
        raise InputError(f"{field} must name tasks of at least {LEAST_FAMILIES} families, got {len(families)}")
    return found


class _Desk:
    """Where points are tried: the verdict and the margin of every setup at every point so far."""

    def __init__(
        self,
        specification: Specification,
        study: "FactorStudy",
        store: str | Path | None,
        workers: int | None,
        progress: Callable[[str], Progress] | None,
    ) -> None:
        self.specification, self.study, self.progress = specification, study, progress
        self.store, self.workers = store, workers
        self.decisions: dict[tuple[str, Point], Judgement | None] = {}

    def on(self, stage: str, bases: Sequence[BaseSetup], points: Sequence[Point]) -> dict[Point, float]:
        """Return for every point the lower limit of its mean margin on some setups, after making what is missing."""
        wanted: dict[tuple[str, Point], Setup] = {
            (base.name, point): turned_where_it_fits(base.setup, self.study.factors, point)
            for point in dict.fromkeys(points)
            for base in bases
            if (base.name, point) not in self.decisions
        }
        if wanted:
            runs, _ = whole_runs(
                wanted.values(),
                list(self.study.seed_list()),
                store=self.store,
                workers=self.workers,
                plugins=self.study.plugins,
                progress=None if self.progress is None else self.progress(stage),
            )
            for key, setup in wanted.items():
                self.decisions[key] = judged(self.specification, runs[setup]) if setup in runs else None
        return {point: self.mean(bases, point).low for point in points}

    def margins(self, bases: Sequence[BaseSetup], point: Point) -> FloatArray:
        """Return the margin of each setup."""
        found = (self.decisions[base.name, point] for base in bases)
        estimates = (None if one is None else one.margin.estimate for one in found)
        return np.array([WORST if one is None else one for one in estimates])

    def verdicts(self, bases: Sequence[BaseSetup], point: Point) -> list[str]:
        """Return the verdict on each setup; one that cannot be run is undecided."""
        found = (self.decisions[base.name, point] for base in bases)
        return ["undecided" if one is None else one.verdict for one in found]

    def mean(self, bases: Sequence[BaseSetup], point: Point) -> Interval:
        """Return the mean margin over families."""
        return over_families(self.margins(bases, point), bases)

    def settings(
        self, name: str, point: Point, n_points: int, choosing: Sequence[BaseSetup], left_out: Sequence[BaseSetup]
    ) -> Settings:
        """Return what a point comes to on both sides."""
        default: Point = (0,) * len(point)
        margins, usual = self.margins(left_out, point), self.margins(left_out, default)
        verdicts = self.verdicts(left_out, point)
        met, met_usual = (
            np.array([v == "met" for v in of]) * 1.0 for of in (verdicts, self.verdicts(left_out, default))
        )
        return Settings(
            name=name,
            point=point,
            settings=in_words(self.study.factors, point),
            n_points=n_points,
            choosing=self.mean(choosing, point),
            left_out=over_families(margins, left_out),
            met=over_families(met, left_out).estimate,
            inside=over_families((margins > 0) * 1.0, left_out).estimate,
            over_defaults=over_families(margins - usual, left_out),
            met_over_defaults=over_families(met - met_usual, left_out),
            inside_over_defaults=over_families((margins > 0) * 1.0 - (usual > 0) * 1.0, left_out),
            verdicts=dict(zip((base.name for base in left_out), verdicts, strict=True)),
        )


def over_families(values: FloatArray, bases: Sequence[BaseSetup]) -> Interval:
    """Return the mean over families of values `(n,)` of their setups, with Student's interval over families."""
    families = np.array([base.family for base in bases])
    means = np.array([values[families == family].mean() for family in np.unique(families)])
    return t_interval(float(means.mean()), float(means.var(ddof=1)) / len(means), len(means) - 1)


def turned_where_it_fits(setup: Setup, factors: "Sequence[Factor]", point: Point) -> Setup:
    """Return a setup at a point; what does not fit it is left as it is."""
    for factor, level in zip(factors, point, strict=True):
        if level:
            try:
                setup = factor.turned(setup, factor.points[level - 1])
            except CapabilityError:
                continue
    return setup


def in_words(factors: "Sequence[Factor]", point: Point) -> dict[str, str]:
    """Return the levels of a point by factor, of those that are turned."""
    return {
        factor.name: level_name(factor.points[level - 1]) for factor, level in zip(factors, point, strict=True) if level
    }


def _best(found: Mapping[Point, float]) -> Point:
    return max(found, key=found.__getitem__)


def _search(
    factors: "Sequence[Factor]", trials: int, seed: int, tried: Callable[[Sequence[Point]], Mapping[Point, float]]
) -> Point:
    """Return the best of the points that Optuna proposes, the defaults first."""
    names = [factor.name for factor in factors]
    found: dict[Point, float] = {}

    def values(settings: Sequence[Setting]) -> list[float]:
        points = [tuple(int(setting[name]) for name in names) for setting in settings]
        known = tried(points)
        found.update(known)
        return [known[point] for point in points]

    space = {factor.name: len(factor.points) + 1 for factor in factors}
    search(space, values, count=trials, at_once=BATCH, seed=seed, begin=[dict.fromkeys(names, 0)])
    return _best(found)
