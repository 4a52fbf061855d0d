"""A battery from its runs to its page: verdicts, intervals, what does not apply, the leap of faith."""

import json
from pathlib import Path

import numpy as np
import pytest

from w2sg.batteries import Battery, battery_document, run_battery, verdict_of
from w2sg.batteries.choices import Choosing, Desk
from w2sg.batteries.faith import AUDITS, candidates_of
from w2sg.core import Classes, ClassProbabilities, InputError, derive, one_hot
from w2sg.graph import Store
from w2sg.lab import make_setup, scores_of_setups
from w2sg.measure import Interval
from w2sg.report import terminal_table

SMALL = {"kind": "wine", "supervision": 40, "transfer": 60}
ONLY = ("shown-labels", "held-out-family", "leap-of-faith")
COLUMNS = 100
"""A terminal of this width shows the tables of a battery without cutting a cell."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("battery")


@pytest.fixture(scope="module")
def battery(store: Path) -> Battery:
    return run_battery(make_setup(SMALL), range(3), only=ONLY, store=store, workers=1)


def effect(low: float, high: float) -> Interval:
    return Interval((low + high) / 2, low, high, 0.95)


@pytest.mark.parametrize(
    ("effects", "verdict"),
    [
        ([effect(-0.05, 0.05)], "robust"),
        ([effect(-0.05, 0.05), effect(0.11, 0.3)], "fragile"),
        ([effect(-0.05, 0.05), effect(-0.3, -0.11)], "fragile"),
        ([effect(0.01, 0.4)], "undecided"),
        ([effect(-0.1, 0.05)], "undecided"),
        ([effect(-0.05, 0.05), None], "undecided"),
        ([effect(0.2, 0.4), None], "fragile"),
        ([None], "undecided"),
        ([], "undecided"),
    ],
)
def test_a_verdict_is_sure_or_none(effects: list[Interval | None], verdict: str) -> None:
    assert verdict_of(effects, margin=0.1) == verdict


def test_what_applies_is_tested_and_what_does_not_says_why(battery: Battery) -> None:
    assert [test.disanalogy.kind for test in battery.tested] == ["shown-labels"]
    assert set(battery.not_applicable) == {"held-out families"}
    (test,) = battery.tested
    assert len(test.effects) == len(test.settings) - 1
    assert {e.level for e in test.effects if e is not None} == {1 - 0.05 / len(test.effects)}
    assert test.mend_effects[0] is None


def test_the_document_holds_what_was_found(battery: Battery) -> None:
    document = battery_document(battery)
    plain = json.loads(json.dumps(document.to_dict()))
    assert plain["disanalogies"]["shown-labels"]["settings"][0]["test"] == "test"
    assert [leap["rule"] for leap in plain["leap_of_faith"]["leaps"]][0] == "weak labels"
    for table in document.tables.values():
        if table.terminal:
            titles, rows = terminal_table(table)
            widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
            assert sum(width + 2 for width in widths) <= COLUMNS


def test_a_battery_needs_seeds_and_something_that_applies(store: Path) -> None:
    with pytest.raises(InputError, match="a battery needs at least 2 seeds, got 1"):
        run_battery(make_setup(SMALL), [0], store=store)
    with pytest.raises(InputError, match="no disanalogy applies to this setup: held-out families: needs a task with"):
        run_battery(make_setup(SMALL), [0, 1], only=["held-out-family"], store=store)


def test_the_leap_of_faith_reads_no_score_and_its_labels_are_in_the_ledger(battery: Battery, store: Path) -> None:
    assert battery.faith is not None
    assert battery.faith.n_opened + battery.faith.n_choosing == pytest.approx(78)
    setups = list(candidates_of(make_setup(SMALL)).values())
    step = Choosing(students=tuple(score.student for score in scores_of_setups(setups, [0])), audits=AUDITS, seed=0)
    assert {inner.kind for inner in step.inputs().values()} == {"labels", "student"}
    with Store(store) as opened:
        told = [entry for entry in opened.ledger() if entry.kind == "choosing"]
    assert {(entry.purpose, entry.split, entry.n) for entry in told} == {("audit", "test", 39)}
    assert len(told) == 3


def test_regret_is_never_below_0_and_what_was_believed_is_compared(battery: Battery) -> None:
    assert battery.faith is not None
    for leap in battery.faith.leaps:
        assert leap.regret is None or leap.regret.estimate >= 0
        if leap.believed is not None:
            assert leap.surprise is not None
            assert leap.surprise.estimate == pytest.approx(leap.believed - leap.actual)


def test_all_labels_are_a_row_though_their_number_differs_by_seed(tmp_path: Path) -> None:
    lines = [f"{i % 13},{i * i % 17},{'yes' if i % 3 else 'no'}" for i in range(200)]
    (tmp_path / "rows.csv").write_text("x,y,label\n" + "\n".join(lines) + "\n")
    setup = make_setup({"kind": "files", "path": str(tmp_path / "rows.csv")})
    found = run_battery(setup, range(4), only=["leap-of-faith"], store=tmp_path / "store", workers=1)
    assert found.faith is not None
    rules = [leap.rule for leap in found.faith.leaps]
    assert rules.count("all labels") == 1
    assert rules[-1] == "any candidate at random"


def desk() -> Desk:
    """Two candidates on 8 examples of gold 0: the first repeats the weak labels, the second is right twice more."""
    weak = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    better = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    first, second = (ClassProbabilities(one_hot(labels, 2)) for labels in (weak, better))
    return Desk(Classes(("no", "yes")), first, [first, second], np.zeros(8, dtype=np.int64))


def test_weak_labels_choose_who_repeats_them_and_labels_who_is_right() -> None:
    found = desk()
    by_weak = found.by_weak_labels()
    assert (by_weak.chosen, by_weak.believed) == ((0,), (1.0,))
    everything = found.by_labels("all labels", [np.arange(8)], 8)
    assert (everything.chosen, everything.believed) == ((1,), (0.75,))


def test_labels_where_candidates_differ_decide_at_once() -> None:
    found = desk()
    assert np.flatnonzero(found.differ).tolist() == [4, 5]
    orders = [np.array([6, 0, 4, 1, 5, 2, 3, 7]), np.array([0, 6, 5, 4, 1, 2, 3, 7])]
    one, three = (found.by_labels("audit of disagreements", orders, count) for count in (1, 3))
    # Elsewhere no label was taken: the second agrees with the weak labels on all 6 others, and is right on the 2.
    assert (one.labels, one.chosen, one.believed) == (1, (1, 1), (1.0, 1.0))
    # The third label is of the 6 others, which are now believed to be like it: all wrong, or all right.
    assert (three.chosen, three.believed) == ((1, 1), (2 / 8, 1.0))


def test_among_equals_the_one_that_agrees_with_weak_labels_is_chosen() -> None:
    decision = desk().by_labels("random audit", [derive(0).permutation(4)], 3)
    assert (decision.chosen, decision.believed) == ((0,), (1.0,))
