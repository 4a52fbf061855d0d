"""Results for other programs: tidy rows, files, frames, figures, notebooks. No number is lost on the way."""

import builtins
import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_results import labelled, result, study

import w2sg
from w2sg.core import InputError
from w2sg.lab import StudyResult, league_of, study_document, tidy_rows
from w2sg.measure import MINIMUM_GAP

NAMES = ["naive", "confidence", "product"]


@pytest.fixture(scope="module")
def made() -> StudyResult:
    return study(*(result(name, 0.7 + 0.05 * place, others=["shifted"]) for place, name in enumerate(NAMES)))


def test_a_row_is_a_run_and_test_set(made: StudyResult) -> None:
    rows = tidy_rows(made)
    runs = [(run, test) for one in made.results for run in one.run_ids for test in one.tests]
    assert [(row["run"], row["test_set"]) for row in rows] == runs
    assert all(row.keys() == rows[0].keys() for row in rows)
    row = next(row for row in rows if row["method"] == "confidence" and row["seed"] == 2 and row["test_set"] == "test")
    found = made.results[1].tests["test"].evidence
    weak, student, ceiling = (float(np.mean(part[2])) for part in (found.weak, found.student, found.ceiling))
    assert (row["weak_accuracy"], row["student_accuracy"], row["ceiling_accuracy"]) == (weak, student, ceiling)
    assert row["pgr"] == pytest.approx((student - weak) / (ceiling - weak))
    assert tidy_rows(made.results[0]) == [{**row, "study": None} for row in rows[: len(rows) // 3]]
    assert tidy_rows(league_of(made)) == rows


def test_a_pgr_over_a_small_gap_is_in_no_row() -> None:
    rows = tidy_rows(study(result("naive", 0.7), result("confidence", 0.61, weak=0.6, ceiling=0.62)))
    for row in rows:
        assert (row["pgr"] is None) == (row["ceiling_accuracy"] - row["weak_accuracy"] < MINIMUM_GAP)
        assert row["pgr_given"] == (row["method"] == "naive")
    assert {row["pgr"] is None for row in rows} == {True, False}


def test_csv_json_and_parquet_hold_the_same_rows(made: StudyResult, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = tidy_rows(made)
    text = w2sg.export(made, "csv")
    assert text is not None
    read = list(csv.DictReader(io.StringIO(text)))
    assert [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows] == read
    w2sg.export(made, "json", tmp_path / "rows.json")
    assert json.loads((tmp_path / "rows.json").read_text()) == rows
    w2sg.export(made, "parquet", tmp_path / "rows.parquet")
    assert parquet.read_table(tmp_path / "rows.parquet").to_pylist() == rows
    for to, path, message in (
        ("xls", None, "one of csv, parquet, latex, json"),
        ("parquet", None, "give the path of a file"),
        ("csv", tmp_path / "nowhere" / "x.csv", "does not exist"),
    ):
        with pytest.raises(InputError, match=message):
            w2sg.export(made, to, path)  # type: ignore[arg-type]


def test_latex_has_every_number_of_the_table_and_takes_no_name_for_a_command() -> None:
    titled = [result(name, 0.7, task={"kind": "gaussian"}) for name in NAMES[:2]]
    wild = [labelled(titled[0], method="50 % of a_b & {c} ~ <d> \\x"), titled[1]]
    found = study(*wild)
    text = w2sg.export(found, "latex")
    assert text is not None
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    assert lines[0].startswith(r"\begin{tabular}{")
    assert [lines[1], lines[3], lines[-2], lines[-1]] == [
        r"\toprule",
        r"\midrule",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    n_columns = len(re.fullmatch(r"\\begin\{tabular\}\{([lr]+)\}", lines[0])[1])  # type: ignore[index]
    body = lines[2:3] + lines[4:-2]
    assert len(body) == 1 + len(NAMES[:2])
    assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {n_columns - 1}
    assert r"50 \% of a\_b \& \{c\} \textasciitilde{} $<$d$>$ \textbackslash{}x" in body[1]
    for one, line in zip(found.results, body[1:], strict=True):
        for who in ("weak", "student", "ceiling"):
            interval = getattr(one.pgr, who)
            assert f"{interval.estimate:.3f} [{interval.low:.3f}, {interval.high:.3f}]" in line


def test_latex_has_all_test_sets_and_says_where_there_is_no_pgr(made: StudyResult) -> None:
    text = w2sg.export(made, "latex") or ""
    for name in NAMES:
        assert re.search(rf"^{name} & test & (.|\n)*^{name} & shifted & ", text, re.M)
    assert text.count("tabular}") == 2
    mixed = study(made.results[0], result("naive", 0.61, ceiling=0.62, task={"kind": "wine"}))
    text = w2sg.export(mixed, "latex") or ""
    assert "& shifted &" in text
    assert re.search(r"wine & .*no PGR; gap ", text)


def test_frames_need_pandas_and_say_so(made: StudyResult, monkeypatch: pytest.MonkeyPatch) -> None:
    pandas = pytest.importorskip("pandas")
    frame = made.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert len(frame) == len(tidy_rows(made))
    assert league_of(made).to_frame().equals(frame)
    real = builtins.__import__

    def without(name: str, *given: Any, **more: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *given, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match="to_frame needs pandas: run pip install pandas"):
        made.to_frame()


def test_figures_are_those_of_the_page(made: StudyResult) -> None:
    from matplotlib.figure import Figure

    names = study_document(made).figures
    for name in (None, *names):
        figure = made.plot(name)
        assert isinstance(figure, Figure)
        words = {text.get_text() for text in figure.texts}
        assert set(NAMES) <= words
    with pytest.raises(InputError, match=f"no figure 'none': there are {', '.join(names)}"):
        made.plot("none")


def test_notebooks_and_reprs_show_names_and_pgr(made: StudyResult) -> None:
    shown = made._repr_html_()
    assert all(name in shown for name in NAMES)
    assert f"{made.results[0].pgr.estimate:.3f}" in shown
    assert 'href="' not in shown
    assert "confidence" in league_of(made)._repr_html_()
    assert len(repr(made)) < 1000
    assert len(repr(made.results[0])) < 200
    assert f"PGR {made.results[0].pgr.estimate:.3f}" in repr(made.results[0])
    assert repr(league_of(made)) == "League(made, 3 methods, 1 task, 18 runs)"
