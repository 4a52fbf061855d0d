"""What is written down of trainings by gradient, and how one that diverges ends, alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from head_data import head, objective, problem, soft, stopping

from w2sg.core import DivergedError, Fit, Inputs, derive, one_hot
from w2sg.core.curves import MOST_POINTS, CurveWriter
from w2sg.students import LanguageModel, Linear, Mlp, train_heads

SCHEDULE: dict[str, Any] = {"c": 1.0, "steps": 100, "tolerance": 1e-3}
ALONE = 1e-5
"""Logits of heads that were trained beside another number of heads."""
CLOSE = 1e-4
"""Losses in float32 and in float64."""


def test_a_curve_ends_with_the_loss_of_the_head_that_came_out_and_changes_nothing() -> None:
    x, labels = problem(300, 6, 3)
    weak = soft(labels, 3)
    (found,) = train_heads([head(x, weak)], **SCHEDULE)
    assert found.curve is not None
    assert found.curve.step[-1] == found.steps
    assert found.curve.loss[0] == pytest.approx(np.log(3)), "all heads begin at zero"
    assert found.curve.gradient_norm[-1] < SCHEDULE["tolerance"]
    logits = x @ found.coefficients.T + found.intercepts
    value = objective().value(weak.astype(np.float64), logits.astype(np.float64), 0.5).mean()
    assert found.curve.loss[-1] == pytest.approx(value, abs=CLOSE)


def test_a_head_that_diverges_ends_alone_with_its_step() -> None:
    x, labels = problem(300, 6, 3)
    weak = soft(labels, 3)
    wild = weak.copy()
    wild[7, 1] = np.inf
    lost, *kept = train_heads([head(x, wild), head(x, weak), head(x, soft(labels, 3, seed=1))], **SCHEDULE)
    assert lost.diverged is not None
    assert str(lost.diverged) == (
        "training diverged at step 1 of 100: its loss is inf, at a learning rate of 1: look at the scale of the "
        "features, and at objective 'cross-entropy'"
    )
    for found, targets in zip(kept, (weak, soft(labels, 3, seed=1)), strict=True):
        (alone,) = train_heads([head(x, targets)], **SCHEDULE)
        assert found.diverged is None
        np.testing.assert_allclose(found.coefficients, alone.coefficients, atol=ALONE)
    with pytest.raises(DivergedError, match="step 1 of 100"):
        Linear().fit(_fit(Linear(), x, wild))


def _fit(student: Any, x: Any, targets: Any, spec: Any = "cross-entropy") -> Fit:
    inputs = Inputs.of(x)
    given: dict[str, Any] = {
        "corpus": inputs,
        "objective": objective(spec),
        "stopping": stopping(),
        "rng": derive(0, "curve"),
    }
    return Fit(student=student, inputs=inputs, targets=targets, **given)


@pytest.mark.parametrize("spec", ["cross-entropy", "co-teaching", "early-learning"])
def test_a_network_says_its_loss_its_rate_and_where_it_diverges(spec: str) -> None:
    x, labels = problem(200, 5, 3)
    weak, student = soft(labels, 3), Mlp(epochs=20, batch=32)
    wild = student.model_copy(update={"rate": 1e30})
    with pytest.raises(DivergedError, match=r"diverged at step [2-5] of 140: its .* is (nan|inf), at .*: lower 'rate'"):
        wild.fit(_fit(wild, x, weak, spec))
    found = student.fit(_fit(student, x, weak, spec))
    assert found.curve is not None
    assert len(found.curve) <= MOST_POINTS
    assert found.curve.step[-1] == 140
    assert (found.curve.rate[0], found.curve.rate[-1]) == (pytest.approx(student.rate), pytest.approx(0, abs=1e-6))
    assert found.curve.loss[-5:].mean() < found.curve.loss[0]


@pytest.mark.parametrize("total", [1, 7, 64, 65, 1000])
def test_a_curve_has_a_bounded_number_of_points_with_the_first_and_the_last(total: int) -> None:
    wanted = [step for step in range(1, total + 1) if CurveWriter(total, "").wants(step)]
    assert (wanted[0], wanted[-1]) == (1, total)
    assert len(wanted) <= MOST_POINTS + 1


def test_a_language_model_that_diverges_names_the_step_and_the_next_one_is_trained(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from language_data import causal, request, reviews
    from language_data import saved as saved_model

    name = saved_model(tmp_path / "model", causal())
    student = LanguageModel(model=name, batch=8, rate=1e-3)
    inputs, gold = reviews(40)
    wild = np.where(np.arange(40)[:, None] == 3, np.float32(np.inf), one_hot(gold, 2))
    lost, found = student.fit_many([request(student, inputs, gold, targets=wild), request(student, inputs, gold)])
    assert isinstance(lost, DivergedError)
    assert "training diverged at step" in str(lost)
    assert not isinstance(found, DivergedError)
    assert found.curve is not None
    assert found.curve.loss[0] == pytest.approx(np.log(2), abs=CLOSE), "a head of zeros answers all alike"
    assert found.curve.loss[-1] < found.curve.loss[0]
    assert found.curve.step[-1] == found.steps
    again = student.restored(found.saved())
    np.testing.assert_allclose(again.predict_proba(inputs), found.predict_proba(inputs), atol=1e-6)
