"""The guard inside Python: an audit hook that refuses what a worker's allowance does not allow.

It stops code that goes through Python's usual ways: `open`, `sqlite3`, sockets, other processes. Compiled code goes
around it, and so does Python code that sets out to. Where the system has a sandbox (`w2sg.isolation.sandbox`), the
kernel holds the same allowance, and this is only what gives the clearer message.
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
    for name in (
        *("remove", "rename", "mkdir", "rmdir", "link", "symlink", "chmod", "chown", "truncate", "utime"),
        *("setxattr", "getxattr", "listxattr", "removexattr"),
    )
)
_NEVER = (
    *("socket.", "subprocess.", "sqlite3.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.kill"),
    *("os.startfile", "pty.", "resource.prlimit", "signal.pthread_kill"),
)


def hold_inside_python(allowance: Allowance) -> None:
    """Refuse from now on, and for good, what the allowance does not allow; a hook cannot be taken out again."""
    # Bound here: what a plugin puts in the place of the module's own names changes nothing.
    realpath, fsdecode, paths, never = os.path.realpath, os.fsdecode, (str, bytes, os.PathLike), _NEVER
    reads, changes, writing = _READS, _CHANGES, _WRITING
    may_read, may_list, may_write = allowance.may_read, allowance.may_list, allowance.may_write

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = bool(flags & writing) if isinstance(flags, int) else any(c in (mode or "r") for c in "wax+")
            check(path, may_write if writes else may_read, "write" if writes else "read")
        elif event in reads or event in changes:
            for path in arguments:
                check(path, may_list if event in reads else may_write, "list" if event in reads else "change")
        elif event.startswith(never):
            raise PermissionError(f"{event} is not allowed to code of plugins")

    def check(path: Any, may: Callable[[str], bool], what: str) -> None:
        # Numbers are descriptors of files that are open already, or modes; None is the current folder, the scratch.
        if not isinstance(path, paths):
            return
        name = fsdecode(path)
        # A path that climbs may begin at an open folder, of which the event says nothing.
        if ".." in name.replace(os.sep, "/").split("/") or not may(realpath(name)):
            raise PermissionError(f"code of plugins may not {what} {name!r}")

    sys.addaudithook(hook)
