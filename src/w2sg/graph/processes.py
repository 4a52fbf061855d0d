"""How many processes work is worth, and how often it is looked at what they have done."""

import os

from w2sg.graph.keys import THREADS

TICK_S = 1.0
"""Seconds between two looks at what workers have done."""
ENOUGH_FOR_PROCESSES = 40
"""Fewer missing steps than this are done in this process: starting others would take longer."""


def processes_for(n_missing: int, workers: int | None) -> int:
    """Return how many processes so many missing steps are worth, where nobody says how many."""
    if workers is not None:
        return workers
    return 1 if n_missing < ENOUGH_FOR_PROCESSES else max(1, (os.cpu_count() or 1) // THREADS)
