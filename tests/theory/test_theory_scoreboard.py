"""The scoreboard: scores against closed forms, the pattern of the families, the seal, decisions, the stack."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from w2sg.core import Answer, InputError, Observables, Quantity, Theory, registry
from w2sg.graph import Keys, Store
from w2sg.lab import Setup, Study, scores_of_setups
from w2sg.theory.answering import theories
from w2sg.theory.cases import Case, Truth
from w2sg.theory.running import observe_study, open_truths, predict_observed
from w2sg.theory.scoreboard import metrics
from w2sg.theory.scoreboard.board import scoreboard
from w2sg.theory.scoreboard.decisions import regrets_of
from w2sg.theory.scoreboard.predictions import PredictionTable, prediction_table
from w2sg.theory.scoreboard.resampling import Clusters, two_sided_p
from w2sg.theory.scoreboard.results import Scoreboard
from w2sg.theory.scoreboard.scores import contrasts_of, scores_of
from w2sg.theory.scoreboard.stack import FEWEST_TASKS, SHARPNESS, leave_one_task_out, stacked
from w2sg.theory.steps import Observation, Predictions, RunTruth


def made_sheet(n_tasks: int = 6, n: int = 40, noise: float = 0.3, seed: int = 0) -> PredictionTable:
    """Return runs in which `good` sees the gain with noise and `bad` sees nothing; half of good's intervals fail."""
    rng = np.random.default_rng(seed)
    cases, answers = [], []
    for task in range(n_tasks):
        for index in range(n):
            run = f"{task}-{index}"
            gain = float(rng.normal(0.05 * task, 0.1))
            seen = Observables(run, "classification", {"weak_error": Quantity(0.3, 0.01, 100, "x")})
            values = {
                "gain error": Quantity(gain, 0.02, 200, "x"),
                "student_risk error": Quantity(0.3 - gain, 0.02, 200, "x"),
            }
            parts = {"supervisor": f"w{index % 2}", "student": "s", "method": f"m{index % 4 // 2}"}
            cases.append(
                Case(f"t{task}", f"{task} {index // 4}", index // 4, "s", parts, {0: seen}, Truth(run, values))
            )
            good = gain + noise * float(rng.normal(0, 0.1))
            half = 0.5 if index % 2 else 0.0
            answers.append(Answer("good", run, "gain", "error", 0.9, (), good, good - half, good + half, None, good))
            answers.append(
                Answer("disagreement", run, "gain", "error", 0.9, (), 0.1, 0.1, 0.1, None, float(rng.normal()))
            )
    return prediction_table(cases, answers, 0.9)


def test_rank_correlations_are_those_of_scipy() -> None:
    from scipy.stats import kendalltau, spearmanr

    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(50), rng.integers(0, 5, 50).astype(float)
    assert metrics.spearman(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert metrics.kendall(a, b) == pytest.approx(kendalltau(a, b).statistic)
    assert np.isnan(metrics.spearman(np.ones(50), b))
    assert np.isnan(metrics.kendall(a, np.ones(50)))


def test_scores_within_tasks_do_not_see_differences_between_tasks() -> None:
    tasks = np.repeat(["a", "b"], 20)
    truth = np.concatenate([np.arange(20.0), 100 + np.arange(20.0)])
    predicted = np.concatenate([np.arange(20.0), -np.arange(20.0)])
    assert metrics.within(metrics.spearman, predicted, truth, tasks) == pytest.approx(0)
    assert np.isnan(metrics.within(metrics.spearman, predicted[:5], truth[:5], tasks[:5]))


def test_explained_variance_raw_and_refitted() -> None:
    tasks = np.repeat(["a", "b", "c"], 10)
    truth = np.arange(30.0)
    assert metrics.r2(truth, truth) == 1
    assert metrics.r2(np.full(30, truth.mean()), truth) == 0
    assert metrics.r2(5 - 2 * truth, truth) < 0
    assert metrics.r2_refitted(5 - 2 * truth, truth, tasks) == pytest.approx(1)
    assert np.isnan(metrics.r2_refitted(truth, truth, np.repeat("a", 30)))


def test_sign_and_interval_scores() -> None:
    assert metrics.auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])) == 0.75
    assert np.isnan(metrics.auc(np.ones(3), np.ones(3, dtype=bool)))
    low, high, truth = np.array([0.0, 0.0]), np.array([1.0, 1.0]), np.array([0.5, 1.2])
    assert metrics.interval_score(low, high, truth, 0.9) == pytest.approx(1 + (2 / 0.1) * 0.2 / 2)


def test_the_ceiling_is_the_correlation_of_a_perfect_predictor() -> None:
    rng = np.random.default_rng(1)
    true = rng.standard_normal(4000)
    measured, again = (true + 0.7 * rng.standard_normal(4000) for _ in range(2))
    ceiling = metrics.split_half_ceiling(measured, again, np.repeat("a", 4000))
    assert ceiling == pytest.approx(metrics.spearman(true, measured), abs=0.02)
    noise = rng.standard_normal((2, 4000))
    assert metrics.split_half_ceiling(noise[0], noise[1], np.repeat("a", 4000)) < 0.2
    unknown = np.full(4000, np.nan)
    assert np.isnan(metrics.split_half_ceiling(measured, unknown, np.repeat("a", 4000)))


def test_resamples_draw_tasks_and_supervisors_whole() -> None:
    clusters = Clusters(np.repeat(["a", "b"], 4), np.array(["x", "x", "y", "y", "x", "x", "z", "z"]))
    for rows, tasks in clusters.resamples(np.random.default_rng(0), 20):
        assert len(rows) == len(tasks) == 8
        assert all((rows[tasks == task] < 4).all() or (rows[tasks == task] >= 4).all() for task in (0, 1))
        assert all(np.sum(rows == row) == np.sum(rows == (row ^ 1)) for row in range(8))
    groups = Clusters(np.repeat(["a", "b"], 4), np.arange(8))
    for rows, _ in groups.resamples(np.random.default_rng(0), 20, draw_tasks=False):
        assert np.sum(rows < 4) == 4
    assert two_sided_p(1.96, np.random.default_rng(0).standard_normal(20_000)) == pytest.approx(0.05, abs=0.003)
    assert two_sided_p(float("nan"), np.ones(5)) == 1


def test_scores_find_the_theory_that_sees_the_gain() -> None:
    sheet = made_sheet()
    found = {(one.theory, one.runs): one for one in scores_of(sheet)}
    good, bad = found["good", "all"], found["disagreement", "all"]
    assert good.spearman is not None
    assert 0.85 < good.spearman.low < 0.958 < good.spearman.high + 0.02  # .1 of signal, .03 of noise
    assert bad.spearman is not None
    assert bad.spearman.low < 0 < bad.spearman.high
    assert good.coverage is not None
    # half of the intervals are points: these cover where noise of sd .03 stays within 1.645 standard errors of .02
    assert good.coverage.estimate == pytest.approx(0.5 + 0.727 / 2, abs=0.05)
    assert bad.coverage is not None
    assert bad.coverage.estimate < 0.25
    assert good.abstains == 0
    assert found["good", "holds"].n == 240
    assert ("good", "violated") not in found
    (contrast,) = contrasts_of(sheet)
    assert contrast.theory == "good"
    assert contrast.p_holm < 0.02
    assert contrast.difference is not None
    assert contrast.difference.low > 0.5


def test_decisions_by_a_good_theory_cost_less() -> None:
    found = {(one.decision, one.chooser): one for one in regrets_of(made_sheet())}
    for decision in ("supervisor", "method"):
        good, random = found[decision, "good"].regret, found[decision, "at random"].regret
        assert good is not None
        assert random is not None
        assert 0 <= good.estimate < 0.5 * random.estimate
        assert found[decision, "good"].best > 0.8


def test_the_stack_learns_from_other_tasks_and_its_intervals_cover() -> None:
    sheet = made_sheet(n_tasks=10)
    column = stacked(sheet, "error")
    truth, _ = sheet.truth("gain error")
    assert metrics.within(metrics.spearman, column.value, truth, sheet.tasks) > 0.9
    inside = (column.low <= truth) & (truth <= column.high)
    assert inside.mean() > 0.87
    assert np.mean(column.high - column.low) < 0.4


def test_the_stack_of_a_task_never_saw_its_truth() -> None:
    sheet = made_sheet()
    own = sheet.tasks == "t0"
    cases = [
        replace(case, truth=Truth(case.run, {"gain error": Quantity(99.0, 0.0, 1, "x")})) if here else case
        for case, here in zip(sheet.cases, own, strict=True)
    ]
    other = replace(sheet, cases=cases)
    assert stacked(other, "error").value[own] == pytest.approx(stacked(sheet, "error").value[own])
    few = made_sheet(n_tasks=FEWEST_TASKS - 1)
    assert np.isnan(stacked(few, "error").value).all()


SMALL = {
    "name": "small",
    "seeds": 2,
    "tasks": ["wine", {"kind": "gaussian", "test": 120}],
    "supervisors": [{"kind": "fewer-labels", "grid": {"labels": [12, 20]}}, "simulated-region"],
    "students": [{"kind": "linear"}, {"kind": "ridge", "penalty": 0.01}],
    "methods": ["naive", "confidence"],
    "incapable": "skip",
}


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Scoreboard:
    store = tmp_path_factory.mktemp("store")
    return scoreboard(Study.parse(SMALL), store=store, audits=(20,), family_runs=25, workers=1)


def test_a_study_is_scored_end_to_end(board: Scoreboard) -> None:
    assert board.n_runs == {"wine": 18, "gaussian(test=120)": 18}
    assert board.n_family_runs == {"family A": 25, "family B": 25, "family C": 25}
    found = {(one.theory, one.runs): one for one in board.scores}
    assert found["paired-difference@20", "all"].n == 36
    assert found["refitted-gain", "all"].n == 24  # a simulated supervisor has no labels to be trained again on
    assert found["disagreement", "all"].coverage is not None
    assert {one.decision for one in board.regrets} == {"supervisor", "method"}
    assert board.to_dict()["sealed"] == board.sealed


def test_theories_do_in_the_families_what_they_should(board: Scoreboard) -> None:
    assert board.family_predictions is not None
    column = board.family_predictions.columns["misfit"]
    ranks = {
        family: metrics.spearman(column.value[rows], column.truth[rows])
        for family in "ABC"
        if (rows := board.family_predictions.tasks == f"family {family}").any()
    }
    assert ranks["A"] > 0.8
    assert ranks["B"] > 0.8
    assert ranks["C"] < 0.2
    found = {(one.theory, one.runs): one for one in board.family_scores}
    assert found["misfit-cross-term@20", "all"].n == 75
    assert found["stack-squared", "all"].n == 0  # three tasks are too few


def test_truth_is_opened_only_for_predictions_that_were_kept_before(tmp_path: Path) -> None:
    study = Study.parse({**SMALL, "name": "one", "seeds": 1, "tasks": ["wine"], "students": ["linear"]})
    observed = observe_study(study, store=tmp_path, audits=(), workers=1)

    def truths_opened() -> int:
        with Store(tmp_path) as store:
            return sum(entry.kind == "truth" for entry in store.ledger())

    assert truths_opened() == 0
    among = theories()
    predictions = predict_observed(observed, among, workers=1)
    assert truths_opened() == 0
    truths = open_truths(observed, predictions, workers=1)
    assert len(truths) == len(observed.ids) == 6
    assert {answer.run for answer in predictions.answers} == set(observed.ids)
    opened = truths_opened()
    assert opened > 0
    again = predict_observed(observed, among, workers=1)
    assert (again.sha256, again.seals) == (predictions.sha256, predictions.seals)
    assert not any(seal.late for seal in again.seals)
    assert (open_truths(observed, again, workers=1), truths_opened()) == (truths, opened)
    changed = [registry.build(Theory, {"kind": "constant", "value": 0.5}), *among]
    seals = predict_observed(observed, changed, workers=1).seals
    assert [seal.late for seal in seals] == [True] * 6, "the truth had been opened for other predictions"


def test_the_truth_of_a_run_is_that_of_its_predictions() -> None:
    """A truth has its predictions for an input: other predictions make another step."""
    setup = Setup.parse({"task": "wine", "supervisor": "fewer-labels", "student": "linear", "method": "naive"})
    (score,) = scores_of_setups([setup], [0])
    observation = Observation(student=score.student, seed=0)
    truths = [
        RunTruth(
            student=score.student,
            ceiling=score.ceiling,
            predictions=Predictions(observation=observation, theories=(registry.build(Theory, theory),), seed=0),
            seed=0,
        )
        for theory in ("misfit", "disagreement")
    ]
    assert all("predictions" in truth.inputs() for truth in truths)
    keys = Keys()
    assert keys.of(truths[0]) != keys.of(truths[1])


def test_nothing_to_score_is_said() -> None:
    with pytest.raises(InputError, match="nothing to score on"):
        scoreboard(None, family_runs=0)


def test_theories_weigh_by_their_errors_on_other_tasks() -> None:
    rng = np.random.default_rng(0)
    tasks, truth = np.repeat(np.arange(5), 8), rng.standard_normal(40)
    said = truth[:, None] + rng.standard_normal((40, 3)) * [0.1, 0.3, 2.0]
    said[3, 0] = np.nan
    value, _ = leave_one_task_out(said, truth, tasks, 0.9)
    errors = [[np.nanmean((truth - said[:, one])[tasks == task] ** 2) for task in (1, 2, 3, 4)] for one in range(3)]
    weights = np.mean(errors, axis=1) ** -float(SHARPNESS)
    for run in (0, 3):
        speaks = np.isfinite(said[run])
        assert value[run] == pytest.approx(np.average(said[run][speaks], weights=weights[speaks]))


def test_intervals_of_a_new_task_hold_where_theories_err_by_task() -> None:
    """Each task has a bias of its own: runs of one task fail together, and intervals hold over tasks."""
    rng = np.random.default_rng(1)
    covered, alone = [], []
    for _ in range(60):
        tasks, truth = np.repeat(np.arange(12), 20), rng.standard_normal(240)
        said = (truth + rng.normal(0, 0.2, 12)[tasks] + rng.normal(0, 0.1, 240))[:, None]
        value, half = leave_one_task_out(said, truth, tasks, 0.9)
        covered.append(np.mean(np.abs(value - truth) <= half))
        alone.append(np.mean(np.abs(value - truth) <= 1.645 * 0.1))
    # 720 tasks, each with a standard error of about .3 at most
    assert 0.87 <= np.mean(covered) <= 0.95
    assert np.mean(alone) < 0.65


def test_a_run_is_predicted_from_the_theories_that_speak_of_it() -> None:
    sheet = made_sheet(n_tasks=8)
    good = sheet.columns["good"]
    silent = np.arange(len(sheet.runs)) % 3 == 0
    value = np.where(silent, np.nan, good.value)
    columns = {**sheet.columns, "good": replace(good, value=value)}
    column = stacked(replace(sheet, columns=columns), "error")
    truth, _ = sheet.truth("gain error")
    assert np.isfinite(column.value).all()
    assert metrics.within(metrics.spearman, column.value[~silent], truth[~silent], sheet.tasks[~silent]) > 0.9
    wide, narrow = ((column.high - column.low)[rows].mean() for rows in (silent, ~silent))
    assert wide > 2 * narrow


def test_runs_whose_answers_are_written_are_left_out(tmp_path: Path) -> None:
    from w2sg.testing import Rote

    registry.register()(Rote)
    rote = Rote().model_dump()
    written = {
        "kind": "sums",
        "digits": 1,
        "rows": 100,
        "supervision": 20,
        "transfer": 40,
        "supervisors": [{"kind": "trained-writer", "student": rote}],
        "students": [rote],
    }
    alone = Study.parse({"name": "written", "seeds": 1, "tasks": [written]})
    with pytest.raises(InputError, match="has no runs that theory speaks of: it needs class probabilities"):
        observe_study(alone, store=tmp_path, workers=1)
    both = Study.parse({"name": "both", "seeds": 1, "tasks": [written, {"kind": "wine", "students": ["linear"]}]})
    observed = observe_study(both, store=tmp_path, audits=(), workers=1)
    assert {score.setup.task.kind for score in observed.scores} == {"wine"}
