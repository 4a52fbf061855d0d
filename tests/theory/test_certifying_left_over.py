"""Labels that a weak supervisor left over certify without a label of the test set: told, counted, and not its own."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from observer_data import tried, wine

from w2sg.core import Examples, Supervision
from w2sg.graph import Keys, Result, Store
from w2sg.lab import labels_of, run, score_of
from w2sg.theory import certify_stored
from w2sg.theory.certificates import CLAIMS
from w2sg.theory.certifying import LIKE_DEPLOYMENT, left_over
from w2sg.theory.looking import looks_at, share_of_look

DELTA = 0.05
FEW: Mapping[str, Any] = {"kind": "fewer-labels", "labels": 8}
RESTS_ON_LEFT_OVER = {name for name, claim in CLAIMS.items() if "held_out" in claim.needs}


def made(folder: Path, supervisor: str | Mapping[str, Any]) -> Result:
    run({"kind": "wine", "test": 60}, supervisor=supervisor, seeds=1, store=folder, workers=1)
    with Store(folder) as store:
        (result,) = store.results()
    return result


def certified(folder: Path, result: Result, draw: int = 0) -> tuple[Any, int]:
    return certify_stored(result, store=folder, labels=0, delta=DELTA, draw=draw)


def test_left_over_labels_certify_are_told_to_the_ledger_and_are_a_look(tmp_path: Path) -> None:
    result = made(tmp_path, FEW)
    found, look = certified(tmp_path, result)
    assert {"gain_identified", "student_risk_agreement"} == RESTS_ON_LEFT_OVER <= set(found.certificates)
    assert sum(one.delta for one in found.certificates.values()) == pytest.approx(DELTA * share_of_look(1))
    identified = found.certificates["gain_identified"]
    assert identified.strength == "conditional"
    assert LIKE_DEPLOYMENT in identified.assumptions
    assert identified.unit == "squared", "of the gain in 0-1 risk the share of disagreements says as much"
    assert -2 <= identified.low <= identified.high <= 2
    with Store(tmp_path) as store:
        lines = [line for line in store.ledger() if line.kind == "certification"]
        assert len(looks_at(store, score_of(result))) == look == 1
    assert {(line.purpose, line.split) for line in lines} == {("supervision", "supervision"), ("score", "supervision")}
    (bought,) = (line for line in lines if line.purpose == "score")
    assert bought.n == identified.n_labels == len(bought.rows or ())
    again, look = certified(tmp_path, result, draw=1)
    assert look == 2, "without a label of the test set it is a look at these labels all the same"
    assert again.delta == pytest.approx(DELTA * share_of_look(2))


def test_the_run_s_own_supervisor_is_judged_by_labels_that_it_did_not_see(tmp_path: Path) -> None:
    result = made(tmp_path, FEW)
    step = score_of(result).student.labels
    data, supervisor = step.data, step.supervisor
    found = left_over(data, supervisor, step.seed, asked_by="test")
    assert not isinstance(found, str)
    rows = data.vault.record[-1].rows
    assert rows is not None
    gold = data.vault.release("supervision", "supervision")
    supervision = Supervision(data.supervision, gold, data.question, data.corpus)
    seen = supervisor.sees(supervision, data.vault.generator(step.seed, "supervisor")).rows
    np.testing.assert_array_equal(np.sort(rows), np.setdiff1d(np.arange(len(gold)), seen))
    np.testing.assert_array_equal(found[1], gold[rows])
    labeller = supervisor.fit(supervision, data.vault.generator(step.seed, "supervisor"))
    with Store(tmp_path) as store:
        kept = store.get(Keys().of(step))
    assert kept is not None
    rng = np.random.default_rng(0)
    for examples, said in (
        (data.tests["test"], labels_of(data, kept)["test"].probabilities),
        (data.supervision.take(rows), found[0]),
    ):
        np.testing.assert_array_equal(labeller.label(examples, None, rng).probabilities, said)


def test_what_belongs_to_an_example_that_it_learned_from_is_not_left_over() -> None:
    data, supervisor = wine(), tried(FEW).supervisor
    pairs = np.arange(len(data.supervision)) // 2
    paired = Examples(data.supervision.ids, data.supervision.inputs, {"together": pairs})
    rng = data.vault.generator(0, "supervisor")
    gold = data.vault.release("supervision", "supervision")
    seen = supervisor.sees(Supervision(paired, gold, data.question, data.corpus), rng).rows
    others = len(np.unique(pairs)) - len(np.unique(pairs[seen]))
    found = left_over(replace(data, supervision=paired), supervisor, 0, asked_by="test")
    assert found == f"it left {others} independent labels of its split over, 30 are needed"


@pytest.mark.parametrize(
    ("supervisor", "why"),
    [
        ("few-features", "it learned from all labels of its split"),
        ("simulated-uniform", "it is simulated, so that its errors are a fixed number and no draws"),
        ({"kind": "fewer-labels", "labels": 35}, "independent labels of its split over, 30 are needed"),
    ],
)
def test_where_none_are_left_over_the_reason_is_told(
    tmp_path: Path, supervisor: str | dict[str, Any], why: str
) -> None:
    found, look = certified(tmp_path, made(tmp_path, supervisor))
    assert look == 1
    for name in RESTS_ON_LEFT_OVER:
        assert found.skipped[name].startswith("needs held-out labels of the weak supervisor")
        assert why in found.skipped[name]
    assert all(one.strength != "conditional" for one in found.certificates.values())
