"""Executing steps: cached, batched, resumed, spread; a step that fails ends nobody else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graph_data import LOADING

from w2sg.core import CapabilityError, InputError, RunError, StoreError
from w2sg.graph import Artifact, InProcess, Keys, Processes, Step, Store, artifacts_of, execute


def totals(toy: Any, n: int = 3, **fields: Any) -> list[Step]:
    """Totals that share their first number."""
    first = toy.Number(seed=100)
    return [toy.Total(first=first, second=toy.Number(seed=seed), seed=seed, **fields) for seed in range(n)]


def arrays(store: Path, keys: tuple[str, ...]) -> list[np.ndarray]:
    with Store(store) as opened:
        artifacts = [opened.get(key) for key in keys]
    assert all(isinstance(artifact, Artifact) for artifact in artifacts)
    return [artifact.arrays["x"] for artifact in artifacts if artifact is not None]


def test_what_is_finished_is_not_computed_again(toy: Any, calls: list[str], tmp_path: Path) -> None:
    first = execute(totals(toy), tmp_path)
    assert first.done == {"toy-number": 4, "toy-total": 3}
    before = arrays(tmp_path, first.keys)
    calls.clear()
    again = execute(totals(toy), tmp_path)
    assert (again.keys, again.done, calls) == (first.keys, {}, [])
    more = execute(totals(toy, 4), tmp_path)
    assert more.done == {"toy-number": 1, "toy-total": 1}
    for one, other in zip(before, arrays(tmp_path, more.keys), strict=False):
        np.testing.assert_array_equal(one, other)


def test_inputs_are_made_only_where_something_missing_stands_on_them(
    toy: Any, calls: list[str], tmp_path: Path
) -> None:
    (total,) = totals(toy, 1)
    execute([total], tmp_path)
    with Store(tmp_path) as store:
        store.forget([Keys().of(inner) for inner in total.inputs().values()])
    calls.clear()
    chain = execute([toy.Chain(total=total)], tmp_path)
    assert chain.done == {"toy-chain": 1}
    assert calls == []


def test_a_batch_is_computed_in_one_call_once_all_its_inputs_are_there(
    toy: Any, calls: list[str], tmp_path: Path
) -> None:
    execute(totals(toy, together="all"), tmp_path)
    assert [call for call in calls if call.startswith(("batch", "number"))] == [
        *("number 100", "number 0", "number 1", "number 2"),
        "batch of 3",
    ]


def test_steps_of_a_place_share_what_is_loaded(toy: Any, calls: list[str], tmp_path: Path) -> None:
    here = [toy.Number(seed=seed, where="here") for seed in range(3)]
    there = [toy.Number(seed=seed, where="there") for seed in range(2)]
    execute([*here, *there], tmp_path)
    assert calls.count("loaded") == 2


@pytest.mark.parametrize("together", [None, "all"])
@pytest.mark.parametrize("launcher", [InProcess(), Processes(workers=2)], ids=lambda launcher: launcher.kind)
def test_a_step_that_fails_ends_nobody_else(toy: Any, together: str | None, launcher: Any, tmp_path: Path) -> None:
    good = totals(toy, 2, together=together)
    bad = [
        toy.Total(first=toy.Number(seed=1), second=toy.Number(seed=2), fails=fails, together=together, seed=9)
        for fails in ("error", "input", "memory", "refused")
    ]
    stands_on = toy.Chain(total=bad[0])
    made = execute([*good, *bad, stands_on], tmp_path, launcher=launcher, prepare=LOADING)
    reasons = {place: (failure.reason, failure.bad_input) for place, failure in made.failed.items()}
    assert reasons == {
        2: ("ZeroDivisionError: of the step itself", False),
        3: ("first must be another number", True),
        4: ("memory is exhausted: use fewer workers, or smaller data", False),
        6: ("ZeroDivisionError: of the step itself", False),
    }
    with Store(tmp_path) as store:
        assert {key for key in made.keys[2:5]} | {made.keys[6]} == set(store.failures())
        assert store.failures()[made.keys[2]] == ("toy-total", "ZeroDivisionError: of the step itself")
        refused = store.get(made.keys[5])
        assert refused is not None
        assert refused.record["refused"] == "these numbers cannot be added"
    assert len(arrays(tmp_path, made.keys[:2])) == 2
    again = execute([*good, *bad, stands_on], tmp_path, prepare=LOADING)
    assert set(again.failed) == {2, 3, 4, 6}  # failures are tried again, refusals and successes are not
    assert not again.done


def test_a_failure_is_forgotten_once_the_step_is_made(
    toy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (total,) = totals(toy, 1)
    with monkeypatch.context() as patched:
        patched.setattr(toy.Number, "compute", lambda self, inputs: 1 / 0)
        assert execute([total], tmp_path).failed[0].reason == "ZeroDivisionError: division by zero"
    assert not execute([total], tmp_path).failed
    with Store(tmp_path) as store:
        assert not store.failures()


def test_a_step_that_ends_its_worker_fails_alone(toy: Any, tmp_path: Path) -> None:
    """As where the system kills a process because memory is short."""
    killer = toy.Total(first=toy.Number(seed=1, where="a"), second=toy.Number(seed=2), fails="killed")
    beside = toy.Total(first=toy.Number(seed=1, where="a"), second=toy.Number(seed=3), seed=1)
    others = [toy.Number(seed=seed, where=f"{seed}") for seed in range(4)]
    told: list[tuple[int, int]] = []
    made = execute(
        [killer, beside, *others],
        tmp_path,
        launcher=Processes(workers=2),
        prepare=LOADING,
        progress=lambda done, total: told.append((done, total)),
    )
    assert {place: failure.reason for place, failure in made.failed.items()} == {
        0: "a worker process ended before its work: if memory is short, use fewer workers"
    }
    with Store(tmp_path) as store:
        assert store.having(made.keys) == set(made.keys[1:])
    assert told[-1] == (6, 6)


def test_a_step_whose_file_is_missing_fails_by_itself(toy: Any, tmp_path: Path) -> None:
    from w2sg.lab import make_setup, scores_of_setups

    lost = {"kind": "files", "path": str(tmp_path / "lost.csv")}
    (broken,) = scores_of_setups([make_setup(lost)], [0])
    (good,) = totals(toy, 1)
    made = execute([broken, good], tmp_path / "store")
    assert made.keys[0] == ""
    assert made.failed[0].bad_input
    assert "lost.csv" in made.failed[0].reason
    assert set(made.failed) == {0}


def test_the_number_of_workers_does_not_change_a_bit(toy: Any, tmp_path: Path) -> None:
    steps = [
        toy.Total(first=toy.Number(seed=s, where=f"{s}"), second=toy.Number(seed=50 + s), seed=s) for s in range(4)
    ]
    one = execute(steps, tmp_path / "one", workers=1)
    two = execute(steps, tmp_path / "two", launcher=Processes(workers=2), prepare=LOADING)
    assert one.keys == two.keys
    assert one.done == two.done
    for first, second in zip(arrays(tmp_path / "one", one.keys), arrays(tmp_path / "two", two.keys), strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_store_that_fails_is_not_a_failed_step(toy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "put", full)
    with pytest.raises(StoreError, match="the disk is full"):
        execute(totals(toy), tmp_path)


def test_a_damaged_input_is_made_again(toy: Any, calls: list[str], tmp_path: Path) -> None:
    (total,) = totals(toy, 1)
    made = execute([total], tmp_path)
    key = Keys().of(total.inputs()["first"])
    before = arrays(tmp_path, made.keys)[0]
    with Store(tmp_path) as store:
        (place,) = next(row["objects"] for row in store.artifact_rows() if row["key"] == key)
        store.database.execute("UPDATE objects SET content = x'00' WHERE id = ?", [place])
        assert store.verify()["damaged"] == [key]
        store.forget(made.keys)
    calls.clear()
    again = execute([total], tmp_path)
    assert [call for call in calls if call != "loaded"] == ["number 100", "batch of 1", "total 0"]
    np.testing.assert_array_equal(arrays(tmp_path, again.keys)[0], before)
    with Store(tmp_path) as store:
        assert not any(store.verify().values())


def test_a_step_is_computed_without_an_input_that_it_can_do_without_where_this_one_refused(
    toy: Any, calls: list[str], tmp_path: Path
) -> None:
    good, other = totals(toy, 2)
    refused = toy.Total(first=toy.Number(seed=1), second=toy.Number(seed=2), fails="refused")
    both, alone = toy.Spared(total=good, beside=other), toy.Spared(total=good, beside=refused)
    made = execute([both, alone, good, other], tmp_path)
    assert not made.failed
    with Store(tmp_path) as store:
        records = [store.record(key) or {} for key in made.keys[:2]]
    assert [record["there"] for record in records] == [["total", "beside"], ["total"]]
    assert not any("refused" in record for record in records)
    assert all(record["inputs"].keys() == {"total", "beside"} for record in records)
    first, second, x, y = arrays(tmp_path, made.keys)
    np.testing.assert_array_equal(first, x + y)
    np.testing.assert_array_equal(second, x)
    calls.clear()
    assert not execute([both, alone], tmp_path).done
    assert not calls


def test_what_a_step_needs_still_hands_its_refusal_on(toy: Any, calls: list[str], tmp_path: Path) -> None:
    (good,) = totals(toy, 1)
    refused = toy.Total(first=toy.Number(seed=1), second=toy.Number(seed=2), fails="refused")
    made = execute([toy.Spared(total=refused, beside=good)], tmp_path)
    assert not made.failed
    with Store(tmp_path) as store:
        assert (store.record(made.keys[0]) or {})["refused"] == "these numbers cannot be added"
    assert "spared" not in calls


@pytest.mark.parametrize("together", [None, "all"])
def test_bad_input_of_what_a_step_can_do_without_is_as_good_as_a_refusal(
    together: str | None, toy: Any, calls: list[str], tmp_path: Path
) -> None:
    (good,) = totals(toy, 1, together=together)
    bad = toy.Total(first=toy.Number(seed=1), second=toy.Number(seed=2), fails="input", together=together)
    spared = toy.Spared(total=good, beside=bad)
    made = execute([spared], tmp_path)
    assert not made.failed
    with Store(tmp_path) as store:
        assert (store.record(made.keys[0]) or {})["there"] == ["total"]
        assert store.failures().keys() == {Keys().of(bad)}
    calls.clear()
    assert not execute([spared], tmp_path).done
    assert not calls
    needed = execute([toy.Spared(total=bad, beside=good)], tmp_path)
    assert needed.failed[0].bad_input


def test_a_failure_that_may_go_well_another_time_is_not_done_without(toy: Any, tmp_path: Path) -> None:
    """What is computed is kept for good: it would lack for ever what a full memory, say, kept it from once."""
    (good,) = totals(toy, 1)
    failing = toy.Total(first=toy.Number(seed=1), second=toy.Number(seed=2), fails="memory")
    made = execute([toy.Spared(total=good, beside=failing)], tmp_path)
    assert made.failed[0].reason.startswith("memory is exhausted")
    with Store(tmp_path) as store:
        assert made.keys[0] in store.failures()


def test_artifacts_come_in_the_order_of_the_steps_and_are_made_once(toy: Any, calls: list[str], tmp_path: Path) -> None:
    steps = totals(toy)
    told: list[tuple[int, int]] = []
    found = artifacts_of(steps, tmp_path, progress=lambda done, total: told.append((done, total)))
    expected = [np.random.default_rng(100).normal(size=3) + np.random.default_rng(s).normal(size=3) for s in range(3)]
    for artifact, x in zip(found, expected, strict=True):
        np.testing.assert_array_equal(artifact.arrays["x"], x)
    assert told[-1] == (3, 3)
    calls.clear()
    again = artifacts_of(steps[::-1], tmp_path)
    assert not calls
    for artifact, x in zip(again, expected[::-1], strict=True):
        np.testing.assert_array_equal(artifact.arrays["x"], x)


@pytest.mark.parametrize(
    ("fails", "error", "message"),
    [
        ("input", InputError, "^toy-total, seed 9: first must be another number$"),
        ("error", RunError, "^toy-total, seed 9: ZeroDivisionError: of the step itself$"),
        ("refused", CapabilityError, "^these numbers cannot be added$"),
    ],
)
def test_artifacts_are_all_there_or_the_first_problem_is_raised(
    toy: Any, fails: str, error: type[Exception], message: str, tmp_path: Path
) -> None:
    (good,) = totals(toy, 1)
    bad = toy.Total(first=toy.Number(seed=1), second=toy.Number(seed=2), fails=fails, seed=9)
    with pytest.raises(error, match=message) as raised:
        artifacts_of([good, bad], tmp_path)
    assert type(raised.value) is error
    with Store(tmp_path) as store:
        assert store.get(Keys().of(good)) is not None, "what could be made is kept"


def test_an_artifact_that_is_made_and_cannot_be_read_is_the_stores_fault(
    toy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "get", lambda *_, **__: None)
    with pytest.raises(StoreError, match="toy-total, seed 0 cannot be read: run the same command again"):
        artifacts_of(totals(toy, 1), tmp_path)
