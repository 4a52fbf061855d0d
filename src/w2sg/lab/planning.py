"""Planning: what a study found of its variance, and how many seeds, test examples and tasks an effect needs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from w2sg.core import InputError, plain
from w2sg.lab.comparisons import REFERENCE, Comparison, Entrant, compare_methods
from w2sg.lab.families import Family, effects_of, entrants_of, families_of
from w2sg.lab.results import ALPHA, StudyResult
from w2sg.lab.setup import TEST
from w2sg.measure import Components, components, detectable, tasks_needed

SEEDS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)
"""The numbers of seeds that a plan has a row for."""
LARGEST_EFFECT = 1.0


@dataclass(frozen=True)
class Pilot:
    """What a pilot says of one method's difference from the reference.

    Attributes:
        method: The method.
        parts: Its variance components, the mean over arenas.
        between: The standard deviation of its true effect between families of tasks; None for one family.
        n_arenas: The arenas behind them.
    """

    method: str
    parts: Components
    between: float | None
    n_arenas: int


@dataclass(frozen=True)
class PlanRow:
    """What so many seeds need.

    Attributes:
        seeds: How many.
        detectable: The smallest difference that one task then shows, with the pilot's test examples.
        examples: Test examples per seed that one task needs for the effect; None where no number is enough.
        tasks: Families of tasks that the mean effect needs, with the pilot's test examples; None where nothing is
            known of how families differ, or no sensible number is enough.
    """

    seeds: int
    detectable: float
    examples: float | None
    tasks: int | None


@dataclass(frozen=True)
class Plan:
    """A plan for an effect.

    Attributes:
        study: The pilot.
        reference: The method that others are compared with.
        effect: The difference in accuracy that is to be shown.
        power: With which probability.
        alpha: The error rate of the two-sided test.
        pilots: What is known of each method.
        typical: What the rows rest on: the one method asked for, or the mean over all.
        rows: The plan.
        n_families: The families of tasks of the pilot.
    """

    study: str
    reference: str
    effect: float
    power: float
    alpha: float
    pilots: tuple[Pilot, ...]
    typical: Pilot
    rows: tuple[PlanRow, ...]
    n_families: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        data: dict[str, Any] = plain(asdict(self), sparse=False)
        return data


def plan_of(
    study: StudyResult,
    *,
    effect: float = 0.02,
    power: float = 0.8,
    method: str | None = None,
    reference: str = REFERENCE,
) -> Plan:
    """Return how many seeds, test examples and tasks an effect needs, from a pilot.

    Args:
        study: The pilot's result; arenas with at least two seeds count.
        effect: The difference in accuracy to be shown, in (0, 1].
        power: The probability of showing it.
        method: The method whose variance counts; None takes the mean over all.
        reference: The method that others are compared with.

    Raises:
        InputError: If a number is out of range, or the study has no arena with two seeds and the method.
    """
    if not 0 < effect <= LARGEST_EFFECT:
        raise InputError(f"effect is a difference of accuracies above 0 and at most 1, got {effect!r}")
    arenas = [arena for arena in compare_methods(study.results, reference) if len(arena.reference.result.seeds) > 1]
    names = list(dict.fromkeys(name for arena in arenas for name in arena.rivals))
    if not names:
        raise InputError(
            f"study {study.name!r} cannot be a pilot: it needs two methods under the same seeds, two or more"
        )
    if method is not None and method not in names:
        raise InputError(f"no method {method!r} beside the reference in this study: {', '.join(names)}")
    families = families_of(arenas, study.families)
    pilots = tuple(_pilot(arenas, families, name) for name in names)
    typical = next((one for one in pilots if one.method == method), None) or _mean_pilot(pilots)
    rows = tuple(_row(typical, seeds, effect, power) for seeds in SEEDS)
    shown = arenas[0].reference.method
    return Plan(study.name, shown, effect, power, ALPHA, pilots, typical, rows, len(families))


def _pilot(arenas: Sequence[Comparison], families: Sequence[Family], method: str) -> Pilot:
    parts = [_components(arena.reference, entrant) for arena, entrant in entrants_of(arenas, method) if entrant.paired]
    effects = effects_of(arenas, families, method, "accuracy")
    return Pilot(method, _mean(parts), None if effects is None else effects.between, len(parts))


def _components(reference: Entrant, entrant: Entrant) -> Components:
    base, other = reference.result.tests[TEST].evidence, entrant.result.tests[TEST].evidence
    rows = [x.astype(float) - y.astype(float) for x, y in zip(other.student, base.student, strict=True)]
    return components(rows, base.ids)


def _mean_pilot(pilots: Sequence[Pilot]) -> Pilot:
    spread = [one.between**2 for one in pilots if one.between is not None]
    between = float(np.mean(spread)) ** 0.5 if spread else None
    return Pilot(
        "mean over methods", _mean([one.parts for one in pilots]), between, max(one.n_arenas for one in pilots)
    )


def _mean(parts: Sequence[Components]) -> Components:
    """Return the mean of variances: a plan for an average arena, not for the noisiest."""
    columns = [[getattr(part, name) for part in parts] for name in ("seed", "example", "cell", "shared", "n_test")]
    seed, example, cell, shared, n_test = (float(np.mean(column)) for column in columns)
    return Components(seed, example, cell, shared, min(part.n_seeds for part in parts), n_test)


def _row(pilot: Pilot, seeds: int, effect: float, power: float) -> PlanRow:
    parts, level = pilot.parts, 1 - ALPHA
    own = parts.variance(seeds, parts.n_test)
    return PlanRow(
        seeds,
        detectable(seeds - 1, power, level) * own**0.5,
        parts.examples_needed(seeds, effect, power, level),
        None if pilot.between is None else tasks_needed(pilot.between**2 + own, effect, power, level),
    )
