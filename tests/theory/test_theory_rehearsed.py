"""Rehearsals and weighted labels: the learning curve, class weights as published, intervals where classes shift."""

import numpy as np
import pytest
from observer_data import recorded, tried, wine

from w2sg.core import FloatArray, InputError
from w2sg.theory.observing.observed import FewerLabels, KnownGroups, UnseenLabels
from w2sg.theory.observing.rehearsing import SLOPE, rehearsed_gains
from w2sg.theory.observing.runs import TaskObserver
from w2sg.theory.observing.shifts import class_shift, class_weights, group_shift


def unseen(
    labels: FloatArray, weak: FloatArray, student: FloatArray, judge: FloatArray, fresh: FloatArray
) -> UnseenLabels:
    return UnseenLabels(labels, weak, student, judge, fresh, 0.0, np.arange(len(labels)), len(labels), False)


def answering(y: np.ndarray, accuracy: float, rng: np.random.Generator) -> FloatArray:
    """Return a model of two classes that names the right one so often, with confidence that varies."""
    named = np.where(rng.random(len(y)) < accuracy, y, 1 - y)
    sure = rng.uniform(0.5, 1, len(y))
    return np.stack([np.where(named == 0, sure, 1 - sure), np.where(named == 1, sure, 1 - sure)], axis=1)


def models_of(y: np.ndarray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return supervisor, student and judge; the supervisor fails on class 1, so that the gain depends on its share."""
    weak = np.where(y[:, None] == 0, answering(y, 0.9, rng), answering(y, 0.5, rng))
    return weak, answering(y, 0.8, rng), answering(y, 0.75, rng)


def test_class_weights_are_the_papers_for_one_models_hard_answers() -> None:
    """By the paper's own steps: the joint table of answers and labels, its inverse, the shares of answers."""
    rng = np.random.default_rng(0)
    y, fresh_y = rng.choice(3, 400, p=[0.5, 0.3, 0.2]), rng.choice(3, 600, p=[0.2, 0.3, 0.5])
    said, fresh_said = (np.where(rng.random(len(one)) < 0.7, one, rng.integers(0, 3, len(one))) for one in (y, fresh_y))
    joint = np.zeros((3, 3))
    for answer, label in zip(said, y, strict=True):
        joint[answer, label] += 1 / len(y)
    shares = np.bincount(fresh_said, minlength=3) / len(fresh_said)
    found = class_weights(np.eye(3)[said], np.eye(3)[y], np.eye(3)[fresh_said])
    assert found.weights == pytest.approx(np.linalg.solve(joint, shares))
    assert found.p_equal < 1e-6
    assert found.p_kept == 1  # as many answers as classes: nothing is left over to test
    rows = np.linalg.solve(joint, shares)[y]
    assert found.effective == pytest.approx(rows.sum() ** 2 / (len(rows) * np.square(rows).sum()))
    with pytest.raises(InputError, match="do not tell the 3 classes apart"):
        class_weights(np.tile([0.5, 0.25, 0.25], (400, 1)), np.eye(3)[y], np.eye(3)[fresh_said])


def test_where_classes_shift_weighted_labels_cover_and_tests_hold_their_level() -> None:
    rng = np.random.default_rng(1)
    covered, plain, equal, kept, refuted = [], [], [], [], []
    # The gain at deployment: .1 less on class 0, .3 more on class 1, of which there are .2 in one place and .6 there.
    truth = 0.4 * -0.1 + 0.6 * 0.3
    for _ in range(300):
        y, same, other = (rng.random(n) < share for n, share in ((200, 0.2), (200, 0.2), (300, 0.6)))
        known = models_of(y * 1, rng)
        labels = np.eye(2)[y * 1]
        weak, student, judge = models_of(other * 1, rng)
        found = class_shift(unseen(labels, *known, judge), weak, student)
        gain = found["class_weighted_gain_error"]
        covered.append(abs(gain.value - truth) <= 1.645 * gain.se)
        raw = rehearsed_gains(unseen(labels, *known, judge), len(labels))["rehearsed_gain_error"]
        plain.append(abs(raw.value - truth) <= 1.645 * raw.se)
        kept.append(found["class_inputs_p"].value < 0.05)
        weak, student, judge = models_of(same * 1, rng)
        equal.append(class_shift(unseen(labels, *known, judge), weak, student)["class_shift_p"].value < 0.05)
        # Inputs that get harder: models are less often sure, whatever the classes do.
        harder = class_shift(unseen(labels, *known, judge), 0.5 + 0.6 * (weak - 0.5), 0.5 + 0.6 * (student - 0.5))
        refuted.append(harder["class_inputs_p"].value < 0.05)
    # Binomial standard errors of 300 draws are .017 at .9 and .013 at .05.
    assert 0.84 <= np.mean(covered) <= 0.96
    assert np.mean(plain) < 0.2
    assert np.mean(equal) < 0.11
    assert np.mean(kept) < 0.11
    assert np.mean(refuted) > 0.9


def test_groups_weigh_as_much_as_there_are_of_them_at_deployment() -> None:
    right, wrong = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    labels = np.tile(right, (6, 1))
    # Gains are +1, +1 and 0 in group a, and -1, 0 and 0 in group b; a quarter of deployment is of group b.
    weak = np.array([wrong, wrong, right, right, right, right])
    student = np.array([right, right, right, wrong, right, right])
    judged = unseen(labels, weak, student, weak, weak)
    found = group_shift(judged, KnownGroups(np.array(list("aaabbb")), np.array(list("aaab"))))[
        "group_weighted_gain_error"
    ]
    assert found.value == pytest.approx(0.75 * 2 / 3 - 0.25 / 3)
    within = 0.75**2 * (1 / 3) / 3 + 0.25**2 * (1 / 3) / 3
    assert found.se == pytest.approx(np.sqrt(within + np.var([2 / 3, 2 / 3, 2 / 3, -1 / 3], ddof=1) / 4))
    assert not group_shift(judged, KnownGroups(np.array(list("aaabbc")), np.array(list("aabc"))))


def curve(gains: tuple[float, ...], noise: float, n: int) -> UnseenLabels:
    """Return rehearsals with 80, 40 and 20 labels whose gains in squared risk have these means and one noise."""
    rng = np.random.default_rng(3)
    labels, right = np.tile([1.0, 0.0], (n, 1)), np.tile([1.0, 0.0], (n, 1))

    def weak(gain: float) -> FloatArray:
        off = np.sqrt(np.maximum(gain + noise * rng.uniform(-1, 1, n), 0) / 2)
        return np.stack([1 - off, off], axis=1)

    first, *rest = [weak(gain) for gain in gains]
    fewer = tuple(FewerLabels(count, one, right) for count, one in zip((40, 20), rest, strict=True))
    return UnseenLabels(labels, first, right, right, right, 0.0, np.arange(n), 80, True, fewer)


def test_the_curve_is_extrapolated_where_labels_are_many_and_averaged_where_they_are_few() -> None:
    slope = SLOPE
    line = tuple(0.3 + slope * (100 / count - 1) for count in (80, 40, 20))
    many = rehearsed_gains(curve(line, 0.05, 40_000), 100)["rehearsed_gain_squared"]
    assert many.value == pytest.approx(0.3, abs=4 * many.se)
    assert many.se < 0.1 * slope
    assert many.value < line[0] - 8 * many.se  # more than the largest rehearsal alone would say
    noisy = curve((0.5, 0.4, 0.4), 0.4, 12)
    few = rehearsed_gains(noisy, 100)["rehearsed_gain_squared"]
    alone = rehearsed_gains(UnseenLabels(**{**vars(noisy), "fewer": ()}), 100)["rehearsed_gain_squared"]
    assert few.se < 0.8 * alone.se


def test_a_rehearsal_is_the_plain_difference_where_models_are_those_of_the_run() -> None:
    data, setup = wine(), tried({"kind": "simulated-region", "accuracy": 0.7})
    run = recorded(data, setup)
    observer = TaskObserver(data, 0)
    observer.train_again([run])
    judged = observer.seen(run).validation
    assert judged is not None
    assert not judged.retrained
    assert judged.fewer == ()
    named, gold = (judged.weak.argmax(1), judged.student.argmax(1)), judged.labels.argmax(1)
    gains = (named[0] != gold) * 1.0 - (named[1] != gold)
    found = observer.observe(run)[0]["rehearsed_gain_error"]
    assert found.value == pytest.approx(gains.mean())
    assert found.n == len(data.supervision)
    assert found.se == pytest.approx(gains.std(ddof=1) / np.sqrt(len(gains)))


def test_rehearsals_have_fewer_labels_and_judge_by_none_that_taught_them() -> None:
    """Labels of one fold are changed: what the supervisors without this fold say of it stays as it was."""
    setup = tried("few-features")

    def judged(spoiled: int | None) -> tuple[UnseenLabels, np.ndarray]:
        data = wine()
        run = recorded(data, setup)
        observer = TaskObserver(data, 0)
        if spoiled is not None:
            gold = data.vault._Vault__gold["supervision"].copy()  # type: ignore[attr-defined]
            own = observer._again.fold == spoiled
            gold[own] = (gold[own] + 1) % 3
            data.vault._Vault__gold["supervision"] = gold  # type: ignore[attr-defined]
            observer = TaskObserver(data, 0)
        observer.train_again([run])
        found = observer.seen(run).validation
        assert found is not None
        return found, observer._again.fold

    before, fold = judged(None)
    after, _ = judged(0)
    n = len(fold)
    largest = n - int(np.bincount(fold).max())
    assert before.retrained
    assert [before.count, *(fewer.count for fewer in before.fewer)] == [
        round(share * largest) for share in (1, 0.5, 0.25) if round(share * largest) >= 10
    ]
    own = fold[before.rows] == 0
    said, again = ([found.weak, *(fewer.weak for fewer in found.fewer)] for found in (before, after))
    for weak, other in zip(said, again, strict=True):
        assert np.array_equal(weak[own], other[own])
        assert not np.array_equal(weak[~own], other[~own])
