"""Bought labels: trust functions and trusted mixes, and that the laboratory writes the purchase down."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from method_data import Recorder, audit_of, blobs, composed, decided, flipped, method, recorder, student, view_on

from w2sg.core import ConfigError, FloatArray, InputError, IntArray, WeakView, derive, registry
from w2sg.graph import LedgerEntry, Store
from w2sg.methods import AuditedTrust, TrustedGold, TrustedWeight
from w2sg.methods.filters.trust import leading_components, log_odds, trust_of

PENALTY = 1e-3
"""Two optimisers of one convex function."""


def planted(n: int = 400, bought: int = 60, seed: int = 0) -> tuple[WeakView, IntArray]:
    """A view whose weak labels are wrong mostly where the first column is positive, and the gold."""
    x, gold = blobs(n, 3, seed)
    rng = np.random.default_rng(seed)
    x = np.concatenate([4 * rng.normal(size=(n, 1)), x], axis=1).astype(np.float32)
    wrong = rng.random(n) < np.where(x[:, 0] > 0, 0.7, 0.05)
    named = np.where(wrong, (gold + 1) % 3, gold)
    weak = (0.2 * rng.dirichlet(np.ones(3), size=n) + 0.8 * np.eye(3)[named]).astype(np.float32)
    rows = np.sort(rng.choice(n, bought, replace=False))
    return view_on(x, weak, (rows, gold[rows])), gold


def right(view: WeakView, gold: IntArray) -> Any:
    return view.transfer.weak.named == gold


def test_trust_finds_where_the_supervisor_is_wrong() -> None:
    view, gold = planted()
    weights, correct = decided(AuditedTrust(labels=60), view), right(view, gold)
    assert correct.mean() == pytest.approx(0.66, abs=0.03)
    assert correct[weights > 0].mean() > 0.85
    assert weights[correct].mean() > 0.85
    trust = decided(AuditedTrust(labels=60, use="weight"), view)
    assert trust.min() >= 0
    assert trust.max() <= 1
    np.testing.assert_array_equal(trust > 0.5, weights > 0)
    strict = decided(AuditedTrust(labels=60, threshold=0.8), view)
    np.testing.assert_array_equal(strict > 0, trust > np.float32(0.8))


def test_the_model_is_penalised_logistic_regression() -> None:
    from scipy.optimize import minimize

    rng = np.random.default_rng(0)
    signs, rows = rng.normal(size=(80, 3)), np.arange(30)
    hits = (signs[:30, 0] + rng.normal(size=30) > -0.5).astype(np.int64)

    def loss(b: FloatArray) -> float:
        odds = signs[:30] @ b[:3] + b[3]
        return float((np.logaddexp(0, odds) - hits * odds).sum() + (b[:3] ** 2).sum() / (2 * 0.3))

    best = minimize(loss, np.zeros(4)).x
    found = trust_of(signs, rows, hits, 0.3)
    np.testing.assert_allclose(found[30:], 1 / (1 + np.exp(-(signs[30:] @ best[:3] + best[3]))), atol=PENALTY)
    np.testing.assert_array_equal(found[:30], hits)


@pytest.mark.parametrize(("hits", "elsewhere"), [(np.ones(8, int), 9 / 10), (np.zeros(8, int), 1 / 10)])
def test_where_all_or_none_are_right_trust_is_laplaces(hits: IntArray, elsewhere: float) -> None:
    found = trust_of(np.random.default_rng(0).normal(size=(20, 2)), np.arange(8), hits, 1.0)
    np.testing.assert_allclose(found[8:], elsewhere)
    assert found[:8].tolist() == hits.tolist()


@pytest.mark.parametrize("shape", [(30, 6), (6, 30)])
def test_components_are_those_of_the_singular_values(shape: tuple[int, int]) -> None:
    x = np.random.default_rng(0).normal(size=shape) * np.arange(1, shape[1] + 1)
    left, _, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    found = leading_components(x.astype(np.float32), 3)[:, ::-1]
    assert found.shape == (shape[0], 3)
    np.testing.assert_allclose(np.abs(found), np.abs(left[:, :3]) * np.sqrt(shape[0]), atol=1e-4)


def test_components_without_variance_are_left_out() -> None:
    x = np.outer(np.arange(5.0), [1, 2, 0])
    assert leading_components(x, 3).shape == (5, 1)
    assert leading_components(np.ones((5, 3)), 2).shape == (5, 0)


def test_certain_labels_have_finite_odds() -> None:
    found = log_odds(np.array([[1, 0], [0.5, 0.5], [0.1, 0.9]], dtype=np.float32))
    assert np.isfinite(found).all()
    assert found.argsort().tolist() == [1, 2, 0]
    assert log_odds(np.eye(2)).tolist() == [0, 0]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), names=st.permutations([0, 1, 2]))
def test_neither_order_nor_names_matter(seed: int, names: list[int]) -> None:
    view, gold = planted(90, 40, seed)
    x, weak = view.transfer.inputs.values, view.transfer.weak.probabilities
    plain = decided(AuditedTrust(labels=40, use="weight"), view)
    rows = audit_of(view).rows
    order = np.random.default_rng(seed).permutation(90)
    moved = np.argsort(order)[rows]
    shuffled = decided(AuditedTrust(labels=40, use="weight"), view_on(x[order], weak[order], (moved, gold[rows])))
    np.testing.assert_allclose(shuffled, plain[order], atol=PENALTY)
    new = np.argsort(names)[gold[rows]]
    renamed = decided(AuditedTrust(labels=40, use="weight"), view_on(x, weak[:, names], (rows, new)))
    np.testing.assert_allclose(renamed, plain, atol=PENALTY)


def test_trusted_labels_are_gold_and_weigh_more() -> None:
    view, gold = planted(100, 20)
    rows = audit_of(view).rows
    others = np.setdiff1d(np.arange(100), rows)
    weights = decided(TrustedWeight(labels=20, weight=3), view)
    assert set(weights[rows]) == {3}
    assert set(weights[others]) == {1}
    labels = decided(registry.build("relabelings", {"kind": "trusted", "labels": 20}), view)
    np.testing.assert_array_equal(labels[rows], np.eye(3)[gold[rows]])
    np.testing.assert_array_equal(labels[others], view.transfer.weak.probabilities[others])


def test_the_mix_shares_one_purchase() -> None:
    mix = method("trusted-mix")
    assert (mix.audits, composed(select={"kind": "trusted", "labels": 9}, relabel="trusted").audits) == (50, 50)
    view, gold = planted(100, 50)
    mix.fit(view, recorder(), derive(0, "x"))
    (fit,) = Recorder.asked
    rows = audit_of(view).rows
    assert fit.weights is not None
    assert np.flatnonzero(fit.weights == 4).tolist() == rows.tolist()
    np.testing.assert_array_equal(fit.targets[rows], np.eye(3)[gold[rows]])


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (
            AuditedTrust(),
            "selection 'audited-trust' buys 50 gold labels, and this view has none: give a view with an audit",
        ),
        (TrustedWeight(labels=7), "selection 'trusted' buys 7 gold labels"),
        (TrustedGold(), "relabeling 'trusted' buys 50 gold labels"),
    ],
)
def test_a_view_without_bought_labels_is_refused(part: Any, message: str) -> None:
    x, gold = blobs(60)
    with pytest.raises(InputError, match=message):
        decided(part, view_on(x, flipped(gold, 3)))


@pytest.mark.parametrize("fields", [{"labels": 0}, {"threshold": 1}, {"c": 0}, {"components": 0}, {"use": "vote"}])
def test_nonsense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(fields))):
        registry.build("selections", {"kind": "audited-trust", **fields})


@pytest.mark.parametrize(("name", "labels"), [("audited-trust", 50), ("trusted-mix", 50), ("audited-trust", 20)])
def test_the_vault_writes_the_purchase_down(tmp_path: Path, name: str, labels: int) -> None:
    spec: dict[str, Any] = {"kind": name, "select": {"labels": labels}}
    from w2sg.lab import run

    run("wine", method=spec, seeds=2, store=tmp_path, workers=1)
    purchases = _purchases(tmp_path)
    assert len(purchases) == 2 + 2, "the method's students and the direct ones"
    of_the_method = [bought for bought in purchases if bought]
    assert len(of_the_method) == 2, "a direct student buys none"
    for bought in of_the_method:
        assert [(entry.split, entry.n, len(entry.rows or ())) for entry in bought] == [("transfer", labels, labels)]


def test_more_labels_than_examples_are_refused(tmp_path: Path) -> None:
    from w2sg.lab import run

    with pytest.raises(InputError, match=r"an audit of split 'transfer' takes 1 to \d+ labels, got 5000"):
        run("wine", method={"kind": "audited-trust", "select": {"labels": 5000}}, seeds=1, store=tmp_path, workers=1)


def _purchases(folder: Path) -> list[list[LedgerEntry]]:
    """Return what the ledger says was bought for each trained student."""
    with Store(folder) as store:
        keys = [row["key"] for row in store.artifact_rows() if row["step"] == "student"]
        releases = [store.ledger(steps=[key]) for key in keys]
    return [[entry for entry in of_step if entry.purpose == "audit"] for of_step in releases]


def test_gold_as_weak_labels_keeps_all() -> None:
    x, gold = blobs(100)
    view = view_on(x, np.eye(3)[gold], (np.arange(50), gold[:50]))
    assert decided(AuditedTrust(), view, student()).tolist() == [1] * 100
