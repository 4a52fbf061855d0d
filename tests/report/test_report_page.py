import ast
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from made_results import labelled, ladder, result, study

from w2sg import report, write_report
from w2sg.core import InputError, StoreError, wording
from w2sg.lab import FailedRun, SetupResult, StudyResult, make_setup, study_document
from w2sg.lab.documents.provenance import code_of
from w2sg.report import html_page, terminal_table
from w2sg.report.cells import written

VOID = {"meta", "link", "br", "input", "img", "hr"}
QUARTERS = {str(i): {"n": 100, "accuracy": 0.9 - 0.1 * i} for i in range(4)}
BREAKDOWN = {"difficulty": {who: QUARTERS for who in ("weak", "student", "ceiling")}}


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects what the tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.asked: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.asked += [f"{tag} {name}" for name in given if name in ("src", "srcset", "data", "action", "poster")]
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        if tag == "script":
            self.scripts.append((given, ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)


def report_html(made: StudyResult | SetupResult, command: str = "") -> str:
    return html_page(study_document(made, made_by=command))


@pytest.fixture(scope="module")
def made() -> StudyResult:
    return study(
        *ladder(50, 100),
        result("naive", 0.61, weak=0.6, ceiling=0.62, task="wine", breakdown=BREAKDOWN),
        result("naive", others=["noise"]),
    )


@pytest.fixture(scope="module")
def html(made: StudyResult) -> str:
    return report_html(made, command="w2sg study made.toml")


def test_the_page_is_well_formed_and_its_links_lead_somewhere(html: str) -> None:
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert {"findings", "figures", "results", "comparisons", "test-sets", "breakdown", "provenance"} <= set(page.ids)


def test_the_page_asks_the_network_for_nothing(html: str) -> None:
    page = Page(html)
    assert page.asked == []
    assert set(re.findall(r"https?://[^\"'\s<]*", html)) == {"http://www.w3.org/2000/svg"}
    assert "@import" not in html
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")


def test_only_the_pages_own_script_may_run(html: str) -> None:
    data, script = Page(html).scripts
    assert data[0]["type"] == "application/json"
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html
    assert "aria-sort" in script[1]
    assert len(script[1]) < 20_000


def test_every_setup_can_be_traced(html: str, made: StudyResult) -> None:
    for one in made.results:
        assert one.config in html
        assert f'id="setup-{one.config[:12]}"' in html
        assert all(run[:12] in html for run in one.run_ids)
    assert "w2sg study made.toml" in html
    assert "python 3.11, numpy 2.0" in html
    assert "1.50 s of student training" in html
    assert "handed out for" in html


def test_the_data_can_be_used_again(html: str, made: StudyResult) -> None:
    data = json.loads(Page(html).scripts[0][1])
    expected: dict[str, Any] = json.loads(json.dumps(made.to_dict()))
    assert data["study"] == "made"
    assert data["contests"] == expected["contests"]
    assert [one["config"] for one in data["results"]] == [one.config for one in made.results]
    assert "wall_s" not in data
    assert "steps_done" not in data
    document = study_document(made).to_dict()
    assert (document["wall_s"], document["steps_done"]) == (12.5, {"student": 3})
    assert document["tables"] == data["tables"]
    assert document["figures"] == data["figures"]
    assert json.dumps(document, allow_nan=False)


def test_every_number_of_the_page_stands_in_its_data(html: str) -> None:
    """The page shows nothing that `--json` does not have: each cell's number is that of a table's cell."""
    data = json.loads(Page(html).scripts[0][1])
    numbers = {
        cell.get("value", cell.get("low"))
        for table in [*data["tables"].values(), *(one["gold"] for one in data["provenance"])]
        for row in table["rows"]
        for cell in row.values()
    }
    shown = [float(value) for value in re.findall(r'data-v="([^"]+)"', html)]
    assert len(shown) > 100
    assert set(shown) <= numbers
    told = {finding["text"] for finding in data["findings"]}
    for section in data["sections"]:
        told |= {finding["text"] for card in section["cards"] for finding in card["findings"]}
    spoken = re.findall(r'<span class="mark"[^>]*>[^<]*</span> <span>([^<]*)</span>', html)
    assert spoken
    assert {unescape(text).replace("\N{NO-BREAK SPACE}", " ") for text in spoken} <= told


def test_written_cells_have_their_numbers_beside_them(made: StudyResult) -> None:
    for table in study_document(made).tables.values():
        for row in table.rows:
            for cell, column in zip(row, table.columns, strict=True):
                shown = written(cell, column)
                assert shown.text
                if column.style != "text" and isinstance(cell.value, float):
                    assert shown.number == cell.value


@pytest.mark.parametrize(
    "one",
    [
        result("confidence"),
        result({"kind": "composition", "objective": {"kind": "confidence", "weight": 0.7}}, model="mlp"),
    ],
    ids=["by name", "by table"],
)
def test_the_call_in_the_page_makes_the_same_setup(one: SetupResult, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr("w2sg.run", lambda **fields: given.update(fields), raising=False)
    exec(code_of(one))
    assert given.pop("seeds") == len(one.seeds)
    assert make_setup(**given).digest() == one.config
    assert ("method='confidence'," in code_of(one)) == (one.label["method"] == "confidence")


def test_a_refused_pgr_is_shown_with_its_reason(html: str, made: StudyResult) -> None:
    reason = next(one.pgr.reason for one in made.results if one.pgr.reason)
    assert "no PGR" in html
    assert f"none: {reason}" in html


def test_numbers_sort_by_full_precision_and_missing_ones_have_no_value(html: str, made: StudyResult) -> None:
    assert f'data-v="{made.results[0].pgr.estimate}"' in html
    assert re.search(r'data-v=""[^>]*>no PGR', html)


def test_columns_that_all_rows_share_become_a_sentence(made: StudyResult) -> None:
    tables = study_document(made).tables
    titles = [column.title for column in tables["results"].columns]
    assert titles[:3] == ["task", "student", "method"]
    assert "In all rows: supervisor few-features, trust tier not recorded." in tables["results"].intro
    assert all(len(row) == len(table.columns) for table in tables.values() for row in table.rows)
    assert [column.title for column in tables["test-sets"].columns][:2] == ["method", "test set"]
    assert [row[1].value for row in tables["test-sets"].rows] == ["test", "noise"]
    parts = [column.title for column in tables["breakdown"].columns].index("part")
    assert tables["breakdown"].rows[0][parts].value == "quarter 1 (easiest)"


def test_foreign_words_cannot_become_markup() -> None:
    evil = "<script>alert(1)</script> & $x$ \"q'"
    page = report_html(study(labelled(result("naive"), method=evil, task=evil), name=evil), command=evil)
    assert "<script>alert" not in page
    assert len(Page(page).scripts) == 2
    assert json.loads(Page(page).scripts[0][1])["study"] == evil


def test_one_seed_one_method_one_setup() -> None:
    page = report_html(study(result("naive", seeds=1)))
    assert "One seed:" in page
    assert 'id="comparisons"' not in page
    assert "Made by</span>" not in page
    alone = report_html(result("naive", seeds=1))
    Page(alone)
    assert "<h1>run</h1>" in alone


def test_the_same_result_gives_the_same_bytes(made: StudyResult, html: str, tmp_path: Path) -> None:
    path = write_report(made, tmp_path / "r.html", command="w2sg study made.toml")
    assert path.read_text(encoding="utf-8") == html
    later = StudyResult(made.name, made.results, made.comparisons, {}, 99.0)
    write_report(later, path, command="w2sg study made.toml")
    assert path.read_text(encoding="utf-8") == html
    assert os.listdir(tmp_path) == ["r.html"]


def test_paths_that_cannot_be_written_are_said_before_any_work(tmp_path: Path, made: StudyResult) -> None:
    with pytest.raises(InputError, match=r"path must be a file, got the folder .*: add a file name"):
        write_report(made, tmp_path)
    with pytest.raises(InputError, match=r"path must end in \.md or \.html, got report\.pdf"):
        write_report(made, tmp_path / "report.pdf")
    with pytest.raises(InputError, match=r"the folder .*none does not exist: make it or choose another path"):
        write_report(made, tmp_path / "none" / "r.html")
    with pytest.raises(InputError, match="study 'empty' has no results"):
        report_html(StudyResult("empty", (), ()))


def test_a_failed_write_leaves_the_old_report(
    tmp_path: Path, made: StudyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.html"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(
        StoreError, match=r"report .*r\.html cannot be written: No space left on device: check the disk"
    ):
        write_report(made, path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["r.html"]


def test_importing_the_room_loads_neither_matplotlib_nor_jinja() -> None:
    code = "import sys, w2sg.report; print([m for m in ('matplotlib', 'jinja2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_room_knows_no_results_and_computes_nothing() -> None:
    """It imports the documents of the floor below and nothing of those who make them."""
    for path in sorted(Path(report.__file__).parent.rglob("*.py")):
        if path.name == "blocks.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            named = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            named += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            rooms = {name.split(".")[1] for name in named if name.startswith("w2sg.")}
            assert rooms <= {"core", "measure", "report"}, path.name


def test_a_study_can_be_written_as_markdown(made: StudyResult, tmp_path: Path) -> None:
    path = write_report(made, tmp_path / "r.md", command="w2sg study made.toml")
    text = path.read_text(encoding="utf-8")
    assert text.startswith(
        "<!-- Generated by `w2sg study made.toml`: change the study, not this file. -->\n\n# Study: made"
    )
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[:4] == ["Findings", "By task, weak supervisor and student", "How to read this", "Figures"]
    assert headings[-1] == "Provenance"
    links = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text)
    assert links
    assert all((tmp_path / link).is_file() for link in links)
    assert all(one.config in text for one in made.results)


def test_failed_runs_are_listed_and_said(made: StudyResult) -> None:
    label = {"task": "wine", "supervisor": "few-features", "student": "linear", "method": "naive"}
    document = study_document(replace(made, failed=(FailedRun(label, 3, "predictions are not finite"),)))
    assert document.findings[-1].text == "1 of 37 runs failed and are in no number of this page."
    (row,) = document.tables["failed"].rows
    assert [cell.value for cell in row] == [*label.values(), 3, "predictions are not finite"]
    assert document.to_dict()["failed"][0]["reason"] == "predictions are not finite"
    assert "predictions are not finite" in html_page(document)


def test_a_terminal_shows_fewer_columns_and_repeats_no_names(made: StudyResult) -> None:
    titles, rows = terminal_table(study_document(made).tables["results"])
    assert titles == ["task", "student", "method", "PGR", "weak accuracy", "student accuracy", "ceiling accuracy"]
    assert [row[0] for row in rows] == ["gaussian", "", "", "", "wine", "gaussian"]
    assert rows[0][3] == wording.interval(made.results[0].pgr)
    assert rows[4][3].startswith("no PGR; gap 0.0")


def test_the_direct_student_has_a_column_where_there_is_one() -> None:
    """Beside the ceiling; a run without it, such as an old one, says so, and a study without it has no such column."""
    naive = result("naive", 0.7, direct=0.8)
    titles, rows = terminal_table(study_document(study(naive, result("confidence", 0.7))).tables["results"])
    place = titles.index("direct accuracy")
    assert titles[place - 1] == "ceiling accuracy"
    direct = naive.tests["test"].direct_pgr
    assert direct is not None
    assert [row[place] for row in rows] == [wording.interval(direct.student), "none"]
    (alone,) = study_document(study(result("naive", 0.7))).tables["results"].rows
    (beside,) = study_document(study(naive)).tables["results"].rows
    assert len(beside) == len(alone) + 1
