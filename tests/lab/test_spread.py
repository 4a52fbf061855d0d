"""Work that is spread over processes: all of it is done, and a failure is said and stops the rest."""

from pathlib import Path

import pytest
from w2sg.lab.launch import spread

from w2sg.core import InputError, RunError


def touch(path: str) -> None:
    if path.endswith("bad"):
        raise ZeroDivisionError("nothing to divide by")
    if path.endswith("worse"):
        raise InputError("not this")
    Path(path).touch()


@pytest.mark.parametrize("workers", [1, 2])
def test_all_is_done_and_yielded(tmp_path: Path, workers: int) -> None:
    items = [str(tmp_path / str(index)) for index in range(5)]
    assert sorted(spread(touch, items, workers)) == items
    assert all(Path(item).exists() for item in items)


def test_errors_come_out_as_classes_that_travel(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="ZeroDivisionError: nothing to divide by"):
        list(spread(touch, [str(tmp_path / "a"), str(tmp_path / "bad")], 2))
    with pytest.raises(InputError, match="not this"):
        list(spread(touch, [str(tmp_path / "a"), str(tmp_path / "worse")], 2))
