"""Examples that come in groups, such as the texts of one question, count as what was sampled: the group."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from paired_simulations import compare, crossed, nested, overlapping

from w2sg.core import InputError
from w2sg.measure import Paired, bootstrap_pgr, pgr
from w2sg.measure.clustered import clustered_mean

MAKERS = (nested, crossed, overlapping)


def doubled(evidence: Paired) -> Paired:
    """Return every example twice, with the same outcomes, the copies in one group."""
    parts: dict[str, Any] = {
        name: tuple(np.repeat(x, 2) for x in getattr(evidence, name)) for name in ("weak", "student", "ceiling")
    }
    ids = tuple(np.stack([2 * x, 2 * x + 1], axis=1).ravel() for x in evidence.ids)
    return replace(evidence, ids=ids, **parts, groups=tuple(np.repeat(x, 2) for x in evidence.ids))


@pytest.mark.parametrize("n_seeds", [1, 4])
@pytest.mark.parametrize("make", MAKERS)
def test_copies_of_an_example_add_nothing(make: object, n_seeds: int) -> None:
    single = make(np.random.default_rng(0), n_seeds, 200, 0.01)  # type: ignore[operator]
    twice = doubled(single)
    one, two = pgr(single), pgr(twice)
    assert (one.low, one.high) == pytest.approx((two.low, two.high), abs=1e-12)
    assert (one.student.low, one.student.high) == pytest.approx((two.student.low, two.student.high), abs=1e-12)
    drawn, again = (bootstrap_pgr(one, rng=np.random.default_rng(1), resamples=500) for one in (single, twice))
    assert (drawn.low, drawn.high) == pytest.approx((again.low, again.high), abs=1e-12)
    if n_seeds == 1:  # with more, the spread of seeds tells most of it
        alone = pgr(replace(twice, groups=None)).student
        assert alone.high - alone.low == pytest.approx((two.student.high - two.student.low) / np.sqrt(2), rel=0.02)


def test_groups_of_one_are_no_groups() -> None:
    evidence = overlapping(np.random.default_rng(0), 3, 150, 0.01)
    grouped = replace(evidence, groups=evidence.ids)
    assert (pgr(grouped).low, pgr(grouped).high) == (pgr(evidence).low, pgr(evidence).high)


def test_comparisons_of_methods_count_groups_too() -> None:
    rng = np.random.default_rng(2)
    single = nested(rng, 4, 200, 0.01)
    other = [hits ^ (rng.random(len(hits)) < 0.1) for hits in single.student]
    one = compare(single, other).difference
    two = compare(doubled(single), [np.repeat(hits, 2) for hits in other]).difference
    assert (one.low, one.high) == pytest.approx((two.low, two.high), abs=1e-12)


def test_groups_cover_where_the_texts_of_a_question_agree() -> None:
    """Pairs that share their luck: 95 % intervals of a mean hold, those that ignore the pairs do not."""
    rng = np.random.default_rng(0)
    held = {True: 0, False: 0}
    repetitions = 400
    for _ in range(repetitions):
        luck = np.repeat(rng.normal(size=60), 2) + 0.3 * rng.normal(size=120)
        for grouped in held:
            ids = np.repeat(np.arange(60), 2) if grouped else np.arange(120)
            interval = clustered_mean(luck, np.zeros(120, dtype=int), ids, grouped=grouped).interval([1.0])
            held[grouped] += interval.low <= 0 <= interval.high
    assert held[True] / repetitions > 0.95 - 4 * np.sqrt(0.05 * 0.95 / repetitions)
    assert held[False] / repetitions < 0.88


def test_groups_must_fit_and_ids_stay_different() -> None:
    with pytest.raises(InputError, match=r"groups of seed 0 must have one entry per id \(2\), got 1"):
        Paired((0,), ([1, 2],), ([1, 0],), ([1, 0],), ([1, 1],), groups=([3],))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="ids must differ within a seed"):
        clustered_mean([0.0, 1.0, 1.0], [0, 0, 0], [1, 1, 2])
