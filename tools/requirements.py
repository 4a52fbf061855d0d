"""Tables of what the laboratory asks and believes: the library of desiderata, and the agenda's claims by pillar."""

from collections.abc import Sequence

from w2sg.agenda import Agenda
from w2sg.core import InputError, registry
from w2sg.desiderata import Desideratum


def library(family: str) -> str:
    """Return the desiderata of a family: their names, what they ask, and their sources.

    Raises:
        InputError: If there is no such family.
    """
    entries = [entry for entry in registry.entries(Desideratum) if entry.preset]
    families = list(dict.fromkeys(entry.origin.rpartition(".")[2] for entry in entries))
    if family not in families:
        raise InputError(f"a block 'library' names one of {', '.join(families)}, got {family!r}")
    rows = [
        (f"`{entry.name}`", entry.summary, f"arXiv {entry.paper}" if entry.paper else "")
        for entry in entries
        if entry.origin.rpartition(".")[2] == family
    ]
    return _table(("desideratum", "what it asks", "source"), rows)


def pillars() -> str:
    """Return how many claims and questions the agenda has in each pillar."""
    agenda = Agenda.read()
    rows = []
    for pillar in agenda.pillars:
        claims = [claim for claim in agenda.claims.values() if claim.pillar == pillar]
        questions = [question for question in agenda.questions.values() if question.pillar == pillar]
        counts = (
            len(claims),
            sum(bool(claim.needs) for claim in claims),
            sum(claim.margin is not None for claim in claims),
            sum(any(arm.factor is not None for arm in claim.arms) for claim in claims),
            sum(claim.predicts is not None for claim in claims),
            len(questions),
            sum(not question.claims for question in questions),
        )
        rows.append((pillar, *map(str, counts)))
    head = (
        "pillar",
        "claims",
        "that nothing here can test",
        "about margins of requirements",
        "about levels of factors",
        "that predict a distribution",
        "questions",
        "that no claim bears on",
    )
    return _table(head, rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
