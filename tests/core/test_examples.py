import dataclasses

import numpy as np
import pytest

from w2sg.core import Examples, InputError, Inputs, Pool, check_soft_labels, digest_arrays, frozen, one_hot


def test_frozen_owns_its_memory() -> None:
    table = np.arange(6).reshape(3, 2)
    column = frozen(table[:, 0])
    table[:] = -1
    assert column.tolist() == [0, 2, 4]
    assert column.base is None
    with pytest.raises(ValueError, match="read-only"):
        column[0] = 1
    with pytest.raises(ValueError, match="cannot set WRITEABLE flag|read-only"):
        np.frombuffer(column.data, dtype=column.dtype)[0] = 1


def test_pools_and_rows_cannot_be_changed() -> None:
    values, rows = np.zeros((3, 2)), np.array([2, 0])
    inputs = Inputs(Pool(values), rows)
    values[:], rows[:] = 1, 1
    assert inputs.values.tolist() == [[0, 0], [0, 0]]
    assert inputs.rows.tolist() == [2, 0]
    with pytest.raises(ValueError, match="read-only"):
        inputs.rows[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        inputs.rows = rows  # type: ignore[misc]


def test_taking_rows_keeps_the_pool() -> None:
    inputs = Inputs.of(np.arange(10))
    some = inputs.take(np.array([7, 3])).take(np.array([False, True]))
    assert some.values.tolist() == [3]
    assert some.pool is inputs.pool
    assert len(some) == 1


def test_digests_tell_contents_apart() -> None:
    one = np.array([1, 2])
    same = digest_arrays(one)
    assert same == digest_arrays(one.copy())
    different = [one.astype(float), one.reshape(2, 1), one[::-1], np.array(["1", "2"], dtype=object)]
    assert len({same, *(digest_arrays(array) for array in different)}) == 5
    texts = [np.array(words, dtype=object) for words in (["ab", "c"], ["a", "bc"], ["a", "b c"])]
    assert len({digest_arrays(text) for text in texts}) == 3
    assert digest_arrays(np.arange(4)[::2]) == digest_arrays(np.array([0, 2]))
    assert digest_arrays(one, one) != digest_arrays(np.array([1, 2, 1, 2]))


def test_inputs_digest_the_pool_and_the_rows() -> None:
    pool = Pool(np.arange(4.0))
    first, again = Inputs(pool, np.array([0, 1])), Inputs(Pool(np.arange(4.0)), np.array([0, 1]))
    assert first.digest == again.digest
    assert len({first.digest, Inputs(pool, np.array([1, 0])).digest, Inputs.of(np.arange(2.0)).digest}) == 3


def test_columns_must_fit() -> None:
    inputs = Inputs.of(np.arange(3))
    with pytest.raises(InputError, match="column 'group' must have 3 rows, got 2"):
        Examples(np.arange(3), inputs, {"group": np.zeros(2)})
    with pytest.raises(InputError, match="column 'ids' must have 3 rows, got 4"):
        Examples(np.arange(4), inputs)
    part = Examples(np.array([5, 6, 7]), inputs, {"group": np.array(["a", "b", "c"])}).take(np.array([2, 0]))
    assert part.ids.tolist() == [7, 5]
    assert part.metadata["group"].tolist() == ["c", "a"]
    assert part.inputs.values.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("weak", "message"),
    [
        (np.ones((2, 3)) / 3, r"weak labels must have shape \(2, 2\), got \(2, 3\)"),
        (np.array([[0.5, np.nan], [0.5, 0.5]]), "must be finite and not negative"),
        (np.array([[1.5, -0.5], [0.5, 0.5]]), "must be finite and not negative"),
        (np.array([[0.5, 0.5], [0.5, 0.4]]), "must sum to 1, one misses it by 0.1"),
    ],
)
def test_soft_labels_are_checked(weak: np.ndarray[tuple[int, int], np.dtype[np.float64]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_soft_labels(weak, 2, 2)


def test_good_soft_labels_pass_as_float32() -> None:
    assert check_soft_labels(np.array([[0.25, 0.75]]), 1, 2).dtype == np.float32
    assert one_hot(np.array([1, 0]), 3).tolist() == [[0, 1, 0], [1, 0, 0]]
