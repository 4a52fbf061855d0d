"""The guard inside Python: an audit hook that refuses what a worker's allowance does not allow.

It stops code that goes through Python: `open`, `sqlite3`, sockets, other processes. Compiled code can go around it;
where the system has a sandbox (`w2sg.isolation.sandbox`), the kernel holds the same allowance against that as well.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

from w2sg.isolation.allowance import Allowance

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_READS = frozenset({"os.listdir", "os.scandir", "os.walk", "glob.glob"})
_CHANGES = frozenset(
    f"os.{name}"
    for name in ("remove", "rename", "mkdir", "rmdir", "link", "symlink", "chmod", "chown", "truncate", "utime")
)
_NEVER = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.kill", "os.startfile")


def hold_inside_python(allowance: Allowance) -> None:
    """Refuse from now on, and for good, what the allowance does not allow; a hook cannot be taken out again."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = bool(flags & _WRITING) if isinstance(flags, int) else any(c in (mode or "r") for c in "wax+")
            _check(path, allowance.may_write if writes else allowance.may_read)
        elif event in _READS or event in _CHANGES or event == "sqlite3.connect":
            for path in arguments:
                _check(path, allowance.may_list if event in _READS else allowance.may_write)
        elif event.startswith(_NEVER):
            raise PermissionError(f"{event} is not allowed to code of plugins")

    def _check(path: Any, may: Callable[[str], bool]) -> None:
        # Numbers are descriptors of files that are open already, or modes; None is the current folder, the scratch.
        if not isinstance(path, str | bytes | os.PathLike) or path in (":memory:", b":memory:"):
            return
        real = os.path.realpath(os.fsdecode(path))
        if not may(real):
            raise PermissionError(f"code of plugins {may.__name__.replace('_', ' not ')} {os.fsdecode(path)!r}")

    sys.addaudithook(hook)
