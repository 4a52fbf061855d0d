"""The laboratory's side: a worker process that never held ground truth, and questions to it."""

import multiprocessing
import os
import shutil
import stat
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Sequence
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from w2sg.core import CapabilityError, ConfigError, InputError, RunError, main_unseen, without_interrupts
from w2sg.isolation.allowance import allowance_for, is_readable_code
from w2sg.isolation.sandbox import why_no_sandbox
from w2sg.isolation.sources import Plugin
from w2sg.isolation.wire import Packer, Unpacker
from w2sg.isolation.worker import OUTPUT, Order, serve

KEPT_IN_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "PYTHONHASHSEED")
"""Variables of the environment that foreign code may know; those that pin threads are kept as well."""
LARGEST_ANSWER = 1 << 30
"""Bytes of an answer that are taken; a worker cannot fill the laboratory's memory with more."""
_START_SECONDS = 120.0
_PRELOADED = [
    *("w2sg.isolation.worker", "w2sg.methods", "w2sg.students", "array_api_compat.numpy"),
    *("sklearn.ensemble", "sklearn.kernel_approximation", "sklearn.linear_model", "sklearn.neighbors"),
    *("sklearn.decomposition", "sklearn.feature_extraction.text", "scipy.special"),
]
"""What the server of workers has loaded before any of them is forked, so that none has to: code, and no data."""


def isolation_tier() -> str:
    """Return the trust tier of workers on this system: T2 where it has a sandbox, T1 where it has none."""
    return "T1" if why_no_sandbox() else "T2"


class Session:
    """One worker process, for one training or one question; it ends with this object."""

    def __init__(self, plugins: Sequence[Plugin], files: Sequence[Path] = ()) -> None:
        """Start a worker that may run some plugins.

        Args:
            plugins: The foreign code that it loads, once it is held to its allowance.
            files: Further files and folders that it may read, such as those of a pretrained model.

        Raises:
            InputError: If a plugin's files have changed since they were read.
            RunError: If the worker does not start.
        """
        # A worker is given a copy of the files that were read, in a folder of its own: it then cannot see what lies
        # beside the original, and what it runs is what the key of its work was made from.
        folder = Path(tempfile.mkdtemp(prefix="w2sg-worker-"))
        unused = weakref.finalize(self, _remove, folder)
        (folder / "code").mkdir()
        (folder / "scratch").mkdir()
        orders = [_order(plugin, folder / "code" / str(place)) for place, plugin in enumerate(plugins)]
        self._names = {order.file: plugin.name for order, plugin in zip(orders, plugins, strict=True) if order.file}
        self._allowance = allowance_for([folder / "code", *files], folder / "scratch", isolation_tier())
        context = _context()
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self._allowance, tuple(orders)), daemon=True)
        with main_unseen(), without_interrupts():
            self._process.start()
        theirs.close()
        unused.detach()
        self._end = weakref.finalize(self, _end, self._process, self._connection, folder)
        self._packer = Packer()
        if self._answer_to(b"", _START_SECONDS) != "held":
            raise self._ended()

    def ask(self, what: str, **arguments: Any) -> Any:
        """Return the worker's answer: numbers, texts and arrays, made by foreign code and so to be checked.

        Raises:
            CapabilityError: If components do not fit each other or their data.
            ConfigError: If a component's configuration breaks a rule.
            InputError: If foreign code refused its input, or its answer cannot be read.
            RunError: If foreign code failed, ended its process or took too long.
        """
        return self._answer_to(self._packer.packed({"what": what, **arguments}), self._allowance.seconds)

    def close(self) -> None:
        """End the worker."""
        self._end()

    def _answer_to(self, question: bytes, seconds: float) -> Any:
        # The worker is ended when its time is up, whatever it is doing: it may also stop in the middle of an answer, or
        # take no question in, and the laboratory would wait for ever.
        late = threading.Event()
        timer = threading.Timer(seconds, _end_late, (self._process, late))
        timer.daemon = True
        timer.start()
        try:
            if question:
                self._connection.send_bytes(question)
            content = self._connection.recv_bytes(LARGEST_ANSWER)
        except (OSError, EOFError):
            if not late.is_set():
                raise self._ended() from None
            self.close()
            raise RunError(
                f"code of a plugin took more than {seconds:g} s: set W2SG_WORKER_SECONDS to allow more"
            ) from None
        finally:
            timer.cancel()
        answer = Unpacker().unpacked(content)
        if not isinstance(answer, dict) or answer.keys() not in ({"answer"}, {"error", "text", "paths"}):
            raise InputError("a worker gave an answer that is none")
        if "answer" in answer:
            return answer["answer"]
        raise _raised(str(answer["error"]), self._by_names(str(answer["text"])), answer["paths"])

    def _by_names(self, text: str) -> str:
        """Return a text with the plugins' own names in the place of the copies that the worker knows."""
        for file, name in self._names.items():
            text = text.replace(file, name)
        return text

    def _ended(self) -> RunError:
        wrote = self._by_names(_last_words(Path(self._allowance.scratch) / OUTPUT))
        self.close()
        said = f"; it wrote last: {wrote}" if wrote else ""
        return RunError(f"a worker ended while it ran code of a plugin (for want of memory, perhaps){said}")


def _order(plugin: Plugin, folder: Path) -> Order:
    """Return how a worker is to load a plugin, after copying what it could not read where it lies."""
    if plugin.installed and is_readable_code(plugin.main):
        return Order(plugin.module)
    main = plugin.copied(folder)
    return Order(plugin.module, folder=str(folder)) if plugin.installed else Order(plugin.module, file=str(main))


def _raised(error: str, text: str, paths: Any) -> Exception:
    """Return the error that a worker told of."""
    if error == "CapabilityError":
        return CapabilityError(text)
    if error == "ConfigError":
        return ConfigError([(tuple(map(str, path)), str(problem)) for path, problem in paths])
    if error == "InputError":
        return InputError(text)
    return RunError(f"{error}: {text}")


def _end_late(process: BaseProcess, late: threading.Event) -> None:
    late.set()
    process.kill()


def _last_words(file: Path) -> str:
    """Return the end of what a worker wrote, without what would steer a terminal; it may have put a link there."""
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return ""
    with os.fdopen(handle, "rb") as opened:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return ""
        opened.seek(max(0, os.fstat(handle).st_size - 500))
        text = opened.read(500).decode(errors="replace")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:  # a worker can nest folders deeper than Python goes
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False, capture_output=True)


def _end(process: BaseProcess, connection: Connection, folder: Path) -> None:
    connection.close()
    process.kill()
    process.join()
    process.close()
    _remove(folder)


@cache
def _context() -> Any:
    """Return how workers are started: forked from a server that has loaded the package and never any data."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    kept = {name: os.environ[name] for name in os.environ if name in KEPT_IN_ENVIRONMENT or name.endswith("_THREADS")}
    hub = os.environ.get("HF_HUB_CACHE", os.path.expanduser("~/.cache/huggingface/hub"))
    everything = dict(os.environ)
    # The server is started without the rest: what a process was started with stays readable in it, whatever it forgets.
    # There is no network, so pretrained models are read from where the hub's client has put them before.
    os.environ.clear()
    os.environ.update(kept, HF_HUB_CACHE=hub, HF_HUB_OFFLINE="1")
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(everything)
    return context
