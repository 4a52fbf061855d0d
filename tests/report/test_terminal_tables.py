"""No table of a terminal cuts a number or a row's name, at any width."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_results import ladder, result, study

from w2sg.core import Cell, DataTable, Document, Heading
from w2sg.lab import study_document
from w2sg.report import names_of, table_text, terminal_table

WIDTHS = (60, 80, 200, None)
NUMBER = re.compile(r"[-+−]?\d*\.?\d+(?:e[-+]?\d+)?")
LIMITS = re.compile(r"\[[^\]]*\d[^\]]*\]")
CELL = st.one_of(
    st.floats(-1e6, 1e6).map(lambda x: f"{x:.3f} [{x - 0.01:.3f}, {x + 0.01:.3f}]"),
    st.integers(0, 10**9).map(str),
    st.sampled_from(["", "-", "no PGR gap 0.060 [0.038, 0.081]", "the gap is not surely above 0.05 " * 8]),
)
NAME = st.text("abcdefgh-_=(),.0123456789 ", min_size=1, max_size=50).filter(
    lambda name: name == " ".join(name.split())
)


def check(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], names: int, width: int | None) -> None:
    """Every number, every interval and every name of a row stands whole in the table, and in the width if it can."""
    shown = table_text(title, columns, rows, names=names, width=width)
    lines = shown.splitlines()
    for row in rows:
        for cell in row:
            for whole in (*LIMITS.findall(cell), *(word for word in cell.split() if NUMBER.search(word))):
                assert any(whole in line for line in lines), (whole, width)
        name = row[names - 1]
        if width is None or len(name) < width:
            assert any(name in line for line in lines), (name, width)
    words = [len(word) for row in (columns, *rows) for cell in row for word in cell.split()]
    if width is not None and max(words, default=0) + 30 < width:
        assert max(map(len, lines[1:]), default=0) <= width
    if width is None:
        assert len(lines) <= len(rows) + 4 + max((len(column.split()) for column in columns), default=0)


@settings(max_examples=60, deadline=None)
@given(
    names=st.integers(1, 2),
    columns=st.lists(NAME, min_size=2, max_size=9),
    data=st.data(),
    width=st.sampled_from(WIDTHS),
)
def test_any_table_is_shown_whole(names: int, columns: list[str], data: st.DataObject, width: int | None) -> None:
    row = st.tuples(*([NAME] * names), *([CELL] * (len(columns) - names)))
    check("title", columns, data.draw(st.lists(row, max_size=5)), names, width)


TEXT = st.text("abcdefgh", min_size=1, max_size=4)


@settings(max_examples=40, deadline=None)
@given(names=st.integers(1, 2), n_texts=st.integers(0, 2), width=st.integers(30, 70), data=st.data())
def test_rows_of_every_part_have_distinct_names(names: int, n_texts: int, width: int, data: st.DataObject) -> None:
    texts = names + n_texts
    labels = data.draw(st.lists(st.tuples(*([TEXT] * texts)), min_size=2, max_size=5, unique=True))
    rows = [[*label, *(f"0.{row}{column}00 [0.100, 0.900]" for column in range(3))] for row, label in enumerate(labels)]
    columns = [*(f"t{place}" for place in range(texts)), "x", "y", "z"]
    shown = table_text("title", columns, rows, names=names, width=width)
    for part in re.split(r"\n\n+", shown.removeprefix("title\n").strip("\n")):
        if "─" in part:
            of_rows = [line.split("0.", 1)[0].split() for line in part.splitlines()[2:]]
            assert len({tuple(own) for own in of_rows}) == len(rows), shown


def test_keys_name_the_rows_of_every_part() -> None:
    many = study(*(result(name, 0.7, others=["noise"]) for name in ("naive", "confidence")))
    table = study_document(many).tables["test-sets"]
    shown = table_text("t", *terminal_table(table), names=names_of(table), width=100)
    parts = [part for part in shown.split("\n\n") if "─" in part]
    assert len(parts) > 1
    for part in parts:
        rows = part.split("─\n")[1].splitlines()
        found = [re.findall(r"\b(?:naive|confidence|test|noise)\b", row) for row in rows]
        assert found == [["naive", "test"], ["noise"], ["confidence", "test"], ["noise"]], part


def test_without_a_key_the_first_column_alone_names_a_row() -> None:
    columns = tuple(Heading(name, name, style="text") for name in ("set", "input", "answer"))
    rows = tuple((Cell("test"), Cell(f"{place}, " * 30), Cell(f"first x 0.{place}")) for place in range(2))
    table = DataTable("examples", "Examples", "", columns, rows)
    assert names_of(table) == 1
    shown = table_text("t", *terminal_table(table), names=names_of(table), width=24)
    assert [line for line in shown.splitlines() if "first x" in line] == [
        f"  answer  first x 0.{row}" for row in range(2)
    ]


def documents() -> list[Document]:
    many = study(*ladder(50, 100), result("naive", others=["noise"]), result("audited-trust", 0.75, weak=0.6))
    return [study_document(many), study_document(result("naive", 0.61, ceiling=0.62))]


@pytest.mark.parametrize("width", WIDTHS)
def test_tables_of_documents_are_shown_whole(width: int | None) -> None:
    for document in documents():
        for table in document.tables.values():
            check(table.title, *terminal_table(table), names_of(table), width)


def test_a_narrow_terminal_shows_a_wide_table_in_parts_and_then_row_by_row() -> None:
    columns, rows = ["method", "PGR", "weak accuracy"], [["naive", "0.500 [0.400, 0.600]", "0.700 [0.690, 0.710]"]]
    one, parts, apart = (table_text("t", columns, rows, width=width) for width in (80, 40, 20))
    assert one.count("naive") == 1
    assert [line.split()[0] for line in parts.splitlines() if "[" in line] == ["naive", "naive"]
    assert apart.splitlines()[2:5] == ["naive", "  PGR", "    0.500"]
