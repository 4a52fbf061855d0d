import numpy as np
import pytest
from method_data import Recorder, composed, method, recorder, view_of, weak_labels

from w2sg.core import CapabilityError, InputError, derive
from w2sg.methods import Fixed, WeakValidation


def test_agreement_and_likelihood() -> None:
    weak = np.array([[0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    logits = np.log([[0.9, 0.1], [0.6, 0.4], [0.5, 0.5]])
    assert WeakValidation().score(weak, logits) == pytest.approx(2 / 3)  # a tie goes to the first class in both
    expected = np.mean([0.8 * np.log(0.9) + 0.2 * np.log(0.1), 0.3 * np.log(0.6) + 0.7 * np.log(0.4), np.log(0.5)])
    assert WeakValidation(measure="likelihood").score(weak, logits) == pytest.approx(expected)
    stacked = WeakValidation().score(np.stack([weak, weak]), np.stack([logits, -logits]))
    np.testing.assert_allclose(stacked, [2 / 3, 2 / 3])


def test_a_fixed_rule_watches_nothing() -> None:
    assert Fixed().watches == 0
    with pytest.raises(CapabilityError, match="stopping 'fixed' does not watch validation examples"):
        Fixed().score(np.ones((1, 2)), np.ones((1, 2)))


def test_a_validation_split_is_watched_and_nothing_is_lent() -> None:
    weak, held = weak_labels(30), weak_labels(10, seed=1)
    method("early-stopping").fit(view_of(weak, held), recorder(), derive(0, "method"))
    (fit,) = Recorder.asked
    assert len(fit.inputs) == 30
    assert fit.watched is not None
    np.testing.assert_array_equal(fit.watched[0].rows, np.arange(30, 40))
    np.testing.assert_array_equal(fit.watched[1], held)
    assert fit.steps is None


def test_without_one_a_scout_finds_the_steps_and_all_is_trained_anew() -> None:
    weak = weak_labels(30)
    predictor = method("early-stopping").fit(view_of(weak), recorder(best=5), derive(0, "method"))
    scout, final = Recorder.asked
    assert scout.watched is not None
    assert (len(scout.inputs), len(scout.watched[0])) == (24, 6)
    rows = np.concatenate([scout.inputs.rows, scout.watched[0].rows])
    np.testing.assert_array_equal(np.sort(rows), np.arange(30))
    np.testing.assert_array_equal(np.concatenate([scout.targets, scout.watched[1]]), weak[rows])
    np.testing.assert_array_equal(final.inputs.rows, np.arange(30))
    assert (scout.steps, final.steps, final.watched, predictor.steps) == (None, 5, None, 5)


def test_what_is_lent_is_a_choice_and_must_leave_something() -> None:
    stopping = {"kind": "weak-validation", "held_out": 0.5}
    composed(stopping=stopping).fit(view_of(weak_labels(10)), recorder(), derive(0, "method"))
    assert len(Recorder.asked[0].inputs) == 5
    with pytest.raises(InputError, match="stopping lends 1 of 1 examples and leaves none to train on"):
        composed(stopping=stopping).fit(view_of(weak_labels(1)), recorder(), derive(0, "method"))


def test_weights_go_with_their_examples_into_the_scout() -> None:
    weak = weak_labels(40)
    early = composed(stopping="weak-validation", select={"kind": "confident", "share": 0.5})
    early.fit(view_of(weak), recorder(), derive(0, "method"))
    scout, final = Recorder.asked
    np.testing.assert_array_equal(scout.targets, weak[scout.inputs.rows])
    assert len(final.inputs) == len(scout.inputs) + round(0.2 * len(final.inputs))
