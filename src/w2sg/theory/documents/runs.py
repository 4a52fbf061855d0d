"""Documents of runs: what was observed of them, what theories say of them; and the theories there are."""

from collections.abc import Mapping, Sequence

from w2sg.core import Cell, DataTable, Document, Heading, Section, registry
from w2sg.core import wording as words
from w2sg.theory.contracts import Answer, Theory
from w2sg.theory.observables import Observables

SHORT_ID = 8
"""How many characters of a run's id are shown."""


def theories_document(theories: Sequence[Theory]) -> Document:
    """Return the theories: what each predicts, what it needs and what it takes for granted."""
    columns = (
        Heading("name", "name", style="text", key=True),
        Heading("predicts", "predicts", style="text"),
        Heading("information", "from", style="text"),
        Heading("hypotheses", "takes for granted", style="text"),
        Heading("summary", "what it is", style="text"),
    )
    listed, rows = [], []
    for theory in theories:
        entry = registry.lookup(Theory, theory.name)
        taken = [(hypothesis.name, hypothesis.statement, hypothesis.info.name) for hypothesis in theory.hypotheses]
        listed.append(
            {
                "name": theory.name,
                "target": theory.target,
                "says": theory.says,
                "unit": theory.unit,
                "information": theory.info.name,
                "needs": list(theory.observed),
                "hypotheses": [dict(zip(("name", "statement", "needs"), each, strict=True)) for each in taken],
                "world": theory.world,
                "summary": entry.summary,
                "paper": entry.paper,
            }
        )
        names = "; ".join(name for name, *_ in taken) or "none"
        texts = (theory.name, target_of(theory), theory.info.name, names, entry.summary)
        rows.append(tuple(Cell(text) for text in texts))
    title = words.quantity(len(rows), "theory", "theories")
    return _document("theories", title, DataTable("names", title, "", columns, tuple(rows)), data={"theories": listed})


def observations_document(observed: Mapping[str, Mapping[int, Observables]]) -> Document:
    """Return what was observed: of one run every quantity, of several how many there are.

    Args:
        observed: Observables by run and by number of audited labels.
    """
    data = {"runs": [seen.to_dict() for by_labels in observed.values() for seen in by_labels.values()]}
    if len(observed) != 1:
        columns = (
            Heading("run", "run", style="text", key=True),
            Heading("quantities", "quantities", style="count"),
            Heading("missing", "missing", style="count"),
        )
        rows = tuple(
            (Cell(run[:SHORT_ID]), Cell(len(by_labels[0].quantities)), Cell(len(by_labels[0].missing)))
            for run, by_labels in observed.items()
        )
        title = f"{len(rows)} runs observed"
        return _document("observations", title, DataTable("runs", title, "", columns, rows), data=data)
    ((run, by_labels),) = observed.items()
    seen = by_labels[max(by_labels)]
    measured = DataTable(
        "quantities",
        "Observables",
        "",
        (
            Heading("quantity", "quantity", style="text", key=True),
            Heading("value", "value", decimals=4),
            Heading("se", "standard error", decimals=4),
            Heading("n", "n", style="count"),
            Heading("estimator", "estimator", style="text"),
        ),
        tuple(
            (Cell(name), Cell(quantity.value), Cell(quantity.se), Cell(quantity.n), Cell(quantity.estimator))
            for name, quantity in seen.quantities.items()
        ),
    )
    columns = (Heading("quantity", "quantity", style="text", key=True), Heading("why", "why", style="text"))
    missing = DataTable(
        "missing", "Not observed", "", columns, tuple((Cell(name), Cell(why)) for name, why in seen.missing.items())
    )
    return _document("observations", f"run {run[:SHORT_ID]}", measured, missing, data=data)


def predictions_document(answers: Sequence[Answer], theories: Sequence[Theory], level: float) -> Document:
    """Return what theories say of runs, on what condition, or why they abstain.

    Args:
        answers: What they say.
        theories: Who was asked.
        level: The nominal coverage of the intervals.
    """
    asked = {theory.name: theory for theory in theories}
    columns = (
        Heading("run", "run", style="text"),
        Heading("theory", "theory", style="text", key=True),
        Heading("predicts", "predicts", style="text"),
        Heading("mean", "mean", f"brackets: the {100 * level:g} % interval"),
        Heading("condition", "on condition, or why it abstains", style="text"),
    )
    rows = tuple(
        (
            Cell(answer.run[:SHORT_ID]),
            Cell(f"{answer.theory}@{answer.labels}" if answer.labels else answer.theory),
            Cell(target_of(asked[answer.theory])),
            Cell(answer.mean, answer.low, answer.high),
            Cell(_condition(answer)),
        )
        for answer in answers
    )
    title = words.quantity(len(rows), "answer")
    data = {"level": level, "answers": [{**answer.to_dict(), "digest": answer.digest()} for answer in answers]}
    return _document("predictions", title, DataTable("predicted", title, "", columns, rows), data=data)


def target_of(theory: Theory) -> str:
    """Return what a theory predicts or bounds, and in which risk."""
    bound = "" if theory.says == "value" else f" {theory.says}"
    return f"{theory.target}{bound}, {theory.unit}"


def _condition(answer: Answer) -> str:
    """Return why a theory abstains, what its answer is conditional on, or that its hypotheses were tested."""
    doubts = [f"{verdict.hypothesis}: {verdict.why}" for verdict in answer.verdicts if verdict.status == "untestable"]
    if answer.abstains or doubts:
        return answer.abstains or f"if {'; '.join(doubts)}"
    return answer.standing if answer.verdicts else "no hypothesis stated"


def _document(kind: str, title: str, *tables: DataTable, data: Mapping[str, object]) -> Document:
    sections = tuple(Section(table.name, table.title, table.intro, tables=(table,)) for table in tables)
    return Document(kind=kind, heading=kind.capitalize(), title=title, lead="", sections=sections, data=data)
