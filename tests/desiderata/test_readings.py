"""Margins of trees as outcomes: which part decides, whose examples say so, and that intervals over tasks hold."""

from typing import Any

import numpy as np
import pytest
from factor_data import switches
from small_worlds import World, runs

from w2sg.core import BoolArray, CapabilityError, FloatArray, derive, registry
from w2sg.desiderata import Desideratum, Specification, judged, reading_of
from w2sg.factors import FactorDesign
from w2sg.factors.effects import effects_of
from w2sg.factors.running import BaseSetup, Tried
from w2sg.factors.terms import terms_of
from w2sg.lab import Run, make_setup
from w2sg.measure import Reading

RIGHT = {"kind": "requirement", "quantity": {"kind": "accuracy", "of": "student"}, "above": 0.6}
GAIN = {"kind": "requirement", "quantity": "gain", "above": 0.05}
COPIED = {"kind": "requirement", "quantity": {"kind": "copied-errors", "share": 0.5}, "below": 0.0}
SETUP = make_setup("wine")
RATES = (0.3 / 1.4, 1 - 0.3 / 1.4)
"""Between these the sum `0.7 u + 0.3 v` of two uniform numbers has an even density."""


def built(table: Any) -> Desideratum:
    return registry.build(Desideratum, table)


@pytest.mark.parametrize(
    "tree",
    [
        RIGHT,
        COPIED,
        {"kind": "all", "of": [RIGHT, GAIN, COPIED]},
        {"kind": "at-least", "count": 2, "of": [RIGHT, GAIN, COPIED]},
        {"kind": "not", "what": {"kind": "all", "of": [RIGHT, COPIED]}},
        {"kind": "implies", "premise": COPIED, "then": GAIN},
        {"kind": "for-all", "over": "groups", "require": GAIN},
        "recovers-half",
        "calibrated",
        "hard-as-easy",
    ],
)
def test_a_reading_is_the_margin_of_a_run(tree: Any) -> None:
    one = runs(World(), n=300, seeds=1)
    margin = judged(Specification.from_table({"name": "one", "require": tree}), one).margin
    assert reading_of(built(tree), one[0]).value == pytest.approx(margin.estimate)


def test_the_examples_of_the_part_that_decides_say_so() -> None:
    one = runs(World(), n=300, seeds=1)[0]
    parts = [reading_of(built(part), one) for part in (RIGHT, GAIN)]
    both, either = (
        reading_of(built({"kind": "at-least", "count": count, "of": [RIGHT, GAIN]}), one) for count in (2, 1)
    )
    low, high = sorted(parts, key=lambda part: part.value)
    for found, expected in ((both, low), (either, high)):
        np.testing.assert_array_equal(found.parts[0].scores, expected.parts[0].scores)
    against = reading_of(built({"kind": "not", "what": RIGHT}), one)
    assert against.value == -parts[0].value


def test_it_is_read_on_another_test_set_and_what_cannot_be_read_is_said() -> None:
    one = runs(World(shifted={"over": 0.3}), n=300, seeds=1)[0]
    tree = built({"kind": "all", "of": [RIGHT, GAIN]})
    shifted = {"kind": "all", "of": [{**RIGHT, "on": {"test": "shift"}}, {**GAIN, "on": {"test": "shift"}}]}
    assert reading_of(tree, one, "shift").value == reading_of(built(shifted), one).value != reading_of(tree, one).value
    with pytest.raises(CapabilityError, match="there is no test set 'nowhere'"):
        reading_of(tree, one, "nowhere")
    with pytest.raises(CapabilityError, match="what a student does where nobody looks"):
        reading_of(built({"kind": "all", "of": [RIGHT, "no-strategic-behaviour"]}), one)


def run_of(student: BoolArray, weak: BoolArray) -> Run:
    """Return a run of which only these answers are known."""
    columns = {"ids": np.arange(len(weak)), "student": student, "weak": weak, "copied": student == weak}
    evidence = {f"test.{name}": column for name, column in columns.items()}
    evidence |= {"supervision.ids": np.arange(3), "transfer.ids": np.arange(3)}
    return Run("", SETUP, 0, {"metrics": {"test": {}}, "group_names": {}}, evidence)


def rates(rng: np.random.Generator, tasks: int) -> FloatArray:
    """Return for each task how often both are right: the student without and with the change, the supervisor."""
    weak = rng.uniform(0.5, 0.6, tasks)
    before = weak + rng.uniform(-0.05, 0.12, tasks)
    return np.asarray(np.stack([before, before + 0.06 + 0.05 * rng.standard_normal(tasks), weak]).clip(*RATES))


def margins(drawn: FloatArray) -> FloatArray:
    """Return the true margin of both requirements without and with the change, `(2, tasks)`."""
    students, weak = drawn[:2], drawn[2]
    return np.asarray(np.minimum(students - 0.6, students - weak - 0.05))


def study(rng: np.random.Generator, drawn: FloatArray, n: int = 300) -> list[Tried]:
    """Return what tasks with these rates show, tried without and with a change under two seeds."""
    tree, found = built({"kind": "all", "of": [RIGHT, GAIN]}), []
    for task, (before, after, weak) in enumerate(drawn.T):
        points: list[dict[str, tuple[Reading, ...]]] = []
        hard = [rng.random(n) for _ in range(2)]
        for rate in (before, after):
            # hard inputs are hard for student and supervisor, and whatever is changed
            of_seeds = []
            for one in hard:
                student, supervisor = (0.7 * one + 0.3 * rng.random(n) < _quantile(of) for of in (rate, weak))
                of_seeds.append(run_of(student, supervisor))
            points.append({"both": tuple(reading_of(tree, one) for one in of_seeds)})
        base = BaseSetup(str(task), str(task), SETUP, task)
        found.append(Tried(base, tuple(points), (), frozenset()))
    return found


def _quantile(share: float) -> float:
    """Return below what a share of `0.7 u + 0.3 v` lies, u and v uniform."""
    return 0.7 * share + 0.15


def test_intervals_over_tasks_hold_for_the_margin_of_a_tree() -> None:
    """The true effect is a mean over tasks of differences of minima: 200 studies of 8 tasks."""
    wanted = float(np.diff(margins(rates(derive(0, "truth"), 1_000_000)), axis=0).mean())
    design, factors = registry.build(FactorDesign, "one-at-a-time"), switches(1)
    terms = terms_of(design, factors, design.points(factors), interactions=False)
    inside, estimates = 0, []
    for number in range(200):
        rng = derive(number, "tree")
        found = effects_of(study(rng, rates(rng, 8)), terms, "both", dict.fromkeys(range(8), 0.0))
        (interval,) = [one.interval for one in found if one.term.sort == "effect"]
        assert interval is not None
        inside += interval.low <= wanted <= interval.high
        estimates.append(interval.estimate)
    assert inside / 200 >= 0.91, "a binomial share of .95 is below that once in a hundred times"
    assert np.mean(estimates) == pytest.approx(wanted, abs=3 * np.std(estimates) / np.sqrt(200))
