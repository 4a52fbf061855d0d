"""Leave one family out: a method is chosen on all other families, and tried on the one that had no say in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from w2sg.lab.families import Effects, Family, Recovery, effects_of, recovery_of

if TYPE_CHECKING:
    from w2sg.lab.comparisons import Comparison
    from w2sg.lab.standings import Ranking

ONE_FAMILY = "one family of tasks: none is left to choose on"


@dataclass(frozen=True)
class Fold:
    """The family that was left out, the method chosen without it, and what that one is worth on it.

    Attributes:
        family: The family.
        chosen: The method with the highest mean PGR on all others; the reference wins ties.
        difference: Its accuracy minus the reference's on this family.
        pgr_difference: The same of its PGR; None where the gap is too small.
    """

    family: str
    chosen: str
    difference: float
    pgr_difference: float | None


@dataclass(frozen=True)
class HeldOutFamilies:
    """What comes of leaving one family out after the other.

    Any two choices share all families but two, so the folds are not independent, and intervals over them are
    approximate.

    Attributes:
        folds: One for each family.
        effects: Accuracy of what was chosen minus the reference's, over the families that were left out.
        pgr_effects: The same of PGR, where there is a gap.
        recovery: Its mean PGR over these, beside the reference's.
        reason: Why there is nothing; None where there is something.
    """

    folds: tuple[Fold, ...] = ()
    effects: Effects | None = None
    pgr_effects: Effects | None = None
    recovery: Recovery | None = None
    reason: str | None = None


def held_out_of(
    arenas: Sequence["Comparison"], families: Sequence[Family], ranking: "Ranking", margin: float
) -> HeldOutFamilies:
    """Leave each family out once; only methods in the ranking can be chosen, the reference among them.

    Args:
        arenas: The arenas.
        families: Their families.
        ranking: The ranking.
        margin: Of equivalence, in accuracy.
    """
    if len(families) < 2:
        return HeldOutFamilies(reason=ONE_FAMILY)
    reference = arenas[0].reference.method
    # The reference comes first and wins ties: another method is chosen only where it is better.
    candidates = [reference, *(method for method in ranking.methods if method != reference)]
    by_family = [_pgr_by_method(arenas, family, candidates) for family in families]
    chosen: dict[str, str] = {}
    for left_out, family in enumerate(families):
        others = [shares for place, shares in enumerate(by_family) if place != left_out and shares is not None]
        if not others:
            return HeldOutFamilies(
                reason=f"without {family.name} no gap is large enough for a PGR: nothing to choose by"
            )
        best = int(np.mean(others, axis=0).argmax())
        chosen |= dict.fromkeys(family.tasks, candidates[best])
    return HeldOutFamilies(
        tuple(_fold(arenas, family, chosen[family.tasks[0]]) for family in families),
        effects_of(arenas, families, chosen, "accuracy", margin),
        effects_of(arenas, families, chosen, "pgr"),
        recovery_of(arenas, families, chosen),
    )


def _fold(arenas: Sequence["Comparison"], family: Family, method: str) -> Fold:
    own = [arena for arena in arenas if arena.task in family.tasks]
    found = effects_of(own, [family], method, "accuracy")
    shares = effects_of(own, [family], method, "pgr")
    # The mean of one family is its own effect, whatever its variance.
    return Fold(
        family.name, method, 0.0 if found is None else found.estimate, None if shares is None else shares.estimate
    )


def _pgr_by_method(arenas: Sequence["Comparison"], family: Family, methods: Sequence[str]) -> list[float] | None:
    """Return each method's mean PGR over a family's arenas, or None where no gap is large enough."""
    means = [
        recovery_of([arena for arena in arenas if arena.task in family.tasks], [family], method).mean.estimate
        for method in methods
    ]
    return None if means[0] is None else [mean or 0.0 for mean in means]
