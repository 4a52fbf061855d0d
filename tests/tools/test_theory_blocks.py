import re
from pathlib import Path

import pytest

from tools.blocks import BLOCK, DASH, WORLD, rewrite, rewritten
from w2sg.core import InputError, registry

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "theory.md"
LAST_DIGIT = 1e-3
"""Numbers have four digits; the last may differ between machines."""
ASKED = (
    *(f"part squared-{part}" for part in ("weak_risk", "student_risk", "gain")),
    *("true gain-squared", "says misfit", "says judged-gain", "certificate cross_term"),
)
"""What a test asks of the example."""
Cells = dict[tuple[str, str], str]


def cells(body: str) -> Cells:
    """Return the cells of a block's table by row and column; a number within a line is a table of one."""
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in body.split("\n") if line.startswith("|")]
    if not rows:
        return {("", ""): body.strip()}
    return {(row[0], title): cell for row in rows[2:] for title, cell in zip(rows[0], row, strict=True)}


def number(cell: str) -> float | None:
    """Return the number that a cell begins with."""
    found = re.match(r"-?[\d.]+(e-?\d+)?", cell)
    return float(found[0]) if found else None


def differing(page: str, made: str, *, simulated: bool) -> list[tuple[str, str, str]]:
    """Return where blocks of a page and of the page made anew differ: the block, and both cells."""
    found = []
    blocks = list(zip(BLOCK.finditer(page), BLOCK.finditer(made), strict=True))
    for old, new in blocks:
        fresh = cells(new["body"])
        for place, cell in cells(old["body"]).items():
            if not simulated and place[1].endswith("simulated"):
                continue
            value, again = number(cell), number(fresh[place])
            same = (
                value == pytest.approx(again, rel=LAST_DIGIT, abs=1e-9) if value is not None else cell == fresh[place]
            )
            found += [] if same else [(old["words"], cell, fresh[place])]
    assert blocks
    return found


@pytest.fixture(scope="module")
def page() -> str:
    if not PAGE.is_file():
        pytest.skip("no treatise in this checkout")
    return PAGE.read_text(encoding="utf-8")


def test_the_closed_forms_of_the_page_are_current(page: str) -> None:
    assert differing(page, rewritten(page, simulate=False), simulated=False) == []


@pytest.mark.slow
def test_the_simulations_of_the_page_are_current(page: str) -> None:
    assert differing(page, rewritten(page), simulated=True) == []


def test_what_is_checked_would_be_noticed(page: str) -> None:
    shifted = page.replace("| 0.6723 |", "| 0.6743 |")
    assert shifted != page
    assert differing(shifted, rewritten(page, simulate=False), simulated=False)


@pytest.mark.parametrize("sort", ["theories", "certifiers", "worlds"])
def test_every_kind_is_named_in_the_text(page: str, sort: str) -> None:
    text = BLOCK.sub("", page)
    assert [kind for kind in registry.names(sort) if f"`{kind}`" not in text] == []


def test_every_paper_of_a_theory_is_cited(page: str) -> None:
    papers = {registry.lookup(sort, kind).paper for sort in ("theories", "certifiers") for kind in registry.names(sort)}
    assert [paper for paper in papers if paper and paper not in page] == []


def test_markdown_takes_no_line_for_something_else(page: str) -> None:
    for line in page.split("\n"):
        assert not re.match(r"\s*<!-- w2sg (value|call|example)", line), (
            f"begins with a comment, which ends a paragraph: {line}"
        )
        assert line.count("$") % 2 == 0, f"a formula goes over the end of the line: {line}"
        assert not re.search(r"<!-- w2sg (value|call|example) [^>]*--(?!>)", line), line
        assert not re.search(r"\$[^$]*\\[^a-zA-Z ][^$]*\$", line), f"Markdown takes the backslash away: {line}"


def test_a_table_has_exact_and_simulated_numbers() -> None:
    page = rewritten(
        f"a\n<!-- w2sg {WORLD} mixture --set N=500 --set trials=3 --only gain,student_cos_at_N -->\n<!-- end -->\nb"
    )
    lines = page.split("\n")
    assert lines[0] == "a"
    assert lines[2:4] == ["| quantity | exact | simulated |", "| --- | ---: | ---: |"]
    assert lines[4] == f"| gain | 0.1703 | {DASH} |"
    assert re.fullmatch(r"\| student_cos_at_N \| 0\.8\d+ \| 0\.\d+ ± 0\.\d+ \|", lines[5])
    assert lines[6:] == ["<!-- end -->", "b"]
    assert rewritten(page) == page


def test_a_world_at_several_values_has_one_row_for_each() -> None:
    page = rewritten(
        f"<!-- w2sg {WORLD} oversight --each game=mafia,backdoor --only steps,success --set trials=10 --><!-- end -->"
    )
    assert page.split("\n")[1] == "| game | steps | success | success, simulated |"
    assert [row.split(" | ")[1] for row in page.split("\n")[3:5]] == ["1", "2"]


def test_numbers_stand_within_a_line() -> None:
    text = "it is <!-- w2sg value oversight success game=mafia -->?<!-- end -->, not "
    text += "<!-- w2sg call certificates.vacuous_at 0.4 0.2 --><!-- end -->."
    page = rewritten(text)
    assert re.sub("<!--.*?-->", "", page) == "it is 0.1106, not 0.00625."


# On the core where the page is rewritten: the example takes most of a minute, and each process makes it once.
@pytest.mark.xdist_group("tests/tools/test_theory_blocks.py")
@pytest.mark.slow
def test_the_example_answers_as_the_commands_do() -> None:
    text = "".join(f"<!-- w2sg example {words} -->?<!-- end -->;" for words in ASKED)
    said = dict(zip(ASKED, re.sub("<!--.*?-->", "", rewritten(text)).split(";"), strict=False))
    assert re.fullmatch(r"-0\.\d+ ± 0\.\d+", said["part squared-gain"])
    weak, student, gain = (number(said[f"part squared-{part}"]) for part in ("weak_risk", "student_risk", "gain"))
    assert weak is not None
    assert student is not None
    assert weak - student == pytest.approx(gain, abs=1e-3)
    assert said["part squared-gain"] == said["true gain-squared"]
    assert re.fullmatch(r"nothing \(its formula: 0\.\d+\)", said["says misfit"])
    assert re.fullmatch(r"0\.\d+ \[0\.\d+, 0\.\d+\]", said["says judged-gain"])
    assert re.fullmatch(r"at least -0\.\d+ and at most -?0\.\d+", said["certificate cross_term"])
    assert rewritten(text, simulate=False) == text, "without simulations the numbers of the example stay"
    with pytest.raises(InputError, match="the example 'says' constant, constant-squared, .*, got 'luck'"):
        rewritten("<!-- w2sg example says luck --><!-- end -->")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "orakel mixture",
            f"a block is one of {WORLD}, fact-world, library, pillars, value, call, example, got 'orakel'",
        ),
        (WORLD, f"a block '{WORLD}' names a world"),
        (f"{WORLD} mixture --show gain", "takes --set, --each and --only, got '--show'"),
        (f"{WORLD} mixture --only", f"each option of a block '{WORLD}' has one value"),
        (f"{WORLD} oversight --only gain", f"{WORLD} oversight has no gain; it has steps"),
        ("value mixture", "a block 'value' names a world and a quantity"),
        ("value mixture loss", f"{WORLD} mixture has no exact loss; it has bayes_accuracy"),
        ("call vacuous_at 0.4", "a block 'call' names a module and a function"),
        ("example tastes misfit", "a block 'example' asks one of sees, says, true, part, certificate, and a name"),
    ],
)
def test_a_wrong_block_says_what_is_wrong(words: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        rewritten(f"<!-- w2sg {words} --><!-- end -->")


def test_a_block_without_an_end_is_no_block_over_the_next_one() -> None:
    with pytest.raises(InputError, match="has no end"):
        rewritten("<!-- w2sg world mixture -->\n\n<!-- w2sg value mixture gain --><!-- end -->")


def test_a_file_is_rewritten(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("x <!-- w2sg value oversight success game=mafia -->?<!-- end -->\n", encoding="utf-8")
    assert rewrite(page)
    assert not rewrite(page)
    assert "-->0.1106<!-- end -->" in page.read_text(encoding="utf-8")
    with pytest.raises(InputError, match="does not exist"):
        rewrite(tmp_path / "none.md")
