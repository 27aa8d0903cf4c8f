"""Confinement of the current process: limits, Landlock, seccomp.

`confine` is called in a worker before it reads foreign bytes. Limits hold on every POSIX system;
Landlock (file access, TCP, signals) and seccomp (sockets, new processes, tracing) on Linux, where
the kernel offers them. No step needs privileges, and none can be undone.
"""

from __future__ import annotations

import ctypes
import os
import platform
import site
import struct
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

LIMITS: Final = "time and memory are limited"
FILES: Final = "no access to other files"
NETWORK: Final = "no access to the network"
PROCESSES: Final = "no access to other processes"
PROTECTIONS: Final = (LIMITS, FILES, NETWORK, PROCESSES)

_SYSTEM_FOLDERS: Final = (  # shared libraries, and the fonts that texts in an SVG are drawn with
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib",
    "/usr/share/fonts", "/usr/local/share/fonts", "/etc/fonts",
)  # fmt: skip
_OPEN_FILES: Final = 64

_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2

# The numbers of these calls are the same on all architectures.
_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_ADD_RULE: Final = 445
_LANDLOCK_RESTRICT_SELF: Final = 446
_LANDLOCK_VERSION: Final = 1  # flag
_RULE_PATH_BENEATH: Final = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # version -> number of bits that it has
_TCP_RIGHTS: Final = 0b11  # bind and connect, since version 4
_SCOPES: Final = 0b11  # abstract Unix sockets and signals, since version 6

_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_DENIED: Final = {  # system call -> its number on x86-64 and on aarch64; None: does not exist
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "bind": (49, 200),
    "listen": (50, 201), "socketpair": (53, 199), "accept4": (288, 242),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "shmget": (29, 194), "shmat": (30, 196), "semget": (64, 190), "msgget": (68, 186),
    "mq_open": (240, 180), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "open_by_handle_at": (304, 265), "mount": (165, 40), "umount2": (166, 39),
    "chroot": (161, 51), "pivot_root": (155, 41), "unshare": (272, 97), "setns": (308, 268),
    "personality": (135, 92), "init_module": (175, 105), "finit_module": (313, 273),
    "kexec_load": (246, 104),
    # Metadata of files: Landlock does not restrict it, and open descriptors allow it.
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "truncate": (76, 45), "utime": (132, None), "utimes": (235, None), "utimensat": (280, 88),
    "futimesat": (261, None), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "setxattrat": (463, 463), "removexattrat": (466, 466), "file_setattr": (469, 469),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "fanotify_init": (300, 262),
    # Scheduling of other processes of the user.
    "setpriority": (141, 140), "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118), "sched_setattr": (314, 274), "ioprio_set": (251, 30),
}  # fmt: skip
_CLONE: Final = (56, 220)
_CLONE3: Final = (435, 435)
_PRLIMIT: Final = (302, 261)
_CLONE_THREAD: Final = 0x10000
_X32: Final = 0x40000000  # x86-64 numbers from here on are another table of calls
_ALLOW: Final = 0x7FFF0000
_EPERM: Final = 0x00050001
_ENOSYS: Final = 0x00050026  # makes the C library use clone, whose flags can be looked at


def confine(memory: int) -> tuple[str, ...]:
    """Confine this process for good; return those of PROTECTIONS that hold from now on."""
    held = [LIMITS] if _limit(memory) else []
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if _landlock(libc, _readable()):
            held.append(FILES)
        if _seccomp(libc):
            held += [NETWORK, PROCESSES]
    return tuple(held)


def limit_time(seconds: int) -> None:
    """Let this process end after `seconds` more of processor time."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        total = int(used.ru_utime + used.ru_stime) + 1 + seconds
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (total, hard))


def _limit(memory: int) -> bool:
    try:
        import resource
    except ImportError:  # Windows
        return False
    held = True
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
    }
    for kind, most in limits.items():
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (bound, bound))
        except (ValueError, OSError):  # macOS does not limit the address space
            held = False
    return held


def _readable() -> list[str]:
    """The folders that Python and the decoders load code and fonts from."""
    packages = [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]
    if site.ENABLE_USER_SITE:
        packages.append(site.getusersitepackages())
    standard = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    own = str(Path(__file__).resolve().parents[2])
    return [*_SYSTEM_FOLDERS, *standard, f"{sys.base_prefix}/lib", *packages, own]


def _landlock(libc: ctypes.CDLL, readable: Iterable[str]) -> bool:
    """Deny every access to files but reading below `readable`, and TCP and signals if possible."""
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_VERSION)
    if version < 1:
        return False
    rights = (1 << _FILE_RIGHTS.get(version, max(_FILE_RIGHTS.values()))) - 1
    attributes = struct.pack(
        "QQQ", rights, _TCP_RIGHTS if version >= 4 else 0, _SCOPES if version >= 6 else 0
    )
    size = 8 if version < 4 else 16 if version < 6 else 24  # what this version knows
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, attributes, size, 0)
    if ruleset < 0:
        return False
    try:
        for folder in dict.fromkeys(readable):
            with suppress(OSError):  # not every system has every folder
                descriptor = os.open(folder, getattr(os, "O_PATH", 0) | os.O_CLOEXEC)
                try:
                    rule = struct.pack("=Qi", _READ_FILE | _READ_DIR, descriptor)
                    libc.syscall(_LANDLOCK_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
                finally:
                    os.close(descriptor)
        return bool(libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _seccomp(libc: ctypes.CDLL) -> bool:
    machine = platform.machine()
    if machine not in _AUDIT_ARCH or sys.maxsize < 2**32:
        return False
    code = _filter(machine)
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    program = Program(len(code) // 8, ctypes.addressof(buffer))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _filter(machine: str) -> bytes:
    """A BPF program over `struct seccomp_data`: number at 0, architecture at 4, arguments at 16."""
    column = list(_AUDIT_ARCH).index(machine)
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06

    def step(code: int, value: int, true: int = 0, false: int = 0) -> bytes:
        return struct.pack("HBBI", code, true, false, value)

    def unless(number: int, *steps: bytes) -> bytes:
        """The steps for the call `number`; other calls pass over them."""
        return step(equal, number, 0, len(steps)) + b"".join(steps)

    refuse, allow = step(give, _EPERM), step(give, _ALLOW)
    program = step(load, 4) + step(equal, _AUDIT_ARCH[machine], 1, 0) + refuse
    program += step(load, 0) + step(at_least, _X32, 0, 1) + refuse
    program += unless(_CLONE3[column], step(give, _ENOSYS))
    program += unless(
        _CLONE[column], step(load, 16), step(any_bit, _CLONE_THREAD, 1, 0), refuse, allow
    )
    program += unless(_PRLIMIT[column], step(load, 16), step(equal, 0, 1, 0), refuse, allow)
    for numbers in _DENIED.values():
        if (number := numbers[column]) is not None:
            program += unless(number, refuse)
    return program + allow
