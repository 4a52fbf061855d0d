"""Checks that a store holds of some runs: what was asked of them before, and what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from w2sg.core import Cell, DataTable, Heading, Section, registry
from w2sg.desiderata.checking import Check, outcome_of
from w2sg.desiderata.documents import verdicts_table
from w2sg.desiderata.outcome import Outcome
from w2sg.desiderata.specification import Specification
from w2sg.graph import Store

STUDENT = "student"


@dataclass(frozen=True)
class StoredCheck:
    """A specification that was decided on a run by labels of its test sets.

    Attributes:
        run_id: The run.
        specification: What was required.
        outcome: What came of it.
        look: The how-manieth look at the labels of the run's place it was.
    """

    run_id: str
    specification: Specification
    outcome: Outcome
    look: int


def checks_of(store: str | Path, run_ids: Sequence[str]) -> list[StoredCheck]:
    """Return the checks of some runs, in the order of the runs, those of a run in the order of their looks.

    Args:
        store: The store that has them.
        run_ids: The ids of the runs.
    """
    found: dict[str, list[StoredCheck]] = {}
    with Store(store) as opened:
        # A check is about the student that a run scored: both have its key among what they read.
        students = {(opened.record(run) or {}).get("inputs", {}).get(STUDENT): run for run in run_ids}
        for result in opened.results(step=registry.kind_of(Check)):
            artifact = opened.get(result.key)
            run = None if artifact is None else students.get(artifact.record["inputs"][STUDENT])
            if artifact is not None and run is not None:
                given = Specification.parse(artifact.record["specification"])
                one = StoredCheck(run, given, outcome_of(artifact, result), artifact.record["look"])
                found.setdefault(run, []).append(one)
    return [one for run in run_ids for one in sorted(found.get(run, []), key=lambda check: check.look)]


def checks_section(checks: Sequence[StoredCheck]) -> Section:
    """Return checks as a section of a page: their verdicts, and the tree of each."""
    columns = (
        Heading("run", "run", style="text", key=True),
        Heading("setup", "setup", style="text"),
        Heading("seed", "seed", style="count"),
        Heading("specification", "specification", style="text"),
        Heading("verdict", "verdict", style="text"),
        Heading("margin", "margin", "how far inside what is required it is, with the bounds that decide"),
        Heading("labels", "labels", "that were bought", style="count"),
        Heading("delta", "delta", "how often the verdict may be wrong: less with each look at the labels", decimals=4),
    )
    rows = tuple(
        (
            Cell(one.run_id[:8]),
            Cell(" / ".join(one.outcome.about.values())),
            Cell(one.outcome.seeds[0]),
            Cell(one.specification.name),
            Cell(one.outcome.verdict),
            Cell(one.outcome.tree.estimate, one.outcome.tree.low, one.outcome.tree.high),
            Cell(one.outcome.n_labels),
            Cell(one.outcome.delta),
        )
        for one in checks
    )
    intro = (
        "Each verdict is of one run, by labels that were bought one after the other; each later look has less delta."
    )
    trees = (
        verdicts_table(
            one.outcome, f"checked-{place}", f"{one.specification.name} on run {one.run_id[:8]}, look {one.look}"
        )
        for place, one in enumerate(checks, start=1)
    )
    table = DataTable("checks", "Checked specifications", intro, columns, rows, terminal=False)
    return Section("checks", "Checked specifications", tables=(table, *trees))
