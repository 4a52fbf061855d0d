"""Every desideratum of the library in a world where it holds, and in one where it does not."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from small_worlds import World, runs

from w2sg.core import registry
from w2sg.desiderata import Desideratum, Specification, judged
from w2sg.desiderata.tree import Untestable

USUAL = World()


def world(**changes: Any) -> World:
    """Return the usual world with something otherwise."""
    return replace(USUAL, **changes)


WORSE = {"a": 0.97, "b": 0.5}
"""The supervisor is right more often than the student."""
BY_CHANCE = {"a": 0.3, "b": 0.1}
HOLDS_AND_FAILS: Mapping[str, tuple[World, World]] = {
    "positive-gain": (USUAL, world(**WORSE)),
    "no-loss": (USUAL, world(**WORSE)),
    "there-is-a-gap": (USUAL, world(ceiling=0.72)),
    "recovers-a-fifth": (USUAL, world(**WORSE, ceiling=0.98)),
    "recovers-half": (USUAL, world(ceiling=0.98)),
    "recovers-most": (world(ceiling=0.8), world(ceiling=0.9)),
    "near-ceiling": (USUAL, world(ceiling=0.95)),
    "beats-direct": (USUAL, world(direct=0.85)),
    "right-where-they-disagree": (USUAL, world(**WORSE)),
    "gains-on-the-hardest": (USUAL, world(hardest=WORSE)),
    "hard-as-easy": (USUAL, world(hardest=WORSE)),
    "gains-under-every-shift": (USUAL, world(shifted=WORSE)),
    "near-ceiling-under-every-shift": (USUAL, world(shifted={"ceiling": 0.95})),
    "accuracy-survives-every-shift": (USUAL, world(shifted={"over": 0.25})),
    "loses-no-more-than-its-supervisor": (world(shifted={"b": 0.02}), world(shifted=WORSE)),
    "gains-where-unsure": (USUAL, world(**WORSE)),
    "steady-over-difficulty": (USUAL, world(hardest=WORSE)),
    "no-group-worse": (USUAL, world(in_group_b=WORSE)),
    "even-over-groups": (USUAL, world(in_group_b={"over": 0.4})),
    "errors-not-copied": (USUAL, world(a=0.99, b=0.02)),
    "no-copy": (USUAL, world(a=0.998, b=0.002)),
    "not-overconfident": (USUAL, world(over=0.15)),
    "calibrated": (USUAL, world(over=0.2)),
    "knows-what-it-knows": (USUAL, world(flat=True)),
    "selective-risk": (world(sure=(0.7, 0.75, 0.95, 0.99)), world(flat=True)),
    "stable": (world(steady=True), USUAL),
    "gain-for-every-seed": (USUAL, world(**WORSE)),
    "shows-what-it-can": (USUAL, world(ceiling=0.95)),
    "consistent": (world(shifted={"consistent": 0.95}), world(shifted={"consistent": 0.85})),
    "sees-as-its-ceiling": (USUAL, world(likeness=0.6)),
    "novel-as-represented": (world(held_out={}), world(held_out=WORSE)),
    "supervisor-better-than-chance-in-every-group": (USUAL, world(in_group_b=BY_CHANCE)),
    "supervisor-better-than-chance-on-the-hardest": (USUAL, world(hardest=BY_CHANCE)),
    "concept-more-salient-than-errors": (USUAL, world(over=0.23, a=0.98, b=0.33)),
    "supervision-gold-not-enough": (USUAL, world(direct=0.9)),
}
BY_SUPERVISOR: Mapping[str, tuple[World, World]] = {
    # The other supervisor is right in .62 of cases, and in .70.
    "better-supervised-is-better": (world(over=0.1), world(a=0.7, sure=(0.9, 0.95), direct=0.5)),
    "same-from-equal-supervisors": (USUAL, world(over=0.2, a=0.95, b=0.325)),
}


def specification(name: str) -> Specification:
    return Specification.from_table({"name": "one", "require": name})


@pytest.mark.parametrize("name", HOLDS_AND_FAILS)
def test_it_is_met_where_it_holds_and_violated_where_not(name: str) -> None:
    holds, fails = HOLDS_AND_FAILS[name]
    assert judged(specification(name), runs(holds)).verdict == "met"
    assert judged(specification(name), runs(fails)).verdict == "violated"


@pytest.mark.parametrize("name", BY_SUPERVISOR)
def test_it_is_about_the_student_of_another_supervisor(name: str) -> None:
    holds, fails = BY_SUPERVISOR[name]
    usual = runs(USUAL)
    assert judged(specification(name), usual, {"another": runs(holds)}).verdict == "met"
    assert judged(specification(name), usual, {"another": runs(fails)}).verdict == "violated"
    alone = judged(specification(name), usual)
    assert alone.verdict == "undecided"
    assert "there are no" in alone.untestable[0]


def test_what_nothing_can_test_stays_undecided_and_says_why() -> None:
    for name in ("consistent", "no-strategic-behaviour", "deployment-within-the-support"):
        found = judged(specification(name), runs(USUAL, n=100))
        assert found.verdict == "undecided"
        assert found.untestable[0]


def test_every_desideratum_of_the_library_stands_in_a_table_here() -> None:
    named = [entry for entry in registry.entries(Desideratum) if entry.preset]
    untestable = {entry.name for entry in named if entry.cls is Untestable}
    assert len(named) >= 25
    assert {entry.name for entry in named} == {*HOLDS_AND_FAILS, *BY_SUPERVISOR, *untestable}
    assert all(entry.summary for entry in named)
