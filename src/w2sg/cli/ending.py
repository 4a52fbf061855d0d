"""How a command begins and ends, whatever happens: what was given is text, and what goes wrong is one message."""

import errno
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from w2sg.cli import console

INTERRUPTED, UNFORESEEN = 130, 70
"""The exit codes after Ctrl-C, and after an error that nobody foresaw (`EX_SOFTWARE` of sysexits)."""
THREADS_END_S = 5.0
"""The longest that a thread is waited for after Ctrl-C."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def check_given() -> None:
    """Look at the arguments, the environment and the streams before anything is done with them.

    Raises:
        InputError: If an argument is no text, `W2SG_THREADS` is no number, or there is no stdout.
    """
    strange = [argument for argument in sys.argv[1:] if not argument.isprintable()]
    if strange:
        from w2sg.core import InputError

        raise InputError(
            f"arguments are text without control characters, got {strange[0]:.80}: rename the file, or leave them out"
        )
    threads = os.environ.get("W2SG_THREADS", "1")
    if not threads.isdecimal() or len(threads) > 4 or int(threads) < 1:
        from w2sg.core import InputError

        raise InputError(f"W2SG_THREADS must be a number of at least 1, got {threads!r:.80}: change the environment")
    # A file that is opened later would get the number of a stream that is closed, and what is printed would go there.
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - as long as the process
    if sys.stdout is None:
        from w2sg.core import InputError

        raise InputError("stdout is closed, so no result can be printed: redirect it to a file or to /dev/null")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that does not know a letter is shown its number.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Let the first Ctrl-C end the command in order, and ignore those after it: they would only tear the ending."""

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # whoever started the command wants it ignored, or handles it
        return
    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is end:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def stop() -> NoReturn:
    """End at once, without waiting for work in progress: the store takes no harm."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    console.say("stopped; what was finished is kept: run the same command again to go on")
    sys.stderr.flush()
    workers = multiprocessing.active_children()
    for worker in workers:
        worker.terminate()
    if workers:
        # The thread that watches the workers closes what Python would write to as it ends: it has to be gone by then.
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join(timeout=THREADS_END_S)
        raise SystemExit(INTERRUPTED)
    os._exit(INTERRUPTED)  # a thread at work would be waited for


def deliver() -> None:
    """See that all that was printed arrives.

    Raises:
        StoreError: If it does not, because a disk is full, say.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        nobody_reads()
    except OSError as error:
        nobody_reads()
        from w2sg.core import StoreError

        raise StoreError(f"stdout cannot be written: {error.strerror}: runs that were made are kept") from error


def nobody_reads() -> None:
    """Take it that the reader of stdout went away, as `head` does: Python would complain that it cannot flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def unforeseen(error: Exception) -> NoReturn:
    """End after an error that nobody foresaw: one message, and a file with all that is known of it.

    Memory and disks that are full are foreseen, and may show anywhere.
    """
    if isinstance(error, MemoryError):
        console.fail(f"memory is exhausted ({error}): use fewer workers, or smaller data", code=3)
    if isinstance(error, OSError) and error.errno in FULL:
        console.fail(f"nothing more can be written: {error.strerror}: free space; what was finished is kept", code=3)
    said = "".join(traceback.format_exception(error))
    where = "it could not be written down"
    with suppress(OSError):
        handle, path = tempfile.mkstemp(prefix="w2sg-error-", suffix=".txt", text=True)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"w2sg {' '.join(sys.argv[1:])}\n\n{said}")
        where = f"all that is known of it is in {path}"
    text = f"{type(error).__name__}: {error}"
    console.fail(
        f"w2sg met an error that it did not foresee, {text:.300}: {where}; please report it, "
        "and take away the last thing that you changed; what was finished is kept",
        code=UNFORESEEN,
    )
