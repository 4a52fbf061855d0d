"""Pools with a judge: exponents and intervals in a world that is such a pool, and which labels each reading may see."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from observer_data import recorded, tried, wine

from w2sg.core import CATALOGUE, FloatArray, InfoSet, Observables
from w2sg.theory.observing import beliefs
from w2sg.theory.observing.runs import TaskObserver

EXPONENTS = np.array([0.3, 0.8, 0.6])


def pooled_world(rng: np.random.Generator, n: int, k: int = 3) -> tuple[Sequence[FloatArray], FloatArray]:
    """Return what three models say of `n` inputs, and labels that are distributed as their pool says."""
    models = [rng.dirichlet(np.ones(k), n) for _ in EXPONENTS]
    truth = np.exp(sum(a * np.log(model) for a, model in zip(EXPONENTS, models, strict=True)))
    truth /= truth.sum(axis=1, keepdims=True)
    labels = (rng.random((n, 1)) > truth.cumsum(axis=1)).sum(axis=1)
    return models, np.asarray(np.eye(k)[labels], dtype=np.float64)


def flipped(labels: FloatArray, share: float, rng: np.random.Generator) -> FloatArray:
    n, k = labels.shape
    other = (labels.argmax(axis=1) + rng.integers(1, k, n)) % k
    return np.where(rng.random((n, 1)) < share, np.eye(k)[other], labels)


def test_exponents_are_found_also_from_labels_of_which_some_are_wrong() -> None:
    rng = np.random.default_rng(0)
    models, labels = pooled_world(rng, 20_000)
    noisy = flipped(labels, 0.3, rng)
    clean, told, untold = (beliefs.pool(models, *given) for given in ((labels,), (noisy,), (noisy,)))
    told = beliefs.pool(models, noisy, noise=0.3)
    for found in (clean, told):
        assert np.all(np.abs(found.exponents - EXPONENTS) < 4 * np.sqrt(np.diag(found.covariance)))
    # Wrong labels cost precision, and who is not told of them believes all models too little.
    assert np.all(np.diag(told.covariance) > np.diag(clean.covariance))
    assert np.all(untold.exponents < EXPONENTS - 0.05)


def test_intervals_hold_the_gain_on_the_very_inputs_as_often_as_they_say() -> None:
    rng = np.random.default_rng(2)
    held, widths, gains = [], [], []
    for _ in range(400):
        models, labels = pooled_world(rng, 360)
        found = beliefs.implied([m[:160] for m in models], labels[:160], [m[160:] for m in models])
        weak, student, gold = models[0][160:], models[1][160:], labels[160:].argmax(axis=1)
        gain = float(np.mean((weak.argmax(axis=1) != gold) * 1.0 - (student.argmax(axis=1) != gold)))
        half = 1.645 * found["error"].batch_se
        held.append(abs(gain - found["error"].batch) <= half)
        widths.append(half)
        gains.append(gain)
    # The world is such a pool, so that what intervals hold for being off is to spare.
    assert 0.88 <= np.mean(held) <= 0.97
    # Around no gain at all an interval has to be wider: what is said of these inputs is of use.
    assert np.mean(widths) < 0.8 * np.quantile(np.abs(gains), 0.9)


@pytest.mark.parametrize(
    "supervisor",
    [
        {"kind": "fewer-labels", "labels": 20},
        {"kind": "trained", "labels": 20, "label_noise": 0.2},
    ],
)
def test_the_strict_reading_rests_on_the_labels_that_the_supervisor_saw(supervisor: dict[str, Any]) -> None:
    """Gold of labels that it did not see is shuffled: nothing that S0-strict holds changes, and S0-validation does."""

    def seen(spoiled: bool) -> Observables:
        data, setup = wine(), tried(supervisor)
        run = recorded(data, setup)
        gold = data.vault._Vault__gold["supervision"].copy()  # type: ignore[attr-defined]
        observer = TaskObserver(data, 0)
        used = observer._again._seen(setup.supervisor).rows
        unused = np.setdiff1d(np.arange(len(gold)), used)
        if spoiled:
            gold[unused] = (gold[unused] + 1) % 3
            data.vault._Vault__gold["supervision"] = gold  # type: ignore[attr-defined]
        observer = TaskObserver(data, 0)
        observer.train_again([run])
        return observer.observe(run)[0]

    before, after = seen(False), seen(True)
    strict = [name for name in before.quantities if CATALOGUE[name].info == InfoSet.S0_STRICT]
    assert "judged_strict_gain_error" in strict
    assert {name: before[name] for name in strict} == {name: after[name] for name in strict}
    assert before.value("judged_gain_error") != after.value("judged_gain_error")


def test_a_simulated_supervisor_is_judged_as_it_is_and_has_no_strict_reading() -> None:
    data, setup = wine(), tried({"kind": "simulated-region", "accuracy": 0.7})
    run = recorded(data, setup)
    observer = TaskObserver(data, 0)
    observer.train_again([run])
    found = observer.observe(run)[0]
    assert found["judged_batch_gain_error"].n == len(data.supervision)
    assert "has learned from no labels" in found.missing["judged_strict_gain_error"]
    assert "simulated" in found.missing["refitted_gain_error"]


def test_a_supervisor_of_all_labels_has_one_reading() -> None:
    data, setup = wine(), tried("few-features")
    run = recorded(data, setup)
    observer = TaskObserver(data, 0)
    observer.train_again([run])
    found = observer.observe(run)[0]
    for unit in ("error", "squared", "kl"):
        assert found[f"judged_strict_gain_{unit}"] == found[f"judged_gain_{unit}"]
        assert found[f"judged_strict_batch_gain_{unit}"] == found[f"judged_batch_gain_{unit}"]


def test_shuffled_gold_tells_theories_nothing_and_everything_else_stays() -> None:
    data, setup = wine(), tried("few-features")
    run = recorded(data, setup)
    found = []
    for shuffled in (False, True):
        observer = TaskObserver(wine(), 0, shuffled=shuffled)
        observer.train_again([run])
        found.append(observer.observe(run)[0])
    honest, check = found
    assert check.value("weak_error") > honest.value("weak_error") + 0.2
    assert check["misfit"] == honest["misfit"]
    assert check["judged_gain_error"] != honest["judged_gain_error"]
