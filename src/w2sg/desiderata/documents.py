"""The documents of desiderata: a checked specification, what a decision will need."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

from w2sg.core import (
    Cell,
    DataTable,
    Document,
    Estimate,
    Fact,
    Finding,
    Forest,
    ForestGroup,
    ForestRow,
    Heading,
    Section,
    Tone,
    wording,
)
from w2sg.desiderata.formulas import Verdict
from w2sg.desiderata.outcome import JudgedNode, Outcome
from w2sg.desiderata.planning import MOST_SEEDS, LabelPlan
from w2sg.desiderata.specification import Specification

if TYPE_CHECKING:
    from w2sg.desiderata.checking import StoredCheck

CLAIMS: Mapping[Verdict, Literal["better", "worse", "open"]] = {
    "met": "better",
    "violated": "worse",
    "undecided": "open",
}
TONES: Mapping[Verdict, Tone] = {**CLAIMS}
_COLUMNS = (
    Heading("requirement", "requirement", style="text", key=True),
    Heading("verdict", "verdict", style="text"),
    Heading("margin", "margin", "how far inside (above 0) what is required it is, with the bounds that decide"),
    Heading("labels", "labels", "that its bounds rest on", style="count"),
    Heading("met", "delta met", "how often it may be wrongly said to be met", decimals=4, terminal=False),
    Heading("violated", "delta violated", "how often wrongly to be violated", decimals=4, terminal=False),
    Heading("what", "what it asks", style="text", terminal=False),
)
READING = (
    (
        "Verdict",
        "Met and violated are said only where the bounds decide; otherwise it stays undecided. Verdicts join by "
        "Kleene's strong logic: all of several is met when each is, violated as soon as one is, and so on.",
    ),
    (
        "Margin",
        "How far the quantity is beyond its threshold, in the quantity's own unit, with bounds: met where the lower "
        "one is above 0, violated where the upper one is not. Of several requirements it is that of the one that "
        "decides.",
    ),
    (
        "Delta",
        "How often a verdict may be wrong. The verdict on the whole is wrong with at most the delta of the "
        "specification; each part has the share of it that the logic allows, and for both errors of its own.",
    ),
    (
        "Untestable",
        "What it needs to know is not known here, such as groups where inputs have none. It stays undecided, whatever "
        "labels are bought.",
    ),
)


def check_document(
    specification: Specification,
    outcomes: Sequence[Outcome],
    *,
    look: int = 1,
    most: int = 0,
    of: str = "",
    made_by: str = "",
) -> Document:
    """Return what came of checking a specification.

    Args:
        specification: What was required.
        outcomes: On one run, or on every setup of a study.
        look: The how-manieth look at the labels of the run's place it is.
        most: How many labels might have been bought.
        of: What was checked: a run or a study.
        made_by: The command that makes it.
    """
    inputs = "inputs like those of the test sets" if specification.speaks_of == "deployment" else "these inputs alone"
    lead = (
        f"The verdict on the whole is wrong with probability at most {outcomes[0].delta:.3g}, "
        f"however often labels were looked at meanwhile. It speaks of {inputs}."
    )
    if look > 1:
        lead += f" This is look {look} at the labels of this place, so delta is smaller than the specification's."
    if outcomes[0].all_labels:
        lead = (
            f"Each verdict speaks of one setup, of students trained anew on new data, and is wrong with probability at "
            f"most {specification.delta:.3g} by bounds over seeds and test examples, which hold for many of them. "
            "Verdicts on several setups do not hold together."
        )
    several = len(outcomes) > 1
    counts = {verdict: sum(outcome.verdict == verdict for outcome in outcomes) for verdict in TONES}
    of_each = tuple(Fact(verdict, n) for verdict, n in counts.items())
    return Document(
        kind="check",
        heading="A specification, checked",
        title=f"{specification.name}: {of}" if of else specification.name,
        lead=lead,
        facts=(
            *(of_each if several else (Fact("verdict", outcomes[0].verdict),)),
            Fact("labels", sum(outcome.n_labels for outcome in outcomes)),
        ),
        findings=tuple(_finding(outcome, several, most) for outcome in outcomes),
        sections=(
            Section("reading", "How to read this", terms=READING),
            *([_setups_section(outcomes)] if several else []),
            _verdicts_section(outcomes),
        ),
        made_by=made_by,
        rests_on=wording.quantity(sum(outcome.n_labels for outcome in outcomes), "label") + " of test sets",
        data={
            "verdict": _together(outcomes),
            "specification": specification.model_dump(mode="json"),
            "look": look,
            "outcomes": [outcome.to_dict() for outcome in outcomes],
        },
    )


def _together(outcomes: Sequence[Outcome]) -> Verdict:
    """Return the verdict on all setups: violated as soon as one is, met if all are."""
    verdicts = {outcome.verdict for outcome in outcomes}
    return "violated" if "violated" in verdicts else "undecided" if "undecided" in verdicts else "met"


def _finding(outcome: Outcome, several: bool, most: int) -> Finding:
    """Return the verdict with what decides it, or what keeps it from being decided."""
    where = f"{' / '.join(outcome.about.values())}: " if several else ""
    labels = "all labels" if outcome.all_labels else wording.quantity(outcome.n_labels, "label")
    deciding = [] if outcome.verdict == "met" else [_said(one) for one in _deciding(outcome)]
    because = f": {'; '.join(deciding)}" if deciding else ""
    text = f"{where}{outcome.verdict}, with {labels}{because}."
    # Buying ends before the budget only where no label is left that could change a bound.
    exhausted = outcome.n_labels < most and any(not leaf.untestable for leaf in _deciding(outcome))
    if outcome.verdict == "undecided" and exhausted:
        text += " All labels that could decide it are bought: only a larger test set can."
    return Finding(TONES[outcome.verdict], text)


def _deciding(outcome: Outcome) -> list[JudgedNode]:
    """Return the requirements that have the verdict of the whole."""
    return [leaf for leaf in outcome.tree.leaves() if leaf.verdict == outcome.verdict]


def _said(leaf: JudgedNode) -> str:
    where = f" ({leaf.where})" if leaf.where else ""
    why = f", which {leaf.untestable}" if leaf.untestable else ""
    return f"{leaf.title}{where}{why}"


def _setups_section(outcomes: Sequence[Outcome]) -> Section:
    columns = (
        Heading("setup", "setup", style="text", key=True),
        Heading("verdict", "verdict", style="text"),
        Heading("margin", "margin", "how far inside what is required it is, with the bounds that decide"),
        Heading("seeds", "seeds", style="count", terminal=False),
        Heading("deciding", "by", "the requirements that have this verdict", style="text", terminal=False),
    )
    rows = tuple(
        (
            Cell(" / ".join(outcome.about.values())),
            Cell(outcome.verdict),
            Cell(outcome.tree.estimate, outcome.tree.low, outcome.tree.high),
            Cell(len(outcome.seeds)),
            Cell("; ".join(dict.fromkeys(leaf.name for leaf in _deciding(outcome)))),
        )
        for outcome in outcomes
    )
    return Section("setups", "Setups", tables=(DataTable("setups", "Setups", "", columns, rows),))


def _verdicts_section(outcomes: Sequence[Outcome]) -> Section:
    """Return a figure of margins and a table of verdicts for each setup."""
    figures, tables = [], []
    for place, outcome in enumerate(outcomes, start=1):
        of = f": {' / '.join(outcome.about.values())}" if len(outcomes) > 1 else ""
        number = f"-{place}" if len(outcomes) > 1 else ""
        tables.append(verdicts_table(outcome, f"verdicts{number}", f"Verdicts{of}", terminal=not of))
        figure = Forest(
            name=f"margins{number}",
            title=f"Margins{of}",
            caption="How far inside (right of 0) what is required each part is, with the bounds that decide. Blue is "
            "met, red is violated, grey stays undecided.",
            axis="margin",
            names="requirement",
            lines=((0.0, "required", "ceiling"),),
            value="margin",
            counts="labels",
            groups=(ForestGroup("", "", tuple(_forest_row(leaf) for leaf in outcome.tree.leaves())),),
        )
        figures.append(figure)
    return Section("verdicts", "Requirements", figures=tuple(figures), tables=tuple(tables))


def verdicts_table(outcome: Outcome, name: str, title: str, *, terminal: bool = False) -> DataTable:
    """Return the tree of an outcome as a table: the verdict at every node, and the number behind it."""
    return DataTable(name, title, "", _COLUMNS, tuple(_rows(outcome.tree, 0)), terminal=terminal)


def _forest_row(leaf: JudgedNode) -> ForestRow:
    known = leaf.estimate is not None and leaf.low is not None and leaf.high is not None
    return ForestRow(
        name=f"{leaf.name}, {leaf.where}" if leaf.where else leaf.name,
        estimate=Estimate(leaf.estimate, leaf.low, leaf.high) if known and leaf.estimate is not None else None,
        missing="" if known else "untestable" if leaf.untestable else "no label",
        help=leaf.untestable or leaf.title,
        counts=str(leaf.n_labels) if leaf.n_labels else "",
        tone=CLAIMS[leaf.verdict],
    )


def _rows(node: JudgedNode, depth: int) -> Iterator[tuple[Cell, ...]]:
    name = f"{'· ' * depth}{node.where or node.name}"
    missing = "untestable" if node.untestable else ""
    labels = Cell(node.n_labels) if node.n_labels else Cell()
    yield (
        Cell(name, help=node.title),
        Cell(node.verdict, help=node.untestable),
        Cell(node.estimate, node.low, node.high, missing=missing),
        labels,
        Cell(node.met),
        Cell(node.violated),
        Cell(node.untestable or node.title),
    )
    for part in node.parts:
        yield from _rows(part, depth + 1)


def checks_section(checks: "Sequence[StoredCheck]") -> Section:
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


def plan_document(found: LabelPlan, *, made_by: str = "") -> Document:
    """Return what a decision will need.

    Args:
        found: The plan.
        made_by: The command that makes it.
    """
    median, most = found.labels
    supposed = asdict(found.supposed)
    seeds = f"{found.seeds} seeds" if found.seeds else f"no number of seeds up to {MOST_SEEDS:,}"
    told = (
        Finding(TONES[found.verdict], f"If what is supposed is so, {found.specification.name} is {found.verdict}."),
        Finding(
            "note",
            f"Of one run, {median} labels are bought in the median and {most} in nine of ten test sets; "
            f"{found.decided:.0%} of {found.draws} simulated test sets were decided.",
        ),
        Finding("note", f"Over seeds, bounds from all labels decide with {seeds}."),
    )
    columns = (Heading("what", "what is supposed", style="text", key=True), Heading("value", "value", decimals=2))
    table = DataTable(
        "supposed",
        "What is supposed",
        "",
        columns,
        tuple((Cell(name), Cell(value)) for name, value in supposed.items()),
    )
    return Document(
        kind="plan",
        heading="What a decision will need",
        title=found.specification.name,
        lead=f"{wording.quantity(found.draws, 'test set')} drawn from what is supposed, and decided label by label.",
        facts=(Fact("labels", median), Fact("seeds", found.seeds or "-"), Fact("decided", found.decided)),
        findings=told,
        sections=(Section("supposed", table.title, tables=(table,)),),
        made_by=made_by,
        data={
            "specification": found.specification.model_dump(mode="json"),
            "supposed": supposed,
            "verdict": found.verdict,
            "labels": {"median": median, "nine_of_ten": most},
            "decided": found.decided,
            "seeds": found.seeds,
        },
    )
