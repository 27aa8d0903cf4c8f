"""Tasks for the worker pool: what a decoder taken over by a file would try."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from library.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from library.formats.isolation.worker import Files

Result = tuple[dict[str, Any], bytes]


def echo(files: Files, **arguments: Any) -> Result:
    """Return what the task was given."""
    texts = [file.read().decode() for file in files.given]
    return {"texts": texts, "arguments": arguments, "pid": os.getpid()}, bytes(files.blob)


def environment(_files: Files) -> Result:
    """Return the environment and the open descriptors."""
    descriptors = []
    for descriptor in range(256):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        descriptors.append(descriptor)
    return {"environment": dict(os.environ), "descriptors": descriptors}, b""


def resize_memory(_files: Files) -> Result:
    """Return the errors of resizing the open memory files."""
    errors = []
    for descriptor in range(3, 256):
        with contextlib.suppress(FileNotFoundError):
            if "memfd" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
                errors += [_resize_error(descriptor, size) for size in (0, 2**22)]
    return {"errors": errors}, b""


def _resize_error(descriptor: int, size: int) -> str | None:
    try:
        os.ftruncate(descriptor, size)
    except OSError as error:
        return type(error).__name__
    return None


def read_beside(files: Files, name: str, times: int = 1) -> Result:
    """Return the content of a file that the pool opens."""
    contents = [files.open(name).read().decode() for _ in range(times)]
    return {"text": contents[0]}, b""


def run_forever(_files: Files) -> Result:
    """Use processor time without end."""
    while True:
        pass


def wait_forever(_files: Files) -> Result:
    """Wait without end and without using processor time."""
    threading.Event().wait()
    return {}, b""


def crash(_files: Files) -> Result:
    """Read address 0."""
    ctypes.string_at(0)
    return {}, b""


def crash_when_used(_files: Files) -> Result:
    """Crash in a worker that has run a task before."""
    if _USED:
        ctypes.string_at(0)
    _USED.append(True)
    return {"pid": os.getpid()}, b""


_USED: list[bool] = []


def allocate(_files: Files, count: int) -> Result:
    """Use `count` bytes of memory."""
    content = b"x" * count
    return {"size": len(content)}, b""


def return_bytes(_files: Files, count: int) -> Result:
    """Return `count` bytes."""
    return {}, b"x" * count


def fail(_files: Files, expected: bool) -> Result:
    """Raise one of the library's errors, or another."""
    if expected:
        raise LibraryError("is broken:\n no header")
    raise KeyError("no header")


def leave(_files: Files) -> Result:
    """End the worker without a reply."""
    os._exit(0)


def attempt(_files: Files, action: str, argument: str = "") -> Result:
    """Return the name of the error that an action raises, or none when it succeeds."""
    try:
        _ACTIONS[action](argument)
    except OSError as error:
        return {"error": type(error).__name__}, b""
    return {"error": None}, b""


def _udp(_: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("0.0.0.0", 0))  # noqa: S104 - refused


def _thread(_: str) -> None:
    thread = threading.Thread(target=len, args=("",))
    thread.start()
    thread.join()


_ACTIONS: dict[str, Callable[[str], object]] = {
    "read": lambda path: Path(path).read_bytes(),
    "list": os.listdir,
    "write": lambda path: Path(path).write_bytes(b"x"),
    "udp": _udp,
    "tcp": lambda _: socket.create_connection(("127.0.0.1", 9)),
    "fork": lambda _: os.fork(),
    "execute": lambda _: os.execv("/bin/true", ["true"]),  # noqa: S606 - refused
    "signal": lambda pid: os.kill(int(pid), 0),
    "thread": _thread,
}


def change(files: Files, action: str) -> tuple[dict[str, Any], bytes]:
    """Try to change something about an open file or about this process."""
    changes = {
        "chmod": lambda: os.fchmod(files.given[0].fileno(), 0o777),
        "utime": lambda: os.utime(files.given[0].fileno()),
        "priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, 5),
        "affinity": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
    }
    try:
        changes[action]()
    except OSError as error:
        return {"error": type(error).__name__}, b""
    return {"error": None}, b""
