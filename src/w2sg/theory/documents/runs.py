"""Documents of runs: what was observed of them, what theories say of them; and the theories there are."""

from collections.abc import Mapping, Sequence

from w2sg.core import (
    CATALOGUE,
    Answer,
    Cell,
    DataTable,
    Document,
    Heading,
    Observables,
    Section,
    Style,
    Theory,
    registry,
)
from w2sg.core import wording as words
from w2sg.theory.documents.beliefs import abstentions, bottom_line, name_of
from w2sg.theory.documents.seals import SHORT_ID, run_seals_table
from w2sg.theory.sealing import SealedPredictions

DECIMALS = 4


def theories_document(theories: Sequence[Theory]) -> Document:
    """Return the theories: what each predicts, what it needs and what it takes for granted."""
    listed, rows = [], []
    for theory in theories:
        entry = registry.lookup(Theory, theory.name)
        hypotheses = [
            {"name": hypothesis.name, "statement": hypothesis.statement, "needs": hypothesis.info.name}
            for hypothesis in theory.hypotheses
        ]
        listed.append(
            {
                "name": theory.name,
                "target": theory.target,
                "says": theory.says,
                "unit": theory.unit,
                "information": theory.info.title,
                "needs": list(theory.observed),
                "hypotheses": hypotheses,
                "world": theory.world,
                "summary": entry.summary,
                "paper": entry.paper,
            }
        )
        granted = "; ".join(hypothesis["name"] for hypothesis in hypotheses) or "none"
        rows.append((theory.name, target_of(theory), theory.info.title, granted, entry.summary))
    columns = {"name": "name", "predicts": "predicts", "information": "from", "hypotheses": "takes for granted"}
    table = _table("names", "Theories", {**columns, "summary": "what it is"}, rows)
    return _document("theories", words.quantity(len(rows), "theory", "theories"), table, data={"theories": listed})


def observations_document(observed: Mapping[str, Mapping[int, Observables]]) -> Document:
    """Return what was observed: of one run every quantity, of several how many there are.

    Args:
        observed: Observables by run and by number of audited labels.
    """
    data = {"runs": [seen.to_dict() for by_labels in observed.values() for seen in by_labels.values()]}
    if len(observed) != 1:
        counts = [(run[:SHORT_ID], len(seen[0].quantities), len(seen[0].missing)) for run, seen in observed.items()]
        columns = {"run": "run", "quantities": "quantities", "missing": "missing"}
        table = _table("runs", "Runs", columns, counts, quantities="count", missing="count")
        return _document("observations", f"{len(counts)} runs observed", table, data=data)
    ((run, by_labels),) = observed.items()
    # The record with the most labels holds all that the others do.
    seen = by_labels[max(by_labels)]
    columns = {"quantity": "quantity", "value": "value", "se": "standard error", "n": "n"}
    columns |= {"meaning": "what it is", "estimator": "how it was estimated"}
    rows = [
        (name, measured.value, measured.se, measured.n, _meaning(name), measured.estimator)
        for name, measured in seen.quantities.items()
    ]
    measured = _table("quantities", "Observables", columns, rows, value="number", se="number", n="count")
    unseen = [(name, _meaning(name), why) for name, why in seen.missing.items()]
    columns = {"quantity": "quantity", "meaning": "what it is", "why": "why"}
    missing = _table("missing", "Not observed", columns, unseen)
    return _document("observations", f"run {run[:SHORT_ID]}", measured, missing, data=data)


def predictions_document(predictions: SealedPredictions, theories: Sequence[Theory], level: float) -> Document:
    """Return what theories say of runs, on what condition, or why they abstain, and when that was sealed.

    Args:
        predictions: What they say.
        theories: Who was asked.
        level: The nominal coverage of the intervals.
    """
    asked = {theory.name: theory for theory in theories}
    columns = {"theory": "theory", "run": "run", "predicts": "predicts", "mean": f"mean [{100 * level:g} %]"}
    rows = [
        (
            name_of(answer),
            answer.run[:SHORT_ID],
            target_of(asked[answer.theory]),
            Cell(answer.mean, answer.low, answer.high),
            _condition(answer),
        )
        for answer in predictions.answers
        if not answer.abstains
    ]
    columns["condition"] = "on condition"
    table = _table("predicted", "Answers", columns, rows, mean="number")
    data = {
        "level": level,
        "answers": [{**answer.to_dict(), "digest": answer.digest()} for answer in predictions.answers],
        "sealed": predictions.sha256,
        "seals": [seal.to_dict() for seal in predictions.seals],
    }
    seals = run_seals_table(predictions.seals)
    silent = abstentions(predictions.answers)
    tables = [table, *([silent] if silent else []), seals]
    lead = bottom_line(predictions.answers, asked)
    return _document("predictions", words.quantity(len(predictions.answers), "answer"), *tables, data=data, lead=lead)


def target_of(theory: Theory) -> str:
    """Return what a theory predicts or bounds, and in which risk."""
    bound = "" if theory.says == "value" else f" {theory.says}"
    return f"{theory.target.replace('_', ' ')}{bound}, {theory.unit}"


def _meaning(quantity: str) -> str:
    known = CATALOGUE.get(quantity)
    return known.meaning if known else "of a plugin"


def _condition(answer: Answer) -> str:
    """Return what a theory's answer is conditional on, or that its hypotheses were tested."""
    doubts = [f"{verdict.hypothesis}: {verdict.why}" for verdict in answer.verdicts if verdict.status == "untestable"]
    if doubts:
        return f"if {'; '.join(doubts)}"
    return answer.standing if answer.verdicts else "no hypothesis stated"


def _table(
    name: str, title: str, columns: Mapping[str, str], rows: Sequence[Sequence[Cell | float | str]], **styles: Style
) -> DataTable:
    """Return a table whose first column names its rows; columns are texts where no other style is given."""
    headings = tuple(
        Heading(column, heading, style=styles.get(column, "text"), decimals=DECIMALS, key=not index)
        for index, (column, heading) in enumerate(columns.items())
    )
    cells = tuple(tuple(value if isinstance(value, Cell) else Cell(value) for value in row) for row in rows)
    return DataTable(name, title, "", headings, cells)


def _document(kind: str, title: str, *tables: DataTable, data: Mapping[str, object], lead: str = "") -> Document:
    sections = tuple(Section(table.name, table.title, table.intro, tables=(table,)) for table in tables)
    return Document(kind=kind, heading=kind.capitalize(), title=title, lead=lead, sections=sections, data=data)
