"""Temperature scaling: the temperature in closed form, the same classes as without, and no gold but its own."""

import numpy as np
import pytest
from supervisor_data import blobs, digits, examples_of, label, supervision_of

from w2sg.core import InputError, derive
from w2sg.core.registry import build
from w2sg.measure import expected_calibration_error
from w2sg.supervisors import Calibrated
from w2sg.supervisors.calibrated import temperature_of


@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0])
def test_the_temperature_of_two_classes_is_a_ratio_of_log_odds(temperature: float) -> None:
    """Where all rows say p and a share q is right, the best T makes p into q: log-odds p over log-odds q."""
    p, right = 0.8, np.arange(1000) < 700
    said = np.full((1000, 2), [p, 1 - p]) ** temperature
    said /= said.sum(axis=1, keepdims=True)
    found = temperature_of(said, np.where(right, 0, 1))
    assert found == pytest.approx(temperature * np.log(p / (1 - p)) / np.log(0.7 / 0.3), rel=1e-3)


def test_what_is_always_right_is_made_sure_and_what_is_by_chance_unsure() -> None:
    said = np.tile([0.6, 0.4], (50, 1))
    assert temperature_of(said, np.zeros(50, dtype=np.int64)) < 0.05
    assert temperature_of(said, np.arange(50) % 2) > 50


@pytest.mark.parametrize("c", [1e-2, 1e3])
@pytest.mark.parametrize("labels", [None, 60])
def test_the_model_is_the_plain_supervisor_and_only_its_sureness_differs(labels: int | None, c: float) -> None:
    first, second = digits()
    fields = {"student": {"kind": "linear", "c": c, "features": {"kind": "pooled", "size": 4}}, "labels": labels}
    calibrated = build("supervisors", {"kind": "calibrated", **fields})
    assert isinstance(calibrated, Calibrated)
    assert calibrated.plain == build("supervisors", {"kind": "trained", **fields})
    before = label(calibrated.plain, *second, 10, fitted_on=first)
    after = label(calibrated, *second, 10, fitted_on=first)
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()
    gold = second[1]
    losses = [-np.log(np.maximum(said, 1e-7))[np.arange(len(gold)), gold].mean() for said in (before, after)]
    assert losses[1] < 0.9 * losses[0]
    assert expected_calibration_error(after, gold) < expected_calibration_error(before, gold)


def test_gold_that_the_supervisor_did_not_learn_from_has_no_say() -> None:
    """With other gold on the rows that it is not shown, the labels are the same to the last bit."""
    examples, gold = blobs(90)
    supervisor = Calibrated(labels=30)
    drawn = supervisor.shown(supervision_of((examples, gold), 3), derive(0, "fit")).examples.inputs.rows
    other = np.where(np.isin(examples.inputs.rows, drawn), gold, (gold + 1) % 3)
    assert (other != gold).sum() == 60
    np.testing.assert_array_equal(label(supervisor, examples, gold, 3), label(supervisor, examples, other, 3))


def test_one_example_cannot_calibrate() -> None:
    examples = examples_of(np.zeros((4, 2)))
    with pytest.raises(InputError, match="calibration needs at least 2 examples with gold, got 1: raise 'labels'"):
        label(Calibrated(labels=1), examples, np.arange(4) % 2, 2)
