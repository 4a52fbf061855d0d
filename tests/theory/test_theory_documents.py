"""Documents of theory: every number of a scoreboard, sentences no stronger than it, figures as plain data."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from w2sg.core import (
    Answer,
    Cell,
    DataTable,
    Document,
    Observables,
    Quantity,
    Scatter,
    Status,
    Theory,
    Verdict,
    registry,
)
from w2sg.core import wording as words
from w2sg.measure import Interval
from w2sg.theory.answering import theories
from w2sg.theory.cases import Case, Truth
from w2sg.theory.documents import (
    observations_document,
    predictions_document,
    scoreboard_document,
    theories_document,
)
from w2sg.theory.documents.certificates import LABELS, _orders, cost_figure, costs_of_a_gain, costs_of_a_rate
from w2sg.theory.documents.figures import MOST_POINTS, _window, thinned
from w2sg.theory.documents.findings import findings_of
from w2sg.theory.documents.tables import scores_table, stacks_table
from w2sg.theory.scoreboard.predictions import PredictionTable, prediction_table
from w2sg.theory.scoreboard.results import Scoreboard, scoreboard_of
from w2sg.theory.scoreboard.stack import stacked
from w2sg.theory.scoreboard.summaries import StackScores, has_hypotheses, in_doubt, is_baseline
from w2sg.theory.sealing import Seal, SealedPredictions

LEVEL = 0.9


def quantity(value: float) -> Quantity:
    return Quantity(value, 0.01, 100, "made")


def made_table(tasks: tuple[str, ...], per_task: int, units: tuple[str, ...] = ("error", "squared")) -> PredictionTable:
    """Return runs whose gain some theories see, some see upside down, and one never speaks of."""
    rng = np.random.default_rng(len(tasks))
    cases, answers = [], []
    for task in tasks:
        for index in range(per_task):
            run, gain = f"{task}-{index}", float(rng.normal(0.05, 0.05))
            values = {f"gain {unit}": quantity(gain) for unit in units}
            values |= {"weak_risk squared": quantity(0.3), "student_risk squared": quantity(0.3 - gain)}
            values |= {"student_risk error": quantity(0.2 - gain)}
            seen = {"label_variance": quantity(0.6), "weak_error": quantity(0.2)}
            parts = {"supervisor": f"s{index % 2}", "student": "one", "method": f"m{index // 2 % 2}"}
            observables = Observables(run, "classification", seen)
            supervisor = f"{task} {index % 4}"
            cases.append(Case(task, supervisor, index // 4, "", parts, {0: observables}, Truth(run, values)))
            answers += [answer(run, *one) for one in predictions(task, index, gain, rng)]
    return prediction_table(cases, answers, LEVEL)


def predictions(
    task: str, index: int, gain: float, rng: np.random.Generator
) -> list[tuple[str, str, int, float | None, Status]]:
    """Return theory, unit, labels, formula and standing: `misfit` is right but where C or the last task is meant."""
    turned = task.endswith("C")
    noise = float(rng.normal())
    upside: Status = "violated" if index % 3 == 0 else "untestable"
    return [
        ("misfit", "squared", 0, -gain if turned else gain, upside),
        ("misfit-cross-term", "squared", 50, gain + 0.02 * noise, "holds"),
        ("paired-difference-squared", "squared", 50, gain + 0.02 * float(rng.normal()), "holds"),
        ("disagreement", "error", 0, gain + 0.2 * noise, "holds"),
        ("group-shift", "squared", 0, 1e9 * noise, "violated"),
        ("constant", "error", 0, 0.0, "holds"),
        ("mixture", "error", 0, None, "untestable"),
    ]


def answer(run: str, theory: str, unit: str, labels: int, formula: float | None, status: Status) -> Answer:
    verdicts = (Verdict("made", status, "so it is"),)
    known = {} if formula is None else {"formula": formula}
    if formula is not None and status != "violated":
        known |= {"mean": formula, "low": formula - 0.05, "high": formula + 0.05}
    return Answer(theory, run, "gain", unit, LEVEL, verdicts, labels=labels, **known)  # type: ignore[arg-type]


def with_error_stacks(table: PredictionTable) -> PredictionTable:
    added = [stacked(table, "error", labels=labels) for labels in (0, 50)]
    return replace(table, columns={**table.columns, **{column.name: column for column in added}})


def sealed(run: str, *, late: bool, trust: str = "T0") -> Seal:
    opened = "2026-01-01T00:00:00.000+00:00" if late else None
    return Seal(run, "place", 4, "ab" * 32, "2026-01-02T00:00:00.000+00:00", opened, trust)


@pytest.fixture(scope="module")
def board() -> Scoreboard:
    """Return a scoreboard of six tasks and of the families."""
    table = with_error_stacks(made_table(tuple(f"t{index}" for index in range(6)), 16))
    families = made_table(("family A", "family B", "family C"), 30, ("squared",))
    seals = [sealed(case.run, late=False) for case in table.cases]
    return scoreboard_of(table, families, study="made", sealed="5ea1" * 16, seals=seals)


@pytest.fixture(scope="module")
def alone(board: Scoreboard) -> Scoreboard:
    """Return the families without a study."""
    return scoreboard_of(None, board.family_predictions)


@pytest.fixture(scope="module")
def document(board: Scoreboard) -> Document:
    return scoreboard_document(board, made_by="w2sg theory score made -o made.md")


def cells(table: DataTable) -> dict[str, Mapping[str, Cell]]:
    """Return the rows of a table by their first cell, each by the names of the columns."""
    names = [column.name for column in table.columns]
    return {str(row[0].value): dict(zip(names, row, strict=True)) for row in table.rows}


def texts_of(board: Scoreboard) -> dict[str, str]:
    return {finding.text: finding.tone for finding in findings_of(board)}


def test_the_document_has_its_parts_in_order(document: Document) -> None:
    assert document.title == "made"
    assert [section.name for section in document.sections] == [
        "theories", "stack", "synthetic", "decisions", "seals", "against-truth", "labels",
    ]  # fmt: skip
    assert list(document.tables) == ["scores", "standings", "contrasts", "stacks", "families", "regrets", "seals"]
    assert list(document.figures) == ["predicted-families", "predicted", "limit", "certificates"]
    assert document.made_by == "w2sg theory score made -o made.md"
    assert "96 runs of 6 tasks (t0 16, t1 16, t2 16, t3 16, t4 16, t5 16) and 90 synthetic runs of 3 fam" in (
        document.rests_on
    )
    assert "seal 5ea15ea15ea15ea1" in document.lead
    for table in document.tables.values():
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_the_document_as_json_has_every_number_of_the_scoreboard(board: Scoreboard, document: Document) -> None:
    data = json.loads(json.dumps(document.to_dict(), allow_nan=False))
    assert data["study"] == "made"
    assert len(data["scores"]) == len(board.scores)
    stack, row = data["stacks"][0], data["tables"]["stacks"]["rows"][0]
    assert stack["within"]["estimate"] == row["within"]["value"]
    assert stack["within"]["low"] == row["within"]["low"]
    assert data["families"][2]["fits"]["misfit"]["spearman"]["estimate"] == pytest.approx(-1)
    assert {use["where"] for use in data["label_uses"]} == {"study", "families"}
    assert data["figures"]["limit"]["kind"] == "scatter"
    assert scoreboard_document(board).to_dict() == {**document.to_dict()}


def test_what_is_not_defined_is_empty_and_not_nought(board: Scoreboard) -> None:
    table = scores_table(board)
    rows = cells(table)
    assert rows["constant"]["spearman"].value is None
    assert rows["group-shift"]["coverage"].value is None
    r2 = rows["group-shift"]["r2"].value
    assert isinstance(r2, float)
    assert words.explained(r2) == f"< {words.MINUS}100"
    assert next(column.style for column in table.columns if column.name == "r2") == "explained"
    assert rows["group-shift"]["abstains"].value == 1
    assert "mixture" not in rows
    assert "No value on any run: mixture." in table.intro
    assert rows["misfit-cross-term@50"]["predicts"].note == "from S1, 50 labels"
    assert rows["disagreement"]["theory"].note == "baseline"
    assert list(rows)[-2:] == ["stack", "stack@50"]


def test_scores_stand_apart_by_what_theories_see(document: Document) -> None:
    table = document.tables["standings"]
    shown = {(row[0].value, row[1].value): row[2].value for row in table.rows}
    assert shown == {("misfit", "untestable"): 60, ("misfit", "violated"): 36, ("group-shift", "violated"): 96}
    assert (has_hypotheses("misfit"), has_hypotheses("stack"), has_hypotheses("disagreement")) == (True, False, False)
    assert (is_baseline("disagreement"), is_baseline("misfit"), is_baseline("unheard of")) == (True, False, False)


def test_families_have_their_signs_and_headers(board: Scoreboard, document: Document) -> None:
    families = {family.name: family for family in board.families}
    signs = {name: family.fits["misfit"].spearman for name, family in families.items()}
    assert {name: round(spearman.estimate) for name, spearman in signs.items() if spearman} == {"A": 1, "B": 1, "C": -1}
    assert [families[name].fits["misfit"].sign for name in "ABC"] == [1, 1, -1]
    assert families["A"].fits["misfit"].r2 == pytest.approx(1)
    assert families["A"].fits["misfit"].violated == pytest.approx(1 / 3)
    assert families["A"].fits["paired-difference-squared@50"].violated is None
    table = document.tables["families"]
    assert table.columns[1].title.startswith("A: gain +0.0")
    assert table.columns[1].title.endswith(" % positive")
    assert "disagreement" not in cells(table)
    assert scoreboard_of(board.predictions, board.family_predictions).families == board.families


def test_findings_tell_signs_labels_and_the_stack(board: Scoreboard) -> None:
    texts = texts_of(board)
    said = "\n".join(texts)
    pattern = next(text for text in texts if text.startswith("Sign of misfit on the families"))
    assert texts[pattern] == "worse"
    assert f"+1.00 [1.00, 1.00] on A, +1.00 [1.00, 1.00] on B and {words.MINUS}1.00" in pattern
    assert "the ranking is reversed. Its checks see a violation on 33 % of A, 33 % of B and 33 % of C." in pattern
    labels = next(text for text in texts if text.startswith("Theory corrected by labels (misfit-cross-term)"))
    assert "was not shown to make more of labels than the plain paired difference" in labels
    assert labels.count(" with 50 labels on the ") == 2
    assert "1 of 2 theories with hypotheses that say something of these runs sees one violated in every run" in said
    assert "The decision which weak supervisor" in said
    assert "6 tasks: intervals over so few are rough." in said


def test_the_stack_is_told_with_its_intervals_and_no_goal(board: Scoreboard) -> None:
    def interval(estimate: float, low: float) -> Interval:
        return Interval(estimate, low, 1.0, 0.95)

    stack = StackScores(
        "stack", 0, interval(0.86, 0.81), interval(0.74, 0.6), None, None, interval(0.9, 0.8), 12, interval(0.9, 0.8)
    )
    texts = texts_of(replace(board, stacks=[stack]))
    ranks = next(text for text in texts if text.startswith("The stack of all theories ranks runs of tasks"))
    assert "Spearman stack 0.86 [0.81, 1.00] within tasks, stack 0.74 [0.60, 1.00] pooled." in ranks
    assert texts[ranks] == "better"
    assert any("stack 0.90 [0.80, 1.00] of the 12 runs" in text for text in texts)
    table = stacks_table([stack])
    assert table is not None
    assert [cell.value for cell in table.rows[0]] == ["stack", 0.86, 0.74, None, None, 0.9, 12, 0.9]
    assert "There is no stack of all theories: it needs more tasks." in texts_of(replace(board, stacks=[]))
    assert "oal" not in "\n".join(texts)


def test_the_contrasts_say_where_their_p_comes_from(board: Scoreboard, document: Document) -> None:
    """It is normal with the bootstrap's standard error: it may be smaller than one in so many resamples."""
    table = document.tables["contrasts"]
    assert "p is normal with the standard error of 400 resamples" in table.intro
    assert f"over all {len(board.contrasts)} contrasts" in table.intro
    assert "constant" not in cells(table)
    for contrast in board.contrasts:
        assert contrast.p_value <= contrast.p_holm <= min(1, len(board.contrasts) * contrast.p_value) + 1e-12
    assert min(contrast.p_value for contrast in board.contrasts) < 2 / 401, "which is no least p of a table"


def test_doubt_is_the_share_of_theories_with_hypotheses(board: Scoreboard) -> None:
    assert board.predictions is not None
    # of misfit and group-shift (always violated) more than half say so where misfit does too
    assert in_doubt(board.predictions).sum() == 36


def test_figures_show_theories_that_vary(document: Document) -> None:
    figure, families, limit = (document.figures[name] for name in ("predicted", "predicted-families", "limit"))
    assert isinstance(figure, Scatter)
    assert isinstance(families, Scatter)
    assert isinstance(limit, Scatter)
    titles = {panel.title for panel in figure.panels}
    assert {"misfit", "stack@50"} <= titles
    assert not {"constant", "mixture"} & titles
    assert [group.name for group in figure.groups] == ["holds", "untestable", "violated"]
    assert any(panel.note.endswith("n 96") for panel in figure.panels)
    assert [group.label for group in families.groups] == ["family A", "family B", "family C"]
    assert {name for panel in families.panels for name in panel.points} == {"A", "B", "C"}
    assert "0 of 96 runs lie below the solid line." in limit.caption
    (panel,) = limit.panels
    assert [look for look, _ in panel.curves] == ["dotted", "dashed", "solid"]
    assert sum(len(points) for points in panel.points.values()) == 96
    assert len(thinned(5000)) == MOST_POINTS == len(set(thinned(5000)))
    assert list(thinned(3)) == [0, 1, 2]


def test_panels_hold_what_was_observed_and_not_what_is_absurd() -> None:
    observed = np.linspace(-0.1, 0.1, 50)
    sides = _window(np.where(observed > 0, 1e9, 0.0), observed)
    assert -0.6 < sides[0][0] < sides[0][1] < 0.6
    assert sides[1][0] < -0.1 < 0.1 < sides[1][1]
    low, high = _window(np.zeros(50), np.zeros(50))[0]
    assert low < 0 < high


def test_certificates_narrow_with_labels_and_the_audit_is_best() -> None:
    rates, gains = costs_of_a_rate(), costs_of_a_gain()
    assert set(rates) == {"betting", "clopper-pearson", "chernoff-kl", "maurer-pontil", "hoeffding"}
    for lines in (rates, gains):
        for values in lines.values():
            assert np.all(np.diff(values) < 0)
    assert all(rates["clopper-pearson"][i] <= values[i] for values in rates.values() for i in range(len(LABELS)))
    assert all(gains["disagreement audit"][i] <= values[i] for values in gains.values() for i in range(len(LABELS)))
    assert _orders(np.arange(4)).sum(axis=1).tolist() == [6.0] * 64
    figure = cost_figure()
    assert "a gain of 0.1" in figure.caption
    assert [len(panel.lines) for panel in figure.panels] == [5, 4]


def test_families_alone_have_a_document(alone: Scoreboard) -> None:
    document = scoreboard_document(alone)
    assert document.made_by == "w2sg theory score"
    assert document.title == "synthetic families"
    assert "Without a study the three families stand in the place of tasks." in document.tables["scores"].intro
    said = "\n".join(finding.text for finding in document.findings)
    assert "Rank runs within tasks" not in said
    assert "stack" not in said
    assert "seal" not in document.rests_on.partition(".")[2]
    assert list(document.tables) == ["scores", "standings", "families"]


def test_a_study_without_families_has_a_document(board: Scoreboard) -> None:
    document = scoreboard_document(scoreboard_of(board.predictions, None, study="made"))
    said = "\n".join(finding.text for finding in document.findings)
    assert "families" not in document.tables
    assert "Sign of misfit" not in said
    assert "synthetic run" not in document.rests_on
    assert "synthetic run" not in [fact.name for fact in document.facts]


def observables(labels: int = 0) -> Observables:
    quantities = {"weak_error": quantity(0.2), "disagreement": quantity(0.1)}
    if labels:
        quantities["audit_gain_error"] = quantity(0.03)
    return Observables("0123456789", "classification", quantities, missing={"noise": "no features"}, labels=labels)


def test_observations_of_one_run_are_told_whole_and_of_several_counted() -> None:
    one = observations_document({"0123456789": {0: observables(), 20: observables(20)}})
    assert [row["quantity"]["value"] for row in one.to_dict()["tables"]["quantities"]["rows"]] == [
        "weak_error", "disagreement", "audit_gain_error",
    ]  # fmt: skip
    assert one.to_dict()["tables"]["missing"]["rows"][0]["why"] == {"value": "no features"}
    assert [seen["labels"] for seen in one.to_dict()["runs"]] == [0, 20]
    two = observations_document({"a" * 64: {0: observables()}, "b" * 64: {0: observables()}})
    assert [row["run"]["value"] for row in two.to_dict()["tables"]["runs"]["rows"]] == ["aaaaaaaa", "bbbbbbbb"]


def test_predictions_say_their_condition_or_why_they_abstain() -> None:
    among = [registry.build(Theory, name) for name in ("disagreement", "misfit", "student-belief", "paired-difference")]
    seen = replace(observables(20), quantities={**observables(20).quantities, "belief_student": quantity(0.05)})
    made = SealedPredictions((), tuple(theory.predict(seen, 0.8) for theory in among), (sealed("r" * 64, late=True),))
    found = predictions_document(made, among, 0.8).to_dict()
    rows: dict[str, Any] = {row["theory"]["value"]: row for row in found["tables"]["predicted"]["rows"]}
    assert rows["disagreement"]["condition"]["value"] == "no hypothesis stated"
    assert "misfit@20" not in rows, "who abstains stands apart, by reason"
    (abstained,) = found["tables"]["abstentions"]["rows"]
    assert abstained["theories"]["value"] == "misfit@20"
    assert abstained["reason"]["value"] == "lacks a quantity that it needs: not observed"
    assert rows["student-belief"]["condition"]["value"].startswith("if student is calibrated: ")
    assert rows["paired-difference@20"]["mean"]["low"] < 0.03 < rows["paired-difference@20"]["mean"]["high"]
    assert [len(answer["digest"]) for answer in found["answers"]] == [64] * 4
    (row,) = found["tables"]["seals"]["rows"]
    assert (row["made"]["value"], row["late"]["value"]) == ("2026-01-02 00:00:00", "opened 2026-01-01 00:00:00")
    assert found["seals"] == [sealed("r" * 64, late=True).to_dict()]


def test_seals_are_told_by_task_and_late_runs_are_counted(board: Scoreboard) -> None:
    whole = scoreboard_document(board)
    assert "sealed before ground truth was opened: seal 5ea15ea15ea15ea1, 2026-01-02 00:00:00." in whole.lead
    assert "Late" not in whole.lead
    seals = [
        replace(seal, opened="2026-01-01T00:00:00+00:00") if seal.run.endswith("0") else seal for seal in board.seals
    ]
    seals[0] = replace(seals[0], trust="T0 beside mine")
    n_late = sum(seal.late for seal in seals)
    found = scoreboard_document(replace(board, seals=seals))
    assert f"Late: of {n_late} of {len(seals)} runs gold of the test set had been handed out" in found.lead
    assert "sealed before" not in found.lead
    assert "Foreign code ran beside ground truth while predictions were made: T0 beside mine" in found.lead
    told = found.to_dict()
    assert told["late"] == n_late == sum(row["late"] for row in told["seals"])
    rows = told["tables"]["seals"]["rows"]
    assert sum(row["late"]["value"] for row in rows) == n_late
    assert sum(row["runs"]["value"] for row in rows) == len(seals)
    assert rows[0]["trust"]["value"] == "T0 and T0 beside mine"


def test_theories_are_told_with_what_they_take_for_granted() -> None:
    found = theories_document(theories()).to_dict()
    listed = {theory["name"]: theory for theory in found["theories"]}
    assert list(listed) == registry.names(Theory)
    assert listed["misfit"]["information"] == "S0-strict"
    assert listed["refitted-gain-kl"]["unit"] == "kl"
    assert listed["refitted-gain-kl"]["needs"] == ["refitted_gain_kl"]
    assert "truth is in the class" in json.dumps(listed["misfit"]["hypotheses"])
    row = next(row for row in found["tables"]["names"]["rows"] if row["name"]["value"] == "expansion-bound")
    assert row["predicts"]["value"] == "gain at least, error"
