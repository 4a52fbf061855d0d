"""Who was handed gold, and that a method cannot get at it or harm others."""

import gc
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab_data import METHODS, SMALL, WINE, run_small, small_study

from w2sg.core import Examples, InputError, RunError, Vault, WeakView, derive, registry
from w2sg.graph import Store
from w2sg.lab import StudyResult, make_setup, result_of, run, study, task_data

PLUGIN = '''
"""Methods that misbehave."""

from typing import Literal

import numpy as np

from w2sg.core import InputError, Method, register
from w2sg.methods.composition import Composition

SEEN = []


class _Awkward(Method):
    def harm(self, view, student):
        """Do what goes wrong, before an ordinary training."""

    def train(self, view, student, rng):
        self.harm(view, student)
        return (yield from Composition().train(view, student, rng))


@register()
class Fails(_Awkward):
    kind: Literal["fails"] = "fails"

    def harm(self, view, student):
        raise ZeroDivisionError("of the method itself")


class TwoPartError(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


@register()
class FailsOddly(_Awkward):
    """With an error that does not survive the way from another process."""

    kind: Literal["fails-oddly"] = "fails-oddly"

    def harm(self, view, student):
        raise TwoPartError("this", "that")


@register()
class Refuses(_Awkward):
    kind: Literal["refuses"] = "refuses"

    def harm(self, view, student):
        raise InputError("method.kind must be another one")


@register()
class Mutates(_Awkward):
    kind: Literal["mutates"] = "mutates"

    def harm(self, view, student):
        view.transfer.weak.probabilities[:] = 0.5


@register()
class Watches(_Awkward):
    kind: Literal["watches"] = "watches"

    def train(self, view, student, rng):
        SEEN.append((view, student, rng))
        return (yield from Composition().train(view, student, rng))


@register()
class Nonsense(Method):
    """Whose student gives no probabilities."""

    kind: Literal["nonsense"] = "nonsense"

    def train(self, view, student, rng):
        predictor = yield from Composition().train(view, student, rng)
        predictor.predict_proba = lambda inputs: np.full((len(inputs), len(view.question.names)), np.nan)
        return predictor
'''


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("plugins") / "misbehaving.py"
    path.write_text(PLUGIN)
    registry.load_plugin(path)
    return str(path)


def purposes(gold: Iterable[Any]) -> set[tuple[str, str]]:
    return {(one["purpose"], one["split"]) for one in gold}


def gold_of(folder: Path) -> list[list[dict[str, Any]]]:
    """What the records of all runs of a store say of gold."""
    with Store(folder) as store:
        return [result_of(store, run.key, store.record(run.key) or {})["gold"] for run in store.results()]


def test_the_record_of_a_run_lists_every_hand_out(tmp_path: Path) -> None:
    found = run(WINE, student=SMALL, seeds=1, store=tmp_path)
    (gold,) = gold_of(tmp_path)
    assert gold == [
        {"purpose": "supervision", "split": "supervision", "n": 30, "asked_by": "trained", "step": "labels"},
        {"purpose": "ceiling", "split": "transfer", "n": 60, "asked_by": "ceiling", "step": "ceiling"},
        {"purpose": "information", "split": "supervision", "n": 30, "asked_by": "direct", "step": "student"},
        {"purpose": "aggregates", "split": "supervision", "n": 30, "asked_by": "direct", "step": "student"},
        {"purpose": "score", "split": "test", "n": 88, "asked_by": "score", "step": "score"},
        {"purpose": "score", "split": "transfer", "n": 60, "asked_by": "score", "step": "score"},
    ]
    assert purposes(found.gold) == purposes(gold)


def test_the_ledger_has_a_line_for_each_step_and_each_release(tmp_path: Path) -> None:
    """Students of one batch are scored with gold that is opened once: it is a line for each of them.

    The direct student is handed supervision gold, and the aggregates of it that its tier includes; no other student is
    handed anything.
    """
    found = run_small(tmp_path, seeds=1)
    run_ids = {run_id for result in found.results for run_id in result.run_ids}
    with Store(tmp_path) as store:
        entries, kinds = store.ledger(), {row["key"]: row["step"] for row in store.artifact_rows()}
    assert len(entries) == 1 + 1 + 2 + 2 * 2
    assert all(kinds[entry.step] == entry.kind for entry in entries)
    handed = {(entry.purpose, entry.split, entry.asked_by) for entry in entries if entry.kind == "student"}
    assert handed == {(purpose, "supervision", "direct") for purpose in ("information", "aggregates")}
    assert len({entry.step for entry in entries if entry.kind == "student"}) == 1
    assert {entry.step for entry in entries if entry.kind == "score"} == run_ids
    assert {entry.n for entry in entries if entry.split == "test"} == {88}
    assert all(entry.rows is None and entry.created for entry in entries)
    assert len({entry.place for entry in entries}) == 1
    assert not run_small(tmp_path, seeds=1).steps_done
    with Store(tmp_path) as store:
        assert store.ledger() == entries, "what is in the store needs no gold"


def test_nothing_in_the_ledger_is_changed_or_removed(tmp_path: Path) -> None:
    run_small(tmp_path, seeds=1)
    with Store(tmp_path) as store:
        before = store.ledger()
        for statement in ("UPDATE ledger SET n = 1", "DELETE FROM ledger"):
            with pytest.raises(sqlite3.IntegrityError, match="the ledger is append-only"):
                store.database.execute(statement)
        store.forget([result.key for result in store.results()])
        store.collect_garbage(stale=True)
        assert store.ledger() == before


@pytest.mark.parametrize("method", METHODS)
def test_no_method_adds_a_hand_out(method: str, tmp_path: Path) -> None:
    found = run_small(tmp_path, methods=["naive", method], seeds=1)
    assert len({tuple(sorted(purposes(result.gold))) for result in found.results}) == 1


def test_a_run_that_reuses_steps_has_the_same_record(tmp_path: Path) -> None:
    run_small(tmp_path / "a", methods=["naive"], seeds=1)
    reused = run_small(tmp_path / "a", methods=["naive", "confidence"], seeds=1).results[1]
    alone = run_small(tmp_path / "b", methods=["confidence"], seeds=1).results[0]
    assert sorted(map(str, reused.gold)) == sorted(map(str, alone.gold))


def test_gold_is_handed_out_for_simulation_to_simulated_supervisors_only(tmp_path: Path) -> None:
    found = run_small(tmp_path, supervisors=["few-features", "simulated-uniform"], methods=["naive"], seeds=1)
    trained, simulated = ({one["purpose"] for one in result.gold} for result in found.results)
    direct = {"information", "aggregates"}
    assert trained == {"supervision", "ceiling", "score", *direct}
    assert simulated == {"supervision", "simulate", "ceiling", "score", *direct}


def test_a_method_that_changes_its_view_fails(plugin: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="mutates, seed 0: ValueError: assignment destination is read-only"):
        run(WINE, student=SMALL, method="mutates", seeds=1, store=tmp_path, plugins=[plugin])


def test_a_predictor_of_nonsense_is_refused(plugin: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="predictions must be finite"):
        run(WINE, student=SMALL, method="nonsense", seeds=1, store=tmp_path, plugins=[plugin])


@pytest.mark.parametrize(("bad", "workers"), [("fails", 1), ("fails", 2), ("fails-oddly", 1), ("fails-oddly", 2)])
def test_a_method_that_fails_spoils_its_own_runs_only(bad: str, workers: int, plugin: str, tmp_path: Path) -> None:
    given = small_study(methods=["naive", bad, "confidence"], plugins=[plugin], seeds=2)
    found = study(given, store=tmp_path, workers=workers)
    assert "2 of 6 runs failed; the others are kept" in found.failures()
    assert f"/ {bad}, seed 1: " in found.failures()
    assert [(failure.label["method"], failure.seed) for failure in found.failed] == [(bad, 0), (bad, 1)]
    reason = "ZeroDivisionError: of the method itself" if bad == "fails" else "TwoPartError: this and that"
    assert {(failure.reason, failure.bad_input) for failure in found.failed} == {(reason, False)}
    assert [result.label["method"] for result in found.results] == ["naive", "confidence"]
    kept = run_small(tmp_path, methods=["naive", "confidence"], seeds=2)
    assert not kept.steps_done
    with Store(tmp_path) as store:
        failures = sorted(store.failures().values())
    assert failures == sorted(2 * [("score", reason), ("student", reason)])
    with pytest.raises(RunError, match="2 of 2 runs failed; the others are kept"):
        study(small_study(methods=[bad], plugins=[plugin], seeds=2), store=tmp_path, workers=workers)


def test_a_failed_run_is_tried_again_and_then_no_failure_any_more(plugin: str, tmp_path: Path) -> None:
    import sys

    fails = sys.modules["w2sg_plugin_misbehaving"].Fails

    def tried() -> StudyResult:
        given = small_study(methods=["naive", "fails"], plugins=[plugin], seeds=1)
        return study(given, store=tmp_path, workers=1)

    assert len(tried().failed) == 1
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fails, "harm", lambda *_: None)
        mended = tried()
    assert not mended.failed
    assert mended.steps_done == {"student": 1, "score": 1}
    with Store(tmp_path) as store:
        assert store.failures() == {}
    assert not tried().failed


def test_a_refusal_of_input_is_not_a_failed_run(plugin: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"method\.kind must be another one"):
        run(WINE, student=SMALL, method="refuses", seeds=1, store=tmp_path, plugins=[plugin])


def reachable(roots: Iterable[object], depth: int = 12) -> Iterator[object]:
    """Yield all data that attributes, slots, items and elements lead to: not what the garbage collector would find."""
    seen: set[int] = set()
    todo = [(root, 0) for root in roots]
    while todo:
        item, at = todo.pop()
        if id(item) in seen or at > depth or isinstance(item, type):
            continue
        seen.add(id(item))
        yield item
        inner: list[object] = list(getattr(item, "__dict__", {}).values())
        inner += [getattr(item, slot) for slot in getattr(type(item), "__slots__", ()) if hasattr(item, slot)]
        if isinstance(item, dict):
            inner += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple | set | frozenset):
            inner += item
        elif isinstance(item, np.ndarray):
            inner += [item.base] + (list(item.ravel()) if item.dtype == object else [])
        elif callable(item):
            inner += [cell.cell_contents for cell in getattr(item, "__closure__", None) or ()]
        todo += [(one, at + 1) for one in inner]


def test_a_method_that_searches_its_arguments_finds_no_gold(plugin: str, tmp_path: Path) -> None:
    """What `gc.get_objects` or the call stack would show is out of scope: a method is not sandboxed, only not handed
    gold."""
    run(WINE, student=SMALL, method="watches", seeds=1, store=tmp_path, plugins=[plugin])
    import sys

    (arguments,) = sys.modules["w2sg_plugin_misbehaving"].SEEN
    view = arguments[0]
    assert isinstance(view, WeakView)
    gold = task_data(make_setup(WINE).task, 0).vault.release("score", "transfer")
    found = list(reachable(arguments))
    assert len(found) > 10
    assert not [item for item in found if isinstance(item, Vault | Examples)]
    arrays = [item for item in found if isinstance(item, np.ndarray) and item.dtype.kind in "iub"]
    assert not [array for array in arrays if array.shape == gold.shape and (array == gold).all()]


def test_rows_of_the_pool_do_not_tell_the_class() -> None:
    """The pool's order is shown to a method: it must be no key to the labels."""
    data = task_data(make_setup("wine").task, 0)
    gold = data.vault.release("score", "transfer")
    order = np.argsort(data.transfer.inputs.rows)
    same = (np.diff(gold[order]) == 0).mean()
    shuffled = [(np.diff(derive(0, str(i)).permutation(gold)) == 0).mean() for i in range(200)]
    assert min(shuffled) <= same <= max(shuffled)


def test_the_vault_is_not_kept_alive_by_a_predictor(tmp_path: Path) -> None:
    run_small(tmp_path, seeds=1)
    gc.collect()
    assert not [item for item in gc.get_objects() if type(item) is Vault and "supervision" in repr(item)]
