"""What the system's sandbox refuses, asked of the kernel itself and not of Python."""

import json
import os
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest

from w2sg.core import registry
from w2sg.isolation import load_plugins
from w2sg.isolation.sandbox import why_no_sandbox
from w2sg.isolation.session import KEPT_IN_ENVIRONMENT

pytestmark = [
    pytest.mark.usefixtures("own_names_only"),
    pytest.mark.skipif(bool(why_no_sandbox()), reason=f"no sandbox: {why_no_sandbox()}"),
]

CODE = """
import ctypes, json, os, struct
from w2sg.core import preset
from w2sg.methods import Composition

libc = ctypes.CDLL(None, use_errno=True)
libc.fopen.restype = ctypes.c_void_p
OUTSIDE = {outside!r}.encode()
PID = {pid}


def tried(call, *arguments):
    ctypes.set_errno(0)
    return int(call(*arguments)), ctypes.get_errno()


def path(name):
    return name.encode()


O_WRITE, O_CREATE = os.O_WRONLY, os.O_CREAT | os.O_WRONLY
found = {{
    "read outside": tried(libc.open, OUTSIDE + b"/secret", os.O_RDONLY),
    "write outside": tried(libc.open, OUTSIDE + b"/secret", O_WRITE),
    "make outside": tried(libc.open, OUTSIDE + b"/new", O_CREATE, 0o600),
    "remove outside": tried(libc.unlink, OUTSIDE + b"/secret"),
    "list outside": tried(libc.open, OUTSIDE, os.O_RDONLY | os.O_DIRECTORY),
    "link from outside": tried(libc.link, OUTSIDE + b"/secret", b"linked"),
    "move to outside": tried(libc.rename, b"own", OUTSIDE + b"/moved"),
    "truncate outside": tried(libc.truncate, OUTSIDE + b"/secret", 0),
    "read passwords": tried(libc.open, b"/etc/passwd", os.O_RDONLY),
    "read processes": tried(libc.open, b"/proc/self/environ", os.O_RDONLY),
    "read memory": tried(libc.open, b"/proc/%d/mem" % PID, os.O_RDONLY),
    "write the package": tried(libc.open, {package!r}.encode(), O_WRITE),
    "device": tried(libc.mknod, b"device", 0o60600, 0),
    "socket inet": tried(libc.socket, 2, 1, 0),
    "socket udp": tried(libc.socket, 2, 2, 0),
    "socket unix": tried(libc.socket, 1, 1, 0),
    "socket netlink": tried(libc.socket, 16, 3, 0),
    "execve": tried(libc.execve, b"/bin/true", None, None),
    "fork": tried(libc.fork),
    "vfork by clone": tried(libc.syscall, {clone}, 17, 0, 0, 0, 0),
    "clone3": tried(libc.syscall, 435, None, 0),
    "kill": tried(libc.kill, PID, 0),
    "kill all": tried(libc.kill, -1, 0),
    "ptrace": tried(libc.ptrace, 0x4206, PID, None, None),
    "process_vm_readv": tried(libc.process_vm_readv, PID, None, 0, None, 0, 0),
    "unshare": tried(libc.unshare, 0x10000000),
    "mount": tried(libc.mount, b"none", b".", b"tmpfs", 0, None),
    "chroot": tried(libc.chroot, b"."),
    "io_uring": tried(libc.syscall, 425, 1, None),
    "bpf": tried(libc.syscall, {bpf}, 0, None, 0),
    "shared memory": tried(libc.shmget, 1234, 4096, 0o1600),
    "more memory": tried(libc.setrlimit, 9, struct.pack("QQ", 2**62, 2**62)),
    "socketpair datagram": tried(libc.socketpair, 1, 2, 0, ctypes.create_string_buffer(8)),
    "who is there": tried(libc.getsockopt, 3, 1, 17, ctypes.create_string_buffer(12), ctypes.byref(ctypes.c_int(12))),
    "mode outside": tried(libc.chmod, OUTSIDE + b"/secret", 0),
    "owner outside": tried(libc.chown, OUTSIDE + b"/secret", 1, 1),
    "times outside": tried(libc.utimes, OUTSIDE + b"/secret", None),
    "attribute outside": tried(libc.setxattr, OUTSIDE + b"/secret", b"user.x", b"1", 1, 0),
    "read an attribute": tried(libc.getxattr, OUTSIDE + b"/secret", b"user.x", ctypes.create_string_buffer(8), 8),
    "memory without limit": tried(libc.memfd_create, b"x", 0),
    "limits of others": tried(libc.prlimit, PID, 7, None, ctypes.create_string_buffer(16)),
    "priority of others": tried(libc.setpriority, 0, PID, 5),
    "cores of others": tried(libc.sched_setaffinity, PID, 8, struct.pack("Q", 1)),
    "watch": tried(libc.inotify_init1, 0),
    "terminal": tried(libc.open, b"/dev/tty", os.O_RDWR),
    "own limits": tried(libc.prlimit, 0, 7, None, ctypes.create_string_buffer(16)),
    "own file": tried(libc.open, b"own2", O_CREATE, 0o600),
    "own code": tried(libc.open, path({standard!r}), os.O_RDONLY),
    "null device": tried(libc.open, b"/dev/null", os.O_RDWR),
}}
open_files = [number for number in range(1000) if tried(libc.fcntl, number, 1)[0] >= 0]
more = [len(open_files), tried(libc.isatty, 2)[0], os.getsid(0) == os.getpid()]
found = {{name: list(value) for name, value in found.items() if value[0] >= 0 or value[1] not in (1, 2, 13, 18, 38)}}
preset("sandbox-told", Composition, json.dumps([found, sorted(os.environ), more]), objective="product")
"""
ALLOWED = ("own limits", "own file", "own code", "null device")


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the kernel answered, and which variables of the environment there were."""
    monkeypatch.setenv("SECRET_TOKEN", "abc")
    monkeypatch.setenv("W2SG_WORKER_MEMORY_GIB", "8")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("1,2,3")
    intel = os.uname().machine == "x86_64"
    code = CODE.format(
        outside=str(tmp_path / "outside"),
        pid=os.getpid(),
        package=registry.__file__,
        standard=json.__file__,
        clone=56 if intel else 220,
        bpf=321 if intel else 280,
    )
    (tmp_path / "asks.py").write_text(code)
    load_plugins([str(tmp_path / "asks.py")])
    assert (tmp_path / "outside" / "secret").read_text() == "1,2,3"
    assert os.listdir(tmp_path / "outside") == ["secret"]
    return json.loads(registry.lookup("methods", "sandbox-told").summary)


def test_the_kernel_refuses_what_is_not_allowed_and_allows_what_is(told: Any) -> None:
    """What is refused ends with EPERM, ENOENT, EACCES, EXDEV or ENOSYS, and so by no accident of the arguments."""
    found, environment, (n_open, has_terminal, leads_session) = told
    assert {name for name, (result, _) in found.items() if result >= 0} == set(ALLOWED)
    assert set(found) == set(ALLOWED), "something was refused for another reason"
    assert "SECRET_TOKEN" not in environment
    # Nothing to read, its output twice, the connection to the laboratory, the three that it opened here; Python's own.
    assert n_open <= 8
    assert not has_terminal
    assert leads_session


@pytest.mark.usefixtures("told")
def test_the_server_of_workers_was_started_with_nothing_secret() -> None:
    """What a process was started with stays on its stack, and so on that of all that are forked from it."""
    content = Path(f"/proc/{forkserver._forkserver._forkserver_pid}/environ").read_bytes()  # type: ignore[attr-defined]
    names = {entry.partition(b"=")[0].decode() for entry in content.split(b"\0") if entry}
    known = {*KEPT_IN_ENVIRONMENT, "HF_HUB_CACHE", "HF_HUB_OFFLINE", "COLUMNS", "LINES"}
    assert {name for name in names if not name.endswith("_THREADS")} <= known
