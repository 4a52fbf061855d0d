from typing import Any

import numpy as np
import pytest
from task_data import make

from w2sg.core import ConfigError, DataError, derive
from w2sg.tasks import Table


def table(n: int = 100, split: list[str] | None = None) -> Table:
    gold = np.arange(n) % 2
    return Table.of(np.arange(n)[:, None], gold, ("a", "b"), "made", split=None if split is None else np.array(split))


def lengths(**fields: Any) -> list[int]:
    data = make({"kind": "digits", **fields}).load(derive(0, "split"))
    validation = 0 if data.validation is None else len(data.validation)
    return [len(data.supervision), len(data.transfer), validation, len(data.tests["test"])]


def test_sizes_are_counts_or_shares() -> None:
    assert lengths() == [400, 800, 0, 597]
    assert lengths(supervision=0.1, transfer=0.2, validation=10, test=0.5) == [180, 359, 10, 898]
    assert lengths(supervision=None, transfer=None) == [449, 898, 0, 450]


@pytest.mark.parametrize("size", [-1, 0.0, 1.0, 1.5, True, "many"])
def test_bad_sizes_are_refused(size: object) -> None:
    with pytest.raises(ConfigError, match="transfer"):
        make({"kind": "digits", "transfer": size})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"transfer": 1500}, "split 'transfer' needs 1500 rows, 1397 of 1797 are left for it after supervision 400"),
        (
            {"transfer": 1397},
            "split 'test' needs at least 1 rows, 0 of 1797 are left for it after supervision 400, tra",
        ),
        ({"supervision": 0}, "split 'supervision' needs at least 1 rows"),
        ({"transfer": 1}, "split 'transfer' must hold at least 2 classes, all its 1 rows are '"),
        ({"test": 1}, "split 'test' must hold at least 2 classes"),
    ],
)
def test_too_few_rows_say_the_numbers(fields: dict[str, int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        lengths(**fields)


def test_a_supervision_split_may_miss_a_class() -> None:
    assert lengths(supervision=1)[0] == 1


def test_one_class_is_refused() -> None:
    with pytest.raises(DataError, match="need at least 2 classes, all 3 rows have 'a'"):
        Table.of(np.zeros((3, 1)), np.zeros(3, dtype=int), ("a", "b"), "made")


def test_order_of_the_pool_depends_on_what_only_the_source_knows() -> None:
    values, gold = np.zeros((50, 1)), np.arange(50) % 2
    one = Table.of(values, gold, ("a", "b"), "made")
    two = Table.of(values, 1 - gold, ("a", "b"), "made")
    assert not np.array_equal(one.ids, two.ids)
    np.testing.assert_array_equal(one.gold, one.ids % 2)
