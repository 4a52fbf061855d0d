"""Executing steps: plan, launch, look again. Nothing finished is ever done again or lost."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from w2sg.core import CapabilityError, InputError, RunError, StoreError, attempt
from w2sg.graph.compute import Failure, Report
from w2sg.graph.keys import THREADS, Keys
from w2sg.graph.launchers import InProcess, Launcher, Prepare, Processes, Unit, WorkerPool, nothing
from w2sg.graph.steps import REFUSED, Artifact, Step
from w2sg.graph.store import Store
from w2sg.graph.watching import expect, processes_for, watch_now

Progress = Callable[[int, int], None]
"""Called with the number of steps done and the number of all that were asked for."""


@dataclass(frozen=True, eq=False)
class Execution:
    """What came of a list of steps.

    Attributes:
        keys: The key of each step, in their order; empty where a step could not even be planned (a missing file, say).
        failed: Why steps could not be computed, by their place in the list.
        done: How many artifacts of each kind of step were made now.
    """

    keys: tuple[str, ...]
    failed: dict[int, Failure] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)


def execute(
    steps: Sequence[Step],
    store: Path,
    *,
    launcher: Launcher | None = None,
    workers: int | None = None,
    prepare: Prepare = nothing,
    progress: Progress | None = None,
) -> Execution:
    """Make the artifacts of steps that the store lacks.

    A step that fails is written down with its reason and ends nobody else. It is tried again by the next call.

    Args:
        steps: What is asked for; inputs are made as far as they are needed.
        store: The store's folder.
        launcher: Where the work is done; None takes this process for little work and local processes for much.
        workers: Processes, where the launcher is None; 1 works in this process.
        prepare: Called first in other processes that do the work, such as to load plugins.
        progress: Told of every step that is done.

    Raises:
        StoreError: If the store cannot be read or written.
    """
    expect(steps, store, workers)
    watch = watch_now()
    keys = Keys() if watch is None else watch.keys
    planned: list[str] = []
    failed: dict[int, Failure] = {}
    for place, step in enumerate(steps):
        key = attempt(partial(keys.of, step))
        planned.append(key if isinstance(key, str) else "")
        if isinstance(key, Exception):
            failed[place] = Failure.of(key)
    with Store(store) as opened:
        finished = opened.having(key for key in planned if key)
    missing = {key: step for key, step in zip(planned, steps, strict=True) if key and key not in finished}
    report = Report()
    if missing:
        units = _units(list(missing.values()), store, prepare)
        launcher = launcher or _chosen(len(missing), units, workers)
        telling = _Telling(progress, len(steps) - len(missing), len(steps), missing)
        with telling.at_work(store, launcher.processes(len(units))):
            report = _launch(launcher, units, keys, telling)
    failed |= {place: report.failed[key] for place, key in enumerate(planned) if key in report.failed}
    return Execution(tuple(planned), failed, report.done)


def artifacts_of(
    steps: Sequence[Step],
    store: Path,
    *,
    workers: int | None = None,
    prepare: Prepare = nothing,
    progress: Progress | None = None,
) -> list[Artifact]:
    """Return the artifacts of steps, made where the store lacks them: for callers that want all or none.

    The arguments are those of `execute`.

    Raises:
        CapabilityError: If the components of a step do not fit its data.
        InputError: If a step failed because something given breaks a rule.
        RunError: If a step failed.
        StoreError: If the store cannot be read or written.
    """
    execution = execute(steps, store, workers=workers, prepare=prepare, progress=progress)
    for place, failure in execution.failed.items():
        raise (InputError if failure.bad_input else RunError)(f"{steps[place].title()}: {failure.reason}")
    found = []
    with Store(store) as opened:
        for step, key in zip(steps, execution.keys, strict=True):
            artifact = opened.get(key)
            if artifact is None:
                raise StoreError(f"store {store}: {step.title()} cannot be read: run the same command again")
            if REFUSED in artifact.record:
                raise CapabilityError(artifact.record[REFUSED])
            found.append(artifact)
    return found


class _Telling:
    """Says what is done: to whoever asked for progress, and to whoever watches."""

    def __init__(self, progress: Progress | None, shown: int, total: int, asked: Iterable[str]) -> None:
        self.progress, self.shown, self.total, self.asked = progress, shown, total, set(asked)
        self.done = 0
        self.watch = watch_now()
        self.store: Store | None = None

    @contextmanager
    def at_work(self, folder: Path, workers: int) -> Iterator[None]:
        """Let whoever watches look at the store as long as work goes on."""
        if self.watch is None:
            yield
            return
        self.watch.begin(workers)
        with Store(folder) as self.store:
            try:
                yield
            finally:
                self.watch.end()

    def ended(self, unit: Unit) -> None:
        """Tell that a unit has ended."""
        self.done += len(unit.steps)
        if self.watch is not None and self.store is not None:
            self.watch.see(self.store)
            self.watch.over(unit.steps)
            self.watch.look(self.store)
        self._tell(self.done)

    def tick(self) -> None:
        """Tell what is done by now, within units too."""
        if self.watch is not None and self.store is not None and self.watch.look(self.store):
            self._tell(max(self.done, len(self.watch.done_keys & self.asked)))

    def _tell(self, done: int) -> None:
        if self.progress is not None:
            self.progress(self.shown + done, self.total)


def _units(steps: Sequence[Step], store: Path, prepare: Prepare) -> list[Unit]:
    """Return the work by place, in the order of the steps."""
    places: dict[str, list[Step]] = {}
    for step in steps:
        places.setdefault(step.place, []).append(step)
    return [Unit(store, tuple(members), prepare) for members in places.values()]


def _chosen(n_missing: int, units: Sequence[Unit], workers: int | None) -> Launcher:
    pin_threads()
    workers = processes_for(n_missing, workers)
    # Components of a script or a notebook exist in this process only.
    if any(type(part).__module__ == "__main__" for unit in units for step in unit.steps for part in step.parts()):
        workers = 1
    return InProcess() if min(workers, len(units)) <= 1 else Processes(workers=workers)


def _launch(launcher: Launcher, units: Sequence[Unit], keys: Keys, telling: _Telling) -> Report:
    """Compute units; those that were with the workers when one of these ended are done again, one at a time."""
    total = Report()

    def computed(pool: WorkerPool, some: Sequence[Unit]) -> list[tuple[Unit, Exception]]:
        """Compute units; return those that came back undone, with what ended their worker."""
        undone = []
        for unit in some:
            pool.submit(unit)
        for unit, outcome in pool.poll(None if telling.watch is None else telling.tick):
            if isinstance(outcome, StoreError):
                raise outcome
            if isinstance(outcome, Exception):
                undone.append((unit, outcome))
                continue
            total.add(outcome)
            telling.ended(unit)
        return undone

    with _pool(launcher, len(units)) as pool:
        waiting = [unit for unit, _ in computed(pool, units)]
    # When a process of a pool is killed, the pool cannot say which unit was its undoing: all that were waiting come
    # back. One at a time, a unit that ends its worker is found; so is the step, once the unit is taken apart.
    while waiting:
        with _pool(launcher, 1) as pool:
            undone: list[tuple[Unit, Exception]] = []
            while waiting and not undone:  # the worker serves until something ends it
                undone = computed(pool, [waiting.pop()])
        for unit, error in undone:
            if len(unit.steps) > 1:
                waiting += unit.singly()
            else:
                _fail(unit, Failure.of(error), keys, total)
                telling.ended(unit)
    return total


@contextmanager
def _pool(launcher: Launcher, n_units: int) -> Iterator[WorkerPool]:
    """Open a pool, and close it; what is in progress is not waited for where something went wrong."""
    pool = launcher.open(n_units)
    try:
        yield pool
    except BaseException:
        pool.cancel()
        raise
    pool.close()


def _fail(unit: Unit, failure: Failure, keys: Keys, total: Report) -> None:
    (step,) = unit.steps
    total.failed[keys.of(step)] = failure
    with Store(unit.store) as store:
        store.put_failure(keys.of(step), step.kind, failure.reason)


def pin_threads() -> None:
    """Ask numerical libraries that are not loaded yet for one thread; workers inherit it."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, str(THREADS))
