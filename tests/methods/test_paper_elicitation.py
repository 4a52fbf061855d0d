"""CCS, CRC, ICM and DivDis against implementations of their own, written from their papers' equations."""

from itertools import combinations

import numpy as np
import pytest
from method_data import blobs, joined, method, split_of

from w2sg.core import CapabilityError, FloatArray, Inputs, IntArray, Student, WeakView, derive, registry
from w2sg.methods import ContrastConsistency, ContrastPca, InternalCoherence
from w2sg.methods.diverse import Heads
from w2sg.methods.elicitation.contrast import consistency_loss
from w2sg.methods.elicitation.single_flips import Reader
from w2sg.testing.samples import noisy

CLOSE = 1e-9
STEP, SLOPE = 1e-6, 1e-8
"""Central differences in float64 of losses below ten."""


def logistic(z: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-z)))


def softmax(logits: FloatArray) -> FloatArray:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def contrasts(n: int = 80, d: int = 6) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)), rng.normal(size=(n, d))


def test_ccs_has_the_loss_of_equations_2_to_4_and_its_slope() -> None:
    plus, minus = contrasts()
    probe = np.random.default_rng(1).normal(size=7)

    def loss(w: FloatArray) -> float:
        p, q = logistic(plus @ w[:-1] + w[-1]), logistic(minus @ w[:-1] + w[-1])
        consistency, confidence = (p - (1 - q)) ** 2, np.minimum(p, q) ** 2
        return float((consistency + confidence).mean() + 0.01 / 2 * (w[:-1] ** 2).sum())

    value, slope = consistency_loss(probe, plus, minus, 0.01)
    assert value == pytest.approx(loss(probe), abs=CLOSE)
    moves = STEP * np.eye(7)
    np.testing.assert_allclose(
        slope, [(loss(probe + move) - loss(probe - move)) / (2 * STEP) for move in moves], atol=SLOPE
    )


def test_ccs_ends_no_higher_than_the_papers_adamw() -> None:
    """Same loss, L-BFGS for their AdamW of 1000 steps at rate .01: from the paper's random directions, no worse."""
    plus, minus = contrasts(60, 4)
    found = ContrastConsistency().probe(plus, minus, derive(0, "ccs"))
    rng, ends = np.random.default_rng(2), []
    for _ in range(10):
        w = rng.normal(size=5)
        w /= np.linalg.norm(w)
        first, second = 0 * w, 0 * w
        for step in range(1, 1001):
            slope = consistency_loss(w, plus, minus, 0.01)[1]
            first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
            w = w - 0.01 * first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        ends.append(consistency_loss(w, plus, minus, 0.01)[0])
    assert consistency_loss(found, plus, minus, 0.01)[0] <= min(ends) + 1e-4


def test_crc_is_the_leading_right_singular_vector_of_the_differences() -> None:
    plus, minus = contrasts()
    plus, minus = plus - plus.mean(axis=0), minus - minus.mean(axis=0)
    axis = np.linalg.svd(plus - minus, full_matrices=False)[2][0]
    found = ContrastPca().probe(plus, minus, derive(0, "crc"))[:-1]
    assert abs(axis @ found) / np.linalg.norm(found) == pytest.approx(1, abs=CLOSE)


def texts(n: int = 60) -> WeakView:
    rng = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(30)])
    values = np.empty((n, 2), dtype=object)
    for place in np.ndindex(n, 2):
        values[place] = " ".join(words[rng.integers(30, size=6)])
    everyone = Inputs.of(values)
    return joined(split_of(everyone, noisy(rng.integers(2, size=n), 0.3, 2)), None, everyone)


def test_ccs_refuses_features_that_are_consistent_whatever_the_probe() -> None:
    view = texts()
    for pair in ("difference", "concatenation"):
        student = registry.build(Student, {"kind": "linear", "features": {"kind": "tfidf", "pair": pair}})
        if pair == "concatenation":
            method("ccs").fit(view, student, derive(0, "m"))
        else:
            with pytest.raises(CapabilityError, match="choose features with pair = 'concatenation'"):
                method("ccs").fit(view, student, derive(0, "m"))
        method("crc").fit(view, student, derive(0, "m"))


def features(n: int = 40) -> tuple[FloatArray, IntArray]:
    x, gold = blobs(n, 3, seed=3)
    return np.concatenate([x.astype(np.float64), np.ones((n, 1))], axis=1), gold


def predicted(x: FloatArray, labels: dict[int, int], row: int, k: int) -> FloatArray:
    """Return what all other labels predict for an example: ridge with penalty 1, four nats of log-odds a unit."""
    others = [i for i in labels if i != row]
    design, y = x[others], np.eye(k)[[labels[i] for i in others]] - 1 / k
    return softmax(4.0 * (x[row] @ np.linalg.inv(design.T @ design + np.eye(x.shape[1])) @ design.T @ y))


def utility(x: FloatArray, labels: dict[int, int], k: int) -> float:
    """2506.10139, equations 1 and 2: the mean log-odds of each label given the others, less contradictory pairs."""
    odds = []
    for row, label in labels.items():
        p = float(np.clip(predicted(x, labels, row, k)[label], 1e-5, 1 - 1e-5))
        odds.append(np.log(p / (1 - p)))
    most = int(np.ceil(len(labels) / k))
    beyond = [[row for row, label in labels.items() if label == c][most:] for c in range(k)]
    return float(30.0 * np.mean(odds) - sum(len(list(combinations(rows, 2))) for rows in beyond))


def annealed(x: FloatArray, k: int, steps: int, rng: np.random.Generator) -> tuple[dict[int, int], int]:
    """Algorithm 1: a random example at a time, its label predicted by the others, accepted by annealing."""
    n, flips = len(x), 0
    labels = {int(row): place % k for place, row in enumerate(rng.permutation(n)[:8])}
    for _ in range(steps):
        row = int(rng.integers(n))
        label = int(predicted(x, labels, row, k).argmax())
        counts = np.bincount(list({**labels, row: label}.values()), minlength=k)
        if counts.max() > np.ceil(counts.sum() / k) + 1:
            label = max(range(k), key=lambda c: utility(x, {**labels, row: c}, k))
        if labels.get(row) == label:
            continue
        moved = {**labels, row: label}
        heat = max(0.01, 10 / (1 + 2 * np.log(1 + flips)))
        if rng.random() < np.exp(min(0.0, (utility(x, moved, k) - utility(x, labels, k)) / heat)):
            labels, flips = moved, flips + 1
    return labels, flips


def test_icm_is_algorithm_1_flip_by_flip() -> None:
    x, _ = features()
    labels, flips = annealed(x, 3, 150, derive(0, "icm"))
    found = InternalCoherence(steps=150).search(Reader(x, 3, 4.0), derive(0, "icm"))
    assert {row: int(label) for row, label in enumerate(found) if label >= 0} == labels
    assert 30 < flips < 150


def test_mutual_predictability_is_that_of_refitting_without_each_example() -> None:
    x, gold = features()
    labels = np.where(np.arange(40) < 30, gold, -1)
    known = {row: int(label) for row, label in enumerate(labels) if label >= 0}
    reader = Reader(x, 3, 4.0)
    expected = utility(x, known, 3)
    assert 30 * reader.predictability(labels) - reader.contradictions(labels) == pytest.approx(expected, abs=1e-6)


def test_icm_finds_two_groups_and_the_weak_labels_name_them() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(2, size=200)
    everyone = Inputs.of((6.0 * np.eye(2, 4)[gold] + rng.normal(size=(200, 4))).astype(np.float32))
    view = joined(split_of(everyone, noisy(gold, 0.3, 2)), None, everyone)
    student = registry.build(Student, "linear")
    for seed in range(6):
        found = method("icm").fit(view, student, derive(seed, "m")).predict_proba(everyone).argmax(axis=1)
        assert (found == gold).mean() > 0.95


@pytest.mark.parametrize("count", [2, 3])
def test_divdis_has_the_papers_loss_and_its_slope(count: int) -> None:
    rng = np.random.default_rng(3)
    n, m, d, k = 30, 40, 4, 3
    taught = np.concatenate([rng.normal(size=(n, d)), np.ones((n, 1))], axis=1)
    free = np.concatenate([rng.normal(size=(m, d)), np.ones((m, 1))], axis=1)
    weak = rng.dirichlet(np.ones(k), size=n)

    def loss(flat: FloatArray) -> float:
        heads = flat.reshape(count, k, d + 1)
        taught_loss = sum(-(weak * np.log(softmax(taught @ head.T))).sum(axis=1).mean() for head in heads)
        said = [softmax(free @ head.T) for head in heads]
        repelled = 0.0
        for f, g in combinations(said, 2):
            together = np.einsum("mi,mj->ij", f, g) / m
            repelled += (together * np.log(together / np.outer(f.mean(axis=0), g.mean(axis=0)))).sum()
        shares = [f.mean(axis=0) for f in said]
        balanced = sum((share * np.log(share / weak.mean(axis=0))).sum() for share in shares)
        return float(taught_loss + repelled + balanced + 0.1 / 2 * (heads[:, :, :-1] ** 2).sum())

    at = rng.normal(size=count * k * (d + 1)) / 2
    value, slope = Heads(taught, weak, free, count, 1.0, 1.0, 0.1).loss(at)
    assert value == pytest.approx(loss(at), abs=CLOSE)
    moves = STEP * np.eye(len(at))
    # A constant that does not move probabilities is left out of the slope; through the softmax it is gone.
    np.testing.assert_allclose(slope, [(loss(at + move) - loss(at - move)) / (2 * STEP) for move in moves], atol=1e-7)
