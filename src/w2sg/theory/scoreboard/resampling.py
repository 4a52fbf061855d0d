"""Cluster bootstrap: tasks and supervisors within tasks are drawn, because runs that share one depend on each other."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import norm

from w2sg.core import AnyArray, IntArray
from w2sg.measure import Interval

RESAMPLES = 400
Resample = tuple[IntArray, IntArray]
"""Rows that were drawn, and for each the number of the draw of its task: a task drawn twice counts twice."""


class Clusters:
    """Runs by task and supervisor, from which resamples are drawn."""

    def __init__(self, tasks: AnyArray, clusters: AnyArray) -> None:
        self.groups: list[list[IntArray]] = []
        for task in np.unique(tasks):
            rows = np.flatnonzero(tasks == task)
            names = clusters[rows]
            self.groups.append([rows[names == name] for name in np.unique(names)])

    def resamples(
        self, rng: np.random.Generator, count: int = RESAMPLES, *, draw_tasks: bool = True
    ) -> Iterator[Resample]:
        """Yield resamples; without `draw_tasks` the tasks are all there are, and supervisors alone are drawn."""
        n = len(self.groups)
        for _ in range(count):
            rows: list[IntArray] = []
            tasks: list[IntArray] = []
            # A task that is drawn twice is two tasks in the resample, with supervisors drawn anew for each.
            for place, drawn in enumerate(rng.integers(n, size=n) if draw_tasks else range(n)):
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


def two_sided_p(estimate: float, draws: AnyArray) -> float:
    """Return the two-sided normal p-value of "the difference is 0", with the standard error of bootstrap draws."""
    known = np.asarray(draws)[np.isfinite(draws)]
    se = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    return float(2 * norm.sf(abs(estimate) / se)) if se > 0 and np.isfinite(estimate) else 1.0
