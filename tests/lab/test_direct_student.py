"""The student that is trained on supervision gold itself: it stands beside every run of class probabilities."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab_data import SMALL, WINE, accuracies, run_small, small_study
from written_data import run_written, written_study

from w2sg.core import CapabilityError
from w2sg.graph import Store
from w2sg.lab import StudyResult, recall, result_of, run, scores_of_setups
from w2sg.lab.comparisons import Comparison
from w2sg.methods import DirectTraining

MANY_GOOD_LABELS: Mapping[str, Any] = {
    "tasks": [{**WINE, "supervision": 60}],
    "supervisors": [{"kind": "simulated", "accuracy": 0.55}],
    "seeds": 4,
}
FEW_GOOD_LABELS: Mapping[str, Any] = {
    "tasks": [{**WINE, "supervision": 4}],
    "supervisors": [{"kind": "simulated", "accuracy": 0.95}],
    "seeds": 4,
}


def only(found: StudyResult) -> Comparison:
    (comparison,) = found.comparisons
    return comparison


def refuse_after(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the direct student be trained so many times, and refuse then."""
    train, calls = DirectTraining.train, []

    def refusing(self: DirectTraining, *given: Any) -> Any:
        calls.append(given)
        if len(calls) > n:
            raise CapabilityError("this student cannot learn from gold")
        return train(self, *given)

    monkeypatch.setattr(DirectTraining, "train", refusing)


def test_it_is_what_the_method_direct_trains(tmp_path: Path) -> None:
    naive, direct = (found := run_small(tmp_path, methods=["naive", "direct"])).results
    assert found.steps_done["student"] == 2 * 2, "the method's student and the one beside the runs are one"
    beside, own = naive.tests["test"].direct, direct.tests["test"].evidence
    assert beside is not None
    for row, same in zip(beside.student, own.student, strict=True):
        np.testing.assert_array_equal(row, same)
    for row, same in zip(beside.weak, naive.tests["test"].evidence.weak, strict=True):
        np.testing.assert_array_equal(row, same)
    assert naive.tests["test"].direct_pgr == direct.pgr
    assert any((row != same).any() for row, same in zip(own.student, naive.tests["test"].evidence.student, strict=True))


def test_the_document_of_a_run_has_its_accuracy_and_pgr(tmp_path: Path) -> None:
    naive, direct = (result.to_dict() for result in run_small(tmp_path, methods=["naive", "direct"]).results)
    assert naive["direct_accuracy"] == direct["direct_accuracy"] == direct["student_accuracy"]
    assert naive["direct_accuracy"] != naive["student_accuracy"]
    assert naive["direct_pgr"] == {name: direct["pgr"][name] for name in naive["direct_pgr"]}
    assert naive["tests"]["test"]["direct"]["accuracy"] == pytest.approx(naive["direct_accuracy"], abs=1e-12)
    assert naive["tests"]["test"]["direct"].keys() == naive["tests"]["test"]["student"].keys()


@pytest.mark.parametrize(("fields", "faithful"), [(MANY_GOOD_LABELS, False), (FEW_GOOD_LABELS, True)])
def test_a_place_is_faithful_where_supervision_gold_is_not_shown_to_beat_weak_labels(
    fields: Mapping[str, Any], faithful: bool, tmp_path: Path
) -> None:
    compared = only(run_small(tmp_path, methods=["naive", "direct"], **fields))
    assert compared.direct is not None
    assert compared.direct.difference == compared.rivals["direct"].difference
    naive, direct = (entrant.result.pgr.student.estimate for entrant in compared.entrants)
    assert compared.direct.difference.estimate == pytest.approx(direct - naive, abs=1e-12)
    assert (direct > naive) is not faithful
    assert compared.faithful is faithful
    said = compared.to_dict()
    assert said["faithful"] is faithful
    assert said["direct"]["difference"]["low"] == compared.direct.difference.low


def test_where_it_refuses_the_run_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = run_small(tmp_path / "with")
    refuse_after(0, monkeypatch)
    without = run_small(tmp_path / "without")
    assert not without.failed
    assert accuracies(without) == accuracies(with_it)
    for result in without.results:
        assert result.tests["test"].direct is None
        assert result.to_dict()["direct_accuracy"] is None
        assert result.to_dict()["direct_pgr"] is None
    compared = only(without)
    assert (compared.direct, compared.faithful) == (None, None)
    assert (compared.to_dict()["direct"], compared.to_dict()["faithful"]) == (None, None)
    assert not run_small(tmp_path / "without").steps_done
    with pytest.raises(CapabilityError, match="cannot learn from gold"):
        run(WINE, student=SMALL, method="direct", seeds=1, store=tmp_path / "asked")


def test_one_that_is_missing_under_one_seed_is_not_averaged_over_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_after(1, monkeypatch)
    found = run_small(tmp_path, seeds=2, methods=["naive"])
    assert found.steps_done["student"] == 2 * 2
    (result,) = found.results
    assert result.seeds == (0, 1)
    assert result.tests["test"].direct is None


def test_a_student_that_needs_more_examples_than_there_is_gold_leaves_the_run_alone(tmp_path: Path) -> None:
    """Of four rows no fifteen neighbours can be asked, which is no reason not to learn from sixty weak labels."""
    found = run_small(tmp_path, students=["knn"], methods=["naive"], **FEW_GOOD_LABELS)
    assert not found.failed
    (result,) = found.results
    assert result.tests["test"].direct is None
    assert result.pgr.student.estimate > 1 / 3
    assert not run_small(tmp_path, students=["knn"], methods=["naive"], **FEW_GOOD_LABELS).steps_done


def test_runs_of_written_answers_have_none(tmp_path: Path) -> None:
    """The method `direct` is one of class probabilities."""
    (score, *_) = scores_of_setups(written_study().setups(), [0])
    assert score.direct is None
    assert score.inputs().keys() == {"labels", "student", "ceiling"}
    for result in run_written(tmp_path).results:
        assert result.tests["test"].direct is None
        assert result.to_dict()["direct_accuracy"] is None


def test_a_finished_study_gives_it_again(tmp_path: Path) -> None:
    first = run_small(tmp_path)
    again = recall(small_study().name, store=tmp_path)
    assert not again.steps_done
    assert [result.tests["test"].direct_pgr for result in again.results] == [
        result.tests["test"].direct_pgr for result in first.results
    ]
    with Store(tmp_path) as store:
        run_id = first.results[0].run_ids[0]
        steps = result_of(store, run_id, store.record(run_id) or {})["steps"]
    assert steps.keys() == {"labels", "student", "ceiling", "direct"}
