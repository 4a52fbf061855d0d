"""Launchers: where bundles are done. Local processes by default."""

import logging
import multiprocessing
import os
import signal
import sys
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar, final

from w2sg.core import InputError, RunError, StoreError, W2sgError, registry
from w2sg.lab.plan import THREADS, Bundle, Job, Planner
from w2sg.lab.setup import Setup
from w2sg.lab.work import do_bundle

Item = TypeVar("Item")
Outcome = tuple[Bundle, Counter[str] | Exception]
"""A bundle that ended: the steps done, or what went wrong."""

PACKED = tuple[list[tuple[dict[str, object], int]], tuple[str, ...]]


class Launcher(ABC):
    """Does bundles on a store. Bundles are idempotent: what is in the store already is not done again."""

    def __init__(self, store: Path, plugins: Sequence[str] = ()) -> None:
        self.store, self.plugins = store, tuple(plugins)
        self._pool = self._open()
        self._waiting: dict[Future[Counter[str]], Bundle] = {}

    @abstractmethod
    def _open(self) -> Executor:
        """Return the pool that runs the work."""

    @abstractmethod
    def submit(self, bundle: Bundle) -> None:
        """Hand in a bundle."""

    @final
    def poll(self) -> Iterator[Outcome]:
        """Yield every bundle handed in so far as it ends.

        Raises:
            RunError: If a worker process ended before its work.
        """
        waiting, self._waiting = self._waiting, {}
        for future in as_completed(waiting):
            error = future.exception()
            if isinstance(error, BrokenExecutor):
                raise RunError("a worker process ended before its work: if memory is short, use fewer workers")
            if isinstance(error, BaseException) and not isinstance(error, Exception):
                raise error
            yield waiting[future], future.result() if error is None else error

    @final
    def cancel(self) -> None:
        """Drop what has not begun; what is in progress ends, or is lost with its process, without harm."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    @final
    def close(self) -> None:
        """Wait for what is in progress and end."""
        self._pool.shutdown(wait=True, cancel_futures=True)


@final
class InProcess(Launcher):
    """One bundle after the other in this process: no start-up cost."""

    def _open(self) -> Executor:
        return ThreadPoolExecutor(1)

    def submit(self, bundle: Bundle) -> None:
        """Hand in a bundle."""
        self._waiting[self._pool.submit(_do_again_planned, self.store, bundle)] = bundle


@final
class Processes(Launcher):
    """Several processes, each with one numerical thread."""

    def __init__(self, store: Path, plugins: Sequence[str] = (), workers: int = 2) -> None:
        self.workers = workers
        super().__init__(store, plugins)

    def _open(self) -> Executor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.workers, mp_context=context, initializer=_start_worker)

    def submit(self, bundle: Bundle) -> None:
        """Hand in a bundle; it travels as plain data."""
        packed = [(job.setup.model_dump(mode="json"), job.seed) for job in bundle.jobs], self.plugins
        with _main_unseen():
            self._waiting[self._pool.submit(_do_packed, self.store, packed)] = bundle


@contextmanager
def _main_unseen() -> Iterator[None]:
    """Keep workers that start now from running the caller's script again: they need nothing of it."""
    main = sys.modules["__main__"]
    hidden = {name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)}
    try:
        for name in hidden:
            setattr(main, name, None)
        yield
    finally:
        for name, value in hidden.items():
            setattr(main, name, value)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, say on stderr how long trainings go, and end when the parent has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("w2sg").addHandler(logging.StreamHandler())
    logging.getLogger("w2sg").setLevel(logging.INFO)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do_again_planned(store: Path, bundle: Bundle) -> Counter[str]:
    """Do a bundle under keys made now: if a file changed since it was planned, so does what is written down."""
    planner = Planner()
    return do_bundle(store, Bundle(tuple(planner.job(job.setup, job.seed) for job in bundle.jobs)))


def _do_packed(store: Path, packed: PACKED) -> Counter[str]:
    """Do a bundle in a worker."""
    runs, plugins = packed
    with _Portable():
        for plugin in plugins:
            registry.load_plugin(plugin)
        planner = Planner()
        return do_bundle(store, Bundle(tuple(planner.job(Setup.parse(setup), seed) for setup, seed in runs)))


class _Portable:
    """Lets errors out as classes that need one text: others may not survive the way to another process."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> Literal[False]:
        """Raise the portable error in place of one that happened."""
        if isinstance(error, W2sgError):
            portable = next((k for k in (InputError, StoreError) if isinstance(error, k)), RunError)
            raise portable(str(error)) from error
        if isinstance(error, Exception):
            raise RunError(f"{type(error).__name__}: {error}") from error
        return False


def spread(work: Callable[[Item], None], items: Sequence[Item], workers: int) -> Iterator[Item]:
    """Do a piece of work for every item, in several processes if asked, and yield the items as they end.

    Args:
        work: A function of a module, so that workers find it.
        items: Plain data.
        workers: Processes; 1 works in this one.
    """
    if min(workers, len(items)) <= 1:
        for item in items:
            work(item)
            yield item
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(items)), mp_context=context, initializer=_start_worker)
    try:
        with _main_unseen():
            waiting = {pool.submit(_portably, work, item): item for item in items}
        for future in as_completed(waiting):
            future.result()
            yield waiting[future]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _portably(work: Callable[[Item], None], item: Item) -> None:
    with _Portable():
        work(item)


def pin_threads() -> None:
    """Ask numerical libraries that are not loaded yet for one thread; workers inherit it."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, str(THREADS))


def jobs_of(bundles: Iterable[Bundle]) -> list[Job]:
    """Return the jobs of bundles."""
    return [job for bundle in bundles for job in bundle.jobs]
