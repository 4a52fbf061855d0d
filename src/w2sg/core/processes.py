"""Starting other processes: they are to load the package, and nothing of what the caller's script does."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def main_unseen() -> Iterator[None]:
    """Keep processes that start now from running the caller's script again: they need nothing of it."""
    main = sys.modules["__main__"]
    hidden = {name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)}
    try:
        for name in hidden:
            setattr(main, name, None)
        yield
    finally:
        for name, value in hidden.items():
            setattr(main, name, value)


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Put Ctrl-C off until the end of the block; processes that start inside inherit that it is blocked."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
