"""Labels one after the other: where they are bought, when it stops, and that a verdict stays."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_worlds import World, drawn
from test_formulas import ATOM, facts

from w2sg.core import BoolArray, IntArray
from w2sg.desiderata import Judgement, Specification, buy_until_decided
from w2sg.desiderata.atoms import MeanOnPopulation
from w2sg.desiderata.facts import Who
from w2sg.desiderata.populations import Population
from w2sg.desiderata.quantities import AccuracyDifference, Agreement
from w2sg.desiderata.specification import SpeaksOf
from w2sg.measure import Betting

WORLD = drawn(World(), 200, 0)


def ask(test: str, rows: IntArray) -> Mapping[Who, BoolArray]:
    people: tuple[Who, ...] = ("weak", "student", "ceiling", "direct")
    return {who: WORLD[who][rows] for who in people}


def decided(require: Any, labels: int, seed: int = 0, **more: Any) -> Judgement:
    specification = Specification.from_table({"name": "one", "require": require, **more})
    return buy_until_decided(specification, {"test": facts()}, ask, labels, np.random.default_rng(seed))


def test_labels_of_a_gain_are_bought_among_disagreements_only() -> None:
    found = decided(ATOM, 200)
    assert found.verdict == "met"
    assert (WORLD["weak"] != WORLD["student"])[found.bought["test"]].all()
    assert found.n_labels == len(set(found.bought["test"].tolist())) < 30


def test_what_needs_no_label_buys_none() -> None:
    found = decided({"kind": "requirement", "quantity": "agreement", "below": 0.98}, 200)
    assert (found.verdict, found.n_labels) == ("met", 0)


def test_agreement_on_all_inputs_at_hand_says_little_of_the_next() -> None:
    """Of a group in which both agree everywhere the gain is exactly 0 here, and unknown among inputs to come."""
    agreeing = {"kind": "requirement", "quantity": "gain", "above": -0.0001, "on": {"disputed": False}}
    assert decided(agreeing, 200).verdict == "undecided"
    assert decided(agreeing, 200, speaks_of="these inputs").verdict == "met"


def test_of_the_inputs_at_hand_everything_is_decided_by_all_labels() -> None:
    gain = float(WORLD["student"].mean() - WORLD["weak"].mean())
    for above, verdict in ((gain - 1e-6, "met"), (gain + 1e-6, "violated")):
        assert decided({**ATOM, "above": above}, 200, speaks_of="these inputs").verdict == verdict


def test_information_s0_buys_nothing_and_s2_takes_all_or_nothing() -> None:
    assert decided({**ATOM, "information": "S0"}, 200).n_labels == 0
    whole = decided({**ATOM, "information": "S2"}, 200)
    assert whole.n_labels == int((WORLD["weak"] != WORLD["student"]).sum())
    assert decided({**ATOM, "information": "S2"}, whole.n_labels - 1).verdict == "undecided"


@settings(max_examples=30, deadline=None)
@given(above=st.floats(-0.2, 0.3), labels=st.integers(1, 100), more=st.integers(1, 100), seed=st.integers(0, 99))
def test_more_labels_never_turn_a_verdict(above: float, labels: int, more: int, seed: int) -> None:
    tree = {
        "kind": "all",
        "of": [{**ATOM, "above": above}, {"kind": "requirement", "quantity": "accuracy", "above": 0.7}],
    }
    few, many = decided(tree, labels, seed), decided(tree, labels + more, seed)
    assert few.verdict in ("undecided", many.verdict)
    assert (
        many.bought.get("test", np.array([]))[: few.n_labels].tolist() == few.bought.get("test", np.array([])).tolist()
    )


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 150),
    mean=st.floats(-0.4, 0.4),
    delta=st.floats(0.001, 0.3),
    upper=st.booleans(),
    seed=st.integers(0, 99),
)
def test_ruling_out_a_mean_is_a_bound_beyond_it(n: int, mean: float, delta: float, upper: bool, seed: int) -> None:
    everything = facts().with_labels(np.arange(200), ask("test", np.arange(200)))
    order = np.random.default_rng(n).permutation(200)
    quantity, where = AccuracyDifference(of="student", minus="weak"), Population()
    both: tuple[SpeaksOf, ...] = ("deployment", "these inputs")
    for speaks_of in both:
        one = MeanOnPopulation.of(quantity, where, everything, order)
        values = one.values(everything)[:n]
        low, high = one.bounds(values, delta, delta, speaks_of)
        bound = high if upper else low
        if abs(bound - mean) > 1e-6:
            ruled_out = one.rules_out(values, mean, delta, speaks_of, upper=upper)
            assert ruled_out == (bound < mean if upper else bound > mean)


def test_a_quantity_without_labels_is_bounded_by_all_inputs() -> None:
    order = np.arange(200)
    one = MeanOnPopulation.of(Agreement(), Population(), facts(), order)
    same = (WORLD["weak"] == WORLD["student"]).astype(float)
    low, high = one.bounds(np.array([]), 0.05, 0.05, "deployment")
    assert (low, high) == pytest.approx((Betting().low(same, 0.05), Betting().high(same, 0.05)))


def test_a_wrong_verdict_is_rare_though_one_may_stop_at_any_time() -> None:
    """Every requirement is false by a hair: at most delta of the verdicts say otherwise (400 test sets)."""
    wrong = 0
    for seed in range(400):
        columns = drawn(World(a=0.875, b=0.5), 200, seed)  # both are right in .8 of cases
        specification = Specification.from_table({"name": "one", "delta": 0.1, "require": ATOM})
        people: tuple[Who, ...] = ("weak", "student")
        answers = {who: columns[who].astype(np.int64) for who in people}

        def sell(test: str, rows: IntArray, columns: Any = columns) -> Mapping[Who, BoolArray]:
            return {"weak": columns["weak"][rows], "student": columns["student"][rows]}

        own = replace(facts(), answers=answers, copied=columns["copied"], right=dict.fromkeys(answers, facts().known))
        found = buy_until_decided(specification, {"test": own}, sell, 200, np.random.default_rng(seed))
        wrong += found.verdict == "met"
    assert wrong / 400 <= 0.1
