"""Who was handed gold, and that a method cannot get at it or harm others."""

import gc
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab_data import METHODS, SMALL, WINE, run_small, small_study
from w2sg.lab.protocol import Bench

from w2sg.core import InputError, RunError, Vault, WeakView, derive, registry
from w2sg.core.examples import Examples
from w2sg.lab import Store, make_setup, run, study

PLUGIN = '''
"""Methods that misbehave."""

from typing import Literal

import numpy as np

from w2sg.core import InputError, Method, register
from w2sg.methods.composition import Composition

SEEN = []


class _Awkward(Method):
    def harm(self, view, student):
        raise NotImplementedError

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
        view.transfer.weak[:] = 0.5


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
        predictor.predict_proba = lambda inputs: np.full((len(inputs), view.n_classes), np.nan)
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


def test_the_record_of_a_run_lists_every_hand_out(tmp_path: Path) -> None:
    found = run(WINE, student=SMALL, seeds=1, store=tmp_path)
    (stored,) = (Store(tmp_path).runs()).values()
    assert stored.result["gold"] == [
        {"purpose": "supervision", "split": "supervision", "n": 30},
        {"purpose": "ceiling", "split": "transfer", "n": 60},
        {"purpose": "score", "split": "test", "n": 88},
        {"purpose": "score", "split": "transfer", "n": 60},
    ]
    assert purposes(found.gold) == purposes(stored.result["gold"])


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
    assert trained == {"supervision", "ceiling", "score"}
    assert simulated == {"supervision", "simulate", "ceiling", "score"}


def test_a_method_that_changes_its_view_fails(plugin: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="mutates, seed 0: ValueError: assignment destination is read-only"):
        run(WINE, student=SMALL, method="mutates", seeds=1, store=tmp_path, plugins=[plugin])


def test_a_predictor_of_nonsense_is_refused(plugin: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="predictions must be finite"):
        run(WINE, student=SMALL, method="nonsense", seeds=1, store=tmp_path, plugins=[plugin])


@pytest.mark.parametrize(("bad", "workers"), [("fails", 1), ("fails", 2), ("fails-oddly", 1), ("fails-oddly", 2)])
def test_a_method_that_fails_spoils_its_own_runs_only(bad: str, workers: int, plugin: str, tmp_path: Path) -> None:
    given = small_study(methods=["naive", bad, "confidence"], plugins=[plugin], seeds=2)
    with pytest.raises(RunError) as error:
        study(given, store=tmp_path, workers=workers)
    assert "2 of 6 runs failed; the others are kept" in str(error.value)
    assert f"/ {bad}, seed 1: " in str(error.value)
    kept = run_small(tmp_path, methods=["naive", "confidence"], seeds=2)
    assert not kept.steps_done


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
    gold = Bench(make_setup(WINE).task, 0).data.vault.release("score", "transfer")
    found = list(reachable(arguments))
    assert len(found) > 10
    assert not [item for item in found if isinstance(item, Vault | Examples)]
    arrays = [item for item in found if isinstance(item, np.ndarray) and item.dtype.kind in "iub"]
    assert not [array for array in arrays if array.shape == gold.shape and (array == gold).all()]


def test_rows_of_the_pool_do_not_tell_the_class() -> None:
    """The pool's order is shown to a method: it must be no key to the labels."""
    data = Bench(make_setup("wine").task, 0).data
    gold = data.vault.release("score", "transfer")
    order = np.argsort(data.transfer.inputs.rows)
    same = (np.diff(gold[order]) == 0).mean()
    shuffled = [(np.diff(derive(0, str(i)).permutation(gold)) == 0).mean() for i in range(200)]
    assert min(shuffled) <= same <= max(shuffled)


def test_the_vault_is_not_kept_alive_by_a_predictor(tmp_path: Path) -> None:
    run_small(tmp_path, seeds=1)
    gc.collect()
    assert not [item for item in gc.get_objects() if type(item) is Vault and "supervision" in repr(item)]
