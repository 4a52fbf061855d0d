"""Two students on the same examples, and the examples themselves: what is shown was scored, and the ledger says so."""

from pathlib import Path

import numpy as np
import pytest
from looked_up import TEST_SETS, made

from w2sg.core import InputError
from w2sg.graph import Store
from w2sg.lab import (
    StudyResult,
    compare_in_study,
    compare_stored,
    compared_document,
    examples_of,
    find_runs,
    run,
    study_document,
    task_data,
    with_examples,
)
from w2sg.lab.examples import AT_RANDOM, DISPUTED
from w2sg.measure import compare_all


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compared")


@pytest.fixture(scope="module")
def result(folder: Path) -> StudyResult:
    return made(folder)


def test_differences_are_those_of_the_comparisons_on_every_test_set(result: StudyResult) -> None:
    (place,) = compare_in_study(result, "naive", "Hard ones").places
    assert [row.test for row in place.tests] == list(TEST_SETS)
    naive, hard = result.results
    rows = {}
    for row in place.tests:
        first, second = naive.tests[row.test].evidence, hard.tests[row.test].evidence
        rows[row.test] = compare_all(first, {"": second.student})[""]
        assert row.paired.difference == rows[row.test].difference
        right = np.concatenate(first.student), np.concatenate(second.student)
        assert (row.only_first, row.only_second) == ((right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum())
        assert row.only_first + row.only_second + row.both + row.neither == len(right[0])
    # The rows are one family of comparisons.
    least, most = sorted(row.p_value for row in rows.values())
    adjusted = sorted(row.paired.p_adjusted for row in place.tests)
    assert adjusted == pytest.approx([min(1, 2 * least), max(min(1, 2 * least), most)])
    reversed_ = compare_in_study(result, "naive-hard", "naive").places[0].tests[0].paired
    assert reversed_.difference.estimate == pytest.approx(-place.tests[0].paired.difference.estimate)


def test_examples_are_answered_differently_and_gold_is_what_scoring_opened(result: StudyResult, folder: Path) -> None:
    found = with_examples(compare_in_study(result, "naive", "Hard ones"), store=folder, most=3)
    (place,) = found.places
    assert place.examples
    data = task_data(place.first.setup.task, 0)
    for example in place.examples:
        student, other = example.answers["student"], example.answers["other"]
        assert student.answer != other.answer
        evidence = place.first.tests[example.test].evidence
        (row,) = np.flatnonzero(evidence.ids[0] == example.id)
        assert student.right == evidence.student[0][row]
        assert example.answers["weak"].right == evidence.weak[0][row]
        assert other.right == place.second.tests[example.test].evidence.student[0][row]
        for given in example.answers.values():
            assert given.right == (given.answer == example.gold)
        gold = data.vault.buy(example.test, np.array([row]), purpose="score")
        assert example.gold == data.question.names[int(gold[0])]
    with Store(folder) as store:
        lines = store.ledger()
    bought = [place for place, line in enumerate(lines) if line.asked_by == "examples"]
    scored = max(place for place, line in enumerate(lines) if line.asked_by == "score")
    assert {(lines[place].purpose, lines[place].split) for place in bought} == {("score", test) for test in TEST_SETS}
    assert min(bought) > scored
    shown = compared_document(found).tables["examples"].to_dict()["rows"]
    marks = [row["first"]["note"][0] == "✓" for row in shown]
    assert marks == [example.answers["student"].right for example in place.examples]


def test_two_runs_of_one_task_and_seed_are_compared(result: StudyResult, folder: Path) -> None:
    naive, hard = result.results
    with Store(folder) as store:
        runs = {run.key: run for run in store.results()}
    found = compare_stored(runs[naive.run_ids[1]], runs[hard.run_ids[1]], store=folder)
    row = found.places[0].tests[0]
    accuracies = [np.mean(one.tests["test"].evidence.student[1]) for one in (naive, hard)]
    assert row.paired.difference.estimate == pytest.approx(accuracies[1] - accuracies[0])
    with pytest.raises(InputError, match="must be of one task under one seed"):
        compare_stored(runs[naive.run_ids[0]], runs[hard.run_ids[1]], store=folder)
    with pytest.raises(InputError, match="two runs, got .* twice"):
        compare_stored(runs[naive.run_ids[0]], runs[naive.run_ids[0]], store=folder)


@pytest.mark.parametrize("pair", [("naive", "nobody"), ("naive", "naive")])
def test_what_cannot_be_compared_is_said(result: StudyResult, pair: tuple[str, str]) -> None:
    with pytest.raises(InputError, match="it has naive, Hard ones"):
        compare_in_study(result, *pair)


def test_a_report_shows_examples_of_every_setup(result: StudyResult, folder: Path) -> None:
    examples = examples_of(result.results, store=folder)
    assert list(examples) == [one.run_ids[0] for one in result.results]
    for shown in examples.values():
        for test in TEST_SETS:
            of_test = [one for one in shown if one.test == test]
            disputed = [one for one in of_test if not one.drawn]
            assert len(disputed) <= DISPUTED
            assert len(of_test) - len(disputed) == AT_RANDOM
            assert all(one.answers["weak"].answer != one.answers["student"].answer for one in disputed)
            far = [one.disagreement for one in disputed]
            assert far == sorted(far, reverse=True)
    table = study_document(result, examples=examples).tables["examples"]
    assert len(table.rows) == sum(map(len, examples.values()))
    assert "examples" not in study_document(result).tables


def test_runs_are_found_by_titles_and_studies(result: StudyResult, folder: Path) -> None:
    run("wine", seeds=1, store=folder, workers=1)
    with Store(folder) as store:
        asked: list[tuple[dict[str, str | float], str | None, int]] = [
            ({}, None, 5),
            ({}, "titled", 4),
            ({"task": "Scans"}, None, 4),
            ({"task": "digits"}, "titled", 4),
            ({"method": "Hard ones", "seed": 1}, None, 1),
            ({"method": "naive-hard"}, None, 2),
            ({"method": "naive"}, None, 3),
            ({"task": "wine"}, "titled", 0),
            ({"task": "Hard ones"}, None, 0),
        ]
        for where, study, n in asked:
            assert len(find_runs(store, study=study, where=where)) == n, (where, study)
        (found,) = find_runs(store, where={"method": "Hard ones", "seed": 1})
        assert found.label["method"] == "Hard ones"
        assert found.label["task"] == "Scans"
        assert found.studies == ("titled",)
        assert found.result.shown["method"] == "naive-hard"
        with pytest.raises(InputError, match="no study 'other': it has titled"):
            find_runs(store, study="other")
