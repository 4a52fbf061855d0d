"""One setup under several seeds, as `w2sg.run` tries it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from w2sg.core import InputError
from w2sg.graph import Launcher, Progress
from w2sg.isolation import load_plugins, loading_again
from w2sg.lab.results import SetupResult, summarise
from w2sg.lab.runs import make_runs
from w2sg.lab.setup import Spec, make_setup
from w2sg.lab.studies import DEFAULT_SEEDS, MOST_RUNS, Study, launcher_of, store_folder


def run(
    task: Spec = "digits",
    supervisor: Spec | None = None,
    student: Spec | None = None,
    method: Spec | None = None,
    *,
    seeds: int | Sequence[int] = DEFAULT_SEEDS,
    settings: Mapping[str, Any] | None = None,
    store: str | Path | None = None,
    launcher: str | Launcher | None = None,
    workers: int | None = None,
    plugins: Sequence[str] = (),
    progress: Progress | None = None,
) -> SetupResult:
    """Try one setup under several seeds.

    Args:
        task: A task: its name, a table with `kind`, or a component.
        supervisor: The weak supervisor; None is the task's default.
        student: The strong student; None is the task's default.
        method: The method; None is the task's default.
        seeds: How many seeds, or which.
        settings: Fields to change, by dotted path, such as `{"student.features.count": 100}`.
        store: The store's folder; None is `$W2SG_STORE` or `.w2sg`.
        launcher: Where the work is done, by name or ready made (see `w2sg list launchers`); None chooses.
        workers: Processes, where the launcher is None; None chooses.
        plugins: Python files that register components.
        progress: Told how many runs are done, of how many.

    Returns:
        The setup's result: `pgr` with its interval, `tests` by name, `to_frame()`, `plot()`.

    Raises:
        InputError: If something given breaks a rule; the message says which.
        RunError: If runs failed.

    Example:
        >>> import w2sg
        >>> result = w2sg.run("wine", method="confidence", seeds=4)  # doctest: +SKIP
        >>> print(result.pgr)  # doctest: +SKIP
    """
    started = time.perf_counter()
    load_plugins(plugins)
    setup = make_setup(task, supervisor, student, method, settings)
    # The seeds are checked as those of a study are, arrays of numpy as well; the study itself is never made.
    given = seeds if isinstance(seeds, int) else np.asarray(seeds).tolist()
    asked = Study.parse({"name": "run", "tasks": ["-"], "seeds": given}).seed_list()
    if len(asked) > MOST_RUNS:
        raise InputError(f"seeds are {len(asked):,}, over {MOST_RUNS:,}: take fewer, or a study")
    outcome = make_runs(
        [setup],
        asked,
        store=store_folder(store),
        launcher=launcher_of(launcher),
        workers=workers,
        prepare=loading_again(plugins),
        progress=progress,
    )
    outcome.raise_first_problem()
    (result,) = summarise(outcome.runs)
    return replace(result, wall_s=time.perf_counter() - started)
