import numpy as np
import pytest
from method_data import outcome, recorder, view_of, weak_labels

from w2sg.core import ConfigError, FloatArray, derive, registry
from w2sg.methods import All, ConfidentOnly, Harden, Keep


def kept(selection: ConfidentOnly, weak: FloatArray) -> FloatArray:
    return outcome(selection.weights(view_of(weak), recorder(), derive(0, "select")))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.75, 1.0])
def test_the_same_share_of_each_named_class_is_kept(share: float) -> None:
    weak = weak_labels(300)
    weights, named = kept(ConfidentOnly(share=share), weak), weak.argmax(axis=1)
    assert set(np.unique(weights)) <= {0, 1}
    for label in range(3):
        of_class = named == label
        assert weights[of_class].sum() == round(share * of_class.sum())
        left_out = weak[of_class & (weights == 0)].max(axis=1)
        assert left_out.max(initial=0) <= weak[of_class & (weights == 1)].max(axis=1).min()


def test_a_rare_class_keeps_one_example() -> None:
    weak = np.array([[0.9, 0.1]] * 9 + [[0.45, 0.55]])
    weights = kept(ConfidentOnly(share=0.1), weak)
    assert weights.tolist() == [1, *[0] * 8, 1]


def test_a_threshold_is_the_sandboxs_filter() -> None:
    weak = np.array([[0.75, 0.25], [0.76, 0.24], [0.2, 0.8], [0.5, 0.5]])
    assert kept(ConfidentOnly(threshold=0.75), weak).tolist() == [0, 1, 1, 0]
    assert kept(ConfidentOnly(threshold=0.9), weak).tolist() == [0, 0, 0, 0]


def test_nonsense_is_refused() -> None:
    for field, value in (("share", 0), ("share", 1.1), ("threshold", 1), ("threshold", -0.1)):
        with pytest.raises(ConfigError, match=field):
            registry.build("selections", {"kind": "confident", field: value})


def test_all_is_all_and_labels_stay_or_harden() -> None:
    weak = weak_labels(10)
    seen = (view_of(weak), recorder(), derive(0, "parts"))
    assert outcome(All().weights(*seen)).tolist() == [1.0] * 10
    np.testing.assert_array_equal(outcome(Keep().relabel(*seen)), weak)
    hard = outcome(Harden().relabel(*seen))
    np.testing.assert_array_equal(hard.argmax(axis=1), weak.argmax(axis=1))
    assert set(np.unique(hard)) == {0, 1}
