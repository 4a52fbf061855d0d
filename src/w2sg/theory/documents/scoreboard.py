"""The document of a scoreboard: every theory held against the same runs."""

from typing import TYPE_CHECKING

from w2sg.core import DataTable, Document, Fact, Figure, Section
from w2sg.core import wording as words
from w2sg.theory.documents.certificates import cost_figure
from w2sg.theory.documents.figures import families_figure, limit_figure, standings_figure
from w2sg.theory.documents.findings import findings_of
from w2sg.theory.documents.seals import SHORT_SEAL, between, seals_table
from w2sg.theory.documents.tables import (
    contrasts_table,
    families_table,
    regrets_table,
    scores_table,
    stacks_table,
    standings_table,
)

if TYPE_CHECKING:
    from w2sg.theory.scoreboard.results import Scoreboard


def scoreboard_document(board: "Scoreboard", *, made_by: str = "") -> Document:
    """Return the document of a scoreboard; equal scoreboards give equal ones.

    Args:
        board: The scoreboard.
        made_by: The command that makes it; empty: `w2sg theory score` with the study's name.
    """
    table = board.predictions or board.family_predictions
    theories = 0 if table is None else len({column.theory for column in table.columns.values()})
    counted = (
        (theories, "theory", "theories"),
        (sum(board.n_runs.values()), "run", "runs"),
        (len(board.n_runs), "task", "tasks"),
        (sum(board.n_family_runs.values()), "synthetic run", "synthetic runs"),
    )
    return Document(
        kind="theory",
        heading="Theories of weak-to-strong generalization",
        title=board.study or "synthetic families",
        lead=_lead(board),
        facts=tuple(Fact(noun if n == 1 else nouns, n) for n, noun, nouns in counted if n),
        findings=tuple(findings_of(board)),
        sections=tuple(_sections(board)),
        made_by=made_by or " ".join(["w2sg theory score", *([board.study] if board.study else [])]),
        rests_on=_runs(board),
        data=board.to_dict(),
    )


def _sections(board: "Scoreboard") -> list[Section]:
    families = None if board.family_predictions is None else families_figure(board.family_predictions)
    shown: list[Figure | None] = []
    if board.predictions is not None:
        shown = [standings_figure(board.predictions), limit_figure(board.predictions)]
    parts: list[tuple[str, str, list[DataTable | None], list[Figure | None]]] = [
        ("theories", "Theories", [scores_table(board), standings_table(board), contrasts_table(board)], []),
        ("stack", "The stack", [stacks_table(board.stacks)], []),
        ("synthetic", "Synthetic families", [families_table(board.families)], [families]),
        ("decisions", "Decisions", [regrets_table(board)], []),
        ("seals", "Seals", [seals_table(board)], []),
        ("against-truth", "Against what happened", [], shown),
        ("labels", "Labels", [], [cost_figure()]),
    ]
    sections = [
        Section(
            name,
            title,
            tables=tuple(table for table in tables if table is not None),
            figures=tuple(figure for figure in figures if figure is not None),
        )
        for name, title, tables, figures in parts
    ]
    return [section for section in sections if section.tables or section.figures]


def _lead(board: "Scoreboard") -> str:
    sentences = [
        "Theories of weak-to-strong generalization, the baselines that they have to beat, and a stack of them all, "
        "asked of the same runs what the student gains over its weak supervisor.",
        "They see unlabelled inputs, both models and the supervisor's supervision split, and some of them audited "
        "labels; an answer is a number with an interval, or an abstention with the hypothesis that is violated.",
    ]
    if board.shuffled:
        sentences.append(
            "This is the check for leaks: gold of the supervision splits was dealt out anew before anything was judged "
            "by it, so what still ranks runs has another way to know."
        )
    if board.seals:
        before = "" if board.late else " before ground truth was opened"
        made = [seal.made for seal in board.seals]
        sentences.append(
            f"The answers to all runs were sealed{before}: seal {board.sealed[:SHORT_SEAL]}, {between(made)}."
        )
    if board.late:
        sentences.append(
            f"Late: of {board.late} of {words.quantity(len(board.seals), 'run')} gold of the test set had been handed "
            "out for scoring before the seal, so that whoever changed a theory since could have seen it."
        )
    foreign = sorted({seal.trust for seal in board.seals if " beside " in seal.trust})
    if foreign:
        sentences.append(
            f"Foreign code ran beside ground truth while predictions were made: {words.listed(foreign)}. Nothing kept "
            "it from the labels."
        )
    return " ".join(sentences)


def _runs(board: "Scoreboard") -> str:
    """Return on how many runs of what was scored."""
    parts = []
    if board.n_runs:
        tasks = ", ".join(f"{name} {words.count(n)}" for name, n in board.n_runs.items())
        runs = words.quantity(sum(board.n_runs.values()), "run")
        parts.append(f"{runs} of {words.quantity(len(board.n_runs), 'task')} ({tasks})")
    if board.n_family_runs:
        runs = words.quantity(sum(board.n_family_runs.values()), "synthetic run")
        parts.append(f"{runs} of {words.quantity(len(board.n_family_runs), 'family', 'families')}")
    return " and ".join(parts)
