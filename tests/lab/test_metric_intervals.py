"""Intervals of the metrics beside accuracy, and what is said of seeds that share no rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab_data import SMALL, run_small
from scipy.stats import norm
from written_data import run_written

from w2sg import lab
from w2sg.core import BoolArray, Classes, ClassProbabilities, Examples, Inputs, IntArray
from w2sg.lab.intervals import SAMPLING, metric_intervals, plain_intervals
from w2sg.lab.scoring import Judged, scores_of
from w2sg.measure import Interval, Paired, exact_interval, interval_over_seeds
from w2sg.tasks import Digits

SHARES: Mapping[str, Any] = {"supervision": 0.25, "transfer": 0.5}


def evidence(n_seeds: int = 3, n: int = 40) -> Paired:
    """Fresh test examples under each seed."""
    rng = np.random.default_rng(0)
    ids = np.arange(n_seeds * n).reshape(n_seeds, n)
    right: list[tuple[BoolArray, ...]] = [tuple(rng.random((n_seeds, n)) < share) for share in (0.6, 0.7, 0.8)]
    return Paired(tuple(range(n_seeds)), tuple(ids), *right)


def scored(agreement: float, squared: float, copied: float | None = 0.5) -> dict[str, Any]:
    """What a score records of a test set, as far as intervals need it."""
    noise = {"agreement": 0.001, "errors_copied": copied if copied is None else 0.002}
    return {
        "agreement": agreement,
        "errors_copied": copied,
        "student": {"ece": 0.2, "squared_calibration_error": squared},
        SAMPLING: {**noise, "student": {"squared_calibration_error": 1e-5}},
    }


def only(found: lab.StudyResult) -> lab.TestSet:
    (result,) = found.results
    return result.tests["test"]


def test_each_metric_with_a_sampling_variance_has_its_interval() -> None:
    seeds = [scored(0.8, 0.01), scored(0.9, 0.04), scored(0.85, 0.01)]
    found = metric_intervals(seeds, evidence(), 0.9)
    assert found.keys() == {"agreement", "errors_copied", "student"}
    values = np.array([0.8, 0.9, 0.85])
    assert found["agreement"] == interval_over_seeds(values, 0.001, evidence(), 0.9, ends=(0.0, 1.0))
    assert found["student"].keys() == {"calibration_error"}, "the plain ECE has none"


def test_the_calibration_error_is_the_root_of_the_mean_of_squares() -> None:
    """A negative mean of debiased squares is an error of 0."""
    found = metric_intervals([scored(0.8, square) for square in (0.01, 0.04, 0.01)], evidence(), 0.95)
    root = found["student"]["calibration_error"]
    assert root.estimate == pytest.approx(0.02**0.5)
    assert root.low < root.estimate < root.high
    below = metric_intervals([scored(0.8, square) for square in (-0.01, -0.02, 0.001)], evidence(), 0.95)
    assert (below["student"]["calibration_error"].estimate, below["student"]["calibration_error"].low) == (0.0, 0.0)


def perfect(n: int = 40, confidence: float = 1.0) -> dict[str, Any]:
    """What a score records of students that are always right."""
    gold = np.arange(n) % 2
    sure = np.where(np.arange(2) == gold[:, None], confidence, 1 - confidence)
    answers = {who: ClassProbabilities(sure) for who in ("weak", "student", "ceiling")}
    return scored_by(gold, answers)


def scored_by(gold: IntArray, answers: Mapping[str, ClassProbabilities]) -> dict[str, Any]:
    """What a score records of answers about two classes."""
    question, examples = Classes(("no", "yes")), Examples(np.arange(len(gold)), Inputs.of(np.zeros((len(gold), 1))))
    judged = {who: Judged.of(question, examples, gold, said) for who, said in answers.items()}
    return scores_of(question, examples, answers, judged)[0]


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_a_supervisor_that_is_always_right_may_yet_err(n_seeds: int) -> None:
    """As wide as the exact interval of all right: of all different examples, or of the pairs that share none."""
    found = metric_intervals([perfect()] * n_seeds, evidence(n_seeds), 0.95)
    n = 40 * n_seeds
    for name, draws in (("auroc", n // 2), ("balanced_accuracy", n // 2)):
        assert found["weak"][name].estimate == found["weak"][name].high == 1
        assert found["weak"][name].low == pytest.approx(exact_interval(draws, draws).low)
    assert found["agreement"].low == pytest.approx(exact_interval(n, n).low)
    error = found["weak"]["calibration_error"]
    assert (error.estimate, error.low) == (0, 0)
    assert error.high == pytest.approx(1 - exact_interval(n, n).low)
    assert "errors_copied" not in found


def test_the_calibration_of_one_that_is_always_right_and_says_less() -> None:
    error = metric_intervals([perfect(confidence=0.9)], evidence(1), 0.95)["weak"]["calibration_error"]
    assert error.estimate == pytest.approx(0.1)
    may_err = 1 - exact_interval(40, 40).low
    assert (error.low, error.high) == pytest.approx((0.1 - may_err, 0.1 + may_err), abs=1e-6)


def test_one_answer_to_all_has_an_area_of_one_half_for_sure() -> None:
    gold, same = np.arange(40) % 2, ClassProbabilities(np.full((40, 2), 0.5) + np.array([0.1, -0.1]))
    scored_so = scored_by(gold, dict.fromkeys(("weak", "student", "ceiling"), same))
    area = metric_intervals([scored_so], evidence(1), 0.95)["weak"]["auroc"]
    assert (area.low, area.high) == (0.5, 0.5)


@pytest.mark.parametrize("n", [20, 60])
def test_the_limit_of_a_perfect_area_holds(n: int) -> None:
    """Areas as low as the limit for a test set of this size are all right about as often as the tail says, or less."""
    rng, limit = np.random.default_rng(0), exact_interval(n // 2, n // 2).low
    # Positives and negatives a shift apart that makes the area just the limit.
    shift = 2**0.5 * norm.ppf(limit)
    scores = rng.normal(size=(4000, n)) + shift * (np.arange(n) % 2)
    separated = scores[:, 1::2].min(axis=1) > scores[:, ::2].max(axis=1)
    assert separated.mean() <= 0.025


def test_what_is_not_defined_under_a_seed_is_left_out() -> None:
    """Where no error was made none was copied."""
    some = [scored(0.8, 0.01, copied) for copied in (0.4, None, 0.6)]
    assert metric_intervals(some, evidence(), 0.95)["errors_copied"].estimate == pytest.approx(0.5)
    none = [scored(0.8, 0.01, None) for _ in range(3)]
    assert "errors_copied" not in metric_intervals(none, evidence(), 0.95)


def test_a_student_that_was_refused_under_a_seed_has_no_intervals() -> None:
    seeds = [scored(0.8, 0.01) for _ in range(3)]
    del seeds[1][SAMPLING]["student"], seeds[1]["student"]
    assert metric_intervals(seeds, evidence(), 0.95).keys() == {"agreement", "errors_copied"}


def test_runs_of_older_versions_have_none() -> None:
    seeds = [scored(0.8, 0.01) for _ in range(3)]
    del seeds[2][SAMPLING]
    assert metric_intervals(seeds, evidence(), 0.95) == {}


def test_copies_of_a_run_are_one_run() -> None:
    one = evidence(1)
    copies = Paired((0, 1), one.ids * 2, one.weak * 2, one.student * 2, one.ceiling * 2)
    assert copies.are_copies
    of_copies = metric_intervals([scored(0.8, 0.01)] * 2, copies, 0.95)
    assert of_copies == metric_intervals([scored(0.8, 0.01)], one, 0.95)


def test_intervals_are_in_the_document_of_a_run(tmp_path: Path) -> None:
    found = run_small(tmp_path, methods=["naive"])
    test = only(found)
    assert {"agreement", "errors_copied", "weak", "student", "ceiling", "direct"} <= test.intervals.keys()
    for who in ("weak", "student", "ceiling", "direct"):
        assert test.intervals[who].keys() == {"balanced_accuracy", "auroc", "calibration_error"}
        area = test.intervals[who]["auroc"]
        assert area.estimate == pytest.approx(test.means[who]["auroc"])
        assert 0 <= area.low < area.estimate <= area.high <= 1
    said = found.results[0].to_dict()["tests"]["test"]["intervals"]
    assert said == plain_intervals(test.intervals)
    assert Interval(**said["student"]["auroc"]) == test.intervals["student"]["auroc"]
    assert SAMPLING not in found.results[0].to_dict()["tests"]["test"]


def test_written_answers_have_those_that_need_no_probabilities(tmp_path: Path) -> None:
    for result in run_written(tmp_path).results:
        assert result.tests["test"].intervals.keys() == {"agreement", "errors_copied"}


@pytest.mark.parametrize("parts", [3, 4])
def test_seeds_with_parts_of_their_own_share_no_row(parts: int, tmp_path: Path) -> None:
    task = Digits(**SHARES, disjoint=parts)
    test = only(run_small(tmp_path, tasks=[task.model_dump()], methods=["naive"], seeds=parts, students=[SMALL]))
    assert test.evidence.design == "nested"
    assert (test.evidence.shared_training, test.evidence.training_overlap, test.evidence.test_overlap) == (0, 0, 0)
    assert test.pgr.n_examples == sum(len(ids) for ids in test.evidence.ids)
    assert test.pgr.note == "", "there is nothing in common that a reader must know of"


def test_more_seeds_than_parts_are_said_to_share_rows(tmp_path: Path) -> None:
    task = Digits(**SHARES, disjoint=4)
    test = only(run_small(tmp_path, tasks=[task.model_dump()], methods=["naive"], seeds=5, students=[SMALL]))
    assert test.evidence.design == "overlapping"
    assert 0 < test.evidence.training_overlap < 0.2, "one pair of seeds of ten has a part in common"
    assert test.pgr.note.startswith("seeds split one pool anew: they share")
