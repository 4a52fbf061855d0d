"""Certificates from cheaper labels, certified thresholds, prediction sets, heads: expected numbers and refusals."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta

from w2sg import measure
from w2sg.core import Inapplicable, derive
from w2sg.core.errors import InputError
from w2sg.theory import certificates as c


def powered(rng: np.random.Generator, n: int = 200, more: int = 5000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels of prevalence .15 and predictions that are right nine times in ten."""
    labels = rng.random(n + more) < 0.15
    predicted = np.where(rng.random(n + more) < 0.9, labels, ~labels)
    return labels[:n], predicted[:n], predicted[n:]


def test_expected_widths_of_prediction_powered_intervals() -> None:
    """The targets are means of a simulation; 500 repetitions find a mean width to .0005, a coverage to .02."""
    rng, widths, held = derive(0, "powered"), [], []
    for _ in range(500):
        given = powered(rng)
        both = [c.ppi(*given, 0.05, target="rate", power=power) for power in (None, 0.0)]
        widths.append([(one.high or 0) - (one.low or 0) for one in both])
        held.append([(one.low or 0) <= 0.15 <= (one.high or 0) for one in both])
    assert np.mean(widths, axis=0) == pytest.approx([0.0725, 0.0986], abs=1.5e-3)
    assert np.mean(held, axis=0) == pytest.approx([0.952, 0.946], abs=0.02)


def test_prediction_powered_intervals_by_hand() -> None:
    y, f, u = (one.astype(float) for one in powered(derive(1, "powered")))
    found = c.ppi(y, f, u, 0.1, target="rate", power=0.5, side="both")
    centre = 0.5 * u.mean() + (y - 0.5 * f).mean()
    se = math.sqrt(0.25 * u.var(ddof=1) / len(u) + (y - 0.5 * f).var(ddof=1) / len(y))
    assert (found.low, found.estimate, found.high) == pytest.approx(
        (centre - 1.6448536 * se, centre, centre + 1.6448536 * se)
    )
    assert found.strength == "asymptotic"
    assert measure.tuned_power(y, np.zeros(len(y)), 10) == 0
    assert measure.tuned_power(y, y, 10**9) == pytest.approx(1.0, abs=1e-6)


def test_finite_prediction_powered_bounds() -> None:
    y, f, u = powered(derive(2, "powered"), 2000, 50_000)
    with_help = c.ppi_finite(y, f, u, 0.05, target="rate")
    alone = c.ppi_finite(y, f, u, 0.05, target="rate", power=0.0)
    assert with_help.strength == alone.strength == "unconditional"
    assert (with_help.low or 0) < 0.15 < (with_help.high or 0)
    assert "400 tuned the power" in with_help.frame
    assert "0 tuned" in alone.frame


@pytest.mark.parametrize("made", [c.ppi, c.ppi_finite])
def test_what_prediction_powered_intervals_refuse(made: Any) -> None:
    cases = [
        (([], [], [0.0]), "must be a non-empty vector"),
        (([0.0, 1.0], [0.0], [0.0, 1.0]), "labels 2, predicted 1"),
        (([0.0, math.nan], [0.0, 1.0], [0.0, 1.0]), "labels must be finite"),
        (([0.0, 2.0], [0.0, 1.0], [0.0, 1.0]), "labels must lie in"),
    ]
    for arrays, message in cases:
        with pytest.raises(InputError, match=message):
            made(*arrays, 0.05, target="t")
    with pytest.raises(InputError, match="power must be between 0"):
        made([0.0, 1.0], [0.0, 1.0], [0.0, 1.0], 0.05, target="t", power=2.0)
    with pytest.raises(InputError, match="delta must be"):
        made([0.0, 1.0], [0.0, 1.0], [0.0, 1.0], 1.0, target="t")


def test_a_normal_interval_abstains_where_nothing_varies() -> None:
    with pytest.raises(Inapplicable, match="does not vary"):
        c.ppi(np.zeros(50), np.zeros(50), np.zeros(500), 0.05, target="t")
    with pytest.raises(Inapplicable, match="two labelled"):
        c.ppi([1.0], [1.0], np.zeros(500), 0.05, target="t")
    with pytest.raises(InputError, match="1 labels leave none beside the 1"):
        c.ppi_finite([1.0], [1.0], np.zeros(500), 0.05, target="t")
    constant = c.ppi_finite(np.zeros(50), np.zeros(50), np.zeros(500), 0.05, target="t")
    assert (constant.high or 0) > 0.04


def test_the_expected_judge() -> None:
    """theta .08, TPR .85, FPR .05 give q = .114."""
    said, hits, alarms = np.arange(1000) < 114, np.arange(100) < 85, np.arange(100) < 5
    found = c.rate_by_judge(said, hits, alarms, 0.06)
    assert found.estimate == pytest.approx(0.08)
    exact = measure.ClopperPearson()
    q, tpr, fpr = (exact.high(said, 0.01), exact.low(hits, 0.01), exact.low(alarms, 0.01))
    assert found.high == pytest.approx((q - fpr) / (tpr - fpr))
    q, tpr, fpr = (exact.low(said, 0.01), exact.high(hits, 0.01), exact.high(alarms, 0.01))
    assert found.low == pytest.approx(max((q - fpr) / (tpr - fpr), 0))
    assert found.strength == "conditional"
    assert found.n_labels == 200


def test_a_judge_that_may_be_guessing_certifies_nothing() -> None:
    coin = np.arange(40) % 2
    found = c.rate_by_judge(coin, coin, coin, 0.05)
    assert (found.low, found.high, found.estimate) == (0.0, 1.0, None)
    for bad, message in (([], "must be a non-empty vector"), ([0.5], "yes or no"), ([math.nan], "finite")):
        with pytest.raises(InputError, match=message):
            c.rate_by_judge(bad, coin, coin, 0.05)


def test_risk_by_ruled_out_classes() -> None:
    answers, never = np.zeros(100, dtype=int), np.r_[np.zeros(5, dtype=int), np.ones(95, dtype=int)]
    found = c.risk_by_ruled_out(answers, never, 0.05, n_classes=4)
    assert found.estimate == pytest.approx(0.15)
    assert found.high == pytest.approx(3 * measure.ClopperPearson().high(np.arange(100) < 5, 0.05))
    assert c.risk_by_ruled_out(answers, answers, 0.05, n_classes=4).high == 1.0
    with pytest.raises(InputError, match="n_classes must be at least 2"):
        c.risk_by_ruled_out(answers, never, 0.05, n_classes=1)
    with pytest.raises(InputError, match="must be a non-empty vector"):
        c.risk_by_ruled_out([], [], 0.05, n_classes=4)


def test_strata_are_weighted_back() -> None:
    hard, easy = np.arange(100) < 40, np.arange(50) < 5
    found = c.rate_by_strata([hard, easy], [600, 4400], 0.05)
    assert found.estimate == pytest.approx(0.12 * 0.4 + 0.88 * 0.1)
    centre = 0.12 * 41 / 102 + 0.88 * 6 / 52
    assert ((found.low or 0) + (found.high or 0)) / 2 == pytest.approx(centre)
    assert c.rate_by_strata([hard, []], [10, 0], 0.05).estimate == pytest.approx(0.4)
    assert (c.rate_by_strata([np.zeros(9)], [100], 0.05).high or 0) > 0.1
    with pytest.raises(Inapplicable, match="no label"):
        c.rate_by_strata([hard, []], [600, 4400], 0.05)
    for flags, counts, message in (([hard], [1, 2], "flags 1, counts 2"), ([hard], [0], "must hold an input")):
        with pytest.raises(InputError, match=message):
            c.rate_by_strata(flags, counts, 0.05)


GRID = np.linspace(0, 0.9, 10)


def test_thresholds_are_certified_from_the_strictest_on() -> None:
    scores = np.linspace(0, 1, 1000, endpoint=False)
    wrong = scores < 0.3
    found = c.trusted_thresholds(scores, wrong, GRID, 0.05, rate=0.1)
    assert found.threshold == pytest.approx(0.3)
    assert found.kept[0] == 100
    assert found.thresholds == tuple(sorted(GRID.tolist(), reverse=True))
    assert found.certificate is not None
    assert found.certificate.high == 0.1
    assert found.certificate.estimate == 0
    careful = c.trusted_thresholds(scores, wrong, GRID, 0.05, rate=0.1, procedure="holm")
    assert careful.threshold == pytest.approx(0.3)
    for wider in (measure.ChernoffKl(), measure.Hoeffding()):
        other = c.trusted_thresholds(scores, wrong, GRID, 0.05, rate=0.1, certifier=wider)
        assert (other.threshold or 1) >= 0.3


def test_p_values_are_those_of_the_bounds() -> None:
    for bound in (measure.ClopperPearson(), measure.ChernoffKl(), measure.Hoeffding()):
        upper = bound.high(np.arange(80) < 8, 0.05)
        assert bound.p_values(np.array(0.1), np.array(80.0), upper) == pytest.approx(0.05, rel=1e-4)
        assert bound.p_values(np.array(0.2), np.array(80.0), 0.1) > 0.5


def test_thresholds_that_no_label_could_certify_are_skipped() -> None:
    scores = np.linspace(0, 1, 100, endpoint=False)
    found = c.trusted_thresholds(scores, np.zeros(100), GRID, 0.05, rate=0.1)
    assert found.certified == (False,) * 2 + (True,) * 8  # (1 - .1)^20 > .05 > (1 - .1)^30
    nothing = c.trusted_thresholds(scores, np.ones(100), GRID, 0.05, rate=0.1)
    assert nothing.threshold is None
    assert nothing.certificate is None
    assert c.trusted_thresholds(scores, np.ones(100), [2.0], 0.05, rate=0.1, procedure="holm").threshold is None


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"scores": [0.1, math.nan]}, "scores must be finite"),
        ({"losses": [0.5, 0.0]}, "bounds a share"),
        ({"losses": [0.0]}, "scores 2, losses 1"),
        ({"thresholds": []}, "must be a non-empty vector"),
        ({"rate": 0.0}, "rate must be between 0 and 1"),
        ({"delta": 2.0}, "delta must be"),
        ({"procedure": "all"}, "procedure must be fixed-sequence or holm"),
    ],
)
def test_what_thresholds_refuse(other: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"scores": [0.1, 0.2], "losses": [0, 1], "thresholds": [0.5], "delta": 0.05, "rate": 0.1}
    with pytest.raises(InputError, match=message):
        c.trusted_thresholds(**(given | other))


def test_expected_coverage_of_split_conformal() -> None:
    scores = derive(0, "scores").permutation(99) / 99
    found = c.split_conformal(scores, 0.05, miss=0.1)
    law = beta(90, 10)
    assert found.cut == 89 / 99  # the 90th of 0/99 ... 98/99
    assert (law.mean(), law.std()) == pytest.approx((0.9, 0.0299), abs=5e-5)
    assert found.certificate.low == pytest.approx(law.ppf(0.05))
    assert found.certificate.estimate == pytest.approx(0.9)
    cuts = [c.split_conformal(row, 0.05, miss=0.1).cut for row in derive(1, "scores").random((4000, 99))]
    assert (np.mean(cuts), np.std(cuts)) == pytest.approx((0.9, 0.0299), abs=0.0015)


def test_small_samples_give_sets_of_everything() -> None:
    found = c.split_conformal(np.arange(5.0), 0.05, miss=0.1)
    assert math.isinf(found.cut)
    assert found.certificate.low == 1.0


def test_expected_coverage_under_shift() -> None:
    """Inputs N(0, 1) go to N(1, 1), scores |N|(.5 + exp(x / 2)); the targets have a standard error of .007."""
    rng, plain, weighted = derive(0, "shift"), [], []
    for _ in range(300):
        x, test = rng.normal(size=500), 1 + rng.normal(size=40)
        scores, new = (np.abs(rng.normal(size=len(at))) * (0.5 + np.exp(at / 2)) for at in (x, test))
        plain.append((new <= c.split_conformal(scores, 0.05, miss=0.1).cut).mean())
        weighted.append((new <= measure.weighted_cuts(scores, np.exp(x), np.exp(test), miss=0.1)).mean())
    assert np.mean(plain) == pytest.approx(0.755, abs=0.02)
    assert np.mean(weighted) == pytest.approx(0.893, abs=0.02)


def test_weights_of_one_are_split_conformal() -> None:
    for n in (5, 99, 250):
        scores = derive(n, "ones").random(n)
        cut = c.split_conformal(scores, 0.05, miss=0.1).cut
        assert measure.weighted_cuts(scores, np.ones(n), np.ones(3), miss=0.1).tolist() == [cut] * 3
    assert np.isinf(measure.weighted_cuts([1.0, 2], [1.0, 1], [100.0], miss=0.1)).all()
    for weights, message in (([-1.0, 1], "at least 0"), ([0.0, 0], "positive"), ([math.nan, 1], "finite")):
        with pytest.raises(InputError, match=message):
            measure.weighted_cuts([1.0, 2], weights, [1.0], miss=0.1)
    with pytest.raises(InputError, match="miss must be between"):
        c.split_conformal([1.0], 0.05, miss=1.0)


@pytest.mark.parametrize(
    ("risk", "n", "kl", "bound", "mcallester"),
    [(0.05, 1000, 10, 0.1008, 0.1426), (0.1, 500, 5, 0.1774, 0.2086), (0.2, 200, 3, 0.3383, 0.3528)],
)
def test_expected_pac_bayes(risk: float, n: int, kl: float, bound: float, mcallester: float) -> None:
    assert measure.pac_bayes_kl(risk, n, kl, 0.05) == pytest.approx(bound, abs=5e-5)
    older = risk + math.sqrt((kl + math.log(2 * math.sqrt(n) / 0.05)) / (2 * n))
    assert older == pytest.approx(mcallester, abs=5e-5)


def test_a_noisy_head() -> None:
    rng = derive(0, "head")
    x, w = rng.normal(size=(500, 3)), np.array([1.0, -1, 0.5])
    y = (x @ w > 0).astype(int)
    loss = measure.gibbs_loss(x, y, w, 0.7)
    drawn = w + 0.7 * rng.normal(size=(20000, 3))
    assert loss[:5] == pytest.approx((((x[:5] @ drawn.T) > 0) != y[:5, None]).mean(axis=1), abs=0.015)
    found = c.head_risk(x, y, w, 0.05, scale=0.7)
    assert found.high == pytest.approx(measure.pac_bayes_kl(loss.mean(), 500, float(w @ w) / (2 * 0.49), 0.05))
    near = c.head_risk(x, y, w, 0.05, prior=w, scale=0.7)
    assert (near.high or 1) < (found.high or 0)
    assert measure.gaussian_kl(np.zeros(3), 1.0, 1.0) == 0
    assert measure.gaussian_kl([1.0], 2.0, 1.0) == pytest.approx(0.5 * (4 - 1 - math.log(4)) + 0.5)


def test_what_heads_refuse() -> None:
    x, y, w = np.eye(2), [0, 1], [1.0, 0]
    cases: list[tuple[dict[str, Any], str]] = [
        ({"features": np.zeros((2, 2))}, "no row all 0"),
        ({"features": x * math.nan}, "features must be finite"),
        ({"weights": [1.0]}, "features must have shape"),
        ({"labels": [0, 2]}, "labels must be classes"),
        ({"scale": 0.0}, "scale positive"),
        ({"prior": [1.0]}, "prior must have the head's 2 weights"),
        ({"features": np.zeros((0, 2)), "labels": []}, "with examples"),
    ]
    given: dict[str, Any] = {"features": x, "labels": y, "weights": w, "delta": 0.05}
    for other, message in cases:
        with pytest.raises(InputError, match=message):
            c.head_risk(**(given | other))
    for risk, n, kl in ((2.0, 5, 1.0), (0.1, 0, 1.0), (0.1, 5, math.inf), (0.1, 5, -1.0), (math.nan, 5, 1.0)):
        with pytest.raises(InputError):
            measure.pac_bayes_kl(risk, n, kl, 0.05)
    with pytest.raises(InputError, match="scales must be positive"):
        measure.gaussian_kl([1.0], 0.0, 1.0)
