"""Disjoint parts of a task's rows, one for each seed."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from task_data import make

from w2sg.core import ConfigError, DataError, derive
from w2sg.tasks import Table
from w2sg.tasks.parts import part_of

SHARES = {"supervision": 0.25, "transfer": 0.5}


def used(seed: int, **fields: Any) -> np.ndarray:
    """The ids of all rows that a seed uses."""
    data = make({"kind": "digits", **SHARES, **fields}).under(seed).load(derive(seed, "task"))
    splits = [data.supervision.ids, data.transfer.ids, *(test.ids for test in data.tests.values())]
    return np.concatenate(splits)


@pytest.mark.parametrize("parts", [3, 4])
def test_seeds_share_no_row_and_use_the_pool_up(parts: int) -> None:
    of_seed = [used(seed, disjoint=parts) for seed in range(parts)]
    together = np.concatenate(of_seed)
    assert len(np.unique(together)) == len(together) == 1797
    assert max(map(len, of_seed)) - min(map(len, of_seed)) <= 1


def test_a_seed_beyond_the_parts_splits_the_part_of_an_earlier_one_anew() -> None:
    first, again = used(1, disjoint=4), used(5, disjoint=4)
    assert set(first) == set(again)
    assert first.tolist() != again.tolist()


def test_a_part_that_is_named_is_that_of_every_seed() -> None:
    assert set(used(0, disjoint=4, part=2)) == set(used(1, disjoint=4, part=2)) == set(used(2, disjoint=4))


def test_nothing_of_other_parts_is_in_the_pool() -> None:
    data = make({"kind": "digits", **SHARES, "disjoint": 4}).under(0).load(derive(0, "task"))
    assert len(data.transfer.inputs.pool.values) == len(used(0, disjoint=4)) == 450


@given(
    units=st.lists(st.integers(0, 12), min_size=4, max_size=60),
    ready=st.lists(st.sampled_from(["", "test", "supervision"]), min_size=13, max_size=13),
    parts=st.integers(2, 6),
)
def test_units_stay_whole_and_every_ready_split_is_dealt_evenly(units: list[int], ready: list[str], parts: int) -> None:
    """Rows of one unit are in one ready split here, as duplicates of a published set seldom are elsewhere."""
    together = np.unique(units, return_inverse=True)[1]
    n = len(together)
    table = Table.of(
        np.arange(n)[:, None],
        np.arange(n) % 2,
        ("a", "b"),
        "made",
        columns={"together": together},
        split=np.array([ready[unit] for unit in units]),
    )
    dealt = part_of(table, parts)
    assert dealt.shape == (n,)
    assert set(dealt) <= set(range(parts))
    part_of_unit = dict(zip(table.columns["together"].tolist(), dealt.tolist(), strict=True))
    assert [part_of_unit[unit] for unit in table.columns["together"].tolist()] == dealt.tolist()
    split_of_unit = dict(zip(table.columns["together"].tolist(), table.split.tolist(), strict=True))
    for split in set(split_of_unit.values()):
        counts = np.bincount([part_of_unit[u] for u, s in split_of_unit.items() if s == split], minlength=parts)
        assert np.ptp(counts) <= 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"disjoint": 4, "supervision": 400, "transfer": 800},
            "task 'digits', part 0 of 4: split 'transfer' needs 800 rows, 50 of 450 are left for it after supervision "
            "400: give more rows or change the sizes",
        ),
        ({"disjoint": 900}, "task 'digits', part 0 of 900: split 'supervision' needs at least 1 rows"),
        ({"disjoint": 5000, "part": 4000}, "task 'digits', part 4000 of 5000: split .* 0 of 0 are left for it"),
    ],
)
def test_too_small_parts_say_which_part_and_the_numbers(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        used(0, **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"disjoint": 1}, "disjoint: input should be greater than or equal to 2, got 1"),
        ({"disjoint": 4, "part": 4}, "'part' numbers one of the 'disjoint' parts from 0, got part 4 of 4"),
        ({"part": 0}, "'part' numbers one of the 'disjoint' parts from 0, got part 0 of None"),
    ],
)
def test_parts_that_are_none_are_refused(fields: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make({"kind": "digits", **fields})
