"""Watching the work: what is planned, what is done, what is left, and what is remembered for the next time."""

from pathlib import Path
from typing import Any

import pytest
from graph_data import LOADING

from w2sg.core import during, phase_now, timed_apart
from w2sg.graph import (
    Ahead,
    OnlyPlannedError,
    PlannedWork,
    Processes,
    Step,
    Store,
    Watch,
    execute,
    expect,
    planning,
    watching,
)
from w2sg.graph.costs import Labels, MeanSeconds


def totals(toy: Any, n: int = 4, **fields: Any) -> list[Step]:
    """Totals at a place each, which share no number."""
    numbers = [toy.Number(seed=100 + seed, where=str(seed)) for seed in range(n)]
    return [toy.Total(first=one, second=one, seed=seed, **fields) for seed, one in enumerate(numbers)]


def planned(steps: list[Step], store: Path, workers: int | None = None) -> PlannedWork:
    with planning(), pytest.raises(OnlyPlannedError) as ended:
        execute(steps, store, workers=workers)
    return ended.value.plan


def test_a_plan_says_what_is_missing_and_computes_nothing(toy: Any, calls: list[str], tmp_path: Path) -> None:
    store = tmp_path / "store"
    plan = planned(totals(toy), store)
    assert (plan.missing, plan.there, calls) == ({"toy-number": 4, "toy-total": 4}, {}, [])
    assert not store.exists()
    execute(totals(toy, 3), store)
    plan = planned(totals(toy), store)
    # What stands behind something finished is not needed: its numbers are not looked for.
    assert (plan.missing, plan.there) == ({"toy-number": 1, "toy-total": 1}, {"toy-total": 3})
    assert planned(totals(toy, 3), store).seconds == 0


def test_work_that_is_announced_is_planned_as_a_whole(toy: Any, tmp_path: Path) -> None:
    with planning(), pytest.raises(OnlyPlannedError) as ended:
        expect(totals(toy, 5), tmp_path)
    assert ended.value.plan.missing["toy-total"] == 5


@pytest.mark.parametrize("workers", [1, 2])
def test_everything_is_seen_to_be_done(toy: Any, tmp_path: Path, workers: int) -> None:
    told: list[Ahead] = []
    counted: list[tuple[int, int]] = []

    def count(done: int, total: int) -> None:
        counted.append((done, total))

    launcher = Processes(workers=2) if workers == 2 else None
    watch = Watch(told.append)
    with watching(watch):
        expect(totals(toy, 4), tmp_path)
        before = watch.ahead()
        for n in (2, 4):
            execute(totals(toy, n), tmp_path, launcher=launcher, prepare=LOADING, progress=count)
    assert before.left_s is None  # nothing like it was ever timed: a number would be a guess
    assert before.kind == "toy-number"
    assert told[-1].left_s == watch.ahead().left_s == 0
    assert watch.done == watch.missing == {"toy-number": 4, "toy-total": 4}
    assert counted[-1] == (4, 4)


def test_what_fails_is_not_waited_for(toy: Any, tmp_path: Path) -> None:
    watch = Watch()
    with watching(watch):
        execute([*totals(toy, 2, fails="error")], tmp_path)
    assert watch.ahead().left_s == 0
    assert watch.done == {"toy-number": 2}


def test_time_left_is_that_of_the_longest_worker_by_measured_means(toy: Any, tmp_path: Path) -> None:
    labels, costs = Labels(), MeanSeconds()
    one, other = toy.Number(seed=1), toy.Number(seed=2, scale=2.0)
    assert labels.of(one) == labels.of(toy.Number(seed=5))
    assert labels.of(one)[0] != labels.of(other)[0]
    costs.recall({labels.of(one)[0]: 4.0})
    assert costs.expected(labels.of(one)) == 4.0
    costs.learn(labels.of(one), 1.0)  # what was measured before weighs as much as one step of now
    assert costs.expected(labels.of(one)) == pytest.approx(2.5)
    assert costs.expected(labels.of(other)) == 1.0  # its kind alone is known
    execute([toy.Number(seed=3)], tmp_path)
    with Store(tmp_path) as store:
        assert store.costs(labels.of(one)).keys() == set(labels.of(one))
    # Two processes take four equal units in two rounds.
    plan = planned([toy.Number(seed=seed, where=str(seed)) for seed in range(10, 14)], tmp_path, workers=2)
    assert plan.wall_s == pytest.approx(plan.seconds / 2)


def test_phases_are_named_and_timed_apart() -> None:
    with timed_apart() as seconds:
        with during("loading"), during("encoding"):
            assert phase_now() == "encoding"
        assert phase_now() == ""
    assert list(seconds) == ["loading"]  # the outermost alone: no second counts twice
