"""The public contracts refuse components that break them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest

from w2sg.core import (
    AnyArray,
    ClassProbabilities,
    FloatArray,
    InputError,
    Method,
    Objective,
    Stopping,
    Student,
    Training,
    WeakSplit,
    WeakView,
    register,
    registry,
)
from w2sg.methods import TargetObjective
from w2sg.students import FeatureMap
from w2sg.students.features import Transform
from w2sg.testing import FeatureContract, MethodContract, ObjectiveContract, registered, samples
from w2sg.testing.base import first_read

SAMPLE = samples()["numbers"]


class Broken(TargetObjective):
    """Cross-entropy with one fault."""

    kind: Literal["broken"] = "broken"
    fault: str

    def target(self, weak: Any, log_student: Any, progress: float) -> Any:
        if self.fault == "moves":
            return 0.5 * weak + 0.5 * np.exp(log_student)
        if self.fault == "class":
            return np.concatenate([weak[..., :1] * 0 + 1, weak[..., 1:] * 0], axis=-1)
        if self.fault == "sum":
            return 0.9 * weak
        if self.fault == "batch":
            return weak * 0 + weak.mean(axis=tuple(range(weak.ndim - 1)), keepdims=True)
        if self.fault == "late":
            return (1 - progress) * weak + progress * weak[..., ::-1]
        return weak * (1 + np.log(weak) - np.log(weak))  # not finite at one-hot labels


class Slope(Objective):
    """Cross-entropy with a gradient twice as steep."""

    kind: Literal["slope"] = "slope"

    def value(self, weak: Any, logits: Any, progress: float) -> Any:
        return _plain().value(weak, logits, progress)

    def gradient(self, weak: Any, logits: Any, progress: float) -> Any:
        return 2 * _plain().gradient(weak, logits, progress)


def _plain() -> Objective:
    return registry.build(Objective, "cross-entropy")


CONTRACT = ObjectiveContract()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("objective", "check"),
    [
        (Slope(), lambda o: CONTRACT.test_gradient_is_the_slope_of_the_value(o, 3, "float64", 0.5)),
        (Slope(), lambda o: CONTRACT.test_gradient_is_the_slope_of_the_value(o, 3, "float32", 0.5)),
        (Broken(fault="moves"), CONTRACT.test_moves_only_if_it_says),
        (Broken(fault="moves"), lambda o: CONTRACT.test_gradient_is_the_slope_of_the_value(o, 3, "float64", 0.5)),
        (Broken(fault="class"), lambda o: CONTRACT.test_order_does_not_matter(o, 1)),
        (Broken(fault="sum"), lambda o: CONTRACT.test_target_is_a_distribution(o, 0.5)),
        (Broken(fault="batch"), CONTRACT.test_stacked_batches_are_independent),
        (Broken(fault="late"), CONTRACT.test_settles_when_it_says),
        (Broken(fault="log"), CONTRACT.test_extremes_stay_finite),
    ],
)
def test_a_broken_objective_is_refused(objective: Objective, check: Callable[[Objective], None]) -> None:
    with pytest.raises(AssertionError):
        check(objective)


class Cheat(Method):
    """Methods with one fault."""

    kind: Literal["cheat"] = "cheat"
    fault: str

    def train(self, view: WeakView, student: Student, rng: np.random.Generator) -> Training:
        naive: Method = registry.build(Method, "confidence" if self.fault == "undeclared" else "naive")
        if self.fault == "random":
            rng = np.random.default_rng()
            rows = rng.permutation(len(view.transfer))[:40]
            weak = view.transfer.weak.probabilities.copy()
            weak[rows] = weak[rows][:, ::-1]
            view = replace(view, transfer=WeakSplit(view.transfer.inputs, ClassProbabilities(weak)))
        if self.fault == "writes":
            view.transfer.weak.probabilities.setflags(write=True)
            view.transfer.weak.probabilities[:] = 1 / 3
        return (yield from naive.train(view, student, rng))


@pytest.mark.parametrize(
    ("fault", "check", "error"),
    [
        ("undeclared", MethodContract().test_declares_what_it_needs, InputError),
        ("random", MethodContract().test_is_decided_by_its_generator, AssertionError),
        ("writes", MethodContract().test_leaves_its_view_alone, AssertionError),
    ],
)
def test_a_broken_method_is_refused(fault: str, check: Callable[..., None], error: type[Exception]) -> None:
    with pytest.raises(error):
        check(Cheat(fault=fault), SAMPLE)


class Whole(FeatureMap):
    """Standardises by what it is given, not by the corpus."""

    kind: Literal["whole"] = "whole"

    def fit(self, corpus: AnyArray) -> Transform:
        def transform(values: AnyArray) -> FloatArray:
            return np.asarray(values - values.mean(axis=0))

        return transform


def test_a_feature_map_that_looks_at_other_rows_is_refused() -> None:
    with pytest.raises(AssertionError):
        FeatureContract().test_reads_each_row_by_itself(Whole(), SAMPLE)


def test_samples_are_one_problem_in_three_forms() -> None:
    assert list(samples()) == ["numbers", "images", "texts"]
    for sample in samples().values():
        assert sample.corpus.pool.values.base is None
        np.testing.assert_array_equal(sample.gold, SAMPLE.gold)
        np.testing.assert_array_equal(np.bincount(sample.gold), [120, 120, 120])


def test_a_component_that_reads_nothing_fails_with_what_it_said() -> None:
    def refuse(_: object) -> None:
        raise InputError("only sounds")

    with pytest.raises(pytest.fail.Exception, match="features 'x' reads none of the samples.*\n.*only sounds"):
        first_read(refuse, "features 'x'")


def test_only_names_of_the_package_are_registered_ones() -> None:
    @register()
    class Foreign(Stopping):
        """Comes from a test."""

        kind: Literal["foreign"] = "foreign"

    assert "foreign" in registry.names("stoppings")
    assert "foreign" not in registered("stoppings")
    assert "weak-validation" in registered("stoppings")
    del registry._entries["stoppings"]["foreign"]
