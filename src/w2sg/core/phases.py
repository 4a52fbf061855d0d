"""What is done once for many steps, such as loading data: named for whoever watches, and timed apart from the steps."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_going: list[str] = []
"""The phases that this process is in, the inner last: of the process and not of a thread, so that others can look."""
_apart: ContextVar[dict[str, float] | None] = ContextVar("apart", default=None)


@contextmanager
def during(phase: str) -> Iterator[None]:
    """Say that a phase goes on inside, such as `loading`; the outermost of several is timed."""
    outermost = not _going
    started = time.perf_counter()
    _going.append(phase)
    try:
        yield
    finally:
        _going.pop()
        apart = _apart.get()
        if outermost and apart is not None:
            apart[phase] += time.perf_counter() - started


@contextmanager
def timed_apart() -> Iterator[Mapping[str, float]]:
    """Collect the seconds of the phases inside, by their names."""
    seconds: dict[str, float] = defaultdict(float)
    token = _apart.set(seconds)
    try:
        yield seconds
    finally:
        _apart.reset(token)


def phase_now() -> str:
    """Return the phase that this process is in; empty where none was said."""
    try:
        return _going[-1]
    except IndexError:
        return ""
