"""Asking theories: which there are, and what they say of runs."""

from collections.abc import Iterable, Sequence

from w2sg.core import Answer, InfoSet, Observables, Theory, registry

LEVEL = 0.9
"""Nominal coverage of predictions' intervals."""


def theories() -> list[Theory]:
    """Return every registered theory in its default configuration."""
    return [registry.build(Theory, name) for name in registry.names(Theory)]


def predict_all(seen: Iterable[Observables], among: Sequence[Theory], level: float = LEVEL) -> list[Answer]:
    """Return what theories say of runs: of each record those that can read it, and no theory the same thing twice.

    A theory that audited labels do not change speaks of the record without labels only.
    """
    records = list(seen)
    said: dict[tuple[int, int], Answer] = {}
    for column, theory in enumerate(among):
        rows = [
            row
            for row, record in enumerate(records)
            if (theory.reads_labels if record.labels else theory.info <= InfoSet.S0_VALIDATION)
        ]
        answers = theory.predict_many([records[row] for row in rows], level)
        said |= {(row, column): answer for row, answer in zip(rows, answers, strict=True)}
    return [said[place] for place in sorted(said)]
