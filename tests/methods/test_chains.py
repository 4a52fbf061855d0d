import numpy as np
import pytest
from method_data import Recorder, composed, method, recorder, view_of, weak_labels

from w2sg.core import CapabilityError, ConfigError, Student, derive, registry


def test_labels_are_handed_up_from_small_to_large() -> None:
    weak, held = weak_labels(20), weak_labels(8, seed=1)
    method("bootstrapping").fit(view_of(weak, held), recorder(size=0.8), derive(0, "method"))
    assert [fit.student.strength for fit in Recorder.asked] == pytest.approx([0.2, 0.4, 0.8])
    np.testing.assert_array_equal(Recorder.asked[0].targets, weak)
    for fit, before in zip(Recorder.asked[1:], (0.2, 0.4), strict=True):
        np.testing.assert_allclose(fit.targets[:, 0], before, rtol=1e-6)
        np.testing.assert_array_equal(fit.inputs.rows, np.arange(20))


def test_validation_labels_are_handed_up_too() -> None:
    chained = composed(chain="bootstrap", stopping="weak-validation")
    chained.fit(view_of(weak_labels(20), weak_labels(8, seed=1)), recorder(size=0.8), derive(0, "method"))
    watched = [fit.watched[1] for fit in Recorder.asked if fit.watched is not None]
    assert len(watched) == 3
    np.testing.assert_array_equal(watched[0], weak_labels(8, seed=1))
    np.testing.assert_allclose(watched[2][:, 0], 0.4, rtol=1e-6)


def test_scales_are_a_choice() -> None:
    composed(chain={"kind": "bootstrap", "scales": [0.5]}).fit(
        view_of(weak_labels(20)), recorder(), derive(0, "method")
    )
    assert [fit.student.strength for fit in Recorder.asked] == [0.5, 1.0]
    with pytest.raises(ConfigError, match="chain.scales: tuple should have at least 1 item"):
        composed(chain={"kind": "bootstrap", "scales": []})


@pytest.mark.parametrize("student", ["knn", "linear", {"kind": "linear", "features": {"kind": "columns"}}])
def test_a_student_without_smaller_versions_is_refused_before_any_work(student: str) -> None:
    built = registry.build("students", student)
    assert isinstance(built, Student)
    with pytest.raises(CapabilityError, match=r"method needs 'scale', student '\w+' has"):
        method("bootstrapping").fit(view_of(weak_labels(20)), built, derive(0, "method"))


def test_direct_trains_once() -> None:
    method("naive").fit(view_of(weak_labels(20)), recorder(), derive(0, "method"))
    assert len(Recorder.asked) == 1
