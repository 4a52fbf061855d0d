"""Cluster bootstrap: tasks are drawn, and teachers within tasks, because runs that share one depend on each other."""

from collections.abc import Iterator

import numpy as np

from w2sg.core import AnyArray, IntArray
from w2sg.measure import Interval

RESAMPLES = 400
Resample = tuple[IntArray, IntArray]
"""Rows that were drawn, and for each the number of the draw of its task: a task drawn twice counts twice."""


class Clusters:
    """Runs by task and teacher, from which resamples are drawn."""

    def __init__(self, tasks: AnyArray, clusters: AnyArray) -> None:
        self.groups: list[list[IntArray]] = []
        for task in np.unique(tasks):
            rows = np.flatnonzero(tasks == task)
            names = clusters[rows]
            self.groups.append([rows[names == name] for name in np.unique(names)])

    def resamples(self, rng: np.random.Generator, count: int = RESAMPLES) -> Iterator[Resample]:
        """Yield resamples."""
        for _ in range(count):
            rows: list[IntArray] = []
            tasks: list[IntArray] = []
            for place, drawn in enumerate(rng.integers(len(self.groups), size=len(self.groups))):
                group = self.groups[drawn]
                chosen = [group[i] for i in rng.integers(len(group), size=len(group))]
                rows.extend(chosen)
                tasks.extend(np.full(len(one), place) for one in chosen)
            yield np.concatenate(rows), np.concatenate(tasks)


def percentile_interval(estimate: float, draws: AnyArray, level: float) -> Interval | None:
    """Return the percentile interval of bootstrap draws; None if too few are defined."""
    known = np.asarray(draws)[np.isfinite(draws)]
    if len(known) < 20 or not np.isfinite(estimate):
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(estimate), float(low), float(high), level, method="percentile")


def two_sided_p(draws: AnyArray) -> float:
    """Return the two-sided p-value of "the difference is 0" from bootstrap draws of it."""
    known = np.asarray(draws)[np.isfinite(draws)]
    if not len(known):
        return 1.0
    below = (1 + int((known <= 0).sum())) / (1 + len(known))
    above = (1 + int((known >= 0).sum())) / (1 + len(known))
    return float(min(1.0, 2 * min(below, above)))
