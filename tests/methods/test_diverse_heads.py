"""DivDis: mutual information, the slope of its loss, and two cues that agree until they do not."""

import numpy as np
import pytest
from method_data import audit_of, blobs, joined, method, recorder, split_of, view_of, weak_labels

from w2sg.core import (
    Audit,
    CapabilityError,
    FloatArray,
    InputError,
    Inputs,
    IntArray,
    Student,
    WeakView,
    derive,
    one_hot,
    registry,
)
from w2sg.methods.diverse import Heads, mutual_information

SLOPE = 1e-6
"""Central differences in float64 with steps of 1e-6."""


def linear() -> Student:
    built = registry.build("students", "linear")
    assert isinstance(built, Student)
    return built


def test_mutual_information_of_independent_and_of_equal_answers() -> None:
    hard = one_hot(np.array([0, 0, 1, 1]), 2).astype(np.float64)
    crossed = one_hot(np.array([0, 1, 0, 1]), 2).astype(np.float64)
    assert mutual_information(hard, hard)[0] == pytest.approx(np.log(2))
    assert mutual_information(hard, crossed)[0] == pytest.approx(0, abs=1e-12)
    assert mutual_information(hard, hard[:, ::-1])[0] == pytest.approx(np.log(2))


def test_mutual_information_by_brute_force() -> None:
    rng = np.random.default_rng(0)
    f, g = rng.dirichlet(np.ones(3), size=9), rng.dirichlet(np.ones(3), size=9)
    total = 0.0
    for i in range(3):
        for j in range(3):
            joint = np.mean([f[x, i] * g[x, j] for x in range(9)])
            total += joint * np.log(joint / (f[:, i].mean() * g[:, j].mean()))
    assert mutual_information(f, g)[0] == pytest.approx(total)


@pytest.mark.parametrize(
    ("count", "diversity", "balance"), [(2, 1.0, 1.0), (3, 2.0, 0.5), (2, 0.0, 0.0), (2, 0.0, 1.0)]
)
def test_the_slope_of_the_loss(count: int, diversity: float, balance: float) -> None:
    rng = np.random.default_rng(0)
    x, free = rng.normal(size=(12, 4)), rng.normal(size=(20, 4))
    problem = Heads(x, rng.dirichlet(np.ones(3), size=12), free, count, diversity, balance, 0.1)
    w = rng.normal(size=problem.shape).ravel()
    _, gradient = problem.loss(w)
    for index in range(len(w)):
        step = np.eye(len(w))[index] * 1e-6
        rise = (problem.loss(w + step)[0] - problem.loss(w - step)[0]) / 2e-6
        assert gradient[index] == pytest.approx(rise, abs=SLOPE)


def cues(n: int = 300, seed: int = 0) -> tuple[WeakView, FloatArray, IntArray, IntArray]:
    """Two cues that agree in transfer but for a few examples, and are independent in the rest of the corpus."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=2 * n)
    other = truth.copy()
    other[n:] = rng.integers(2, size=n)
    odd = np.arange(0, n, 10)
    other[odd] = 1 - truth[odd]
    x = np.stack([2.0 * truth - 1, 3 * (2.0 * other - 1)], axis=1) + 0.2 * rng.normal(size=(2 * n, 2))
    everyone = Inputs.of(x.astype(np.float32))
    weak = one_hot(other[:n], 2) * 0.9 + 0.05  # the supervisor follows the other cue
    rows = np.sort(np.concatenate([odd[:10], np.arange(1, 7)]))
    view = joined(split_of(everyone.take(np.arange(n)), weak), None, everyone, Audit(rows, truth[rows]))
    return view, x, truth, other


def test_a_few_labels_choose_the_head_of_the_right_cue() -> None:
    view, x, truth, other = cues()
    rest = view.corpus.take(np.arange(300, 600))
    naive = method("naive").fit(view, linear(), derive(0, "m")).predict_proba(rest).argmax(axis=1)
    assert (naive == other[300:]).mean() > 0.95
    assert (naive == truth[300:]).mean() < 0.6
    found = method({"kind": "divdis", "diversity": 10}).fit(view, linear(), derive(0, "m"))
    assert (found.predict_proba(rest).argmax(axis=1) == truth[300:]).mean() > 0.9
    assert found.represent(rest).shape == (300, 2)
    misled = joined(view.transfer, None, view.corpus, Audit(audit_of(view).rows, other[audit_of(view).rows]))
    found = method({"kind": "divdis", "diversity": 10}).fit(misled, linear(), derive(0, "m"))
    assert (found.predict_proba(rest).argmax(axis=1) == other[300:]).mean() > 0.95


def test_without_repulsion_it_is_a_linear_head() -> None:
    x, gold = blobs(150)
    everyone = Inputs.of(x)
    weak = 0.8 * one_hot(gold, 3) + 0.2 / 3
    view = joined(split_of(everyone, weak), None, everyone, Audit(np.arange(5), gold[:5]))
    alone = method({"kind": "divdis", "diversity": 0, "balance": 0, "steps": 2000}).fit(view, linear(), derive(0, "m"))
    tight = registry.build("students", {"kind": "linear", "tolerance": 1e-6, "steps": 2000})
    assert isinstance(tight, Student)
    naive = method("naive").fit(view, tight, derive(0, "m"))
    # both solvers end within about 1e-3 of the same optimum
    np.testing.assert_allclose(alone.predict_proba(everyone), naive.predict_proba(everyone), atol=5e-3)


def test_what_it_needs_is_said() -> None:
    divdis = method("divdis")
    assert (divdis.audits, divdis.requires) == (16, frozenset({"embed"}))
    with pytest.raises(InputError, match="chooses its head by 16 gold labels, and the view has none: audit"):
        divdis.fit(view_of(weak_labels(30)), linear(), derive(0, "m"))
    with pytest.raises(CapabilityError, match="method needs 'embed'"):
        divdis.fit(view_of(weak_labels(30)), recorder(), derive(0, "m"))
