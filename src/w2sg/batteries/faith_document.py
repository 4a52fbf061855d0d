"""The leap of faith on the page of a battery: what was believed of each choice, and what is true."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from w2sg.batteries.choices import BY_AUDIT
from w2sg.batteries.results import LEVEL
from w2sg.core import (
    Cell,
    DataTable,
    Estimate,
    Finding,
    Heading,
    Line,
    LinePanel,
    Lines,
    Section,
    Tone,
    wording,
)

if TYPE_CHECKING:
    from w2sg.batteries.faith import Leap, LeapOfFaith

DECIMALS = 2
SHOWN_LABELS = 30
"""Of this number of labels a finding speaks; the table has all."""


def faith_section(faith: "LeapOfFaith") -> Section:
    """Return the section: a table of all rules, and regret by the number of labels."""
    return Section(
        "leap-of-faith",
        "The leap of faith",
        intro=_intro(faith),
        figures=() if faith.reason else (_figure(faith),),
        tables=(_table(faith), _candidates(faith)),
    )


def faith_finding(faith: "LeapOfFaith") -> Finding:
    """Return what comes of choosing by weak labels alone, and by the labels that were bought."""
    first = faith.leaps[0]
    low = 0.0 if first.surprise is None else first.surprise.low
    high = 0.0 if first.surprise is None else first.surprise.high
    tone: Tone = "worse" if low > 0 else "better" if high < 0 else "open"
    told = [leap for leap in faith.leaps if leap.rule not in BY_AUDIT or leap.labels == SHOWN_LABELS]
    regrets = [f"{_named(leap)} {wording.difference(leap.regret)}" for leap in told if leap.regret is not None]
    regret = f" Regret in PGR: {'; '.join(regrets)}." if regrets else ""
    for leap in told:
        if leap.saved is not None:
            labels = wording.quantity(leap.labels, "label")
            regret += f" {labels} on disagreements and not at random change PGR by {wording.difference(leap.saved)}."
    return Finding(
        tone,
        "Leap of faith: the student that was chosen by weak labels alone was believed to be right on "
        f"{wording.number(first.believed)} and is right on {wording.number(first.actual)}, believed minus true is "
        f"{wording.difference(first.surprise)}.{regret}",
    )


def _intro(faith: "LeapOfFaith") -> str:
    return (
        f"{wording.quantity(len(faith.candidates), 'method')} learned from the same weak labels; nobody knows which is "
        f"best. Under each seed one is chosen on {faith.n_choosing:.0f} test examples without their gold. The truth is "
        f"read on {faith.n_opened:.0f} others. By weak labels: who agrees with them most, and that agreement is "
        "believed. Random audit: who is right most often on labels that are bought. Audit of disagreements: labels are "
        "bought where candidates differ, and elsewhere the weak labels are believed. Numbers are means over many draws "
        "of these labels. All labels of the examples for choosing are the most that can be known. Regret is PGR of the "
        "candidate that turns out to be best under a seed minus PGR of the chosen one. It is above 0 by chance alone "
        "where candidates are nearly equal, so compare it with that of a candidate at random. Intervals are over seeds,"
        f" each at {100 * LEVEL:g} %."
    )


def _table(faith: "LeapOfFaith") -> DataTable:
    columns = (
        Heading("rule", "chosen by", style="text", key=True),
        Heading("labels", "labels", "labels that were bought", style="count"),
        Heading("believed", "believed", "accuracy that the chosen student was believed to have", decimals=DECIMALS),
        Heading("actual", "true", "its accuracy on the examples that nobody chose by", decimals=DECIMALS),
        Heading("surprise", "believed − true", "above 0: it is worse than was believed", "signed", DECIMALS),
        Heading("regret", "regret", faith.reason or "best minus chosen PGR", "signed", DECIMALS),
        Heading("saved", "against random", "PGR minus that of a random audit", "signed", DECIMALS, terminal=False),
        Heading(
            "chosen",
            "chosen",
            "how often each method was chosen, over seeds and draws of labels",
            style="text",
            terminal=False,
        ),
    )
    rows = tuple(
        (
            Cell(leap.rule),
            Cell(round(leap.labels)),
            Cell(leap.believed),
            Cell(leap.actual),
            Cell.of(leap.surprise),
            Cell.of(leap.regret, missing="no PGR" if faith.reason else ""),
            Cell.of(leap.saved),
            Cell(_shares(leap.chosen) or None),
        )
        for leap in faith.leaps
    )
    return DataTable("leap-of-faith", "Choosing without ground truth", "", columns, rows)


def _candidates(faith: "LeapOfFaith") -> DataTable:
    columns = (Heading("method", "candidate", style="text", key=True), Heading("accuracy", "accuracy"))
    rows = tuple((Cell(name), Cell(accuracy)) for name, accuracy in faith.candidates.items())
    return DataTable("candidates", "Candidates, on the opened half", "", columns, rows, terminal=False)


def _figure(faith: "LeapOfFaith") -> Lines:
    start = faith.leaps[0]
    lines = []
    # Both lines begin at the choice by weak labels alone, which takes no labels.
    for rule in BY_AUDIT:
        leaps = [start, *(leap for leap in faith.leaps if leap.rule == rule)]
        points = tuple((leap.labels, Estimate.of(leap.regret)) for leap in leaps if leap.regret is not None)
        lines.append(Line(rule, points))
    panel = LinePanel(x="labels that were bought", y="regret in PGR", lines=tuple(lines))
    caption = "What choosing costs, by the number of labels that were bought; 0 is choosing by weak labels alone."
    return Lines("leap-of-faith-regret", "Regret by labels", caption, panels=(panel,))


def _named(leap: "Leap") -> str:
    """Return a rule in a sentence, with its number of labels where others take as many."""
    return f"{leap.rule} ({wording.quantity(leap.labels, 'label')})" if leap.rule in BY_AUDIT else leap.rule


def _shares(chosen: Mapping[str, float]) -> str:
    """Return who was chosen how often, the most frequent first."""
    return ", ".join(f"{name} {100 * chosen[name]:.0f} %" for name in sorted(chosen, key=lambda name: -chosen[name]))
