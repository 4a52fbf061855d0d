"""Launchers: where steps are computed. In this process, in local processes, or wherever a package brings one for."""

import logging
import multiprocessing
import os
import signal
import sys
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, final

from pydantic import Field

from w2sg.core import Component, InputError, RunError, attempt, contract, main_unseen, register, without_interrupts
from w2sg.graph.compute import Report, compute
from w2sg.graph.steps import Step, packed, unpacked

TICK_S = 1.0
"""Seconds between two looks at what workers have done."""


class WorkerEndedError(RunError):
    """A worker process ended before its work, as where the system kills it because memory is short."""

    def __init__(self) -> None:
        super().__init__("a worker process ended before its work: if memory is short, use fewer workers")


Prepare = Callable[[], object]


def nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True, eq=False)
class Unit:
    """Steps that one worker computes one after the other, because they share data.

    Attributes:
        store: The store's folder.
        steps: What is asked for.
        prepare: Called first in other processes, such as to load plugins; a function that can be sent to them.
    """

    store: Path
    steps: tuple[Step, ...]
    prepare: Prepare = nothing

    def singly(self) -> list["Unit"]:
        """Return a unit for each step."""
        return [Unit(self.store, (step,), self.prepare) for step in self.steps]


Outcome = tuple[Unit, Report | Exception]
"""A unit that ended: what came of it, or what ended the worker."""


class WorkerPool:
    """Workers at work. Units are idempotent: what is in the store already is not computed again."""

    def __init__(self, executor: Executor, submit: Callable[[Executor, Unit], "Future[Report]"]) -> None:
        self._executor, self._submit = executor, submit
        self._waiting: dict[Future[Report], Unit] = {}

    def submit(self, unit: Unit) -> None:
        """Hand in a unit."""
        self._waiting[self._submit(self._executor, unit)] = unit

    def poll(self, tick: Callable[[], object] | None = None) -> Iterator[Outcome]:
        """Yield every unit handed in so far as it ends; in between call `tick`, where it is given, every second."""
        waiting, self._waiting = self._waiting, {}
        for future in _as_completed(waiting, tick):
            error = future.exception()
            if isinstance(error, BrokenExecutor):
                yield waiting[future], WorkerEndedError()
            elif isinstance(error, Exception):
                yield waiting[future], error
            elif error is not None:
                raise error
            else:
                yield waiting[future], future.result()

    def cancel(self) -> None:
        """Drop what has not begun; what is in progress ends, or is lost with its process, without harm."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Wait for what is in progress and end."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def _as_completed(futures: Iterable["Future[Report]"], tick: Callable[[], object] | None) -> "Iterator[Future[Report]]":
    running = set(futures)
    while running:
        ended, running = wait(running, None if tick is None else TICK_S, FIRST_COMPLETED)
        yield from ended
        if tick is not None:
            tick()


@contract("launchers")
class Launcher(Component):
    """Opens a pool of workers that compute units on a store."""

    @abstractmethod
    def open(self, n_units: int) -> WorkerPool:
        """Return a pool for about so many units."""

    def processes(self, n_units: int) -> int:
        """Return how many units are computed at once, for the estimate of how long they take."""
        return 1


@final
@register()
class InProcess(Launcher):
    """One unit after the other in this process: no start-up cost."""

    kind: Literal["in-process"] = "in-process"

    def open(self, n_units: int) -> WorkerPool:
        """Return a pool of one thread."""
        return WorkerPool(
            ThreadPoolExecutor(1), lambda executor, unit: executor.submit(compute, unit.store, unit.steps)
        )


@final
@register()
class Processes(Launcher):
    """Several processes of this machine, each with one numerical thread."""

    kind: Literal["processes"] = "processes"
    workers: int | None = Field(None, ge=1, description="how many processes; none: one for each core")

    def processes(self, n_units: int) -> int:
        """Return the number of processes: no more than there are units."""
        return min(self.workers or os.cpu_count() or 1, max(1, n_units))

    def open(self, n_units: int) -> WorkerPool:
        """Return a pool of processes."""
        workers = self.processes(n_units)
        context = multiprocessing.get_context("spawn")
        return WorkerPool(ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker), _send)


def _hand_over(executor: Executor, unit: Unit) -> "Future[Report]":
    return executor.submit(compute, unit.store, unit.steps)


def _send(executor: Executor, unit: Unit) -> "Future[Report]":
    """Hand a unit to another process; it travels as plain data."""
    # A process that starts now must not hear Ctrl-C before it can leave that to its parent.
    with main_unseen(), without_interrupts():
        return executor.submit(_compute_packed, unit.store, packed(unit.steps), unit.prepare)


def _compute_packed(store: Path, steps: Mapping[str, Any], prepare: Prepare) -> Report:
    """Compute a unit in a worker; only reasons travel back, because not every exception survives the way."""
    prepare()
    report = attempt(lambda: compute(store, unpacked(steps)))
    if isinstance(report, InputError):
        raise InputError(str(report)) from report
    if isinstance(report, Exception):
        raise RunError(f"{type(report).__name__}: {report}") from report
    return report


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, say on stderr how long trainings go, and end when the parent has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    logging.getLogger("w2sg").addHandler(logging.StreamHandler())
    logging.getLogger("w2sg").setLevel(logging.INFO)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
