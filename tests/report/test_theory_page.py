import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from test_report_page import Page

from w2sg.core import InputError, StoreError
from w2sg.measure import Interval
from w2sg.report import formatting as fmt
from w2sg.report.theory import print_rows, theory_html, theory_markdown, write_theory
from w2sg.report.theory_curves import LABELS, MOST_POINTS, _gains, _orders, _rates, certificate_figure, points, thinned
from w2sg.report.theory_figures import _window, theory_figures
from w2sg.report.theory_findings import theory_findings
from w2sg.report.theory_numbers import Numbers, Stacked, assumes, baseline, doubted, numbers_of
from w2sg.report.theory_tables import (
    contrasts_table,
    explained,
    families_table,
    goals_table,
    scores_table,
    standings_table,
    tables_of,
)
from w2sg.theory.cases import Case, Truth
from w2sg.theory.contracts import Answer, Status, Verdict
from w2sg.theory.observables import Observables, Quantity
from w2sg.theory.scoreboard.board import Scoreboard
from w2sg.theory.scoreboard.decisions import regrets_of
from w2sg.theory.scoreboard.scores import contrasts_of, scores_of
from w2sg.theory.scoreboard.sheet import Sheet, sheet_of
from w2sg.theory.scoreboard.stack import stacked

LEVEL = 0.9


def quantity(value: float) -> Quantity:
    return Quantity(value, 0.01, 100, "made")


def made_sheet(tasks: tuple[str, ...], per_task: int, units: tuple[str, ...] = ("error", "squared")) -> Sheet:
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
            teacher = f"{task} {index % 4}"
            cases.append(Case(task, teacher, index // 4, "", parts, {0: observables}, Truth(run, values)))
            answers += [answer(run, *one) for one in predictions(task, index, gain, rng)]
    return sheet_of(cases, answers, LEVEL)


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
        known |= {"mean": formula, "lo": formula - 0.05, "hi": formula + 0.05}
    return Answer(theory, run, "gain", unit, LEVEL, verdicts, labels=labels, **known)  # type: ignore[arg-type]


def with_stack(sheet: Sheet) -> Sheet:
    added = [stacked(sheet, "error", labels=labels) for labels in (0, 50)]
    return replace(sheet, columns={**sheet.columns, **{one.name: one for one in added}})


@pytest.fixture(scope="module")
def board() -> Scoreboard:
    """Return a scoreboard of six tasks and of the families."""
    sheet = with_stack(made_sheet(tuple(f"t{index}" for index in range(6)), 16))
    families = made_sheet(("family A", "family B", "family C"), 30, ("squared",))
    return Scoreboard(
        study="made",
        sealed="5ea1" * 16,
        late=0,
        n_runs={**{f"t{index}": 16 for index in range(6)}, **{f"family {name}": 30 for name in "ABC"}},
        scores=scores_of(sheet),
        family_scores=scores_of(families),
        contrasts=contrasts_of(sheet),
        regrets=regrets_of(sheet),
        sheet=sheet,
        families=families,
    )


@pytest.fixture(scope="module")
def numbers(board: Scoreboard) -> Numbers:
    return numbers_of(board)


@pytest.fixture(scope="module")
def alone(board: Scoreboard) -> Scoreboard:
    """Return the families without a study."""
    runs = {f"family {name}": 30 for name in "ABC"}
    return replace(board, study="", n_runs=runs, scores=[], contrasts=[], regrets=[], sheet=None)


@pytest.fixture(scope="module")
def markdown(board: Scoreboard) -> str:
    return theory_markdown(board, "made", command="w2sg theory score made -o made.md")


def test_the_markdown_has_its_parts_in_order_and_whole_tables(markdown: str) -> None:
    headings = re.findall(r"^##? (.*)$", markdown, re.MULTILINE)
    assert headings == [
        "Theories: made",
        "Findings",
        "All theories on all runs",
        "Where hypotheses hold, cannot be tested, are violated",
        "The stack and its goals",
        "Families A, B, C",
        "Contrasts with the baseline",
        "Regret of decisions",
        "Predicted against observed",
        "Predicted against observed on the families",
        "The random-feature limit",
        "What a certificate costs in labels",
    ]
    assert markdown.startswith("<!-- Generated by `w2sg theory score made -o made.md`: change the study, not this")
    assert "96 runs of 6 tasks (t0 16, t1 16, t2 16, t3 16, t4 16, t5 16) and 90 synthetic runs of 3 fam" in markdown
    assert "Seal of all predictions: `5ea15ea15ea15ea1`" in markdown
    assert "nan" not in markdown.lower()
    assert "None" not in markdown
    blocks = re.findall(r"(?:^\|.*\|\n?)+", markdown, re.MULTILINE)
    assert len(blocks) == 6
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_what_is_not_defined_is_a_dash_and_not_nought(board: Scoreboard) -> None:
    table = scores_table(board)
    titles = [column.title for column in table.columns]
    rows = {row[0].text: dict(zip(titles, row, strict=True)) for row in table.rows}
    assert rows["constant"]["Spearman within tasks"].text == fmt.NOTHING
    assert rows["constant"]["Spearman within tasks"].value is None
    assert rows["group-shift"]["coverage"].text == fmt.NOTHING
    assert rows["group-shift"]["R²"].text == f"< {fmt.MINUS}100"
    assert rows["group-shift"]["abstains"].text == "1.00"
    assert "mixture" not in rows
    assert "No value on any run: mixture." in table.intro
    assert rows["misfit-cross-term@50"]["predicts"].below == "from S1, 50 labels"
    assert rows["disagreement"]["theory"].below == "baseline"
    assert list(rows)[-2:] == ["stack", "stack@50"]
    assert explained(float("nan")) == fmt.NOTHING


def test_scores_stand_apart_by_what_theories_see(board: Scoreboard) -> None:
    table = standings_table(board)
    assert table is not None
    shown = {(row[0].text, row[1].text): int(row[2].text) for row in table.rows}
    assert shown == {("misfit", "untestable"): 60, ("misfit", "violated"): 36, ("group-shift", "violated"): 96}
    assert (assumes("misfit"), assumes("stack"), assumes("disagreement")) == (True, False, False)
    assert (baseline("disagreement"), baseline("misfit"), baseline("unheard of")) == (True, False, False)


def test_families_have_their_signs_and_headers(board: Scoreboard, numbers: Numbers) -> None:
    found = {family.name: family for family in numbers.families}
    signs = {name: family.fits["misfit"].spearman for name, family in found.items()}
    assert all(one is not None for one in signs.values())
    assert {name: round(one.estimate) for name, one in signs.items() if one} == {"A": 1, "B": 1, "C": -1}
    assert found["A"].fits["misfit"].r2 == pytest.approx(1)
    assert found["A"].fits["misfit"].violated == pytest.approx(1 / 3)
    assert found["A"].fits["paired-difference-squared@50"].violated is None
    table = families_table(numbers.families)
    assert table is not None
    assert re.fullmatch(r"A: gain \+0\.0\d\d, \d+ % positive", table.columns[1].title)
    assert "disagreement" not in [row[0].text for row in table.rows]
    assert numbers_of(board) == numbers


def test_findings_tell_signs_labels_and_goals(board: Scoreboard, numbers: Numbers) -> None:
    texts = {one.text: one.tone for one in theory_findings(board, numbers)}
    said = "\n".join(texts)
    pattern = next(text for text in texts if text.startswith("Sign of misfit on the families"))
    assert texts[pattern] == "worse"
    assert f"+1.00 [1.00, 1.00] on A, +1.00 [1.00, 1.00] on B and {fmt.MINUS}1.00" in pattern
    assert "the ranking is reversed. Its checks see a violation on 33 % of A, 33 % of B and 33 % of C." in pattern
    labels = next(text for text in texts if text.startswith("Theory corrected by labels (misfit-cross-term)"))
    assert "was not shown to make more of labels than the plain paired difference" in labels
    assert labels.count(" with 50 labels on the ") == 2
    assert "Goal: Spearman 0.8 with the observed gain on tasks not fitted on: within tasks stack " in said
    assert "Goal: 90 % intervals cover at least 85 % where hypotheses fail: on the " in said
    assert "1 of 2 theories with hypotheses that say something of these runs sees one violated in every run" in said
    assert "The decision which weak teacher" in said
    assert "6 tasks: intervals over so few are rough." in said


def test_goals_are_reached_or_missed_by_an_amount(board: Scoreboard) -> None:
    def interval(estimate: float, low: float) -> Interval:
        return Interval(estimate, low, 1.0, 0.95)

    made = [Stacked("stack", 0, interval(0.86, 0.81), interval(0.74, 0.6), None, None, None, 12, interval(0.9, 0.8))]
    texts = {one.text: one.tone for one in theory_findings(board, Numbers((), made, ()))}
    first, second = (next(text for text in texts if text.startswith(start)) for start in ("Goal: Sp", "Goal: 90"))
    assert "within tasks stack 0.86 [0.81, 1.00] (reached); pooled stack 0.74 [0.60, 1.00] (missed by 0.06)" in first
    assert texts[first] == "open"
    assert "on the 12 runs" in second
    assert "(reached by the estimate, not by its whole interval)" in second
    assert texts[second] == "open"
    table = goals_table(made)
    assert table is not None
    assert [cell.text for cell in table.rows[0]] == [
        "stack", "0.86", "reached", "0.74", "0.06", *[fmt.NOTHING] * 3, "12", "0.90", "reached",
    ]  # fmt: skip
    none = [one.text for one in theory_findings(board, Numbers((), (), ()))]
    assert "Goal: Spearman 0.8 with the observed gain on tasks not fitted on: no stack, it needs more tasks." in none


def test_the_contrasts_say_how_small_a_p_can_be(board: Scoreboard) -> None:
    table = contrasts_table(board)
    assert table is not None
    assert f"after Holm over {len(board.contrasts)} contrasts the smallest is at least ." in table.intro
    assert "constant" not in [row[0].text for row in table.rows]


def test_doubt_is_the_share_of_theories_with_hypotheses(board: Scoreboard) -> None:
    assert board.sheet is not None
    # of misfit and group-shift (always violated) more than half say so where misfit does too
    assert doubted(board.sheet).sum() == 36


def test_links_of_the_markdown_lead_to_files_and_bytes_repeat(board: Scoreboard, tmp_path: Path) -> None:
    path = write_theory(board, tmp_path / "made.md", command="c")
    links = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", path.read_text(encoding="utf-8"))
    names = ["predicted-1", "families-1", "limit", "certificates"]
    assert links == [f"made/{name}.svg" for name in names]
    before = {file.name: file.read_bytes() for file in sorted(tmp_path.rglob("*")) if file.is_file()}
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path"}):
        write_theory(board, path, command="c")
    assert {file.name: file.read_bytes() for file in sorted(tmp_path.rglob("*")) if file.is_file()} == before
    for name in links:
        root = ET.fromstring((tmp_path / name).read_text(encoding="utf-8"))
        assert [child.tag.split("}")[1] for child in root][:2] == ["title", "rect"]


def test_figures_show_theories_that_vary_and_stay_small(board: Scoreboard) -> None:
    first, families, limit, _ = theory_figures(board)
    texts = [element.text or "" for element in ET.fromstring(first.svg).iter() if element.tag.endswith("}text")]
    assert {"misfit", "stack@50", "holds", "untestable", "violated"} <= set(texts)
    assert not {"constant", "mixture"} & set(texts)
    assert any(text.endswith("n 96") for text in texts)
    assert "family A" in families.svg
    assert "0 of 96 runs lie below the solid line." in limit.caption
    assert len(first.svg) < 150_000
    assert len(thinned(5000)) == MOST_POINTS == len(set(thinned(5000)))
    assert list(thinned(3)) == [0, 1, 2]


def test_panels_hold_what_was_observed_and_not_what_is_absurd() -> None:
    observed = np.linspace(-0.1, 0.1, 50)
    sides = _window(np.where(observed > 0, 1e9, 0.0), observed)
    assert -0.6 < sides[0][0] < sides[0][1] < 0.6
    assert sides[1][0] < -0.1 < 0.1 < sides[1][1]
    low, high = _window(np.zeros(50), np.zeros(50))[0]
    assert low < 0 < high


def test_points_are_one_path_for_each_group() -> None:
    from matplotlib.figure import Figure

    axes = Figure().add_axes((0, 0, 1, 1))
    points(axes, np.arange(4.0), np.arange(4.0), ["holds", "violated", "holds", "C"])
    assert [np.shape(patch.get_path().vertices)[0] for patch in axes.patches] == [4, 4, 4]


def test_certificates_narrow_with_labels_and_the_audit_is_best() -> None:
    rates, gains = _rates(), _gains()
    assert set(rates) == {"betting", "clopper-pearson", "chernoff-kl", "maurer-pontil", "hoeffding"}
    for lines in (rates, gains):
        for values in lines.values():
            assert np.all(np.diff(values) < 0)
    assert all(rates["clopper-pearson"][i] <= values[i] for values in rates.values() for i in range(len(LABELS)))
    assert all(gains["disagreement audit"][i] <= values[i] for values in gains.values() for i in range(len(LABELS)))
    assert _orders(np.arange(4)).sum(axis=1).tolist() == [6.0] * 64
    assert "a gain of 0.1" in certificate_figure().caption


def test_the_page_is_whole_and_offline(board: Scoreboard) -> None:
    text = theory_html(board, command="w2sg theory score made")
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert {"findings", "scores", "standings", "goals", "families", "contrasts", "regrets", "figures"} <= set(page.ids)
    assert page.asked == []
    assert set(re.findall(r"https?://[^\"'\s<]*", text)) == {"http://www.w3.org/2000/svg"}
    assert json.loads(page.scripts[0][1])["study"] == "made"
    few = replace(board, sheet=None, families=None)
    assert theory_html(few) == theory_html(few)


def test_families_alone_have_a_page(alone: Scoreboard) -> None:
    text = theory_markdown(alone, "x")
    assert text.startswith("<!-- Generated by `w2sg theory score`: ")
    assert "# Theories: synthetic families" in text
    assert "Without a study the three families stand in the place of tasks." in text
    assert "Goal" not in text
    assert "Rank runs within tasks" not in text
    assert "Seal" not in text
    assert [one.name for one in tables_of(alone, numbers_of(alone))] == ["scores", "standings", "families"]
    Page(theory_html(alone))


def test_a_study_without_families_has_a_page(board: Scoreboard) -> None:
    own = replace(board, families=None, family_scores=[], n_runs={f"t{index}": 16 for index in range(6)})
    text = theory_markdown(own, "x")
    assert "## Families" not in text
    assert "Sign of misfit" not in text
    assert "synthetic run" not in text


def test_a_terminal_shows_tables_that_fit_and_the_findings(board: Scoreboard) -> None:
    shown = {title: (columns, rows) for title, columns, rows in print_rows(board)}
    columns, rows = shown["All theories on all runs"]
    assert columns == ["theory", "predicts", "n", "abstains", "Spearman within tasks", "R²", "coverage"]
    assert all(len(row) == len(columns) for columns, rows in shown.values() for row in rows)
    assert rows[0][0] == "misfit"
    assert any(row[0].startswith("Sign of misfit") for row in shown["findings"][1])


def test_foreign_words_cannot_become_markup(board: Scoreboard) -> None:
    evil = "<script>x</script> a|b *c*"
    made = replace(board, study=evil, n_runs={evil: 96}, sheet=None, families=None)
    assert "<script>x" not in theory_html(made, command="c")
    text = theory_markdown(made, "x", command="c")
    assert "<script>" not in text
    assert "a\\|b \\*c\\*" in text


def test_paths_are_checked_before_any_work(board: Scoreboard, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"path must end in \.md or \.html, got scores\.pdf"):
        write_theory(board, tmp_path / "scores.pdf")
    with pytest.raises(InputError, match="does not exist: make it or choose another path"):
        write_theory(board, tmp_path / "none" / "scores.md")
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreError, match="folder .*taken cannot be made"):
        write_theory(board, tmp_path / "taken.md")
