"""Watching the work: what is done, what it is at, how much time is left by measured costs; and planning it."""

import heapq
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from w2sg.core import attempt, phase_now
from w2sg.graph.costs import Labels, MeanSeconds
from w2sg.graph.keys import THREADS, Keys
from w2sg.graph.steps import REFUSED, Step, topological
from w2sg.graph.store import Store

ENOUGH_FOR_PROCESSES = 40
"""Fewer missing steps than this are done in this process: starting others would take longer."""
LOOK_S = 0.5
"""Seconds between two looks at what is done, at least."""
SURE_S = 2.0
"""Work of so many seconds counts for a pace of 1: what the first steps take beside themselves says little."""
RECENT_S, FEW = 30.0, 5
"""What was done so long ago says nothing of the pace, unless it is among the last few."""
LATE = 2.0
"""What is late makes the pace no slower than this before it is done: a single batch may be slow for reasons of its own.
"""
PACE = (0.3, 5.0)
"""A pace beyond these is an accident of the moment."""


@dataclass(frozen=True)
class Ahead:
    """What is done of the work, and what is left.

    Attributes:
        kind: The kind of step that is computed now, or a phase that many steps share; empty where nothing is known.
        done: Steps that are done, of all that were missing, by kind.
        missing: All steps that were missing, by kind.
        left_s: Seconds that are expected until the last of them is done; None as long as most of it would be a guess.
    """

    kind: str
    done: Mapping[str, int]
    missing: Mapping[str, int]
    left_s: float | None


@dataclass(frozen=True)
class PlannedWork:
    """What would be done for some steps.

    Attributes:
        missing: Steps that the store lacks, by kind.
        there: Steps that it has, of those that were asked for and of what these would read, by kind.
        seconds: What the missing ones are expected to take, one after the other.
        wall_s: The same with the processes that would share the work.
        workers: How many processes these are.
        guessed: How many of the missing ones are of kinds that this store never timed.
    """

    missing: Mapping[str, int]
    there: Mapping[str, int]
    seconds: float
    wall_s: float
    workers: int
    guessed: int


class OnlyPlannedError(Exception):
    """Ends a command that was asked what it would do."""

    def __init__(self, plan: PlannedWork) -> None:
        super().__init__("this work was only planned")
        self.plan = plan


@dataclass(eq=False)
class _Unit:
    """The missing steps of one place, in the order in which they can be computed."""

    missing: dict[str, Step] = field(default_factory=dict)
    begun: bool = False


class Watch:
    """Looks at the store while steps are computed, and tells what is left.

    It asks the store, so it sees what the workers of any launcher do.

    Args:
        tell: Told of what is ahead, about once a second.
    """

    def __init__(self, tell: Callable[[Ahead], object] = lambda _: None) -> None:
        self._tell = tell
        self.keys, self._labels, self._costs = Keys(), Labels(), MeanSeconds()
        self._units: dict[str, _Unit] = {}
        self.there: Counter[str] = Counter()
        self.missing: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.done_keys: set[str] = set()
        self._known: dict[str, Step] = {}
        self._loading: list[float] = []
        self._workers, self._at_work = 1, False
        self._last = self._next = 0.0
        self._recent: deque[tuple[float, list[Step], float]] = deque()

    # what is to come

    def expect(self, steps: Sequence[Step], store: Path) -> None:
        """Take notice of work to come, all of it or a part, before it begins."""
        fresh: list[tuple[str, Step]] = []
        with _opened(store) as there:
            needed = {id(step) for step in steps}
            for step in reversed(topological(steps)):
                if id(step) not in needed:
                    continue
                key = attempt(partial(self.keys.of, step))
                if not isinstance(key, str):  # it cannot even be planned: whoever computes it says why
                    continue
                if key not in self._known:
                    self._known[key] = step
                    if there is not None and there.having([key]):
                        self.there[step.kind] += 1
                        self.done_keys.add(key)
                    else:
                        fresh.append((key, step))
                if key not in self.done_keys:
                    needed |= {id(inner) for inner in step.inputs().values()}
            if there is not None:
                self._costs.recall(there.costs({label for _, step in fresh for label in self._labels.of(step)}))
        # Planned from the targets down, computed from the inputs up.
        for key, step in reversed(fresh):
            self.missing[step.kind] += 1
            self._units.setdefault(step.place, _Unit()).missing[key] = step

    def plan(self, workers: int | None) -> PlannedWork:
        """Return what is ahead."""
        loads = self._loads()
        n_workers = min(processes_for(sum(self.missing.values()), workers), max(1, len(loads)))
        steps = [step for unit in self._units.values() for step in unit.missing.values()]
        return PlannedWork(
            missing=dict(self.missing),
            there=dict(self.there),
            seconds=sum(loads),
            wall_s=_makespan(loads, n_workers),
            workers=n_workers,
            guessed=sum(not self._costs.knows(self._labels.of(step)) for step in steps),
        )

    # while it is done

    def begin(self, workers: int) -> None:
        """Say that work begins, by so many processes."""
        self._workers, self._at_work = max(1, workers), True
        self._last = time.monotonic()

    def end(self) -> None:
        """Say that this work is over; other work may follow."""
        self._at_work = False
        self._recent.clear()
        self._next = 0.0
        self._tell(self.ahead())

    def over(self, steps: Sequence[Step]) -> None:
        """Say that nobody computes some steps any more: those that are not there have failed."""
        keys = {attempt(partial(self.keys.of, step)) for step in topological(steps)}
        for place in {step.place for step in topological(steps)} & self._units.keys():
            unit = self._units[place]
            unit.missing = {key: step for key, step in unit.missing.items() if key not in keys}

    def look(self, store: Store) -> bool:
        """See what is done by now, tell what is left, and return True; False for a call that comes too early."""
        now = time.monotonic()
        if now < self._next:
            return False
        self.see(store)
        self._tell(self.ahead())
        # Looking takes a twentieth of the time at most.
        self._next = now + max(LOOK_S, 20 * (time.monotonic() - now))
        return True

    def see(self, store: Store) -> None:
        """See what is done by now."""
        untouched = 0
        seen: list[Step] = []
        beside = 0.0
        for unit in self._units.values():
            if not unit.missing:
                continue
            found = store.having(unit.missing)
            apart: Counter[str] = Counter()
            for key in found:
                seen.append(unit.missing.pop(key))
                apart.update(self._learn(seen[-1], store.record(key) or {}))
            beside += sum(apart.values())
            self.done_keys |= found
            if found and not unit.begun:
                self._loading.append(apart["loading"])
                unit.begun = True
            # Units are begun in their order: behind some that are untouched nothing is begun.
            untouched += not found
            if untouched > self._workers:
                break
        if seen:
            self._last = time.monotonic()
            self._recent.append((self._last, seen, beside))
            while len(self._recent) > FEW and self._last - self._recent[0][0] > RECENT_S:
                self._recent.popleft()

    def _learn(self, step: Step, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take notice of a step that is done; return the seconds of what was done beside it for many steps."""
        took, apart = record.get("took_s", 0.0), record.get("apart_s", {})
        self.done[step.kind] += 1
        if REFUSED not in record:
            self._costs.learn(self._labels.of(step), took)
        return apart if isinstance(apart, Mapping) else {}

    def ahead(self) -> Ahead:
        """Return what is left."""
        waiting = [unit for unit in self._units.values() if unit.missing]
        if not waiting:
            return Ahead(phase_now(), dict(self.done), dict(self.missing), 0.0)
        current = next((unit for unit in waiting if unit.begun), waiting[0])
        batch = self._next_batch(current)
        since = time.monotonic() - self._last if self._at_work else 0.0
        coming = sum(map(self._expected, batch))
        pace = self._pace(since, coming)
        # What is computed now has been for a while. It may take longer than was expected, and does not end before now.
        left = _makespan(self._loads(), self._workers) * pace - min(since, coming * pace)
        known = None if self._is_guess() else max(left, 0.0)
        return Ahead(phase_now() or batch[0].kind, dict(self.done), dict(self.missing), known)

    def _is_guess(self) -> bool:
        """Return whether most of what is expected is of kinds that were never timed."""
        steps = [step for unit in self._units.values() for step in unit.missing.values()]
        guessed = sum(self._expected(step) for step in steps if not self._costs.knows(self._labels.of(step)))
        return 2 * guessed > sum(map(self._expected, steps))

    def _next_batch(self, unit: _Unit) -> list[Step]:
        first = next(iter(unit.missing.values()))
        return [first] if first.batch is None else [one for one in unit.missing.values() if one.batch == first.batch]

    def _expected(self, step: Step) -> float:
        return self._costs.expected(self._labels.of(step))

    def _loads(self) -> list[float]:
        """Return the seconds that are left of each unit, as its steps will say them."""
        loading = sum(self._loading) / len(self._loading) if self._loading else 0.0
        return [
            sum(map(self._expected, unit.missing.values())) + (0.0 if unit.begun else loading)
            for unit in self._units.values()
            if unit.missing
        ]

    def _pace(self, since: float, coming: float) -> float:
        """Return how long work takes of late, for each second that is expected of its steps.

        Others may compute on this machine, and storing and waiting come on top.

        Args:
            since: Seconds since something was last seen to be done.
            coming: Seconds that are expected of what is computed now.
        """
        worked = expected = 0.0
        if len(self._recent) > 1:  # what came before the first of them is no work, such as the start of processes
            worked = (self._recent[-1][0] - self._recent[0][0]) * self._workers
            expected = sum(beside + sum(map(self._expected, steps)) for _, steps, beside in list(self._recent)[1:])
        pace = (worked + SURE_S) / (expected + SURE_S)
        if since > coming * pace:  # late already: it tells that the work is slower than was expected
            late = (worked + since * self._workers + SURE_S) / (expected + coming * self._workers + SURE_S)
            pace = max(pace, min(late, LATE))
        return min(max(pace, PACE[0]), PACE[1])


def processes_for(n_missing: int, workers: int | None) -> int:
    """Return how many processes so many missing steps are worth, where nobody says how many."""
    if workers is not None:
        return workers
    return 1 if n_missing < ENOUGH_FOR_PROCESSES else max(1, (os.cpu_count() or 1) // THREADS)


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)
_planning: ContextVar[bool] = ContextVar("planning", default=False)


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Let a watch see all work inside."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


@contextmanager
def planning() -> Iterator[None]:
    """Compute nothing inside: the first work that is expected or asked for raises `OnlyPlannedError` with its plan."""
    token = _planning.set(True)
    try:
        yield
    finally:
        _planning.reset(token)


def expect(steps: Sequence[Step], store: Path, workers: int | None = None) -> None:
    """Say what work is to come, before the first of it begins: who watches then knows of all of it.

    Raises:
        OnlyPlannedError: If the work is only planned.
    """
    if _planning.get():
        watch = Watch()
        watch.expect(steps, store)
        raise OnlyPlannedError(watch.plan(workers))
    watched = _watch.get()
    if watched is not None:
        watched.expect(steps, store)


def watch_now() -> Watch | None:
    """Return who watches."""
    return _watch.get()


def _makespan(loads: Sequence[float], workers: int) -> float:
    """Return when the last worker is done, where each takes the next load as soon as it is free."""
    free = [0.0] * min(max(workers, 1), max(len(loads), 1))
    for load in loads:
        heapq.heapreplace(free, free[0] + load)
    return max(free)


@contextmanager
def _opened(folder: Path) -> Iterator[Store | None]:
    """Open the store, where there is one: looking at what it has must not make it."""
    # A path that no store can have is refused where work begins, in words of its own.
    if not os.path.exists(folder / "store.db"):
        yield None
        return
    with Store(folder) as store:
        yield store
