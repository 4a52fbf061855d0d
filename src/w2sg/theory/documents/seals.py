"""Tables of seals: when predictions were made, and what had been opened by then."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from w2sg.core import Cell, DataTable, Heading
from w2sg.core import wording as words
from w2sg.theory.sealing import Seal

if TYPE_CHECKING:
    from w2sg.theory.scoreboard.results import Scoreboard

SHORT_ID, SHORT_SEAL = 8, 16
_LATE = "gold of the run's test set had been handed out for scoring before the seal, by the ledger: of whichever run"
_TRUST = "trust tier of the predictions; beside: code that ran in the laboratory's process meanwhile"
_MADE = Heading("made", "sealed (UTC)", "when, by the ledger", "text")
_PREDICTIONS = Heading("predictions", "predictions", "numbers and abstentions", "count")


def when(moment: str) -> str:
    """Return a moment as it is shown, to the second."""
    return moment[:19].replace("T", " ")


def between(moments: Iterable[str]) -> str:
    """Return the first and the last of some moments, or the one that they are."""
    shown = sorted(map(when, moments))
    return shown[0] if shown[0] == shown[-1] else f"{shown[0]} to {shown[-1]}"


def seals_table(board: "Scoreboard") -> DataTable | None:
    """Return the seals of each task's runs; every single one is in the JSON."""
    if board.predictions is None or not board.seals:
        return None
    by_task: dict[str, list[Seal]] = defaultdict(list)
    for case, seal in zip(board.predictions.cases, board.seals, strict=True):
        by_task[case.task].append(seal)
    columns = (
        Heading("task", "task", style="text", key=True),
        Heading("runs", "runs", style="count"),
        _PREDICTIONS,
        _MADE,
        Heading("late", "late runs", _LATE, "count"),
        Heading("trust", "trust", _TRUST, "text"),
    )
    rows = tuple(
        (
            Cell(task),
            Cell(len(seals)),
            Cell(sum(seal.n for seal in seals)),
            Cell(between(seal.made for seal in seals)),
            Cell(sum(seal.late for seal in seals)),
            Cell(words.listed(sorted({seal.trust for seal in seals}))),
        )
        for task, seals in by_task.items()
    )
    return DataTable("seals", "Seals", "", columns, rows)


def run_seals_table(seals: Sequence[Seal]) -> DataTable:
    """Return the seal of each run."""
    columns = (
        Heading("run", "run", style="text", key=True),
        _PREDICTIONS,
        _MADE,
        Heading("seal", "seal", "the beginning of their sha256", "text"),
        Heading("late", "late", _LATE, "text"),
        Heading("trust", "trust", _TRUST, "text"),
    )
    rows = tuple(
        (
            Cell(seal.run[:SHORT_ID]),
            Cell(seal.n),
            Cell(when(seal.made)),
            Cell(seal.sha256[:SHORT_SEAL]),
            Cell("no" if seal.opened is None else f"opened {when(seal.opened)}"),
            Cell(seal.trust),
        )
        for seal in seals
    )
    return DataTable("seals", "Seals", "", columns, rows)
