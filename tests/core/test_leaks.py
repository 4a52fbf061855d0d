"""Nothing that can be reached from a view tells the gold, or who is who."""

import gc
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from w2sg.core import (
    AnyArray,
    ClassProbabilities,
    Examples,
    Inputs,
    IntArray,
    Task,
    TaskData,
    WeakSplit,
    WeakView,
    derive,
    registry,
)

STANDARD_ERRORS = 4.5
"""A rank statistic of unrelated numbers is further out once in 100,000 times."""
TELLS = 0.5
"""Ten classes: a column that names the class of more than half the examples is no accident."""


def loaded(spec: object, seed: int = 0) -> TaskData:
    task = registry.build("tasks", spec)  # type: ignore[call-overload]
    assert isinstance(task, Task)
    return task.load(derive(seed, "task"))


def view_of(data: TaskData) -> WeakView:
    rng = np.random.default_rng(0)

    def split(examples: Examples) -> WeakSplit:
        return WeakSplit(
            examples.inputs, ClassProbabilities(rng.dirichlet(np.ones(len(data.question.names)), size=len(examples)))
        )

    validation = None if data.validation is None else split(data.validation)
    return WeakView(split(data.transfer), validation, data.corpus, data.question)


OPAQUE = (type, types.ModuleType, types.BuiltinFunctionType, str, bytes, int, float)


def reachable(root: object) -> Iterator[object]:
    """Walk attributes, items, closures and the memory that arrays borrow; not classes and modules."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, OPAQUE):
            continue
        seen.add(id(item))
        yield item
        if isinstance(item, types.FunctionType):
            waiting += [cell.cell_contents for cell in item.__closure__ or ()]
            waiting += [item.__defaults__, item.__kwdefaults__]
            continue
        waiting += [*gc.get_referents(item), *getattr(item, "__dict__", {}).values(), getattr(item, "base", None)]
        if isinstance(item, np.ndarray) and item.dtype == object:
            waiting += item.ravel().tolist()


def columns(root: object) -> Iterator[AnyArray]:
    """Return every reachable sequence of whole numbers or texts, and every column of every table of them."""
    for item in reachable(root):
        found: Any = item
        if isinstance(item, list | tuple) and item and all(isinstance(x, int | str | np.integer) for x in item):
            found = np.array(item)
        if isinstance(found, np.ndarray) and found.ndim and found.size and found.dtype.kind in "iubUSO":
            yield from found.reshape(len(found), -1).T


def told(column: AnyArray, gold: IntArray) -> float:
    """Return the share of examples whose class is the most frequent one of their value in the column."""
    values, which = np.unique(column.astype(str), return_inverse=True)
    if len(values) > len(gold) / 4:
        return 0.0
    table = np.zeros((len(values), int(gold.max()) + 1))
    np.add.at(table, (which, gold), 1)
    return float(table.max(axis=1).sum() / len(gold))


def leaks(view: object, data: TaskData) -> list[str]:
    """Return what is told: gold in the order of a split, of its rows, or of the pool; or the ids."""
    everyone = {"supervision": data.supervision, **data.labelled_by_supervisor()}
    gold = {name: data.vault.release("score", name) for name in everyone}
    found = []
    for column in columns(view):
        for name, part in everyone.items():
            orders = {
                "order": (np.arange(len(part)), len(part)),
                "rows": (part.inputs.rows, len(data.corpus.pool.values)),
            }
            orders["sorted"] = (np.argsort(np.argsort(part.inputs.rows)), len(part))
            for how, (order, length) in orders.items():
                if len(column) == length and told(column[order], gold[name]) > TELLS:
                    found.append(f"gold of {name} by {how}")
                if len(column) == length and np.array_equal(column[order], part.ids):
                    found.append(f"ids of {name} by {how}")
    return found


@pytest.fixture(scope="module")
def digits() -> TaskData:
    return loaded({"kind": "digits", "validation": 100})


def test_nothing_reachable_from_a_view_tells_gold(digits: TaskData) -> None:
    view = view_of(digits)
    assert view.transfer.inputs.digest  # fill what is remembered, so that it is searched too
    found = list(reachable(view))
    assert any(item is digits.corpus.pool.values for item in found)
    assert not any(isinstance(item, TaskData | Examples | type(digits.vault)) for item in found)
    assert leaks(view, digits) == []


@pytest.mark.parametrize("how", ["order", "rows", "sorted"])
@pytest.mark.parametrize("name", ["transfer", "test"])
def test_the_search_finds_gold_that_is_hidden(digits: TaskData, name: str, how: str) -> None:
    part, gold = {**digits.labelled_by_supervisor()}[name], digits.vault.release("score", name)
    hidden: AnyArray = gold.astype(np.int16)
    if how == "rows":
        hidden = np.zeros(len(digits.corpus.pool.values), np.uint8)
        hidden[part.inputs.rows] = gold + 1
    if how == "sorted":
        hidden = gold[np.argsort(part.inputs.rows)]
    view = view_of(digits)
    table = np.stack([np.zeros_like(hidden), hidden], axis=1)
    object.__setattr__(view.transfer, "weak", table[:, :1])  # a view of memory that holds more
    assert f"gold of {name} by {how}" in leaks(view, digits)


def test_the_search_looks_into_closures_and_finds_ids(digits: TaskData) -> None:
    view, gold, ids = view_of(digits), digits.vault.release("score", "transfer").tolist(), digits.transfer.ids
    object.__setattr__(view, "helper", lambda: gold)
    assert leaks(view, digits) == ["gold of transfer by order"]
    object.__setattr__(view, "helper", {"ids": ids.copy()})
    assert leaks(view, digits) == ["ids of transfer by order"]


@pytest.fixture(scope="module", params=["label", "none"])
def sorted_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TaskData:
    """A file whose rows are sorted by label, with other columns that are sorted with it."""
    rng = np.random.default_rng(0)
    lines = [f"{rng.normal():.6f},{rng.normal():.6f},{i},{'yes' if i >= 600 else 'no'}" for i in range(1200)]
    path = tmp_path_factory.mktemp("leaks") / "sorted.csv"
    path.write_text("a,b,row,label\n" + "\n".join(lines) + "\n")
    spec = {"kind": "files", "path": str(path), "features": ["a", "b"], "validation": 0.1}
    return loaded({**spec, "id": "row"} if request.param == "label" else spec)


def test_rows_and_order_do_not_predict_the_label(sorted_file: TaskData) -> None:
    data = sorted_file
    for name, part in {"supervision": data.supervision, **data.labelled_by_supervisor()}.items():
        gold = data.vault.release("score", name)
        for numbers in (part.inputs.rows, np.arange(len(part))):
            first, second = numbers[gold == 0], numbers[gold == 1]
            area = mannwhitneyu(first, second).statistic / (len(first) * len(second))
            error = np.sqrt((len(numbers) + 1) / (12 * len(first) * len(second)))
            assert abs(area - 0.5) < STANDARD_ERRORS * error
    assert leaks(view_of(data), data) == []


def test_no_input_is_a_window_on_its_row(sorted_file: TaskData) -> None:
    view = view_of(sorted_file)
    for item in reachable(view):
        if isinstance(item, np.ndarray):
            assert item.base is None
            assert not item.flags.writeable


def test_pool_values_hold_only_inputs(sorted_file: TaskData) -> None:
    assert sorted_file.corpus.values.shape == (1200, 2)
    with pytest.raises(ValueError, match="read-only"):
        sorted_file.corpus.pool.values[0] = 0
    assert Inputs.of(np.arange(3)).values.flags.owndata
