import json
import math
from types import SimpleNamespace

import pytest

from w2sg.core import Cell, DataTable, Document, Estimate, Fact, Finding, Forest, Heading, InputError, Section, plain

COLUMNS = (Heading("method", "method", style="text", key=True), Heading("pgr", "PGR", terminal=False))
ROWS = ((Cell("naive", link="setup-1"), Cell(0.5, 0.4, 0.6)), (Cell("product"), Cell(missing="no PGR", help="why")))


def document(**given: object) -> Document:
    table = DataTable("results", "Results", "All of them.", COLUMNS, ROWS)
    figure = Forest("pgr", "PGR", "How to read it.", axis="PGR", value="PGR", counts="n", groups=())
    section = Section("results", "Results", tables=(table,), figures=(figure,))
    fields = {"facts": (Fact("runs", 3),), "findings": (Finding("note", "One seed."),), "sections": (section,)}
    return Document("study", "A study", "mine", "What was done.", **{**fields, **given})  # type: ignore[arg-type]


def test_a_document_is_plain_data_and_keeps_what_it_is_made_of() -> None:
    data = {"study": "mine", "statistic": math.inf}
    shown = json.loads(json.dumps(document(data=data, effort={"wall_s": 1.5}).to_dict(), allow_nan=False))
    assert shown["study"] == "mine"
    assert shown["statistic"] is None
    assert shown["wall_s"] == 1.5
    assert shown["facts"] == [{"name": "runs", "value": 3}]
    assert shown["findings"] == [{"tone": "note", "text": "One seed."}]
    assert shown["tables"]["results"]["rows"] == [
        {"method": {"value": "naive", "link": "setup-1"}, "pgr": {"value": 0.5, "low": 0.4, "high": 0.6}},
        {"method": {"value": "product"}, "pgr": {"missing": "no PGR", "help": "why"}},
    ]
    assert shown["figures"]["pgr"]["kind"] == "forest"
    assert shown["sections"][0]["tables"] == ["results"]
    assert shown["sections"][0]["figures"] == ["pgr"]


def test_data_cannot_hide_a_part_of_the_document() -> None:
    with pytest.raises(InputError, match="data must not have the document's keys, got findings, tables: rename them"):
        document(data={"tables": 1, "findings": 2, "study": "mine"}).to_dict()


def test_what_is_not_there_is_an_empty_cell_and_no_estimate() -> None:
    nothing = SimpleNamespace(estimate=None, low=None, high=None)
    assert Cell.of(None) == Cell()
    assert Cell.of(nothing, missing="none", help="why") == Cell(missing="none", help="why")
    with pytest.raises(InputError, match="an estimate needs a number, got an interval without one"):
        Estimate.of(nothing)
    assert Estimate.of(SimpleNamespace(estimate=0.5, low=0.4, high=0.7)).ends == (0.4, 0.7)
    assert Estimate(0.5).ends == (0.5, 0.5)


def test_defaults_are_left_out_only_where_asked() -> None:
    assert plain(Cell(1.0)) == {"value": 1.0}
    assert plain(Cell(1.0), sparse=False)["low"] is None
    assert plain({1: (Fact("a", math.nan),)}) == {"1": [{"name": "a", "value": None}]}
