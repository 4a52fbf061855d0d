"""Which claims matter most to others: by what these presuppose, and by the runs that they share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from w2sg.agenda.evidence import Knowledge


@dataclass(frozen=True)
class Crux:
    """What would follow if a claim were settled.

    Attributes:
        claim: The claim's name.
        moves: By how much the credences of other claims are expected to move together, if it were settled.
        dependents: How many claims presuppose it.
        sharing: How many other claims ask for some of its runs.
    """

    claim: str
    moves: float
    dependents: int
    sharing: int


def cruxes_of(known: "Knowledge") -> list[Crux]:
    """Return all claims that others depend on or share runs with, the one that moves most first."""
    agenda, now = known.agenda, known.credences
    runs: dict[str, set[str]] = {}
    for trial in agenda.trials:
        runs.setdefault(trial.claim.name, set()).update(setup.digest() for setup in trial.setups)
    found = []
    for name in agenda.claims:
        dependents = [other for other in agenda.claims if name in agenda.below(other)]
        moves = sum(
            weight * sum(abs(then[other] - now[other]) for other in dependents)
            for truth, weight in ((1.0, now[name]), (0.0, 1 - now[name]))
            for then in (known.credences_if({name: truth}) if dependents else now,)
        )
        own = runs.get(name, set())
        sharing = sum(other != name and bool(own & theirs) for other, theirs in runs.items())
        if dependents or sharing:
            found.append(Crux(name, moves, len(dependents), sharing))
    return sorted(found, key=lambda crux: (-crux.moves, -crux.sharing, crux.claim))
