"""What a worker with foreign code may read and write: the code that it runs, a scratch folder, and nothing else."""

import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from w2sg.core import InputError

SHOWN_ROOMS = frozenset({"core", "isolation", "graph", "measure", "students", "methods"})
"""Rooms of the package that a worker can import. With a guessed seed the others could make a task's ground truth again,
and a room that is new is hidden until somebody says here that it cannot."""
HIDDEN_DATA = ("sklearn/datasets/data",)
"""Folders below site-packages that hold the labels of packaged tasks."""
SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/usr/share/zoneinfo")
"""Where a system keeps shared libraries that compiled modules load."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
ACCELERATORS = ("nvidia*", "dri", "kfd")
"""Device files below /dev that numerical libraries write to."""
MEMORY_GIB, SECONDS = "W2SG_WORKER_MEMORY_GIB", "W2SG_WORKER_SECONDS"
"""The environment variables that set a worker's limits."""
DEFAULT_SECONDS = 3600.0


@dataclass(frozen=True)
class Allowance:
    """What a worker may do.

    Attributes:
        readable: Files and folders that it may read, all resolved.
        listable: Folders of which it may know what they are called inside: those from which something is hidden.
        devices: Device files that it may read and write.
        scratch: The one folder that it may write, its own and removed after it.
        memory_bytes: How much address space a sandboxed worker may use; None sets no limit.
        seconds: How long one answer may take.
        tier: `T2` where the system's sandbox holds it as well, `T1` where only Python's own guard does.
    """

    readable: tuple[str, ...]
    listable: tuple[str, ...]
    devices: tuple[str, ...]
    scratch: str
    memory_bytes: int | None
    seconds: float
    tier: str

    def may_read(self, path: str) -> bool:
        """Return whether a path, made absolute and free of links, may be read."""
        return self.may_write(path) or _below(path, self.readable)

    def may_list(self, path: str) -> bool:
        """Return whether what is in a folder may be listed; its path is absolute and free of links."""
        return path in self.listable or self.may_read(path)

    def may_write(self, path: str) -> bool:
        """Return whether a path, made absolute and free of links, may be written."""
        return path in self.devices or _below(path, (self.scratch,))


def allowance_for(files: Iterable[Path], scratch: Path, tier: str) -> Allowance:
    """Return the allowance of a worker that runs some files of foreign code, or reads some files of a model.

    Raises:
        InputError: If a limit in the environment is no number above 0.
    """
    own = (str(path.resolve()) for path in files if path.exists())
    accelerators = [path for pattern in ACCELERATORS for path in Path("/dev").glob(pattern)]
    devices = [str(path) for path in (*map(Path, DEVICES), *accelerators) if path.exists()]
    gib, seconds = _limit(MEMORY_GIB), _limit(SECONDS)
    # The drivers of an accelerator address far more memory than there is.
    memory = None if accelerators else _memory_of_the_machine()
    return Allowance(
        tuple(sorted({*_readable_code()[0], *own})),
        _readable_code()[1],
        tuple(devices),
        str(scratch.resolve()),
        memory if gib is None else int(gib * 2**30),
        DEFAULT_SECONDS if seconds is None else seconds,
        tier,
    )


def _limit(name: str) -> float | None:
    text = os.environ.get(name)
    try:
        value = None if text is None else float(text)
    except ValueError:
        value = 0.0
    if value is not None and not 0 < value < float("inf"):
        raise InputError(f"{name} must be a number above 0, got {text!r:.80}: change the environment")
    return value


def _memory_of_the_machine() -> int | None:
    """Return how much memory there is; None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def is_readable_code(file: Path) -> bool:
    """Return whether every worker may read a file, because it is code that is installed where Python's packages are."""
    return _below(str(file.resolve()), _readable_code()[0])


@cache
def _readable_code() -> tuple[frozenset[str], tuple[str, ...]]:
    """Return what of the installed code may be read, and the folders around what is hidden from it."""
    roots = [path.resolve() for path in (*_code_folders(), *map(Path, SYSTEM)) if path.exists()]
    outer = [root for root in roots if not any(root != other and root.is_relative_to(other) for other in roots)]
    readable = frozenset(str(path) for root in outer for path in _without(root, _hidden()))
    around = {folder for path in _hidden() for folder in path.parents if any(map(folder.is_relative_to, outer))}
    return readable, tuple(sorted(map(str, around)))


def _code_folders() -> list[Path]:
    """Return where Python, its packages and w2sg itself lie: not every entry of `sys.path`, which may hold data."""
    standard = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    packages = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    libraries = [str(Path(prefix) / "lib") for prefix in (sys.base_prefix,)]
    return [*map(Path, [*standard, *packages, *libraries]), _package()]


def _package() -> Path:
    return Path(__file__).resolve().parents[1]


def _hidden() -> frozenset[Path]:
    rooms = [room for room in _package().iterdir() if room.is_dir() and room.name not in SHOWN_ROOMS]
    data = [Path(folder) / name for folder in site.getsitepackages() for name in HIDDEN_DATA]
    data += [Path(sysconfig.get_path("purelib")) / name for name in HIDDEN_DATA]
    return frozenset(path.resolve() for path in (*rooms, *data))


def _without(root: Path, hidden: frozenset[Path]) -> Iterator[Path]:
    """Yield paths that together cover a folder but for what is hidden.

    A rule can allow a folder with all below it and forbid nothing inside. So where something below is hidden, its
    neighbours are allowed one by one.
    """
    if root in hidden:
        return
    if not any(path.is_relative_to(root) for path in hidden):
        yield root
        return
    for child in root.iterdir():
        yield from _without(child.resolve(), hidden)


def _below(path: str, roots: Iterable[str]) -> bool:
    return any(path == root or path.startswith(root + os.sep) for root in roots)
