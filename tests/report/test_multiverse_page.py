"""Claims read from chosen numbers, what becomes of them in other worlds, and the page that says so."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from made_results import labelled, result, study

import w2sg
from w2sg.batteries import AnalystChoice, AnalystWorld, Multiverse, claims_of, multiverse_document, over_tasks
from w2sg.batteries.multiverse.claims import SAME_ANSWERS, readings_of
from w2sg.batteries.multiverse.results import Chosen, OpenChoice
from w2sg.core import CurvePoint, CurveRow, Estimate, SpecificationCurve, registry, wording
from w2sg.lab import Comparison, compare_methods
from w2sg.measure import pooled_mean
from w2sg.report import draw, terminal_table

PENALTY = "student's C"


def place(naive: float, confidence: float, c: float = 1.0, task: str = "gaussian", **more: Any) -> Comparison:
    """A place in which two methods have chosen accuracies; `c` makes it another analysis."""
    model = {"kind": "linear", "c": c}
    results = [
        labelled(result(method, accuracy, model=model, **more), task=task, student="linear")
        for method, accuracy in (("naive", naive), ("confidence", confidence))
    ]
    (made,) = compare_methods(results)
    return made


def world(option: str, *comparisons: Comparison) -> AnalystWorld:
    chosen: Chosen = ((PENALTY, option),) if option else ()
    return AnalystWorld(chosen, comparisons)


def multiverse() -> Multiverse:
    """The study says that confidence beats naive; four other analyses say other things."""
    base = place(0.7, 0.8)
    worlds = (
        world("", base),
        world("stays", place(0.65, 0.8, 2.0)),
        world("lost", place(0.7, 0.7, 3.0)),
        world("reversed", place(0.8, 0.7, 4.0)),
        world("again", base),
    )
    choice = registry.build(AnalystChoice, "student-c")
    left_out = ("needs a linear model",)
    choices = (
        OpenChoice(choice, ("stays", "lost", "reversed", "again"), left_out),
        OpenChoice(registry.build(AnalystChoice, "labels"), (), left_out),
    )
    made = study(*(entrant.result for entrant in base.entrants))
    return Multiverse(made, choices, worlds, claims_of(worlds), n_runs=48)


def test_what_becomes_of_a_claim() -> None:
    found = multiverse()
    claim = found.claim("difference", "confidence", "gaussian")
    assert claim.base.verdict == "above"
    assert claim.base.effect is not None
    assert claim.base.effect.estimate == pytest.approx(0.1, abs=0.02)
    # The last world comes to the same analysis as the study itself, and counts for nothing.
    assert [claim.change(number) for number in (1, 2, 3)] == ["same", "lost", "reversed"]
    assert set(claim.others) == {1, 2, 3}
    assert claim.same_verdict == 1
    assert claim.stability[0] == pytest.approx(1 / 3)
    assert found.holds("confidence", "gaussian") == (1, 3)
    assert found.holds("confidence") is None
    assert found.claim("gap", place="gaussian").stability == (1.0, 1.0)
    shares = [one.stability for one in found.claims]
    assert shares == sorted(shares, reverse=True)


def test_what_stays_open_may_be_shown_either_way() -> None:
    worlds = (world("", place(0.7, 0.7)), world("up", place(0.7, 0.8, 2.0)), world("down", place(0.8, 0.7, 3.0)))
    claim = next(one for one in claims_of(worlds) if one.about == "difference")
    assert claim.base.verdict == "open"
    assert claim.worlds("shown") == [1, 2]
    assert [claim.others[number].verdict for number in (1, 2)] == ["above", "below"]


def test_a_gap_that_is_too_small_makes_no_claim_and_is_no_contradiction() -> None:
    small = place(0.61, 0.61, 2.0, weak=0.6, ceiling=0.62)
    worlds = (world("", place(0.7, 0.8)), world("small", small))
    claim = next(one for one in claims_of(worlds) if (one.about, one.method) == ("pgr", "naive"))
    assert claim.change(1) == "none"
    assert claim.same_sign == 0
    assert not [one for one in claims_of(worlds[::-1]) if one.about == "pgr"]


def test_methods_that_answer_alike_are_not_compared() -> None:
    naive = result("naive", 0.7)
    same = labelled(naive, method="other")
    comparison = place(0.7, 0.8)
    alike = Comparison(
        comparison.place,
        comparison.task,
        comparison.supervisor,
        comparison.student,
        compare_entrants(naive, same),
    )
    reading = readings_of([alike])["difference", "gaussian", "other"]
    assert (reading.verdict, reading.effect, reading.reason) == ("none", None, SAME_ANSWERS)


def compare_entrants(first: Any, other: Any) -> Any:
    from w2sg.lab import entrants_of

    return entrants_of("naive", first, {"other": other})


def test_the_mean_over_tasks_is_that_of_a_league() -> None:
    places = [
        place(0.7, accuracy, task=task)
        for task, accuracy in (("first", 0.76), ("second", 0.74), ("third", 0.72), ("third", 0.75))
    ]
    reading = over_tasks(places, "confidence")
    assert reading is not None
    differences = [[one.entrants[1].difference.estimate] for one in places if one.entrants[1].difference]
    expected = pooled_mean(differences, [0, 1, 2, 2]).interval((1,), 0.95)
    assert reading.effect == expected
    assert reading.verdict == ("above" if expected.low > 0 else "open")
    assert over_tasks(places[2:], "confidence") is None
    assert over_tasks(places, "product") is None


def test_a_mean_over_fewer_tasks_is_another_claim_and_is_not_read() -> None:
    base = world("", place(0.7, 0.8, task="first"), place(0.7, 0.78, task="second"), place(0.7, 0.76, task="third"))
    fewer = AnalystWorld(
        ((PENALTY, "x"),),
        (place(0.7, 0.8, 2.0, task="first"), place(0.7, 0.78, 2.0, task="second")),
        {("third", "confidence"): "its runs could not be made"},
    )
    claim = next(one for one in claims_of((base, fewer)) if one.about == "over tasks")
    assert dict(claim.missing) == {1: "its runs could not be made"}
    assert claim.stability == (1.0, 1.0)


def test_sentences_say_what_overturns_a_claim() -> None:
    document = multiverse_document(multiverse(), made_by="w2sg multiverse made.toml")
    texts = [finding.text for finding in document.findings]
    (told,) = [text for text in texts if "confidence beats naive" in text]
    assert ": the same verdict in 1 of 3 other worlds" in told
    assert "Reversed by student's C: reversed. Not shown any more with student's C: lost." in told
    assert "The choice 'labels' is none for this study: it needs a linear model." in texts
    assert 'The choice "student\'s C" is none for some of the setups: it needs a linear model.' in texts
    tones = {finding.text: finding.tone for finding in document.findings}
    assert tones[told] == "worse"
    assert tones[texts[0]] == "better"


def test_the_document_is_data_and_fits_a_terminal() -> None:
    document = multiverse_document(multiverse())
    plain = json.loads(json.dumps(document.to_dict()))
    assert [one["world"] for one in plain["worlds"]][:2] == ["the study as it is", "student's C: stays"]
    claim = next(one for one in plain["claims"] if one["about"] == "difference")
    assert (claim["n_worlds"], claim["same_verdict"], claim["reversed"]) == (3, 1, ["student's C: reversed"])
    assert claim["worlds"]["student's C: lost"]["verdict"] == "open"
    for table in document.tables.values():
        if table.terminal:
            titles, rows = terminal_table(table)
            widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
            assert sum(width + 2 for width in widths) <= 120


def test_a_curve_has_every_analysis_once_from_low_to_high() -> None:
    curve = multiverse_document(multiverse()).figures["curve-1"]
    assert isinstance(curve, SpecificationCurve)
    assert curve.title == "gaussian: confidence against naive"
    assert [point.tone for point in curve.points] == ["worse", "open", "better", "better"]
    assert [row.name for row in curve.rows] == [
        "student's C: as in the study",
        *(f"student's C: {option}" for option in ("stays", "lost", "reversed")),
    ]
    assert [point.marks for point in curve.points] == [(3,), (2,), (0,), (1,)]
    assert [point.is_base for point in curve.points] == [False, False, True, False]


def texts_of(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter() if element.tag.endswith("}text")]


def titles_of(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter() if element.tag.endswith("}title")]


def test_the_curve_is_drawn_with_its_grid_and_tells_each_analysis() -> None:
    curve = multiverse_document(multiverse()).figures["curve-1"]
    (drawing,) = draw(curve)
    assert isinstance(curve, SpecificationCurve)
    assert {row.name for row in curve.rows} <= set(texts_of(drawing.svg))
    for point in curve.points:
        shown = wording.span(point.estimate.value, point.estimate.low, point.estimate.high)
        assert f"{point.name}: {shown}" in titles_of(drawing.svg)
    assert draw(curve) == [drawing]


def test_a_curve_of_many_analyses_stays_one_small_drawing() -> None:
    points = tuple(
        CurvePoint(f"number {n}", Estimate(n / 500, n / 500 - 0.1, n / 500 + 0.1), "open", (n % 5,), n == 77)
        for n in range(200)
    )
    figure = SpecificationCurve(
        "many", "many", "", "PGR", tuple(CurveRow(f"row {n}", n == 0) for n in range(5)), points
    )
    (drawing,) = draw(figure)
    assert len(drawing.svg) < 200_000
    assert len(titles_of(drawing.svg)) == 1 + 200


def test_the_page_is_written_whole_and_always_the_same(tmp_path: Path) -> None:
    first = w2sg.write_report(multiverse(), tmp_path / "one.html", command="w2sg multiverse made.toml")
    second = w2sg.write_report(multiverse(), tmp_path / "two.html", command="w2sg multiverse made.toml")
    assert first.read_bytes() == second.read_bytes()
    page = first.read_text(encoding="utf-8")
    assert "the same verdict in 1 of 3 other worlds" in page
    assert "w2sg multiverse made.toml" in page
    markdown = w2sg.write_report(multiverse(), tmp_path / "page.md").read_text(encoding="utf-8")
    assert "![gaussian: confidence against naive](page/curve-1.svg)" in markdown
