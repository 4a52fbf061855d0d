"""Searching a pattern in texts, with an end: some patterns take longer than anybody waits."""

import re
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import numpy as np

from w2sg.core import BoolArray, DataError

MOST_S = 5.0
"""Of processor time for one pattern over all texts of a split. Honest patterns need milliseconds for a thousand texts;
one with nested repetitions, such as `(a+)+$`, can need years for one."""


def found(pattern: str, texts: Sequence[str], name: str) -> BoolArray:
    """Return in which texts a pattern is found, `(n,)`.

    Args:
        pattern: A regular expression.
        texts: The `n` texts.
        name: What the pattern is called in messages.

    Raises:
        DataError: If the search takes longer than `MOST_S`. Only the main thread of a process can tell.
    """
    search = re.compile(pattern).search
    with _at_most(MOST_S, f"{name} needs more than {MOST_S:g} s for {len(texts)} texts, got {pattern!r}"):
        return np.array([search(text) is not None for text in texts], dtype=np.bool_)


@contextmanager
def _at_most(seconds: float, what: str) -> Iterator[None]:
    """End the block with an error after so much processor time of this process."""
    # Only an alarm interrupts a search: it is one call, which nothing else in the process can end.
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise DataError(f"{what}: repeat nothing that is itself repeated, as in (a+)+")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
