"""The contract of an objective: a finite value, and a gradient that is its slope."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
import pytest

from w2sg.core import AnyArray, CapabilityError, Component, FloatArray, Objective, derive, one_hot
from w2sg.methods import TargetObjective, log_softmax
from w2sg.testing.base import ComponentContract

SLOPE = {"float64": (1e-5, 1e-7), "float32": (2e-2, 1e-3)}
"""Step and tolerance of central differences. In float64 rounding leaves 1e-16 / 1e-5; in float32 values of some nats
carry 2e-7, over a step of 2e-2 about 1e-5, and single losses ten times that."""
EXACT = 1e-12
"""Sums in another order: float64 rounding of a few nats."""
PROGRESS = (0.0, 0.1, 0.5, 0.999)
OTHER_LIBRARIES = ("array_api_strict", "torch")

Batch = tuple[FloatArray, FloatArray]


def batch(k: int, n: int = 12, dtype: str = "float64", *stacked: int) -> Batch:
    """Return weak labels and logits `(..., n, k)` without ties, read-only."""
    rng = derive(0, "testing batch", str(k))
    weak, logits = rng.dirichlet(np.ones(k), size=(*stacked, n)), 2 * rng.normal(size=(*stacked, n, k))
    arrays = weak.astype(dtype), logits.astype(dtype)
    for array in arrays:
        array.setflags(write=False)
    return arrays


class ObjectiveContract(ComponentContract):
    """Subclass with `spec`, the objective's name or table."""

    contract: ClassVar[str] = "objectives"

    @pytest.fixture
    def objective(self, component: Component) -> Objective:
        """The objective under test."""
        assert isinstance(component, Objective)
        return component

    def batch(self, objective: Objective, k: int, n: int = 12, dtype: str = "float64", *stacked: int) -> Batch:
        """Return a batch for the student alone, or for it and the peers that the objective asks for.

        Where the objective remembers, the labels stand beside something that it might remember.
        """
        weak, logits = batch(k, n, dtype, *stacked, *([1 + objective.peers] if objective.peers else []))
        return (np.stack([weak, 0.9 * weak[..., ::-1, :]], axis=-3), logits) if objective.remembers else (weak, logits)

    @pytest.fixture(autouse=True)
    def fitting_classes(self, objective: Objective, request: pytest.FixtureRequest) -> None:
        """Skip what asks for another number of classes than the only one that the objective is defined for."""
        wanted = getattr(request.node, "callspec", None)
        k = None if wanted is None else wanted.params.get("k")
        if k is not None and objective.only_classes not in (None, k):
            pytest.skip(f"defined for {objective.only_classes} classes only")

    def held(self, objective: Objective, weak: Any, at: Any, progress: float) -> Callable[[Any], Any]:
        """Return the loss as a function of the logits, with what moves held fixed at the logits `at`.

        Override it for an objective that moves and is no TargetObjective.
        """
        # Memory stands beside the labels, so it is held fixed as they are.
        if not objective.moving or objective.remembers:
            return lambda logits: objective.value(weak, logits, progress)
        if not isinstance(objective, TargetObjective):
            pytest.skip("override 'held': it moves, and the contract cannot tell what to hold fixed")
        # The gradient of a moving objective is by contract that of the loss with its target held at the present logits.
        target, counts = (part(weak, log_softmax(at), progress) for part in (objective.target, objective.counts))
        return lambda logits: -(target * log_softmax(logits)).sum(axis=-1) * (1 if counts is None else counts)

    @pytest.mark.parametrize("progress", PROGRESS)
    @pytest.mark.parametrize("k", [2, 3, 10])
    def test_gives_each_example_a_finite_loss_and_pull(self, objective: Objective, k: int, progress: float) -> None:
        """Shapes `(n,)` and `(n, k)`, finite, in the dtype of the logits."""
        for dtype in SLOPE:
            weak, logits = self.batch(objective, k, dtype=dtype)
            value, gradient = (f(weak, logits, progress) for f in (objective.value, objective.gradient))
            assert (value.shape, gradient.shape) == (logits.shape[:-1], logits.shape)
            assert (value.dtype, gradient.dtype) == (dtype, dtype)
            assert np.isfinite(value).all()
            assert np.isfinite(gradient).all()

    @pytest.mark.parametrize("progress", PROGRESS)
    @pytest.mark.parametrize("dtype", list(SLOPE))
    @pytest.mark.parametrize("k", [2, 3, 10])
    def test_gradient_is_the_slope_of_the_value(
        self, objective: Objective, k: int, dtype: str, progress: float
    ) -> None:
        """Central differences of the value, with a moving target held fixed, give the gradient."""
        step, tolerance = SLOPE[dtype]
        weak, logits = self.batch(objective, k, dtype=dtype)
        loss = self.held(objective, weak, logits, progress)
        np.testing.assert_allclose(loss(logits), objective.value(weak, logits, progress), rtol=10 * tolerance)
        # All examples move together in one class: losses are of single examples, so each has its own slope.
        moves = step * np.eye(k, dtype=dtype)
        slopes = [(loss(logits + move) - loss(logits - move)) / (2 * step) for move in moves]
        gradient = objective.gradient(weak, logits, progress)
        np.testing.assert_allclose(np.stack(slopes, axis=-1), gradient, rtol=0, atol=tolerance)

    @pytest.mark.parametrize("library", OTHER_LIBRARIES)
    def test_works_on_other_array_libraries(self, objective: Objective, library: str) -> None:
        """The same numbers come out of any library that follows the array-API standard."""
        pytest.importorskip(library)
        xp = import_module(library)
        weak, logits = self.batch(objective, objective.only_classes or 3)
        for function in (objective.value, objective.gradient):
            elsewhere = function(xp.asarray(weak.copy()), xp.asarray(logits.copy()), 0.5)
            expected = function(weak, logits, 0.5)
            np.testing.assert_allclose(np.from_dlpack(elsewhere), np.asarray(expected), rtol=0, atol=EXACT)

    def test_stacked_batches_are_independent(self, objective: Objective) -> None:
        """`(b, n, k)` gives the same as `b` batches."""
        weak, logits = self.batch(objective, objective.only_classes or 3, 12, "float64", 4)
        for function in (objective.value, objective.gradient):
            each = np.stack([function(w, f, 0.5) for w, f in zip(weak, logits, strict=True)])
            np.testing.assert_allclose(function(weak, logits, 0.5), each, rtol=0, atol=EXACT)

    @pytest.mark.parametrize("axis", [-2, -1], ids=["rows", "classes"])
    def test_order_does_not_matter(self, objective: Objective, axis: int) -> None:
        """Permuted examples or classes give permuted losses and pulls."""
        if axis == -1 and objective.only_classes is not None:
            pytest.skip("made for one order of its classes")
        weak, logits = self.batch(objective, objective.only_classes or 4)
        order = derive(0, "testing order").permutation(weak.shape[axis])
        moved = np.take(weak, order, axis), np.take(logits, order, axis)
        gradient, value = objective.gradient(weak, logits, 0.5), objective.value(weak, logits, 0.5)
        np.testing.assert_allclose(objective.gradient(*moved, 0.5), np.take(gradient, order, axis), rtol=0, atol=EXACT)
        expected = np.take(value, order, -1) if axis == -2 else value
        np.testing.assert_allclose(objective.value(*moved, 0.5), expected, rtol=0, atol=EXACT)

    @pytest.mark.parametrize("progress", PROGRESS)
    def test_target_is_a_distribution(self, objective: Objective, progress: float) -> None:
        """Targets are rows that sum to 1, so each row of the gradient sums to 0."""
        if not isinstance(objective, TargetObjective):
            pytest.skip("only for objectives with a target")
        weak, logits = self.batch(objective, objective.only_classes or 3)
        target = objective.target(weak, log_softmax(logits), progress)
        assert (target >= 0).all()
        np.testing.assert_allclose(target.sum(axis=-1), 1, atol=EXACT)
        np.testing.assert_allclose(objective.gradient(weak, logits, progress).sum(axis=-1), 0, atol=EXACT)
        counts = objective.counts(weak, log_softmax(logits), progress)
        if counts is not None:
            assert not np.asarray(objective.value(weak, logits, progress))[~counts].any()
            assert not np.asarray(objective.gradient(weak, logits, progress))[~counts].any()

    def test_extremes_stay_finite(self, objective: Objective) -> None:
        """Logits of 50 either way and one-hot weak labels, which disagree or agree, give finite numbers."""
        k = objective.only_classes or 3
        for dtype in SLOPE:
            weak = one_hot(np.arange(6) % k, k).astype(dtype)
            # Saturated answers, right and wrong, undecided ones, and right ones shifted by a row: where logarithms and
            # thresholds break.
            for logits in (100 * weak - 50, 50 - 100 * weak, 0 * weak, np.roll(100 * weak - 50, 1, axis=0)):
                if objective.peers:
                    logits = np.stack([logits] * (1 + objective.peers))
                seen = np.stack([weak, weak]) if objective.remembers else weak
                for array in (objective.value(seen, logits, 0.5), objective.gradient(seen, logits, 0.5)):
                    assert np.isfinite(array).all(), f"{dtype}: not finite at logits {logits[0]}"

    def test_leaves_its_input_alone(self, objective: Objective) -> None:
        """Weak labels and logits hold the same numbers afterwards."""
        before = self.batch(objective, objective.only_classes or 3)
        weak, logits = (array.copy() for array in before)
        objective.gradient(weak, logits, 0.5)
        objective.value(weak, logits, 0.5)
        np.testing.assert_array_equal(weak, before[0])
        np.testing.assert_array_equal(logits, before[1])

    def test_settles_when_it_says(self, objective: Objective) -> None:
        """From `settles_at` on nothing depends on progress."""
        assert 0 <= objective.settles_at <= 1
        weak, logits = self.batch(objective, objective.only_classes or 3)
        if objective.settles_at < 1:
            first, last = (objective.gradient(weak, logits, progress) for progress in (objective.settles_at, 0.999))
            np.testing.assert_allclose(first, last, rtol=0, atol=EXACT)

    def test_remembers_only_if_it_says(self, objective: Objective) -> None:
        """What is kept of examples has their shape, is finite and moves; an objective without memory refuses."""
        _, logits = batch(objective.only_classes or 3)
        if not objective.remembers:
            with pytest.raises(CapabilityError, match="remembers nothing"):
                objective.remembered(0 * logits, logits)
            return
        assert objective.moving, "what it remembers is of the student"
        first = objective.remembered(0 * logits, logits)
        assert first.shape == logits.shape
        assert np.isfinite(first).all()
        assert (objective.remembered(first, -logits) != first).any()

    def test_moves_only_if_it_says(self, objective: Objective) -> None:
        """An objective that does not move has a target that is the same whatever the student answers."""
        if objective.moving or not isinstance(objective, TargetObjective):
            pytest.skip("only for objectives with a fixed target")
        weak, logits = self.batch(objective, objective.only_classes or 3)
        targets = [objective.target(weak, log_softmax(at), 0.5) for at in (logits, -logits)]
        _same(*targets)


def _same(first: AnyArray, second: AnyArray) -> None:
    np.testing.assert_allclose(first, second, rtol=0, atol=EXACT)
