"""The documents of desiderata: a checked specification, what a decision will need."""

from collections.abc import Iterator, Sequence

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
from w2sg.desiderata.specification import Specification

TONES: dict[Verdict, Tone] = {"met": "better", "violated": "worse", "undecided": "open"}
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
        "one is above 0, violated where the upper one is not. Of several requirements it is that of the one that decides.",
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
    specification: Specification, outcomes: Sequence[Outcome], *, look: int = 1, of: str = "", made_by: str = ""
) -> Document:
    """Return what came of checking a specification.

    Args:
        specification: What was required.
        outcomes: On one run, or on every setup of a study.
        look: The how-manieth look at the labels of the run's place it is.
        of: What was checked: a run or a study.
        made_by: The command that makes it.
    """
    bought = any(outcome.rows for outcome in outcomes) or len(outcomes) == 1
    asymptotic = "" if bought else " Bounds are over seeds and test examples, and hold for many of them."
    inputs = "inputs like those of the test sets" if specification.speaks_of == "deployment" else "these inputs alone"
    lead = (
        f"The verdict on the whole is wrong with probability at most {outcomes[0].delta:.3g}, "
        f"however often labels were looked at meanwhile. It speaks of {inputs}.{asymptotic}"
    )
    if look > 1:
        lead += f" This is look {look} at the labels of this place, so delta is smaller than the specification's."
    counts = {verdict: sum(outcome.verdict == verdict for outcome in outcomes) for verdict in TONES}
    return Document(
        kind="check",
        heading="A specification, checked",
        title=f"{specification.name}: {of}" if of else specification.name,
        lead=lead,
        facts=(
            *(Fact(verdict, n) for verdict, n in counts.items() if n or len(outcomes) > 1),
            Fact("labels", sum(outcome.n_labels for outcome in outcomes)),
        ),
        findings=tuple(finding for outcome in outcomes for finding in _findings(outcome, len(outcomes) > 1)),
        sections=(
            Section("reading", "How to read this", terms=READING),
            *(_section(outcome, place, len(outcomes) > 1) for place, outcome in enumerate(outcomes, start=1)),
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


def _findings(outcome: Outcome, several: bool) -> Iterator[Finding]:
    where = f"{' / '.join(outcome.about.values())}: " if several else ""
    of_all = "" if outcome.rows else " (all there are)"
    labels = wording.quantity(outcome.n_labels, "label")
    yield Finding(TONES[outcome.verdict], f"{where}{outcome.verdict}, with {labels}{of_all}.")
    leaves = outcome.tree.leaves()
    if outcome.verdict == "violated":
        for leaf in leaves:
            if leaf.verdict == "violated":
                yield Finding("worse", f"{where}violated: {_said(leaf)}.")
    if outcome.verdict == "undecided":
        for leaf in leaves:
            if leaf.verdict == "undecided":
                why = f" ({leaf.untestable})" if leaf.untestable else ""
                yield Finding("open", f"{where}undecided: {_said(leaf)}{why}.")


def _said(leaf: JudgedNode) -> str:
    return f"{leaf.title}, {leaf.where}" if leaf.where else leaf.title


def _section(outcome: Outcome, place: int, several: bool) -> Section:
    title = " / ".join(outcome.about.values())
    table = DataTable(
        f"verdicts-{place}" if several else "verdicts",
        f"Verdicts: {title}",
        "",
        _COLUMNS,
        tuple(_rows(outcome.tree, 0)),
    )
    figure = Forest(
        name=f"margins-{place}" if several else "margins",
        title=f"Margins: {title}",
        caption="How far inside (right of 0) what is required each part is, with the bounds that decide. Green is met, "
        "red is violated, grey stays undecided.",
        axis="margin",
        value="margin",
        counts="labels",
        groups=(ForestGroup("", "", tuple(_forest_row(leaf) for leaf in outcome.tree.leaves())),),
    )
    return Section(f"setup-{place}", title, figures=(figure,), tables=(table,))


def _forest_row(leaf: JudgedNode) -> ForestRow:
    known = leaf.estimate is not None and leaf.low is not None and leaf.high is not None
    tones = {"met": "better", "violated": "worse", "undecided": "open"}
    return ForestRow(
        name=f"{leaf.name}, {leaf.where}" if leaf.where else leaf.name,
        estimate=Estimate(leaf.estimate, leaf.low, leaf.high) if known and leaf.estimate is not None else None,
        missing="" if known else "untestable" if leaf.untestable else "no label",
        help=leaf.untestable or leaf.title,
        counts=str(leaf.n_labels) if leaf.n_labels else "",
        tone=tones[leaf.verdict],  # type: ignore[arg-type]
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
