import numpy as np

from w2sg.core import derive

INDEPENDENT = 0.05
"""Correlation of 10,000 draws: its standard error is 0.01."""
PINNED = {
    "split": [3462455165, 80927162, 814415342],
    "": [2123255304, 2043737492, 3517866771],
    "a b": [3694004696, 3441107605, 2750135414],
}


def test_first_draws_are_pinned() -> None:
    """Every recorded number rests on these: if they move, results move."""
    assert derive(0, "split").integers(2**32, size=3).tolist() == PINNED["split"]
    assert derive(0).integers(2**32, size=3).tolist() == PINNED[""]
    assert derive(7, "a", "b").integers(2**32, size=3).tolist() == PINNED["a b"]


def test_the_same_purpose_gives_the_same_stream() -> None:
    np.testing.assert_array_equal(derive(3, "init").random(100), derive(3, "init").random(100))


def test_purposes_and_seeds_share_no_stream() -> None:
    purposes = ["0 split", "0 init", "1 split", "0 split a", "0 spli ta", "0", "1", "10"]
    streams = [derive(int(seed), *words) for seed, *words in map(str.split, purposes)]
    draws = np.stack([stream.random(10_000) for stream in streams])
    assert len(np.unique(draws[:, 0])) == len(purposes)
    correlation = np.corrcoef(draws) - np.eye(len(purposes))
    assert np.abs(correlation).max() < INDEPENDENT


def test_nothing_touches_global_state() -> None:
    before = np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
    derive(0, "split").random(10)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # type: ignore[index]  # noqa: NPY002
