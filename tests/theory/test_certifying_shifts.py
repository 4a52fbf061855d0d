"""Certificates of a shifted test set: of its inputs, by its labels, and by none of the supervision split."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from w2sg.core import InputError
from w2sg.graph import Store
from w2sg.lab import run, score_of, task_data
from w2sg.theory import certify_stored, share_of_look

TASK: dict[str, Any] = {"kind": "digits", "supervision": 60, "transfer": 60, "test": 80, "shifts": ["noise"]}
SUPERVISOR: dict[str, Any] = {"kind": "trained", "labels": 20}
DELTA = 0.05


def test_a_shifted_test_set_is_certified_by_its_own_labels(tmp_path: Path) -> None:
    made = run(TASK, SUPERVISOR, method="naive", seeds=1, store=tmp_path, workers=1)
    with Store(tmp_path) as store:
        (result,) = store.results()
    plain, first = certify_stored(result, store=tmp_path, labels=80, delta=DELTA)
    shifted, second = certify_stored(result, store=tmp_path, labels=80, delta=DELTA, test="noise")
    # Labels of another test set of the same data are a further look.
    assert (first, second) == (1, 2)
    assert shifted.delta == pytest.approx(DELTA * share_of_look(2))
    # With all labels bought the estimates are the very rates of the test set that is meant.
    for certified, test in ((plain, "test"), (shifted, "noise")):
        wrong = 1 - np.mean(made.tests[test].evidence.student[0][certified.rows[: certified.n_random]])
        assert certified.certificates["student_risk"].estimate == pytest.approx(wrong)
        assert "noise" in certified.certificates["student_risk"].frame or test == "test"
    # The supervisor left 40 labels over, which are drawn as the test set in distribution is, and not as the other.
    told = {name for name, why in shifted.skipped.items() if why.endswith("that split is not shifted as 'noise' is")}
    assert told
    assert told.isdisjoint(plain.skipped)
    with Store(tmp_path) as store:
        place = score_of(result).place
        lines = [line for line in store.ledger(place=place) if line.asked_by == "certification"]
    assert [line.split for line in lines if line.purpose == "audit"].count("noise") >= 1
    assert list(task_data(made.setup.task, 0).tests) == ["test", "noise"]
    with pytest.raises(InputError, match="no test set 'nose': it has test, noise"):
        certify_stored(result, store=tmp_path, labels=20, delta=DELTA, test="nose")
