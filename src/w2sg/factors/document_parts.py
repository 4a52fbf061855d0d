"""What all documents of factor studies have: their facts, their factors, and what was left out."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from w2sg.core import Cell, DataTable, Fact, Finding, Heading, wording

if TYPE_CHECKING:
    from w2sg.factors.results import FactorResults


def study_facts(results: "FactorResults") -> tuple[Fact, ...]:
    """Return how large a factor study is."""
    return (
        Fact("factors", len(results.factors)),
        Fact("families of tasks", len(results.families)),
        Fact("seeds", len(results.study.seed_list())),
        Fact("runs", results.n_runs),
    )


def rests_on(results: "FactorResults") -> str:
    """Return what a factor study rests on, in words."""
    seeds = wording.quantity(len(results.study.seed_list()), "seed")
    return (
        f"{wording.quantity(results.n_runs, 'run')} under {seeds} on "
        f"{wording.quantity(len(results.families), 'family', 'families')} of tasks"
    )


def left_out_reasons(results: "FactorResults") -> Iterator[Finding]:
    """Yield why factors, points or outcomes are missing, each reason once."""
    missing = {reason: base for base, reasons in results.missing.items() for reason in reasons}
    for reason, base in missing.items():
        others = sum(reason in reasons for reasons in results.missing.values()) - 1
        more = f" and {wording.quantity(others, 'other')}" if others else ""
        yield Finding("note", f"Left out on {base}{more}: {reason}.")


def capital(text: str) -> str:
    """Return a text with a capital first letter."""
    return text[:1].upper() + text[1:]


def title_of(results: "FactorResults", outcome: str) -> str:
    """Return what an outcome is called, with its article."""
    one = next(one for one in results.outcomes if one.name == outcome)
    return f"the margin of {outcome}" if one.is_margin else f"the {outcome}"


def factors_table(results: "FactorResults") -> DataTable:
    """Return the factors of a study: levels, mechanism, source."""
    columns = (
        Heading("factor", "factor", style="text", key=True),
        Heading("group", "group", style="text"),
        Heading("levels", "levels", style="text"),
        Heading("mechanism", "how it may move generalization", style="text"),
        Heading("source", "source", style="text"),
    )
    rows = tuple(
        (
            Cell(factor.name),
            Cell(factor.group),
            Cell(", ".join(factor.level_names)),
            Cell(factor.mechanism),
            Cell(factor.source),
        )
        for factor in results.factors
    )
    return DataTable("factors", "Factors", "", columns, rows, terminal=False)
