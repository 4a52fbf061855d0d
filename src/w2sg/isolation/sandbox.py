"""The sandbox of the system: Landlock for files and signals, seccomp for sockets and processes, limits of memory.

All of it is given to the calling process for good, and to all that it starts. It needs no rights and no program beside
Python; where the system lacks a part (another system than Linux, an old kernel), the caller is told.
"""

import ctypes
import os
import platform
import sys

from w2sg.isolation.allowance import Allowance

_LANDLOCK_ABI = 6
"""Signals to processes outside can be refused since this version (Linux 6.12)."""
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_DIR, _WRITE_FILE, _TRUNCATE, _IOCTL = 1 << 2, 1 << 3, 1 << 1, 1 << 14, 1 << 15
_ALL_FILES = (1 << 16) - 1
_ALL_NET, _ALL_SCOPES = 3, 3
_EXECUTE, _MAKE_DEVICES, _ON_FILES = 1, 1 << 6 | 1 << 11, _READ_FILE | _WRITE_FILE | _TRUNCATE | _IOCTL | 1

_SET_SECCOMP, _FILTER, _NO_NEW_PRIVILEGES = 22, 2, 38
_ALLOW, _EPERM, _ENOSYS = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38
_CLONE_THREAD = 0x00010000
# What is refused: sockets, other processes, programs, looking into processes, ways around a filter, and what only an
# administrator needs. By name, for x86_64 and for aarch64; None where the architecture has no such call.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "getsockopt": (55, 209),
    # Landlock knows nothing of who owns a file, of its mode, its times and its further attributes.
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    **{f"extended attributes {i}": (188 + i, 5 + i) for i in range(12)},
    **{f"extended attributes at {i}": (463 + i, 463 + i) for i in range(4)},
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "kcmp": (312, 272),
    "process_madvise": (440, 440),
    "pidfd_send_signal": (424, 424),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "open_by_handle_at": (304, 265),
    "mount": (165, 40),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "reboot": (169, 142),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
}
_ON_ITSELF = {"prlimit64": (302, 261), "sched_setaffinity": (203, 122)}
"""What a process may ask for itself (its first argument is then 0) and not for others."""
_CLONE, _CLONE3 = (56, 220), (435, 435)
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def why_no_sandbox() -> str:
    """Return what the system lacks for a sandbox, in words; empty where it has one."""
    if sys.platform != "linux" or platform.machine() not in _ARCHITECTURES:
        return f"no sandbox is known for {sys.platform} on {platform.machine()}"
    abi = _libc().syscall(_CREATE_RULESET, None, 0, 1)
    if abi < _LANDLOCK_ABI:
        return f"Landlock must be of version {_LANDLOCK_ABI} or later (Linux 6.12), got {max(abi, 0)}"
    return ""


def enter_sandbox(allowance: Allowance) -> None:
    """Hold this process to an allowance, by the kernel and for good.

    Raises:
        OSError: If the kernel refuses; the process is then to end.
    """
    _check(_libc().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _limit(allowance)
    _restrict_files(allowance)
    _drop_capabilities()
    _refuse_calls()


def _limit(allowance: Allowance) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if allowance.memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (allowance.memory_bytes, allowance.memory_bytes))


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def _restrict_files(allowance: Allowance) -> None:
    libc = _libc()
    ruleset = _Ruleset(_ALL_FILES, _ALL_NET, _ALL_SCOPES)
    rules = _check(libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0))
    own = _ALL_FILES & ~_EXECUTE & ~_MAKE_DEVICES
    granted = [(path, _READ_FILE | _READ_DIR) for path in allowance.readable]
    granted += [(path, _READ_DIR) for path in allowance.listable]
    granted += [(path, _READ_FILE | _WRITE_FILE | _READ_DIR | _IOCTL) for path in allowance.devices]
    for path, allowed in [*granted, (allowance.scratch, own)]:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        mask = allowed if os.path.isdir(path) else allowed & _ON_FILES
        rule = _PathRule(mask, handle)
        _check(libc.syscall(_ADD_RULE, rules, 1, ctypes.byref(rule), 0))
        os.close(handle)
    _check(libc.syscall(_RESTRICT_SELF, rules, 0))
    os.close(rules)


def _drop_capabilities() -> None:
    """Give up what root may do beyond its files: it could lift its own limits."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _check(_libc().capset(ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)())))


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def _refuse_calls() -> None:
    column, audit_arch = _ARCHITECTURES[platform.machine()]
    load, equal, at_least, has_bits, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    # The number of the call is at byte 0 of what the filter sees, the architecture at 4, the first argument at 16.
    program: list[tuple[int, int, int, int]] = [(load, 0, 0, 4), (equal, 1, 0, audit_arch), (answer, 0, 0, _EPERM)]
    program += [(load, 0, 0, 0), (at_least, 0, 1, 0x40000000), (answer, 0, 0, _EPERM)]
    for numbers in _REFUSED.values():
        if numbers[column] is not None:
            program += [(equal, 0, 1, numbers[column] or 0), (answer, 0, 0, _EPERM)]
    for numbers in _ON_ITSELF.values():
        program += [(equal, 0, 4, numbers[column]), (load, 0, 0, 16), (equal, 0, 1, 0)]
        program += [(answer, 0, 0, _ALLOW), (answer, 0, 0, _EPERM)]
    # Threads are made by `clone` with a flag, processes without. `clone3` hides its flags from a filter: it is said not
    # to exist, and the C library falls back on `clone`.
    program += [(equal, 0, 1, _CLONE3[column]), (answer, 0, 0, _ENOSYS), (equal, 0, 4, _CLONE[column])]
    program += [(load, 0, 0, 16), (has_bits, 0, 1, _CLONE_THREAD), (answer, 0, 0, _ALLOW), (answer, 0, 0, _EPERM)]
    program.append((answer, 0, 0, _ALLOW))
    instructions = (_Instruction * len(program))(*(_Instruction(*line) for line in program))
    loaded = _Program(len(program), instructions)
    _check(_libc().prctl(_SET_SECCOMP, _FILTER, ctypes.byref(loaded), 0, 0))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(returned: int) -> int:
    if returned < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"the sandbox was refused: {os.strerror(number)}")
    return returned
