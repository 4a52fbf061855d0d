"""Families of tasks, and what a method's effects on them say about tasks that nobody tried.

Tasks that are made of the same files are one family: they share examples, so they are one unit of evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from w2sg.core import Task
from w2sg.lab.results import ALPHA, LEVEL, MARGIN
from w2sg.measure import (
    Interval,
    holm,
    normal_variance,
    pooled_by_unit,
    pooled_mean,
    random_effects,
    ratio_interval,
    signed_rank_p,
)

if TYPE_CHECKING:
    from w2sg.lab.comparisons import Comparison, Entrant

Verdict = Literal["better", "worse", "equivalent", "no difference"]
Scale = Literal["accuracy", "pgr"]
Choice = str | Mapping[str, str]
"""A method, or by each task's name the one that is meant there."""
ONE_FAMILY = "one family of tasks: nothing says how much others would differ"
NO_GAP = "in no arena is the gap large enough for a PGR"
NONE = Interval(0.0, 0.0, 0.0, LEVEL)
"""How the reference differs from itself."""


@dataclass(frozen=True)
class Family:
    """Tasks that are one unit, and what they are called together."""

    name: str
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class Worst:
    """The arena in which a method does most harm: its difference there, and drawn to the mean of its family.

    Attributes:
        place: The arena.
        difference: Accuracy minus the reference's, with the interval of this arena alone: as the lowest of several it
            is chosen for its low value, and exaggerates.
        shrunken: The effect on its family by the random-effects model.
    """

    place: str
    difference: Interval
    shrunken: float


@dataclass(frozen=True)
class Effects:
    """How a method differs from the reference over families, by the random-effects model (`w2sg.measure`).

    Attributes:
        n_families: The number of families.
        estimate: The mean effect over families like these.
        low: The lower limit of its interval; None for one family.
        high: The upper limit.
        level: The confidence level.
        between: The standard deviation of true effects between families, or None.
        prediction: Where the effect on a new family lies, or None for fewer than three.
        probability_above: The probability that the effect on a new family is above 0, if effects are normal.
        p_mean: Two-sided, of a mean effect of 0.
        p_ranks: Two-sided, of Wilcoxon's signed ranks of the families' effects.
        p_adjusted: The larger of these two, adjusted by Holm over all methods; None where there is no verdict.
        p_equivalent: Of a mean effect of at least the margin, by two one-sided tests, adjusted by Holm; None as above.
        shrunken: The effect on each family, drawn to the mean, by its name.
    """

    n_families: int
    estimate: float
    low: float | None
    high: float | None
    level: float
    between: float | None
    prediction: Interval | None
    probability_above: float | None
    p_mean: float | None
    p_ranks: float | None
    p_adjusted: float | None
    p_equivalent: float | None
    shrunken: Mapping[str, float]

    @property
    def verdict(self) -> Verdict | None:
        """What the adjusted p-values say; None for one family."""
        if self.p_adjusted is None or self.p_equivalent is None:
            return None
        if self.p_adjusted < ALPHA:
            return "better" if self.estimate > 0 else "worse"
        return "equivalent" if self.p_equivalent < ALPHA else "no difference"


@dataclass(frozen=True)
class OverTasks:
    """A number over arenas with its interval, or the reason why one of them is missing.

    Attributes:
        estimate: The number, or None.
        low: The lower limit, or None.
        high: The upper limit, or None.
        level: The confidence level.
        reason: Why something is missing; None where nothing is.
    """

    estimate: float | None
    low: float | None
    high: float | None
    level: float
    reason: str | None = None


@dataclass(frozen=True)
class Recovery:
    """A method's PGR over the arenas that have one, beside the reference's over the same arenas.

    Attributes:
        tasks: The tasks of these arenas.
        n_arenas: The number of these arenas.
        mean: The mean PGR.
        reference_mean: The reference's mean PGR.
        difference: Mean PGR minus the reference's, paired by arena; None for the reference.
        ratio: Mean PGR over the reference's, with Fieller's interval, paired by arena; None for the reference.
    """

    tasks: tuple[str, ...]
    n_arenas: int
    mean: OverTasks
    reference_mean: OverTasks
    difference: OverTasks | None
    ratio: OverTasks | None


def families_of(arenas: Sequence["Comparison"], named: Mapping[str, str]) -> tuple[Family, ...]:
    """Return the families of the tasks of some arenas, in the order of the arenas; see `families_of_tasks`."""
    return families_of_tasks({arena.task: arena.reference.result.setup.task for arena in arenas}, named)


def families_of_tasks(known: Mapping[str, Task], named: Mapping[str, str]) -> tuple[Family, ...]:
    """Return the families of tasks, in the order of the tasks.

    Args:
        known: The tasks, by their names.
        named: Families that a study names, by the digest of the task; others are found by what tasks are made of.
    """
    groups: list[tuple[set[tuple[str, str]], list[str]]] = []
    for title, task in known.items():
        own = named.get(task.digest())
        marks = {("source", source) for source in task.sources} if own is None else {("name", own)}
        # A task that shares a file with two families makes them one.
        joined = [group for group in groups if group[0] & marks]
        groups = [group for group in groups if not group[0] & marks]
        tasks = [name for _, names in joined for name in names]
        groups.append((marks.union(*(theirs for theirs, _ in joined)), [*tasks, title]))
    order = {title: place for place, title in enumerate(known)}
    kept = [(marks, sorted(tasks, key=lambda task: order[task])) for marks, tasks in groups]
    kept.sort(key=lambda group: order[group[1][0]])
    return tuple(Family(_name(marks, tasks), tuple(tasks)) for marks, tasks in kept)


def codes_of_arenas(arenas: Sequence["Comparison"], families: Sequence[Family]) -> list[int]:
    """Return the number of each arena's family."""
    place = {task: index for index, family in enumerate(families) for task in family.tasks}
    return [place[arena.task] for arena in arenas]


def entrants_of(arenas: Sequence["Comparison"], method: Choice) -> list[tuple["Comparison", "Entrant"]]:
    """Return the arenas that a method takes part in, with its entry: of one method, or of one for each task."""
    chosen = {arena.task: method if isinstance(method, str) else method[arena.task] for arena in arenas}
    return [(arena, entrant) for arena in arenas if (entrant := arena.entrant(chosen[arena.task]))]


def effects_of(
    arenas: Sequence["Comparison"], families: Sequence[Family], method: Choice, scale: Scale, margin: float = MARGIN
) -> Effects | None:
    """Return a method's effects over families, not yet adjusted; None where no arena has one.

    Args:
        arenas: The arenas.
        families: Their families.
        method: The method, or one for each task.
        scale: `accuracy` is defined everywhere; `pgr` is in units of the gap, where there is one.
        margin: Of equivalence, in accuracy.
    """
    pairs = [(arena, entrant) for arena, entrant in entrants_of(arenas, method) if _difference(entrant, scale)]
    if not pairs:
        return None
    codes = codes_of_arenas([arena for arena, _ in pairs], families)
    values = [_difference(entrant, scale) or NONE for _, entrant in pairs]
    variances = [_variance(entrant, value, scale) for (_, entrant), value in zip(pairs, values, strict=True)]
    effects, pooled = pooled_by_unit([value.estimate for value in values], variances, codes)
    model = random_effects(effects, pooled, level=LEVEL)
    names = [families[code].name for code in sorted(set(codes))]
    return Effects(
        n_families=model.n_units,
        estimate=model.estimate,
        low=None if model.mean is None else model.mean.low,
        high=None if model.mean is None else model.mean.high,
        level=LEVEL,
        between=model.between,
        prediction=model.prediction,
        probability_above=model.probability_above,
        p_mean=model.p_value,
        p_ranks=None if model.p_value is None else signed_rank_p(effects),
        p_adjusted=None,
        p_equivalent=model.equivalence_p(margin) if scale == "accuracy" else None,
        shrunken=dict(zip(names, map(float, model.shrunken), strict=True)),
    )


def adjusted(effects: Mapping[str, Effects | None]) -> dict[str, Effects | None]:
    """Return methods' effects in accuracy with p-values adjusted by Holm over all methods that have one.

    A method differs where both tests say so: of the mean (which skewed effects mislead) and of the signed ranks.
    """
    tested = {name: one for name, one in effects.items() if one is not None and one.p_mean is not None}
    if not tested:
        return dict(effects)
    differ = holm([max(one.p_mean or 0.0, one.p_ranks or 0.0) for one in tested.values()])
    alike = holm([1.0 if one.p_equivalent is None else one.p_equivalent for one in tested.values()])
    done = {
        name: replace(one, p_adjusted=float(p), p_equivalent=float(q))
        for (name, one), p, q in zip(tested.items(), differ, alike, strict=True)
    }
    return {**effects, **done}


def worst_of(
    arenas: Sequence["Comparison"], families: Sequence[Family], method: str, effects: Effects | None
) -> Worst | None:
    """Return where a method does most harm."""
    found = [(entrant.difference, arena) for arena, entrant in entrants_of(arenas, method) if entrant.difference]
    if not found or effects is None:
        return None
    difference, arena = min(found, key=lambda pair: pair[0].estimate)
    family = next(family.name for family in families if arena.task in family.tasks)
    return Worst(arena.place, difference, effects.shrunken[family])


def recovery_of(arenas: Sequence["Comparison"], families: Sequence[Family], method: Choice) -> Recovery:
    """Return the PGR of a method, or of one for each task, over its arenas in which the reference has a PGR.

    An arena's PGR is gain / gap of the estimates: whether it counts depends on the gap alone, which methods share.
    """
    # The reference decides for all methods of an arena, so that no method gains by dropping arenas in which it is poor.
    measurable = [arena for arena in arenas if arena.reference.pgr.reason is None]
    pairs = entrants_of(measurable, method)
    tasks = tuple(dict.fromkeys(arena.task for arena, _ in pairs))
    if not pairs:
        nothing = OverTasks(None, None, None, LEVEL, NO_GAP)
        return Recovery((), 0, nothing, nothing, nothing, nothing)
    values = [[_share(entrant), _share(arena.reference)] for arena, entrant in pairs]
    codes = codes_of_arenas([arena for arena, _ in pairs], families)
    mean, reference_mean = pooled(values, codes, (1, 0)), pooled(values, codes, (0, 1))
    if method == arenas[0].reference.method:
        return Recovery(tasks, len(pairs), mean, reference_mean, None, None)
    return Recovery(tasks, len(pairs), mean, reference_mean, pooled(values, codes, (1, -1)), _ratio(values, codes))


def pooled(values: Sequence[Sequence[float]], families: Sequence[int], contrast: Sequence[float]) -> OverTasks:
    """Return the mean over arenas of a contrast of their values, with the t interval over families.

    Args:
        values: Shape (n, p), one row per arena.
        families: The number of each arena's family, shape (n,).
        contrast: Weights of the p columns.
    """
    means = pooled_mean(values, families)
    if not means.parts:
        return OverTasks(means.value(contrast), None, None, LEVEL, ONE_FAMILY)
    mean = means.interval(contrast, LEVEL)
    return OverTasks(mean.estimate, mean.low, mean.high, LEVEL)


def _ratio(values: Sequence[Sequence[float]], families: Sequence[int]) -> OverTasks:
    """Return the ratio of the two columns' means; none where the second is not surely above 0."""
    means = pooled_mean(values, families)
    below = means.value((0, 1))
    # A ratio to a mean at or below 0 turns its sign or explodes: twice as much of a loss is no praise.
    if below <= 0:
        reason = f"the reference's mean PGR is {below:.3f}, so a ratio to it has no meaning"
        return OverTasks(None, None, None, LEVEL, reason)
    if not means.parts:
        return OverTasks(means.value((1, 0)) / below, None, None, LEVEL, ONE_FAMILY)
    ratio, _ = ratio_interval(means, (1, 0), (0, 1), LEVEL)
    if ratio is None:
        shown = means.interval((0, 1), LEVEL)
        return OverTasks(None, None, None, LEVEL, f"the reference's mean PGR, {shown}, does not exclude 0")
    return OverTasks(ratio.estimate, ratio.low, ratio.high, LEVEL)


def _difference(entrant: "Entrant", scale: Scale) -> Interval | None:
    """Return a difference from the reference with a bounded interval, or None where there is none."""
    if entrant.is_reference:
        return NONE if scale == "accuracy" or entrant.pgr.reason is None else None
    if entrant.paired is None:
        return None
    found = entrant.paired.difference if scale == "accuracy" else entrant.paired.pgr_difference
    return found if found is not None and np.isfinite([found.low, found.high]).all() else None


def _variance(entrant: "Entrant", difference: Interval, scale: Scale) -> float:
    """Return a variance whose normal interval is as wide, and which one more example could have made."""
    resolution = 1 / max(entrant.pgr.n_examples, 1) / (1.0 if scale == "accuracy" else entrant.pgr.gap.estimate)
    return normal_variance(difference, resolution)


def _share(entrant: "Entrant") -> float:
    return entrant.pgr.gain.estimate / entrant.pgr.gap.estimate


def _name(marks: set[tuple[str, str]], tasks: Sequence[str]) -> str:
    own = sorted(name for sort, name in marks if sort == "name")
    return own[0] if own else " + ".join(tasks)
