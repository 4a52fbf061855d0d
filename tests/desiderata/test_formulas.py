"""Logic: verdicts join by Kleene's rules, delta is dealt as the proof says, and files read back equal."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_worlds import World, drawn

from w2sg.core import ConfigError
from w2sg.desiderata import Margin, RunFacts, Specification, buy_until_decided
from w2sg.desiderata.facts import Who
from w2sg.desiderata.formulas import UNKNOWN, Formula, Verdict, formula_of

VALUES: tuple[Verdict, ...] = ("met", "violated", "undecided")
ATOM = {"kind": "requirement", "quantity": "gain", "above": 0}


def facts(n: int = 200) -> RunFacts:
    columns = drawn(World(), n, 0)
    people: tuple[Who, ...] = ("weak", "student", "ceiling", "direct")
    answers = {who: columns[who].astype(np.int64) for who in people}
    unknown = np.zeros(n, dtype=np.bool_)
    return RunFacts(
        "test",
        columns["ids"],
        answers,
        2,
        {name: columns[name] for name in ("confidence", "difficulty")} | {"group": columns["group"].astype(str)},
        columns["copied"],
        dict.fromkeys(answers, unknown),
        unknown,
    )


def formula(require: Any) -> Formula:
    return formula_of(Specification.from_table({"name": "one", "require": require}).require, {"test": facts()})


def completions(verdict: Verdict) -> list[bool]:
    return [True, False] if verdict == "undecided" else [verdict == "met"]


def truth(node: Formula, values: dict[Formula, bool]) -> bool:
    if not node.parts:
        return values[node]
    of_parts = [truth(part, values) for part in node.parts]
    return sum(of_parts) >= node.count if node.count else not of_parts[0]


@pytest.mark.parametrize(
    "tree",
    [
        {"kind": "all", "of": [ATOM, ATOM, ATOM]},
        {"kind": "at-least", "count": 2, "of": [ATOM, ATOM, ATOM]},
        {"kind": "implies", "premise": ATOM, "then": {"kind": "not", "what": ATOM}},
        {"kind": "not", "what": {"kind": "at-least", "of": [ATOM, {"kind": "all", "of": [ATOM, ATOM]}]}},
    ],
)
def test_a_verdict_is_true_however_undecided_parts_turn_out(tree: dict[str, Any]) -> None:
    """Trees in which no atom stands twice: Kleene's verdict is then exactly what all completions agree on."""
    found = formula(tree)
    leaves = found.leaves()
    for verdicts in itertools.product(VALUES, repeat=len(leaves)):
        of_leaf = dict(zip(leaves, verdicts, strict=True))
        possible = {
            truth(found, dict(zip(leaves, values, strict=True)))
            for values in itertools.product(*map(completions, verdicts))
        }
        expected = "undecided" if len(possible) > 1 else "met" if possible == {True} else "violated"
        assert found.verdict(lambda leaf, known=of_leaf: known[leaf]) == expected  # type: ignore[misc]


@pytest.mark.parametrize(("count", "n"), [(1, 4), (2, 4), (3, 4), (4, 4), (1, 1), (2, 3)])
def test_the_shares_of_delta_hold_for_the_worst_dependence(count: int, n: int) -> None:
    """No way in which wrong verdicts may depend on each other makes a node wrong more often than its delta.

    The worst case is a linear program over all sets of parts that are wrongly said to be met.
    """
    from scipy.optimize import linprog

    delta = 0.05
    dealt = formula({"kind": "at-least", "count": count, "of": [ATOM] * n}).dealt(delta, delta)
    for true_ones in range(count):
        wrong_parts = dealt.parts[true_ones:]
        sets = list(itertools.product([0, 1], repeat=len(wrong_parts)))
        wrong = [float(true_ones + sum(chosen) >= count) for chosen in sets]
        limits = np.array([[chosen[part] for chosen in sets] for part in range(len(wrong_parts))])
        worst = linprog(
            -np.array(wrong), limits, [part.met for part in wrong_parts], np.ones((1, len(sets))), [1], bounds=(0, 1)
        )
        assert worst.fun is not None
        assert -worst.fun <= delta + 1e-9


def test_a_conjunction_is_met_at_full_delta_and_negation_swaps_the_sides() -> None:
    both = formula({"kind": "all", "of": [ATOM, {"kind": "not", "what": {**ATOM, "weight": 3}}]}).dealt(0.04, 0.08)
    first, second = both.leaves()
    assert (first.met, first.violated) == (0.04, 0.04)
    assert (second.met, second.violated) == (0.04, 0.04)
    weighted = formula({"kind": "all", "of": [{**ATOM, "weight": 3}, ATOM]}).dealt(0.04, 0.08)
    assert [leaf.violated for leaf in weighted.leaves()] == pytest.approx([0.06, 0.02])


def test_margins_join_as_verdicts_do() -> None:
    found = formula({"kind": "at-least", "count": 2, "of": [ATOM, ATOM, {"kind": "not", "what": ATOM}]})
    margins = [Margin(0.3, 0.1, 0.5), Margin(-0.2, -0.4, 0.1), Margin(0.1, -0.1, 0.2)]
    known = dict(zip(found.leaves(), margins, strict=True))
    assert found.margin(lambda leaf: known[leaf]) == Margin(-0.1, -0.2, 0.1)
    known[found.leaves()[0]] = UNKNOWN
    assert found.margin(lambda leaf: known[leaf]).estimate is None


# -- files --

NUMBERS = st.floats(-1, 1).map(lambda value: round(value, 3))
ATOMS = st.one_of(
    st.sampled_from(["positive-gain", "no-group-worse", "recovers-half", "calibrated", "stable"]),
    st.builds(
        lambda quantity, side, number, on: {"kind": "requirement", "quantity": quantity, side: number, "on": on},
        st.sampled_from(["gain", "accuracy", "gap", {"kind": "recovered", "share": 0.3}, "copied-errors"]),
        st.sampled_from(["above", "below"]),
        NUMBERS,
        st.sampled_from([{}, {"group": "a"}, {"column": "difficulty", "band": [0.5, 1]}, {"test": "shift"}]),
    ),
)
TREES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda of: {"kind": "all", "of": of}),
        st.lists(inner, min_size=1, max_size=3).map(lambda of: {"kind": "at-least", "count": 1, "of": of}),
        inner.map(lambda what: {"kind": "not", "what": what}),
        st.tuples(inner, inner).map(lambda two: {"kind": "implies", "premise": two[0], "then": two[1]}),
    ),
    max_leaves=6,
)


@settings(max_examples=1000, deadline=None)
@given(tree=TREES, delta=st.floats(0.001, 0.5))
def test_a_specification_reads_back_equal(tree: Any, delta: float) -> None:
    first = Specification.from_table({"name": "one", "delta": delta, "require": tree})
    again = Specification.from_table(json.loads(first.text()))
    assert again == first
    assert again.text() == first.text()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('require = "a"\n[define]\na = "b"\nb = "a"', "comes back to itself: a > b > a"),
        ("delta = 1.5\nrequire = 'positive-gain'", "delta"),
        ('require = "positive-gian"', "positive-gain"),
        ('[define.positive-gain]\nkind = "all"', "take another name"),
        ('[require]\nkind = "requirement"\nquantity = "gain"', "one of 'above' and 'below'"),
        ('[require]\nkind = "at-least"\ncount = 3\nof = ["positive-gain"]', "at most the number of requirements"),
        ('[require]\nkind = "all"\nof = []', "of"),
        (
            '[require]\nkind = "requirement"\nquantity = "gain"\nabove = 0\non = {column = "difficulty"}',
            "'column' and 'band' go together",
        ),
        ("nonsense", "not TOML"),
    ],
)
def test_a_bad_file_is_told_with_its_rule(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match="bad.toml") as error:
        Specification.read(file)
    assert says in str(error.value)


def test_the_specifications_that_come_along_can_be_read() -> None:
    folder = Path(__file__).parents[2] / "specs"
    known = {"minimal", "strong", "safety", "steady"}
    assert {Specification.read(file).name for file in folder.glob("*.toml")} == known


def test_a_population_that_is_not_there_leaves_it_undecided() -> None:
    for on in ({"group": "zebra"}, {"test": "elsewhere"}, {"column": "novelty", "band": [0, 0.5]}):
        given_spec = Specification.from_table({"name": "one", "require": {**ATOM, "on": on}})
        found = buy_until_decided(given_spec, {"test": facts()}, lambda *_: {}, 10, np.random.default_rng(0))
        assert found.verdict == "undecided"
        assert found.untestable[0]
