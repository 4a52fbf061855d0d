"""Standings: what the arenas say together, as statements about tasks like these.

Families of tasks are the sampling units: in the ranking a family is one block, and in means over arenas those of one
family are one cluster. With one arena per family these are the ordinary ranks over data sets and Student's t.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2sg.lab.comparisons import Comparison, Verdict
from w2sg.lab.families import (
    Effects,
    Family,
    OverTasks,
    Recovery,
    Worst,
    adjusted,
    codes_of_arenas,
    effects_of,
    entrants_of,
    pooled,
    recovery_of,
    worst_of,
)
from w2sg.measure import Friedman, average_ranks, friedman


@dataclass(frozen=True)
class Standing:
    """A method over all arenas that it took part in.

    Attributes:
        method: Its name.
        rank: Its average rank over families; None where it is not in the ranking.
        n_arenas: The arenas it took part in.
        beats: The places where it beats the reference.
        hurts: The places where it hurts.
        no_difference: The places where no difference was shown.
        difference: Mean accuracy minus the reference's over its arenas, paired; None for the reference.
        recovery: Its PGR over the arenas that have one.
        effects: How its accuracy differs from the reference's over families; None for the reference.
        pgr_effects: The same of its PGR, over the families whose gap is large enough; None where there is none.
        worst: Where it does most harm; None for the reference.
        cost_s: Seconds of student training per run, the mean over its arenas.
        tier: What it knows beside inputs and weak labels.
        gold: Ground-truth labels of the transfer split that it buys per run, the most over its arenas.
    """

    method: str
    rank: float | None
    n_arenas: int
    beats: tuple[str, ...]
    hurts: tuple[str, ...]
    no_difference: tuple[str, ...]
    difference: OverTasks | None
    recovery: Recovery
    effects: Effects | None
    pgr_effects: Effects | None
    worst: Worst | None
    cost_s: float
    tier: str
    gold: float


@dataclass(frozen=True)
class Ranking:
    """Ranks by student accuracy; a family's row is the mean over its arenas.

    Attributes:
        methods: The reference, and the methods that every arena has and that know no more; the best average rank first.
        ranks: Their average ranks over families; 1 is the best possible.
        n_families: The number of families.
        friedman: The test that all methods rank alike, or None.
        reason: Why there is no test; None where there is one.
    """

    methods: tuple[str, ...]
    ranks: tuple[float, ...]
    n_families: int
    friedman: Friedman | None
    reason: str | None


def ranking_of(arenas: Sequence[Comparison], families: Sequence[Family]) -> Ranking:
    """Return the ranking of the reference and of the methods that every arena has and that know no more than it."""
    entered = [entrant.method for entrant in arenas[0].entrants]
    methods = [method for method in entered if all(_ranked(arena, method) for arena in arenas)]
    # One row for each family, not for each arena: arenas of one family share examples, and Friedman's test counts rows
    # as independent.
    scores = np.array([[_mean_accuracy(arenas, family, method) for method in methods] for family in families])
    ranks = average_ranks(scores)
    # A stable sort keeps the study's order among equal ranks, so that the same study gives the same page.
    order = np.argsort(ranks, kind="stable")
    names, sorted_ranks = tuple(methods[i] for i in order), tuple(float(ranks[i]) for i in order)
    # Ranks are shown in any case; only what rests on several families needs several.
    reason = None
    if len(methods) < 2:
        reason = f"no method beside {methods[0]} is in every arena and knows no more: there is nothing to rank"
    elif len(families) < 2:
        reason = f"one family of tasks ({families[0].name}): Friedman's test needs at least two"
    test = friedman(scores) if reason is None else None
    return Ranking(names, sorted_ranks, len(families), test, reason)


def standings_of(
    arenas: Sequence[Comparison], families: Sequence[Family], ranking: Ranking, margin: float
) -> tuple[Standing, ...]:
    """Return every method's standing: those in the ranking first, then the others, most arenas first."""
    ranks = dict(zip(ranking.methods, ranking.ranks, strict=True))
    every = dict.fromkeys(entrant.method for arena in arenas for entrant in arena.entrants)
    rivals = [method for method in every if method != arenas[0].reference.method]
    effects = adjusted({method: effects_of(arenas, families, method, "accuracy", margin) for method in rivals})
    standings = {m: _standing(arenas, families, m, ranks.get(m), effects.get(m)) for m in every}
    # Methods without a rank buy gold or missed some arenas: in how many they stood says how much is known of them.
    apart = [standing for standing in standings.values() if standing.rank is None]
    apart.sort(key=lambda standing: (-standing.n_arenas, -_estimate(standing.difference)))
    return (*(standings[method] for method in ranks), *apart)


def _standing(
    arenas: Sequence[Comparison],
    families: Sequence[Family],
    method: str,
    rank: float | None,
    effects: Effects | None,
) -> Standing:
    pairs = entrants_of(arenas, method)
    codes = codes_of_arenas([arena for arena, _ in pairs], families)
    differences = [[entrant.difference.estimate] for _, entrant in pairs if entrant.difference is not None]
    is_reference = method == arenas[0].reference.method

    def where(verdict: Verdict) -> tuple[str, ...]:
        return tuple(arena.place for arena, entrant in pairs if entrant.verdict == verdict)

    return Standing(
        method=method,
        rank=rank,
        n_arenas=len(pairs),
        beats=where("beats"),
        hurts=where("hurts"),
        no_difference=where("no difference"),
        difference=pooled(differences, codes, (1,)) if differences else None,
        recovery=recovery_of(arenas, families, method),
        effects=effects,
        pgr_effects=None if is_reference else effects_of(arenas, families, method, "pgr"),
        worst=worst_of(arenas, families, method, effects),
        cost_s=float(np.mean([entrant.cost_s for _, entrant in pairs])),
        tier=pairs[0][1].tier,
        gold=max(entrant.gold for _, entrant in pairs),
    )


def _ranked(arena: Comparison, method: str) -> bool:
    entrant, reference = arena.entrant(method), arena.reference
    if entrant is None or entrant is reference:
        return entrant is not None
    # Who knows more plays another game.
    return entrant.gold == 0 and entrant.tier == reference.tier


def _mean_accuracy(arenas: Sequence[Comparison], family: Family, method: str) -> float:
    entrants = entrants_of([arena for arena in arenas if arena.task in family.tasks], method)
    return float(np.mean([entrant.pgr.student.estimate for _, entrant in entrants]))


def _estimate(number: OverTasks | None) -> float:
    return number.estimate if number is not None and number.estimate is not None else 0.0
