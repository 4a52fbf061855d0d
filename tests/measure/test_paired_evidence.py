import numpy as np
import pytest

from w2sg.core.errors import InputError
from w2sg.measure import Paired


def evidence(**changes: object) -> Paired:
    parts = [np.array([True, False]), np.array([False, False])]
    given: dict[str, object] = {
        "seeds": (1, 2),
        "ids": (np.array([10, 11]), np.array([10, 11])),
        "weak": tuple(parts),
        "student": tuple(parts),
        "ceiling": tuple(parts),
    }
    return Paired(**{**given, **changes})  # type: ignore[arg-type]


def test_designs_are_told_apart_by_ids() -> None:
    assert evidence().design == "crossed"
    assert evidence(ids=([1, 2], [3, 4])).design == "nested"
    assert evidence(ids=([1, 2], [2, 3])).design == "overlapping"
    one = {"weak": ([1, 0],), "student": ([1, 0],), "ceiling": ([1, 1],)}
    assert evidence(seeds=(1,), ids=([1, 2],), **one).design == "single"


def test_counts() -> None:
    uneven = {name: ([1, 0], [1, 0, 1]) for name in ("weak", "student", "ceiling")}
    five = evidence(ids=([1, 2], [2, 3, 4]), **uneven)
    assert (five.n_seeds, five.n_test, five.n_examples) == (2, 2.5, 4)


def test_arrays_are_copies_and_read_only() -> None:
    weak = np.array([True, False])
    kept = evidence(weak=(weak, weak))
    weak[0] = False
    assert kept.weak[0][0]
    with pytest.raises(ValueError, match="read-only"):
        kept.weak[0][0] = False


def test_with_student_replaces_the_student_alone() -> None:
    other = evidence().with_student([[1, 1], [1, 1]])
    assert all(part.all() for part in other.student)
    assert not other.weak[1].any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": ()}, "at least one seed"),
        ({"seeds": (1, 1)}, "seeds must differ"),
        ({"ids": ([1, 1], [1, 2])}, "ids of seed 1 must differ from each other"),
        ({"ids": ([1, 2],)}, r"ids must have one array per seed \(2\), got 1"),
        ({"weak": ([1, 0], [1])}, r"weak of seed 2 must have one entry per id \(2\), got 1"),
        ({"student": ([1, 0], [1, 2])}, "student must say correct or not"),
        ({"ceiling": ([0.5, 0.5], [1, 0])}, "ceiling must hold class numbers"),
        ({"ids": ([], [])}, "ids must be a non-empty vector"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        evidence(**changes)
