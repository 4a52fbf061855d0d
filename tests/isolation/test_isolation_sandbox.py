"""What the system's sandbox refuses, asked of the kernel itself and not of Python."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from w2sg.core import registry
from w2sg.isolation import load_plugins
from w2sg.isolation.sandbox import why_no_sandbox

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
    "own file": tried(libc.open, b"own2", O_CREATE, 0o600),
    "own code": tried(libc.open, path({standard!r}), os.O_RDONLY),
    "null device": tried(libc.open, b"/dev/null", os.O_RDWR),
}}
preset("sandbox-told", Composition, json.dumps([found, sorted(os.environ)]), objective="product")
"""
ALLOWED = ("own file", "own code", "null device")


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
    found, environment = told
    assert {name for name, (result, _) in found.items() if result >= 0} == set(ALLOWED)
    # EPERM, ENOENT, EACCES, EXDEV (a link out of the sandbox), ENOSYS: refusals, and no accident of the arguments.
    refused = {name: number for name, (result, number) in found.items() if result < 0}
    assert set(refused.values()) <= {1, 2, 13, 18, 38}, refused
    assert "SECRET_TOKEN" not in environment
