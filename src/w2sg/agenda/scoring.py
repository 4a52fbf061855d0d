"""How good the agenda's own forecasts were: log scores beside those of one that knew no run, and calibration."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from w2sg.measure import Interval, t_interval

if TYPE_CHECKING:
    from w2sg.agenda.evidence import Measurement

LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Forecast probabilities at which calibration is shown."""


@dataclass(frozen=True)
class ForecastScores:
    """The scores of sealed forecasts.

    Attributes:
        n: How many forecasts.
        n_late: How many more were sealed after all of their runs had been scored: they do not count.
        log_score: The mean log density of what was measured; larger is better.
        naive: The same of forecasts from the prior alone.
        advantage: Their mean difference with its interval over sites; None for fewer than two sites.
        below: For each of `LEVELS` how often what was measured was below the quantile that was forecast for it.
        within_90: How often it was between the forecast's 5 % and 95 %.
    """

    n: int
    n_late: int
    log_score: float
    naive: float
    advantage: Interval | None
    below: tuple[float, ...]
    within_90: float


def scores_of(measurements: "Sequence[Measurement]") -> ForecastScores | None:
    """Return how good the sealed forecasts were; None where no forecast was sealed in time."""
    timely = [one for one in measurements if not one.late and "log_score" in one.shown]
    n_late = sum(one.late for one in measurements)
    if not timely:
        return None
    informed, naive, ranks = (
        np.array([one.shown[name] for one in timely]) for name in ("log_score", "naive_log_score", "rank")
    )
    sites = np.array([one.site for one in timely])
    by_site = np.array([(informed - naive)[sites == site].mean() for site in np.unique(sites)])
    k, advantage = len(by_site), None
    if k > 1:
        advantage = t_interval(float(by_site.mean()), float(by_site.var(ddof=1)) / k, k - 1, 0.95)
    return ForecastScores(
        n=len(timely),
        n_late=n_late,
        log_score=float(informed.mean()),
        naive=float(naive.mean()),
        advantage=advantage,
        below=tuple(float((ranks < level).mean()) for level in LEVELS),
        within_90=float(((ranks > 0.05) & (ranks < 0.95)).mean()),
    )
