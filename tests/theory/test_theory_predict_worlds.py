"""In the world of each theory, where its hypotheses hold, what it says is right."""

import math

import numpy as np
import pytest
from predictor_data import LINEAR, close, observed, said, theory
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from scipy.stats import spearmanr

from w2sg.core import FloatArray, registry
from w2sg.theory.identities import kl_gain
from w2sg.worlds import World, least_squares


def made(kind: str, **fields: object) -> World:
    """Return a registered world."""
    world = registry.build("worlds", {"kind": kind, **fields})
    assert isinstance(world, World)
    return world


def realizable(rng: np.random.Generator, transfer: int, trials: int) -> tuple[FloatArray, FloatArray]:
    """Return gains and misfits of least squares on a subspace that holds the truth, not the supervisor's error."""
    d_w, d_s, n, rows = 30, 20, 90, []
    for _ in range(trials):
        supervisor = np.zeros(40)
        supervisor[:d_w] = least_squares(rng.standard_normal((n, d_w)), rng.standard_normal(n))
        u = rng.standard_normal((transfer, 40))
        student = np.zeros(40)
        student[-d_s:] = least_squares(u[:, -d_s:], u @ supervisor)
        rows.append((supervisor @ supervisor - student @ student, np.sum((supervisor - student) ** 2)))
    return np.array(rows)[:, 0], np.array(rows)[:, 1]


def test_misfit_is_the_gain_of_a_projection_onto_a_class_with_the_truth() -> None:
    gains, misfits = realizable(np.random.default_rng(0), 20_000, 20)
    found = np.array([said("misfit", observed(misfit=misfit)) for misfit in misfits])
    assert found == pytest.approx(gains, abs=0.02)  # 20,000 inputs are not infinitely many


def test_the_finite_sample_misfit_is_right_where_the_misfit_is_not() -> None:
    gains, misfits = realizable(np.random.default_rng(1), 100, 300)
    seen = [observed(misfit=misfit, d_strong=20, n_transfer=100) for misfit in misfits]
    assert close(np.array([said("misfit-finite-sample", one) for one in seen]) - gains)
    assert not close(misfits - gains, 10)


def test_misfit_plus_cross_term_is_the_gain_in_any_world() -> None:
    rng = np.random.default_rng(2)
    weak, student, truth = rng.normal(size=(3, 1000))
    gain = np.mean((weak - truth) ** 2 - (student - truth) ** 2)
    cross, misfit = np.mean((weak - student) * (student - truth)), np.mean((weak - student) ** 2)
    answer = theory("misfit-cross-term").predict(observed(misfit=misfit, audit_cross=cross))
    assert answer.mean == pytest.approx(gain)
    assert answer.standing == "holds"


def test_forward_misfit_is_the_gain_in_reversed_risk_of_a_logit_linear_student() -> None:
    """Any truth in the class, soft labels, no penalty: exact on the inputs that were trained on."""
    rng = np.random.default_rng(3)
    n, d, k = 400, 4, 3
    h = np.concatenate([np.ones((n, 1)), rng.normal(size=(n, d))], axis=1)
    weak, truth = softmax(2 * rng.normal(size=(n, k)), axis=1), log_softmax(h @ rng.normal(size=(d + 1, k)), axis=1)

    def loss(flat: FloatArray) -> tuple[float, FloatArray]:
        logits = log_softmax(h @ flat.reshape(d + 1, k), axis=1)
        return -float((weak * logits).sum()) / n, (h.T @ (np.exp(logits) - weak) / n).ravel()

    fit = minimize(loss, np.zeros((d + 1) * k), jac=True, method="BFGS", options={"gtol": 1e-9})
    student = log_softmax(h @ fit.x.reshape(d + 1, k), axis=1)
    reversed_gain = np.mean((weak * (np.log(weak) - truth) - np.exp(student) * (student - truth)).sum(axis=1))
    misfit = np.mean((weak * (np.log(weak) - student)).sum(axis=1))
    assert said("misfit-kl", observed(misfit_kl=misfit)) == pytest.approx(reversed_gain, rel=1e-6)


def test_reverse_misfit_bounds_the_gain_of_a_projection_onto_mixtures() -> None:
    """Students are mixtures of fixed experts, and so is the truth: convex in the probabilities."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        experts = rng.dirichlet(np.ones(3), size=(4, 50))
        weak, truth = rng.dirichlet(np.ones(3), size=50), np.tensordot(rng.dirichlet(np.ones(4)), experts, axes=1)

        def student(a: FloatArray, experts: FloatArray = experts) -> FloatArray:
            return np.asarray(np.tensordot(softmax(a), experts, axes=1))

        def loss(a: FloatArray, weak: FloatArray = weak) -> float:
            p = student(a)
            return float((p * np.log(p / weak)).sum(axis=1).mean())

        parts = kl_gain(weak, student(minimize(loss, np.zeros(4), tol=1e-12).x), truth)
        found = said("misfit-reverse-kl", observed(misfit_reverse_kl=parts.misfit.value))
        assert found <= parts.gain.value + 1e-6


def test_intrinsic_dimension_says_what_its_world_does() -> None:
    fields = {"d_w": 80, "d_s": 40, "d_sw": 10, "n": 200, "N": 1000, "sigma": 1.0}
    simulated = made("intrinsic-dimension", **fields, trials=60).simulate(np.random.default_rng(4))
    values = {"d_weak": 80, "d_strong": 40, "d_shared": 10, "n_supervision": 200, "n_transfer": 1000}
    gain = said("intrinsic-dimension", observed(noise=1.0, **values))
    assert gain == pytest.approx(0.6723 - 0.1086, abs=2e-4)
    found = simulated["gain"]
    assert found.se is not None
    assert abs(found.value - gain) < 4 * found.se
    assert said("intrinsic-dimension-pgr", observed(**values), ceiling="all") == pytest.approx(0.884, abs=5e-4)
    # the ceiling of the transfer split alone: sigma^2 d / (N - d - 1)
    assert said("intrinsic-dimension-pgr", observed(**values)) == pytest.approx(gain / (80 / 119 - 40 / 959))


def test_the_mean_of_supervisors_gains_their_variance() -> None:
    """Against any truth: a bias that all share does not enter."""
    rng = np.random.default_rng(5)
    supervisors = rng.normal(size=(6, 500, 2)) + rng.normal(size=(500, 2))
    truth, mean = rng.normal(size=(500, 2)) + 3, supervisors.mean(axis=0)
    gain = np.square(supervisors - truth).sum(-1).mean() - np.square(mean - truth).sum(-1).mean()
    variance = np.square(supervisors - mean).sum(-1).mean()
    assert said("ensemble-variance", observed(ensemble_squared=variance)) == pytest.approx(gain)


def test_calibrated_votes_tell_the_vote_s_gain() -> None:
    rng = np.random.default_rng(6)
    n, k, members = 200_000, 3, 6
    share = rng.dirichlet(np.ones(k), size=n)
    named = (rng.random((members + 1, n, 1)) > share.cumsum(axis=1)).sum(axis=-1)
    label, votes = named[0], named[1:]
    counts = (votes[:, :, None] == np.arange(k)).sum(axis=0)
    pair = 1 - (counts * (counts - 1)).sum(axis=1).mean() / members / (members - 1)
    others = counts - (votes[0][:, None] == np.arange(k)) + 1e-6 * rng.random((n, k))
    found = said(
        "ensemble-calibration",
        observed(ensemble_pair_error=pair, ensemble_rest_error=np.mean(others.argmax(1) != votes[0])),
    )
    gain = np.mean(votes[0] != label) - np.mean(others.argmax(axis=1) != label)
    assert found == pytest.approx(gain, abs=4 * math.sqrt(2 / n))


def test_group_shift_is_exact_given_the_inputs() -> None:
    rng = np.random.default_rng(7)
    n, transfer, d_w, d_s = 120, 150, 10, 8
    mixing = rng.normal(size=(12, 12)) / 3
    x, u, t = (rng.normal(size=(size, 12)) * scale @ mixing for size, scale in ((n, 1), (transfer, 2), (5000, 0.5)))
    t = t + rng.normal(size=12) / 2
    weak, strong = slice(0, d_w), slice(4, 4 + d_s)
    truth = np.zeros(12)
    truth[4:d_w] = 1.0  # both express it
    moment = x[:, weak].T @ x[:, weak] / n
    a = np.linalg.lstsq(u[:, strong], u[:, weak], rcond=None)[0]
    traces = [
        np.trace(np.linalg.solve(moment, s)) / n
        for s in (t[:, weak].T @ t[:, weak] / len(t), a.T @ t[:, strong].T @ t[:, strong] @ a / len(t))
    ]
    gains = []
    for _ in range(400):
        supervisor = np.linalg.lstsq(x[:, weak], x @ truth + rng.normal(size=n), rcond=None)[0]
        student = np.linalg.lstsq(u[:, strong], u[:, weak] @ supervisor, rcond=None)[0]
        gains.append(
            np.mean((t[:, weak] @ supervisor - t @ truth) ** 2) - np.mean((t[:, strong] @ student - t @ truth) ** 2)
        )
    found = said("group-shift", observed(noise=1.0, moment_weak=traces[0], moment_student=traces[1]))
    assert close(np.array(gains) - found)


def smoothers(rng: np.random.Generator, ridge: float) -> tuple[FloatArray, FloatArray]:
    """Return P_w and P_s of two overlapping feature sets on 60 inputs."""
    x = rng.normal(size=(60, 20))
    parts = (x[:, :10], x[:, 5:15])
    first, second = (np.asarray(h @ np.linalg.solve(h.T @ h + ridge * np.eye(10), h.T)) for h in parts)
    return first, second


def test_the_representation_gap_is_exact_on_the_inputs_that_both_are_fitted_on() -> None:
    rng = np.random.default_rng(8)
    p_w, p_s = smoothers(rng, 5.0)
    y = rng.normal(size=60)
    distance = np.mean((p_s @ y - p_s @ (p_w @ y)) ** 2)
    plugin = np.sum((p_s @ (np.eye(60) - p_w) @ y) ** 2) / 60
    assert said("representation-gap", observed(gap_plugin=plugin)) == pytest.approx(distance)
    assert theory("representation-gap").target == "shortfall"


def test_the_representation_trace_is_the_mean_gap_of_labels_without_direction() -> None:
    rng = np.random.default_rng(9)
    p_w, p_s = smoothers(rng, 0.0)
    gaps = np.sum((1.5 * rng.normal(size=(4000, 60)) @ (np.eye(60) - p_w) @ p_s) ** 2, axis=1) / 60
    trace = np.trace(p_s @ (np.eye(60) - p_w)) / 60
    assert close(gaps - said("representation-trace", observed(gap_trace=trace, label_variance=2.25)))


RIDGE = {"noise": 1.0, "label_variance": 2.0, "d_weak": 200, "d_strong": 200, "n_supervision": 400, "n_transfer": 400}


def test_two_stage_ridge_says_what_its_world_does() -> None:
    fields = {"gamma": 0.5, "sigma2": 1.0, "lambda_t": 0.1, "lambda_s": 0.5}
    simulated = made("two-stage-ridge", **fields, d=200, trials=20).simulate(np.random.default_rng(10))["gain"]
    found = said("two-stage-ridge", observed(**RIDGE, ridge_weak=0.1, ridge_strong=0.5))
    assert found == pytest.approx(0.6036 - 0.4971, abs=2e-4)
    assert simulated.se is not None
    assert abs(simulated.value - found) < 4 * simulated.se
    # where the misfit is the gain's opposite
    wrong = said("two-stage-ridge", observed(**RIDGE, ridge_weak=0.5, ridge_strong=0.1))
    assert wrong == pytest.approx(-0.0202, abs=5e-5)


def test_ridgeless_is_the_limit_of_small_penalties() -> None:
    assert said("ridgeless", observed(**RIDGE)) == 0  # a student with more inputs than dimensions copies
    few = {**RIDGE, "n_transfer": 120, "label_variance": 1.5}
    limit = said("two-stage-ridge", observed(**few, ridge_weak=1e-9, ridge_strong=1e-9))
    assert said("ridgeless", observed(**few)) == pytest.approx(limit, rel=1e-5)
    rng, gains = np.random.default_rng(11), []
    truth = math.sqrt(0.5) * np.eye(200)[0]
    for _ in range(20):
        supervisor = least_squares(x := rng.standard_normal((400, 200)), x @ truth + rng.standard_normal(400))
        u = rng.standard_normal((120, 200))
        student = np.linalg.lstsq(u, u @ supervisor, rcond=None)[0]
        gains.append(np.sum((supervisor - truth) ** 2) - np.sum((student - truth) ** 2))
    assert np.mean(gains) == pytest.approx(limit, abs=4 * np.std(gains) / math.sqrt(20) + 0.02)
    equal = theory("ridgeless").predict(observed(**{**RIDGE, "n_supervision": 200}))
    assert "interpolation peak" in str(equal.abstains)


def test_no_contraction_of_a_projection_gains_more_than_the_limit() -> None:
    rng = np.random.default_rng(12)
    for _ in range(2000):
        f, noise = rng.normal(size=12), rng.exponential() * rng.integers(2)
        frame = np.linalg.qr(rng.normal(size=(12, 12)))[0]
        kept = frame[:, : rng.integers(1, 12)]
        supervisor = kept @ kept.T @ f
        student = frame @ (rng.random(12) * (frame.T @ supervisor)) if rng.random() < 0.5 else rng.random() * supervisor
        gain = np.sum((supervisor - f) ** 2) - np.sum((student - f) ** 2)
        seen = observed(weak_squared=np.sum((supervisor - f) ** 2) + noise, label_variance=float(f @ f + noise))
        assert gain <= said("random-feature-limit", seen) + 1e-12


def test_no_filter_of_a_projection_gains_more_than_its_limit_which_is_sharp() -> None:
    rng = np.random.default_rng(17)
    for _ in range(2000):
        size = int(rng.integers(2, 8))
        truth = rng.normal(size=size)
        kept = np.linalg.qr(rng.normal(size=(size, size)))[0][:, : rng.integers(1, size)]
        supervisor = kept @ kept.T @ truth
        own = np.linalg.qr(rng.normal(size=(size, size)))[0]
        shares = rng.choice([rng.random(size) ** 0.2, rng.random(size) ** 5, rng.integers(0, 2, size)])
        student = own @ (shares * (own.T @ supervisor))
        weak, variance = np.sum((supervisor - truth) ** 2), float(truth @ truth)
        limit = said("filter-limit", observed(weak_squared=weak, label_variance=variance))
        assert weak - np.sum((student - truth) ** 2) <= limit + 1e-12
        assert limit <= said("random-feature-limit", observed(weak_squared=weak, label_variance=variance)) + 1e-12
        # The nearest point of the ball around w / 2 is the projection of the supervisor onto the line through it.
        centre = supervisor / 2
        nearest = centre + np.linalg.norm(centre) * (truth - centre) / np.linalg.norm(truth - centre)
        along = nearest / np.linalg.norm(nearest)
        assert nearest == pytest.approx(along * (along @ supervisor), abs=1e-9)
        assert weak - np.sum((nearest - truth) ** 2) == pytest.approx(limit, abs=1e-9)


def test_a_student_that_keeps_the_truth_s_direction_has_the_supervisor_s_risk_squared() -> None:
    rng = np.random.default_rng(13)
    f, kept = 3.0 * np.eye(10)[0], np.linalg.qr(rng.normal(size=(10, 4)))[0]
    supervisor = kept @ kept.T @ f
    student = np.eye(10)[0] * supervisor[0]
    weak = np.sum((supervisor - f) ** 2)
    found = said("early-stopping", observed(weak_squared=weak, label_variance=f @ f))
    assert found == pytest.approx(weak - np.sum((student - f) ** 2))
    assert found < said("random-feature-limit", observed(weak_squared=weak, label_variance=f @ f))


@pytest.mark.parametrize(
    ("cos", "supervisor", "student"),
    [
        (0.2, 0.6179, 0.7999),
        (0.4, 0.7257, 0.8960),
        (0.6, 0.8159, 0.9225),
        (0.8, 0.8849, 0.9307),
        (0.95, 0.9229, 0.9329),
    ],
)
def test_mixture_finds_the_gain_of_one_step(cos: float, supervisor: float, student: float) -> None:
    d, m = 50, 1.5**2
    values = {"anisotropy": (1 + m) / (1 + m / d), "d_strong": d, "n_transfer": 1e9}
    assert said("mixture", observed(weak_error=1 - supervisor, **values)) == pytest.approx(
        student - supervisor, abs=2e-4
    )
    assert cos > 0


def test_mixture_reads_the_spectrum_of_its_world() -> None:
    rng = np.random.default_rng(14)
    d, n, mu = 20, 40_000, np.eye(20)[0] * 1.5
    y = rng.choice([-1.0, 1.0], size=n)
    x = y[:, None] * mu + rng.normal(size=(n, d))
    b = np.array([0.5, math.sqrt(0.75)] + [0.0] * (d - 2))
    labels = np.sign(x @ b)
    student = (labels[:, None] * x).mean(axis=0)
    gain = np.mean(np.sign(x @ student) == y) - np.mean(labels == y)
    eigenvalues = np.linalg.eigvalsh(np.cov(x.T))
    seen = observed(
        {**LINEAR, "classes": "2", "student_class": "logit-linear"},
        n=n,
        weak_error=np.mean(labels != y),
        anisotropy=eigenvalues.max() / eigenvalues.mean(),
        d_strong=d,
        d_strong_effective=eigenvalues.sum() ** 2 / np.square(eigenvalues).sum(),
        n_transfer=n,
    )
    answer = theory("mixture").predict(seen)
    assert answer.mean == pytest.approx(gain, abs=0.01)


def test_overlap_density_orders_its_world() -> None:
    gains, found = [], []
    for l2 in (0.01, 1.0, 10.0):
        for overlap in (0.0, 0.25, 0.5):
            world = made("overlap", overlap=overlap, l2=l2, trials=3).simulate(np.random.default_rng(15))
            gains.append(world["student_accuracy"].value - world["weak_accuracy"].value)
            agreement = world["training_agreement"].value
            found.append(said("overlap-density", observed(overlap_density=overlap, training_agreement=agreement)))
    assert spearmanr(found, gains).statistic > 0.6
    assert found[0] == found[3] == 0


def test_similarity_is_that_of_capa() -> None:
    rng = np.random.default_rng(16)
    n, k = 20_000, 4
    gold = rng.integers(k, size=n)

    def one(right: float) -> FloatArray:
        """Return a model that is sure, and right so often, whatever the input."""
        hit = rng.random(n) < right
        return np.asarray(np.eye(k)[np.where(hit, gold, (gold + rng.integers(1, k, size=n)) % k)])

    first, second = one(0.7), one(0.8)

    def seen(p: FloatArray, q: FloatArray) -> dict[str, float]:
        rows = np.arange(n)
        return {
            "model_agreement": float((p * q).sum(axis=1).mean()),
            "audit_weak_probability": float(p[rows, gold].mean()),
            "audit_student_probability": float(q[rows, gold].mean()),
            "n_classes": k,
        }

    assert said("similarity", observed(**seen(first, first))) == pytest.approx(0, abs=1e-12)
    assert said("similarity", observed(**seen(first, second))) == pytest.approx(0.3, abs=0.02)
