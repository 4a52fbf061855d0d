"""Accuracies without labels: right where what they take for granted holds, and wrong where it does not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from test_theory_observing import classified

from w2sg.core import FloatArray, InputError, IntArray
from w2sg.theory.observing import observe
from w2sg.theory.observing.observed import UnseenLabels
from w2sg.theory.observing.unsupervised import (
    Estimated,
    agreement_on_the_line,
    dawid_skene,
    spectral_meta_learner,
    thresholded_confidence,
)
from w2sg.worlds import ThreeViewsWorld, three_view_accuracies

SIGMAS = 4.0


def near(found: Estimated, gain: float, n: int) -> bool:
    """Return whether a gain is within four standard errors, which ten groups know to about a quarter."""
    return abs(found.gain - gain) <= SIGMAS * max(found.se, 1 / n)


def independent(accuracies: list[float], k: int, m: int, seed: int) -> tuple[IntArray, IntArray]:
    """Return labels `(m,)`, and classes named by views that err independently and evenly, `(m, p)`."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(k, size=m, p=np.arange(1, k + 1) / np.arange(1, k + 1).sum())
    wrong = (labels[:, None] + rng.integers(1, k, size=(m, len(accuracies)))) % k
    return labels, np.where(rng.random((m, len(accuracies))) < accuracies, labels[:, None], wrong)


@pytest.mark.parametrize("k", [2, 4])
def test_independent_views_tell_their_accuracies(k: int) -> None:
    accuracies = [0.65, 0.8, 0.75]
    labels, named = independent(accuracies, k, 20_000, 0)
    truth = (named == labels[:, None]).mean(axis=0)
    found = dawid_skene(named, k)
    assert near(found, truth[1] - truth[0], 20_000)
    assert found.accuracies == pytest.approx(truth, abs=0.03)
    if k == 2:
        spectral = spectral_meta_learner(named)
        assert near(spectral, truth[1] - truth[0], 20_000)
        # with three views of two classes the moments are solved exactly, and so is the likelihood
        assert spectral.accuracies == pytest.approx(found.accuracies, abs=2e-3)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0.55, 0.95), min_size=3, max_size=3),
    st.lists(st.floats(0.55, 0.95), min_size=3, max_size=3),
    st.floats(0.1, 0.9),
    st.sampled_from([None, 0, 1, 2]),
)
def test_moments_of_independent_views_give_their_accuracies_exactly(
    hits: list[float], passes: list[float], share: float, reversed_view: int | None
) -> None:
    """Any two rates of each view and any class share; one view may be worse than chance."""
    up, down = 2 * np.array(hits) - 1, 1 - 2 * np.array(passes)
    if reversed_view is not None:
        up[reversed_view], down[reversed_view] = -up[reversed_view], -down[reversed_view]
    mean = share * up + (1 - share) * down
    rise, rest = up - mean, down - mean
    covariance = share * np.outer(rise, rise) + (1 - share) * np.outer(rest, rest)
    third = share * rise.prod() + (1 - share) * rest.prod()
    expected = share * (1 + up) / 2 + (1 - share) * (1 - down) / 2
    assert three_view_accuracies(mean, covariance, float(third)) == pytest.approx(expected, abs=1e-6)


def votes(weak: float, student: float, copied: float, shared: float, seed: int) -> tuple[FloatArray, IntArray]:
    """Return who is right, and what three views name, where one repeats another."""
    rng, m = np.random.default_rng(seed), 40_000
    first = rng.random(m) < weak
    second = np.where(rng.random(m) < copied, first, rng.random(m) < (student - copied * weak) / (1 - copied))
    third = np.where(rng.random(m) < shared, second, rng.random(m) < (student - shared * student) / (1 - shared))
    right = np.stack([first, second, third], axis=1)
    return right.astype(float), (rng.integers(2, size=(m, 1)) ^ ~right).astype(np.int64)


def test_a_student_that_copies_swells_the_gain_and_a_judge_that_shares_its_errors_makes_one_up() -> None:
    for copied, shared in ((0.3, 0.0), (0.0, 0.3)):
        right, named = votes(0.7, 0.7, copied, shared, 1)
        limit = ThreeViewsWorld(weak=0.7, student=0.7, judge=0.7, copied=copied, shared=shared).exact()
        for found in (spectral_meta_learner(named), dawid_skene(named, 2)):
            assert near(found, limit["limit_spectral_gain"], len(named))
            wrong_by = abs(found.gain - (right[:, 1] - right[:, 0]).mean())
            assert (wrong_by > 0.1) == (shared > 0)


def on_a_line(z: FloatArray, slope: float, shift: float) -> FloatArray:
    return np.asarray(norm.cdf(slope * z + shift))


def test_agreement_on_the_line_is_right_where_accuracies_and_agreements_move_alike() -> None:
    """On some fresh inputs all guess: every share moves towards 1/2 by one rule, which is nearly a line."""
    n, skill = 40_000, [0.7, 0.8, 0.9]
    labels, held_out = independent(skill, 2, n, 2)
    before = (held_out == labels[:, None]).mean(axis=0)
    gold, fresh = independent(skill, 2, n, 3)
    truth = (fresh == gold[:, None]).mean(axis=0)
    assert near(agreement_on_the_line(held_out, labels, fresh), truth[1] - truth[0], n)
    rng = np.random.default_rng(4)
    guessed = np.where(rng.random((n, 1)) < 0.3, rng.integers(2, size=(n, 3)), fresh)
    truth = (guessed == gold[:, None]).mean(axis=0)
    assert agreement_on_the_line(held_out, labels, guessed).accuracies == pytest.approx(truth, abs=0.03)
    # one pair has no slope: the direction is right, the number is not
    pair = agreement_on_the_line(held_out[:, :2], labels, guessed[:, :2]).accuracies
    assert (truth[:2] + 0.01 < pair).all()
    assert (pair < before[:2] - 0.01).all()


def test_the_line_is_that_of_the_formula() -> None:
    """Agreements and accuracies that were put on one line: what comes out is on it."""
    rng, n = np.random.default_rng(3), 200
    labels, held_out = independent([0.7, 0.8, 0.9], 2, n, 4)
    fresh = np.where(rng.random((300, 3)) < 0.5, 0, 1)
    pairs = [(0, 1), (0, 2), (1, 2)]
    agreements = [np.array([np.mean(named[:, i] == named[:, j]) for i, j in pairs]) for named in (held_out, fresh)]
    slope, shift = np.polyfit(norm.ppf(agreements[0]), norm.ppf(agreements[1]), 1)
    expected = on_a_line(norm.ppf((held_out == labels[:, None]).mean(axis=0)), slope, shift)
    assert agreement_on_the_line(held_out, labels, fresh).accuracies == pytest.approx(expected)


def test_a_label_shift_that_agreement_cannot_see_deceives_the_line() -> None:
    """Labels change their meaning on fresh inputs: the models agree as before and are wrong."""
    labels, held_out = independent([0.7, 0.8], 2, 10_000, 5)
    gold, fresh = independent([0.7, 0.8], 2, 10_000, 6)
    found = agreement_on_the_line(held_out, labels, fresh)
    truth = (fresh == 1 - gold[:, None]).mean(axis=0)
    assert found.gain > 0 > truth[1] - truth[0]


def test_thresholded_confidence_counts_what_lies_above_the_quantile() -> None:
    held_out = np.linspace(0.5, 1, 20)[:, None].repeat(2, axis=1)
    right = np.ones((20, 2))
    right[:5, 0] = 0
    right[:2, 1] = 0
    fresh = np.linspace(0.5, 1, 100)[:, None].repeat(2, axis=1)
    found = thresholded_confidence(held_out, right, fresh)
    cuts = held_out[5, 0], held_out[2, 0]
    assert found.accuracies == pytest.approx([(fresh[:, 0] >= cut).mean() for cut in cuts])
    nobody = thresholded_confidence(held_out, np.zeros((20, 2)), fresh)
    assert list(nobody.accuracies) == [0, 0]
    # hard answers have one confidence, which tells nothing: the accuracy is that on labelled inputs
    hard = thresholded_confidence(np.ones((20, 2)), right, np.ones((100, 2)))
    assert hard.accuracies == pytest.approx(right.mean(axis=0))


def test_thresholded_confidence_is_right_where_a_threshold_tells_right_from_wrong() -> None:
    """A model that is right where it is sure: inputs may get harder. Not so one that is calibrated, or gets surer."""
    rng, n = np.random.default_rng(7), 40_000

    def confidences(sharp: float) -> FloatArray:
        return np.asarray(rng.beta(sharp, 1, size=(n, 2)) ** np.array([1.5, 1.0]))

    def by_threshold(sure: FloatArray) -> FloatArray:
        return (sure > 0.6).astype(float)

    def calibrated(sure: FloatArray) -> FloatArray:
        return (rng.random((n, 2)) < sure).astype(float)

    held_out, same, harder = confidences(2.0), confidences(2.0), confidences(1.0)
    for rule in (by_threshold, calibrated):
        right, truth = rule(held_out), rule(same).mean(axis=0)
        assert near(thresholded_confidence(held_out, right, same), truth[1] - truth[0], n)
        found, truth = thresholded_confidence(held_out, right, harder), rule(harder).mean(axis=0)
        if rule is by_threshold:
            assert found.accuracies == pytest.approx(truth, abs=0.01)
        else:
            assert (found.accuracies < truth - 0.03).all()
    surer = thresholded_confidence(held_out, by_threshold(held_out), np.sqrt(harder))
    assert (surer.accuracies > by_threshold(harder).mean(axis=0) + 0.1).all()


def test_standard_errors_are_those_of_repetitions() -> None:
    gains, errors = [], []
    for seed in range(60):
        _, named = independent([0.65, 0.8, 0.75], 2, 3000, 100 + seed)
        found = spectral_meta_learner(named)
        gains.append(found.gain)
        errors.append(found.se)
    assert np.mean(errors) == pytest.approx(np.std(gains, ddof=1), rel=0.35)


@pytest.mark.parametrize(
    ("estimate", "message"),
    [
        (lambda: spectral_meta_learner(np.zeros((50, 2), dtype=int)), "takes three views of classes 0 and 1"),
        (lambda: spectral_meta_learner(np.full((50, 3), 2)), "takes three views of classes 0 and 1"),
        (lambda: spectral_meta_learner(np.zeros((50, 3), dtype=int)), "product of the three covariances"),
        (lambda: dawid_skene(np.zeros((50, 2), dtype=int), 2), "needs 3 views"),
        (lambda: dawid_skene(np.zeros((50, 3), dtype=int), 10), "as many inputs as the model has numbers, 279"),
        (lambda: dawid_skene(np.zeros((9, 3), dtype=int), 2), "needs at least 10 rows"),
        (
            lambda: agreement_on_the_line(np.zeros((50, 1), dtype=int), np.zeros(50, dtype=int), np.zeros((9, 1))),  # type: ignore[arg-type]
            "a line needs at least 2 views",
        ),
    ],
)
def test_what_cannot_be_estimated_says_why(estimate: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        estimate()  # type: ignore[operator]


def test_a_run_has_the_estimates_that_its_parts_allow() -> None:
    names = ("line_gain", "thresholded_gain", "spectral_gain", "dawid_skene_gain")
    seen = classified(m=400)
    found = observe(seen)[0]
    assert {found.missing[name] for name in names} == {"no judge was trained"}
    labels, held_out = independent([0.7, 0.8, 0.75], 2, 300, 8)
    _, fresh = independent([0.7, 0.8, 0.75], 2, 400, 9)
    rng = np.random.default_rng(10)
    soft = {}
    for name, part in (("held", held_out), ("fresh", fresh)):
        sure = rng.uniform(0.5, 1, size=(*part.shape, 1))
        soft[name] = np.where(np.eye(2)[part] == 1, sure, 1 - sure).swapaxes(0, 1)
    weak, student, judge = soft["fresh"]
    first, second, third = soft["held"]
    judged = UnseenLabels(np.eye(2)[labels], first, second, third, judge, 0.0, np.arange(300), 300, True)
    found = observe(replace(seen, weak=weak, student=student, validation=judged))[0]
    assert all(found[name].se > 0 and found[name].n == 400 for name in names)
    few = replace(judged, judge_fresh=judge[:5])
    found = observe(replace(seen, weak=weak[:5], student=student[:5], validation=few))[0]
    assert not set(names) & set(found.quantities)
    assert found.missing["line_gain"] == "there are too few inputs"
    same = replace(judged, judge_fresh=np.tile([0.9, 0.1], (400, 1)))
    found = observe(replace(seen, weak=weak, student=student, validation=same))[0]
    assert "vary together" in found.missing["spectral_gain"]
